# An engine of a test's own: its data, its mounts, its cgroups. Sourced after
# lib.sh by the tests that need one, which it ends where that cannot be.
# shellcheck shell=bash

for tool in dockerd busybox curl jq; do
	command -v "$tool" >/dev/null || {
		echo "skipped: $tool is not installed"
		exit 77
	}
done
[ "$(id -u)" -eq 0 ] || {
	echo "skipped: the engine needs root"
	exit 77
}

ENGINE=$TEST_DIR/engine
SOCK=$ENGINE/docker.sock
CGROUP=rove-test-$$

# Its mounts are in a namespace that goes when the last of it has ended.
start mounts unshare -m sleep "$((1000 + $$ % 1000))"
MOUNTS=$LAST_PID
has_own_mounts() { [ "$(readlink "/proc/$MOUNTS/ns/mnt")" != "$(readlink /proc/self/ns/mnt)" ]; }
eventually 5 has_own_mounts

# shellcheck disable=SC2120 # some tests pass none
engine_up() { # [DOCKERD-OPTIONS]
	mkdir -p "$ENGINE"
	echo '{}' >"$ENGINE/empty.json"
	nsenter --mount=/proc/"$MOUNTS"/ns/mnt dockerd --config-file "$ENGINE/empty.json" \
		--data-root "$ENGINE/data" --exec-root "$ENGINE/exec" \
		-l error -H "unix://$SOCK" -p "$ENGINE/pid" --cgroup-parent "$CGROUP" \
		--bridge=none --iptables=false --ip6tables=false \
		--ip-forward=false --ip-masq=false "$@" \
		>>"$TEST_DIR/dockerd.log" 2>&1 &
	# shellcheck disable=SC2034,SC2154 # lib.sh's
	DAEMON[dockerd]=$!
	PIDS+=($!)
	eventually 20 engine GET /version
}

engine() { # METHOD PATH [CURL-ARGS]: of the API
	local method=$1 path=$2
	shift 2
	curl -sf -m 20 --unix-socket "$SOCK" -X "$method" "$@" "http://docker$path"
}

containers() { # how many there are of ours
	engine GET '/containers/json?all=1' | jq length
}

has_containers() {
	[ "$(containers)" = "$1" ]
}

# What a killed shim leaves runs on: all of it is in our cgroups.
engine_gone() {
	local dir pid
	for dir in /sys/fs/cgroup/*/"$CGROUP" /sys/fs/cgroup/"$CGROUP"; do
		[ -d "$dir" ] || continue
		find "$dir" -name cgroup.procs -exec cat {} + 2>/dev/null |
			while read -r pid; do kill -9 "$pid" 2>/dev/null || true; done || true
	done
	for dir in /sys/fs/cgroup/*/"$CGROUP" /sys/fs/cgroup/"$CGROUP"; do
		for _ in $(seq 50); do
			[ -d "$dir" ] || break
			find "$dir" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.1
		done
	done
}
trap 'cleanup; engine_gone' EXIT

# shellcheck disable=SC2119
engine_up
mkdir -p "$TEST_DIR/root/bin"
cp "$(command -v busybox)" "$TEST_DIR/root/bin/"
for name in sh sleep echo true seq id; do
	ln -s busybox "$TEST_DIR/root/bin/$name"
done
tar -C "$TEST_DIR/root" -c . | engine POST \
	'/images/create?fromSrc=-&repo=busybox&tag=1' -T - >/dev/null

# --- what the cluster says ---

driver() { # FIELD: of the node's docker driver
	curl -s "$NOMAD_ADDR/v1/node/$(node_id)" | jq -r ".Drivers.docker$1"
}
node_id() {
	curl -s "$NOMAD_ADDR/v1/nodes" | jq -r '.[0].ID'
}
driver_is() {
	[ "$(driver .Healthy)" = "$1" ]
}

alloc_of() {
	curl -s "$NOMAD_ADDR/v1/job/$1/allocations" | jq -r '.[0].ID'
}

# events JOB: of its task, a line each
events() {
	curl -s "$NOMAD_ADDR/v1/job/$1/allocations" |
		jq -r '.[0].TaskStates.t.Events[] | .Type + ": " + .DisplayMessage'
}

has_event() { # JOB TEXT
	events "$1" | grep -qF -- "$2"
}
