#!/bin/bash
# fsync fails on one server: it stops, and names the file and what failed. The
# others go on; it comes back when its disk is well.
# shellcheck source=tests/disaster/world.sh
. "$(dirname "${BASH_SOURCE[0]}")/world.sh"

is_gone() { [ -z "$(ip netns pids "$NS-s$1")" ] || ! schedd_of "$1" >/dev/null; }
fsync_fails_on() { # N WHO
	local n=$1
	kill_server "$n"
	rm -f "$TEST_DIR/fsync"
	: >"$TEST_DIR/s$n.log"
	server "$n" 3 LD_PRELOAD="$BUILD/tests/disaster/preload.so" DISASTER_FSYNC="$TEST_DIR/fsync"
	eventually 20 all_well
	load_begin
	if [ "$2" = leader ]; then
		lead "$n"
	fi
	mark
	: >"$TEST_DIR/fsync"
	eventually 10 grep -q 'the log failed, so this server stops' "$TEST_DIR/s$n.log"
	grep -qE 'the log failed.*/raft/[a-z0-9.-]+: .*(sync|offset).*' "$TEST_DIR/s$n.log" ||
		fail "it does not name the file: $(grep 'the log failed' "$TEST_DIR/s$n.log")"
	eventually 10 put "$(other_than "$n")" "fsync/$2" on
	sleep "$(long 5 0.5)"
	rm "$TEST_DIR/fsync"
	kill_server "$n"
	server "$n" 3
	eventually 20 all_well
	load_end "fsync fails on the $2" "it said: $(sed -n 's/.*this server stops: //p' "$TEST_DIR/s$n.log" | head -n 1 | sed "s,$TEST_DIR/,,")"
}
fsync_fails() {
	fsync_fails_on "$(other_than "$(leader)")" follower
	[ -n "$SHORT" ] || fsync_fails_on "$(leader)" leader
}

[ "${BASH_SOURCE[0]}" != "$0" ] || disaster fsync_fails
