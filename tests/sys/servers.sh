# shellcheck shell=bash
# Servers that are rove agents of their own, at 127.0.8.N. Sourced after
# lib.sh.
declare -A AGENT
host() { echo "127.0.8.$1"; }
url() { echo "http://$(host "$1"):$HTTP_PORT"; }

# server N EXPECT [LINE]; it is what $ROVE names, and $IN_SERVER stands in its
# server block.
server() {
	cat >"$TEST_DIR/s$1.hcl" <<-END
		name = "s$1"
		data_dir = "$TEST_DIR/s$1.data"
		bind_addr = "$(host "$1")"
		${3:-}
		advertise {
		  http = "$(host "$1")"
		  rpc  = "$(host "$1")"
		  serf = "$(host "$1")"
		}
		ports {
		  http = $HTTP_PORT
		  rpc  = $RPC_PORT
		  serf = $SERF_PORT
		}
		server {
		  enabled          = true
		  bootstrap_expect = $2
		  ${IN_SERVER:-}
		  server_join {
		    retry_join     = ["$(host 1)", "$(host 2)", "$(host 3)"]
		    retry_interval = "1s"
		  }
		}
	END
	start "s$1" "${ROVE:-rove}" agent -config "$TEST_DIR/s$1.hcl" -run-dir "$TEST_DIR/s$1.run"
	AGENT[$1]=$LAST_PID
}
ask() { curl -sf -m 10 "$(url "$1")$2"; }
# The number of the server that server N takes for the leader.
leader_by() { ask "$1" /v1/status/leader | tr -d '"' | sed -n 's/^127\.0\.8\.\([0-9]*\):.*/\1/p'; }
agree() {
	local n leader=
	for n in "$@"; do
		local l
		l=$(leader_by "$n")
		[ -n "$l" ] && [ "$l" = "${leader:-$l}" ] || return 1
		leader=$l
	done
}
voters() { [ "$(ask "$1" /v1/operator/raft/configuration | jq '[.Servers[] | select(.Voter)] | length')" = "$2" ]; }
# Who joins is a voter as soon as it has caught up.
promote_at_once() { # N
	NOMAD_ADDR=$(url "$1") rove operator autopilot set-config \
		-server-stabilization-time=0s >/dev/null
}
# The other ones of 1, 2 and 3.
others() { for n in 1 2 3; do [ "$n" = "$1" ] || echo "$n"; done; }
# Ends the agent and its daemons at once, as when the power goes.
kill_server() {
	local pids
	mapfile -t pids < <(pgrep -P "${AGENT[$1]}")
	# Not the agent first: its daemons would be told to stop.
	kill -STOP "${AGENT[$1]}"
	kill -9 "${pids[@]}" "${AGENT[$1]}"
	wait "${AGENT[$1]}" 2>/dev/null || true
}
