#!/bin/bash
# rove agent: what becomes of tasks, directories and locks when it is stopped
# gently, twice, by force, or killed; and who is refused beside it.
# shellcheck source=tests/sys/lib.sh
. "$(dirname "$0")/lib.sh"

export TMPDIR=$TEST_DIR/tmp
mkdir "$TMPDIR"

cat >"$TEST_DIR/ports.hcl" <<EOF
ports {
  http = $HTTP_PORT
  rpc  = $RPC_PORT
  serf = $SERF_PORT
}
lb {
  proxy = "127.0.0.1:$LB_PORT"
  ui    = "127.0.0.1:$LB_UI_PORT"
}
EOF

start_agent() { # ARG...: rove agent
	start agent rove agent -config "$TEST_DIR/ports.hcl" "$@"
	agent=$LAST_PID
	eventually 10 grep -q 'all daemons serve' "$TEST_DIR/agent.log"
	eventually 10 node_is_ready
}
gone() { ! kill -0 "$1" 2>/dev/null; }
ended() { # STATUS: the agent has
	local rc=0
	wait "$agent" || rc=$?
	expect_eq "$rc" "$1" "exit status"
}
nodeagent() {
	local p
	for p in $(pgrep -P "$agent"); do
		if [ "$(cat "/proc/$p/comm")" = nodeagent ]; then echo "$p"; fi
	done
}

# A task that does not end when it is asked to, and has a child of its own.
cat >"$TEST_DIR/stubborn.sh" <<EOF
trap '' INT TERM
sleep 86398 &
echo \$\$ \$! >"$TEST_DIR/pids.new"
mv "$TEST_DIR/pids.new" "$TEST_DIR/pids"
while :; do sleep 1; done
EOF
cat >"$TEST_DIR/stubborn.nomad" <<EOF
job "stubborn" {
  group "g" {
    task "t" {
      driver = "raw_exec"
      config {
        command = "/bin/sh"
        args    = ["$TEST_DIR/stubborn.sh"]
      }
      kill_timeout = "\${KILL_TIMEOUT}"
    }
  }
}
EOF
run_task() { # KILL_TIMEOUT
	rm -f "$TEST_DIR/pids"
	sed "s/\${KILL_TIMEOUT}/$1/" "$TEST_DIR/stubborn.nomad" |
		rove job run - >"$TEST_DIR/run.out" ||
		fail "job run: $(cat "$TEST_DIR/run.out")"
	eventually 10 test -e "$TEST_DIR/pids"
	read -r task inner <"$TEST_DIR/pids"
	shim=$(sed 's/.*) . \([0-9]*\) .*/\1/' "/proc/$task/stat")
	expect_eq "$(cat "/proc/$shim/comm")" shim
}
nothing_left() {
	local p
	for p in "$task" "$inner" "$shim"; do
		eventually 2 gone "$p"
	done
	expect_eq "$(ls -A "$TMPDIR")" "" "what is left in TMPDIR"
}

# A terminal's Ctrl-C and a script's TERM at once are one wish: nodeagent is
# given the time to stop the task.
start_agent -dev
run_task 2s
kill -INT "$agent"
kill -TERM "$agent"
sleep 0.3
kill -INT "$agent"
ended 0
grep -q 'killed by signal\|tasks were left\|Not waiting' "$TEST_DIR/agent.log" &&
	fail "a second signal was taken as another wish"
nothing_left

# Who does not want to wait says so again: the task ends all the same.
start_agent -dev
run_task 15s
began=$(date +%s)
kill -INT "$agent"
sleep 1.3
kill -INT "$agent"
ended 0
[ $(($(date +%s) - began)) -lt 8 ] || fail "it did wait"
expect_match "$(cat "$TEST_DIR/agent.log")" 'tasks were left and are killed n=1'
nothing_left

# Nor does a task outlive -dev when nodeagent was killed while stopping.
start_agent -dev
run_task 15s
node=$(nodeagent)
kill -INT "$agent"
sleep 0.5
kill -9 "$node"
ended 0
nothing_left

# What a killed -dev leaves is removed by the next, and by no other.
start_agent -dev
kids=$(pgrep -P "$agent")
first=$(ls -d "$TMPDIR"/rove-agent.*)
kill -9 "$agent"
for p in $kids; do eventually 10 gone "$p"; done
[ -d "$first" ] || fail "$first is gone by itself"
mkdir "$TMPDIR/rove-agent.other1" # nobody's lock is in it
start_agent -dev
[ -d "$first" ] && fail "$first was not removed"
[ -d "$TMPDIR/rove-agent.other1" ] || fail "what is not ours was removed"
rmdir "$TMPDIR/rove-agent.other1"
second=$(ls -d "$TMPDIR"/rove-agent.*)

