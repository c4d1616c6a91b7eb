#!/bin/bash
# 10 and 30 percent of what servers say to each other is lost. What is asked of
# them goes on, with fewer writes a second; who leads may change.
# shellcheck source=tests/disaster/world.sh
. "$(dirname "${BASH_SOURCE[0]}")/world.sh"

lose() { # PERCENT
	local n
	load_begin
	mark
	for n in 1 2 3; do lossy "$n" "$1"; done
	sleep "$(long "${DURATION:-60}" 1.5)"
	heal
	eventually 30 all_well
	load_end "$1 % packet loss"
}
loss() {
	[ -n "$SHORT" ] || lose 10
	lose 30
}

[ "${BASH_SOURCE[0]}" != "$0" ] || disaster loss
