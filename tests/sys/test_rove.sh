#!/bin/bash
# The cluster's command: what each part of it prints and how it exits.
# shellcheck source=tests/sys/lib.sh
. "$(dirname "$0")/lib.sh"

# exits STATUS COMMAND...: runs it; its output is in $out, complaints in $err
exits() {
	local want=$1 got=0
	shift
	out=$("$@" 2>"$TEST_DIR/err") || got=$?
	err=$(cat "$TEST_DIR/err")
	expect_eq "$got" "$want" "$* said: $out $err"
}

# Without an agent.
exits 1 rove job status
expect_match "$err" "no answer from the agent at $NOMAD_ADDR"
exits 1 rove node status -address=https://127.0.0.1
exits 1 rove job run -nonsense x
expect_eq "$err" "flag provided but not defined: -nonsense
For additional help try 'rove job run -h'"
expect_eq "$out" ''
exits 1 rove job run
expect_match "$err" 'This command takes one argument: <path>'
exits 0 rove job run -h
expect_match "$out" '^Usage: rove job run'
exits 127 rove nonsense
exits 1 rove job nonsense
expect_match "$err" 'rove job: there is no subcommand "nonsense"'
exits 0 rove version
expect_match "$out" 'rove v.*
Speaks the API of Nomad v1'

for d in schedd nodeagent gossipd metricsd lbd; do
	exits 0 $d --help
	expect_match "$out" "^usage: $d "
	exits 0 $d --version
done

cluster_up

# The sample runs as it is, and what the monitor says has its form.
rove job init -short -stdout |
	sed 's/^  group.*/&\n    update { min_healthy_time = "100ms" }/' >"$TEST_DIR/web.nomad"
exits 0 rove job validate "$TEST_DIR/web.nomad"
exits 1 rove job plan "$TEST_DIR/web.nomad"
expect_match "$out" '^\+ Job: "web"
\+ Task Group: "web" \(1 create\)
  \+ Task: "server" \(forces create\)'
exits 0 rove job run "$TEST_DIR/web.nomad"
expect_match "$out" '^==> Monitoring evaluation "([0-9a-f]{8})"
    Evaluation triggered by job "web"
    Allocation "([0-9a-f]{8})" created: node "([0-9a-f]{8})", group "web"
    Evaluation status changed: "pending" -> "complete"
==> Evaluation "([0-9a-f]{8})" finished with status "complete"
==> Monitoring deployment "[0-9a-f]{8}"
'
eval_id=${BASH_REMATCH[1]} alloc=${BASH_REMATCH[2]} node=${BASH_REMATCH[3]}
expect_eq "${BASH_REMATCH[4]}" "$eval_id"
eventually 5 has_allocs web running 1
eventually 5 lb_says /web 200

# Each noun of each control program, in each form.
nouns() { # CONTROL_PROGRAM: what it lists that is no common verb or edit
	"$1" --help | awk 'verbs && /^  / { print $1 } /^verbs:/ { verbs = 1 }' | grep -vE '^(info|ping|config|log-level|monitor|reload|stop|route|join|leave|force-leave|reachability|rtt|keygen|event|query|keys|tags)$'
}
for c in schedctl nodectl gossipctl metricsctl lbctl; do
	[ -n "$(nouns $c)" ] || fail "$c has no noun"
	for n in $(nouns $c); do
		exits 0 $c -r "$RUN" "$n"
		[ -n "$out" ] || fail "$c $n says nothing"
		exits 0 $c -r "$RUN" -H "$n"
		exits 0 $c -r "$RUN" -j "$n"
		jq -e . >/dev/null <<<"$out" || fail "$c -j $n: $out"
		exits 2 $c -r "$RUN" "$n" one two
	done
	exits 2 $c -r "$RUN" ping more
	expect_eq "$err" "usage: $c ping"
	exits 2 $c -t 1x ping
	expect_match "$err" 'a timeout is'
done

