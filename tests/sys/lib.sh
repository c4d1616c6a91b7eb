# What system tests share. Sourced by each test_*.sh:
#
#	. "$(dirname "$0")/lib.sh"
#
# TEST_DIR is a fresh directory, BUILD the build to test. Everything started
# by `start` is killed when the test ends, whatever happens. Ports are
# derived from the test's name, so that tests may run side by side.
# shellcheck shell=bash
set -eEuo pipefail

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
CATALOG_PORT=$((BASE + 6))
# What tasks are given is nobody else's.
MIN_DYNAMIC=$((10000 + BASE % 99 * 100))
export HTTP_PORT RPC_PORT SERF_PORT METRICS_PORT NODE_PORT LB_PORT LB_UI_PORT
export CATALOG_PORT
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
	for _ in $(seq 50); do
		pkill -9 -f -- "$TEST_DIR" 2>/dev/null || break
		sleep 0.1
	done
	wait 2>/dev/null || true
}
trap cleanup EXIT
# Told to end once or twice, a test cleans up once, and to the end.
trap 'trap "" INT TERM; exit 143' INT TERM

exec {TOLD}>&2 # where failures are told, whatever is sent elsewhere

# Lines of the test, the innermost call first.
called_from() {
	local i at=
	for ((i = 2; i < ${#BASH_SOURCE[@]}; i++)); do
		at+=" ${BASH_SOURCE[i]##*/}:${BASH_LINENO[i - 1]}"
	done
	echo "${at# }"
}

fail() {
	trap - ERR
	{
		for f in "$TEST_DIR"/*.log; do
			[ -e "$f" ] && { echo "--- $f"; tail -n 40 "$f"; }
		done
		echo "--- $(date -u +%H:%M:%S), $SECONDS s, load $(cat /proc/loadavg)"
		ps -o pid,stat,wchan:24,time,args -p "$(IFS=, && echo "${PIDS[*]-$$}")" || true
		echo "FAIL: $* ($(called_from))"
	} >&"$TOLD" 2>&1
	exit 1
}
# A command that fails where nobody asks ends the test, but not in silence.
# shellcheck disable=SC2154 # set in the trap
trap 'status=$?; [ "$BASH_SUBSHELL" -gt 0 ] || fail "exit $status of: $BASH_COMMAND"' ERR

# start NAME COMMAND...: in the background, output to $TEST_DIR/NAME.log
start() {
	local name=$1
	shift
	: >"$TEST_DIR/$name.log" # of one before, which nobody is to read
	"$@" >"$TEST_DIR/$name.log" 2>&1 &
	PIDS+=($!)
	# shellcheck disable=SC2034 # for the test that sources this
	LAST_PID=$!
}

# By a clock that nobody sets.
now_ms() {
	local up
	read -r up _ </proc/uptime
	echo "${up/./}0"
}

# eventually SECONDS COMMAND...: until it succeeds. A try counts for a quarter
# of a second at most: while the machine stood still nothing could happen. Three
# times as long is too long for anybody.
eventually() {
	local limit=$1 began now last spent=0
	shift
	began=$(now_ms)
	last=$began
	until "$@" >/dev/null 2>&1; do
		now=$(now_ms)
		spent=$((spent + (now - last < 250 ? now - last : 250)))
		last=$now
		if [ $spent -ge $((limit * 1000)) ] || [ $((now - began)) -ge $((limit * 3000 + 5000)) ]; then
			fail "not within $limit s ($((now - began)) ms): $*"
		fi
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

# --- a cluster of one: five daemons, each started by itself ---

RUN=$TEST_DIR/run
DATA=$TEST_DIR/data

write_configs() {
	mkdir -p "$RUN" "$DATA"
	cat >"$TEST_DIR/metricsd.conf" <<-EOF
		http = "127.0.0.1:$METRICS_PORT";
		run_dir = "$RUN";
		prometheus_metrics = true;
	EOF
	cat >"$TEST_DIR/gossipd.conf" <<-EOF
		name = "alpha.global";
		bind = "127.0.0.1:$SERF_PORT";
		run_dir = "$RUN";
	EOF
	cat >"$TEST_DIR/schedd.conf" <<-EOF
		name = "alpha";
		http = "127.0.0.1:$HTTP_PORT";
		rpc = "127.0.0.1:$RPC_PORT";
		node_http = "127.0.0.1:$NODE_PORT";
		lease_grace = "10s"; # a busy machine is no lost node
		data_dir = "$DATA/schedd";
		run_dir = "$RUN";
	EOF
	cat >"$TEST_DIR/nodeagent.conf" <<-EOF
		name = "alpha";
		servers = [ "tcp://127.0.0.1:$RPC_PORT" ];
		http = "127.0.0.1:$NODE_PORT";
		catalog_http = "127.0.0.1:$CATALOG_PORT";
		network_interface = "lo";
		raw_exec = true;
		min_dynamic_port = $MIN_DYNAMIC;
		max_dynamic_port = $((MIN_DYNAMIC + 99));
		publish_node_metrics = true;
		publish_allocation_metrics = true;
		data_dir = "$DATA/nodeagent";
		run_dir = "$RUN";
	EOF
	cat >"$TEST_DIR/lbd.conf" <<-EOF
		proxy_addr = "127.0.0.1:$LB_PORT";
		ui_addr = "127.0.0.1:$LB_UI_PORT";
		strategy = "rr";
		run_dir = "$RUN";
	EOF
}

declare -A DAEMON # its pid

up() { # up DAEMON...: starts each; what it says is added to its log
	local d
	for d; do
		"$d" -f "$TEST_DIR/$d.conf" >>"$TEST_DIR/$d.log" 2>&1 &
		DAEMON[$d]=$!
		PIDS+=($!)
	done
}

down() { # down SIGNAL DAEMON...: and waits for it
	local d end signal=$1
	shift
	for d; do kill "-$signal" "${DAEMON[$d]}"; done
	end=$((SECONDS + 30))
	for d; do
		while kill -0 "${DAEMON[$d]}" 2>/dev/null; do
			[ $SECONDS -lt $end ] || fail "$d does not stop"
			sleep 0.02
		done
		wait "${DAEMON[$d]}" 2>/dev/null || true
	done
}

ALL=(metricsd gossipd schedd nodeagent lbd)

node_is_ready() {
	curl -sf "$NOMAD_ADDR/v1/nodes" | jq -e '.[] | select(.Status == "ready")'
}

cluster_up() {
	write_configs
	up "${ALL[@]}"
	eventually 20 node_is_ready
}

# allocs JOB STATUS: how many of its allocations have that client status
allocs() {
	curl -s "$NOMAD_ADDR/v1/job/$1/allocations" |
		jq "[.[] | select(.ClientStatus == \"$2\")] | length"
}

has_allocs() { # JOB STATUS N
	[ "$(allocs "$1" "$2")" = "$3" ]
}

lb_code() { # PATH: what the load balancer answers
	http_code "http://127.0.0.1:$LB_PORT$1"
}

lb_says() { # PATH CODE
	[ "$(lb_code "$1")" = "$2" ]
}

# web_job NAME COUNT: a job file; a raw_exec web server behind /NAME
web_job() {
	cat <<-EOF
		job "$1" {
		  type = "service"
		  group "web" {
		    count = $2
		    network {
		      port "http" {}
		    }
		    restart {
		      attempts = 3
		      delay    = "1s"
		    }
		    update {
		      health_check     = "task_states"
		      min_healthy_time = "200ms"
		    }
		    ephemeral_disk {
		      size = 150
		    }
		    service {
		      name     = "$1"
		      port     = "http"
		      tags     = ["urlprefix-/$1"]
		      provider = "nomad"
		    }
		    task "server" {
		      driver = "raw_exec"
		      config {
		        command = "python3"
		        args    = ["$PWD/tests/sys/web.py", "\${NOMAD_PORT_http}"]
		      }
		      resources {
		        cpu    = 20
		        memory = 32
		      }
		    }
		  }
		}
	EOF
}
