#!/bin/bash
# The experiments of tests/disaster/gossip_*.sh in short: a sealed pool of ours
# and Serf's, in which one is killed, one cannot be reached by UDP, packets come
# damaged and again, a third of all is lost and one is stopped.
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/lib/gossip_pool.sh
. tests/lib/gossip_pool.sh
gossip_alone "$@"
PATH=$BUILD/bin:$PATH

fail() {
	tail -n 15 "$DIR"/*.log
	echo "FAIL: $*"
	exit 1
}

KEY=AAECAwQFBgcICQoLDA0ODw==
options() { # of each kind
	if [ "$1" = serf ]; then echo "-encrypt=$KEY"; else echo "-o encrypt=$KEY"; fi
}
info() { ctl "$1" info | awk -F'\t' -v n="$2" '$1 == n { print $2 }'; }

echo "= ours, ours, Serf's, ours, Serf's, ours"
python3 tests/lib/gossip_storm.py record 3 "$DIR/packets" >/dev/null &
recorder=$!
n=0
for kind in ours ours serf ours serf ours; do
	# shellcheck disable=SC2046 # options
	member $((n += 1)) $kind $(options $kind)
done
for n in 1 2 3 4 5 6; do
	until_saw 15 6 join m$n >/dev/null || fail "not all see m$n"
done
ctl 1 event deploy >/dev/null
until_saw 10 6 event deploy >/dev/null || fail "an event does not come to all"
rpc 3 tags -set zone=b >/dev/null
until_saw 10 5 update m3 >/dev/null || fail "new tags do not come to all"

echo "= one is killed"
kill -9 "${PID[6]}"
unset "PID[6]"
ms=$(until_saw 25 5 failed m6) || fail "m6 is not failed with all"
echo "noticed after $ms ms"

echo "= one that UDP does not reach, while packets come damaged and again"
wait "$recorder"
cut_udp 2
counts alive >"$DIR/before"
pss=$(pss_kb "${PID[1]}")
python3 tests/lib/gossip_storm.py replay 127.0.7.1 7946 25000 "$DIR/packets" >/dev/null
python3 tests/lib/gossip_storm.py damage 127.0.7.1 7946 25000 "$DIR/packets" >/dev/null
sleep 4
grep -q 'answers by TCP only name=m2' "$DIR/1.log" || fail "m2 is not asked by TCP"
[ "$(failures 5)" -eq 0 ] || fail "m2 is called failed"
[ "$(info 1 packets_key)" -gt 1000 ] || fail "only $(info 1 packets_key) were refused"
mend_udp
case $BUILD in */san) ;; *)
	[ "$(pss_kb "${PID[1]}")" -lt $((pss + 1024)) ] ||
		fail "memory grew from $pss to $(pss_kb "${PID[1]}") kB"
	;;
esac

echo "= a third is lost, and one is stopped"
lose 30
kill -STOP "${PID[5]}"
sleep 3
kill -CONT "${PID[5]}"
lose 0
[ "$(failures 4)" -eq 0 ] || fail "one that is well is called failed"
end=$((SECONDS + 20))
until [ "$(counts alive | awk '$2 == 5' | wc -l)" -eq 5 ]; do
	[ $SECONDS -lt $end ] || fail "not all are alive: $(counts alive)"
	sleep 0.2
done
echo ok
