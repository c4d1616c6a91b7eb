/*
 * Recorded cases of draining: a core that takes the lead over such a state
 * says what it wants to move, and which node is done.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/core.h"
#include "cmd/schedd/state_put.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "proto/cmd.h"
#include "tests/lib/vectors.h"

#define EPOCH_NS (INT64_C(946684800) * CLOCK_NS_PER_S) /* when cases happen */
#define YEARS_MS UINT64_C(300000000000)

/* What the core asked for. */
struct asked {
	size_t nmoved;    /* that it asked to move */
	size_t nnowhere;  /* ... of those, of jobs that are on every node */
	size_t ncomplete; /* nodes that are done */
};

static int64_t
number_of(const struct tree *t, const char *key)
{
	const struct tree *v = tree_get(t, key);

	return v != NULL && v->kind == TREE_INT ? v->i : 0;
}

static bool
is_map(const struct tree *t, const char *key)
{
	const struct tree *v = tree_get(t, key);

	return v != NULL && v->kind == TREE_MAP;
}

static void *
read_rec(const struct rec_type *type, const struct tree *t)
{
	void *rec = xcalloc(1, type->size);
	struct err err;

	if (rec_from_tree(type, rec, t, &err) == -1)
		log_fatal("%s: %s", type->name, err.text);
	return rec;
}

/* --- a state --- */

static void
put_node(struct sched_state *st, const char *id, const struct tree *t)
{
	struct node *n = xcalloc(1, sizeof *n);

	n->id = xstrdup(id);
	n->name = xstrdup(id);
	n->status = xstrdup("ready");
	n->scheduling_eligibility = xstrdup("ineligible");
	if (is_map(t, "DrainStrategy"))
		n->drain_strategy = read_rec(
		    &drain_strategy_type, tree_get(t, "DrainStrategy"));
	sched_put_node(st, n, 1);
}

static void
put_job(struct sched_state *st, const char *id, const char *type,
    const struct tree *t)
{
	struct sched_job *sj = sched_job_have(st, "default", id);
	struct job *j = xcalloc(1, sizeof *j);

	if (sj->job != NULL) {
		free(j);
		return;
	}
	j->namespace = xstrdup("default");
	j->id = xstrdup(id);
	j->type = xstrdup(type);
	j->status = xstrdup("running");
	j->ntask_groups = 1;
	j->task_groups = xcalloc(1, sizeof *j->task_groups);
	j->task_groups->name = xstrdup("web");
	j->task_groups->count = number_of(t, "Count");
	if (is_map(t, "Migrate"))
		j->task_groups->migrate =
		    read_rec(&migrate_strategy_type, tree_get(t, "Migrate"));
	sched_put_version(st, sj, j);
}

static void
put_allocs(struct sched_state *st, const struct tree *t)
{
	const struct tree *list = tree_get(t, "Allocations");

	for (size_t i = 0; i < vector_count(list); i++) {
		const struct tree *at = list->items[i];
		const char *type = vector_str(at, "JobType");
		struct alloc *a = read_rec(&alloc_type, at);

		put_job(st, a->job_id,
		    *type != '\0' ? type : vector_str(t, "JobType"), t);
		a->job_version = 0;
		if (sched_put_alloc(st, a, a->modify_index) == NULL)
			log_fatal("alloc %s has no job", a->id);
		rec_clear(&alloc_type, a);
		free(a);
	}
}

/* --- what the core wants --- */

static void
note(struct sched_core *c, const struct cmd *cmd, struct asked *out)
{
	const struct cmd_alloc_transition *t = cmd->alloc_transition;

	if (cmd->node_drain != NULL && cmd->node_drain->complete)
		out->ncomplete++;
	for (size_t i = 0; t != NULL && i < t->nallocs; i++) {
		const struct sched_alloc *a =
		    sched_alloc_find(sched_core_state(c), t->allocs[i]);

		out->nmoved++;
		out->nnowhere += strcmp(a->version->job->type, "system") == 0;
	}
}

static void
listen(struct sched_core *c, struct asked *out)
{
	struct sched_act act;

	*out = (struct asked){ 0 };
	while (sched_core_next(c, &act)) {
		struct arena arena = { 0 };
		struct cmd cmd;
		struct err err;

		if (act.kind != SCHED_ACT_PROPOSE)
			continue;
		if (rec_unpack(
			&cmd_type, &cmd, act.bytes, act.n, &arena, &err) == -1)
			log_fatal("%s", err.text);
		note(c, &cmd, out);
		arena_release(&arena);
	}
}

