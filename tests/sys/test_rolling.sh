#!/bin/bash
# As an upgrade goes: three servers are restarted one after the other, the
# leader last, and then two nodes, while somebody writes and reads. Nothing
# that was asked for fails, nothing acknowledged is lost, and no task notices.
# shellcheck source=tests/sys/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/sys/servers.sh
. "$(dirname "$0")/servers.sh"

# client N: a node that knows two of the servers.
client() {
	cat >"$TEST_DIR/n$1.hcl" <<-END
		name = "n$1"
		data_dir = "$TEST_DIR/n$1.data"
		bind_addr = "$(host "$1")"
		advertise {
		  http = "$(host "$1")"
		  rpc  = "$(host "$1")"
		  serf = "$(host "$1")"
		}
		ports {
		  http = $HTTP_PORT
		}
		client {
		  enabled = true
		  servers = ["$(host 1):$RPC_PORT", "$(host 2):$RPC_PORT"]
		}
		plugin "raw_exec" {
		  config {
		    enabled = true
		  }
		}
	END
	start "n$1" rove agent -config "$TEST_DIR/n$1.hcl" -run-dir "$TEST_DIR/n$1.run"
	AGENT[$1]=$LAST_PID
}
nodes_ready() { [ "$(ask 1 /v1/nodes | jq '[.[] | select(.Status == "ready")] | length')" = "$1" ]; }
running() { [ "$(ask 1 /v1/job/web/allocations | jq '[.[] | select(.ClientStatus == "running")] | length')" = "$1" ]; }
# Each task: its allocation, how often it was restarted, its process.
tasks() {
	ask 1 /v1/job/web/allocations | jq -r '.[] | [.ID, .ClientStatus, .TaskStates.t.Restarts, .TaskStates.t.StartedAt] | @tsv' | sort
	pgrep -f "^/bin/sleep 98$HTTP_PORT" | sort
}
# All is well, and one server more may fail: the next may go.
well() { [ "$(ask "$1" /v1/operator/autopilot/health | jq -c '[.Healthy, .FailureTolerance, (.Servers | length)]')" = '[true,1,3]' ]; }
# Ends it as its init script does, and waits.
stop() {
	kill -TERM "${AGENT[$1]}"
	wait "${AGENT[$1]}" || fail "server or node $1 ended with $?"
}

for n in 1 2 3; do server $n 3; done
for n in 11 12; do client $n; done
eventually 20 agree 1 2 3
eventually 15 nodes_ready 2
eventually 5 well "$(leader_by 1)"
curl -sf -X PUT --data-binary @- "$(url 1)/v1/jobs" >/dev/null <<-END
	{"Job": {"ID": "web", "Type": "service", "Datacenters": ["dc1"], "TaskGroups": [{"Name": "g", "Count": 4, "Tasks": [
	  {"Name": "t", "Driver": "raw_exec", "Config": {"command": "/bin/sleep", "args": ["98$HTTP_PORT"]},
	   "Resources": {"CPU": 20, "MemoryMB": 10}}]}]}}
END
eventually 10 running 4
before=$(tasks)
[ "$(pgrep -fc "^/bin/sleep 98$HTTP_PORT")" = 4 ] || fail "not four tasks: $before"

start load "$(dirname "$0")/load.py" "$TEST_DIR/enough" "$(url 1)" "$(url 2)" "$(url 3)"
load=$LAST_PID

# The followers, then who leads.
leader=$(leader_by 1)
for n in $(others "$leader") "$leader"; do
	stop "$n"
	server "$n" 3
	eventually 10 agree 1 2 3
	eventually 10 well "$(leader_by "$n")"
done
[ "$(leader_by 1)" != "$leader" ] || fail "the lead was not handed over"
for n in 11 12; do
	stop $n
	client $n
	eventually 10 grep -q 'all daemons serve' "$TEST_DIR/n$n.log"
	eventually 10 nodes_ready 2
done
touch "$TEST_DIR/enough"
wait "$load" || fail "$(tail -n 1 "$TEST_DIR/load.log")"
expect_eq "$(tasks)" "$before" "tasks before and after"
# What all know is in force.
expect_eq "$(NOMAD_ADDR=$(url 1) rove operator versions | awk 'NR > 1 { print $1, $2, $4 == $5 }' | xargs)" \
	"s1.global alive 1 s2.global alive 1 s3.global alive 1"
jq -r '"\(.writes) writes and \(.reads) reads, \(.again) tried again, the longest took \(.longest_ms) ms"' "$TEST_DIR/load.log"
[ "$(jq .writes "$TEST_DIR/load.log")" -gt 100 ] || fail "hardly any load"
