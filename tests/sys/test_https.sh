#!/bin/bash
# The API by HTTPS: three servers, a server of another region and a node, asked
# by curl and by rove, who hand requests on to each other; who is refused, and
# how; certificates are renewed while they run.
# shellcheck source=tests/sys/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/sys/servers.sh
. "$(dirname "$0")/servers.sh"

command -v openssl >/dev/null || { echo "needs openssl" && exit 77; }
unset NOMAD_CACERT NOMAD_CAPATH NOMAD_CLIENT_CERT NOMAD_CLIENT_KEY NOMAD_TLS_SERVER_NAME NOMAD_SKIP_VERIFY

P=$TEST_DIR/pki
ca() { mkdir -p "$P/$1" && (cd "$P/$1" && rove tls ca create -common-name "$1" >/dev/null); }
cert() {
	local dir=$1 role=$2
	shift 2
	(cd "$P/$dir" && rove tls cert create "-$role" "$@" >/dev/null 2>&1)
}
ADDRS=()
for n in 1 2 3 4; do ADDRS+=(-additional-ipaddress "$(host $n)"); done
for d in servers cluster foreign; do ca $d; done
cert servers server "${ADDRS[@]}"
cert servers server "${ADDRS[@]}" -region us
cert cluster client -additional-ipaddress "$(host 9)"
cert cluster cli
cert foreign cli
cat "$P"/{servers,cluster}/nomad-agent-ca.pem >"$P/cas.pem"
# One that has expired.
openssl req -new -key "$P/cluster/global-cli-nomad-key.pem" -subj /CN=old -out "$P/old.csr" 2>/dev/null
openssl x509 -req -in "$P/old.csr" -CA "$P/cluster/nomad-agent-ca.pem" -CAkey "$P/cluster/nomad-agent-ca-key.pem" \
	-days 0 -out "$P/old.pem" 2>/dev/null

# --- what rove tls says of them ---

info=$(rove tls ca info "$P/servers/nomad-agent-ca.pem")
expect_match "$info" 'Serial Number +[0-9]{20,}'
expect_match "$info" 'Issuer CN +servers'
expect_match "$info" 'Common Name +CN=servers'
expect_match "$info" 'Permitted DNS Domains +\[\]'
info=$(rove tls cert info "$P/servers/us-server-nomad.pem")
expect_match "$info" 'Issuer CN +servers'
expect_match "$info" 'Expiry Date +20[0-9-]+ [0-9:]+ \+0000 UTC'
expect_match "$info" 'DNS Names +\[server.us.nomad localhost\]'
expect_match "$info" "IP Addresses +\[$(host 1) .*127.0.0.1\]"
rove tls cert info "$P/servers/us-server-nomad-key.pem" 2>/dev/null && fail "a key is taken for a certificate"
rove tls ca info 2>/dev/null && fail "no file is taken for one"

# --- a cluster ---

# tls PAIR [MORE]
tls() {
	echo "tls {
	  rpc = true
	  http = true
	  ca_file = \"$P/cluster/nomad-agent-ca.pem\"
	  server_ca_file = \"$P/servers/nomad-agent-ca.pem\"
	  cert_file = \"$P/$1.pem\"
	  key_file = \"$P/$1-key.pem\"
	  verify_server_hostname = true
	  ${2:-}
	}"
}
url() { echo "https://$(host "$1"):$HTTP_PORT"; }
SHOW=(--cert "$P/cluster/global-cli-nomad.pem" --key "$P/cluster/global-cli-nomad-key.pem")
get() { curl -sf -m 10 --cacert "$P/cas.pem" "$@"; }
ask() { get "${SHOW[@]}" "$(url "$1")$2"; }

more='verify_https_client = true'
for n in 1 2 3; do server $n 3 "$(tls servers/global-server-nomad "$more")"; done
server 4 1 "region = \"us\"
$(tls servers/us-server-nomad "$more")"
eventually 30 agree 1 2 3
eventually 10 voters 1 3
leader=$(leader_by 1)
read -r follower other < <(others "$leader" | xargs)
grep -q ", https $(host 1):$HTTP_PORT" "$TEST_DIR/s1.log" || fail "the banner does not say https"
grep -q "WARNING.*schedd http " "$TEST_DIR/s1.log" && fail "warned of a port that asks who is there"