static struct sched_core *
core_new(void)
{
	struct sched_core_opts o;
	struct sched_core *c;

	sched_core_opts_init(&o);
	o.failover_ttl_ms = UINT64_C(1) << 60;
	c = sched_core_new(&o);
	sched_core_clock(c, 1, EPOCH_NS);
	return c;
}

static bool
is_count(const char *what, size_t want, size_t got, struct buf *why)
{
	if (want == got)
		return true;
	buf_addf(why, "%s: want %zu, got %zu; ", what, want, got);
	return false;
}

/* --- the functions --- */

/* A batch task is left alone until the deadline, to the nanosecond. */
static bool
run_deadline(const struct tree *t, struct buf *why)
{
	const struct tree *want = tree_get(t, "Expect");
	const struct tree *offset = tree_get(want, "DeadlineOffset");
	bool has_offset = offset->kind == TREE_INT;
	int64_t ns = has_offset ? offset->i : 0;
	struct alloc a = { .id = (char[]){ "a" },
		.job_id = (char[]){ "j" },
		.namespace = (char[]){ "default" },
		.name = (char[]){ "j.web[0]" },
		.task_group = (char[]){ "web" },
		.node_id = (char[]){ "n" },
		.desired_status = (char[]){ "run" },
		.client_status = (char[]){ "running" } };
	struct sched_core *c = core_new();
	struct asked got;
	bool ok;

	put_node(sched_core_state(c), a.node_id, t);
	put_job(sched_core_state(c), "j", "batch", t);
	sched_put_alloc(sched_core_state(c), &a, 1);
	sched_core_lead(c, true);
	listen(c, &got);
	ok = is_count("forced", vector_bool(want, "Forced"), got.nmoved, why);
	if (has_offset && ns > CLOCK_NS_PER_MS) {
		sched_core_clock(
		    c, (uint64_t)(ns / CLOCK_NS_PER_MS), EPOCH_NS + ns - 1);
		sched_core_tick(c);
		listen(c, &got);
		ok &= is_count("before the deadline", 0, got.nmoved, why);
	}
	if (!vector_bool(want, "Forced")) {
		sched_core_clock(c,
		    has_offset ? (uint64_t)(ns / CLOCK_NS_PER_MS) + 2
			       : YEARS_MS,
		    EPOCH_NS + (has_offset
				       ? ns
				       : (int64_t)YEARS_MS * CLOCK_NS_PER_MS));
		sched_core_tick(c);
		listen(c, &got);
		ok &= is_count("at the deadline",
		    !vector_bool(want, "Infinite"), got.nmoved, why);
	}
	sched_core_free(c);
	return ok;
}

static bool
run_job(const struct tree *t, struct buf *why)
{
	const struct tree *nodes = tree_get(t, "Nodes");
	struct sched_core *c = core_new();
	struct asked got;
	bool ok;

	for (size_t i = 0; i < vector_count(nodes); i++)
		put_node(sched_core_state(c), vector_str(nodes->items[i], "ID"),
		    nodes->items[i]);
	put_allocs(sched_core_state(c), t);
	sched_core_lead(c, true);
	listen(c, &got);
	ok = is_count("DrainCount",
	    (size_t)number_of(tree_get(t, "Expect"), "DrainCount"),
	    got.nmoved - got.nnowhere, why);
	sched_core_free(c);
	return ok;
}

/* A node is done there when only what is everywhere is left on it; here that
 * goes then, and the node is done after it. */
static bool
run_node(const struct tree *t, struct buf *why)
{
	const struct tree *allocs = tree_get(t, "Allocations");
	struct sched_core *c = core_new();
	struct asked got;
	bool ok;

	put_node(sched_core_state(c),
	    vector_count(allocs) > 0 ? vector_str(allocs->items[0], "NodeID")
				     : "n",
	    t);
	put_allocs(sched_core_state(c), t);
	sched_core_lead(c, true);
	listen(c, &got);
	ok = is_count("IsDone", vector_bool(tree_get(t, "Expect"), "IsDone"),
	    got.ncomplete > 0 ||
		(got.nnowhere > 0 && got.nmoved == got.nnowhere),
	    why);
	sched_core_free(c);
	return ok;
}

static bool
run(const struct tree *t, struct buf *why)
{
	const char *function = vector_str(t, "Function");

	if (strcmp(function, "DeadlineTime") == 0)
		return run_deadline(t, why);
	return strcmp(function, "handleJob") == 0 ? run_job(t, why)
						  : run_node(t, why);
}

static const struct vector_kind kinds[] = {
	{ "fn_drain", run, 73 },
};

VECTORS_MAIN("drain", "tests/vectors/scheduler/%s.jsonl", kinds)
