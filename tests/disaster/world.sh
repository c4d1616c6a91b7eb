# shellcheck shell=bash
# What the disasters share: servers s1 to sN, each in a network namespace of its
# own with the address 10.78.0.N, a bridge in one more namespace that joins
# them, and clients that write and read all the time (load.c). Sourced first:
#
#	. "$(dirname "${BASH_SOURCE[0]}")/world.sh"
#
# A disaster is a function that hurts the servers while there is load. Its
# script ends in
#
#	[ "${BASH_SOURCE[0]}" != "$0" ] || disaster FUNCTION
#
# so that it can be run by itself, and its function with others of the same
# world. SHORT=yes makes it a short one. Needs root.
if [ -z "${DISASTER_DIR:-}" ]; then
SELF=$(realpath "$0")
DISASTER_DIR=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
cd "$DISASTER_DIR/../.." || exit 1
BUILD=$(realpath "${BUILD:-build/release}")
if [ -z "${TEST_DIR:-}" ]; then
	TEST_DIR=$(mktemp -d "/tmp/rove-disaster.$(basename "$0" .sh).XXXXXX")
	OWN_DIR=$TEST_DIR
fi
export BUILD TEST_DIR
[ "$(id -u)" -eq 0 ] || {
	echo "skipped: namespaces need root"
	exit 77
}
# A mount namespace for disks that are full.
if [ "${IN_NAMESPACE:-}" != "$$" ]; then
	export IN_NAMESPACE=$$ OWN_DIR
	exec unshare -m --propagation private bash "$SELF" "$@"
fi
. tests/sys/lib.sh

NS=rd$$
SHORT=${SHORT:-}
declare -A AGENT # pids
NSERVERS=0
LOAD_PID=
NLOADS=0

on() { # s1 or load, COMMAND...
	local m=$1
	shift
	ip netns exec "$NS-$m" "$@"
}
# The same as the last command of a subshell, whose process it becomes.
become() {
	local m=$1
	shift
	exec ip netns exec "$NS-$m" "$@"
}
addr() { echo "10.78.0.$1"; }

plug_in() { # NAME NUMBER
	ip netns add "$NS-$1"
	ip -n "$NS-net" link add "$1" type veth peer name eth0 netns "$NS-$1"
	ip -n "$NS-net" link set "$1" master br0 up
	ip -n "$NS-$1" link set lo up
	ip -n "$NS-$1" addr add "$(addr "$2")/24" dev eth0
	ip -n "$NS-$1" link set eth0 up
}

world_gone() {
	local n pids
	for n in $(ip netns list | awk -v p="$NS-" 'index($1, p) == 1 { print $1 }'); do
		pids=$(ip netns pids "$n" 2>/dev/null) || true
		# shellcheck disable=SC2086 # a list
		[ -z "$pids" ] || kill -9 $pids 2>/dev/null || true
	done
	for n in $(ip netns list | awk -v p="$NS-" 'index($1, p) == 1 { print $1 }'); do
		for _ in $(seq 50); do
			[ -n "$(ip netns pids "$n")" ] || break
			sleep 0.1
		done
		ip netns del "$n"
	done
}

disaster_cleanup() {
	local rc=$?
	trap '' INT TERM
	set +e
	exec 3>&2 2>/dev/null # the shell says of each that it was killed
	world_gone
	cleanup
	umount -R "$TEST_DIR"/s*.disk 2>/dev/null
	if [ -n "${OWN_DIR:-}" ]; then
		if [ "$rc" -eq 0 ]; then
			rm -rf "$OWN_DIR"
		else
			echo "logs and data are in $OWN_DIR" >&3
		fi
	fi
	exit "$rc"
}
trap disaster_cleanup EXIT
set -E
trap '[ "$BASH_SUBSHELL" -gt 0 ] || echo "FAIL: ${BASH_SOURCE[0]}:$LINENO: $BASH_COMMAND" >&2' ERR
# The logs stay where they are, unless somebody else is to remove them.
fail() {
	[ -n "${OWN_DIR:-}" ] || tail -n 15 "$TEST_DIR"/s*.log >&2
	echo "FAIL: $*" >&2
	exit 1
}
trap 'trap "" INT TERM; exit 143' INT TERM

