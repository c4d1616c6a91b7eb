#!/bin/bash
# Writes to three servers on this machine, with syncs: small ones with 64 in
# flight, to the leader and by way of a follower; job registrations by one
# writer; and the gap that a planned transfer of leadership leaves. Medians of
# ROUNDS (5). Beside them etcd's three servers, if it is installed (ETCD names
# the program), over its JSON gateway with the same generator.
#
#	tests/bench/bench_writes.sh build/release
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
LOAD=$BUILD/tests/bench/load
ROUNDS=${ROUNDS:-5}
IN_FLIGHT=64
SECONDS_EACH=${SECONDS_EACH:-4}

# column N of FILE's lines, its median
median() { awk -v c="$1" '{ print $c }' "$2" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
# rounds NAME LOAD-OPTIONS...: into FILE $TEST_DIR/NAME; none may fail
rounds() {
	local name=$1
	shift
	for _ in $(seq "$ROUNDS"); do "$LOAD" "$@" >>"$TEST_DIR/$name"; done
	[ "$(awk '{ n += $6 } END { print n }' "$TEST_DIR/$name")" = 0 ] || echo "$name: some failed: $(cat "$TEST_DIR/$name")"
}
# What the servers took of the processor meanwhile, in microseconds a write.
cpu_us() { { cat /proc/[0-9]*/stat 2>/dev/null || true; } | awk -v r="$1" '$2 == "(schedd)" { t += $14 + $15 } END { printf "%d\n", t * 10000 / r }'; }

for n in 1 2 3; do server "$n" 3; done
eventually 20 agree 1 2 3
eventually 10 voters 1 3
leader=$(leader_by 1)
read -r follower _ < <(others "$leader" | xargs)
at() { echo "$(host "$1"):$HTTP_PORT"; }
body='{"Items":{"value":"0123456789abcdef-%d"}}'

"$LOAD" -a "$(at "$leader")" -c $IN_FLIGHT -t 1 -p '/v1/var/bench/%d' -b "$body" >/dev/null
before=$(cpu_us 1)
rounds leader -a "$(at "$leader")" -c $IN_FLIGHT -t "$SECONDS_EACH" -p '/v1/var/bench/%d' -b "$body"
after=$(cpu_us 1)
rate=$(median 1 "$TEST_DIR/leader")
each=$(awk -v b="$before" -v a="$after" -v s="$SECONDS_EACH" '{ n += $1 * s } END { printf "%d", (a - b) / n }' "$TEST_DIR/leader")
echo "small writes, $IN_FLIGHT in flight: $rate/s, p50 $(median 2 "$TEST_DIR/leader") ms, p99 $(median 3 "$TEST_DIR/leader") ms, $each us of the three schedd each"
rounds follower -a "$(at "$follower")" -c $IN_FLIGHT -t "$SECONDS_EACH" -p '/v1/var/bench/%d' -b "$body"
echo "... by way of a follower: $(median 1 "$TEST_DIR/follower")/s, p99 $(median 3 "$TEST_DIR/follower") ms"
rounds single -a "$(at "$leader")" -c 1 -t 2 -p '/v1/var/bench/%d' -b "$body"
echo "... one writer: p50 $(median 2 "$TEST_DIR/single") ms, p99 $(median 3 "$TEST_DIR/single") ms"

job='{"Job":{"ID":"job-%d","Type":"service","Datacenters":["dc1"],"TaskGroups":[{"Name":"g","Tasks":[{"Name":"t","Driver":"mock_driver","Config":{"run_for":"1h"}}]}]}}'
rounds jobs -a "$(at "$leader")" -c 1 -t 2 -p /v1/jobs -b "$job"
echo "one writer, job registration: p50 $(median 2 "$TEST_DIR/jobs") ms, p99 $(median 3 "$TEST_DIR/jobs") ms, $(median 1 "$TEST_DIR/jobs")/s"

for _ in $(seq $((ROUNDS * 2))); do
	leader=$(leader_by 1)
	read -r follower next < <(others "$leader" | xargs)
	id=$(ask 1 /v1/operator/raft/configuration | jq -r --arg a "$(host "$next"):" '.Servers[] | select(.Address | startswith($a)) | .ID')
	"$LOAD" -a "$(at "$follower")" -c 4 -t 2 -p '/v1/var/bench/%d' -b "$body" >>"$TEST_DIR/transfer" &
	load=$!
	sleep 0.7
	NOMAD_ADDR=$(url "$follower") rove operator raft transfer-leadership -peer-id="$id" >/dev/null
	wait "$load"
	eventually 20 agree 1 2 3
done
echo "planned transfer of leadership, write gap: median $(median 5 "$TEST_DIR/transfer") ms; each: $(awk '{ print $5 }' "$TEST_DIR/transfer" | sort -n | xargs); failed: $(awk '{ n += $6 } END { print n }' "$TEST_DIR/transfer")"

ETCD=${ETCD:-$(command -v etcd || true)}
peer_rate=- peer_one=-
etcd_start() {
	local n all=
	for n in 1 2 3; do all="${all:+$all,}e$n=http://$(host "2$n"):$RPC_PORT"; done
	for n in 1 2 3; do
		start "e$n" "$ETCD" --name "e$n" --data-dir "$TEST_DIR/e$n.data" \
			--listen-client-urls "http://$(host "2$n"):$HTTP_PORT" --advertise-client-urls "http://$(host "2$n"):$HTTP_PORT" \
			--listen-peer-urls "http://$(host "2$n"):$RPC_PORT" --initial-advertise-peer-urls "http://$(host "2$n"):$RPC_PORT" \
			--initial-cluster "$all" --initial-cluster-state new
	done
}
etcd_put() { curl -sf -m 5 -X POST --data '{"key":"YQ==","value":"YQ=="}' "http://$(host "2$1"):$HTTP_PORT/v3/kv/put"; }
etcd_leads() { curl -sf -m 5 -X POST --data '{}' "http://$(host "2$1"):$HTTP_PORT/v3/maintenance/status" | jq -e '.leader == .header.member_id' >/dev/null; }
if [ -n "$ETCD" ]; then
	cleanup
	PIDS=()
	etcd_start
	eventually 30 etcd_put 1
	for n in 1 2 3; do etcd_leads "$n" && leader=$n; done
	put=(-a "$(host "2$leader"):$HTTP_PORT" -m POST -p /v3/kv/put -b '{"key":"YmVuY2g=","value":"MDEyMzQ1Njc4OWFiY2RlZg=="}')
	rounds etcd "${put[@]}" -c $IN_FLIGHT -t "$SECONDS_EACH"
	rounds etcd1 "${put[@]}" -c 1 -t 2
	peer_rate="$(median 1 "$TEST_DIR/etcd")/s etcd"
	peer_one="$(median 2 "$TEST_DIR/etcd1") / $(median 3 "$TEST_DIR/etcd1") ms etcd put"
	echo "etcd over its JSON gateway: $(median 1 "$TEST_DIR/etcd")/s, p99 $(median 3 "$TEST_DIR/etcd") ms; one writer p50 $(median 2 "$TEST_DIR/etcd1") ms, p99 $(median 3 "$TEST_DIR/etcd1") ms"
else
	echo "etcd is not installed: skipped"
fi
ratio=$(awk -v a="$rate" -v b="${peer_rate%%/*}" 'BEGIN { if (b + 0 > 0) printf "%.1f", a / b; else print "-" }')
echo "row: small writes, 64 in flight | $rate/s | $peer_rate | $ratio"
echo "row: job registration, one writer, p50 / p99 | $(median 2 "$TEST_DIR/jobs") / $(median 3 "$TEST_DIR/jobs") ms | $peer_one | -"
echo "row: transfer of leadership, write gap | $(median 5 "$TEST_DIR/transfer") ms | - | -"
