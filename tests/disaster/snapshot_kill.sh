#!/bin/bash
# kill -9 for a server before each step of its snapshots: of writing one, of
# installing the leader's, of the compaction behind both. STEPS (40) of each;
# what is half done is done again, or finished, at the next start.
# shellcheck source=tests/disaster/world.sh
. "$(dirname "${BASH_SOURCE[0]}")/world.sh"

steps_done() { od -An -tu8 "$TEST_DIR/steps" | tr -d ' '; }

# kill_at N STEP: starts it so that it is killed there; false: it did not happen
kill_at() {
	local n=$1 end=$((SECONDS + 10))
	rm -f "$TEST_DIR/steps"
	server "$n" 3 LD_PRELOAD="$BUILD/tests/disaster/preload.so" \
		DISASTER_STEPS="$TEST_DIR/steps" DISASTER_KILL_AT="$2"
	until [ -e "$TEST_DIR/steps" ] && [ "$(steps_done)" -ge "$2" ]; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.05
	done
	sleep 0.1
	kill_server "$n"
}
try_kill_at() { # N STEP
	if kill_at "$1" "$2"; then
		kills=$((kills + 1))
	else
		missed=$((missed + 1))
		kill_server "$1"
	fi
}
snapshot_kills() {
	local n step kills=0 installs missed=0
	n=$(other_than "$(leader)")
	: >"$TEST_DIR/s$n.log"
	load_every 4
	kill_server "$n"
	for step in $(long "$(seq "${STEPS:-40}" | xargs)" "3 9"); do
		mark
		# So long that the leader has only a snapshot to give.
		sleep "$(long 3 1.5)"
		try_kill_at "$n" "$step"
		# And once more, right away: its own snapshot, if it gets so far.
		try_kill_at "$n" "$step"
	done
	server "$n" 3
	eventually 20 all_well
	installs=$(grep -c 'snapshot restored' "$TEST_DIR/s$n.log") || true
	load_end "kill -9 at each step of snapshots" "kills $kills, steps not reached $missed, snapshots restored $installs"
	[ "$kills" -gt 0 ] || fail "nobody was killed"
}

[ "${BASH_SOURCE[0]}" != "$0" ] || RAFT_THRESHOLD=200 RAFT_TRAILING=100 disaster snapshot_kills
