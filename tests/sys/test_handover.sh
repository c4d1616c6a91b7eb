#!/bin/bash
# A port that is asked for by its number goes from one allocation to the next on
# the same node: to the job's next version, and to a job that is more important.
# Who comes begins once the port is free.
# shellcheck source=tests/sys/lib.sh
. "$(dirname "$0")/lib.sh"

# It holds the port for a while after it was told to end.
holder() { # ID PRIORITY VERSION: a registration
	cat <<-END
		{"Job": {"ID": "$1", "Name": "$1", "Type": "service", "Priority": $2, "TaskGroups": [
		  {"Name": "g", "Count": 1,
		   "Networks": [{"ReservedPorts": [{"Label": "p", "Value": 28087}]}],
		   "Tasks": [{"Name": "main", "Driver": "raw_exec", "Env": {"V": "$3"},
		              "Config": {"command": "/usr/bin/python3", "args": ["-c",
		                "import signal, socket, time\nsignal.signal(signal.SIGINT, lambda *a: (time.sleep(2), exit(0)))\ns = socket.socket()\ns.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\ns.bind(('', 28087))\ns.listen()\nwhile True: time.sleep(0.1)"]},
		              "Resources": {"CPU": 20, "MemoryMB": 32}}]}]}}
	END
}
register() { holder "$@" | curl -sSf -m 10 -X PUT --data-binary @- "$NOMAD_ADDR/v1/jobs" >/dev/null; }
# of JOB VERSION: what becomes of its allocations, and how often they restarted
of() {
	curl -sSf -m 10 "$NOMAD_ADDR/v1/job/$1/allocations?all=true" |
		jq -c "[.[] | select(.JobVersion == $2) | [.DesiredStatus, .ClientStatus, .TaskStates.main.Restarts // 0]]"
}
is() { [ "$(of "$1" "$2")" = "$3" ]; }
# Running, and still so when it could have failed to get the port.
runs() {
	eventually 10 is "$1" "$2" '[["run","running",0]]'
	sleep 0.5
	expect_eq "$(of "$1" "$2")" '[["run","running",0]]'
}

cluster_up
register less 50 0
runs less 0
register less 50 1
runs less 1
expect_eq "$(of less 0)" '[["stop","complete",0]]'

curl -sSf -m 10 -X PUT --data '{"PreemptionConfig": {"ServiceSchedulerEnabled": true}}' \
	"$NOMAD_ADDR/v1/operator/scheduler/configuration" >/dev/null
register more 60 0
runs more 0
expect_eq "$(of less 1)" '[["evict","complete",0]]'
# What lost it waits for the port as for room.
expect_match "$(rove job status less)" 'Placement Failure'

# Who waits is told to stop: the one after it waits on.
placed() { [ "$(of "$1" "$2" | jq length)" = 1 ]; }
register more 60 1
eventually 5 placed more 1
expect_eq "$(of more 1)" '[["run","pending",0]]'
register more 60 2
runs more 2
expect_eq "$(of more 1)" '[["stop","complete",0]]'
# And so it does when nodeagent begins anew meanwhile.
register more 60 3
eventually 5 placed more 3
down KILL nodeagent
up nodeagent
runs more 3
echo ok
