#!/bin/bash
# The real serf command against gossipd's RPC: each of its verbs, beside a real
# agent in the same pool.
# shellcheck source=tests/sys/lib.sh
. "$(dirname "$0")/lib.sh"

if ! command -v serf >/dev/null; then
	echo "skipped: serf is not installed"
	exit 77
fi
PORT=$SERF_PORT
KEY=AAECAwQFBgcICQoLDA0ODw==
KEY2=AQECAwQFBgcICQoLDA0ODw==

# gossip_start NAME HOST [LINE...]
gossip_start() {
	local name=$1 host=$2
	shift 2
	printf '%s\n' "name = \"$name\";" "bind = \"127.0.8.$host:$PORT\";" \
		"run_dir = \"$TEST_DIR/$name\";" 'log_level = "DEBUG";' \
		"data_dir = \"$TEST_DIR/$name\";" \
		"rpc = \"127.0.8.$host:$RPC_PORT\";" "encrypt = \"$KEY\";" \
		"$@" >"$TEST_DIR/$name.conf"
	mkdir -p "$TEST_DIR/$name"
	start "$name" gossipd -f "$TEST_DIR/$name.conf"
	eventually 5 gossipctl -r "$TEST_DIR/$name" ping
}
# rpc VERB [ARG...]: of g1
rpc() { serf "$1" -rpc-addr="127.0.8.1:$RPC_PORT" "${@:2}"; }
of_agent() { serf "$1" -rpc-addr="127.0.8.3:$RPC_PORT" "${@:2}"; }
ctl() { gossipctl -r "$TEST_DIR/$1" "${@:2}"; }
# says PATTERN COMMAND...: a line of what it prints matches
says() {
	local pattern=$1
	shift
	"$@" 2>&1 | grep -E -- "$pattern" >/dev/null # which reads to the end
}

echo "= members, info, join"
gossip_start g1 1 'tags = { role = "web"; };'
gossip_start g2 2 'tags = { role = "db"; };' \
	"snapshot = \"$TEST_DIR/snapshot\";"
G2=$LAST_PID
start s3 serf agent -node=s3 -bind="127.0.8.3:$PORT" -encrypt="$KEY" \
	-rpc-addr="127.0.8.3:$RPC_PORT" -tag role=web
S3=$LAST_PID
eventually 5 of_agent members
says '^g1 +127.0.8.1:[0-9]+ +alive +.*role=web' rpc members || fail "members: $(rpc members)"
says 'Successfully joined cluster by contacting 1 nodes' rpc join "127.0.8.3:$PORT" || fail join
rpc join "127.0.8.2:$PORT" >/dev/null
if rpc join "127.0.8.99:$PORT" >/dev/null 2>&1; then
	fail "joined by a member that is not there"
fi
for n in g1 g2 s3; do
	eventually 10 says "^$n .*alive" rpc members
	eventually 10 says "^$n .*alive" of_agent members
done
expect_eq "$(rpc members -status=alive -tag role=web -format=json | jq -r '.members[].name' | sort | paste -sd,)" g1,s3
expect_eq "$(rpc members -name='g.' | wc -l)" 2
says 'Protocol Version: 4' rpc members -detailed || fail "no versions"
says 'members = 3' rpc info || fail "info: $(rpc info)"
says 'encrypted = true' rpc info || fail "info: $(rpc info)"

echo "= events and queries, both ways"
rpc monitor -log-level=debug >"$TEST_DIR/monitor" 2>&1 &
PIDS+=($!)
of_agent monitor -log-level=debug >"$TEST_DIR/agent" 2>&1 &
PIDS+=($!)
ctl g2 monitor -j >"$TEST_DIR/ctl" &
PIDS+=($!)
sleep 0.5
rpc event -coalesce=false deploy v1 >/dev/null
of_agent event -coalesce=false answer v2 >/dev/null
eventually 10 grep -q '"deploy"' "$TEST_DIR/agent"
eventually 10 grep -q '"answer"' "$TEST_DIR/monitor"
eventually 10 grep -q '"deploy"' "$TEST_DIR/monitor"
if rpc event big "$(head -c 600 /dev/zero | tr '\0' x)" >/dev/null 2>&1; then
	fail "an event over the limit was taken"
fi
rpc query -timeout=1s -format=json load x >"$TEST_DIR/query"
expect_eq "$(jq -r '.Acks[]' "$TEST_DIR/query" | sort | paste -sd,)" g1,g2,s3
expect_eq "$(rpc query -timeout=500ms -node=s3 -format=json load | jq -r '.Acks[]')" s3
expect_eq "$(rpc query -timeout=500ms -tag role=d. -format=json load | jq -r '.Acks[]')" g2
of_agent query -timeout=500ms -format=json who >"$TEST_DIR/query"
expect_eq "$(jq -r '.Acks[]' "$TEST_DIR/query" | sort | paste -sd,)" g1,g2,s3
if rpc query _serf_list-keys >/dev/null 2>&1; then
	fail "a query of Serf's own was let through"
