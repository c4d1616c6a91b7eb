#!/bin/bash
# A server loses its disk: it comes back under a new id by itself, and is a voter
# again. Each of the servers in turn, the leader as well, ROUNDS (2) times.
# shellcheck source=tests/disaster/world.sh
. "$(dirname "${BASH_SOURCE[0]}")/world.sh"

raft_id() { # N: of the server, as server 1 to N know it
	ask "$(other_than "$1")" /v1/operator/raft/configuration |
		jq -r --arg a "$(addr "$1")" '.Servers[] | select(.Address | startswith($a + ":")) | .ID'
}
is_new_voter() { # N OLD-ID
	local id
	id=$(raft_id "$1")
	[ -n "$id" ] && [ "$id" != "$2" ] && voters "$(other_than "$1")" 3
}
wipes() {
	local n old wiped=0
	load_begin
	for n in $(long "$(for _ in $(seq "${ROUNDS:-2}"); do echo 1 2 3; done | xargs)" "$(leader)"); do
		old=$(raft_id "$n")
		mark
		kill_server "$n"
		rm -rf "$TEST_DIR/s$n.data"
		server "$n" 3
		eventually 30 is_new_voter "$n" "$old"
		eventually 20 all_well
		wiped=$((wiped + 1))
	done
	load_end "wiped servers" "wiped $wiped"
}

[ "${BASH_SOURCE[0]}" != "$0" ] || disaster wipes
