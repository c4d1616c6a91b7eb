#!/bin/bash
# The disasters of tests/disaster, the short form of each, one after the other
# on one cluster of three servers.
export SHORT=yes RAFT_THRESHOLD=300 RAFT_TRAILING=100
for script in kill_leader kill_all pause partition loss clock full_disk fsync damage \
	snapshot_kill wipe resize; do
	# shellcheck source=tests/disaster/world.sh
	. "$(dirname "$0")/../disaster/$script.sh"
done

world_up 3
for f in ${DISASTERS:-kill_leaders kill_everybody pause_leaders partitions loss \
	jumps full_disks fsync_fails damage snapshot_kills wipes resizes}; do
	began=$(now_ms)
	"$f"
	echo "$f: $(($(now_ms) - began)) ms"
done
