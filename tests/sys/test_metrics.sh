#!/bin/bash
# Numbers: a server and a node with the telemetry block of Nomad's guide, a
# real Prometheus that scrapes them, and what promtool says of their text.
# shellcheck source=tests/sys/lib.sh
. "$(dirname "$0")/lib.sh"

SERVER=$HTTP_PORT
SERVER_METRICS=$((HTTP_PORT + 3))
CLIENT=$((BASE + 100))
CLIENT_METRICS=$((CLIENT + 3))
PROM=$((BASE + 200))
HTTP=(curl -sf -m 5)

export TMPDIR=$TEST_DIR/tmp
mkdir "$TMPDIR"

# agent NAME HTTP_PORT: the parts of its file that both have
agent() {
	cat <<-EOF
		name      = "$1"
		bind_addr = "127.0.0.1"
		data_dir  = "$DATA/$1"
		ports {
		  http = $2
		  rpc  = $(($2 + 1))
		  serf = $(($2 + 2))
		}
		advertise {
		  http = "127.0.0.1"
		  rpc  = "127.0.0.1"
		  serf = "127.0.0.1"
		}
	EOF
}

telemetry='
telemetry {
  collection_interval = "1s"
  disable_hostname = true
  prometheus_metrics = true
  publish_allocation_metrics = true
  publish_node_metrics = true
}'

# write_agents TELEMETRY
write_agents() {
	{
		agent server "$SERVER"
		echo 'server {
		  enabled = true
		  bootstrap_expect = 1
		}'
		echo "$1"
	} >"$TEST_DIR/server.hcl"
	{
		agent client "$CLIENT"
		echo "client {
		  enabled = true
		  servers = [\"127.0.0.1:$((SERVER + 1))\"]
		  network_interface = \"lo\"
		  node_class = \"small\"
		  options { driver.raw_exec.enable = \"1\" }
		}
		plugin \"raw_exec\" {
		  config {
		    enabled = true
		  }
		}"
		echo "$1"
	} >"$TEST_DIR/client.hcl"
}

start_agents() {
	start server rove agent -run-dir "$TEST_DIR/server" -config "$TEST_DIR/server.hcl"
	start client rove agent -run-dir "$TEST_DIR/client" -config "$TEST_DIR/client.hcl"
	eventually 20 node_is_ready
}

cat >"$TEST_DIR/prometheus.yml" <<EOF
global:
  scrape_interval: 500ms
  scrape_timeout: 400ms
scrape_configs:
  - job_name: nomad
    metrics_path: /v1/metrics
    params:
      format: [prometheus]
    static_configs:
      - targets: ["127.0.0.1:$SERVER", "127.0.0.1:$CLIENT"]
  - job_name: rove
    static_configs:
      - targets: ["127.0.0.1:$SERVER_METRICS", "127.0.0.1:$CLIENT_METRICS"]
EOF

# ask QUERY: the one value that Prometheus has for it
ask() {
	"${HTTP[@]}" -G "http://127.0.0.1:$PROM/api/v1/query" \
		--data-urlencode "query=$1" | jq -r '.data.result[].value[1]'
}
has_value() { # QUERY
	[ -n "$(ask "$1")" ]
}
asks() { # QUERY VALUE
	[ "$(ask "$1")" = "$2" ]
}

# Without the option there is no such format, as with Nomad; JSON there is.
write_agents 'telemetry {
  disable_hostname = true
}'
start_agents
for port in $SERVER $CLIENT; do
	url=http://127.0.0.1:$port/v1/metrics
	expect_eq "$(http_code "$url?format=prometheus")" 415
	expect_eq "$(curl -s "$url?format=prometheus")" "Prometheus is not enabled"
	expect_eq "$(curl -s "$url" | jq -r 'keys | join(" ")')" \
		"Counters Gauges Points Samples Timestamp"
done
for pid in "${PIDS[@]}"; do kill "$pid"; done
for pid in "${PIDS[@]}"; do wait "$pid" || true; done
PIDS=()

# With it, and a Prometheus.
write_agents "$telemetry"
start_agents
start prometheus prometheus --config.file="$TEST_DIR/prometheus.yml" \
	--storage.tsdb.path="$TEST_DIR/tsdb" --log.level=warn \
	--web.listen-address="127.0.0.1:$PROM"
