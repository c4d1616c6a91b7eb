#!/bin/bash
# Checks: a deployment waits for them, the load balancer goes by them, a
# version that fails them is taken back, and a task that fails them restarts.
# shellcheck source=tests/sys/lib.sh
. "$(dirname "$0")/lib.sh"

cluster_up
HEALTH=$TEST_DIR/health
echo 200 >"$HEALTH"

# checked_job NAME PATH UPDATE MORE: one server; its check asks for PATH
checked_job() {
	cat <<-EOF
		job "$1" {
		  group "g" {
		    network {
		      port "http" {}
		    }
		    restart {
		      attempts = 2
		      delay    = "1s"
		      mode     = "fail"
		    }
		    update {
		      min_healthy_time = "200ms"
		      $3
		    }
		    ephemeral_disk {
		      size = 150
		    }
		    service {
		      name     = "$1"
		      port     = "http"
		      tags     = ["urlprefix-/$1"]
		      provider = "nomad"
		      check {
		        name     = "alive"
		        type     = "http"
		        path     = "$2"
		        interval = "1s"
		        timeout  = "1s"
		        $4
		      }
		    }
		    service {
		      name     = "$1-port"
		      port     = "http"
		      provider = "nomad"
		      check {
		        type     = "tcp"
		        interval = "1s"
		        timeout  = "1s"
		      }
		    }
		    task "server" {
		      driver = "raw_exec"
		      config {
		        command = "python3"
		        args    = ["$PWD/tests/sys/web.py", "\${NOMAD_PORT_http}", "$HEALTH"]
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
job_alloc() { # JOB: its running allocation
	curl -s "$NOMAD_ADDR/v1/job/$1/allocations" |
		jq -r '[.[] | select(.ClientStatus == "running")][0].ID'
}
checks_of() { # ALLOC: "NAME STATUS" of each, in one line
	curl -s "$NOMAD_ADDR/v1/client/allocation/$1/checks" |
		jq -r '[.[] | .Check + "=" + .Status] | sort | join(" ")'
}

# The run ends with its deployment, when the checks have passed.
deadlines='healthy_deadline = "5s"
progress_deadline = "6s"
auto_revert = true'
checked_job web /health "$deadlines" "" >"$TEST_DIR/web.nomad"
rove job run "$TEST_DIR/web.nomad" >"$TEST_DIR/run.out" ||
	fail "job run: $(cat "$TEST_DIR/run.out")"
out=$(cat "$TEST_DIR/run.out")
expect_match "$out" '==> Monitoring deployment "[0-9a-f]{8}"
    
[0-9-]+T[0-9:]+[^ ]+
ID +='
expect_match "$out" 'Status += running'
expect_match "$out" 'Status += successful
Description = Deployment completed successfully

Deployed
Task Group +Auto Revert +Desired +Placed +Healthy +Unhealthy +Progress Deadline
g +true +1 +1 +1 +0 '
eventually 3 lb_says /web 200
alloc=$(job_alloc web)
expect_eq "$(checks_of "$alloc")" 'alive=success service: "web-port" check=success'
out=$(rove alloc checks "${alloc:0:8}")
expect_match "$out" '^Status of 2 Nomad Service Checks'
expect_match "$out" 'Name +=  alive
Group +=  web.g\[0\]
Task +=  \(group\)
Service +=  web
Status +=  success
StatusCode +=  200
Mode +=  healthiness'
expect_match "$out" 'Output +=  nomad: tcp ok'
out=$(rove alloc status "$alloc")
expect_match "$out" 'Deployment Health += healthy'
expect_match "$out" 'Nomad Service Checks:
Service +Task +Name +Mode +Status
web +\(group\) +alive +healthiness +success'

# Ill: out of the balancer's table; well: back again.
echo 500 >"$HEALTH"
eventually 4 lb_says /web 404
expect_match "$(rove alloc checks "$alloc")" 'Status +=  failure
StatusCode +=  500'
expect_eq "$(allocs web running)" 1 "a check alone stops nothing"
echo 200 >"$HEALTH"
eventually 4 lb_says /web 200

# The services as people see them; one that was deleted is no longer routed.
out=$(rove service list)
expect_match "$out" 'Service Name +Tags
web +\[urlprefix-/web\]
web-port +\[\]'
out=$(rove service info web)
expect_match "$out" 'Job ID +Address +Tags +Node ID +Alloc ID
web +127.0.0.1:[0-9]+ +\[urlprefix-/web\] +[0-9a-f]{8} +'"${alloc:0:8}"
expect_eq "$(rove service info none)" 'No service registrations found'
id=$(rove service info -json web-port | jq -r '.[0].ID')
expect_eq "$(rove service delete web-port "$id")" \
	'Successfully deleted service registration'
expect_eq "$(rove service info web-port)" 'No service registrations found'
if rove service delete web-port "$id" 2>"$TEST_DIR/delete.err"; then
	fail "it was deleted twice"
fi
expect_match "$(cat "$TEST_DIR/delete.err")" \
	'^Error deleting service registration: .*service registration not found'

# A version that fails its checks fails at its deadline and is taken back.
checked_job web /fail "$deadlines" "" | sed 's/cpu    = 20/cpu    = 21/' \
	>"$TEST_DIR/fail.nomad"
status=0
out=$(rove job run "$TEST_DIR/fail.nomad") || status=$?
expect_eq "$status" 1 "$out"
expect_match "$out" 'Job Version = 1
Status += failed
Description = Failed due to progress deadline - rolling back to job version 0'
expect_match "$out" 'Job Version = 2
Status += successful'
eventually 2 lb_says /web 200
sick=$(curl -s "$NOMAD_ADDR/v1/job/web/allocations" |
	jq -r '[.[] | select(.JobVersion == 1)][0].ID')
expect_match "$(rove alloc status "$sick")" \
	'Alloc Unhealthy +Services not healthy by deadline: web'

# By hand: the same, and the answer says where the job went.
checked_job web /fail "$deadlines" "" | sed 's/cpu    = 20/cpu    = 22/' \
	>"$TEST_DIR/next.nomad"
rove job run -detach "$TEST_DIR/next.nomad" >/dev/null
version_runs() { # VERSION: its deployment has begun
	curl -s "$NOMAD_ADDR/v1/job/web/deployment" |
		jq -e "select(.JobVersion == $1 and .Status == \"running\")"
}
eventually 5 version_runs 3
id=$(curl -s "$NOMAD_ADDR/v1/job/web/deployment" | jq -r .ID)
out=$(rove deployment fail "$id") || fail "deployment fail: $out"
expect_match "$out" \
	"^Deployment \"$id\" failed. Auto-reverted to job version 2\."
expect_match "$(rove deployment status "$id")" \
	'Deployment marked as failed - rolling back to job version 2'

# A check that restarts its task.
checked_job sick /fail 'health_check = "task_states"' \
	'check_restart {
	   limit = 2
	   grace = "500ms"
	 }' >"$TEST_DIR/sick.nomad"
rove job run -detach "$TEST_DIR/sick.nomad" >/dev/null
eventually 5 has_allocs sick running 1
sick=$(job_alloc sick)
restarted() {
	rove alloc status "$sick" | grep -q \
		'Restart Signaled *healthcheck: check "alive" unhealthy'
}
eventually 10 restarted

# By hand: nobody but the API says how it is.
checked_job hand /fail 'health_check = "manual"' "" >"$TEST_DIR/hand.nomad"
rove job run -detach "$TEST_DIR/hand.nomad" >/dev/null
eventually 5 has_allocs hand running 1
id=$(curl -s "$NOMAD_ADDR/v1/job/hand/deployment" | jq -r .ID)
judge() { # MEMBER ALLOC
	http_code -X POST -d "{\"DeploymentID\":\"$id\",\"$1\":[\"$2\"]}" \
		"$NOMAD_ADDR/v1/deployment/allocation-health/$id"
}
expect_eq "$(judge HealthyAllocationIDs "$sick")" 500
expect_eq "$(judge HealthyAllocationIDs "$(job_alloc hand)")" 200
hand_is_successful() {
	rove deployment status "$id" | grep -q 'Status *= successful'
}
eventually 5 hand_is_successful

# A nodeagent that comes back still knows what the checks said.
alloc=$(job_alloc web)
down KILL nodeagent
up nodeagent
knows() { [ -n "$(checks_of "$alloc")" ]; }
eventually 5 knows
expect_match "$(checks_of "$alloc")" 'alive=success'

# What stops is no longer routed.
rove job stop -purge -yes hand >/dev/null
rove job stop -purge -yes sick >/dev/null
rove job stop -purge -yes web >/dev/null
eventually 3 lb_says /web 404
down TERM "${ALL[@]}"
