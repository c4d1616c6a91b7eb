# What system tests share. Sourced by each test_*.sh:
#
#	. "$(dirname "$0")/lib.sh"
#
# TEST_DIR is a fresh directory, BUILD the build to test. Everything started
# by `start` is killed when the test ends, whatever happens. Ports are
# derived from the test's name, so that tests may run side by side.
# shellcheck shell=bash
set -euo pipefail

BIN=$BUILD/bin
PATH=$BIN:$PATH
export PATH NOMAD_CLI_NO_COLOR=1
unset NOMAD_ADDR NOMAD_TOKEN NOMAD_REGION NOMAD_NAMESPACE

NAME=$(basename "$0" .sh)
BASE=$((20000 + $(printf '%s' "$NAME" | cksum | cut -d' ' -f1) % 8000 + 2000))
HTTP_PORT=$BASE
RPC_PORT=$((BASE + 1))
SERF_PORT=$((BASE + 2))
METRICS_PORT=$((BASE + 3))
NODE_PORT=$((BASE + 10))
LB_PORT=$((BASE + 4))
LB_UI_PORT=$((BASE + 5))
export HTTP_PORT RPC_PORT SERF_PORT METRICS_PORT NODE_PORT LB_PORT LB_UI_PORT
export NOMAD_ADDR=http://127.0.0.1:$HTTP_PORT

PIDS=()

cleanup() {
	local pid
	for pid in "${PIDS[@]}"; do kill "$pid" 2>/dev/null || true; done
	for pid in "${PIDS[@]}"; do
		for _ in $(seq 50); do
			kill -0 "$pid" 2>/dev/null || break
			sleep 0.1
		done
		kill -9 "$pid" 2>/dev/null || true
	done
	# Shims and tasks outlive their agent: they run below the test's directory.
	pkill -9 -f -- "$TEST_DIR" 2>/dev/null || true
	wait 2>/dev/null || true
}
trap cleanup EXIT

fail() {
	echo "FAIL: $*" >&2
	for f in "$TEST_DIR"/*.log; do
		[ -e "$f" ] && { echo "--- $f"; tail -n 40 "$f"; } >&2
	done
	exit 1
}

# start NAME COMMAND...: in the background, output to $TEST_DIR/NAME.log
start() {
	local name=$1
	shift
	"$@" >"$TEST_DIR/$name.log" 2>&1 &
	PIDS+=($!)
	# shellcheck disable=SC2034 # for the test that sources this
	LAST_PID=$!
}

# eventually SECONDS COMMAND...: until it succeeds
eventually() {
	local limit=$1 end
	shift
	end=$(($(date +%s%N) + limit * 1000000000))
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s%N)" -lt "$end" ] || fail "not within $limit s: $*"
		sleep 0.05
	done
}

expect_eq() {
	[ "$1" = "$2" ] || fail "expected '$2', got '$1'${3:+ ($3)}"
}

expect_match() {
	[[ "$1" =~ $2 ]] || fail "expected a match of '$2' in '$1'"
}

http_code() {
	curl -s -o /dev/null -m 5 -w '%{http_code}' "$@" || true
}
