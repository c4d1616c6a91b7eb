#!/bin/bash
# scripts/demo, as README.md tells people to run it, in namespaces of its own
# where its ports are free.
if [ "${1:-}" != inside ]; then
	how=-mnpf
	unshare "$how" --propagation private true 2>/dev/null || how=-rmnpf
	if ! unshare "$how" --propagation private true 2>/dev/null; then
		echo "skipped: needs namespaces"
		exit 77
	fi
	exec unshare "$how" --propagation private --mount-proc --kill-child \
		bash "$0" inside
fi
# shellcheck source=tests/sys/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$(dirname "$0")/../.." || exit 1
ip link set lo up
mkdir "$TEST_DIR/tmp"
export TMPDIR=$TEST_DIR/tmp

is_over() {
	! pgrep -x 'rove|schedd|nodeagent|gossipd|metricsd|lbd|shim' >/dev/null
}

expect_match "$(scripts/demo -h)" '^usage: scripts/demo'
rc=0
scripts/demo -x 2>/dev/null || rc=$?
expect_eq "$rc" 2 "exit status for an unknown option"
scripts/demo -1 >"$TEST_DIR/once.log" 2>&1 || fail "the demo fails"
grep -q '== curl http://127.0.0.1:9999/web' "$TEST_DIR/once.log" ||
	fail "the demo does not say what it does"
eventually 5 is_over
expect_eq "$(ls "$TMPDIR")" "" "what the demo leaves behind"

# As people do it: until they have seen enough.
start demo scripts/demo
demo=$LAST_PID
eventually 40 grep -q 'Ctrl-C stops everything' "$TEST_DIR/demo.log"
expect_eq "$(http_code http://127.0.0.1:9999/web)" 200
expect_eq "$(http_code http://127.0.0.1:9998/)" 200
kill "$demo"
wait "$demo" || true
eventually 5 is_over
expect_eq "$(ls "$TMPDIR")" "" "what the demo leaves behind"

# Ctrl-C reaches the demo and its agent at once, and may come twice.
for again in '' 0.1; do
	setsid env --default-signal=INT scripts/demo >"$TEST_DIR/demo.log" 2>&1 &
	demo=$!
	PIDS+=("$demo")
	eventually 40 grep -q 'Ctrl-C stops everything' "$TEST_DIR/demo.log"
	kill -INT -- "-$demo"
	if [ -n "$again" ]; then
		sleep "$again"
		kill -INT -- "-$demo"
	fi
	wait "$demo" || true
	eventually 5 is_over
	expect_eq "$(ls "$TMPDIR")" "" "what the demo leaves behind"
done
echo ok
