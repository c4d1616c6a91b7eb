#!/bin/bash
# SIGSTOP for whoever leads, for 1 to 30 seconds. When it goes on it believes to
# lead still, and what it was asked meanwhile is the first thing it sees: no
# consistent read may be answered from what it knew.
# shellcheck source=tests/disaster/world.sh
. "$(dirname "${BASH_SOURCE[0]}")/world.sh"

# Reads wait in the sockets of a leader that stands still, each by a new
# connection, while somebody else takes over and a write is acknowledged. A
# round is judged when that write was, and at least one read had an answer.
pause_leaders() {
	local l o i s pid token told judged=0 stale=0
	load_begin
	for s in ${PAUSES:-$(long "1 2 3 5 10 20 30" 1.5)}; do
		l=$(leader)
		o=$(other_than "$l")
		pid=$(schedd_of "$l")
		put "$o" "pause/s${s%.*}" old >/dev/null
		mark
		kill -STOP "$pid"
		for i in 1 2 3 4; do
			ASK_S=60 ask "$l" "/v1/var/pause/s${s%.*}" >"$TEST_DIR/paused.$i" &
			token[i]=$!
		done
		sleep "$s"
		# Somebody else leads by now, if there was the time.
		put "$o" "pause/s${s%.*}" new >"$TEST_DIR/put" || true
		# Asked before it goes on, but answered after: it must know.
		ASK_S=60 ask "$l" "/v1/var/pause/s${s%.*}" >"$TEST_DIR/paused.5" &
		token[5]=$!
		sleep 0.1
		kill -CONT "$pid"
		wait "${token[@]}" || true
		told=$(jq -r .Items.v "$TEST_DIR"/paused.[1-5] | grep -xE 'old|new' || true)
		if [ -s "$TEST_DIR/put" ] && [ -n "$told" ]; then
			judged=$((judged + 1))
			stale=$((stale + $(grep -cx old <<<"$told" || true)))
		fi
		eventually 20 all_well
	done
	load_end "SIGSTOP of the leader" "rounds judged $judged, stale reads $stale"
	[ "$judged" -gt 0 ] || fail "no write was acknowledged meanwhile, or no read answered"
	[ "$stale" -eq 0 ] || fail "a deposed leader answered"
}

[ "${BASH_SOURCE[0]}" != "$0" ] || disaster pause_leaders
