#!/bin/bash
# rove agent: its banner, what it starts, how it stops, what it does about
# children that die, launchers that die, bad files and taken ports.
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

start_dev() {
	start dev rove agent -dev -config "$TEST_DIR/ports.hcl"
	dev=$LAST_PID
	eventually 10 grep -q 'all daemons serve' "$TEST_DIR/dev.log"
}
run_dir() { sed -n 's/^ *Run Dir: //p' "$TEST_DIR/dev.log"; }
# The launcher's child that runs the program.
child() {
	local p
	for p in $(pgrep -P "$dev"); do
		if [ "$(cat "/proc/$p/comm" 2>/dev/null)" = "$1" ]; then echo "$p"; fi
	done
}
gone() { ! kill -0 "$1" 2>/dev/null; }
node_ready() { rove node status | grep -q ' ready$'; }

# The banner, and five daemons under one launcher.
start_dev
log=$(cat "$TEST_DIR/dev.log")
for line in '==> Starting rove agent\.\.\.' \
	'                Client: true' \
	'             Log Level: DEBUG' \
	'                Region: global \(DC: dc1\)' \
	'                Server: true' \
	'==> rove agent started! Log data will stream in below:'; do
	expect_match "$log" "$line"
done
for d in metricsd gossipd schedd nodeagent lbd; do
	[ -n "$(child $d)" ] || fail "$d does not run"
	expect_match "$log" "    [0-9TZ:.-]+ \[INFO\] $d: ready"
done
eventually 10 node_ready
expect_eq "$(http_code "http://127.0.0.1:$METRICS_PORT/v1/metrics")" 200
expect_eq "$(http_code "http://127.0.0.1:$LB_UI_PORT/health")" 200

# A task of -dev goes when the agent goes.
cat >"$TEST_DIR/sleep.nomad" <<EOF
job "sleep" {
  datacenters = ["dc1"]
  group "g" {
    task "t" {
      driver = "raw_exec"
      config {
        command = "/bin/sleep"
        args    = ["86399"]
      }
    }
  }
}
EOF
rove job run "$TEST_DIR/sleep.nomad" >"$TEST_DIR/run.out" ||
	fail "job run: $(cat "$TEST_DIR/run.out")"
task_pid() {
	local p
	for p in $(pgrep -f '^/bin/sleep 86399$'); do
		if tr '\0' '\n' <"/proc/$p/environ" 2>/dev/null |
			grep -q "^NOMAD_ALLOC_DIR=$TMPDIR"; then echo "$p"; fi
	done
}
has_task() { [ -n "$(task_pid)" ]; }
eventually 10 has_task
task=$(task_pid)

# A second agent on the same ports is refused, and names the port.
out=$(rove agent -dev -config "$TEST_DIR/ports.hcl" 2>&1) && fail "a second agent"
expect_match "$out" "Error starting agent: .*:[0-9]+ is already in use"
expect_match "$out" "$METRICS_PORT"

# A child that is killed comes back; the task did not notice.
old=$(child nodeagent)
kill -9 "$old"
new_child() { [ -n "$(child nodeagent)" ] && [ "$(child nodeagent)" != "$old" ]; }
eventually 5 new_child
expect_match "$(cat "$TEST_DIR/dev.log")" '    [0-9TZ:.-]+ \[ERROR\] agent: nodeagent was killed by signal 9'
eventually 10 node_ready
gone "$task" && fail "the task went with its nodeagent"

# SIGHUP: the files are read again. A bad one changes nothing.
echo 'log_level = "WARN"' >>"$TEST_DIR/ports.hcl"
kill -HUP "$dev"
lbd_warns() { grep -q 'log_level = "WARN"' "$(run_dir)/agent/lbd.conf"; }
eventually 5 lbd_warns
echo 'bogus = 1' >>"$TEST_DIR/ports.hcl"
kill -HUP "$dev"
eventually 5 grep -q 'unexpected keys bogus' "$TEST_DIR/dev.log"
eventually 5 lbd_warns
sed -i '/bogus/d; /log_level/d' "$TEST_DIR/ports.hcl"

# Ctrl-C stops all, the last started first, and leaves nothing.
kids=$(pgrep -P "$dev")
kill -INT "$dev"
rc=0
wait "$dev" || rc=$?
expect_eq "$rc" 0 "exit status"
expect_match "$(cat "$TEST_DIR/dev.log")" '==> Caught signal: interrupt'
for p in $kids; do gone "$p" || fail "process $p is left"; done
eventually 2 gone "$task"
expect_eq "$(ls -A "$TMPDIR")" ""

# A launcher that is killed takes its children along.
start_dev
kids=$(pgrep -P "$dev")
[ "$(echo "$kids" | wc -l)" = 5 ] || fail "children: $kids"
kill -9 "$dev"
for p in $kids; do eventually 5 gone "$p"; done
rm -rf "$TMPDIR"/rove-agent.*

