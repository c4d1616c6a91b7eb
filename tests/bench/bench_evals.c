/*
 * What evaluations cost: jobs are placed on many nodes and nodes die, in a
 * core alone, whose commands are applied as they come. A step is what a turn
 * of the loop may have of the core: one command, or one tick of the clock.
 *
 *	bench_evals [NODES [ALLOCATIONS [PER_JOB]]]
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/schedd/core.h"
#include "common/mem.h"
#include "common/rng.h"
#include "common/text.h"
#include "tests/lib/bench.h"

#define NVICTIMS 21
#define MAX_STEP 400000

struct bench {
	struct sched_core *c;
	struct rng rng;
	char (*ids)[RNG_UUID_SIZE];
	size_t nnodes, nallocs, per_job;
	uint64_t index, now;
	double *steps; /* CPU of each, us */
	size_t nsteps;
};

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static double
cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void
note(struct bench *b, double from)
{
	if (b->nsteps < MAX_STEP)
		b->steps[b->nsteps++] = cpu_us() - from;
}

static void
apply(struct bench *b, const struct sched_act *act)
{
	struct buf bytes = { 0 };
	struct err err;
	double from;

	buf_add(&bytes, act->bytes, act->n);
	from = cpu_us();
	if (sched_core_applied(b->c, ++b->index, bytes.data, bytes.len, &err) ==
	    -1)
		die("%s", err.text);
	note(b, from);
	buf_release(&bytes);
}

static bool
carry_out(struct bench *b)
{
	struct sched_act act;
	bool any = false;

	while (sched_core_next(b->c, &act)) {
		any = true;
		if (act.kind == SCHED_ACT_PROPOSE)
			apply(b, &act);
		else if (act.kind == SCHED_ACT_REFUSE)
			die("refused: %s", act.err.text);
	}
	return any;
}

/* Until nothing more happens by itself at once. */
static void
settle(struct bench *b)
{
	double from;

	while (carry_out(b) || sched_core_due_ms(b->c) <= b->now + 1) {
		b->now++;
		sched_core_clock(b->c, b->now, (int64_t)b->now * 1000000);
		from = cpu_us();
		sched_core_tick(b->c);
		note(b, from);
	}
}

static void
add_node(struct bench *b, size_t i)
{
	struct node_resources res = { .cpu = { .cpu_shares = 16000 },
		.memory = { .memory_mb = 65536 },
		.disk = { .disk_mb = 1000000 } };
	struct driver_info driver = { .key = text_borrow("mock_driver"),
		.detected = true,
		.healthy = true };
	struct node_register m = { .node = { .id = b->ids[i],
				       .name = b->ids[i],
				       .secret_id = text_borrow("secret"),
				       .datacenter = text_borrow("dc1"),
				       .status = text_borrow("ready"),
				       .drivers = &driver,
				       .ndrivers = 1,
				       .node_resources = &res } };

	rng_uuid(&b->rng, b->ids[i]);
	sched_core_node_register(b->c, i + 1, &m);
	carry_out(b);
}

static void
submit(struct bench *b, size_t i)
{
	struct resources res = { .cpu = 100,
		.has_cpu = true,
		.memory_mb = 64,
		.has_memory_mb = true };
	struct task task = { .name = text_borrow("t"),
		.driver = text_borrow("mock_driver"),
		.resources = &res };
	struct task_group group = { .name = text_borrow("g"),
		.count = (int64_t)b->per_job,
		.has_count = true,
		.tasks = &task,
		.ntasks = 1 };
	char id[32], *dcs[] = { text_borrow("dc1") };
	struct job job = { .id = id,
		.name = id,
		.namespace = text_borrow("default"),
		.type = text_borrow("service"),
		.datacenters = dcs,
		.ndatacenters = 1,
		.task_groups = &group,
		.ntask_groups = 1 };
	struct job_register_request r = { .job = &job };

	snprintf(id, sizeof id, "job-%zu", i);
	sched_core_job_register(b->c, i + 1, &r);
	settle(b);
}

