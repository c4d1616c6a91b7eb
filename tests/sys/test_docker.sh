#!/bin/bash
# Tasks in a real Docker Engine: what they say and how they end, nodeagent and
# the engine killed under them, images that are not there, leftovers.
# shellcheck source=tests/sys/lib.sh
. "$(dirname "$0")/lib.sh"

# shellcheck source=tests/sys/docker.sh
. "$(dirname "$0")/docker.sh"

write_configs
cat >>"$TEST_DIR/nodeagent.conf" <<EOF2
docker = {
	endpoint = "unix://$SOCK";
	gc = { dangling_containers = { period = "1s"; creation_grace = "0s"; }; };
};
EOF2
up "${ALL[@]}"
eventually 20 node_is_ready

driver_is true || fail "the node came without its engine"
expect_eq "$(driver '.Attributes["driver.docker.version"]')" \
	"$(engine GET /version | jq -r .Version)"

# job NAME TYPE SCRIPT [IMAGE [COMMAND]]: of one task, not started again where it fails
job() {
	cat >"$TEST_DIR/$1.nomad" <<EOF2
job "$1" {
  type = "$2"
  group "g" {
    restart {
      attempts = 1
      delay    = "100ms"
      mode     = "fail"
    }
    reschedule {
      attempts  = 0
      unlimited = false
    }
    task "t" {
      driver = "docker"
      config {
        image        = "${4:-busybox:1}"
        network_mode = "host"
        command      = "${5:-/bin/sh}"
        args         = ["-c", "$3"]
      }
      kill_timeout = "300ms"
      resources {
        cpu    = 10
        memory = 32
      }
    }
  }
}
EOF2
	rove job run -detach "$TEST_DIR/$1.nomad" >/dev/null || fail "job run $1"
}

# What it says, its exit code, and that nothing of it is left.
job talker batch 'echo out; echo err >&2; exit 3'
eventually 20 has_allocs talker failed 1
has_event talker 'Terminated: Exit Code: 3, Exit Message: "Docker container exited with non-zero exit code: 3"' ||
	fail "$(events talker)"
expect_eq "$(rove alloc logs "$(alloc_of talker)")" $'out\nout' # restarted once
expect_eq "$(rove alloc logs -stderr "$(alloc_of talker)" 2>&1)" $'err\nerr'
eventually 10 has_containers 0

# Images that no registry has, and a task that its engine cannot start.
job lost batch true 127.0.0.1:1/none:1
job broken batch true busybox:1 /bin/none
eventually 20 has_allocs lost failed 1
has_event lost 'Driver: Downloading image' || fail "$(events lost)"
# shellcheck disable=SC2016 # they are no command
has_event lost 'Driver Failure: Failed to pull `127.0.0.1:1/none:1`: API error (' ||
	fail "$(events lost)"
eventually 20 has_event broken 'Driver Failure: Failed to start container'
eventually 10 has_containers 0

# One that takes more memory than it has.
# shellcheck disable=SC2016 # the task's shell expands it
job hungry batch 'x=0123456789; while :; do x=$x$x; done'
eventually 20 has_event hungry 'Exit Code: 137, Exit Message: "OOM Killed"'
eventually 20 has_allocs hungry failed 1
eventually 10 has_containers 0

# Much at once: nothing of it is lost, though the engine's own files are full
# long before we have read it all. seq_job NAME FIRST LAST [AFTERWARDS]
seq_job() {
	job "$1" batch "seq $2 $3; echo 'done' >&2; ${4:-true}"
}
expect_seq() { # JOB FIRST LAST
	expect_eq "$(rove alloc logs "$(alloc_of "$1")" | md5sum)" "$(seq "$2" "$3" | md5sum)"
	expect_eq "$(rove alloc logs -stderr "$(alloc_of "$1")" 2>&1)" 'done'
}
seq_job torrent 100001 400000 'sleep 3' # for which a slow engine may need
eventually 60 has_allocs torrent complete 1
expect_seq torrent 100001 400000

# nodeagent is killed in the middle of a line, and comes back.
seq_job broken-off 1 20000 'echo -n 2000; sleep 1; echo 1; seq 20002 40000; sleep 1'
eventually 20 has_allocs broken-off running 1
sleep 0.3
down KILL nodeagent
sleep 0.3
up nodeagent
eventually 20 has_allocs broken-off complete 1
expect_seq broken-off 1 40000
eventually 10 has_containers 0

