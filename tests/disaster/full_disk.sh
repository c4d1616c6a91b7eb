#!/bin/bash
# The disk of a follower, then that of the leader, has no room any more: the
# server says why; the others go on; with room again nothing is missing.
# shellcheck source=tests/disaster/world.sh
. "$(dirname "${BASH_SOURCE[0]}")/world.sh"

fill() { # N: leaves nothing
	head -c 1G /dev/zero >"$TEST_DIR/s$1.data/fill" 2>/dev/null || true
}
says_why() { grep -qi 'no space\|disk is full\|full' "$TEST_DIR/s$1.log"; }
full_disk_of() { # N WHO
	local n=$1
	kill_server "$n"
	mkdir -p "$TEST_DIR/s$n.disk"
	mount -t tmpfs -o size=40m none "$TEST_DIR/s$n.disk"
	cp -a "$TEST_DIR/s$n.data/." "$TEST_DIR/s$n.disk/"
	mount --bind "$TEST_DIR/s$n.disk" "$TEST_DIR/s$n.data"
	: >"$TEST_DIR/s$n.log"
	server "$n" 3
	eventually 20 all_well
	load_begin
	[ "$2" = follower ] || lead "$n"
	mark
	fill "$n"
	# Larger values fill what the log had reserved.
	for _ in $(seq 400); do
		fat_put "$(other_than "$n")" || true
		! says_why "$n" || break
	done
	says_why "$n" || fail "server $n does not say that its disk is full"
	sleep "$(long 10 0.3)"
	rm "$TEST_DIR/s$n.data/fill"
	kill_server "$n"
	server "$n" 3
	eventually 20 all_well
	load_end "full disk of the $2"
	kill_server "$n"
	umount "$TEST_DIR/s$n.data"
	rm -rf "$TEST_DIR/s$n.data"
	cp -a "$TEST_DIR/s$n.disk" "$TEST_DIR/s$n.data"
	umount "$TEST_DIR/s$n.disk"
	server "$n" 3
	eventually 20 all_well
}
full_disks() {
	[ -n "$SHORT" ] || full_disk_of "$(other_than "$(leader)")" follower
	full_disk_of "$(leader)" leader
}

[ "${BASH_SOURCE[0]}" != "$0" ] || disaster full_disks
