#!/bin/bash
# gossipd in one pool with real Serf agents, each on a loopback address of its
# own: both sides must see the same members, in the same state.
# shellcheck source=tests/sys/lib.sh
. "$(dirname "$0")/lib.sh"

if ! command -v serf >/dev/null; then
	echo "skipped: serf is not installed"
	exit 77
fi
PORT=$SERF_PORT
KEY=AAECAwQFBgcICQoLDA0ODw==

# serf_start NAME HOST [ARG...]
serf_start() {
	local name=$1 host=$2
	shift 2
	start "$name" serf agent -node="$name" -bind="127.0.7.$host:$PORT" \
		-rpc-addr="127.0.7.$host:$RPC_PORT" "$@"
}

# gossip_start NAME HOST [LINE...]
gossip_start() {
	local name=$1 host=$2
	shift 2
	{
		printf '%s\n' "name = \"$name\";" \
			"bind = \"127.0.7.$host:$PORT\";" \
			"run_dir = \"$TEST_DIR/$name\";" \
			"log_level = \"DEBUG\";" "$@"
	} >"$TEST_DIR/$name.conf"
	start "$name" gossipd -f "$TEST_DIR/$name.conf"
	eventually 5 gossipctl -r "$TEST_DIR/$name" ping
}

ctl() { gossipctl -r "$TEST_DIR/$1" "${@:2}"; }
# in_order: a line "status tag,tag" with its tags in order
in_order() {
	local status tags
	read -r status tags || true
	echo "$status${tags:+ $(tr , '\n' <<<"$tags" | sort | paste -sd,)}"
}

# serf_says HOST NAME: "status tags" as the agent shows that member
serf_says() {
	serf members -rpc-addr="127.0.7.$1:$RPC_PORT" |
		awk -v n="$2" '$1 == n { print $3, $4 }' | in_order
}
ours_says() {
	ctl "$1" members -n "$2" | awk -F'\t' '{ print $4, $5 }' | in_order
}
# shellcheck disable=SC2053 # patterns
serf_has() { [[ "$(serf_says "$1" "$2")" == $3 ]]; }
# shellcheck disable=SC2053
ours_has() { [[ "$(ours_says "$1" "$2")" == $3 ]]; }
info() { ctl "$1" info | awk -F'\t' -v n="$2" '$1 == n { print $2 }'; }
rss_kb() { awk '$1 == "VmRSS:" { print $2 }' "/proc/$1/status"; }

echo "= join, both ways, with tags"
serf_start s1 11 -tag role=web -tag zone=a
S1=$LAST_PID
eventually 5 serf members -rpc-addr="127.0.7.11:$RPC_PORT"
gossip_start g1 12 "retry_join = [\"127.0.7.11:$PORT\"];" \
	'tags = { role = "nomad"; };'
G1=$LAST_PID
ctl g1 monitor >"$TEST_DIR/events" &
PIDS+=($!)
eventually 5 serf_has 11 g1 'alive *role=nomad*'
eventually 5 ours_has g1 s1 'alive role=web,zone=a'
serf_start s2 13 -join="127.0.7.12:$PORT"
S2=$LAST_PID
gossip_start g2 14
G2=$LAST_PID
expect_eq "$(ctl g2 join 127.0.7.12)" 1
for who in g1 g2; do
	for name in s1 s2 g1 g2; do
		eventually 10 ours_has $who $name 'alive*'
	done
done
eventually 10 serf_has 13 g2 'alive*'
if ctl g2 join "127.0.7.99:$PORT" 2>/dev/null; then
	fail "joined by a member that is not there"
fi
expect_eq "$(ctl g1 members -j -s alive -n 's.' | jq -r .Name | sort | paste -sd,)" s1,s2
expect_eq "$(ctl g1 members -t zone=a | wc -l)" 1

echo "= tags change, both ways"
sed -i '/^name/a tags = { role = "cache"; };' "$TEST_DIR/g2.conf"
ctl g2 reload
eventually 10 serf_has 11 g2 'alive *role=cache*'
serf tags -rpc-addr="127.0.7.11:$RPC_PORT" -set zone=b >/dev/null
eventually 10 ours_has g2 s1 'alive role=web,zone=b'

echo "= round trips"
eventually 60 ctl g1 rtt s1
expect_eq "$(ctl g1 reachability | grep -c answered)" 4

echo "= what all are asked, for pipes"
serf_start up 16 -join="127.0.7.12:$PORT" -event-handler='query:uptime=printf "a\tb\nc\n"'
UP=$LAST_PID
eventually 10 ours_has g1 up 'alive*'
expect_eq "$(ctl g1 query -w 1s -n up uptime)" $'up\tack\nup\tresponse\ta b c'
expect_eq "$(ctl g1 -j query -w 1s -n up uptime | jq -r 'select(.What == "response").Payload')" $'a\tb\nc'
expect_eq "$(ctl g1 -j reachability | jq -r 'select(.Name == "up").What')" answered
ctl g1 -j rtt s1 | jq -e '.Milliseconds >= 0' >/dev/null
said=$(ctl g1 event "$(printf 'x%.0s' {1..600})" 2>&1) && fail "an event of 600 bytes"
expect_match "$said" 'user event takes 6[0-9][0-9] bytes, of which there may be 512'
said=$(ctl g1 tags -set "x=$(printf 'x%.0s' {1..600})" 2>&1) && fail "a tag of 600 bytes"
expect_match "$said" 'tags take 6[0-9][0-9] bytes, of which there may be 512'
serf leave -rpc-addr="127.0.7.16:$RPC_PORT" >/dev/null
wait "$UP" || true

