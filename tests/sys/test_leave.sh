#!/bin/bash
# A node that is told to leave drains itself: its tasks go elsewhere, then it
# ends, and it is eligible again when it is back. One that is killed is
# noticed within five seconds, what it ran is replaced, and when it is back
# what is too many is stopped.
# shellcheck source=tests/sys/lib.sh
. "$(dirname "$0")/lib.sh"

write_configs
# The grace that is ours: it is about how soon a death is noticed.
sed -i '/lease_grace/d' "$TEST_DIR/schedd.conf"
# node NAME OFFSET: a nodeagent with all of its own
node() {
	mkdir -p "$TEST_DIR/$1.run"
	cat >"$TEST_DIR/$1.conf" <<-END
		name = "$1";
		servers = ( "tcp://127.0.0.1:$RPC_PORT" );
		http = "127.0.0.1:$((NODE_PORT + $2))";
		catalog_http = "";
		network_interface = "lo";
		raw_exec = true;
		docker = { enabled = false; };
		leave_on_terminate = true;
		drain_on_shutdown = { enabled = true; deadline = "30s"; };
		data_dir = "$DATA/$1";
		run_dir = "$TEST_DIR/$1.run";
	END
	start "$1" nodeagent -f "$TEST_DIR/$1.conf"
	NODE[$1]=$LAST_PID
}
declare -A NODE
# node_says NAME FILTER VALUE
node_says() {
	[ "$(curl -s "$NOMAD_ADDR/v1/nodes" | jq -r ".[] | select(.Name == \"$1\") | $2")" = "$3" ]
}
# runs NODE N: so many of the job's allocations run there
runs() {
	[ "$(curl -s "$NOMAD_ADDR/v1/job/sleep/allocations" |
		jq "[.[] | select(.NodeName == \"$1\" and .ClientStatus == \"running\" and .DesiredStatus == \"run\")] | length")" = "$2" ]
}
# processes there
procs() {
	[ "$(pgrep -fc -- "^/bin/sleep 31415$2\$" || true)" = "$1" ]
}
mark=$BASE

mkdir -p "$DATA"
up schedd
node one 0
node two 1
eventually 10 node_says one .Status ready
eventually 10 node_says two .Status ready
cat >"$TEST_DIR/sleep.nomad" <<-END
	job "sleep" {
	  group "g" {
	    count = 4
	    spread {
	      attribute = "\${node.unique.name}"
	    }
	    update {
	      min_healthy_time = "100ms"
	    }
	    migrate {
	      max_parallel     = 2
	      min_healthy_time = "100ms"
	    }
	    task "t" {
	      driver       = "raw_exec"
	      kill_timeout = "1s"
	      config {
	        command = "/bin/sleep"
	        args    = ["31415$mark"]
	      }
	      resources {
	        cpu    = 10
	        memory = 10
	      }
	    }
	  }
	}
END
rove job run -detach "$TEST_DIR/sleep.nomad" >/dev/null
eventually 5 runs one 2
eventually 5 runs two 2

# Told to leave: all runs on the other before it ends.
kill -TERM "${NODE[one]}"
wait "${NODE[one]}" || fail "nodeagent ended with $?"
grep -q 'drained$' "$TEST_DIR/one.log" || fail "it did not drain itself"
runs two 4 || fail "tasks were left behind"
eventually 5 procs 4 "$mark"
node_says one .SchedulingEligibility ineligible || fail "still eligible"
node_says one .LastDrain.Status complete || fail "the drain is not complete"

# Back: eligible again, and of use.
node one 0
eventually 10 node_says one .Status ready
eventually 5 node_says one .SchedulingEligibility eligible
[ ! -e "$DATA/one/drained" ] || fail "it remembers that it was drained"

# Killed: noticed within 5 s, and replaced.
kill -KILL "${NODE[two]}"
wait "${NODE[two]}" 2>/dev/null || true
eventually 5 node_says two .Status down
eventually 5 runs one 4
# Back: its tasks lived on, but are too many now.
node two 1
eventually 5 node_says two .Status ready
eventually 5 procs 4 "$mark"
eventually 5 runs one 4
runs two 0 || fail "replaced ones are counted"

# What is over is forgotten when somebody asks.
rove job stop -detach sleep >/dev/null
eventually 5 procs 0 "$mark"
eventually 5 has_allocs sleep running 0
rove system reconcile summaries
rove system gc
expect_eq "$(curl -s "$NOMAD_ADDR/v1/allocations" | jq length)" 0
expect_eq "$(curl -s "$NOMAD_ADDR/v1/evaluations" | jq length)" 0
expect_eq "$(curl -s "$NOMAD_ADDR/v1/jobs" | jq length)" 0
