#!/bin/bash
# A pool that loses packets, UDP and TCP alike, while a third of its members is
# stopped and goes on by turns: the others, which are well all the time, must
# not call each other failed, not once: gossip_loss.sh [build/VARIANT]
#
# MIXES, SIZE, LOSS (percent) and MINUTES say how. In the end nothing is lost
# any more and all must see all alive. Pools with agents of Serf are measured,
# too, but only what ours say counts as a failure.
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/lib/gossip_pool.sh
. tests/lib/gossip_pool.sh
build=$(realpath "${1:-${BUILD:-build/release}}")
mixes=${MIXES:-ours mixed serf}
size=${SIZE:-12}
loss=${LOSS:-30}
seconds=$(awk -v m="${MINUTES:-4}" 'BEGIN { printf "%d", m * 60 }')
gossip_alone "$@"
PATH=$build/bin:$PATH
bad=0
# The last third is stopped by turns. In a mixed pool both kinds are in it.
well=$((size - size / 3))

# mistakes FROM TO KINDS: of which members well ones were called failed
mistakes() {
	local n sum=0 found
	for n in $(seq "$1" "$2"); do
		[[ " $3 " == *" ${KIND[$n]} "* ]] || continue
		found=$(grep -oE "(member failed name=|EventMemberFailed: )m[0-9]+" "$DIR/$n.log" |
			grep -oE '[0-9]+$' | awk -v w="$well" '$1 <= w' | wc -l) || true
		sum=$((sum + found))
	done
	echo "$sum"
}

all_alive() {
	! counts alive | awk '{ print $2 }' | grep -qvx "$size"
}

trouble() {
	local end=$((SECONDS + seconds)) n now
	local -A resume=()
	while [ $SECONDS -lt $end ]; do
		now=$(now_ms)
		for n in $(seq $((well + 1)) "$size"); do
			if [ -z "${resume[$n]:-}" ] && [ $((RANDOM % 8)) -eq 0 ]; then
				kill -STOP "${PID[$n]}"
				resume[$n]=$((now + 500 + RANDOM % 20000))
				stops=$((stops + 1))
			elif [ -n "${resume[$n]:-}" ] && [ "$now" -ge "${resume[$n]}" ]; then
				kill -CONT "${PID[$n]}"
				unset "resume[$n]"
			fi
		done
		sleep 1
	done
	for n in "${!resume[@]}"; do kill -CONT "${PID[$n]}"; done
}

for mix in $mixes; do
	stops=0
	pool "$mix" "$size"
	sleep 5
	lose "$loss"
	trouble
	lose 0
	start=$(now_ms)
	until all_alive; do
		if [ $(($(now_ms) - start)) -gt 90000 ]; then
			echo "gossip_loss: $mix: not all are alive again"
			[ "$mix" = serf ] || bad=1
			break
		fi
		sleep 0.3
	done
	ours=$(mistakes 1 "$well" ours)
	printf 'gossip_loss: members=%d kind=%s loss=%d%% seconds=%d stops=%d well=%d called_failed_by_ours=%d by_serf=%d by_stopped=%d all_alive_ms=%d\n' \
		"$size" "$mix" "$loss" "$seconds" "$stops" "$well" "$ours" \
		"$(mistakes 1 "$well" serf)" \
		"$(mistakes $((well + 1)) "$size" "ours serf")" \
		$(($(now_ms) - start))
	pool_end
	# In a mixed pool it may be an agent of Serf that was wrong first.
	[ "$mix" != ours ] || [ "$ours" -eq 0 ] || bad=1
done
exit "$bad"
