#include "proto/meter.h"

#include <string.h>

#include "tests/lib/httpapp.h"
#include "tests/lib/peer.h"
#include "tests/lib/unit.h"

static double
value_of(const struct metrics *m, const char *name)
{
	for (size_t i = 0; i < m->nmetrics; i++)
		if (strcmp(m->metrics[i].name, name) == 0)
			return m->metrics[i].value;
	ck_abort_msg("%s is not told", name);
	return -1;
}

START_TEST(meter_counts_up_or_takes_a_total)
{
	struct meter m = { .source = "test" };
	struct metrics out;

	meter_count(&m, "a", 2, NULL, 0);
	meter_count(&m, "a", 3, NULL, 0);
	meter_total(&m, "b", 2, NULL, 0);
	meter_total(&m, "b", 3, NULL, 0);
	meter_take(&m, 1, &out);
	ck_assert(value_of(&out, "a") == 5);
	ck_assert(value_of(&out, "b") == 3);
	rec_clear(&metrics_type, &out);
	meter_release(&m);
}
END_TEST

START_TEST(meter_tells_of_a_server_of_http)
{
	struct http_limits limits;
	struct meter m = { .source = "test" };
	struct metrics out;
	struct http_app a;
	struct peer p, q;

	http_limits_init(&limits);
	limits.max_per_client = 1;
	http_app_begin(&a, &p, &limits);
	http_app_ask(&a, &p, GET("/"));
	peer_open(&q, a.loop, http_server_addr(a.server));
	ck_assert(peer_expect(&q, "429"));
	meter_http(&m, a.server, NULL, 0);
	meter_http(&m, a.server, NULL, 0);
	meter_take(&m, 1, &out);
	ck_assert(value_of(&out, "nomad.nomad.agent.http.connections") >= 1);
	ck_assert(value_of(&out, "nomad.nomad.agent.http.exceeded") == 1);
	rec_clear(&metrics_type, &out);
	meter_release(&m);
	peer_close(&q);
	http_app_release(&a, &p);
}
END_TEST

UNIT_MAIN(
    "meter", meter_counts_up_or_takes_a_total, meter_tells_of_a_server_of_http)