# It is there for each noun.
exits 0 rove job status
expect_match "$out" '^ID +Type +Priority +Status +Submit Date
web +service +50 +running +20'
exits 0 rove job status we
expect_match "$out" 'Task Group +Queued +Starting +Running +Failed +Complete +Lost +Unknown
web +0 +0 +1 +0 +0 +0 +0'
expect_match "$out" "
$alloc +$node +web +0 +run +running "
exits 0 rove alloc status "$alloc"
expect_match "$out" "Node ID +=  *$node"
expect_match "$out" '\*http +yes +127.0.0.1:'
expect_match "$out" 'Task "server" is "running"'
exits 0 rove alloc logs "$alloc"
expect_match "$out" '^serving at 127.0.0.1:'
exits 0 rove eval status "$eval_id"
expect_match "$out" 'TriggeredBy +=  *job-register'
exits 0 rove eval status -monitor "$eval_id"
exits 0 rove node status
expect_match "$out" "
$node +default +dc1 +alpha +<none> +false +eligible +ready"
exits 0 rove node status "$node"
expect_match "$out" 'Allocated Resources'
exits 0 rove server members
expect_match "$out" "alpha.global +127.0.0.1 +$SERF_PORT +alive +true "
exits 1 rove job status -region nope
expect_match "$err" 'No path to region'
exits 0 rove agent-info
expect_match "$out" 'leader = true'
exits 0 rove status "$alloc"
expect_match "$out" "Name +=  *web.web\[0\]"
exits 0 rove job inspect web
expect_eq "$(echo "$out" | jq -r .Job.ID)" web
exits 0 rove job inspect -version 0 web
expect_eq "$(echo "$out" | jq -r .Job.Version)" 0
exits 1 rove job inspect -version 99 web
expect_match "$err" 'job web has no version 99'
exits 1 rove job inspect -version last web

# What is wrong is said.
exits 1 rove job status nothing
expect_match "$err" 'No job\(s\) with prefix or ID "nothing" found'
exits 1 rove alloc status f
exits 1 rove alloc logs "$alloc" nothing
expect_match "$err" 'Could not find task named: nothing'
echo 'job "x" { nonsense = 1 }' >"$TEST_DIR/bad.nomad"
exits 1 rove job run "$TEST_DIR/bad.nomad"
expect_match "$err" 'bad.nomad:1,11'
exits 1 rove job run "$TEST_DIR/none.nomad"
exits 1 rove job run -var none=1 "$TEST_DIR/web.nomad"
expect_match "$err" 'web.nomad:
Undefined -var variable'
exits 1 rove job run -check-index 99999 "$TEST_DIR/web.nomad"
expect_match "$err" '^Enforcing job modify index 99999'
index=$(curl -s "$NOMAD_ADDR/v1/job/web" | jq .JobModifyIndex)
exits 0 rove job run -check-index "$index" "$TEST_DIR/web.nomad"
exits 0 rove job plan "$TEST_DIR/web.nomad"


# A deployment that is under way goes before a change of the count.
eventually 20 rove job scale web 2
eventually 5 has_allocs web running 2
eventually 20 rove job scale web web 1
exits 1 rove job scale web other 1
exits 1 rove job scale web many
eventually 5 has_allocs web running 1
exits 0 rove job status -json
expect_eq "$(echo "$out" | jq -r '.[0].Summary.JobID')" web
exits 0 rove job status -json web
expect_eq "$(echo "$out" | jq -r '.[0] | keys | join(",")')" \
	Allocations,Evaluations,LatestDeployment,Summary
exits 1 sh -c 'rove job status >/dev/full'

