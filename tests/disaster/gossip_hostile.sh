#!/bin/bash
# Damaged and replayed packets by the million, at a member of ours in a plain
# pool with an agent of Serf and at one in a sealed pool: who is in the pool
# stays the same with everybody, memory stays flat, and what a packet costs is
# printed: gossip_hostile.sh [build/VARIANT]
#
# PACKETS (of each kind, a million) says how many.
#
# What is damaged in the plain pool was recorded while nothing happened: who
# damages the news of a member may well make up another one, which only a key
# prevents. In the sealed pool it is everything from the first packet on.
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/lib/gossip_pool.sh
. tests/lib/gossip_pool.sh
build=$(realpath "${1:-${BUILD:-build/release}}")
packets=${PACKETS:-1000000}
record=${RECORD_SECONDS:-8}
quiet=${QUIET_SECONDS:-20}
gossip_alone "$@"
PATH=$build/bin:$PATH
bad=0
KEY=AAECAwQFBgcICQoLDA0ODw==

members_of() { # as each member sees them; a coordinate is no matter
	local n
	for n in "${!PID[@]}"; do
		if [ "${KIND[$n]}" = serf ]; then
			rpc "$n" members | awk '{ print $1, $2, $3 }' | sort
		else
			ctl "$n" members | cut -f1-4 | sort
		fi
	done
}

info() { ctl "$1" info | awk -F'\t' -v n="$2" '$1 == n { print $2 }'; }

# storm POOL WHAT COUNT FILE: at member 1
storm() {
	local pss cpu in before sent grown
	before=$(members_of)
	python3 tests/lib/gossip_storm.py "$2" 127.0.7.1 7946 $(($3 / 20)) "$4" >/dev/null
	sleep 0.5
	pss=$(pss_kb "${PID[1]}") cpu=$(cpu_ms "${PID[1]}") in=$(info 1 packets_in)
	sent=$(python3 tests/lib/gossip_storm.py "$2" 127.0.7.1 7946 "$3" "$4")
	sleep 0.5
	in=$(($(info 1 packets_in) - in)) cpu=$(($(cpu_ms "${PID[1]}") - cpu))
	grown=$(($(pss_kb "${PID[1]}") - pss))
	printf 'gossip_hostile: pool=%s kind=%s sent=%d taken=%d cpu_us=%s pss_kb=%d grown_kb=%d bad=%s key=%s\n' \
		"$1" "$2" "$sent" "$in" \
		"$(awk -v c="$cpu" -v n="$in" 'BEGIN { printf "%.2f", (n > 0 ? c * 1000 / n : 0) }')" \
		"$pss" "$grown" "$(info 1 packets_bad)" "$(info 1 packets_key)"
	if [ "$grown" -gt 512 ]; then
		echo "gossip_hostile: memory grew by $grown kB"
		bad=1
	fi
	if [ $((in * 5)) -lt "$sent" ]; then
		echo "gossip_hostile: most of the packets did not arrive"
		bad=1
	fi
	sleep "${SETTLE_SECONDS:-5}" # a suspicion would have come to its end
	if [ "$(members_of)" != "$before" ]; then
		echo "gossip_hostile: the members have changed:"
		diff <(echo "$before") <(members_of)
		bad=1
	fi
}

storms() { # storms POOL [OPTION...]: of ours, with these options
	local pool=$1
	shift
	for n in 1 2 3; do member "$n" ours "$@"; done
	[ "$pool" = sealed ] || member 4 serf -tag role=web
	for n in "${!PID[@]}"; do
		until_saw 20 "${#PID[@]}" join "m$n" >/dev/null
	done
}

python3 tests/lib/gossip_storm.py record "$record" "$DIR/all" >"$DIR/n" &
recorder=$!
storms plain
wait "$recorder"
sleep "$quiet"
python3 tests/lib/gossip_storm.py record "$record" "$DIR/quiet" >/dev/null
echo "gossip_hostile: recorded $(cat "$DIR/n") packets"
storm plain replay "$packets" "$DIR/all"
storm plain damage "$packets" "$DIR/quiet"
python3 tests/sys/hostile_gossip.py 127.0.7.1 7946 $((packets / 2000)) >/dev/null
kill -0 "${PID[4]}" || {
	echo "gossip_hostile: the agent died of what was passed on"
	bad=1
}
pool_end
rm -f "$DIR"/*.log

python3 tests/lib/gossip_storm.py record "$record" "$DIR/sealed" >/dev/null &
recorder=$!
storms sealed -o encrypt="$KEY"
wait "$recorder"
storm sealed replay "$packets" "$DIR/sealed"
storm sealed damage "$packets" "$DIR/sealed"
pool_end
exit "$bad"
