#!/bin/bash
# Several servers, each a rove agent of its own: they form a cluster, one is
# killed and comes back, one more joins, and the leader is stopped while
# somebody writes.
# shellcheck source=tests/sys/lib.sh
. "$(dirname "$0")/lib.sh"

# shellcheck source=tests/sys/servers.sh
. "$(dirname "$0")/servers.sh"

register() {
	sed "s/NAME/$2/" >"$TEST_DIR/job.json" <<-'END'
		{"Job": {"ID": "NAME", "Type": "service", "Datacenters": ["dc1"], "TaskGroups": [
		  {"Name": "g", "Tasks": [{"Name": "t", "Driver": "mock_driver", "Config": {"run_for": "1h"}}]}]}}
	END
	curl -sf -m 10 -X PUT --data-binary "@$TEST_DIR/job.json" "$(url "$1")/v1/jobs" >/dev/null
}
has_job() { ask "$1" "/v1/job/$2$3" | grep -q "\"ID\":\"$2\""; }
# A node that knows only server N.
client() {
	cat >"$TEST_DIR/node.hcl" <<-END
		name = "node"
		data_dir = "$TEST_DIR/node.data"
		bind_addr = "$(host 9)"
		advertise {
		  http = "$(host 9)"
		  rpc  = "$(host 9)"
		  serf = "$(host 9)"
		}
		ports {
		  http = $HTTP_PORT
		}
		client {
		  enabled = true
		  servers = ["$(host "$1"):$RPC_PORT"]
		}
	END
	start node rove agent -config "$TEST_DIR/node.hcl" -run-dir "$TEST_DIR/node.run"
}
node_is() { [ "$(ask "$1" /v1/nodes | jq -r '.[].Status')" = "$2" ]; }
runs() { [ "$(ask "$1" "/v1/job/$2/allocations" | jq -r '.[].ClientStatus' | xargs)" = running ]; }

server 1 3
server 2 3
# Two of three are no cluster.
eventually 10 curl -sf "$(url 1)/v1/agent/self"
sleep 1
expect_eq "$(ask 1 /v1/status/leader)" '""'
server 3 3
eventually 20 agree 1 2 3
eventually 10 voters 1 3
leader=$(leader_by 1)
read -r a b < <(others "$leader" | xargs)
expect_eq "$(ask "$a" /v1/status/peers | jq length)" 3
expect_eq "$(NOMAD_ADDR=$(url "$a") rove server members | awk '$5 == "true" { print $1 }')" "s$leader.global"

# A node that knows a follower only.
client "$a"
eventually 15 node_is "$b" ready

# A follower has the leader register it; each server then knows it.
register "$a" first
has_job "$b" first '' || fail "not registered"
eventually 5 has_job "$b" first '?stale'
expect_eq "$(curl -s -o /dev/null -D - "$(url "$b")/v1/jobs?stale" | tr -d '\r' | awk 'tolower($1) == "x-nomad-knownleader:" { print $2 }')" true
eventually 10 runs "$a" first

# The leader is killed: what was acknowledged is there, and more can be.
register "$leader" last
kill_server "$leader"
eventually 10 agree "$a" "$b"
[ "$(leader_by "$a")" != "$leader" ] || fail "a dead leader"
has_job "$a" last '' || fail "lost what was acknowledged"
register "$b" after
eventually 10 runs "$a" after
# It comes back, and hears of what it missed.
server "$leader" 3
eventually 15 has_job "$leader" after '?stale'
eventually 10 agree 1 2 3
# The node was never called down, and nothing was replaced.
node_is "$b" ready || fail "the node is $(ask "$b" /v1/nodes)"
runs "$b" first || fail "$(ask "$b" /v1/job/first/allocations)"

# A fourth joins and becomes a voter when it has been well for a while.
NOMAD_ADDR=$(url "$a") rove operator autopilot set-config -server-stabilization-time=3s >/dev/null
server 4 0 'leave_on_terminate = true'
servers() { [ "$(ask "$1" /v1/operator/raft/configuration | jq '.Servers | length')" = "$2" ]; }
eventually 20 servers "$a" 4
sleep 1.5
voters "$a" 3 || fail "it is a voter already"
eventually 20 voters "$a" 4
promote_at_once "$a"
eventually 5 has_job 4 after '?stale'
register 4 by_four
has_job 1 by_four '' || fail "not registered by the fourth"