fi
says 'Successfully contacted all live nodes' rpc reachability || fail reachability

echo "= an answer of a client to a query"
python3 "$(dirname "$0")/serfrpc.py" "127.0.8.2:$RPC_PORT" answer &
PIDS+=($!)
sleep 0.3
eventually 10 says "Response from 'g2': 42" rpc query -timeout=500ms question

echo "= tags"
rpc tags -set zone=a -delete role >/dev/null
eventually 10 says '^g1 .*zone=a' of_agent members
says '^g1 .*role=' of_agent members && fail "a tag was not deleted"
ctl g1 tags -set zone=b
eventually 10 says '^g1 .*zone=b' of_agent members
ctl g1 tags -delete zone
eventually 10 says '^g1 .*region=' of_agent members

echo "= keys, by both commands"
says "$KEY +\\[3/3\\]" rpc keys -list || fail "keys: $(rpc keys -list)"
rpc keys -install "$KEY2" >/dev/null
says "$KEY2	3" ctl g2 keys -list || fail "keys: $(ctl g2 keys -list)"
ctl g2 keys -use "$KEY2"
if rpc keys -remove "$KEY2" >/dev/null 2>&1; then
	fail "the key in use was removed"
fi
rpc keys -remove "$KEY" >/dev/null
expect_eq "$(ctl g1 keys -list)" "$KEY2	3"
expect_eq "$(jq -r '.[]' "$TEST_DIR/g1/serf.keyring")" "$KEY2"
if ctl g1 keys -install nonsense 2>/dev/null; then
	fail "nonsense was installed"
fi

echo "= events and queries by gossipctl"
ctl g1 event release v3
eventually 10 grep -q '"release"' "$TEST_DIR/agent"
expect_eq "$(ctl g1 query -w 500ms -n s3 load)" "s3	ack"
eventually 10 says "^g2	response	42" ctl g1 query -w 500ms question
eventually 60 rpc rtt g2

echo "= who may"
python3 "$(dirname "$0")/serfrpc.py" "127.0.8.1:$RPC_PORT" rules
gossip_start a4 4 'rpc_auth = "secret";'
if serf members -rpc-addr="127.0.8.4:$RPC_PORT" >/dev/null 2>&1; then
	fail "let in without a key"
fi
serf members -rpc-addr="127.0.8.4:$RPC_PORT" -rpc-auth=secret >/dev/null ||
	fail "not let in with the key"
serf members -rpc-addr="127.0.8.4:$RPC_PORT" -rpc-auth=other >/dev/null 2>&1 &&
	fail "let in with another key"

echo "= a restart finds the pool again, and a leave is one"
eventually 5 grep -q '^alive: g1 127.0.8.1:' "$TEST_DIR/snapshot"
kill -9 "$G2"
gossip_start g2 2 "snapshot = \"$TEST_DIR/snapshot\";"
eventually 10 says '^g1	.*alive' ctl g2 members
eventually 10 says '^g2 .*alive' rpc members
ctl g2 leave
expect_eq "$(tail -n 1 "$TEST_DIR/snapshot")" leave
gossip_start g2 2 "snapshot = \"$TEST_DIR/snapshot\";"
sleep 1
expect_eq "$(ctl g2 members | wc -l)" 1
ctl g2 join "127.0.8.1:$PORT" >/dev/null
eventually 10 says '^g2 .*alive' rpc members

echo "= events of before, for who asks to hear them"
KEY=$KEY2 gossip_start g5 5
serf monitor -rpc-addr="127.0.8.5:$RPC_PORT" >"$TEST_DIR/replayed" 2>&1 &
PIDS+=($!)
KEY=$KEY2 gossip_start g6 6
ctl g6 monitor -j >"$TEST_DIR/ctl6" &
PIDS+=($!)
sleep 0.3
serf join -replay -rpc-addr="127.0.8.5:$RPC_PORT" "127.0.8.1:$PORT" >/dev/null
eventually 5 grep -q '"deploy"' "$TEST_DIR/replayed"
expect_eq "$(ctl g6 join "127.0.8.1:$PORT")" 1
sleep 0.5
! grep -q deploy "$TEST_DIR/ctl6" || fail "an old event is heard without -replay"
ctl g5 leave
ctl g6 leave

echo "= force-leave, leave"
kill -9 "$S3"
eventually 25 says '^s3 .*failed' rpc members
eventually 10 grep -q 'member-failed' "$TEST_DIR/monitor"
eventually 10 grep -q 'gossipd: member failed name=s3' "$TEST_DIR/monitor"
rpc force-leave s3
eventually 5 says '^s3 .*left' rpc members
rpc force-leave -prune s3
eventually 5 expect_eq "$(rpc members -name=s3)" ""
says 'Graceful leave complete' rpc leave || fail leave
eventually 10 says '^g1	.*left' ctl g2 members
