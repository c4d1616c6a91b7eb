#!/bin/bash
# Two regions in one pool: two servers and a node in eu, one server and a node
# in us. Each is asked for the other, through servers and through a node; then
# one region is lost, which the other does not notice.
# shellcheck source=tests/sys/lib.sh
. "$(dirname "$0")/lib.sh"

# shellcheck source=tests/sys/servers.sh
. "$(dirname "$0")/servers.sh"

# node N REGION DATACENTER SERVER: a client agent that knows that server
node() {
	cat >"$TEST_DIR/n$1.hcl" <<-END
		name = "n$1"
		region = "$2"
		datacenter = "$3"
		data_dir = "$TEST_DIR/n$1.data"
		bind_addr = "$(host "$1")"
		advertise {
		  http = "$(host "$1")"
		  rpc  = "$(host "$1")"
		  serf = "$(host "$1")"
		}
		ports {
		  http = $HTTP_PORT
		}
		client {
		  enabled = true
		  servers = ["$(host "$4"):$RPC_PORT"]
		}
	END
	start "n$1" rove agent -config "$TEST_DIR/n$1.hcl" -run-dir "$TEST_DIR/n$1.run"
	AGENT[$1]=$LAST_PID
}
# job NAME REGION DATACENTER
job() {
	cat >"$TEST_DIR/$1.nomad.hcl" <<-END
		job "$1" {
		  region      = "$2"
		  datacenters = ["$3"]
		  group "g" {
		    task "t" {
		      driver = "mock_driver"
		      config {
		        run_for = "1h"
		      }
		    }
		  }
		}
	END
	echo "$TEST_DIR/$1.nomad.hcl"
}
nodes() { ask "$1" "/v1/nodes?region=$2" | jq -r '.[] | select(.Status == "ready") | .Name + "/" + .Datacenter' | sort | xargs; }
has_nodes() { [ "$(nodes "$1" "$2")" = "$3" ]; }
runs_on() { [ "$(ask "$1" "/v1/job/$3/allocations?region=$2" | jq -r '.[] | select(.ClientStatus == "running") | .NodeName' | xargs)" = "$4" ]; }
regions() { [ "$(ask "$1" /v1/regions)" = "$2" ]; }
failed() { [ "$(ask "$1" /v1/agent/members | jq -r ".Members[] | select(.Name == \"$2\") | .Status")" = failed ]; }
# It takes no longer than so many ms.
within() {
	local limit=$1 began status=0
	shift
	began=$(date +%s%N)
	"$@" || status=$?
	began=$((($(date +%s%N) - began) / 1000000))
	[ "$began" -le "$limit" ] || fail "$began ms: $*"
	TOOK=$began
	return "$status"
}

server 1 2 'region = "eu"'
server 2 2 'region = "eu"'
server 3 1 'region = "us"'
eventually 20 agree 1 2
for n in 1 2 3; do eventually 15 regions "$n" '["eu","us"]'; done

# Each region has its own leader, its own servers, its own nodes. The third node
# knows a server of the other region only, which leads it to its own.
eventually 5 sh -c "curl -sf '$(url 1)/v1/status/leader?region=us' | grep -q '$(host 3):'"
expect_eq "$(ask 3 '/v1/status/peers?region=eu' | jq length)" 2
expect_eq "$(ask 1 '/v1/status/peers?region=us' | jq length)" 1
node 6 eu dc1 1
node 7 eu dc2 2
node 8 us dc1 1
for n in 1 2 3 6; do
	eventually 20 has_nodes "$n" eu 'n6/dc1 n7/dc2'
	eventually 20 has_nodes "$n" us n8/dc1
done
expect_match "$(ask 8 /v1/agent/servers)" "$(host 3):$RPC_PORT"
expect_eq "$(rove node status -address "$(url 3)" -region eu | awk 'NR > 1 { print $3, $4 }' | sort | xargs)" 'dc1 n6 dc2 n7'

# A job goes where its file says, whoever is asked; a datacenter is a label.
NOMAD_ADDR=$(url 3) rove job run -detach "$(job one eu dc2)" >/dev/null
NOMAD_ADDR=$(url 6) rove job run -detach "$(job two us dc1)" >/dev/null
eventually 10 runs_on 2 eu one n7
eventually 10 runs_on 2 us two n8
expect_eq "$(ask 3 /v1/jobs | jq -r '.[].ID')" two
expect_eq "$(NOMAD_REGION=us rove job status -address "$(url 6)" | awk 'NR == 2 { print $1 }')" two
# Without a query the body says it.
jq -n '{Job: {ID: "three", Region: "us", Type: "batch", Datacenters: ["dc1"], TaskGroups: [{Name: "g", Tasks: [{Name: "t", Driver: "mock_driver", Config: {run_for: "1h", stdout_string: "hello"}}]}]}}' |
	curl -sf -X PUT --data-binary @- "$(url 1)/v1/jobs" >/dev/null
eventually 10 runs_on 3 us three n8
alloc=$(ask 3 /v1/job/three/allocations | jq -r '.[0].ID')
expect_eq "$(ask 7 "/v1/client/allocation/$alloc/stats?region=us" | jq -r '.Tasks | keys[]')" t

# A blocking query over the border is answered by what happens there.
index=$(ask 3 /v1/job/two | jq .ModifyIndex)
curl -s -m 20 "$(url 2)/v1/job/two?region=us&index=$index&wait=15s" >"$TEST_DIR/held" &
held=$!
sleep 0.3
kill -0 "$held" || fail "not held: $(cat "$TEST_DIR/held")"
NOMAD_ADDR=$(url 1) rove job stop -region us -detach two >/dev/null
within 3000 wait "$held"
expect_eq "$(jq .Stop "$TEST_DIR/held")" true

# So is a log that is followed; it ends on all the way when its reader leaves.
conns() { "$BIN/nodectl" -r "$TEST_DIR/n8.run" info | awk '$1 ~ /^http_conns/ { print $NF }'; }
fewer() { [ "$(conns)" -lt "$idle" ]; }
curl -sN "$(url 7)/v1/client/fs/logs/$alloc?task=t&type=stdout&follow=true&plain=true&region=us" >"$TEST_DIR/log" &
reader=$!
eventually 5 grep -q hello "$TEST_DIR/log"
idle=$(conns)
kill -0 "$reader" || fail "the log ended"
kill "$reader"
wait "$reader" || true
eventually 5 fewer

# A state is brought to where it belongs however long it is; this one is none.
expect_match "$(head -c 17000000 /dev/zero | curl -s -m 10 -w ' %{http_code}' -X PUT --data-binary @- "$(url 3)/v1/operator/snapshot?region=eu")" ' 400$'

# Both regions are told of, and joined to by hand.
export NOMAD_ADDR
NOMAD_ADDR=$(url 3)
expect_eq "$(rove server members | awk 'NR > 1 && $5 == "true" { print $9 }' | sort | xargs)" 'eu us'
expect_match "$(rove server members -verbose)" 's3.us .*alive .*true .*dc1 .*us .*region=us'
expect_eq "$(rove server members -json | jq -r '.[] | .Name + " " + .Tags.Leader' | sort | tail -1)" 's3.us true'
expect_eq "$(rove server join "$(host 1):$SERF_PORT")" "Joined 1 servers successfully"
expect_eq "$(rove agent-info | awk '/known_regions/ { print $3 }')" 2

# A region that nobody knows.
expect_eq "$(curl -s -w ' %{http_code}' "$(url 1)/v1/jobs?region=mars")" 'No path to region 500'
expect_eq "$(curl -s -w ' %{http_code}' "$(url 6)/v1/jobs?region=mars")" 'No path to region 500'

# One server of eu is enough for us; the next is asked without a word, for what
# it waits for, too.
held=()
for n in 1 2 3 4; do
	curl -s -m 40 -w ' %{http_code}' "$(url 3)/v1/jobs?region=eu&stale&index=9999&wait=35s" >"$TEST_DIR/held$n" &
	held+=($!)
done
sleep 0.3
kill_server 2
NOMAD_ADDR=$(url 1)
for _ in 1 2 3 4 5 6; do within 2500 sh -c "curl -sf '$(url 3)/v1/jobs?region=eu&stale' | grep -q one"; done
kill -0 "${held[@]}" || fail "not held: $(cat "$TEST_DIR"/held?)"

# eu is lost as a whole. Who waits for it is told so, and us goes on.
# It hangs: nothing is refused, and nothing answered.
mapfile -t hung < <(pgrep -P "${AGENT[1]}")
kill -STOP "${AGENT[1]}" "${hung[@]}"
NOMAD_ADDR=$(url 3)
within 500 rove job run -detach "$(job four us dc1)" >/dev/null
eventually 10 runs_on 3 us four n8
within 15000 wait "${held[@]}"
echo "a region hangs: who waits for it is told after $TOOK ms"
for n in 1 2 3 4; do expect_match "$(cat "$TEST_DIR/held$n")" 'region .eu. did not answer.* 500$'; done
within 1000 sh -c "curl -s '$(url 3)/v1/jobs?region=eu' | grep -q 'region .eu.'"
kill_server 1
eventually 20 failed 3 s1.eu
eventually 20 failed 3 s2.eu
expect_eq "$(curl -s "$(url 3)/v1/jobs?region=eu")" 'No path to region "eu": its servers (2) are down'
within 1000 rove server members >"$TEST_DIR/members" 2>"$TEST_DIR/said" && fail "eu has a leader"
expect_match "$(cat "$TEST_DIR/said")" 'Region "eu": .*No path to region'
expect_eq "$(awk '$1 == "s3.us" { print $5 }' "$TEST_DIR/members")" true
eventually 12 sh -c "curl -s '$(url 3)/v1/metrics' | grep -q 'nomad.nomad.rpc.cross-region.eu'"
echo ok