eventually 10 asks 'sum(up)' 4
expect_eq "$(ask 'count(up)')" 4

# A job whose names need care in a label.
cat >"$TEST_DIR/x.json" <<'EOF'
{"Job": {"ID": "x", "Name": "say \"x\"\\ \u00fc", "Type": "service",
  "Datacenters": ["dc1"], "TaskGroups": [{"Name": "g", "Count": 1,
    "Update": {"MaxParallel": 3, "HealthCheck": "task_states",
      "MinHealthyTime": 100000000},
    "EphemeralDisk": {"SizeMB": 110},
    "Tasks": [{"Name": "t", "Driver": "raw_exec",
      "Config": {"command": "/bin/sleep", "args": ["600"]},
      "Resources": {"CPU": 20, "MemoryMB": 16}}]}]}}
EOF
expect_match "$(curl -s -X PUT -d "@$TEST_DIR/x.json" "$NOMAD_ADDR/v1/jobs")" EvalID
eventually 10 asks 'nomad_nomad_job_summary_running{exported_job="x",job="nomad"}' 1
settled() {
	[ "$(curl -s "$NOMAD_ADDR/v1/job/x/deployment" | jq -r .Status)" = successful ]
}
eventually 10 settled
"${HTTP[@]}" -X PUT -d '{"Count":3,"Target":{"Group":"g"}}' \
	"$NOMAD_ADDR/v1/job/x/scale" >/dev/null || fail "not scaled"
eventually 5 asks 'nomad_nomad_job_summary_running{exported_job="x",job="nomad"}' 3
eventually 5 asks 'nomad_client_allocations_running{job="nomad"}' 3
eventually 5 asks \
	'count(nomad_client_allocs_memory_usage{job="nomad",exported_job="say \"x\"\\ ü"} > 0)' 3
eventually 5 asks 'sum(nomad_client_allocs_running{job="nomad"})' 3
expect_eq "$(ask 'nomad_client_allocs_memory_allocated{job="nomad"}' | sort -u)" 16777216

# What the guide calls key metrics, and what its dashboards and alerts ask for.
for q in nomad_runtime_alloc_bytes nomad_runtime_num_goroutines \
	nomad_nomad_broker_total_{pending,ready,unacked,waiting} \
	nomad_nomad_broker_{service,batch,system,sysbatch,_core}_{ready,unacked} \
	nomad_nomad_broker_{wait,process,response}_time_sum \
	nomad_nomad_heartbeat_active nomad_nomad_plan_queue_depth \
	nomad_nomad_plan_{evaluate,submit,apply}_count \
	nomad_nomad_rpc_{query,request,request_error} \
	nomad_nomad_worker_invoke_scheduler_service_sum \
	nomad_nomad_worker_wait_for_index_count nomad_raft_apply \
	nomad_raft_{commitTime,fsm_apply}_count nomad_raft_{last,applied}Index \
	nomad_nomad_job_status_{pending,running,dead} \
	nomad_nomad_job_summary_{queued,complete,failed,running,starting,lost,unknown} \
	nomad_nomad_blocked_evals_total_{blocked,escaped} \
	nomad_nomad_autopilot_{healthy,failure_tolerance} \
	nomad_nomad_client_get_client_allocs_count \
	nomad_nomad_fsm_register_{job,node}_count \
	nomad_nomad_leader_establish_leadership_sum \
	nomad_client_{,un}allocated_{cpu,memory,disk} nomad_client_uptime \
	nomad_client_allocations_{running,pending,blocked,migrating,terminal} \
	nomad_client_host_cpu_{user,system,idle,total,total_percent,total_ticks} \
	nomad_client_host_memory_{total,available,used,free} \
	nomad_client_host_disk_{size,used,available,used_percent,inodes_percent} \
	nomad_client_allocs_cpu_{total_percent,total_ticks,allocated,user,system,throttled_time,throttled_periods,total_ticks_count} \
	nomad_client_allocs_memory_{usage,rss,max_usage,allocated} \
	process_{cpu_seconds_total,resident_memory_bytes,open_fds}; do
	eventually 20 has_value "$q{job=\"nomad\"}"
