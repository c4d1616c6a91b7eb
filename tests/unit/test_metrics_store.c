#include "cmd/metricsd/store.h"

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
	size_t n;
	struct series *list = store_list(&store, &n);
	struct store_sum sum;

	ck_assert_uint_eq(n, 1);
	sum = *store_sum(&store, &list[0]);
	store_list_free(list, n);
	return sum;
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

UNIT_MAIN("metrics store", metrics_store_counts_only_what_is_new,
    metrics_store_bears_a_counter_beyond_all_bounds)