# Former versions; single allocations; the node.
exits 0 rove job allocs web
expect_match "$(rove job allocs -verbose web | head -n 1)" '^ID +Eval ID'
expect_eq "$(rove job allocs -json web | jq -r '.[].JobID' | sort -u)" web
exits 0 rove job deployments -latest web
expect_match "$(rove job deployments -json web | jq -r '.[0].JobID')" web
exits 1 rove job allocs nothing
exits 0 rove job eval web
expect_match "$(rove job eval -detach -force-reschedule web)" '^Created eval ID: "[0-9a-f-]{36}"$'
exits 0 rove job history web
expect_match "$out" '^Version +=  *[1-9]
Stable +=  *(true|false)
Submit Date +=  *20'
exits 0 rove job history -p -version 1 web
expect_match "$out" '^Version +=  *1
.*
.*
Diff +=
\+/- Job: "web"'
exits 1 rove job history -version 99 web
exits 1 rove job revert web x
exits 0 rove job revert web 0
exits 1 rove job revert web 99
eventually 5 has_allocs web running 1
one() { # the allocation of web that runs
	curl -s "$NOMAD_ADDR/v1/job/web/allocations" | jq -r '[.[] | select(.ClientStatus == "running") | .ID][0]'
}
alloc=$(one)
exits 0 rove alloc restart "$alloc"
exits 1 rove alloc restart "$alloc" nothing
expect_match "$err" 'Could not find task named: nothing, found:'
exits 1 rove alloc signal -task nothing "$alloc"
expect_match "$err" 'Could not find task named: nothing, found:'
restarted() { curl -s "$NOMAD_ADDR/v1/allocation/$alloc" | jq -e '.TaskStates.server.Restarts == 1 and .TaskStates.server.State == "running"'; }
eventually 10 restarted
exits 0 rove alloc signal -s SIGCONT "${alloc:0:8}"
exits 1 rove alloc signal -s SIGNOTHING "$alloc"
exits 0 rove alloc stop "$alloc"
expect_match "$out" 'finished with status "complete"'
another() { [ "$(one)" != null ] && [ "$(one)" != "$alloc" ]; }
eventually 10 another
exits 1 rove node eligibility "$node"
exits 0 rove node eligibility -disable "$node"
expect_match "$out" 'set: ineligible for scheduling'
rove node status | grep ' ineligible ' >/dev/null || fail "it is eligible"
exits 0 rove node eligibility -enable "$node"
exits 1 rove node drain -enable -force -no-deadline "$node"
exits 0 timeout 20 rove node drain -enable -force "$node"
expect_match "$out" 'drain strategy set'
expect_match "$out" "All allocations on node \"[0-9a-f-]*\" have stopped"
exits 0 rove node drain -disable "$node"
rove node status | grep ' eligible ' >/dev/null || fail "it is ineligible"
eventually 10 has_allocs web running 1

# A job that fits nowhere: why, and an exit status of its own.
cat >"$TEST_DIR/big.nomad" <<-'END'
	job "big" {
	  constraint {
	    attribute = "${attr.kernel.name}"
	    value     = "plan9"
	  }
	  group "a" {
	    task "t" {
	      driver = "raw_exec"
	      config { command = "/bin/true" }
	    }
	  }
	}
END
exits 2 rove job run "$TEST_DIR/big.nomad"
expect_match "$out" 'failed to place all allocations:
    Task Group "a" \(failed to place 1 allocation\):
      \* Constraint "\$\{attr.kernel.name\} = plan9": 1 nodes excluded by filter
    Evaluation "[0-9a-f]{8}" waiting for additional capacity'
exits 0 rove job status big
expect_match "$out" 'Placement Failure'
exits 0 rove job stop -purge big