# The node's own API asks nobody for a certificate. That of a second one is
# still plain.
node() { # NAME N [LINE]
	cat >"$TEST_DIR/$1.hcl" <<-END
		name = "$1"
		data_dir = "$TEST_DIR/$1.data"
		bind_addr = "$(host "$2")"
		advertise {
		  http = "$(host "$2")"
		  rpc  = "$(host "$2")"
		  serf = "$(host "$2")"
		}
		ports { http = $HTTP_PORT }
		client {
		  enabled = true
		  servers = ["$(host "$follower"):$RPC_PORT"]
		  ${3:-}
		}
		$(tls cluster/global-client-nomad)
	END
}
node node 9
node late 8 'node_class = "late"'
sed -i 's/ http = true/ http = false/' "$TEST_DIR/late.hcl"
for n in node late; do start $n rove agent -config "$TEST_DIR/$n.hcl" -run-dir "$TEST_DIR/$n.run"; done
is_ready() { [ "$(ask 1 /v1/nodes | jq -r '.[].Status' | xargs)" = "ready ready" ]; }
id_of() { ask 1 /v1/nodes | jq -r ".[] | select(.Name == \"$1\") | .ID"; }
eventually 20 is_ready
expect_eq "$(ask 1 "/v1/node/$(id_of node)" | jq .TLSEnabled)" true
expect_eq "$(ask 1 "/v1/node/$(id_of late)" | jq .TLSEnabled)" false

# --- handed on: to the leader, to the node, from the node, to another region ---

get "${SHOW[@]}" -X PUT --data-binary @- "$(url "$follower")/v1/jobs" >/dev/null <<-'END'
	{"Job": {"ID": "j", "Type": "service", "Datacenters": ["dc1"],
	  "Constraints": [{"LTarget": "${node.class}", "RTarget": "late", "Operand": "!="}], "TaskGroups": [
	  {"Name": "g", "Tasks": [{"Name": "t", "Driver": "mock_driver", "Config": {"run_for": "1h"}}]}]}}
END
runs() { [ "$(ask "$other" /v1/job/j/allocations | jq -r '.[].ClientStatus' | xargs)" = running ]; }
eventually 15 runs
alloc=$(ask 1 /v1/job/j/allocations | jq -r '.[0].ID')
for n in 1 2 3; do
	for of in node late; do
		expect_match "$(ask $n "/v1/client/stats?node_id=$(id_of $of)" | jq -r .AllocDirStats.Device)" "$TEST_DIR/$of.data"
	done
	expect_eq "$(ask $n "/v1/client/allocation/$alloc/stats" | jq -r '.Tasks | keys[]')" t
done
expect_eq "$(get "$(url 9)/v1/jobs" | jq -r '.[].ID')" j "asked of the node"
expect_eq "$(get "$(url 9)/v1/client/allocation/$alloc/stats" | jq -r '.Tasks | keys[]')" t
eventually 15 test "$(ask 4 '/v1/jobs?region=global' | jq -r '.[].ID')" = j
expect_eq "$(ask "$follower" '/v1/jobs?region=us')" '[]'
# One that waits hears of it.
index=$(ask "$other" /v1/job/j | jq .ModifyIndex)
get "${SHOW[@]}" -m 20 "$(url "$other")/v1/job/j?index=$index&wait=15s" >"$TEST_DIR/held" &
held=$!
sleep 0.3
kill -0 "$held" || fail "not held: $(cat "$TEST_DIR/held")"
get "${SHOW[@]}" -X DELETE "$(url "$follower")/v1/job/j" >/dev/null
wait "$held"
expect_eq "$(jq .Stop "$TEST_DIR/held")" true

# --- who is refused ---

refused() { # TEXT ARG...: curl fails, and nothing is answered
	local what=$1 out
	shift
	out=$(get "$@" "$(url 1)/v1/jobs" 2>&1) && fail "let in: $what"
	expect_eq "$out" "" "$what"
}
refused "no certificate"
refused "a foreign certificate" --cert "$P/foreign/global-cli-nomad.pem" --key "$P/foreign/global-cli-nomad-key.pem"
refused "an expired certificate" --cert "$P/old.pem" --key "$P/cluster/global-cli-nomad-key.pem"
refused "TLS 1.1" "${SHOW[@]}" --tls-max 1.1
curl -s -m 5 "${SHOW[@]}" --cacert "$P/foreign/nomad-agent-ca.pem" "$(url 1)/v1/jobs" >/dev/null && fail "a wrong CA is right"
eventually 5 grep -q "TLS refused at=$(host 1):$HTTP_PORT" "$TEST_DIR/s1.log"
# In plain one is told so, at a server and at a node.
for n in 1 9; do
	out=$(curl -s -m 5 -w ' %{http_code}' "http://$(host $n):$HTTP_PORT/v1/jobs" | tr -d '\n')
	expect_eq "$out" "Client sent an HTTP request to an HTTPS server. 400"
