#!/bin/bash
# Members of a pool that start before they can reach each other, as after a
# power cut whose last to come back is the network: they go on looking.
# shellcheck source=tests/sys/lib.sh
. "$(dirname "$0")/lib.sh"

PORT=$SERF_PORT

# member NAME HOST [LINE...]
member() {
	local name=$1 host=$2
	shift 2
	printf '%s\n' "name = \"$name\";" "bind = \"127.0.7.$host:$PORT\";" \
		"run_dir = \"$TEST_DIR/$name\";" "$@" >"$TEST_DIR/$name.conf"
	start "$name" gossipd -f "$TEST_DIR/$name.conf"
	eventually 5 gossipctl -r "$TEST_DIR/$name" ping
}
# alive NAME: whom it takes for alive
alive() { gossipctl -r "$TEST_DIR/$1" members -s alive | cut -f1 | sort | paste -sd' '; }
knows() { [ "$(alive "$1")" = "$2" ]; }
said() { grep -q "$2" "$TEST_DIR/$1.log"; }
logged() { [ "$(grep -c "$2" "$TEST_DIR/$1.log")" -ge "$3" ]; }

echo "= one list for all members, of which only oneself answers"
LIST="retry_join = [\"127.0.7.41\", \"127.0.7.42\"];"
member a 41 "$LIST"
eventually 10 logged a 'not joined reason="127.0.7.42' 2
if said a 'joined the pool'; then fail "alone in a pool, and content"; fi
member b 42 # which asks nobody
eventually 10 knows a "a b"
eventually 10 knows b "a b"

echo "= a list of oneself is no reason to go on, nor to end"
member c 43 "retry_join = [\"127.0.7.43\"];" 'retry_max = 1;'
member d 44 "retry_join = [\"127.0.7.44\", \"127.0.7.45\"];" 'retry_max = 2;' 'retry_interval = "1s";'
eventually 10 said d 'no member answered tries=2'
knows c c || fail "c is not alone"
knows d d || fail "d is not alone"

echo "= the snapshot is kept until one of it answers"
member e 46 "snapshot = \"$TEST_DIR/e.snap\";"
E=$LAST_PID
member f 47 "join = [\"127.0.7.46\"];"
F=$LAST_PID
eventually 10 grep -q '^alive: f ' "$TEST_DIR/e.snap"
kill -9 "$E" "$F"
wait "$E" "$F" 2>/dev/null || true
member e 46 "snapshot = \"$TEST_DIR/e.snap\";"
E=$LAST_PID
eventually 10 said e 'nobody of the snapshot answers'
kill "$E"
wait "$E" || true
grep -q '^alive: f ' "$TEST_DIR/e.snap" || fail "who did not answer was forgotten"
member e 46 "snapshot = \"$TEST_DIR/e.snap\";"
eventually 10 said e 'nobody of the snapshot answers'
E=$LAST_PID
member f 47
eventually 20 knows e "e f"
eventually 10 knows f "e f"

echo "= who has left comes back only where that is asked for"
left() {
	gossipctl -r "$TEST_DIR/e" leave
	wait "$E" || true
	eventually 10 knows f f
}
left
member e 46 "snapshot = \"$TEST_DIR/e.snap\";"
E=$LAST_PID
sleep 1
knows e e || fail "it came back by itself"
expect_eq "$(gossipctl -r "$TEST_DIR/e" join 127.0.7.47)" 1
eventually 10 knows f "e f"
left
member e 46 "snapshot = \"$TEST_DIR/e.snap\";" 'rejoin_after_leave = true;'
eventually 10 knows e "e f"
