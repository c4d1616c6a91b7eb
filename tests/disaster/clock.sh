#!/bin/bash
# The wall clock of one server jumps by an hour, forwards and back, while it
# follows and while it leads, and a node keeps its lease through it all.
FAKETIME=$(find /usr/lib -name libfaketimeMT.so.1 2>/dev/null | head -n 1)
if [ -z "$FAKETIME" ] && [ "${BASH_SOURCE[0]}" = "$0" ]; then
	echo "skipped: there is no libfaketime (Debian's faketime)"
	exit 77
fi
# shellcheck source=tests/disaster/world.sh
. "$(dirname "${BASH_SOURCE[0]}")/world.sh"

node_status() { # by server N
	ask "$1" /v1/nodes | jq -r '.[].Status' | xargs
}
node_is_ready() { [ "$(node_status "$1")" = ready ]; }
client_begin() {
	plug_in node 50
	cat >"$TEST_DIR/node.hcl" <<-END
		name = "node"
		data_dir = "$TEST_DIR/node.data"
		bind_addr = "$(addr 50)"
		client {
		  enabled = true
		  servers = ["$(addr 1)", "$(addr 2)", "$(addr 3)"]
		}
	END
	become node rove agent -config "$TEST_DIR/node.hcl" -run-dir "$TEST_DIR/node.run" \
		</dev/null >>"$TEST_DIR/node.log" 2>&1 &
	NODE_PID=$!
	eventually 20 node_is_ready 1
}
client_end() {
	local pids
	mapfile -t pids < <(ip netns pids "$NS-node")
	kill -9 "${pids[@]}"
	wait "$NODE_PID" 2>/dev/null || true
	ip netns del "$NS-node"
}

# The clock of server N, which was started with this file, is OFFSET from now.
jump() { echo "$2" >"$TEST_DIR/clock.$1"; }
jumps() {
	local n down=0 i l
	[ -n "$FAKETIME" ] || fail "clock jumps: there is no libfaketime (Debian's faketime)"
	client_begin
	n=$(other_than "$(leader)")
	kill_server "$n"
	jump "$n" +0
	server "$n" 3 LD_PRELOAD="$FAKETIME" FAKETIME_TIMESTAMP_FILE="$TEST_DIR/clock.$n" \
		FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1
	eventually 20 all_well
	load_begin
	for i in $(long "1 2" 2); do
		# The second time it leads itself.
		[ "$i" -eq 1 ] || lead "$n"
		for l in +3600 +0 -3600 +0; do
			mark
			jump "$n" "$l"
			for _ in $(seq "$(long 20 1)"); do
				sleep 0.3
				node_is_ready "$(other_than "$n")" || down=$((down + 1))
			done
		done
	done
	load_end "clock jumps of an hour" "node found down $down"
	[ "$down" -eq 0 ] || fail "the node's lease did not last"
	kill_server "$n"
	server "$n" 3
	client_end
	eventually 20 all_well
}

[ "${BASH_SOURCE[0]}" != "$0" ] || disaster jumps
