#include "cmd/metricsd/store.h"

#include "cmd/metricsd/promtext.h"
#include "tests/lib/unit.h"

static struct store store;

static void
setup(void)
{
	struct store_opts opts = { .interval_ms = 1000,
		.retention_ms = 3000,
		.filter_default = true };

	store_init(&store, &opts);
	store_tick(&store, 1000, 1);
}

static void
put(const char *name, enum metric_kind kind, double value, uint64_t now_ms)
{
	struct metric m = {
		.name = (char *)(uintptr_t)name, .kind = kind, .value = value
	};
	struct metrics all = {
		.source = "schedd", .start = 1, .metrics = &m, .nmetrics = 1
	};

	store_put(&store, &all, now_ms, (int64_t)now_ms * 1000000, NULL, NULL);
}

static struct store_sum
sum_of_only(void)
{
	struct store_walk w = store_walk(&store);
	struct series x, other;

	ck_assert(store_next(&w, &x));
	ck_assert(!store_next(&w, &other));
	return *store_sum(&store, &x);
}

START_TEST(metrics_store_counts_only_what_is_new)
{
	setup();
	put("c", METRIC_COUNTER, 10, 1000);
	put("c", METRIC_COUNTER, 14, 1100);
	put("c", METRIC_COUNTER, 14, 1200);
	ck_assert_uint_eq(sum_of_only().count, 14);
	store_release(&store);
}
END_TEST

START_TEST(metrics_store_bears_a_counter_beyond_all_bounds)
{
	setup();
	put("c", METRIC_COUNTER, 1e308, 1000);
	ck_assert_uint_eq(sum_of_only().count, UINT64_C(1) << 53);
	store_release(&store);
}
END_TEST

START_TEST(metrics_store_forgets_what_is_idle)
{
	struct store_walk w;
	struct series x;

	setup();
	put("a", METRIC_GAUGE, 1, 1000);
	put("b", METRIC_GAUGE, 1, 3500);
	store_tick(&store, 3999, 1);
	ck_assert_uint_eq(map_count(&store.series), 2);
	store_tick(&store, 4999, 1);
	w = store_walk(&store);
	ck_assert(store_next(&w, &x));
	ck_assert_str_eq(x.family, "b");
	ck_assert(!store_next(&w, &x));
	store_release(&store);
}
END_TEST

static void
put_from(const char *source, const char *name, double value)
{
	struct metric m = { .name = (char *)(uintptr_t)name, .value = value };
	struct metrics all = { .source = (char *)(uintptr_t)source,
		.metrics = &m,
		.nmetrics = 1 };

	store_put(&store, &all, 1000, 1, NULL, NULL);
}

START_TEST(metrics_store_adds_up_what_sources_have_in_common)
{
	struct store_walk w;
	struct series x;

	setup();
	put_from("schedd", "http.connections", 3);
	put_from("schedd", "a", 1);
	put_from("nodeagent", "http.connections", 4);
	w = store_walk(&store);
	ck_assert(store_next(&w, &x));
	ck_assert_str_eq(x.family, "a");
	ck_assert(store_next(&w, &x));
	ck_assert_str_eq(x.family, "http_connections");
	ck_assert(x.metric.value == 7);
	ck_assert(!store_next(&w, &x));
	store_release(&store);
}
END_TEST

START_TEST(metrics_store_labels_the_host_when_told)
{
	struct store_opts opts = { .interval_ms = 1000,
		.retention_ms = 3000,
		.host = "h1",
		.filter_default = true };
	struct store_walk w;
	struct series x;

	setup();
	put_from("schedd", "a", 1);
	put_from("schedd", "process.open_fds", 1);
	store_set(&store, &opts);
	w = store_walk(&store);
	ck_assert(store_next(&w, &x));
	ck_assert_str_eq(x.labels, "host=\"h1\"");
	ck_assert(store_next(&w, &x));
	ck_assert_str_eq(x.labels, "");
	opts.host = NULL;
	store_set(&store, &opts);
	w = store_walk(&store);
	ck_assert(store_next(&w, &x));
	ck_assert_str_eq(x.labels, "");
	store_release(&store);
}
END_TEST

START_TEST(promtext_escapes_values_and_takes_no_label_twice)
{
	struct rec_kv labels[] = { { "a-b", "say \"hi\"\n\\\xff\xc3\xbc" },
		{ "a_b", "again" }, { "quantile", "mine" }, { "9", "" },
		{ "", "no name" } };
	struct metric m = { .labels = labels, .nlabels = 5 };
	struct buf out = { 0 };

	promtext_labels(&out, &m);
	ck_assert_str_eq(buf_str(&out),
	    "a_b=\"say \\\"hi\\\"\\n\\\\\xef\xbf\xbd\xc3\xbc\",_9=\"\"");
	buf_release(&out);
}
END_TEST

UNIT_MAIN("metrics store", metrics_store_counts_only_what_is_new,
    metrics_store_bears_a_counter_beyond_all_bounds,
    metrics_store_forgets_what_is_idle,
    metrics_store_adds_up_what_sources_have_in_common,
    metrics_store_labels_the_host_when_told,
    promtext_escapes_values_and_takes_no_label_twice)
