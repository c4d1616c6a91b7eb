#!/bin/bash
# Servers of which some are an older program, from before there were feature
# levels: the cluster stays what all of them know, so that any of them may lead,
# set up anew, or go back to the older program; when the last is new the level
# rises, and from then on the older one is refused, with words.
# shellcheck source=tests/sys/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/sys/servers.sh
. "$(dirname "$0")/servers.sh"

# The older program, with what it needs beside it.
mkdir "$TEST_DIR/old"
cp "$BIN/rove" "$BUILD/tests/level1/schedd" "$TEST_DIR/old"
old() { ROVE=$TEST_DIR/old/rove server "$@"; }
# shellcheck disable=SC2034 # for servers.sh
IN_SERVER='raft_snapshot_threshold = 20
raft_trailing_logs = 5'

versions() { NOMAD_ADDR=$(url "$1") rove operator versions | awk 'NR > 1 { print $1, $4, $5 }' | xargs; }
are() { [ "$(versions "$1")" = "$2" ]; }
well() { [ "$(ask "$1" /v1/operator/autopilot/health | jq -c '[.Healthy, (.Servers | length)]')" = '[true,3]' ]; }
# Enough writes that each server takes a snapshot.
write() { # SERVER NAME
	local i
	for i in $(seq 30); do
		curl -sSf -m 10 -X PUT --data "{\"Items\":{\"at\":\"$2\"}}" "$(url "$1")/v1/var/$2/$i" >/dev/null ||
			fail "server $1 does not write $2/$i"
	done
}
has_written() { [ "$(ask "$1" "/v1/vars?prefix=$2/&stale" | jq length)" = 30 ]; }
lead() {
	[ "$(leader_by "$1")" = "$1" ] ||
		NOMAD_ADDR=$(url 1) rove operator raft transfer-leadership -peer-address "$(host "$1"):$RAFT_PORT"
	eventually 10 leads "$1"
}
leads() { agree 1 2 3 && [ "$(leader_by "$1")" = "$1" ]; }
stop() {
	kill -TERM "${AGENT[$1]}"
	wait "${AGENT[$1]}" || fail "server $1 ended with $?"
}
# All three know what was written last.
up_to_date() { for n in 1 2 3; do has_written $n "$1" || return 1; done; }
settled() {
	eventually 20 agree 1 2 3
	eventually 20 well 1
}

old 1 3
old 2 3
server 3 3
settled
promote_at_once 1
RAFT_PORT=$(ask 1 /v1/operator/raft/configuration | jq -r '.Servers[0].Address' | sed 's/.*://')
mixed='s1.global 1 1 s2.global 1 1 s3.global 3 1'
eventually 10 are 1 "$mixed"

# The new one leads: what it writes, the log and snapshots, the others read.
lead 3
write 3 mixed
eventually 10 up_to_date mixed
kill_server 1
rm -rf "$TEST_DIR/s1.data"
old 1 3
settled
eventually 10 up_to_date mixed
# An older one leads, and the new one goes back to be as the others.
lead 2
write 2 older
stop 3
old 3 3
settled
eventually 10 up_to_date older
expect_eq "$(versions 3)" 's1.global 1 1 s2.global 1 1 s3.global 1 1'

# The upgrade: the level is what it was until the last one is new.
stop 3
server 3 3
settled
stop 1
server 1 3
settled
lead 3
write 3 upgrade
expect_eq "$(versions 3)" 's1.global 3 1 s2.global 1 1 s3.global 3 1'
# A server that is down may be older than all others: it holds the level back.
stop 2
cp -r "$TEST_DIR/s2.data" "$TEST_DIR/s2.before"
sleep 2
expect_eq "$(versions 3 | grep -o 's[13].global 3 [0-9]' | xargs)" 's1.global 3 1 s3.global 3 1'
server 2 3
eventually 10 are 3 's1.global 3 3 s2.global 3 3 s3.global 3 3'
eventually 5 are 2 's1.global 3 3 s2.global 3 3 s3.global 3 3'
settled
write 3 new
eventually 10 up_to_date new
eventually 10 up_to_date upgrade
NOMAD_ADDR=$(url 3) rove operator snapshot save "$TEST_DIR/new.snap" >/dev/null

# There is no way back, and no way in for an older one: neither as it was, nor
# as it was before the upgrade and meanwhile removed, nor set up anew.
says() { eventually 20 grep -q "$2" "$TEST_DIR/s$1.log"; }
stop 2
old 2 3
says 2 'the state is at feature level 3, and this program, rove [0-9.]*, knows 1'
wait "${AGENT[2]}" && fail "an older program goes on with a newer state"
rm -rf "$TEST_DIR/s2.data"
cp -r "$TEST_DIR/s2.before" "$TEST_DIR/s2.data"
is_gone() { ask 3 /v1/agent/members | jq -e '[.Members[] | select(.Name == "s2.global" and .Status == "alive")] == []'; }
eventually 20 is_gone
id=$(ask 3 /v1/operator/raft/configuration | jq -r ".Servers[] | select(.Address | contains(\"$(host 2):\")).ID")
NOMAD_ADDR=$(url 3) rove operator raft remove-peer -peer-id "$id"
old 2 3
says 3 'server s2.global is not added: its program, rove [0-9.]*, knows feature level 1, and the cluster is at 3'
kill_server 2
rm -rf "$TEST_DIR/s2.data"
old 2 3
says 2 's[13].global is at feature level 3, and this program, rove [0-9.]*, knows 1'
kill_server 2
expect_eq "$(ask 3 /v1/operator/raft/configuration | jq '.Servers | length')" 2

# Nor is a file of a new one what an older cluster takes over.
write_configs
PATH=$TEST_DIR/old:$PATH up gossipd schedd
leads_alone() { [ "$(curl -sf "$NOMAD_ADDR/v1/status/leader")" = "\"127.0.0.1:$RPC_PORT\"" ]; }
eventually 10 leads_alone
if out=$(rove operator snapshot restore "$TEST_DIR/new.snap" 2>&1); then
	fail "an older cluster took over a newer file: $out"
fi
expect_match "$out" 'feature level'
echo ok
