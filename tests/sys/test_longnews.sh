#!/bin/bash
# A node whose allocations, with their jobs, are more than one message can
# take hears of them all, also after it has been away, and forgets only what
# is gone; nothing is tried again and again.
# shellcheck source=tests/sys/lib.sh
. "$(dirname "$0")/lib.sh"

COUNT=60 # of 200 KB each

long_job() { # ID
	python3 - "$1" "$COUNT" <<-'END'
		import json, sys
		meta = {"m%d" % i: "x" * 20000 for i in range(10)}
		print(json.dumps({"Job": {"ID": sys.argv[1], "Name": sys.argv[1],
		  "Type": "service", "Meta": meta, "TaskGroups": [
		  {"Name": "g", "Count": int(sys.argv[2]),
		   "EphemeralDisk": {"SizeMB": 10},
		   "Tasks": [{"Name": "main", "Driver": "mock_driver",
		              "Config": {"run_for": "600s"},
		              "LogConfig": {"MaxFiles": 1, "MaxFileSizeMB": 1},
		              "Resources": {"CPU": 2, "MemoryMB": 10}}]}]}}))
	END
}

quiet() { # nobody complained
	! grep -E 'does not serve us|not sent|refused' \
		"$TEST_DIR/nodeagent.log" "$TEST_DIR/schedd.log"
}

cluster_up
long_job long >"$TEST_DIR/long.json"
said=$(curl -s -X POST --data-binary "@$TEST_DIR/long.json" "$NOMAD_ADDR/v1/jobs")
expect_match "$said" EvalID
eventually 30 has_allocs long running "$COUNT"

# The node's part of it is told anew after a restart; nothing is lost.
down TERM nodeagent
up nodeagent
eventually 20 node_is_ready
sleep 1
expect_eq "$(allocs long running)" "$COUNT"
quiet || fail "somebody complained"

curl -s -X DELETE "$NOMAD_ADDR/v1/job/long" >/dev/null
eventually 30 has_allocs long complete "$COUNT"
quiet || fail "somebody complained at the end"
