#!/bin/bash
# kill -9 of any daemon, and of all at once: jobs, allocations and logs are
# there again, and what ran goes on under the same process ids.
# shellcheck source=tests/sys/lib.sh
. "$(dirname "$0")/lib.sh"

cluster_up
web_job web 2 >"$TEST_DIR/web.nomad"
rove job run -detach "$TEST_DIR/web.nomad" >/dev/null
eventually 10 has_allocs web running 2
eventually 5 lb_says /web 200

pids() { nodectl -r "$RUN" allocs | awk -F'\t' '$7 == "running" { print $8 }' | sort; }
before=$(pids)
expect_eq "$(wc -l <<<"$before")" 2
alloc=$(curl -s "$NOMAD_ADDR/v1/job/web/allocations" | jq -r '.[0].ID')

same_pids() { [ "$(pids)" = "$before" ]; }
version() { curl -s "$NOMAD_ADDR/v1/job/web" | jq -r .Version; }
all_well() {
	node_is_ready && has_allocs web running 2 && same_pids &&
		lb_says /web 200
}

for d in "${ALL[@]}"; do
	down KILL "$d"
	up "$d"
	eventually 20 all_well
	expect_eq "$(version)" 0 "after kill -9 of $d"
done

down KILL "${ALL[@]}"
for p in $before; do kill -0 "$p" || fail "task $p did not outlive its daemons"; done
up "${ALL[@]}"
eventually 20 all_well
expect_eq "$(curl -s "$NOMAD_ADDR/v1/allocation/$alloc" | jq -r .ClientStatus)" running
expect_eq "$(curl -s "$NOMAD_ADDR/v1/allocation/$alloc" | jq -r .TaskStates.server.Restarts)" 0

# No byte of a log was lost: its ticks are numbered without a gap.
has_ticks() {
	curl -s "$NOMAD_ADDR/v1/client/fs/logs/$alloc?task=server&type=stdout&plain=true" >"$TEST_DIR/ticks"
	[ "$(wc -l <"$TEST_DIR/ticks")" -gt 50 ]
}
eventually 20 has_ticks
awk '$1 == "tick" && $2 != NR - 1 { exit 1 }' "$TEST_DIR/ticks" ||
	fail "the log has a gap"

# A task that ends while no nodeagent is there: its exit code is told later.
cat >"$TEST_DIR/brief.nomad" <<EOF2
job "brief" {
  type = "batch"
  group "g" {
    restart {
      attempts = 0
      mode     = "fail"
    }
    reschedule {
      attempts  = 0
      unlimited = false
    }
    task "t" {
      driver = "raw_exec"
      config {
        command = "/bin/sh"
        args    = ["-c", "while [ ! -e $TEST_DIR/go ]; do sleep 0.05; done; exit 7"]
      }
      resources {
        cpu    = 10
        memory = 10
      }
    }
  }
}
EOF2
rove job run -detach "$TEST_DIR/brief.nomad" >/dev/null
eventually 10 has_allocs brief running 1
down KILL nodeagent
touch "$TEST_DIR/go"
sleep 0.3
up nodeagent
eventually 10 has_allocs brief failed 1
expect_eq "$(curl -s "$NOMAD_ADDR/v1/job/brief/allocations" |
	jq '.[0].TaskStates.t.Events[] | select(.Type == "Terminated") | .ExitCode')" 7

# SIGTERM stops nodeagent, not the tasks.
down TERM nodeagent
for p in $before; do kill -0 "$p" || fail "task $p ended with nodeagent"; done
up nodeagent
eventually 20 all_well
rove job stop -detach web >/dev/null
eventually 10 has_allocs web complete 2
for p in $before; do
	! kill -0 "$p" 2>/dev/null || fail "task $p was not stopped"
done
down TERM "${ALL[@]}"
