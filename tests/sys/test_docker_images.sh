#!/bin/bash
# Images of a task: from a registry that wants to know who asks, by the task's
# word, by config.json and by a credential helper; from an archive; and gone
# when nobody needs them. The engine is found by DOCKER_HOST.
# shellcheck source=tests/sys/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/sys/docker.sh
. "$(dirname "$0")/docker.sh"

command -v python3 >/dev/null || {
	echo "skipped: python3 is not installed"
	exit 77
}

# Any name and any tag are the same image, for who knows the password.
REGISTRY_PORT=$((BASE + 20))
REGISTRY=127.0.0.1:$REGISTRY_PORT
engine GET /images/busybox:1/get >"$TEST_DIR/image.tar"
cat >"$TEST_DIR/registry.py" <<'EOF2'
import base64, gzip, hashlib, http.server, json, socketserver, sys

port, root, archive = int(sys.argv[1]), sys.argv[2], sys.argv[3]
layer = open(root, "rb").read()
digest = lambda b: "sha256:" + hashlib.sha256(b).hexdigest()
packed = gzip.compress(layer, mtime=0)
config = json.dumps({"architecture": "amd64", "os": "linux", "config": {},
    "rootfs": {"type": "layers", "diff_ids": [digest(layer)]}}).encode()
V2 = "application/vnd.docker."
part = lambda kind, b: {"mediaType": V2 + kind, "size": len(b), "digest": digest(b)}
manifest = json.dumps({"schemaVersion": 2,
    "mediaType": V2 + "distribution.manifest.v2+json",
    "config": part("container.image.v1+json", config),
    "layers": [part("image.rootfs.diff.tar.gzip", packed)]}).encode()
blobs = {digest(b): b for b in (config, packed)}
wanted = "Basic " + base64.b64encode(b"me:secret").decode()

class Registry(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        kind, body, status = "application/octet-stream", b"", 200
        if self.path == "/image.tar":
            body = open(archive, "rb").read()
        elif self.headers.get("Authorization") != wanted:
            status = 401
        elif "/manifests/" in self.path:
            kind, body = V2 + "distribution.manifest.v2+json", manifest
        elif "/blobs/" in self.path:
            body = blobs[self.path.split("/")[-1]]
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="test"')
        if "/manifests/" in self.path:
            self.send_header("Docker-Content-Digest", digest(manifest))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, *args):
        pass

# An HTTPServer would ask for its own name first, which may take long.
socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer.daemon_threads = True
print("image packed", file=sys.stderr, flush=True)
socketserver.ThreadingTCPServer(("127.0.0.1", port), Registry).serve_forever()
EOF2
tar -C "$TEST_DIR/root" -cf "$TEST_DIR/root.tar" .
start registry python3 "$TEST_DIR/registry.py" "$REGISTRY_PORT" "$TEST_DIR/root.tar" "$TEST_DIR/image.tar"
registry_is_up() {
	curl -s -m 5 -o /dev/null "http://$REGISTRY/v2/"
}
eventually 30 registry_is_up

# A helper that is told the registry's name.
mkdir "$TEST_DIR/helpers"
cat >"$TEST_DIR/helpers/docker-credential-rovetest" <<EOF2
#!/bin/sh
read -r server
[ "\$1 \$server" = "get $REGISTRY" ] || { echo "credentials not found"; exit 1; }
echo '{"Username": "me", "Secret": "secret"}'
EOF2
chmod +x "$TEST_DIR/helpers/docker-credential-rovetest"

write_configs
cp "$TEST_DIR/nodeagent.conf" "$TEST_DIR/nodeagent.base"
write_docker() { # AUTH: what its group has
	cp "$TEST_DIR/nodeagent.base" "$TEST_DIR/nodeagent.conf"
	cat >>"$TEST_DIR/nodeagent.conf" <<EOF2
docker = {
	auth = { $1 };
	gc = { image_delay = "1s"; };
};
EOF2
}
node_with() { # AUTH: nodeagent anew
	down TERM nodeagent
	write_docker "$1"
	up nodeagent
	eventually 20 node_is_ready
	eventually 10 driver_is true
}
export DOCKER_HOST=unix://$SOCK
PATH=$TEST_DIR/helpers:$PATH
write_docker ''
up "${ALL[@]}"
eventually 20 node_is_ready
eventually 10 driver_is true

