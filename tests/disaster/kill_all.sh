#!/bin/bash
# kill -9 for all servers at once, ROUNDS (20) times.
# shellcheck source=tests/disaster/world.sh
. "$(dirname "${BASH_SOURCE[0]}")/world.sh"

kill_everybody() {
	local n i rounds
	rounds=$(long "${ROUNDS:-20}" 2)
	load_begin
	for i in $(seq "$rounds"); do
		mark
		kill_server 1 2 3
		for n in 1 2 3; do server "$n" 3; done
		eventually 20 all_well
		sleep "$(long 2 0.5)"
	done
	load_end "kill -9 of all servers" "rounds $i"
}

[ "${BASH_SOURCE[0]}" != "$0" ] || disaster kill_everybody
