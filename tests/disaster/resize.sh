#!/bin/bash
# Five servers become three, by leaving as they should and by dying, and five
# again, while there is load.
# shellcheck source=tests/disaster/world.sh
. "$(dirname "${BASH_SOURCE[0]}")/world.sh"

force_leave() { # N: the dead one goes
	on load env NOMAD_ADDR="http://$(addr "$(other_than "$1")"):4646" rove server force-leave "s$1.global"
}
# Five to three to five; the clients ask the first three only. A world of three
# grows first.
resizes() {
	local rounds=0
	if [ "$NSERVERS" -eq 3 ]; then
		plug_in s4 4
		plug_in s5 5
		server 4 5
		server 5 5
		eventually 30 voters 1 5
	fi
	NSERVERS=3
	for _ in $(seq "$(long "${ROUNDS:-3}" 1)"); do
		load_begin
		mark
		kill -TERM "${AGENT[4]}"
		eventually 20 voters 1 4
		mark
		kill_server 5
		eventually 20 force_leave 5
		eventually 20 voters 1 3
		sleep "$(long 5 0.5)"
		mark
		server 4 5
		server 5 5
		eventually 30 voters 1 5
		sleep "$(long 5 0.5)"
		rounds=$((rounds + 1))
		load_end "5 to 3 to 5 servers" "rounds $rounds"
	done
}

[ "${BASH_SOURCE[0]}" != "$0" ] || WORLD=5 disaster resizes
