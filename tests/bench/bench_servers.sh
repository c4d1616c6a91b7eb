#!/bin/bash
# Three servers on this machine: how long after the leader's schedd was killed
# the next write is acknowledged, asked of a follower; ROUNDS (20) of it.
#
#	tests/bench/bench_servers.sh build/release
set -eu
BUILD=$(realpath "$1")
cd "$(dirname "$0")/../sys"
TEST_DIR=$(mktemp -d /tmp/rove-bench.XXXXXX)
export BUILD TEST_DIR
# shellcheck source=tests/sys/lib.sh
. ./lib.sh
# shellcheck source=tests/sys/servers.sh
. ./servers.sh
trap 'cleanup; rm -rf "$TEST_DIR"' EXIT

write() {
	curl -sf -m 10 -X PUT --data '{"SchedulerAlgorithm":"binpack"}' \
		"$(url "$1")/v1/operator/scheduler/configuration" >/dev/null
}
# percentile P of the numbers in FILE
percentile() { sort -n "$2" | awk -v p="$1" '{ v[NR] = $1 } END { i = int(NR * p / 100 + 0.999); print (i > 0 ? v[i] : v[1]) }'; }

for n in 1 2 3; do server "$n" 3; done
eventually 20 agree 1 2 3
eventually 10 voters 1 3
for _ in $(seq "${ROUNDS:-20}"); do
	leader=$(leader_by 1)
	read -r a _ < <(others "$leader" | xargs)
	write "$a"
	began=$(date +%s%N)
	kill_server "$leader"
	until write "$a"; do :; done
	echo $((($(date +%s%N) - began) / 1000000)) >>"$TEST_DIR/failover"
	server "$leader" 3
	eventually 20 agree 1 2 3
done
p50=$(percentile 50 "$TEST_DIR/failover")
p99=$(percentile 99 "$TEST_DIR/failover")
echo "row: leader killed, next write, p50 / p99 | $p50 / $p99 ms | - | -"
echo "leader killed -> next acknowledged write: p50 $p50 ms, p99 $p99 ms, n $(wc -l <"$TEST_DIR/failover")"
