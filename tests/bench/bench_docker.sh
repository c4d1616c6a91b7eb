#!/bin/bash
# From submitting a docker task until it runs, beside the bare calls to the
# engine (create and start of the same container): bench_docker.sh build/VARIANT
#
# Both ask over connections that are open; medians of ROUNDS, in turns.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$(realpath "${1:-build/release}")
rounds=${ROUNDS:-15}
base=${BASE:-28700}
for tool in dockerd busybox curl python3; do
	if ! command -v "$tool" >/dev/null; then
		echo "docker: skipped: $tool is not installed"
		exit 0
	fi
done
if [ "$(id -u)" -ne 0 ]; then
	echo "docker: skipped: the engine needs root"
	exit 0
fi
PATH=$build/bin:$PATH

dir=$(mktemp -d /tmp/rove-bench-docker.XXXXXX)
cgroup=rove-bench-$$
sock=$dir/docker.sock
pids=()
# shellcheck disable=SC2317 # called by the trap
cleanup() {
	local c d
	for c in $(curl -s --unix-socket "$sock" 'http://d/containers/json?all=1' |
		grep -o '"Id":"[0-9a-f]*"' | cut -d'"' -f4); do
		curl -s --unix-socket "$sock" -X DELETE "http://d/containers/$c?force=1" || true
	done
	kill "${pids[@]}" 2>/dev/null || true
	wait 2>/dev/null || true
	for d in /sys/fs/cgroup/*/"$cgroup" /sys/fs/cgroup/"$cgroup"; do
		[ -d "$d" ] && find "$d" -depth -type d -exec rmdir {} + 2>/dev/null
	done
	rm -rf "$dir"
}
trap cleanup EXIT

echo '{}' >"$dir/empty.json"
unshare -m dockerd --config-file "$dir/empty.json" --data-root "$dir/data" \
	--exec-root "$dir/exec" -H "unix://$sock" -p "$dir/pid" -l error \
	--cgroup-parent "$cgroup" --bridge=none --iptables=false \
	--ip6tables=false --ip-forward=false --ip-masq=false >"$dir/dockerd.log" 2>&1 &
pids+=($!)
for _ in $(seq 100); do
	curl -sf --unix-socket "$sock" http://d/version >/dev/null && break
	sleep 0.1
done
mkdir -p "$dir/root/bin"
cp "$(command -v busybox)" "$dir/root/bin/sleep"
tar -C "$dir/root" -c . | curl -sf --unix-socket "$sock" -X POST -T - \
	'http://d/images/create?fromSrc=-&repo=busybox&tag=1' >/dev/null

cat >"$dir/agent.hcl" <<EOF2
log_level = "WARN"
ports {
  http = $base
  rpc  = $((base + 1))
  serf = $((base + 2))
}
plugin "docker" {
  config {
    endpoint = "unix://$sock"
  }
}
lb {
  proxy = "127.0.0.1:$((base + 4))"
  ui    = "127.0.0.1:$((base + 5))"
}
EOF2
rove agent -dev -config "$dir/agent.hcl" >"$dir/log" 2>&1 &
pids+=($!)

cat >"$dir/measure.py" <<'EOF2'
import http.client, json, socket, statistics, sys, time

sock, port, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])

class Unix(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(30)
        self.sock.connect(sock)

class Tcp(http.client.HTTPConnection):
    def connect(self):
        super().connect()
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

engine, api = Unix("d", timeout=30), Tcp("127.0.0.1", port, timeout=30)

def ask(conn, method, path, body=None):
    data = json.dumps(body) if body is not None else None
    conn.request(method, path, data, {"Content-Type": "application/json"})
    r = conn.getresponse()
    text = r.read()
    if r.status >= 400 and method != "DELETE":
        raise SystemExit("%s %s: %d %s" % (method, path, r.status, text))
    return json.loads(text or b"null"), r.getheader("X-Nomad-Index")

def ready():
    try:
        nodes, _ = ask(api, "GET", "/v1/nodes")
    except (OSError, http.client.HTTPException):
        api.close()
        return False
    return any(n["Status"] == "ready" and n["Drivers"]["docker"]["Healthy"]
               for n in nodes)

def job(name):
    return {"Job": {"ID": name, "Type": "service", "TaskGroups": [{
        "Name": "g", "EphemeralDisk": {"SizeMB": 110},
        "Tasks": [{"Name": "t", "Driver": "docker", "KillTimeout": 1000000,
            "LogConfig": {"MaxFiles": 1, "MaxFileSizeMB": 10},
            "Config": {"image": "busybox:1", "network_mode": "host",
                       "command": "/bin/sleep", "args": ["1000"]},
            "Resources": {"CPU": 20, "MemoryMB": 32}}]}]}}

def ours(name):
    body = job(name)
    path = "/v1/job/%s/allocations" % name
    start = time.perf_counter()
    ask(api, "PUT", "/v1/jobs", body)
    index = 0
    while True:
        allocs, index = ask(api, "GET", "%s?index=%s&wait=10s" % (path, index))
        if allocs and allocs[0]["ClientStatus"] == "running":
            return time.perf_counter() - start
        if allocs and allocs[0]["ClientStatus"] == "failed":
            raise SystemExit("the task failed: %s" % allocs[0]["TaskStates"])

def running():
    return ask(engine, "GET", "/containers/json?all=1")[0]

def stop(name):
    ask(api, "DELETE", "/v1/job/%s?purge=true" % name)
    while running():
        time.sleep(0.02)

def bare(body):
    start = time.perf_counter()
    made, _ = ask(engine, "POST", "/containers/create", body)
    ask(engine, "POST", "/containers/%s/start" % made["Id"])
    took = time.perf_counter() - start
    ask(engine, "DELETE", "/containers/%s?force=1" % made["Id"])
    return took

for _ in range(200):
    if ready():
        break
    time.sleep(0.1)
ours("warm")
like, _ = ask(engine, "GET", "/containers/%s/json" % running()[0]["Id"])
body = {k: like["Config"][k] for k in ("Image", "Cmd", "Env", "Labels")}
# What the allocation had is gone by then; any directories will do.
stop("warm")
host = like["HostConfig"]
for key in ("Binds", "Mounts"):
    for i, m in enumerate(host.get(key) or []):
        if key == "Binds":
            parts = m.split(":")
            host[key][i] = ":".join(["/tmp"] + parts[1:])
        elif m.get("Type") == "bind":
            m["Source"] = "/tmp"
body["HostConfig"] = host
bare(body)
a, b = [], []
for i in range(rounds):
    b.append(bare(body))
    a.append(ours("j%d" % i))
    stop("j%d" % i)
a, b = statistics.median(a) * 1000, statistics.median(b) * 1000
print("docker task: submit to running %.1f ms; create and start %.1f ms; "
      "+%.1f ms" % (a, b, a - b))
print("row: docker task, submit to running | %.1f ms | bare calls %.1f ms | "
      "%+.1f ms" % (a, b, a - b))
EOF2
python3 "$dir/measure.py" "$sock" "$base" "$rounds"