done
# Who says nothing, or nonsense, is dropped and disturbs nobody.
exec 9<>"/dev/tcp/$(host 1)/$HTTP_PORT" 8<>"/dev/tcp/$(host 1)/$HTTP_PORT"
printf 'nonsense' >&8
status=0
timeout 5 cat <&8 >/dev/null 2>&1 || status=$?
[ "$status" -ne 124 ] || fail "nonsense is not hung up on"
expect_eq "$(ask 1 /v1/regions)" '["global","us"]'
exec 9>&- 8>&-
# A crowd that says nothing keeps nobody out.
python3 - "$(host 1)" "$HTTP_PORT" >"$TEST_DIR/crowd" <<-'END' &
	import resource, socket, sys, time
	most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
	resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
	crowd = [socket.create_connection((sys.argv[1], int(sys.argv[2]))) for i in range(1200)]
	print("here", flush=True)
	time.sleep(60)
END
crowd=$!
PIDS+=("$crowd")
eventually 20 grep -q here "$TEST_DIR/crowd"
for _ in 1 2 3; do expect_eq "$(ask 1 /v1/regions)" '["global","us"]'; done
kill "$crowd"
n=$("$BIN/schedctl" -r "$TEST_DIR/s1.run" info | awk '$1 == "http_tls_refused" { print $2 }')
[ "$n" -ge 150 ] || fail "only $n were refused"

# --- rove ---

NOMAD_ADDR=$(url 1)
export NOMAD_ADDR
flags=(-ca-cert "$P/cas.pem" -client-cert "$P/cluster/global-cli-nomad.pem" -client-key "$P/cluster/global-cli-nomad-key.pem")
says() { # REGEX COMMAND...: it fails and says so
	local out re=$1
	shift
	out=$("$@" 2>&1) && fail "done: $*"
	expect_match "$out" "$re"
}
expect_match "$(rove node status "${flags[@]}")" 'node .*ready'
expect_match "$(NOMAD_CACERT=$P/cas.pem NOMAD_CLIENT_CERT=${flags[3]} NOMAD_CLIENT_KEY=${flags[5]} rove server members)" 's4.us'
says 'certificate required' rove node status -ca-cert "$P/cas.pem"
says 'certificate' rove node status "${flags[@]:2}"
says 'certificate' rove node status "${flags[@]}" -ca-cert "$P/foreign/nomad-agent-ca.pem"
says 'Both client cert and client key must be provided' rove node status -client-cert "${flags[3]}"
says 'ca-cert: /none: No such file' rove node status -ca-cert /none
says 'HTTP request to an HTTPS server' rove node status -address "http://$(host 1):$HTTP_PORT"
says 'hostname mismatch' rove node status "${flags[@]}" -tls-server-name server.us.nomad
rove node status "${flags[@]}" -tls-server-name server.global.nomad >/dev/null
NOMAD_TLS_SERVER_NAME=server.us.nomad rove node status "${flags[@]}" -tls-server-name localhost >/dev/null
rove node status -tls-skip-verify "${flags[@]:2}" >/dev/null
NOMAD_SKIP_VERIFY=true rove node status "${flags[@]:2}" >/dev/null
mkdir "$P/dir"
for d in servers cluster; do cp "$P/$d/nomad-agent-ca.pem" "$P/dir/$d.pem"; done
NOMAD_CAPATH=$P/dir rove node status "${flags[@]:2}" >/dev/null

# --- certificates are renewed ---

(cd "$P/servers" && rm global-server-nomad*.pem)
cert servers server "${ADDRS[@]}" -days 20
kill -HUP "${AGENT[1]}" "${AGENT[$leader]}"
shown() {
	openssl s_client -connect "$(host 1):$HTTP_PORT" </dev/null 2>/dev/null |
		openssl x509 -noout -checkend $((30 * 86400)) >/dev/null && return 1
	return 0
}
eventually 10 shown
eventually 5 grep -q 'config reloaded' "$TEST_DIR/s$leader.log"
for n in 1 2 3; do expect_eq "$(ask $n /v1/nodes | jq length)" 2; done
# A server that is stopped answers what it has begun, and the others go on.
kill "${AGENT[$follower]}"
wait "${AGENT[$follower]}" || true
expect_eq "$(ask "$other" /v1/nodes | jq length)" 2
echo ok