# nodeagent is killed: the container goes on, and so does its output.
# shellcheck disable=SC2016 # the task's shell expands it
job counter service 'trap exit TERM; i=0; while :; do echo $i; i=$((i+1)); sleep 0.01; done'
eventually 20 has_allocs counter running 1
id=$(alloc_of counter)
eventually 5 grep -q "container runs container=t-$id .*pid=[1-9]" "$TEST_DIR/nodeagent.log"
if grep "task started .*pid=0" "$TEST_DIR/nodeagent.log"; then fail "a process that is none"; fi
container=$(engine GET /containers/json | jq -r '.[0].Id')
# What its cgroups count.
expect_eq "$(curl -s "$NOMAD_ADDR/v1/client/allocation/$id/stats" | jq -c \
	'.Tasks.t.ResourceUsage.MemoryStats | [.Usage > 0, (.Measured | index("Cache")) != null]')" \
	'[true,true]'
same_container() {
	engine GET "/containers/$container/json" | jq -e .State.Running
}
down KILL nodeagent
sleep 0.5
up nodeagent
eventually 20 grep -q "task found .*task=t" "$TEST_DIR/nodeagent.log"
same_container >/dev/null || fail "the container is not the same"
sleep 0.3

# One that ends while nodeagent is away: its end is told afterwards.
job ender batch 'sleep 3; echo last; exit 4'
eventually 20 has_allocs ender running 1
down KILL nodeagent
has_running() { [ "$(engine GET /containers/json | jq length)" = "$1" ]; }
has_running 2 || fail 'it ended too early'
eventually 20 has_running 1
up nodeagent
eventually 20 has_event ender 'Terminated: Exit Code: 4'
expect_match "$(rove alloc logs "$(alloc_of ender)")" '^last'

# The engine is killed: nothing is said of its task, which goes on.
down KILL dockerd
kill -9 "$(cat "$ENGINE/exec/containerd/containerd.pid")" || true
rm -f "$ENGINE/exec/containerd/containerd.pid" "$ENGINE/pid"
eventually 10 driver_is false
expect_eq "$(driver .HealthDescription)" 'Failed to connect to docker daemon'
expect_eq "$(allocs counter running)" 1
engine_up --live-restore
eventually 10 driver_is true
same_container >/dev/null || fail "the container is not the same"
expect_eq "$(events counter | tail -n 1)" 'Started: Task started by client'
expect_match "$(rove node status -verbose "$(node_id)")" \
	'Driver docker is not healthy'
sleep 1.5 # its output is followed again

# Every number is there once, in order, whoever was killed meanwhile.
rove alloc logs "$id" >"$TEST_DIR/lines"
n=$(wc -l <"$TEST_DIR/lines")
seq 0 $((n - 1)) | cmp - "$TEST_DIR/lines" || fail "output lost or doubled"
[ "$n" -gt 100 ] || fail "only $n lines of output"

# It stops, and takes its containers along; when it is back the restart
# policy goes on.
down TERM dockerd
engine_up
eventually 20 has_event counter 'Restarting: Restart within policy'
eventually 20 has_allocs counter running 1

# Told to stop: the signal, then the kill, and the container is removed.
rove job stop -detach counter >/dev/null
eventually 10 has_allocs counter complete 1
eventually 10 has_containers 0

# A container with our node's label that no task knows is removed; one of
# another node, or of Nomad, is not ours.
engine POST '/containers/create?name=left' -H 'Content-Type: application/json' \
	-d '{"Image": "busybox:1", "Cmd": ["true"],
	     "Labels": {"com.hashicorp.nomad.alloc_id": "none",
	                "rove.node.id": "'"$(node_id)"'"}}' >/dev/null
eventually 10 has_containers 0
engine POST '/containers/create?name=other' -H 'Content-Type: application/json' \
	-d '{"Image": "busybox:1", "Cmd": ["true"],
	     "Labels": {"com.hashicorp.nomad.alloc_id": "none"}}' >/dev/null
sleep 1.5
has_containers 1 || fail "a container that is not ours is gone"

down TERM "${ALL[@]}"
engine DELETE '/containers/other?force=1'
down TERM dockerd