# --- servers ---

# server N EXPECT [VARIABLE=VALUE...]: starts it, with these in its environment
server() {
	local n=$1 expect=$2
	shift 2
	cat >"$TEST_DIR/s$n.hcl" <<-END
		name = "s$n"
		data_dir = "$TEST_DIR/s$n.data"
		bind_addr = "$(addr "$n")"
		leave_on_terminate = true
		server {
		  enabled          = true
		  bootstrap_expect = $expect
		  raft_snapshot_threshold = ${RAFT_THRESHOLD:-8192}
		  raft_trailing_logs = ${RAFT_TRAILING:-4096}
		  server_join {
		    retry_join     = ["$(addr 1)", "$(addr 2)", "$(addr 3)"]
		    retry_interval = "1s"
		  }
		}
	END
	become "s$n" env "$@" "${SERVER_ENV[@]}" rove agent -config "$TEST_DIR/s$n.hcl" \
		-run-dir "$TEST_DIR/s$n.run" </dev/null >>"$TEST_DIR/s$n.log" 2>&1 &
	AGENT[$n]=$!
}
SERVER_ENV=()

kill_server() { # N...: at once, as when the power goes
	local n pids=()
	for n; do
		mapfile -t -O "${#pids[@]}" pids < <(ip netns pids "$NS-s$n")
	done
	kill -9 "${pids[@]}" 2>/dev/null || true
	# shellcheck disable=SC2015 # all the same
	for n; do wait "${AGENT[$n]}" 2>/dev/null || true; done
}
schedd_of() { # N: its process, but for children that write a snapshot
	local p parent
	for p in $(ip netns pids "$NS-s$1"); do
		[ "$(cat "/proc/$p/comm" 2>/dev/null)" = schedd ] || continue
		parent=$(awk '{ print $4 }' "/proc/$p/stat")
		[ "$(cat "/proc/$parent/comm" 2>/dev/null)" = schedd ] || {
			echo "$p"
			return
		}
	done
	return 1
}

ask() { # N PATH
	on load curl -sf -m "${ASK_S:-10}" "http://$(addr "$1"):4646$2"
}
# The number of the server that server N takes for the leader.
leader_by() {
	ASK_S=2 ask "$1" /v1/status/leader | sed -n 's/^"10\.78\.0\.\([0-9]*\):.*/\1/p'
}
agree() { # N...
	local n l leader=
	for n; do
		l=$(leader_by "$n")
		[ -n "$l" ] && [ "$l" = "${leader:-$l}" ] || return 1
		leader=$l
	done
}
# The leader that any server knows; waits for one.
leader() {
	local n l end=$((SECONDS + 20))
	while [ "$SECONDS" -lt "$end" ]; do
		for n in $(seq "$NSERVERS"); do
			l=$(leader_by "$n") || true
			[ -z "$l" ] || {
				echo "$l"
				return
			}
		done
		sleep 0.05
	done
	return 1
}
# The first server, from 1 on, that is not one of these.
other_than() {
	local n
	for n in $(seq "$NSERVERS"); do
		[[ " $* " == *" $n "* ]] || {
			echo "$n"
			return
		}
	done
}
voters() { # N COUNT
	[ "$(ask "$1" /v1/operator/raft/configuration | jq '[.Servers[] | select(.Voter)] | length')" = "$2" ]
}
# put N NAME TEXT: a variable with that text
put() {
	on load curl -sf -m 3 -X PUT --data "{\"Items\":{\"v\":\"$3\"}}" "http://$(addr "$1"):4646/v1/var/$2"
}
fat_put() { # N: 60 kB of one
	[ -e "$TEST_DIR/fat" ] ||
		printf '{"Items":{"v":"%s"}}' "$(head -c 60000 /dev/zero | tr '\0' x)" >"$TEST_DIR/fat"
	on load curl -sf -m 3 -X PUT --data "@$TEST_DIR/fat" "http://$(addr "$1"):4646/v1/var/fat" >/dev/null
}
lead() { # N: takes over
	[ "$(leader)" = "$1" ] || on load curl -sf -m 10 -X PUT -o /dev/null \
		"http://$(addr "$1"):4646/v1/operator/raft/transfer-leadership?address=$(addr "$1"):4647"
	eventually 10 leads "$1"
}
leads() { [ "$(leader)" = "$1" ]; }
# All servers have the same variables in the end.
same_state() {
	[ "$(for n in $(seq "$NSERVERS"); do ask "$n" '/v1/vars?stale' | md5sum; done | sort -u | wc -l)" = 1 ]
}
# All servers know one leader, which answers.
all_well() {
	# shellcheck disable=SC2046 # a list
	agree $(seq "$NSERVERS") && ask 1 /v1/vars >/dev/null
}