/* All that is pending runs, as the nodes would say. */
static void
run_all(struct bench *b)
{
	struct sched_state *st = sched_core_state(b->c);
	struct alloc *list = xcalloc(b->nallocs + 1, sizeof *list);

	for (size_t i = 0; i < b->nnodes; i++) {
		const struct sched_node *n = sched_node_find(st, b->ids[i]);
		struct node_update m = { .node_id = b->ids[i],
			.secret_id = text_borrow("secret"),
			.seq = b->index,
			.allocs = list };
		const struct sched_alloc *a;

		TAILQ_FOREACH (a, &n->allocs, by_node)
			if (a->client == SCHED_PENDING)
				list[m.nallocs++] =
				    (struct alloc){ .id = xstrdup(a->id),
					    .client_status =
						text_borrow("running") };
		if (m.nallocs == 0)
			continue;
		sched_core_node_update(b->c, i + 1, &m);
		for (size_t k = 0; k < m.nallocs; k++)
			free(list[k].id);
		settle(b);
	}
	free(list);
}

static int
by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* The longest tells of the machine as well: what one step in ten is longer
 * than, of those that do much, tells of us. */
static void
tell(struct bench *b, const char *what, size_t n, double from)
{
	double us = cpu_us() - from;

	qsort(b->steps, b->nsteps, sizeof *b->steps, by_size);
	printf("%s: %zu, CPU %.1f us each; %zu steps, the longest %.1f ms, "
	       "99th of 100 %.1f ms\n",
	    what, n, us / (double)n, b->nsteps, b->steps[b->nsteps - 1] / 1e3,
	    b->steps[b->nsteps - 1 - b->nsteps / 100] / 1e3);
	bench_row(what, us / (double)n, "us", "", 0, 0);
	b->nsteps = 0;
	fflush(stdout);
}

static size_t
nevals(const struct bench *b)
{
	return HASH_COUNT(sched_core_state(b->c)->evals);
}

/* Nobody renews a lease: the first to end are those of the victims. */
static void
deaths(struct bench *b)
{
	size_t before = nevals(b);
	struct sched_core_stats s = { 0 };
	double from = cpu_us();

	while (s.leases_expired < NVICTIMS) {
		b->now = sched_core_due_ms(b->c) - 1;
		settle(b);
		sched_core_stats(b->c, &s);
	}
	tell(b, "evaluations when nodes die: the CPU of one",
	    nevals(b) - before, from);
}

int
main(int argc, char **argv)
{
	static struct bench b = {
		.nnodes = 5000, .nallocs = 100000, .per_job = 500
	};
	struct sched_core_opts o;
	double from;
	size_t *sizes[] = { &b.nnodes, &b.nallocs, &b.per_job };

	for (int i = 1; i < argc && i <= 3; i++)
		*sizes[i - 1] = (size_t)strtoull(argv[i], NULL, 10);
	if (b.nnodes < NVICTIMS || b.per_job == 0)
		die("usage: bench_evals [NODES [ALLOCATIONS [PER_JOB]]]");
	sched_core_opts_init(&o);
	o.lease_min_ms = 1000000;
	o.gc_interval_ms = o.job_gc_interval_ms = 0;
	b.c = sched_core_new(&o);
	b.ids = xcalloc(b.nnodes, sizeof *b.ids);
	b.steps = xcalloc(MAX_STEP, sizeof *b.steps);
	rng_init(&b.rng, 11);
	b.now = 1000;
	sched_core_clock(b.c, b.now, 1);
	sched_core_lead(b.c, true);
	from = cpu_us();
	for (size_t i = 0; i < b.nnodes; i++)
		add_node(&b, i);
	tell(&b, "nodes register: the CPU of one", b.nnodes, from);
	from = cpu_us();
	for (size_t i = 0; i < b.nallocs / b.per_job; i++)
		submit(&b, i);
	tell(&b, "placements: the CPU of one", b.nallocs, from);
	from = cpu_us();
	run_all(&b);
	tell(&b, "updates of allocations: the CPU of one", b.nallocs, from);
	deaths(&b);
	sched_core_free(b.c);
	free(b.ids);
	free(b.steps);
	return 0;
}
