#!/bin/bash
# What an operator does to a server: its peers are told, its state is saved,
# and brought back into a fresh one; bad files are refused by name.
# shellcheck source=tests/sys/lib.sh
. "$(dirname "$0")/lib.sh"

# server NAME [MAX-TRAILING-LOGS]: a schedd with a directory of its own
server() {
	mkdir -p "$TEST_DIR/$1.run"
	cat >"$TEST_DIR/$1.conf" <<-END
		name = "$1";
		http = "127.0.0.1:$HTTP_PORT";
		rpc = "127.0.0.1:$RPC_PORT";
		data_dir = "$TEST_DIR/$1.data";
		run_dir = "$TEST_DIR/$1.run";
		autopilot = { max_trailing_logs = ${2:-300}; };
	END
	start "$1" schedd -f "$TEST_DIR/$1.conf"
	SERVER=$LAST_PID
	eventually 10 leads
}
leads() { [ "$(curl -s "$NOMAD_ADDR/v1/status/leader")" = "\"127.0.0.1:$RPC_PORT\"" ]; }
end_server() {
	kill "$SERVER"
	wait "$SERVER" || true
}
job() {
	cat <<-END
		job "$1" {
		  group "g" {
		    count = $2
		    task "t" {
		      driver = "raw_exec"
		      config { command = "/bin/true" }
		    }
		  }
		}
	END
}
jobs_known() { curl -s "$NOMAD_ADDR/v1/jobs" | jq -r '.[].ID' | tr '\n' ' '; }
index() { curl -s -D - -o /dev/null "$NOMAD_ADDR/v1/jobs" | tr -d '\r' | awk '$1 == "X-Nomad-Index:" { print $2 }'; }
# refused STATUS WORDS COMMAND...
refused() {
	local status=$1 words=$2 said rc=0
	shift 2
	said=$("$@" 2>&1) || rc=$?
	expect_eq "$rc" "$status" "$*: $said"
	expect_match "$said" "$words"
}

server alpha
for i in 1 2 3 4 5; do
	job "job$i" "$i" | rove job run -detach - >/dev/null
done
expect_eq "$(jobs_known)" "job1 job2 job3 job4 job5 "

# Who the servers are.
ID=$(head -n 1 "$TEST_DIR/alpha.data/server-id")
expect_match "$(rove operator raft list-peers)" \
	"Node +ID +Address +State +Voter +RaftProtocol"$'\n'"alpha.global +$ID +127.0.0.1:$RPC_PORT +leader +true +3"
expect_eq "$(curl -s "$NOMAD_ADDR/v1/operator/raft/configuration" | jq '.Index >= 1')" true
expect_eq "$(rove operator raft transfer-leadership -peer-id "$ID")" "Transferred leadership to peer with id \"$ID\""
expect_eq "$(curl -s -X PUT "$NOMAD_ADDR/v1/operator/raft/transfer-leadership?id=$ID" | jq -c '[.Noop, .Err, .To.Address]')" \
	"[true,null,\"127.0.0.1:$RPC_PORT\"]"
refused 1 'an address or id is required' rove operator raft remove-peer
refused 1 'cannot give both' rove operator raft remove-peer -peer-id x -peer-address y
refused 1 'id "x" was not found in the Raft configuration' rove operator raft remove-peer -peer-id x
refused 1 'address "y" was not found' rove operator raft transfer-leadership -peer-address y
refused 1 'Error removing peer: .*500' rove operator raft remove-peer -peer-id "$ID"
expect_eq "$(http_code -X DELETE "$NOMAD_ADDR/v1/operator/raft/peer")" 400
expect_eq "$(http_code -X DELETE "$NOMAD_ADDR/v1/operator/raft/peer?id=a&address=b")" 400
leads || fail "the only server was removed"

