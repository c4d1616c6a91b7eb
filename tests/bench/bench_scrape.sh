#!/bin/bash
# A scrape: one node's metrics with 50 allocations, beside Prometheus' own node
# exporter on this machine: bench_scrape.sh build/VARIANT
#
# Time from the first byte sent to the last received, medians of ROUNDS, once
# from metricsd and once through nodeagent, which asks it. Then how much CPU the
# daemons of a node use for all of this while nothing happens.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$(realpath "${1:-build/release}")
rounds=${ROUNDS:-200}
allocs=${ALLOCS:-50}
idle_s=${IDLE_SECONDS:-10}
base=${BASE:-28600}
PATH=$build/bin:$PATH
export NOMAD_ADDR=http://127.0.0.1:$base

dir=$(mktemp -d /tmp/rove-bench-scrape.XXXXXX)
pids=()
# shellcheck disable=SC2317 # called by the trap
cleanup() {
	kill "${pids[@]}" 2>/dev/null || true
	wait 2>/dev/null || true
	rm -rf "$dir"
}
trap cleanup EXIT

cat >"$dir/agent.hcl" <<EOF
log_level = "WARN"
ports {
  http = $base
  rpc  = $((base + 1))
  serf = $((base + 2))
}
lb {
  proxy = "127.0.0.1:$((base + 4))"
  ui    = "127.0.0.1:$((base + 5))"
}
EOF
rove agent -dev -config "$dir/agent.hcl" >"$dir/log" 2>&1 &
agent=$!
pids+=("$agent")
for _ in $(seq 100); do
	rove node status 2>/dev/null | grep -q ready && break
	sleep 0.1
done

# Nanoseconds of CPU that the agent's daemons have used.
cpu_ns() {
	local p
	for p in $(pgrep -P "$agent"); do cat "/proc/$p/task/"*/schedstat; done |
		awk '{ sum += $1 } END { printf "%.0f", sum }'
}
# Milliseconds of CPU a second that they use.
idle() {
	local was is
	sleep 3
	was=$(cpu_ns)
	sleep "$idle_s"
	is=$(cpu_ns)
	awk -v n=$((is - was)) -v s="$idle_s" 'BEGIN { printf "%.2f", n / 1e6 / s }'
}
idle_none=$(idle)

cat >"$dir/many.nomad" <<EOF
job "many" {
  group "g" {
    count = $allocs
    ephemeral_disk {
      size = 50
    }
    task "t" {
      driver = "raw_exec"
      config {
        command = "/bin/sleep"
        args    = ["3600"]
      }
      logs {
        max_files     = 1
        max_file_size = 10
      }
      resources {
        cpu    = 2
        memory = 10
      }
    }
  }
}
EOF
rove job run -detach "$dir/many.nomad" >/dev/null
scrape() {
	curl -s "http://127.0.0.1:$1"
}
for _ in $(seq 100); do
	[ "$(scrape "$((base + 3))/metrics" |
		grep -c '^nomad_client_allocs_memory_rss')" = "$allocs" ] && break
	sleep 0.2
done
idle_many=$(idle)

# median URL: of the time of one scrape on a connection that stays, in ms
median() {
	local urls=()
	for _ in $(seq "$rounds"); do urls+=(-o /dev/null "$1"); done
	curl -s -w '%{time_total} %{time_connect} %{http_code}\n' "${urls[@]}" |
		awk '$3 == 200 { print ($1 - $2) * 1000 }' | sort -n |
		awk '{ v[NR] = $1 } END { printf "%.2f", v[int((NR + 1) / 2)] }'
}
direct=$(median "http://127.0.0.1:$((base + 3))/metrics")
through=$(median "http://127.0.0.1:$((base + 10))/v1/metrics?format=prometheus")
bytes=$(scrape "$((base + 3))/metrics" | wc -c)
series=$(scrape "$((base + 3))/metrics" | grep -vc '^#')

peer="not installed"
if command -v prometheus-node-exporter >/dev/null; then
	prometheus-node-exporter --web.listen-address="127.0.0.1:$((base + 20))" \
		>/dev/null 2>&1 &
	pids+=($!)
	sleep 1
	peer=$(median "http://127.0.0.1:$((base + 20))/metrics")
	peer_series=$(scrape "$((base + 20))/metrics" | grep -vc '^#')
	peer_text="$peer ms node exporter"
else
	echo "scrape: the peer is skipped: prometheus-node-exporter is not installed"
	peer_text="not installed"
fi

ratio() {
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.1f", (a + 0 > 0 && b + 0 > 0) ? a / b : 0 }'
}
echo "scrape: $allocs allocations, $series series, $bytes bytes; peer ${peer_series:-0} series"
echo "scrape: metricsd $direct ms, nodeagent's port $through ms, node exporter $peer ms"
echo "scrape: all daemons idle: $idle_none ms of CPU a second, with $allocs tasks $idle_many"
echo "row: scrape, $allocs allocations, metricsd | $direct ms | $peer_text | $(ratio "$peer" "$direct")"
echo "row: scrape, $allocs allocations, nodeagent | $through ms | $peer_text | $(ratio "$peer" "$through")"
echo "row: CPU of five idle daemons | $idle_none ms/s | - | -"
echo "row: CPU of five daemons, $allocs idle tasks | $idle_many ms/s | - | -"
awk -v d="$direct" -v t="$through" 'BEGIN { exit d > 5 || t > 5 }' ||
	{ echo "scrape: over 5 ms"; exit 1; }
