#include "cmd/schedd/probe.h"

#include "tests/lib/unit.h"

struct told {
	int64_t now_ns;
	const char *names[8];
	int64_t ns[8];
	size_t n;
};

static int64_t
on_clock(void *ctx)
{
	return ((struct told *)ctx)->now_ns;
}

static void
on_took(void *ctx, const char *name, const struct eval *eval, int64_t ns)
{
	struct told *t = ctx;

	(void)eval;
	t->names[t->n] = name;
	t->ns[t->n++] = ns;
}

static struct sched_probe
probe_of(struct told *t)
{
	return (struct sched_probe){
		.ctx = t, .clock_ns = on_clock, .took = on_took
	};
}

START_TEST(probe_names_a_scheduler_by_its_type)
{
	struct told t = { .now_ns = 100 };
	const struct sched_probe p = probe_of(&t);
	int64_t began = probe_begin(&p);

	t.now_ns = 350;
	probe_end_scheduler(&p, "sysbatch", began);
	probe_end_scheduler(&p, "none", began);
	ck_assert_uint_eq(t.n, 1);
	ck_assert_str_eq(
	    t.names[0], "nomad.nomad.worker.invoke_scheduler_sysbatch");
	ck_assert_int_eq(t.ns[0], 250);
}
END_TEST

START_TEST(probe_tells_of_a_plan_under_three_names)
{
	struct told t = { 0 };
	const struct sched_probe p = probe_of(&t);
	struct cmd_plan plan = { 0 };
	struct cmd cmd = { .plan = &plan };

	probe_end_command(&p, &cmd, 0);
	ck_assert_uint_eq(t.n, 3);
	ck_assert_str_eq(t.names[0], "nomad.raft.fsm.apply");
	ck_assert_str_eq(t.names[1], "nomad.nomad.fsm.apply_plan_results");
	ck_assert_str_eq(t.names[2], "nomad.nomad.plan.evaluate");
}
END_TEST

START_TEST(probe_that_nobody_asks_measures_nothing)
{
	const struct sched_probe p = { 0 };
	struct cmd cmd = { 0 };

	ck_assert_int_eq(probe_begin(&p), 0);
	probe_end(&p, "x", 0);
	probe_end_command(&p, &cmd, 0);
	probe_end_scheduler(&p, "service", 0);
	probe_node_rejected(&p, "n1");
}
END_TEST

UNIT_MAIN("probe", probe_names_a_scheduler_by_its_type,
    probe_tells_of_a_plan_under_three_names,
    probe_that_nobody_asks_measures_nothing)
