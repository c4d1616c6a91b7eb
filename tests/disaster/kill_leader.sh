#!/bin/bash
# kill -9 for whoever leads, every 3 seconds, for SECONDS (180).
# shellcheck source=tests/disaster/world.sh
. "$(dirname "${BASH_SOURCE[0]}")/world.sh"

kill_leaders() {
	local l kills=0 end=$((SECONDS + $(long "${DURATION:-180}" 2))) next
	load_begin
	while [ "$SECONDS" -lt "$end" ]; do
		next=$(($(now_ms) + 3000))
		l=$(leader)
		mark
		kill_server "$l"
		kills=$((kills + 1))
		sleep 0.7
		server "$l" 3
		while [ "$(now_ms)" -lt "$next" ]; do sleep 0.05; done
	done
	load_end "kill -9 of the leader" "kills $kills"
}

[ "${BASH_SOURCE[0]}" != "$0" ] || disaster kill_leaders
