#!/bin/bash
# CPU per request of lbd and haproxy, side by side: bench_lbd.sh build/VARIANT
#
# wrk -> proxy -> nginx with one worker that answers BYTES bytes. Both
# proxies use one thread, keep connections on both sides and tell the
# upstream where a request came from. Rounds take turns; medians are printed.
# ROUNDS, SECONDS_EACH, CONNS and BYTES may be set.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$(realpath "${1:-build/release}")
rounds=${ROUNDS:-5}
each=${SECONDS_EACH:-3}
conns=${CONNS:-64}
bytes=${BYTES:-100}
base=${BASE:-28400}
for tool in haproxy nginx wrk; do
	if ! command -v "$tool" >/dev/null; then
		echo "lbd: skipped: $tool is not installed"
		exit 0
	fi
done

dir=$(mktemp -d /tmp/rove-bench-lbd.XXXXXX)
pids=()
# shellcheck disable=SC2317 # called by the trap
cleanup() {
	kill "${pids[@]}" 2>/dev/null || true
	wait 2>/dev/null || true
	rm -rf "$dir"
}
trap cleanup EXIT

body=$(head -c "$bytes" /dev/zero | tr '\0' x)
chmod 755 "$dir"
mkdir "$dir/www" "$dir/run"
printf '%s' "$body" >"$dir/www/body"
cat >"$dir/nginx.conf" <<EOF
worker_processes 1; daemon off; pid $dir/nginx.pid; error_log $dir/nginx.err;
events { worker_connections 4096; }
http {
	access_log off; keepalive_requests 100000000; keepalive_timeout 600s;
	open_file_cache max=10; sendfile on; tcp_nodelay on;
	client_body_temp_path $dir/t1; proxy_temp_path $dir/t2; fastcgi_temp_path $dir/t3;
	uwsgi_temp_path $dir/t4; scgi_temp_path $dir/t5;
	server { listen 127.0.0.1:$base reuseport backlog=1024; root $dir/www; location / { try_files /body =404; } }
}
EOF
cat >"$dir/haproxy.cfg" <<EOF
global
	nbthread 1
	maxconn 8192
defaults
	mode http
	option forwardfor
	option http-keep-alive
	http-reuse always
	timeout connect 5s
	timeout client 60s
	timeout server 60s
	timeout http-keep-alive 60s
frontend f
	bind 127.0.0.1:$((base + 1))
	default_backend b
backend b
	server s 127.0.0.1:$base
EOF
echo "route add web / http://127.0.0.1:$base/" >"$dir/routes"

nginx -p "$dir" -c "$dir/nginx.conf" &
pids+=($!)
haproxy -db -q -f "$dir/haproxy.cfg" &
haproxy_pid=$!
pids+=("$haproxy_pid")
"$build/bin/lbd" -l warn -r "$dir/run" -o "proxy_addr=127.0.0.1:$((base + 2))" -o "ui_addr=127.0.0.1:$((base + 3))" \
	-o workers=1 -o registry=none -o "routes_file=$dir/routes" &
lbd_pid=$!
pids+=("$lbd_pid")
for port in $base $((base + 1)) $((base + 2)); do
	for _ in $(seq 100); do
		curl -sf -o /dev/null "http://127.0.0.1:$port/" && break
		sleep 0.05
	done
done

# Nanoseconds of CPU that all threads of a process have used.
cpu_ns() { cat "/proc/$1/task/"*/schedstat | awk '{ n += $1 } END { printf "%.0f", n }'; }

# round NAME PID PORT: prints microseconds a request, and requests a second
round() {
	local before after out n
	before=$(cpu_ns "$2")
	out=$(wrk -t1 -c"$conns" -d"${each}s" "http://127.0.0.1:$3/")
	after=$(cpu_ns "$2")
	n=$(awk '/requests in/ { print $1 }' <<<"$out")
	if grep -q 'Non-2xx\|Socket errors' <<<"$out"; then grep 'Non-2xx\|Socket errors' <<<"$out" >&2; fi
	awk -v d=$((after - before)) -v n="$n" -v s="$each" 'BEGIN { printf "%.2f %.0f\n", d / n / 1000, n / s }' |
		tee -a "$dir/$1.rounds" | sed "s/^/  $1 /"
}

for _ in $(seq "$rounds"); do
	round haproxy "$haproxy_pid" $((base + 1))
	round lbd "$lbd_pid" $((base + 2))
done

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
h=$(cut -d' ' -f1 "$dir/haproxy.rounds" | median)
l=$(cut -d' ' -f1 "$dir/lbd.rounds" | median)
hr=$(cut -d' ' -f2 "$dir/haproxy.rounds" | median)
lr=$(cut -d' ' -f2 "$dir/lbd.rounds" | median)
awk -v h="$h" -v l="$l" -v hr="$hr" -v lr="$lr" -v b="$bytes" 'BEGIN {
	printf "row: lbd: CPU of a request | %.1f us | haproxy %.1f us | %.2fx\n", l, h, h / l
	printf "row: lbd: requests, one thread | %d /s | haproxy %d /s | %.2fx\n", lr, hr, lr / hr
	printf "lbd vs haproxy, %d B bodies: %.1f us/request against %.1f (%.2fx), %d against %d requests/s\n",
	    b, l, h, l / h, lr, hr }'
