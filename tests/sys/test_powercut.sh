#!/bin/bash
# All processes at once, shims and tasks too, as by a power cut: what was
# acknowledged is there, and the allocations start again in place.
# shellcheck source=tests/sys/lib.sh
. "$(dirname "$0")/lib.sh"

cluster_up
web_job web 2 >"$TEST_DIR/web.nomad"
rove job run -detach "$TEST_DIR/web.nomad" >/dev/null
eventually 10 has_allocs web running 2
ids() { curl -s "$NOMAD_ADDR/v1/job/web/allocations" | jq -r '.[].ID' | sort; }
pids() { nodectl -r "$RUN" allocs | awk -F'\t' '$7 == "running" { print $8 }' | sort; }
before=$(ids)
old=$(pids)

# Registered and acknowledged right before the lights go out.
web_job late 1 >"$TEST_DIR/late.nomad"
rove job run -detach "$TEST_DIR/late.nomad" >/dev/null

mapfile -t shims < <(pgrep -P "${DAEMON[nodeagent]}" || true)
[ "${#shims[@]}" -ge 2 ] || fail "no shims?"
kill -9 "${DAEMON[@]}" "${shims[@]}"
for d in "${ALL[@]}"; do wait "${DAEMON[$d]}" 2>/dev/null || true; done
for p in $old; do
	for _ in $(seq 40); do
		kill -0 "$p" 2>/dev/null || break
		sleep 0.05
	done
	! kill -0 "$p" 2>/dev/null || fail "task $p outlived its shim"
done

up "${ALL[@]}"
eventually 20 node_is_ready
eventually 20 has_allocs web running 2
eventually 20 has_allocs late running 1
expect_eq "$(ids)" "$before" "the same allocations"
eventually 5 lb_says /web 200
[ "$(pids)" != "$old" ] || fail "the same processes?"
# Starting again in place is no failure of the task's.
expect_eq "$(curl -s "$NOMAD_ADDR/v1/job/web/allocations" |
	jq '[.[] | select(.TaskStates.server.Failed)] | length')" 0
rove job stop -detach web >/dev/null
rove job stop -detach late >/dev/null
eventually 10 has_allocs web complete 2
eventually 10 has_allocs late complete 1
down TERM "${ALL[@]}"
