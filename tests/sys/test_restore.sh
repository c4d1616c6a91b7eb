#!/bin/bash
# A state is brought back into a cluster whose nodes know better: what has been
# stopped or purged since then runs again, and what is shown to run does.
# shellcheck source=tests/sys/lib.sh
. "$(dirname "$0")/lib.sh"

# job NAME TYPE
job() {
	cat <<-END
		job "$1" {
		  type = "$2"
		  group "g" {
		    task "t" {
		      driver = "raw_exec"
		      config {
		        command = "/bin/sh"
		        args    = ["-c", "sleep 1000; :", "restore-$1"]
		      }
		      resources {
		        cpu    = 20
		        memory = 20
		      }
		    }
		  }
		}
	END
}
# The processes of a task in this test's cluster.
procs() {
	local p n=0
	for p in $(pgrep -f "^/bin/sh -c sleep 1000; : restore-$1\$"); do
		grep -qzF "NOMAD_ALLOC_DIR=$TEST_DIR" "/proc/$p/environ" && n=$((n + 1))
	done
	echo "$n"
}
# runs JOB: one allocation is shown to, and one process does
runs() { has_allocs "$1" running 1 && [ "$(procs "$1")" = 1 ]; }
ended() { has_allocs "$1" running 0 && [ "$(procs "$1")" = 0 ]; }

cluster_up
for type in service system; do
	for end in stop purge keep; do
		job "$type-$end" "$type" | rove job run -detach - >/dev/null
	done
done
for type in service system; do
	for end in stop purge keep; do eventually 20 runs "$type-$end"; done
done
KEPT=$(curl -s "$NOMAD_ADDR/v1/job/service-keep/allocations" | jq -r '.[].ID')
rove operator snapshot save "$TEST_DIR/a.snap" >/dev/null
for type in service system; do
	rove job stop -detach "$type-stop" >/dev/null
	rove job stop -detach -purge "$type-purge" >/dev/null
done
job later service | rove job run -detach - >/dev/null
eventually 20 runs later
for type in service system; do
	for end in stop purge; do eventually 20 ended "$type-$end"; done
done

expect_eq "$(rove operator snapshot restore "$TEST_DIR/a.snap")" "Snapshot Restored"
for type in service system; do
	for end in stop purge keep; do eventually 20 runs "$type-$end"; done
done
eventually 20 ended later
expect_eq "$(curl -s "$NOMAD_ADDR/v1/job/service-keep/allocations" | jq -r '.[].ID')" "$KEPT"
expect_eq "$(curl -s "$NOMAD_ADDR/v1/jobs" | jq '[.[] | select(.Status == "running")] | length')" 6