echo "= killed is failed, and comes back"
kill -9 "$S2" "$G2"
eventually 25 serf_has 11 g2 'failed*'
eventually 25 ours_has g1 s2 'failed*'
eventually 25 ours_has g1 g2 'failed*'
eventually 25 serf_has 11 s2 'failed*'
gossip_start g2 14 'tags = { role = "again"; };' \
	"retry_join = [\"127.0.7.12:$PORT\"];" 'leave_on_terminate = true;'
G2=$LAST_PID
serf_start s2 13 -join="127.0.7.12:$PORT"
eventually 10 serf_has 11 g2 'alive *role=again*'
eventually 10 ours_has g1 s2 'alive*'

echo "= who says so has left"
serf leave -rpc-addr="127.0.7.13:$RPC_PORT" >/dev/null
kill -TERM "$G2"
eventually 20 ours_has g1 s2 'left*'
eventually 20 serf_has 11 g2 'left*'
eventually 20 ours_has g1 g2 'left*'
gossip_start g2 14 "retry_join = [\"127.0.7.12:$PORT\"];"
eventually 15 serf_has 11 g2 'alive*'
ctl g2 leave
eventually 15 serf_has 11 g2 'left*'

echo "= events were followed"
for what in "join s2" "join g2" "update g2" "failed s2" "leave s2"; do
	awk -F'\t' -v w="${what% *}" -v n="${what#* }" '$1 == w && $2 == n { ok = 1 } END { exit !ok }' \
		"$TEST_DIR/events" || fail "no event: $what"
done

echo "= force-leave"
gossip_start g3 15 "retry_join = [\"127.0.7.12:$PORT\"];"
eventually 10 serf_has 11 g3 'alive*'
kill -9 "$LAST_PID"
eventually 25 ours_has g1 g3 'failed*'
eventually 25 serf_has 11 g3 'failed*'
ctl g1 force-leave g3
eventually 10 serf_has 11 g3 'left*'
ctl g1 force-leave -prune g3
eventually 10 ours_has g1 g3 ''
eventually 10 serf_has 11 g3 ''

# Our acknowledgements do not carry a coordinate each time.
eventually 30 serf rtt -rpc-addr="127.0.7.11:$RPC_PORT" g1

echo "= what kills a serf does not disturb"
before=$(ctl g1 members)
python3 "$(dirname "$0")/hostile_gossip.py" 127.0.7.12 "$PORT" 100 >/dev/null
rss=$(rss_kb "$G1")
python3 "$(dirname "$0")/hostile_gossip.py" 127.0.7.12 "$PORT" 200 >"$TEST_DIR/hostile.out"
eventually 10 ctl g1 ping
expect_eq "$(ctl g1 members)" "$before" "after hostile packets"
kill -0 "$S1" || fail "the serf agent died of what we passed on"
[ "$(info g1 packets_bad)" -gt 3000 ] || fail "bad packets: $(info g1 packets_bad)"
[ "$(info g1 streams_bad)" -gt 10 ] || fail "bad streams: $(info g1 streams_bad)"
[ "$(info g1 streams_refused)" -gt 0 ] || fail "no stream was refused"
case $BUILD in */san) ;; *)
	[ "$(rss_kb "$G1")" -lt $((rss + 1024)) ] ||
		fail "memory grew from $rss to $(rss_kb "$G1") kB"
	;;
esac
eventually 5 serf_has 11 g1 'alive*'

echo "= encrypted"
PORT=$((PORT + 1)) RPC_PORT=$((RPC_PORT + 20))
serf_start e1 21 -encrypt="$KEY"
eventually 5 serf members -rpc-addr="127.0.7.21:$RPC_PORT"
gossip_start e2 22 "encrypt = \"$KEY\";" "join = [\"127.0.7.21\"];"
eventually 5 serf_has 21 e2 'alive*'
eventually 5 ours_has e2 e1 'alive*'
expect_eq "$(ctl e2 -j keys -list | jq -c .)" "{\"Key\":\"$KEY\",\"Members\":2}"
gossip_start e3 23
if ctl e3 join 127.0.7.22 2>/dev/null; then
	fail "joined an encrypted pool without its key"
fi
gossip_start e4 24 "encrypt = \"$(ctl e2 keygen)\";"
if ctl e4 join 127.0.7.22 2>/dev/null; then
	fail "joined an encrypted pool with another key"
fi
ours_has e2 'e[34]' '' || fail "a stranger is in the encrypted pool"
[ "$(info e2 packets_key)" -gt 0 ] || fail "a wrong key was not counted"
