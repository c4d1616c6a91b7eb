#!/bin/bash
# Two servers of two regions, each a rove agent of its own, in one encrypted
# pool: what each says of the other, and how one leaves.
# shellcheck source=tests/sys/lib.sh
. "$(dirname "$0")/lib.sh"

# agent NAME HOST REGION [LINE...]
agent() {
	local name=$1 host=$2 region=$3
	shift 3
	cat >"$TEST_DIR/$name.hcl" <<-END
		name = "$name"
		region = "$region"
		data_dir = "$TEST_DIR/$name.data"
		bind_addr = "127.0.7.$host"
		leave_on_interrupt = true
		advertise {
		  http = "127.0.7.$host"
		  rpc  = "127.0.7.$host"
		  serf = "127.0.7.$host"
		}
		ports {
		  http = $HTTP_PORT
		  rpc  = $RPC_PORT
		  serf = $SERF_PORT
		}
		server {
		  enabled          = true
		  bootstrap_expect = 1
		  encrypt          = "AAECAwQFBgcICQoLDA0ODw=="
		  $*
		}
	END
	start "$name" rove agent -config "$TEST_DIR/$name.hcl" -run-dir "$TEST_DIR/$name.run"
}
member() { rove server members | awk -v n="$1" '$1 == n { print $4, $9 }'; }
has() { [ "$(member "$1")" = "$2" ]; }

agent a 31 eu
agent b 32 us 'server_join { retry_join = ["127.0.7.31"], retry_interval = "1s" }'
B=$LAST_PID
export NOMAD_ADDR=http://127.0.7.32:$HTTP_PORT
eventually 20 has a.eu 'alive eu'
export NOMAD_ADDR=http://127.0.7.31:$HTTP_PORT
eventually 10 has b.us 'alive us'
expect_eq "$(curl -s "$NOMAD_ADDR/v1/regions")" '["eu","us"]'
expect_match "$(rove server members -verbose)" "b.us .*bootstrap=1.*id=.*port=$RPC_PORT.*role=nomad.*rpc_addr=127.0.7.32"

expect_eq "$(rove server join 127.0.7.32)" "Joined 1 servers successfully"
if rove server join 127.0.7.98 2>/dev/null; then
	fail "joined by a server that is not there"
fi
expect_eq "$(http_code -X PUT "$NOMAD_ADDR/v1/agent/join")" 400
expect_eq "$(http_code -X PUT "$NOMAD_ADDR/v1/agent/force-leave")" 400
expect_eq "$(curl -s -X PUT "$NOMAD_ADDR/v1/agent/join?address=127.0.7.32&address=127.0.7.98" | jq .num_joined)" 1

# By SIGINT it leaves, and is then forgotten by force.
kill -INT "$B"
eventually 20 has b.us 'left us'
expect_eq "$(curl -s "$NOMAD_ADDR/v1/regions")" '["eu"]'
rove server force-leave -prune b.us
eventually 10 has b.us ''
