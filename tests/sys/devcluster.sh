# What the tests share that need several machines. Sourced after lib.sh:
#
#	. "$(dirname "$0")/devcluster.sh"
#
# The cluster is gone when the test ends, whatever happens. Nothing of lib.sh
# that asks NOMAD_ADDR works here, for the host does not reach the machines;
# "on MACHINE COMMAND" runs a command there.
# shellcheck shell=bash

[ "$(id -u)" -eq 0 ] || {
	echo "skipped: namespaces need root"
	exit 77
}
DC_PREFIX=${NAME#test_}$$
DC_DIR=$TEST_DIR/dc
# shellcheck disable=SC2034 # for the test that sources this
CLIENTS=(c1 c2 c3)

devcluster() {
	BUILD=$BUILD scripts/devcluster -p "$DC_PREFIX" -d "$DC_DIR" "$@"
}

on() {
	devcluster exec "$@"
}

# What the server knows when a test has failed.
dc_tell() {
	local api=http://127.0.0.1:4646/v1
	tail -n 12 "$DC_DIR"/*/agent.log
	on s1 curl -s -m 5 "$api/allocations" | jq -c '.[] | [.ID[0:8], .EvalID[0:8], .Name, .NodeName, .DesiredStatus, .DesiredDescription, .ClientStatus]'
	on s1 curl -s -m 5 "$api/evaluations" | jq -c '.[] | [.ID[0:8], .JobID, .TriggeredBy, .Status, .CreateIndex, .ModifyIndex]'
}

# What a devcluster leaves behind is a failure, too.
dc_cleanup() {
	local rc=$?
	[ "$rc" -eq 0 ] || dc_tell >&2 2>/dev/null || true
	devcluster down || rc=1
	cleanup
	if ip netns list | grep -q "^$DC_PREFIX-" || grep -q "$DC_DIR" /proc/self/mounts ||
		[ -e "$DC_DIR" ] || find /sys/fs/cgroup -maxdepth 2 -name "$DC_PREFIX-*" | grep -q .; then
		echo "FAIL: the cluster has left something behind" >&2
		rc=1
	fi
	exit "$rc"
}
trap dc_cleanup EXIT

# Its name as the first column of a table has it.
node_line() { # MACHINE
	on s1 rove node status | awk -v name="$1" '$4 == name'
}

node_is() { # MACHINE STATUS
	[ "$(node_line "$1" | awk '{ print $NF }')" = "$2" ]
}

# job_allocs JOB FILTER: how many of its allocations the jq filter lets pass
job_allocs() {
	on s1 curl -s "http://127.0.0.1:4646/v1/job/$1/allocations" |
		jq "[.[] | select($2)] | length"
}

has_job_allocs() { # JOB FILTER N
	[ "$(job_allocs "$1" "$2")" = "$3" ]
}

# What runs of a job on a machine, as processes: their command is its own.
processes() { # MACHINE COMMAND
	on "$1" pgrep -fx "$2" | sort -n | xargs
}