# An operator has another one lead, and brings a backup back: all follow.
leader=$(leader_by 1)
read -r a b < <(others "$leader" | xargs)
NOMAD_ADDR=$(url "$b")
export NOMAD_ADDR
expect_eq "$(rove operator raft list-peers | awk '{ print $1, $4, $5 }' | sort | grep -c 'true$')" 4
expect_eq "$(rove operator raft transfer-leadership -peer-address "$(host "$a"):$RPC_PORT")" \
	"Transferred leadership to peer with address \"$(host "$a"):$RPC_PORT\""
eventually 10 agree 1 2 3 4
expect_eq "$(leader_by 4)" "$a"
expect_match "$(rove operator autopilot health)" "FailureTolerance: 1"
# Since when each has been well.
stable() { ask "$a" /v1/operator/autopilot/health | jq '[.Servers[] | select(.StableSince | startswith("20"))] | length'; }
all_are_stable() { [ "$(stable)" = 4 ]; }
eventually 5 all_are_stable
rove operator snapshot save "$TEST_DIR/all.snap" >/dev/null
register "$b" unsaved
expect_eq "$(rove operator snapshot restore "$TEST_DIR/all.snap")" "Snapshot Restored"
for n in 1 2 3 4; do
	eventually 5 has_job "$n" by_four '?stale'
	expect_eq "$(ask "$n" '/v1/jobs?stale' | jq '[.[] | select(.ID == "unsaved")] | length')" 0
done
unset NOMAD_ADDR

# Its agent is killed, and its daemons end with that: nobody asked it to leave.
kill -9 "${AGENT[4]}"
wait "${AGENT[4]}" || true
export NOMAD_ADDR
NOMAD_ADDR=$(url "$a")
fourth_is() { rove server members | grep -q "^s4.*$1"; }
eventually 20 fourth_is failed
voters "$a" 4 || fail "it is no voter any more"
server 4 0 'leave_on_terminate = true'
eventually 20 fourth_is alive
unset NOMAD_ADDR
eventually 10 agree 1 2 3 4

# The fourth leaves as it should, and is no voter any more.
kill -TERM "${AGENT[4]}"
eventually 10 voters "$a" 3
eventually 5 agree 1 2 3

# One that lost all that it had is set up anew in its own place.
leader=$(leader_by 1)
read -r a b < <(others "$leader" | xargs)
kill_server "$a"
rm -rf "$TEST_DIR/s$a.data/server"
server "$a" 3
eventually 15 has_job "$a" by_four '?stale'
eventually 15 voters "$leader" 3
eventually 5 agree 1 2 3

# One that expects another number does not form, nor disturb.
server 5 5
eventually 10 grep -q 'joining a cluster' "$TEST_DIR/s5.log"
eventually 15 voters "$leader" 4
kill_server 5
eventually 20 sh -c "NOMAD_ADDR=$(url "$leader") rove server members | grep -q '^s5.*failed'"
NOMAD_ADDR=$(url "$leader") rove server force-leave -prune s5.global
eventually 10 voters "$leader" 3

# The leader stops as it should: somebody who writes hardly notices.
leader=$(leader_by 1)
read -r a b < <(others "$leader" | xargs)
gap() {
	local last now longest=0 i=0
	last=$(date +%s%N)
	while [ ! -e "$TEST_DIR/enough" ]; do
		register "$1" "w$i" || echo "w$i failed" >>"$TEST_DIR/writes.failed"
		now=$(date +%s%N)
		[ $((now - last)) -le "$longest" ] || longest=$((now - last))
		last=$now
		i=$((i + 1))
	done
	echo "$i $((longest / 1000000))"
}
gap "$a" >"$TEST_DIR/gap" &
writer=$!
sleep 1
kill -TERM "${AGENT[$leader]}"
eventually 10 agree "$a" "$b"
sleep 1
touch "$TEST_DIR/enough"
wait "$writer"
read -r n ms <"$TEST_DIR/gap"
[ ! -e "$TEST_DIR/writes.failed" ] || fail "$(cat "$TEST_DIR/writes.failed")"
expect_eq "$(ask "$b" '/v1/jobs?prefix=w' | jq length)" "$n"
echo "graceful stop: longest gap of $n writes: $ms ms"
[ "$ms" -lt 1500 ] || fail "a gap of $ms ms"

# Without a majority nothing is written, and what is known is still told.
mapfile -t up < <(others "$leader")
kill_server "${up[0]}"
expect_match "$(curl -s -m 10 -X PUT --data '{"Items":{"a":"b"}}' "$(url "${up[1]}")/v1/var/a")" 'No cluster leader|the outcome is unknown'
has_job "${up[1]}" by_four '?stale' || fail "no stale answer"
echo ok