done
for label in node_id datacenter=dc1 node_class=small node_pool=default \
	node_status=ready node_scheduling_eligibility=eligible; do
	name=${label%%=*} value=${label#*=}
	[ "$value" = "$name" ] && value='.+'
	eventually 20 has_value "nomad_client_host_cpu_idle{$name=~\"$value\",cpu=~\"cpu.+\"}"
done
expect_eq "$(ask 'count({host!="",__name__=~"nomad_.*"}) or vector(0)')" 0 "disable_hostname"

# promtool reads all of it. It complains of style only, where Nomad's own names
# have another: counters without _total, gauges with it, units, capitals.
style='(counter metrics should have|non-counter metrics should not have|should not have "_count" suffix|should not contain abbreviated units|should be written in .snake_case|should not include type|use base unit)'
for url in "$SERVER/v1/metrics?format=prometheus" \
	"$CLIENT/v1/metrics?format=prometheus" \
	"$SERVER_METRICS/metrics" "$CLIENT_METRICS/metrics"; do
	"${HTTP[@]}" "http://127.0.0.1:$url" >"$TEST_DIR/text"
	rc=0
	promtool check metrics <"$TEST_DIR/text" >"$TEST_DIR/lint" 2>&1 || rc=$?
	[ $rc -eq 0 ] || [ $rc -eq 3 ] || fail "promtool: $(cat "$TEST_DIR/lint")"
	bad=$(grep -Ev "^nomad_[A-Za-z_]+ .*$style" "$TEST_DIR/lint" || true)
	[ -z "$bad" ] || fail "promtool complains of $url: $bad"
	expect_eq "$(awk '$2 == "TYPE" { print $3 }' "$TEST_DIR/text")" \
		"$(awk '$2 == "HELP" && NF > 3 { print $3 }' "$TEST_DIR/text")"
	[ -z "$(grep -v '^#' "$TEST_DIR/text" | sed 's/ [^ ]*$//' | sort | uniq -d)" ] ||
		fail "a series is told twice"
done

# metricsctl in a pipeline.
run=$TEST_DIR/client
[ "$(metricsctl -r "$run" get 'nomad_client_allocs_memory_rss' | cut -f3 | sort -n |
	head -n 1)" -gt 100000 ] || fail "metricsctl get"
[ "$(metricsctl -r "$run" get 'nomad_client*' | wc -l)" -gt 60 ] || fail "the glob"
expect_eq "$(metricsctl -r "$run" -j get nomad_client_tasks_running | jq -r .Value)" 3
expect_match "$(timeout 2 metricsctl -r "$run" monitor -a | grep -m 1 ready)" 'ready pid='
expect_match "$(metricsctl -r "$run" list 'nomad_client_allocs_r*')" \
	$'nomad_client_allocs_running\tcounter\t3'
metricsctl -r "$run" monitor 'nomad_client_allocations_running' >"$TEST_DIR/monitor" &
PIDS+=($!)

eventually 10 settled
# Scaled down; what was is seen to change.
"${HTTP[@]}" -X PUT -d '{"Count":1,"Target":{"Group":"g"}}' \
	"$NOMAD_ADDR/v1/job/x/scale" >/dev/null
eventually 10 asks 'nomad_nomad_job_summary_running{exported_job="x",job="nomad"}' 1
eventually 5 asks 'nomad_client_allocations_running{job="nomad"}' 1
eventually 5 grep -q $'\t1\t' "$TEST_DIR/monitor"

# More jobs than one turn tells of.
for i in $(seq 200); do
	curl -s -X PUT -d '{"Job": {"ID": "many-'"$i"'", "Name": "m", "Type": "batch",
	  "Datacenters": ["nowhere"], "TaskGroups": [{"Name": "g", "Tasks": [{
	    "Name": "t", "Driver": "raw_exec", "Config": {"command": "/bin/true"}}]}]}}' \
		"$NOMAD_ADDR/v1/jobs" >/dev/null
done
eventually 10 asks 'count(nomad_nomad_job_summary_queued{exported_job=~"many-.*",job="nomad"})' 200