world_up() { # SERVERS
	local n
	NSERVERS=$1
	ip netns add "$NS-net"
	ip -n "$NS-net" link add br0 type bridge
	ip -n "$NS-net" link set br0 up
	plug_in load 100
	for n in $(seq "$NSERVERS"); do
		plug_in "s$n" "$n"
		server "$n" "$NSERVERS"
	done
	eventually 30 all_well
	eventually 30 voters 1 "$NSERVERS"
	# Whoever comes back anew is a voter as soon as it has caught up.
	on load curl -sf -m 10 -X PUT -o /dev/null --data '{"CleanupDeadServers": true, "LastContactThreshold": "200ms", "MaxTrailingLogs": 250, "ServerStabilizationTime": "0s"}' \
		"http://$(addr 1):4646/v1/operator/autopilot/configuration"
}

# --- the network between them ---

rules() { # N: nft's, from stdin, in place of those there were
	{
		echo 'table inet disaster'
		echo 'delete table inet disaster'
		echo 'table inet disaster {'
		echo 'chain in {'
		echo 'type filter hook input priority 0;'
		cat
		echo '}'
		echo '}'
	} | on "s$1" nft -f -
}
deaf_to() { # N M...: hears no more of them
	local n=$1 m
	shift
	for m; do echo "ip saddr $(addr "$m") drop"; done | rules "$n"
}
lossy() { # N PERCENT: of what other servers say
	echo "ip saddr 10.78.0.0/27 numgen random mod 100 < $2 drop" | rules "$1"
}
heal() { # all of it
	local n
	for n in $(seq "$NSERVERS"); do
		on "s$n" nft delete table inet disaster 2>/dev/null || true
	done
}

# --- load ---

load_begin() { load_every 20; }
load_every() { # MS: so long a client waits before it asks again
	local n addrs=()
	for n in $(seq "$NSERVERS"); do addrs+=("$(addr "$n"):4646"); done
	NLOADS=$((NLOADS + 1))
	become load "$BUILD/tests/disaster/load" -s 86400 -S "${SEED:-1}" -n "load/$NLOADS" -p "$1" -o "$TEST_DIR/history" \
		"${addrs[@]}" >"$TEST_DIR/load.out" 2>"$TEST_DIR/load.log" &
	LOAD_PID=$!
	sleep 0.5
}
mark() { kill -USR1 "$LOAD_PID"; } # now the cluster is hurt
load_end() { # NAME [FIGURES]
	local rc=0
	kill -TERM "$LOAD_PID"
	wait "$LOAD_PID" || rc=$?
	echo "$1: ${2:+$2; }$(cat "$TEST_DIR/load.out")"
	[ "$rc" -eq 0 ] || {
		head -n 20 "$TEST_DIR/load.log" >&2
		fail "$1: see $TEST_DIR/history"
	}
	eventually 10 same_state
}

# long LONG SHORT: which of the two it is
long() { if [ -n "$SHORT" ]; then echo "$2"; else echo "$1"; fi; }

disaster() { # FUNCTION...
	local f
	world_up "${WORLD:-3}"
	for f; do "$f"; done
}
fi