# Canaries wait for somebody to promote them.
canary() { # VERSION: the job's file
	sed "s/VERSION/$1/" >"$TEST_DIR/canary.nomad" <<-'END'
		job "canary" {
		  group "g" {
		    count = 2
		    update {
		      canary           = 1
		      auto_revert      = true
		      min_healthy_time = "100ms"
		    }
		    task "t" {
		      driver = "raw_exec"
		      config {
		        command = "/bin/sleep"
		        args    = ["60VERSION"]
		      }
		      resources { memory = 10 }
		    }
		  }
		}
	END
}
deployed() { # WORDS: a row of the newest deployment's table
	rove job status canary | grep -E "^g +$1 " >/dev/null
}
deployment_is() { # STATUS
	[ "$(curl -s "$NOMAD_ADDR/v1/job/canary/deployment" | jq -r .Status)" = "$1" ]
}
canary 1
exits 0 rove job run "$TEST_DIR/canary.nomad"
eventually 20 deployment_is successful
canary 2
exits 0 rove job run -detach "$TEST_DIR/canary.nomad"
eventually 20 deployed 'true +false +2 +1 +1 +1 +0'
exits 0 rove job status canary
expect_match "$out" 'Task Group +Auto Revert +Promoted +Desired +Canaries +Placed +Healthy +Unhealthy +Progress Deadline'
id=$(curl -s "$NOMAD_ADDR/v1/job/canary/deployment" | jq -r .ID)
exits 1 rove job scale canary 3
expect_match "$err" '400 \(job scaling blocked due to active deployment\)'
exits 0 rove deployment pause "${id:0:8}"
expect_match "$out" "^Deployment \"$id\" paused"
deployment_is paused || fail "it is not paused"
exits 0 rove deployment resume -detach "$id"
exits 0 rove deployment list
expect_match "$out" "${id:0:8} +canary +1 +running "
exits 1 rove job promote -group other canary
exits 0 rove job promote canary
eventually 20 deployment_is successful
exits 0 rove deployment status "${id:0:8}"
expect_match "$out" "ID += ${id:0:8}"
expect_match "$out" '
g +true +true +2 +1 +[0-9]+ +2 +0 '
exits 1 rove deployment promote "$id"
canary 3
exits 0 rove job run -detach "$TEST_DIR/canary.nomad"
id=$(curl -s "$NOMAD_ADDR/v1/job/canary/deployment" | jq -r .ID)
exits 0 rove deployment fail "$id"
expect_match "$out" "^Deployment \"$id\" failed"
eventually 5 test "$(curl -s "$NOMAD_ADDR/v1/deployment/$id" | jq -r .Status)" = failed

# A prefix is asked about before it stops something.
exits 1 rove job stop cana </dev/null
expect_match "$err" 'no terminal'
no=$(echo | script -qec 'rove job stop cana' /dev/null)
expect_match "$no" 'stop job "canary"\? \[y/N\].*Nothing is changed'
rove job status canary | grep "^Status *= running" >/dev/null || fail "it was stopped"
yes=$(echo y | script -qec 'rove job stop cana' /dev/null)
expect_match "$yes" 'finished with status "complete"'
rove job status canary | grep "dead (stopped)" >/dev/null || fail "it was not stopped"
exits 0 rove job stop -purge -yes cana

# A log is followed to the end of its task, both streams.
cat >"$TEST_DIR/talk.nomad" <<-'END'
	job "talk" {
	  type = "batch"
	  group "g" {
	    task "t" {
	      driver = "raw_exec"
	      config {
	        command = "/bin/sh"
	        args    = ["-c", "for i in 1 2 3 4 5; do echo out $i; echo err $i >&2; sleep 0.1; done"]
	      }
	    }
	  }
	}
END
exits 0 rove job run "$TEST_DIR/talk.nomad"
eventually 5 rove alloc logs -job talk # there is one once it has started
exits 0 timeout 20 rove alloc logs -f -job talk
expect_eq "$out" "$(printf 'out %d\n' 1 2 3 4 5)"
expect_eq "$err" "$(printf 'err %d\n' 1 2 3 4 5)"
eventually 5 has_allocs talk complete 1
exits 0 rove alloc logs -n 2 -job talk
expect_eq "$out" "$(printf 'out %d\n' 4 5)"

exits 0 rove job stop web talk
eventually 5 lb_says /web 404
exits 0 rove system gc
down TERM "${ALL[@]}"
