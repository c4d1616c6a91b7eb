#!/bin/bash
# Encryption between machines: rove tls makes two CAs and certificates, three
# servers form a cluster and a node runs a job over TLS, and who has not the
# right certificate is refused, named in the log, and disturbs nobody.
# shellcheck source=tests/sys/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/sys/servers.sh
. "$(dirname "$0")/servers.sh"

command -v openssl >/dev/null || { echo "needs openssl" && exit 77; }

RAFT_PORT=$((RPC_PORT - 2))
P=$TEST_DIR/pki
# ca DIR; cert DIR ROLE [OPTION...]
ca() { mkdir -p "$P/$1" && (cd "$P/$1" && rove tls ca create -common-name "$1"); }
cert() {
	local dir=$1 role=$2
	shift 2
	(cd "$P/$dir" && rove tls cert create "-$role" "$@" 2>&1)
}
# tls PAIR [MORE]: the block that shows a pair
tls() {
	echo "tls {
	  rpc = true
	  ca_file = \"$P/cluster/nomad-agent-ca.pem\"
	  server_ca_file = \"$P/servers/nomad-agent-ca.pem\"
	  cert_file = \"$P/$1.pem\"
	  key_file = \"$P/$1-key.pem\"
	  ${2:-}
	}"
}
SERVER=servers/global-server-nomad
CLIENT=cluster/global-client-nomad

# --- certificates ---

expect_match "$(ca servers)" 'CA certificate saved to: nomad-agent-ca.pem'
ca cluster >/dev/null
ca foreign >/dev/null
expect_match "$(cert servers server -additional-ipaddress 127.0.8.1)" 'Server Certificate saved to global-server-nomad.pem'
cert cluster client >/dev/null
cert foreign server >/dev/null
expect_eq "$(stat -c %a "$P"/*/*-key.pem | sort -u)" 600
(cd "$P/servers" && rove tls ca create) >/dev/null 2>&1 && fail "a CA was overwritten"
openssl verify -CAfile "$P/servers/nomad-agent-ca.pem" -verify_hostname server.global.nomad "$P/$SERVER.pem" >/dev/null || fail "the certificate is not what it should be"

# What is wrong is named, before anything is started.
named() {
	local out
	out=$(schedd -n -o data_dir=/x -o tls.rpc=true -o "tls.ca_file=$1" -o "tls.cert_file=$2" -o "tls.key_file=$3" 2>&1) && fail "taken: $*"
	expect_match "$out" "$4"
}
CA=$P/servers/nomad-agent-ca.pem
named "" "$P/$SERVER.pem" "$P/$SERVER-key.pem" 'tls.ca_file must be set'
named "$P/none.pem" "$P/$SERVER.pem" "$P/$SERVER-key.pem" 'tls.ca_file: .*/none.pem: No such file'
named "$CA" "$P/$SERVER.pem" "$P/$CLIENT-key.pem" "tls.key_file: .*$CLIENT-key.pem: the key does not fit"
named "$CA" "$P/$CLIENT.pem" "$P/$CLIENT-key.pem" "tls.cert_file: .*$CLIENT.pem: the CA in .* has not signed it"
named "$P/$SERVER.pem" "$P/$SERVER.pem" "$P/$SERVER-key.pem" 'tls.ca_file: .* is not that of a CA'

# --- who is warned ---

# Once, of a port that nothing guards. In a network of its own, for it listens
# at all addresses.
everywhere() { # NAME [OPTION...]
	local name=$1
	shift
	start "$name" unshare -n schedd -r "$TEST_DIR/$name.run" -o data_dir="$TEST_DIR/$name.data" \
		-o "raft=0.0.0.0:$RAFT_PORT" -o "advertise_raft=10.0.0.1:$RAFT_PORT" -o rpc= "$@"
}
warned() { grep -c 'OPEN TO THE NETWORK: raft' "$TEST_DIR/$1.log" || true; }
if [ "$(id -u)" -eq 0 ]; then
	everywhere open
	open=$LAST_PID
	everywhere guarded -o tls.rpc=true -o "tls.ca_file=$CA" -o "tls.cert_file=$P/$SERVER.pem" \
		-o "tls.key_file=$P/$SERVER-key.pem"
	for n in open guarded; do eventually 15 grep -q 'leading term' "$TEST_DIR/$n.log"; done
	kill "$open" "$LAST_PID"
	expect_eq "$(warned open)" 1
	expect_eq "$(warned guarded)" 0
fi

# --- a cluster ---

more='verify_server_hostname = true'
for n in 1 2 3; do server $n 3 "$(tls $SERVER "$more")"; done
eventually 30 agree 1 2 3
eventually 10 voters 1 3
leader=$(leader_by 1)
read -r follower _ < <(others "$leader" | xargs)

