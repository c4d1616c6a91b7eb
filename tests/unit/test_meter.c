#include "proto/meter.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
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
	free(out.metrics);
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
	meter_http(&m, a.server);
	meter_http(&m, a.server);
	meter_take(&m, 1, &out);
	ck_assert(value_of(&out, "nomad.nomad.agent.http.connections") >= 1);
	ck_assert(value_of(&out, "nomad.nomad.agent.http.exceeded") == 1);
	free(out.metrics);
	meter_release(&m);
	peer_close(&q);
	http_app_release(&a, &p);
}
END_TEST

#define AT(s) ((s)*CLOCK_NS_PER_S)

static const struct rec_kv label = { .key = "job", .value = "x" };

/* How many numbers the meter tells then; the last one's name in *name. */
static size_t
told(struct meter *m, int64_t at_ns, const char **name)
{
	struct metrics out;
	size_t n;

	meter_take(m, at_ns, &out);
	n = out.nmetrics;
	*name = n > 0 ? out.metrics[n - 1].name : "";
	free(out.metrics);
	return n;
}

START_TEST(meter_tells_all_at_first_and_later_what_is_new)
{
	struct meter m = { .source = "test" };
	const char *name;

	for (int64_t s = 1; s < 30; s++) {
		bool whole = s <= 10 || s == 20;

		meter_gauge(&m, "still", 1, NULL, 0);
		meter_count(&m, "moves", s % 3 == 0 ? 1 : 0, NULL, 0);
		if (whole) {
			ck_assert_uint_eq(told(&m, AT(s), &name), 2);
			continue;
		}
		ck_assert_uint_eq(told(&m, AT(s), &name), s % 3 == 0);
		ck_assert_str_eq(name, s % 3 == 0 ? "moves" : "");
	}
	/* The clock is set back: all is told, and nothing waits for it. */
	meter_gauge(&m, "still", 1, NULL, 0);
	ck_assert_uint_eq(told(&m, AT(2), &name), 2);
	meter_release(&m);
}
END_TEST

START_TEST(meter_of_many_numbers_tells_all_of_them_now_and_then)
{
	struct meter m = { .source = "test" };

	for (int64_t s = 1; s <= 21; s++) {
		struct metrics out;

		for (int i = 0; i <= METER_MESSAGE; i++) {
			char name[16];

			snprintf(name, sizeof name, "g%d", i);
			meter_gauge(&m, name, i == 7 ? (double)s : 1, NULL, 0);
		}
		meter_take(&m, AT(s), &out);
		ck_assert_uint_eq(
		    out.nmetrics, s % 10 == 1 ? METER_MESSAGE + 1 : 1);
		free(out.metrics);
	}
	meter_release(&m);
}
END_TEST

START_TEST(meter_forgets_a_gauge_that_is_not_set_again)
{
	struct meter m = { .source = "test" };
	const char *name;

	meter_gauge(&m, "a", 1, NULL, 0);
	ck_assert_uint_eq(told(&m, AT(1), &name), 1);
	ck_assert_uint_eq(told(&m, AT(2), &name), 0);
	ck_assert_uint_eq(map_count(&m.slots), 0);
	meter_release(&m);
}
END_TEST

START_TEST(meter_forgets_an_idle_counter_that_has_labels)
{
	struct meter m = { .source = "test" };
	const char *name;

	meter_count(&m, "plain", 1, NULL, 0);
	meter_count(&m, "labelled", 1, &label, 1);
	meter_sample(&m, "summary", 1, &label, 1);
	ck_assert_uint_eq(told(&m, AT(1), &name), 3);
	ck_assert_uint_eq(told(&m, AT(60), &name), 3);
	ck_assert_uint_eq(told(&m, AT(61), &name), 0);
	ck_assert_uint_eq(map_count(&m.slots), 1);
	meter_count(&m, "labelled", 1, &label, 1);
	ck_assert_uint_eq(told(&m, AT(62), &name), 1);
	meter_release(&m);
}
END_TEST

START_TEST(meter_tells_of_the_process)
{
	struct meter m = { .source = "test" };
	struct metrics out;
	double rss;

	meter_runtime(&m, clock_wall_ns());
	meter_take(&m, AT(1), &out);
	rss = value_of(&out, "process.resident_memory_bytes");
	ck_assert(rss > 100000 && rss < 1e10);
	ck_assert(value_of(&out, "process.virtual_memory_bytes") >= rss);
	ck_assert(value_of(&out, "process.open_fds") >= 3);
	ck_assert(value_of(&out, "nomad.runtime.num_goroutines") >= 1);
	/* A sanitizer's allocator does not say. */
	ck_assert((value_of(&out, "nomad.runtime.alloc_bytes") > 0) ==
		  (mallinfo2().uordblks > 0));
	ck_assert(value_of(&out, "process.start_time_seconds") * 1e9 <=
		  (double)clock_wall_ns() + 1e9);
	ck_assert(value_of(&out, "process.start_time_seconds") * 1e9 >
		  (double)clock_wall_ns() - 600e9);
	free(out.metrics);
	meter_release(&m);
}
END_TEST

UNIT_MAIN("meter", meter_counts_up_or_takes_a_total,
    meter_tells_of_a_server_of_http,
    meter_tells_all_at_first_and_later_what_is_new,
    meter_of_many_numbers_tells_all_of_them_now_and_then,
    meter_forgets_a_gauge_that_is_not_set_again,
    meter_forgets_an_idle_counter_that_has_labels, meter_tells_of_the_process)
