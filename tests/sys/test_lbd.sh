#!/bin/bash
# lbd by itself, with a file of routes: what it promises its clients
# (lbd/check.py), what lbctl can do, reload, and how it starts and stops.
# shellcheck source=tests/sys/lib.sh
. "$(dirname "$0")/lib.sh"

here=$(dirname "$0")/lbd
# A sanitizer keeps freed memory for a while: check.py looks at the size.
export ASAN_OPTIONS=quarantine_size_mb=4
up=$((BASE + 20))
run=$TEST_DIR/run
mkdir "$run"

start a python3 "$here/upstream.py" "$up" a
start b python3 "$here/upstream.py" $((up + 1)) b
eventually 10 curl -s "http://127.0.0.1:$up/echo"
eventually 10 curl -s "http://127.0.0.1:$((up + 1))/echo"

cat >"$TEST_DIR/routes" <<EOF
# the tests' table; port $((up + 9)) is nobody's
route add web /echo http://127.0.0.1:$up/
route add web /sum http://127.0.0.1:$up/
route add web /slowsum http://127.0.0.1:$up/
route add web /chunks http://127.0.0.1:$up/
route add web /big http://127.0.0.1:$up/
route add web /forever http://127.0.0.1:$up/
route add web /die http://127.0.0.1:$up/
route add web /cut http://127.0.0.1:$up/
route add web /late http://127.0.0.1:$up/
route add web /strip http://127.0.0.1:$up/ opts "strip=/strip"
route add two /two http://127.0.0.1:$up/ opts "strip=/two"
route add two /two http://127.0.0.1:$((up + 9))/ opts "strip=/two"
route add dead /dead http://127.0.0.1:$((up + 9))/
route add deny /deny http://127.0.0.1:$up/ opts "deny=ip:127.0.0.0/8"
route add kept /kept/deny http://127.0.0.1:$((up + 9))/
route add kept /kept/deny http://127.0.0.1:$up/ opts "strip=/kept/deny prepend=/echo deny=ip:127.0.0.0/8"
route add kept /kept/auth http://127.0.0.1:$((up + 9))/
route add kept /kept/auth http://127.0.0.1:$up/ opts "strip=/kept/auth prepend=/echo auth=none"
route add kept /kept/https http://127.0.0.1:$((up + 9))/
route add kept /kept/https https://127.0.0.1:$up/ opts "strip=/kept/https prepend=/echo"
route add auth /auth http://127.0.0.1:$up/ opts "auth=none"
route add old /old http://new.example\$path opts "redirect=301 strip=/old"
EOF
cat >"$TEST_DIR/lbd.conf" <<EOF
proxy_addr = "127.0.0.1:$LB_PORT";
ui_addr = "127.0.0.1:$LB_UI_PORT";
run_dir = "$run";
registry = "none";
workers = 2;
strategy = "rr";
routes_file = "$TEST_DIR/routes";
EOF

lbd -n -f "$TEST_DIR/lbd.conf"
lbd -nv -f "$TEST_DIR/lbd.conf" >"$TEST_DIR/again.conf"
lbd -n -f "$TEST_DIR/again.conf"

start lbd lbd -f "$TEST_DIR/lbd.conf"
pid=$LAST_PID
eventually 10 curl -sf "http://127.0.0.1:$LB_UI_PORT/health"

python3 "$here/check.py" "$LB_PORT" "$LB_UI_PORT" "$pid" || fail "check.py"

# lbctl
ctl() { lbctl -r "$run" "$@"; }
expect_match "$(ctl ping)" lbd
expect_match "$(ctl info)" 'nodeagent.*not followed'
expect_eq "$(ctl routes | grep -c /two)" 2
expect_match "$(ctl -j routes)" '"src": ?"/strip"'
expect_eq "$(http_code "http://127.0.0.1:$LB_PORT/hand")" 404
ctl route add hand /hand "http://127.0.0.1:$((up + 1))/" opts "strip=/hand prepend=/echo"
expect_match "$(curl -s "http://127.0.0.1:$LB_PORT/hand/x")" 'GET /echo/x '
ctl route del hand
expect_eq "$(http_code "http://127.0.0.1:$LB_PORT/hand")" 404
if ctl route add hand /hand nowhere 2>"$TEST_DIR/err.log"; then fail "a wrong route is taken"; fi
expect_match "$(cat "$TEST_DIR/err.log")" 'invalid target'

# Reload: all of it or none.
echo "route add new /new http://127.0.0.1:$up/ opts \"strip=/new prepend=/echo\"" >>"$TEST_DIR/routes"
kill -HUP "$pid"
eventually 5 test "$(http_code "http://127.0.0.1:$LB_PORT/echo")" = 200
eventually 5 curl -sf "http://127.0.0.1:$LB_PORT/new/1"
echo "root add" >>"$TEST_DIR/routes"
kill -HUP "$pid"
eventually 5 grep -q "'route' expected" "$TEST_DIR/lbd.log"
expect_eq "$(http_code "http://127.0.0.1:$LB_PORT/new/1")" 200

# A second one on the same port or run_dir is refused by name.
if lbd -f "$TEST_DIR/again.conf" 2>"$TEST_DIR/err.log"; then fail "a second daemon started"; fi
if lbd -f "$TEST_DIR/again.conf" -r "$TEST_DIR" -o routes_file= 2>"$TEST_DIR/err.log"; then fail "a port is shared"; fi
expect_match "$(cat "$TEST_DIR/err.log")" "$LB_PORT.*in use"

# A route file that is wrong from the start is told with its line.
if lbd -f "$TEST_DIR/again.conf" -r "$TEST_DIR" -o proxy_addr=127.0.0.1:0 -o ui_addr=127.0.0.1:0 2>"$TEST_DIR/err.log"; then
	fail "started with wrong routes"
fi
expect_match "$(cat "$TEST_DIR/err.log")" "routes: line 25"

# Stopping waits for a request under way, and refuses new ones.
curl -s -m 10 "http://127.0.0.1:$LB_PORT/late" >"$TEST_DIR/late" &
late=$!
sleep 0.5
kill "$pid"
sleep 0.3
expect_eq "$(http_code "http://127.0.0.1:$LB_PORT/echo")" 000
wait "$late" || fail "a request under way was cut"
expect_eq "$(cat "$TEST_DIR/late")" late
wait "$pid" || fail "lbd ended with $?"
