#!/bin/bash
# What is wrong is told clearly, by place and name, and nothing is lost by it.
# shellcheck source=tests/sys/lib.sh
. "$(dirname "$0")/lib.sh"

cluster_up
here=$(dirname "$0")

# says STATUS PATTERN COMMAND...: it exits so and says so
says() {
	local status=$1 pattern=$2 rc=0 out
	shift 2
	out=$("$@" 2>&1) || rc=$?
	expect_eq "$rc" "$status" "$* said: $out"
	expect_match "$out" "$pattern"
}

# --- job files ---
cat >"$TEST_DIR/bad.nomad" <<'EOF2'
job "web" {
  group "g" {
    task "t" {
      driver =
    }
  }
}
EOF2
says 1 'bad.nomad:4' rove job run "$TEST_DIR/bad.nomad"
cat >"$TEST_DIR/unknown.nomad" <<'EOF2'
job "web" {
  groop "g" {
  }
}
EOF2
says 1 'unknown.nomad:2.*groop|groop' rove job run "$TEST_DIR/unknown.nomad"
echo '{"Job": {"ID": "x", ' >"$TEST_DIR/cut.json"
says 1 . rove job run -json "$TEST_DIR/cut.json"
says 1 '[Nn]o such file' rove job run "$TEST_DIR/none.nomad"
expect_eq "$(http_code -X PUT -d '{"Job": {"ID": ' "$NOMAD_ADDR/v1/jobs")" 400
expect_eq "$(http_code -X PUT -d '[]' "$NOMAD_ADDR/v1/jobs")" 400
expect_eq "$(http_code -X PUT -d '{}' "$NOMAD_ADDR/v1/jobs")" 400
expect_eq "$(http_code "$NOMAD_ADDR/v1/job/none")" 404
expect_eq "$(http_code -X PATCH "$NOMAD_ADDR/v1/jobs")" 405
expect_eq "$(http_code "$NOMAD_ADDR/v1/nothing")" 404
expect_eq "$(http_code "$NOMAD_ADDR/v1/jobs?index=x")" 400

# --- a job that can never be placed ---
web_job huge 1 | sed 's/memory = 32/memory = 99999999/' >"$TEST_DIR/huge.nomad"
says 2 'memory' rove job run "$TEST_DIR/huge.nomad"
# shellcheck disable=SC2016 # it is the job that expands it
web_job odd 1 | sed 's/type = "service"/type = "service"\nconstraint {\nattribute = "${attr.kernel.name}"\nvalue = "plan9"\n}/' \
	>"$TEST_DIR/odd.nomad"
says 2 'kernel.name. = plan9.*1 nodes excluded' rove job run "$TEST_DIR/odd.nomad"

# --- config files ---
echo 'nonsense = 5;' >"$TEST_DIR/a.conf"
echo 'http = "127.0.0.1:1";
data_dir = ' >"$TEST_DIR/b.conf"
says 2 'a.conf:1.*nonsense' schedd -n -f "$TEST_DIR/a.conf"
says 2 'b.conf:[123]' schedd -n -f "$TEST_DIR/b.conf"
says 2 'data_dir is missing' schedd -n
says 2 'http: "foo" is no address' schedd -n -o http=foo
says 2 'data_dir is missing' nodeagent -n -o 'servers=["tcp://127.0.0.1:1"]'
for d in "${ALL[@]}"; do
	says 2 'none.conf' "$d" -n -f "$TEST_DIR/none.conf"
	says 2 . "$d" -Z
	says 0 . "$d" -h
	"$d" -n -f "$TEST_DIR/$d.conf" || fail "$d -n"
done

# --- a second daemon, a port in use ---
says 1 'in use by process' schedd -f "$TEST_DIR/schedd.conf"
says 1 'in use by process' nodeagent -f "$TEST_DIR/nodeagent.conf"
says 1 'in use by process' schedd -f "$TEST_DIR/schedd.conf" -r "$TEST_DIR/run2"
says 1 "127.0.0.1:($HTTP_PORT|$RPC_PORT)" schedd -f "$TEST_DIR/schedd.conf" \
	-r "$TEST_DIR/run2" -o "data_dir=$TEST_DIR/data2"
says 1 "127.0.0.1:$LB_PORT" lbd -f "$TEST_DIR/lbd.conf" -r "$TEST_DIR/run2"

# --- an engine that is not to be had: the log says why, once ---
: >"$TEST_DIR/engine.sock" # which nobody listens at
start engineless nodeagent -r "$TEST_DIR/run2" -o "data_dir=$TEST_DIR/data2" \
	-o "http=127.0.0.1:$((BASE + 21))" -o catalog_http= \
	-o "server_http=127.0.0.1:$HTTP_PORT" \
	-o "servers=[\"tcp://127.0.0.1:$RPC_PORT\"]" \
	-o "docker.endpoint=unix://$TEST_DIR/engine.sock"
no_engine() { grep "docker: no engine: unix:$TEST_DIR/engine.sock: Connection refused" "$TEST_DIR/engineless.log"; }
eventually 5 no_engine
sleep 0.5 # it asks again and again
expect_eq "$(no_engine | wc -l)" 1
kill "$LAST_PID"
wait "$LAST_PID" || true

# --- hostile bytes on every socket ---
for d in "${ALL[@]}"; do
	python3 "$here/hostile.py" bus "unix:$RUN/$d/ctl.sock" || fail "$d ctl"
done
for d in schedd nodeagent gossipd metricsd; do
	python3 "$here/hostile.py" bus "unix:$RUN/$d/msg.sock" || fail "$d msg"
done
python3 "$here/hostile.py" bus "127.0.0.1:$RPC_PORT" || fail "rpc"
for p in "$HTTP_PORT" "$NODE_PORT" "$METRICS_PORT" "$LB_PORT" "$LB_UI_PORT"; do
	python3 "$here/hostile.py" http "127.0.0.1:$p" || fail "port $p"
done

for c in schedctl nodectl gossipctl metricsctl lbctl; do
	expect_match "$("$c" -h)" 'RUN_DIR  .*ROVE_RUN_DIR'
	expect_match "$("$c" -V)" "^$c [0-9]"
	says 0 . "$c" -r "$RUN" ping
done
refused=$(schedctl -r "$RUN" info | awk '$1 == "msg_refused" { print $2 }')
[ "$refused" -gt 0 ] || fail "what schedd refused is not counted"
# lbd's workers tell their numbers every few seconds.
http_refused() { [ "$("$1" -r "$RUN" info | awk '$1 == "http_refused" { print $2 }')" -gt 0 ]; }
for c in schedctl nodectl metricsctl lbctl; do
	eventually 10 http_refused "$c"
done
node_is_ready >/dev/null || fail "the node is gone"
down TERM "${ALL[@]}"