node() {
	cat >"$TEST_DIR/$1.hcl" <<-END
		name = "$1"
		data_dir = "$TEST_DIR/$1.data"
		bind_addr = "$(host 9)"
		advertise {
		  http = "$(host 9)"
		  rpc  = "$(host 9)"
		  serf = "$(host 9)"
		}
		ports { http = $HTTP_PORT }
		client {
		  enabled = true
		  servers = ["$(host "$follower"):$RPC_PORT"]
		}
		$2
	END
	start "$1" rove agent -config "$TEST_DIR/$1.hcl" -run-dir "$TEST_DIR/$1.run"
	AGENT[$1]=$LAST_PID
}
nodes() { ask 1 /v1/nodes | jq -r '.[] | .Name + "=" + .Status' | xargs; }
is_node() { [ "$(nodes)" = "$1" ]; }
says() { grep -q "$2" "$TEST_DIR/$1.log"; }

# One whose certificate is of a foreign CA is not heard; both ends say so.
node foreign "$(tls foreign/global-server-nomad | sed "s,cluster/nomad-agent-ca,foreign/nomad-agent-ca,")"
eventually 10 says "s$follower" 'TLS refused at=.*unable to get local issuer certificate'
eventually 10 says foreign 'TLS refused at=.*unknown ca'
expect_eq "$(nodes)" ""
kill_server foreign

node node "$(tls $CLIENT)"
eventually 15 is_node "node=ready"
curl -sf -m 10 -X PUT --data-binary @- "$(url "$follower")/v1/jobs" >/dev/null <<-'END'
	{"Job": {"ID": "j", "Type": "service", "Datacenters": ["dc1"], "TaskGroups": [
	  {"Name": "g", "Tasks": [{"Name": "t", "Driver": "mock_driver", "Config": {"run_for": "1h"}}]}]}}
END
runs() { [ "$(ask 1 /v1/job/j/allocations | jq -r '.[].ClientStatus' | xargs)" = running ]; }
eventually 15 runs

# --- strangers ---

# Whether a port lets in who shows that pair (or none): the bus greets.
greets() {
	local pair=() said
	[ -z "$2" ] || pair=(-cert "$P/$2.pem" -key "$P/$2-key.pem")
	said=$(timeout 5 openssl s_client -connect "$(host 1):$1" -CAfile "$CA" -verify_return_error \
		-quiet -no_ign_eof "${pair[@]}" < <(sleep 0.3) 2>/dev/null | tr -d '\0' | head -c 2 || true)
	[ "$said" = SP ]
}
greets "$RAFT_PORT" $SERVER || fail "a server is not let in"
greets "$RPC_PORT" $SERVER || fail "a server is not let in at the RPC port"
greets "$RPC_PORT" $CLIENT || fail "a node is not let in"
! greets "$RAFT_PORT" $CLIENT || fail "a node may speak Raft"
! greets "$RAFT_PORT" foreign/global-server-nomad || fail "a foreign server may speak Raft"
! greets "$RPC_PORT" foreign/global-server-nomad || fail "a foreign certificate is let in"
! greets "$RPC_PORT" "" || fail "nobody in particular is let in"
# In plain nothing is said.
for port in "$RPC_PORT" "$RAFT_PORT"; do
	exec 9<>"/dev/tcp/$(host 1)/$port"
	printf '\0SP\0\0\60\0\0' >&9
	said=$(timeout 2 head -c 64 <&9 | tr -d '\0' || true)
	exec 9>&-
	[[ "$said" != *SP* ]] || fail "port $port answers in plain"
done
says s1 "TLS refused at=$(host 1):$RAFT_PORT" || fail "the Raft port says nothing"
eventually 10 agree 1 2 3
eventually 10 runs

# --- certificates are renewed ---

(cd "$P/servers" && rm global-server-nomad*.pem && rove tls cert create -server -days 20 >/dev/null 2>&1)
kill -HUP "${AGENT[1]}" "${AGENT[$leader]}"
shown() {
	openssl s_client -connect "$(host 1):$RPC_PORT" </dev/null 2>/dev/null |
		openssl x509 -noout -checkend $((30 * 86400)) >/dev/null && return 1
	return 0
}
eventually 10 shown
eventually 5 says s1 'the certificate ends soon'
eventually 5 says "s$leader" 'config reloaded'
eventually 10 agree 1 2 3
eventually 10 runs
# One that is not there leaves what is in force.
mv "$P/$SERVER-key.pem" "$P/away"
kill -HUP "${AGENT[1]}"
eventually 5 says s1 'tls.key_file: .*No such file'
eventually 10 agree 1 2 3
echo ok
