#!/bin/bash
# The main story: a job file becomes a page behind the load balancer; scaled,
# stopped, and gone again within two seconds.
# shellcheck source=tests/sys/lib.sh
. "$(dirname "$0")/lib.sh"

cluster_up

# Nothing runs: the table is empty and nobody is there to answer.
expect_eq "$(curl -s "http://127.0.0.1:$LB_UI_PORT/api/routes" | jq length)" 0
eventually 5 lb_says /web 404

web_job web 1 >"$TEST_DIR/web.nomad"
rove job run "$TEST_DIR/web.nomad" >"$TEST_DIR/run.out" ||
	fail "job run: $(cat "$TEST_DIR/run.out")"
out=$(cat "$TEST_DIR/run.out")
expect_match "$out" '==> Monitoring evaluation "[0-9a-f]{8}"'
expect_match "$out" 'Evaluation triggered by job "web"'
expect_match "$out" 'Allocation "[0-9a-f]{8}" created: node "[0-9a-f]{8}", group "web"'
expect_match "$out" 'Evaluation status changed: "pending" -> "complete"'
expect_match "$out" '==> Evaluation "[0-9a-f]{8}" finished with status "complete"'

# The page.
eventually 5 lb_says /web 200
expect_match "$(curl -s "http://127.0.0.1:$LB_PORT/web")" 'hello from [0-9a-f]{8}'
expect_match "$(curl -s "http://127.0.0.1:$LB_UI_PORT/api/routes")" '"/web"'
expect_eq "$(lbctl -r "$RUN" routes | wc -l)" 1
expect_eq "$(nodectl -r "$RUN" allocs | awk -F'\t' '$7 == "running"' | wc -l)" 1

settled() { [ "$(curl -s "$NOMAD_ADDR/v1/job/web/deployment" | jq -r .Status)" = successful ]; }
eventually 10 settled

# Three of them, within two seconds; all answer.
curl -sf -X POST -d '{"Count":3,"Target":{"Group":"web"}}' \
	"$NOMAD_ADDR/v1/job/web/scale" >/dev/null
three_routes() { [ "$(lbctl -r "$RUN" routes | wc -l)" = 3 ]; }
eventually 5 has_allocs web running 3
eventually 2 three_routes
three_answer() {
	[ "$(for _ in 1 2 3 4 5 6; do curl -s "http://127.0.0.1:$LB_PORT/web"; done |
		sort -u | wc -l)" = 3 ]
}
eventually 5 three_answer

# Back to one, then none.
eventually 10 settled
curl -sf -X POST -d '{"Count":1,"Target":{"Group":"web"}}' \
	"$NOMAD_ADDR/v1/job/web/scale" >/dev/null
one_route() { [ "$(lbctl -r "$RUN" routes | wc -l)" = 1 ]; }
eventually 2 one_route
expect_eq "$(lb_code /web)" 200
rove job stop web >/dev/null || fail "job stop"
eventually 2 lb_says /web 404
expect_eq "$(lbctl -r "$RUN" routes | wc -l)" 0
expect_eq "$(curl -s "$NOMAD_ADDR/v1/job/web" | jq -r .Status)" dead

# Its numbers.
running() {
	curl -s "$NOMAD_ADDR/v1/metrics?format=prometheus" |
		grep -q 'nomad_nomad_job_summary_complete{.*exported_job="web"\|nomad_nomad_job_summary_complete{.*job="web"'
}
eventually 15 running
down TERM "${ALL[@]}"
