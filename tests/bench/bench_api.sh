#!/bin/bash
# Reading the API: GET /v1/jobs with three jobs over 32 connections, beside
# nginx serving the same bytes as a file: bench_api.sh build/VARIANT
#
# wrk with one thread asks one after the other; medians of ROUNDS are printed.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$(realpath "${1:-build/release}")
rounds=${ROUNDS:-5}
each=${SECONDS_EACH:-3}
base=${BASE:-28500}
for tool in nginx wrk curl; do
	if ! command -v "$tool" >/dev/null; then
		echo "api: skipped: $tool is not installed"
		exit 0
	fi
done
PATH=$build/bin:$PATH
export NOMAD_ADDR=http://127.0.0.1:$base

dir=$(mktemp -d /tmp/rove-bench-api.XXXXXX)
pids=()
# shellcheck disable=SC2317 # called by the trap
cleanup() {
	kill "${pids[@]}" 2>/dev/null || true
	wait 2>/dev/null || true
	rm -rf "$dir"
}
trap cleanup EXIT

cat >"$dir/agent.hcl" <<EOF2
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
EOF2
rove agent -dev -config "$dir/agent.hcl" >"$dir/log" 2>&1 &
pids+=($!)
for _ in $(seq 100); do
	rove node status 2>/dev/null | grep -q ready && break
	sleep 0.1
done
for name in one two three; do
	rove job init -short -stdout | sed "s/job \"web\"/job \"$name\"/" |
		rove job run -detach - >/dev/null
done
sleep 1

chmod 755 "$dir"
mkdir "$dir/www"
curl -s "$NOMAD_ADDR/v1/jobs" >"$dir/www/jobs"
bytes=$(wc -c <"$dir/www/jobs")
cat >"$dir/nginx.conf" <<EOF2
worker_processes 1; daemon off; pid $dir/nginx.pid; error_log $dir/nginx.err;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 1000000000;
  server { listen 127.0.0.1:$((base + 20)); root $dir/www; }
}
EOF2
nginx -c "$dir/nginx.conf" 2>/dev/null &
pids+=($!)
sleep 0.5

rate() { # URL: requests a second
	wrk -t1 -c32 -d"${each}s" "$1" | awk '/^Requests\/sec:/ { print $2 }'
}
median() {
	sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

for _ in $(seq "$rounds"); do
	rate "$NOMAD_ADDR/v1/jobs" >>"$dir/ours"
	rate "http://127.0.0.1:$((base + 20))/jobs" >>"$dir/theirs"
done
ours=$(median <"$dir/ours")
theirs=$(median <"$dir/theirs")
ratio=$(echo "$ours $theirs" | awk '{ printf "%.2fx", $1 / $2 }')
echo "api read: $ours requests a second of $bytes bytes; nginx with a file $theirs; $ratio"
echo "row: API read, 32 connections | $ours/s | nginx file $theirs/s | $ratio"
