#!/bin/bash
# Clients that are cut off from all servers: what is to stop then stops by
# itself, in time and before there is another in its place; the rest goes on.
# When they are back there is of each as many as there should be.
# shellcheck source=tests/sys/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/sys/devcluster.sh
. "$(dirname "$0")/devcluster.sh"

STOPS="/bin/sleep 86397"
STAYS="/bin/sleep 86396"
WORKS="/bin/sleep 86395"
AFTER=4

job() { # NAME TYPE COMMAND COUNT [DISCONNECT]
	cat <<-END
		job "$1" {
		  type = "$2"
		  group "g" {
		    count = $4
		    constraint {
		      distinct_hosts = true
		    }
		    ${5:-}
		    task "t" {
		      driver       = "raw_exec"
		      kill_timeout = "1s"
		      config {
		        command = "${3% *}"
		        args    = ["${3#* }"]
		      }
		      resources {
		        cpu    = 20
		        memory = 20
		      }
		    }
		  }
		}
	END
}
here() { # MACHINE COMMAND N
	[ "$(processes "$1" "$2" | wc -w)" = "$3" ]
}
total() { # COMMAND: on all clients
	local c n=0
	for c in "${CLIENTS[@]}"; do n=$((n + $(processes "$c" "$1" | wc -w))); done
	echo $n
}
total_is() { [ "$(total "$1")" = "$2" ]; }
# What the nodeagent of a machine has stopped by itself, in ms of silence.
stopped_after() { # MACHINE
	sed -n 's/.*no server is in reach.* silent_ms=\([0-9]*\).*/\1/p' "$DC_DIR/$1/agent.log"
}
all_count() { # each of the three jobs is complete
	has_job_allocs stops '.ClientStatus == "running"' 3 && total_is "$STOPS" 3 &&
		has_job_allocs stays '.ClientStatus == "running"' 3 && total_is "$STAYS" 3 &&
		has_job_allocs works '.ClientStatus == "running"' 3 && total_is "$WORKS" 3
}

devcluster up >"$TEST_DIR/up.out" || fail "up: $(cat "$TEST_DIR/up.out")"
fences="disconnect {
  stop_on_client_after = \"${AFTER}s\"
}"
job stops service "$STOPS" 3 "$fences" >"$TEST_DIR/stops.nomad"
job stays service "$STAYS" 3 >"$TEST_DIR/stays.nomad"
job works batch "$WORKS" 3 "$fences" >"$TEST_DIR/works.nomad"
for j in stops stays works; do
	on s1 rove job run -detach "$TEST_DIR/$j.nomad" >"$TEST_DIR/run.out" ||
		fail "job run: $(cat "$TEST_DIR/run.out")"
done
eventually 20 all_count

# The cable of c1 is pulled. The node is taken for lost some four seconds later,
# and as every machine has one of each nothing is put in its place.
before=$(processes c1 "$STAYS")
devcluster unplug c1
eventually 20 node_is c1 down
eventually 20 here c1 "$STOPS" 0
eventually 5 here c1 "$WORKS" 0
# Two jobs, each after that much silence, which began when it asked last.
expect_eq "$(stopped_after c1 | wc -l)" 2
for t in $(stopped_after c1); do
	if [ "$t" -lt $((AFTER * 1000)) ] || [ "$t" -gt $((AFTER * 1000 + 2000)) ]; then
		fail "stopped after $t ms of silence"
	fi
done
# A nodeagent that restarts meanwhile brings nothing back.
devcluster stop c1 KILL
devcluster start c1
eventually 20 grep -q 'allocations taken up count=3' "$DC_DIR/c1/agent.log"
sleep 1
here c1 "$STOPS" 0 || fail 'it is back'
expect_eq "$(processes c1 "$STAYS")" "$before" "what goes on"
devcluster plug c1
began=$(now_ms)
eventually 20 node_is c1 ready
eventually 20 all_count
took=$(($(now_ms) - began))
expect_eq "$(job_allocs stops '.ClientStatus == "lost"')" 1
# The batch one did not end well: it is done again, and is no success.
expect_eq "$(job_allocs works '.ClientStatus == "lost"')" 1
expect_eq "$(job_allocs works '.ClientStatus == "complete"')" 0
lost=$(on s1 curl -s http://127.0.0.1:4646/v1/job/stops/allocations | jq -r '.[] | select(.ClientStatus == "lost") | .ID')
on s1 curl -s "http://127.0.0.1:4646/v1/allocation/$lost" |
	jq -e '.TaskStates.t | .Failed and ([.Events[].Type] | index("Disconnected") != null)' >/dev/null ||
	fail "not told of $lost"
[ "$took" -lt 10000 ] || fail "counts were exact after $took ms"
echo "counts are exact $took ms after the client is back"

# One is gone for less than that: nothing is stopped by itself.
devcluster unplug c2
sleep 1.5
devcluster plug c2
eventually 20 node_is c2 ready
eventually 20 all_count
expect_eq "$(stopped_after c2)" ""

# nodeagent is killed, and is not back before the network is gone: the new one
# knows from when on nobody heard of the node.
devcluster stop c3 KILL
devcluster unplug c3
sleep 3
devcluster start c3
eventually 20 here c3 "$STOPS" 0
for t in $(stopped_after c3); do
	[ "$t" -gt 5500 ] || fail "c3 has forgotten when it was heard: $t ms"
done
devcluster plug c3
eventually 20 node_is c3 ready
eventually 20 all_count

# The server is gone for everybody: all stop, and all are replaced.
devcluster stop s1
for c in "${CLIENTS[@]}"; do eventually 20 here "$c" "$STOPS" 0; done
total_is "$STAYS" 3 || fail "what stays: $(total "$STAYS")"
devcluster start s1
eventually 30 all_count
