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
ALONE="/bin/sleep 86394"
AFTER=4

# A batch job knows no update block.
updates() { # TYPE
	[ "$1" = batch ] || cat <<-END
		update {
		  health_check     = "task_states"
		  min_healthy_time = "200ms"
		}
	END
}

job() { # NAME TYPE COMMAND COUNT [DISCONNECT]
	cat <<-END
		job "$1" {
		  type = "$2"
		  group "g" {
		    count = $4
		    $(updates "$2")
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
all_count() { # each of the jobs is complete
	has_job_allocs stops '.ClientStatus == "running"' 3 && total_is "$STOPS" 3 &&
		has_job_allocs stays '.ClientStatus == "running"' 3 && total_is "$STAYS" 3 &&
		has_job_allocs works '.ClientStatus == "running"' 3 && total_is "$WORKS" 3 &&
		has_job_allocs alone '.ClientStatus == "running"' 1 && total_is "$ALONE" 1
}

devcluster up >"$TEST_DIR/up.out" || fail "up: $(cat "$TEST_DIR/up.out")"
fences="disconnect {
  stop_on_client_after = \"${AFTER}s\"
}"
spread='constraint {
  distinct_hosts = true
}'
job stops service "$STOPS" 3 "$spread
$fences" >"$TEST_DIR/stops.nomad"
job stays service "$STAYS" 3 "$spread" >"$TEST_DIR/stays.nomad"
job works batch "$WORKS" 3 "$spread
$fences" >"$TEST_DIR/works.nomad"
job alone service "$ALONE" 1 "$fences" >"$TEST_DIR/alone.nomad"
for j in stops stays works alone; do
	on s1 rove job run -detach "$TEST_DIR/$j.nomad" >"$TEST_DIR/run.out" ||
		fail "job run: $(cat "$TEST_DIR/run.out")"
done
eventually 20 all_count
settled() { [ "$(on s1 curl -s "http://127.0.0.1:4646/v1/job/$1/deployment" | jq -r .Status)" = successful ]; }
for j in stops stays alone; do eventually 20 settled $j; done

# Of one there are never two, not for a moment.
watch() {
	while [ ! -e "$TEST_DIR/enough" ]; do
		[ "$(total "$ALONE")" -le 1 ] || touch "$TEST_DIR/two"
	done
}
watch &
watcher=$!

# The cable of one is pulled, which is taken for lost some four seconds later.
# As every machine has one of each, nothing is put in the place of most.
for home in "${CLIENTS[@]}"; do
	here "$home" "$ALONE" 0 || break
done
before=$(processes "$home" "$STAYS")
devcluster unplug "$home"
eventually 20 node_is "$home" down
for command in "$STOPS" "$WORKS" "$ALONE"; do eventually 20 here "$home" "$command" 0; done
# After that much silence, which began when it asked last.
expect_eq "$(stopped_after "$home" | wc -l)" 3
for t in $(stopped_after "$home"); do
	if [ "$t" -lt $((AFTER * 1000)) ] || [ "$t" -gt $((AFTER * 1000 + 2000)) ]; then
		fail "stopped after $t ms of silence"
	fi
done
eventually 20 total_is "$ALONE" 1
touch "$TEST_DIR/enough"
wait "$watcher"
[ ! -e "$TEST_DIR/two" ] || fail "it ran twice"
# A nodeagent that restarts meanwhile brings nothing back.
devcluster stop "$home" KILL
devcluster start "$home"
eventually 20 grep -q 'allocations taken up count=4' "$DC_DIR/$home/agent.log"
sleep 1
here "$home" "$STOPS" 0 || fail 'it is back'
expect_eq "$(processes "$home" "$STAYS")" "$before" "what goes on"
devcluster plug "$home"
began=$(now_ms)
eventually 20 node_is "$home" ready
eventually 20 all_count
took=$(($(now_ms) - began))
for j in stops works alone; do
	expect_eq "$(job_allocs $j '.ClientStatus == "lost"')" 1 "lost of $j"
done
# The batch one did not end well: it is done again, and is no success.
expect_eq "$(job_allocs works '.ClientStatus == "complete"')" 0
lost=$(on s1 curl -s http://127.0.0.1:4646/v1/job/stops/allocations | jq -r '.[] | select(.ClientStatus == "lost") | .ID')
on s1 curl -s "http://127.0.0.1:4646/v1/allocation/$lost" |
	jq -e '.TaskStates.t | .Failed and ([.Events[].Type] | index("Disconnected") != null)' >/dev/null ||
	fail "not told of $lost"
[ "$took" -lt 10000 ] || fail "counts were exact after $took ms"
echo "counts are exact $took ms after the client is back"

# Another is gone for less than that: nothing is stopped by itself.
mapfile -t others < <(printf '%s\n' "${CLIENTS[@]}" | grep -v "$home")
devcluster unplug "${others[0]}"
sleep 1.5
devcluster plug "${others[0]}"
eventually 20 node_is "${others[0]}" ready
eventually 20 all_count
expect_eq "$(stopped_after "${others[0]}")" ""

# nodeagent is killed, and is not back before the network is gone: the new one
# knows from when on nobody heard of the node.
last=${others[1]}
devcluster stop "$last" KILL
devcluster unplug "$last"
sleep 3
devcluster start "$last"
eventually 20 here "$last" "$STOPS" 0
for t in $(stopped_after "$last"); do
	[ "$t" -gt 5500 ] || fail "$last has forgotten when it was heard: $t ms"
done
devcluster plug "$last"
eventually 20 node_is "$last" ready
eventually 20 all_count

# The server is gone for everybody: all stop, and all are replaced.
devcluster stop s1
for c in "${CLIENTS[@]}"; do eventually 20 here "$c" "$STOPS" 0; done
total_is "$STAYS" 3 || fail "what stays: $(total "$STAYS")"
devcluster start s1
eventually 30 all_count