# Autopilot: kept in the log, changed only by who saw the last change. It begins
# with what the first leader's file says.
expect_match "$(rove operator autopilot get-config)" "CleanupDeadServers = true"$'\n'"LastContactThreshold = 200ms"$'\n'"MaxTrailingLogs = 300"
expect_eq "$(rove operator autopilot set-config -cleanup-dead-servers=false -last-contact-threshold 1s)" "Configuration updated!"
expect_match "$(rove operator autopilot get-config)" "CleanupDeadServers = false"$'\n'"LastContactThreshold = 1s"$'\n'"MaxTrailingLogs = 300"
refused 1 'expected a duration' rove operator autopilot set-config -last-contact-threshold soon
refused 1 'MinQuorum' rove operator autopilot set-config -min-quorum 10
expect_eq "$(curl -s -X PUT -d '{}' "$NOMAD_ADDR/v1/operator/autopilot/configuration?cas=1")" false
for what in autopilot scheduler; do
	for cas in '' x -1 1.5 99999999999999999999; do
		expect_eq "$(http_code -X PUT -d '{}' "$NOMAD_ADDR/v1/operator/$what/configuration?cas=$cas")" 400 "cas=$cas"
	done
done
expect_match "$(rove operator autopilot health)" "Healthy: true"$'\n'"FailureTolerance: 0"$'\n'"Leader: $ID"
expect_eq "$(rove operator autopilot health -json | jq -r '.Servers[0].Name')" alpha.global

SNAP=$TEST_DIR/a.snap
expect_eq "$(rove operator snapshot save "$SNAP")" "State file written to $SNAP"
expect_eq "$(stat -c %a "$SNAP")" 600 "who may read a snapshot"
refused 1 'already exists' rove operator snapshot save "$SNAP"
[ ! -e "$SNAP.tmp" ] || fail "a temporary file was left"
BEFORE=$(index)
SAID=$(rove operator snapshot inspect "$SNAP")
expect_match "$SAID" "Size +$(stat -c %s "$SNAP")"
expect_match "$SAID" "Index +[1-9]"
expect_match "$SAID" "Version +1"
# The digest that the head tells is that of the body.
curl -s -D "$TEST_DIR/head" -o "$TEST_DIR/body" "$NOMAD_ADDR/v1/operator/snapshot"
expect_eq "$(tr -d '\r' <"$TEST_DIR/head" | awk '$1 == "Digest:" { print $2 }')" \
	"sha-256=$(openssl dgst -sha256 -binary "$TEST_DIR/body" | base64)"

# Bad files change nothing.
head -c 300 "$SNAP" >"$TEST_DIR/short"
{ head -c 400 "$SNAP"; printf X; tail -c +402 "$SNAP"; } >"$TEST_DIR/flipped"
echo "no backup at all" >"$TEST_DIR/other"
: >"$TEST_DIR/empty"
refused 1 'damaged' rove operator snapshot restore "$TEST_DIR/short"
refused 1 'damaged' rove operator snapshot restore "$TEST_DIR/flipped"
refused 1 'no snapshot file' rove operator snapshot restore "$TEST_DIR/other"
refused 1 'no snapshot file' rove operator snapshot restore "$TEST_DIR/empty"
refused 1 'nothing-there' rove operator snapshot restore "$TEST_DIR/nothing-there"
refused 1 'Error verifying' rove operator snapshot inspect "$TEST_DIR/flipped"
refused 1 'Unexpected|no such|snapshot' rove operator snapshot frobnicate
expect_eq "$(jobs_known)" "job1 job2 job3 job4 job5 "
expect_eq "$(index)" "$BEFORE"

# A fresh server knows nothing; then all of it, behind the index that it had.
end_server
server beta
job other 1 | rove job run -detach - >/dev/null
expect_eq "$(jobs_known)" "other "
expect_eq "$(rove operator snapshot restore "$SNAP")" "Snapshot Restored"
expect_eq "$(jobs_known)" "job1 job2 job3 job4 job5 "
[ "$(index)" -gt "$BEFORE" ] || fail "the index went back to $(index)"
expect_match "$(rove operator autopilot get-config)" "LastContactThreshold = 1s"
curl -s -m 5 "$NOMAD_ADDR/v1/jobs?index=$BEFORE&wait=5s" | jq -e 'length == 5' >/dev/null
job job6 1 | rove job run -detach - >/dev/null
expect_eq "$(curl -s "$NOMAD_ADDR/v1/job/job6" | jq ".CreateIndex > $BEFORE")" true

# It is in the log: a restart, from log and from snapshot, knows it, too.
AFTER=$(index)
end_server
server beta
expect_eq "$(jobs_known)" "job1 job2 job3 job4 job5 job6 "
[ "$(index)" -ge "$AFTER" ] || fail "the index went back to $(index)"