# image_job NAME IMAGE [CONFIG [ATTEMPTS]]: of one task that says hello
image_job() {
	cat >"$TEST_DIR/$1.nomad" <<EOF2
job "$1" {
  type = "batch"
  group "g" {
    restart {
      attempts = ${4:-0}
      delay    = "1s"
      mode     = "fail"
    }
    reschedule {
      attempts  = 0
      unlimited = false
    }
    task "t" {
      driver = "docker"
      config {
        image        = "$2"
        network_mode = "host"
        command      = "/bin/echo"
        args         = ["hello"]
        ${3:-}
      }
      resources {
        cpu    = 10
        memory = 32
      }
    }
  }
}
EOF2
	rove job run -detach "$TEST_DIR/$1.nomad" >/dev/null || fail "job run $1"
}
says_hello() { # JOB
	eventually 30 has_allocs "$1" complete 1
	expect_eq "$(rove alloc logs "$(alloc_of "$1")")" hello
}
has_no_image() { # REPOSITORY
	! engine GET /images/json | grep -qF "\"$1"
}

# By the task, and by nobody.
image_job own "$REGISTRY/own:1" 'auth {
          username = "me"
          password = "secret"
        }'
says_hello own
image_job nobody "$REGISTRY/nobody:1"
eventually 20 has_allocs nobody failed 1
has_event nobody "Driver Failure: Failed to pull \`$REGISTRY/nobody:1\`: API error (" ||
	fail "$(events nobody)"
eventually 20 has_no_image "$REGISTRY/own"

# By the node's config.json, and by the helper it names.
printf '{"auths": {"%s": {"auth": "%s"}}}' "$REGISTRY" "$(printf me:secret | base64)" \
	>"$TEST_DIR/config.json"
printf '{"credHelpers": {"%s": "rovetest"}}' "$REGISTRY" >"$TEST_DIR/helper.json"
node_with "config = \"$TEST_DIR/config.json\";"
image_job file "$REGISTRY/file:1"
says_hello file
node_with "config = \"$TEST_DIR/helper.json\";"
image_job named "$REGISTRY/named:1"
says_hello named
node_with 'helper = "rovetest";'
image_job helper "$REGISTRY/helper:1"
says_hello helper
eventually 20 has_no_image "$REGISTRY"
node_with 'helper = "none-such";'
image_job unknown "$REGISTRY/unknown:1"
eventually 20 has_allocs unknown failed 1
has_event unknown 'Failed to find docker auth: docker-credential-none-such: No such file' ||
	fail "$(events unknown)"

# From an archive; one that is not there, and one that is not the task's
# (put there after the task has been tried in vain).
engine DELETE '/images/busybox:1?force=1' >/dev/null || true
image_job archive busybox:1 'load = "image.tar"' 20
eventually 20 has_event archive 'Driver Failure: unable to open image archive: '
local_dir=$(find "$TEST_DIR" -path "*/$(alloc_of archive)/t/local" -type d)
cp "$TEST_DIR/image.tar" "$local_dir/image.tar"
says_hello archive
eventually 20 has_no_image busybox
image_job missing busybox:1 'load = "none.tar"'
eventually 20 has_allocs missing failed 1
has_event missing 'Driver Failure: unable to open image archive: ' || fail "$(events missing)"
image_job outside busybox:1 'load = "../../../../../../etc/passwd"'
eventually 20 has_allocs outside failed 1
has_event outside 'Driver Failure: unable to open image archive: ' || fail "$(events outside)"

# What is no engine is told so.
down TERM nodeagent
touch "$TEST_DIR/no-socket"
DOCKER_HOST=unix://$TEST_DIR/no-socket
up nodeagent
eventually 10 driver_is false

down TERM "${ALL[@]}"
down TERM dockerd
