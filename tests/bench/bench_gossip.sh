#!/bin/bash
# Pools of 3 and of 30 members, ours and then Serf's: what a member costs that
# has nothing to do (CPU, bytes a second, PSS), and how long it takes until
# everybody has noticed that one was killed: bench_gossip.sh build/VARIANT
#
# All is in a network namespace of its own, which ends with this. Each pool is
# all of one kind, with the profile of a LAN. SIZES, ROUNDS and SECONDS_EACH
# say how much is measured.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$(realpath "${1:-build/release}")
for tool in serf unshare ip awk; do
	if ! command -v "$tool" >/dev/null; then
		echo "gossip: skipped: $tool is not installed"
		exit 0
	fi
done
if [ "$(id -u)" -ne 0 ]; then
	echo "gossip: skipped: not root, so there is no network of its own"
	exit 0
fi
if [ -z "${GOSSIP_ALONE:-}" ]; then
	GOSSIP_ALONE=1 exec unshare -n "$0" "$@"
fi
ip link set lo up
sizes=${SIZES:-3 30}
rounds=${ROUNDS:-7}
each=${SECONDS_EACH:-30}
settle=${SETTLE_SECONDS:-120} # until the news of joining are no matter any more
PATH=$build/bin:$PATH
dir=$(mktemp -d /tmp/rove-bench-gossip.XXXXXX)
declare -A pids=()
# shellcheck disable=SC2317 # called by the trap
cleanup() {
	kill -9 "${pids[@]}" 2>/dev/null || true
	sleep 0.2
	rm -rf "$dir"
}
trap cleanup EXIT

addr() { echo "127.0.7.$1:7946"; }

# member KIND N: starts it; all but the first join the first
member() {
	local kind=$1 n=$2 log=$dir/$1.$2.log
	if [ "$kind" = serf ]; then
		serf agent -node="m$n" -bind="$(addr "$n")" -log-level=info \
			-rpc-addr="127.0.7.$n:7373" \
			-retry-join="$(addr $((n == 1 ? 2 : 1)))" >>"$log" 2>&1 &
	else
		gossipd -r "$dir/r$n" -o name="m$n" -o bind="$(addr "$n")" \
			-f "$dir/join$((n == 1 ? 2 : 1)).conf" >>"$log" 2>&1 &
	fi
	pids[$n]=$!
	disown $!
}
for n in 1 2; do echo "retry_join = [\"$(addr "$n")\"]; retry_interval = \"2s\";" >"$dir/join$n.conf"; done

# saw KIND WHAT NAME: how often members have logged that
saw() {
	local text
	case $1.$2 in
	serf.join) text="EventMemberJoin: $3 " ;;
	serf.failed) text="EventMemberFailed: $3 " ;;
	*.join) text="member join name=$3\$" ;;
	*) text="member failed name=$3\$" ;;
	esac
	cat "$dir/$1".*.log | grep -cE "$text" || true
}

# until_seen KIND WHAT NAME COUNT: waits for that
until_seen() {
	local end=$(($(date +%s) + 60))
	until [ "$(saw "$1" "$2" "$3")" -ge "$4" ]; do
		[ "$(date +%s)" -lt "$end" ] || return 1
		sleep 0.02
	done
}

cpu_ns() {
	local pid
	for pid in "${pids[@]}"; do cat "/proc/$pid"/task/*/schedstat; done |
		awk '{ sum += $1 } END { printf "%.0f\n", sum }'
}
lo_bytes() { awk '$1 == "lo:" { print $2 }' /proc/net/dev; }
pss_kb() {
	local pid
	for pid in "${pids[@]}"; do cat "/proc/$pid/smaps_rollup"; done |
		awk '$1 == "Pss:" { sum += $2 } END { printf "%.0f\n", sum }'
}
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# detect KIND SIZE N: kills it, prints the ms until all others know it, and
# brings it back
detect() {
	local kind=$1 size=$2 n=$3 start joins fails
	joins=$(saw "$kind" join "m$n") fails=$(saw "$kind" failed "m$n")
	start=$(date +%s%N)
	kill -9 "${pids[$n]}"
	until_seen "$kind" failed "m$n" $((fails + size - 1)) ||
		echo "gossip: $kind: not all have noticed m$n" >&2
	echo $((($(date +%s%N) - start) / 1000000)) >>"$dir/detected"
	member "$kind" "$n"
	until_seen "$kind" join "m$n" $((joins + size)) || true
	sleep 5
}

# pool KIND SIZE: prints "cpu% bytes/s pss_kb detect_ms"
pool() {
	local kind=$1 size=$2 n cpu bytes pss
	pids=()
	rm -f "$dir"/*.log "$dir/detected"
	for n in $(seq "$size"); do member "$kind" "$n"; done
	for n in $(seq "$size"); do until_seen "$kind" join "m$n" "$size"; done
	sleep "$settle"
	cpu=$(cpu_ns) bytes=$(lo_bytes)
	sleep "$each"
	cpu=$(($(cpu_ns) - cpu)) bytes=$(($(lo_bytes) - bytes))
	pss=$(pss_kb)
	# The last ones, for the first is whom they come back by.
	for n in $(seq "$rounds"); do
		detect "$kind" "$size" $((size - n % (size - 1)))
	done
	kill -9 "${pids[@]}" 2>/dev/null || true
	sleep 0.5
	awk -v c="$cpu" -v b="$bytes" -v p="$pss" -v d="$(median <"$dir/detected")" \
		-v s="$each" -v n="$size" 'BEGIN {
		printf "%.4f %.0f %.0f %d\n", c / s / n / 1e7, b / s / n, p / n, d
	}'
}

for size in $sizes; do
	pool gossipd "$size" >"$dir/ours"
	pool serf "$size" >"$dir/theirs"
	read -r oc ob op od <"$dir/ours"
	read -r tc tb tp td <"$dir/theirs"
	awk -v n="$size" -v oc="$oc" -v tc="$tc" -v ob="$ob" -v tb="$tb" -v op="$op" -v tp="$tp" -v od="$od" -v td="$td" 'BEGIN {
		printf "row: gossip, %d members: idle CPU of one | %.3f %% | serf %.3f %% | %.1fx\n", n, oc, tc, tc / oc
		printf "row: gossip, %d members: idle traffic of one | %d B/s | serf %d B/s | %.1fx\n", n, ob, tb, tb / ob
		printf "row: gossip, %d members: PSS of one | %.1f MB | serf %.1f MB | %.1fx\n", n, op / 1024, tp / 1024, tp / op
		printf "row: gossip, %d members: killed, noticed by all | %.1f s | serf %.1f s | %.1fx\n", n, od / 1000, td / 1000, td / od
	}'
done
