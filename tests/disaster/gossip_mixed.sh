#!/bin/bash
# Pools of ours, of ours and Serf's mixed, and of Serf's alone, one after the
# other: how long it takes until all see all, until all have noticed that a
# member was killed, until an event has come to all and until a change of tags
# has: gossip_mixed.sh [build/VARIANT]
#
# SIZES and ROUNDS say how much is measured. It fails when somebody does not
# notice at all, or when a pool of ours is slower than one of Serf's.
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/lib/gossip_pool.sh
. tests/lib/gossip_pool.sh
build=$(realpath "${1:-${BUILD:-build/release}}")
sizes=${SIZES:-3 10 30}
rounds=${ROUNDS:-5}
gossip_alone "$@"
PATH=$build/bin:$PATH
bad=0

# detect SIZE N: kills it, adds the ms until all know, and brings it back
detect() {
	local size=$1 n=$2 joins fails
	joins=$(saw join "m$n") fails=$(saw failed "m$n")
	kill -9 "${PID[$n]}"
	until_saw 60 $((fails + size - 1)) failed "m$n" >>"$DIR/detected"
	member "$n" "${KIND[$n]}"
	until_saw 60 $((joins + size)) join "m$n" >/dev/null
	sleep 3
}

# tell SIZE N ROUND: an event and a change of tags, by member N
tell() {
	local size=$1 n=$2 updates
	updates=$(saw update "m$n")
	if [ "${KIND[$n]}" = serf ]; then
		rpc "$n" event "deploy$3" >/dev/null
	else
		ctl "$n" event "deploy$3"
	fi
	until_saw 30 "$size" event "deploy$3" >>"$DIR/told"
	if [ "${KIND[$n]}" = serf ]; then
		rpc "$n" tags -set "round=$3" >/dev/null
	else
		ctl "$n" tags -set "round=$3"
	fi
	# Whether a member tells itself is its own affair.
	until_saw 30 $((updates + size - 1)) update "m$n" >>"$DIR/tagged"
}

# run MIX SIZE: prints its line; the detection is left in $DIR/MIX
run() {
	local mix=$1 size=$2 r n
	rm -f "$DIR/detected" "$DIR/told" "$DIR/tagged"
	pool "$mix" "$size"
	sleep 5
	for r in $(seq "$rounds"); do
		n=$((2 + (r * 7) % (size - 1)))
		tell "$size" "$n" "$r"
		detect "$size" "$n"
	done
	pool_end
	median <"$DIR/detected" >"$DIR/$mix"
	printf 'gossip_mixed: members=%d kind=%s join_ms=%d killed_ms=%d max=%d event_ms=%d tags_ms=%d\n' \
		"$size" "$mix" "$(cat "$DIR/joined")" "$(cat "$DIR/$mix")" \
		"$(sort -n "$DIR/detected" | tail -n 1)" \
		"$(median <"$DIR/told")" "$(median <"$DIR/tagged")"
}

for size in $sizes; do
	for mix in ours mixed serf; do
		run "$mix" "$size" || bad=1
	done
	if [ "$(cat "$DIR/ours")" -gt "$(cat "$DIR/serf")" ]; then
		echo "gossip_mixed: members=$size: ours notices later than Serf"
		bad=1
	fi
done
exit "$bad"
