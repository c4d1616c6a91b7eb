#!/bin/bash
# A client without its network: lost within its lease, replaced where that is
# allowed, and back without anything doubled. Then drains, and a server that
# restarts while tasks go on.
# shellcheck source=tests/sys/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/sys/devcluster.sh
. "$(dirname "$0")/devcluster.sh"

SYS="/bin/sleep 86399"
SVC="/bin/sleep 86398"

# A system job knows no migrate block.
moves() { # TYPE
	[ "$1" = system ] || cat <<-END
		migrate {
		  health_check     = "task_states"
		  min_healthy_time = "200ms"
		}
	END
}

job() { # NAME TYPE COMMAND COUNT
	cat <<-END
		job "$1" {
		  type = "$2"
		  group "g" {
		    count = $4
		    update {
		      health_check     = "task_states"
		      min_healthy_time = "200ms"
		    }
		    $(moves "$2")
		    task "t" {
		      driver = "raw_exec"
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

# How many processes of the job each client has, as "c1:1 c2:1 c3:1".
spread() { # COMMAND
	local c
	for c in "${CLIENTS[@]}"; do
		echo "$c:$(processes "$c" "$1" | wc -w)"
	done | xargs
}

spread_is() { # COMMAND SPREAD
	[ "$(spread "$1")" = "$2" ]
}

total_is() { # COMMAND N
	[ "$(spread "$1" | grep -o ':[0-9]*' | awk -F: '{ n += $2 } END { print n }')" = "$2" ]
}

all_pids() { # of both jobs, on all clients
	local c
	for c in "${CLIENTS[@]}"; do
		echo "$c: $(processes "$c" "$SYS") $(processes "$c" "$SVC")"
	done
}

all_ready() {
	local c
	for c in "${CLIENTS[@]}"; do node_is "$c" ready || return 1; done
}

settled() { # JOB
	[ "$(on s1 curl -s "http://127.0.0.1:4646/v1/job/$1/deployment" | jq -r .Status)" = successful ]
}

devcluster up >"$TEST_DIR/up.out" || fail "up: $(cat "$TEST_DIR/up.out")"
job sys system "$SYS" 1 >"$TEST_DIR/sys.nomad"
job svc service "$SVC" 3 >"$TEST_DIR/svc.nomad"
for j in sys svc; do
	on s1 rove job run "$TEST_DIR/$j.nomad" >"$TEST_DIR/run.out" ||
		fail "job run: $(cat "$TEST_DIR/run.out")"
done
eventually 10 spread_is "$SYS" "c1:1 c2:1 c3:1"
eventually 10 spread_is "$SVC" "c1:1 c2:1 c3:1"
eventually 10 settled svc

# The cable of c1 is pulled. Its lease is at most 4 s, and 2 s of grace.
devcluster unplug c1
eventually 8 node_is c1 down
eventually 2 has_job_allocs svc '.ClientStatus == "lost"' 1
eventually 2 has_job_allocs svc '.ClientStatus == "running"' 3
expect_eq "$(job_allocs sys '.ClientStatus == "lost"')" 1
expect_eq "$(job_allocs sys '.ClientStatus == "running"')" 2
# What is cut off goes on, and there are four of the service for now.
expect_eq "$(spread "$SYS")" "c1:1 c2:1 c3:1"
eventually 5 total_is "$SVC" 4

# It comes back: one of each kind is stopped there, one is started.
devcluster plug c1
eventually 5 node_is c1 ready
eventually 10 total_is "$SVC" 3
eventually 10 spread_is "$SYS" "c1:1 c2:1 c3:1"
eventually 5 has_job_allocs svc '.ClientStatus == "running"' 3
eventually 5 has_job_allocs sys '.ClientStatus == "running"' 3
expect_eq "$(processes c1 "$SVC")" ""
expect_eq "$(job_allocs svc '.ClientStatus == "lost"')" 0

# What may wait for its node is unknown meanwhile, and the same again then.
WAIT="/bin/sleep 86397"
cat >"$TEST_DIR/wait.nomad" <<-END
	job "wait" {
	  constraint {
	    attribute = "\${node.unique.name}"
	    value     = "c1"
	  }
	  group "g" {
	    disconnect {
	      lost_after = "10m"
	      replace    = false
	    }
	    task "t" {
	      driver = "raw_exec"
	      config {
	        command = "${WAIT% *}"
	        args    = ["${WAIT#* }"]
	      }
	      resources {
	        cpu    = 20
	        memory = 20
	      }
	    }
	  }
	}
END
on s1 rove job run -detach "$TEST_DIR/wait.nomad" >/dev/null
eventually 10 has_job_allocs wait '.ClientStatus == "running"' 1
before=$(processes c1 "$WAIT")
devcluster unplug c1
eventually 8 node_is c1 disconnected
eventually 5 has_job_allocs wait '.ClientStatus == "unknown"' 1
eventually 5 has_job_allocs svc '.ClientStatus == "running"' 3
devcluster plug c1
eventually 5 node_is c1 ready
eventually 5 has_job_allocs wait '.ClientStatus == "running"' 1
expect_eq "$(processes c1 "$WAIT")" "$before"
on s1 rove job stop -purge -detach wait >/dev/null
eventually 10 spread_is "$SYS" "c1:1 c2:1 c3:1"
eventually 10 total_is "$SVC" 3
eventually 5 has_job_allocs svc '.ClientStatus == "lost"' 0

# The network swallows everything for longer, and no link goes down: TCP would
# not try again before another twelve seconds.
bridge -n "$DC_PREFIX-net" link set dev c1 state 0
eventually 8 node_is c1 down
sleep 7
bridge -n "$DC_PREFIX-net" link set dev c1 state 3
eventually 8 node_is c1 ready
eventually 10 spread_is "$SYS" "c1:1 c2:1 c3:1"
eventually 5 has_job_allocs sys '.ClientStatus == "running"' 3
expect_eq "$(processes c1 "$SVC")" ""

# A machine that loses its power loses its tasks. What has been replaced is not
# started there again, not even for a moment; the system job is.
devcluster off c3
eventually 8 node_is c3 down
eventually 5 has_job_allocs svc '.ClientStatus == "running"' 3
devcluster start c3
eventually 8 node_is c3 ready
eventually 10 spread_is "$SYS" "c1:1 c2:1 c3:1"
expect_eq "$(processes c3 "$SVC")" ""
eventually 5 has_job_allocs sys '.ClientStatus == "running"' 3
eventually 5 has_job_allocs svc '.ClientStatus == "lost"' 0
lost=$(on s1 curl -s http://127.0.0.1:4646/v1/job/svc/allocations |
	jq -r '.[] | select(.NodeName == "c3" and .ClientStatus != "running") | .ID')
[ -n "$lost" ] || fail "c3 has lost nothing"
for a in $lost; do
	! grep -q "task started alloc=$a task=t pid=[0-9]*$" <(sed '1,/allocations taken up/d' "$DC_DIR/c3/agent.log") ||
		fail "$a was started again"
done
total_is "$SVC" 3 || fail "the service: $(spread "$SVC")"

# A drain, asked for on the machine itself: everything leaves, one after the
# other, the system job last; the command tells and ends. That an allocation is
# marked it tells only if it looks before it has ended.
out=$(on c2 rove node drain -enable -deadline 1m -m "new disk" -self)
node=$(node_line c2 | cut -c1-8)
for line in 'Ctrl-C to stop monitoring: will not cancel the node drain' \
	"Node \"${node}[0-9a-f-]*\" drain strategy set" \
	'Alloc "[0-9a-f-]{36}" status running -> complete' \
	"Node \"${node}[0-9a-f-]*\" has marked all allocations for migration" \
	"All allocations on node \"${node}[0-9a-f-]*\" have stopped"; do
	expect_match "$out" "[0-9]T[0-9:]*(Z|[+-][0-9:]*): $line"
done
expect_eq "$(spread "$SYS")" "c1:1 c2:0 c3:1"
expect_eq "$(processes c2 "$SVC")" ""
eventually 10 total_is "$SVC" 3
expect_match "$(node_line c2)" ' false +ineligible +ready$'
last_drain() { on s1 curl -s http://127.0.0.1:4646/v1/nodes | jq -r ".[] | select(.Name == \"c2\") | .LastDrain$1"; }
expect_eq "$(last_drain .Status)" complete
expect_eq "$(last_drain .Meta.message)" "new disk"

# A drain that waits is followed by a second command, and ended by a third: of
# the two that a machine has of the service now, one has to stay.
eventually 10 settled svc
full=$(spread "$SVC" | grep -o 'c[0-9]:2' | cut -d: -f1)
for c in "${CLIENTS[@]}"; do
	[ "$c" = "$full" ] || on "$c" rove node eligibility -disable -self >/dev/null
done
on "$full" rove node drain -enable -no-deadline -detach -self >/dev/null
expect_match "$(node_line "$full")" ' true +ineligible +ready$'
on s1 rove node drain -monitor "$(node_line "$full" | cut -c1-8)" >"$TEST_DIR/monitor.out" &
eventually 5 grep -q 'Monitoring node' "$TEST_DIR/monitor.out"
eventually 5 total_is "$SVC" 2
sleep 1
expect_match "$(node_line "$full")" ' true +ineligible +ready$'
on "$full" rove node drain -disable -self >/dev/null
wait $! || fail "the monitor: $(cat "$TEST_DIR/monitor.out")"
expect_match "$(cat "$TEST_DIR/monitor.out")" 'Drain of node "[0-9a-f-]*" canceled'
expect_match "$(node_line "$full")" ' false +eligible +ready$'

# Open again: the system job comes back, the service stays where it is.
on c2 rove node drain -disable -self >/dev/null
for c in "${CLIENTS[@]}"; do
	on "$c" rove node eligibility -enable -self >/dev/null
done
eventually 10 spread_is "$SYS" "c1:1 c2:1 c3:1"
eventually 10 total_is "$SVC" 3

# The server restarts, gently and not: nothing changes for tasks.
eventually 10 all_ready
before=$(all_pids)
for signal in TERM KILL; do
	devcluster stop s1 "$signal"
	sleep 1
	devcluster start s1
	eventually 15 all_ready
	expect_eq "$(all_pids)" "$before" "after $signal of the server"
done

# And the clients hear it: what is stopped, stops.
for j in sys svc; do
	on s1 rove job stop -detach "$j" >/dev/null
done
eventually 10 total_is "$SYS" 0
eventually 10 total_is "$SVC" 0