# One that is in use stays: this one is refused for its ports.
rove agent -dev -config "$TEST_DIR/ports.hcl" >/dev/null 2>&1 && fail "a second agent"
expect_eq "$(ls -d "$TMPDIR"/rove-agent.*)" "$second"
kill -INT "$agent"
ended 0
expect_eq "$(ls -A "$TMPDIR")" ""

# Without -dev tasks go on while nobody is there, and are found again.
cat >>"$TEST_DIR/ports.hcl" <<EOF
bind_addr = "127.0.0.1"
data_dir  = "$TEST_DIR/data"
advertise {
  http = "127.0.0.1"
  rpc  = "127.0.0.1"
  serf = "127.0.0.1"
}
server { enabled = true }
client {
  enabled           = true
  network_interface = "lo"
}
plugin "raw_exec" { config { enabled = true } }
EOF
start_agent -run-dir "$TEST_DIR/run"
run_task 1s
eventually 10 has_allocs stubborn running 1

# A second agent on the same run_dir is refused and touches nothing.
cat >"$TEST_DIR/other.hcl" <<EOF
data_dir = "$TEST_DIR/data"
ports {
  http = $((HTTP_PORT + 20))
  rpc  = $((HTTP_PORT + 21))
  serf = $((HTTP_PORT + 22))
}
EOF
refused() { # PATTERN ARG...
	local rc=0 want=$1
	shift
	out=$(timeout 20 rove agent -config "$TEST_DIR/ports.hcl" \
		-config "$TEST_DIR/other.hcl" "$@" 2>&1) || rc=$?
	expect_eq "$rc" 1 "exit status: $out"
	expect_match "$out" "$want"
}
before=$(cat "$TEST_DIR"/run/agent/*.conf)
refused "another agent is here .* $TEST_DIR/run/agent is in use by process $agent" \
	-run-dir "$TEST_DIR/run"
expect_eq "$(cat "$TEST_DIR"/run/agent/*.conf)" "$before"

# So is one whose daemon finds the data in use: that does not heal.
refused 'Error starting agent: (gossipd|schedd|nodeagent): .*data_dir .* is in use by process' \
	-run-dir "$TEST_DIR/run2"
[ -e "$TEST_DIR/run2" ] && fail "run2 was left: $(ls -AR "$TEST_DIR/run2")"

kill -INT "$agent"
ended 0
gone "$task" && fail "the task went with its agent"
[ -e "$TEST_DIR/run" ] && fail "run was left: $(ls -AR "$TEST_DIR/run")"
mkdir "$TEST_DIR/run" # this one is ours, and stays
start_agent -run-dir "$TEST_DIR/run"
eventually 10 has_allocs stubborn running 1
gone "$task" && fail "the task was not kept"
rove job stop -detach stubborn >/dev/null
eventually 10 gone "$task"
eventually 5 gone "$inner"
eventually 5 gone "$shim"
kill -INT "$agent"
ended 0
expect_eq "$(ls -A "$TEST_DIR/run")" "" "what is left of run"

# What would only seem to protect is refused, with its place.
bad() {
	echo "$1" >"$TEST_DIR/other.hcl"
	refused "$2" -run-dir "$TEST_DIR/run"
	grep -q 'agent started' <<<"$out" && fail "started: $out"
	return 0
}
bad 'acl { enabled = true }' 'other\.hcl:1: acl\.enabled is not supported by this version'
bad 'tls { rpc_upgrade_mode = true }' 'other\.hcl:1: tls\.rpc_upgrade_mode is not supported by this version'
bad 'server { bootstrap_expect = 10 }' 'other\.hcl:1: server\.bootstrap_expect = 10: expected 1 to 9 servers'
bad 'log_level = "LOUD"' 'other\.hcl:1: log_level = "LOUD": expected'
bad 'ports { http = 99999 }' 'other\.hcl:1: ports\.http = 99999: expected a port'
sed -i '/^advertise/,/^}/d' "$TEST_DIR/ports.hcl"
bad '' 'Defaulting advertise to localhost is unsafe.*For one machine by itself: advertise'
echo ok