# One that is killed while it starts them, too, at whatever moment that is.
ours() { pgrep -f -- "^[^ ]*/(metricsd|gossipd|schedd|nodeagent|lbd) -f $TEST_DIR/run[0-9]/"; }
none_of_ours() { ! ours >/dev/null; }
for i in 1 2 3 4 5 6; do
	rove agent -dev -config "$TEST_DIR/ports.hcl" -run-dir "$TEST_DIR/run$i" \
		>"$TEST_DIR/dev.log" 2>&1 &
	dev=$!
	PIDS+=("$dev")
	until pgrep -P "$dev" >/dev/null; do gone "$dev" && fail "no child"; done
	sleep "0.0$((i - 1))$((RANDOM % 10))"
	kill -9 "$dev"
	wait "$dev" || true
	eventually 5 none_of_ours
done
rm -rf "$TMPDIR"/rove-agent.*
rc=0
out=$(timeout 10 metricsd -P 1 -r "$TEST_DIR/run8" 2>&1) || rc=$?
expect_eq "$rc" 1 "exit status without its parent"
expect_match "$out" 'the parent is gone'

# Who reads its log goes away: that ends it in order.
rc=0
timeout 20 rove agent -dev -config "$TEST_DIR/ports.hcl" -run-dir "$TEST_DIR/run7" \
	2>&1 | head -n 3 >"$TEST_DIR/head" || rc=$?
expect_eq "$rc" 1 "exit status without a reader"
expect_match "$(cat "$TEST_DIR/head")" 'Starting rove agent'
none_of_ours || fail "left: $(ours)"
expect_eq "$(ls -A "$TMPDIR")" ""

# Nobody reads its log: everything goes on, and it stops when told to.
mkfifo "$TEST_DIR/pipe"
exec 9<>"$TEST_DIR/pipe"
rove agent -dev -config "$TEST_DIR/ports.hcl" >"$TEST_DIR/pipe" 2>&1 9>&- &
dev=$!
PIDS+=("$dev")
eventually 10 node_ready
for _ in $(seq 150); do
	kill -HUP "$dev"
	sleep 0.02
done
old=$(child lbd)
kill -9 "$old"
new_lbd() { [ -n "$(child lbd)" ] && [ "$(child lbd)" != "$old" ]; }
eventually 5 new_lbd
kids=$(pgrep -P "$dev")
kill -TERM "$dev"
eventually 15 gone "$dev"
exec 9>&-
for p in $kids; do gone "$p" || fail "process $p is left"; done
expect_eq "$(ls -A "$TMPDIR")" ""

# What is wrong with a file is said with its place.
bad() {
	rc=0
	printf '%s' "$1" >"$TEST_DIR/bad.hcl"
	out=$(rove agent -config "$TEST_DIR/bad.hcl" 2>&1) || rc=$?
	expect_eq "$rc" 1 "exit status for $1"
	expect_match "$out" "$2"
}
bad 'client { enabled = [' 'bad\.hcl: At 1:2[0-9]: '
bad 'server { enabeld = true }' 'server unexpected keys enabeld'
bad 'client { enabled = true }' 'Must specify'
bad '' 'Must specify either server, client or dev mode'
# What a daemon says of its own config has its name once.
start named rove agent -dev -config "$TEST_DIR/ports.hcl" -node n \
	-region "$(printf '%064d' 0)"
eventually 15 gone "$LAST_PID"
expect_match "$(cat "$TEST_DIR/named.log")" \
	'Error starting agent: [a-z]+: /[^ ]*\.conf: region: '
rc=0
rove agent -nonsense >/dev/null 2>&1 || rc=$?
expect_eq "$rc" 1 "an unknown flag"

# A directory of files: only what they ask for runs.
mkdir "$TEST_DIR/conf.d" "$TEST_DIR/run"
cat >"$TEST_DIR/conf.d/a.hcl" <<EOF
data_dir  = "$TEST_DIR/data"
bind_addr = "127.0.0.1"
advertise { http = "127.0.0.1" rpc = "127.0.0.1" serf = "127.0.0.1" }
ports { http = $HTTP_PORT rpc = $RPC_PORT serf = $SERF_PORT }
EOF
echo '{"server": {"enabled": true, "bootstrap_expect": 1}, "region": "north"}' \
	>"$TEST_DIR/conf.d/b.json"
start dev rove agent -config "$TEST_DIR/conf.d" -run-dir "$TEST_DIR/run" -dc vie
dev=$LAST_PID
eventually 10 grep -q 'all daemons serve' "$TEST_DIR/dev.log"
expect_match "$(cat "$TEST_DIR/dev.log")" 'Region: north \(DC: vie\)'
expect_eq "$(for p in $(pgrep -P "$dev"); do cat "/proc/$p/comm"; done | sort | xargs)" \
	"gossipd metricsd schedd"
kill -TERM "$dev"
wait "$dev" || fail "exit status $? after SIGTERM"
[ -d "$TEST_DIR/data/server" ] || fail "the data is gone"
