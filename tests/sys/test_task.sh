#!/bin/bash
# What becomes of single tasks: one of another user, one that is killed, one
# that asks for what this version cannot do, two that ask for the same port.
# shellcheck source=tests/sys/lib.sh
. "$(dirname "$0")/lib.sh"

cluster_up

# job NAME DRIVER-CONFIG [EXTRA]: a batch job of one task, not started again
job() {
	cat >"$TEST_DIR/$1.nomad" <<EOF2
job "$1" {
  type = "batch"
  group "g" {
    restart {
      attempts = 0
      mode     = "fail"
    }
    reschedule {
      attempts  = 0
      unlimited = false
    }
    task "t" {
      driver = "raw_exec"
      config {
        $2
      }
      ${3:-}
      resources {
        cpu    = 10
        memory = 10
      }
    }
  }
}
EOF2
	rove job run -detach "$TEST_DIR/$1.nomad" >/dev/null || fail "job run $1"
}

# event JOB TYPE MEMBER: of its task
event() {
	curl -s "$NOMAD_ADDR/v1/job/$1/allocations" |
		jq -r ".[0].TaskStates.t.Events[] | select(.Type == \"$2\") | $3"
}

# The node hands on what is not its own, to the server that it knows.
expect_eq "$(http_code "http://127.0.0.1:$NODE_PORT/v1/jobs")" 200
expect_eq "$(http_code "http://127.0.0.1:$NODE_PORT/v1/job/none")" 404

# Of another user: it can reach its own directory and write there.
if [ "$(id -u)" -eq 0 ]; then
	# What is above the test's directory is not rove's to open.
	up=$TEST_DIR
	while [ "$up" != /tmp ] && [ "$up" != / ]; do
		chmod o+x "$up"
		up=$(dirname "$up")
	done
	# shellcheck disable=SC2016 # the task's shell expands it
	job nobody 'command = "/bin/sh"
        args = ["-c", "id -un && touch $${NOMAD_TASK_DIR}/mine && pwd"]' 'user = "nobody"'
	eventually 10 has_allocs nobody complete 1
	id=$(curl -s "$NOMAD_ADDR/v1/job/nobody/allocations" | jq -r '.[0].ID')
	expect_match "$(rove alloc logs "$id")" '^nobody'

	# What we write as root, it can neither write nor replace.
	# shellcheck disable=SC2016 # the task's shell expands it
	job planter 'command = "/bin/sh"
        args = ["-c", "cd $${NOMAD_ALLOC_DIR}; ln -s /x logs/t.stdout.1; mv logs was; ls -A logs; touch mine data/mine && echo fine"]' 'user = "nobody"'
	eventually 10 has_allocs planter complete 1
	id=$(curl -s "$NOMAD_ADDR/v1/job/planter/allocations" | jq -r '.[0].ID')
	expect_eq "$(rove alloc logs "$id")" 't.stderr.0
t.stdout.0
fine'
fi

# No descriptor of ours reaches a task.
# shellcheck disable=SC2016 # the task's shell expands it
job fds 'command = "/bin/sh"
        args = ["-c", "ls /proc/$$/fd; exit 0"]'
eventually 10 has_allocs fds complete 1
id=$(curl -s "$NOMAD_ADDR/v1/job/fds/allocations" | jq -r '.[0].ID')
expect_eq "$(rove alloc logs "$id" | tr '\n' ' ')" '0 1 2 '

# What the servers have forgotten goes, its id first.
dir=$DATA/nodeagent/alloc
[ -d "$dir/$id/t" ] || fail "the allocation's directory is not there"
rove job stop -purge -detach fds >/dev/null || fail "job stop"
curl -s -X PUT "$NOMAD_ADDR/v1/system/gc" >/dev/null
eventually 10 test ! -e "$dir/$id"
eventually 10 rmdir "$dir/.trash" # it is empty

# A killed task: as the shell counts, 128 and the signal.
job killed 'command = "/bin/sleep"
        args = ["1000"]'
eventually 10 has_allocs killed running 1
kill -9 "$(nodectl -r "$RUN" allocs | awk -F'\t' '$2 == "killed" { print $8 }')"
eventually 10 has_allocs killed failed 1
expect_eq "$(event killed Terminated .ExitCode)" 137
expect_eq "$(event killed Terminated .Signal)" 9
grep -q 'task ended .*task=t exit_code=137 signal=9' "$TEST_DIR/nodeagent.log" ||
	fail "the log does not tell of the task's end"

# What would be passed over fails instead.
job templated 'command = "/bin/true"' 'template {
        data        = "x"
        destination = "local/x"
      }'
eventually 10 has_allocs templated failed 1
expect_match "$(event templated 'Driver Failure' .DisplayMessage)" 'template blocks are not supported'

# A port that the task asks for itself, as jobs did before groups could: it is
# told of it, and nobody else on the node gets it.
port_job() { # NAME
	cat <<EOF2
job "$1" {
  group "g" {
    task "t" {
      driver = "raw_exec"
      config {
        command = "/bin/sh"
        args    = ["-c", "echo \$\${NOMAD_ADDR_lb} \$\${NOMAD_PORT_lb}; exec sleep 1000"]
      }
      resources {
        cpu    = 10
        memory = 10
        network {
          mbits = 20
          port "lb" {
            static = 19998
          }
          port "ui" {}
        }
      }
    }
  }
}
EOF2
}
port_job ports >"$TEST_DIR/ports.nomad"
port_job rival >"$TEST_DIR/rival.nomad"
rove job run -detach "$TEST_DIR/ports.nomad" >/dev/null || fail "job run ports"
eventually 10 has_allocs ports running 1
id=$(curl -s "$NOMAD_ADDR/v1/job/ports/allocations" | jq -r '.[0].ID')
tells_port() {
	rove alloc logs "$id" | grep -Eq '^[0-9.]+:19998 19998$'
}
eventually 10 tells_port
given=$(curl -s "$NOMAD_ADDR/v1/allocation/$id" | jq -c .)
net=$(echo "$given" | jq -c '.AllocatedResources.Tasks.t.Networks[0]')
expect_eq "$(echo "$net" | jq -c '.ReservedPorts[0] | [.Label, .Value]')" '["lb",19998]'
expect_eq "$(echo "$net" | jq .MBits)" 20
expect_eq "$(echo "$given" | jq -c '.TaskResources.t.Networks[0].ReservedPorts[0].Value')" 19998
expect_match "$(rove alloc status "$id")" 'lb: [0-9.]+:19998'
rove job run -detach "$TEST_DIR/rival.nomad" >/dev/null || fail "job run rival"
collides() {
	rove job status rival | grep -q 'network: reserved port collision lb=19998'
}
eventually 10 collides
has_allocs rival running 0 || fail "a port was given twice"
rove job stop -detach ports >/dev/null || fail "job stop ports"
eventually 20 has_allocs rival running 1
down TERM "${ALL[@]}"
