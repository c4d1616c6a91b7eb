/*
 * Draining nodes: their allocations are asked to move, few at a time.
 *
 * Of a service as many move at once as its migrate block allows, counted by
 * what is healthy anywhere. Batch tasks, those of sysbatch jobs among them, are
 * left to end by themselves until the deadline; system jobs go last. At the
 * deadline all goes. A node is done when all that had to go has ended.
 */
#include "cmd/schedd/core_impl.h"

#include <stdlib.h>

#include "cmd/schedd/text.h"
#include "common/clock.h"
#include "common/mem.h"
#include "common/text.h"

struct core_drain {
	char *node_id;
	struct due due; /* its deadline */
};

/* What shall be asked to move, in one command. */
struct marks {
	char **ids; /* borrowed */
	size_t n, cap;
	struct core_evals evals;
};

static void
drain_free(struct core_drain *d)
{
	free(d->node_id);
	free(d);
}

void
core_drain_end(struct sched_core *c)
{
	MAP_FOREACH (e, &c->draining)
		drain_free(map_value(e));
	map_release(&c->draining);
	dues_release(&c->drains);
	c->drain_news = c->drain_busy = false;
}

/* --- following nodes --- */

static void
set_deadline(
    struct sched_core *c, struct core_drain *d, const struct drain_strategy *s)
{
	int64_t left_ns = s->force_deadline - c->wall_ns;

	due_remove(&c->drains, &d->due);
	if (s->deadline < 0)
		left_ns = 0;
	else if (s->force_deadline == 0)
		return;
	due_add(&c->drains, &d->due,
	    c->now_ms +
		(left_ns <= 0 ? 0 : (uint64_t)(left_ns / CLOCK_NS_PER_MS) + 1));
}

void
core_drain_node(struct sched_core *c, const struct sched_node *n)
{
	struct core_drain *d = map_find(&c->draining, n->id);
	const struct drain_strategy *s =
	    n->node != NULL ? n->node->drain_strategy : NULL;

	if (s == NULL) {
		if (d == NULL)
			return;
		due_remove(&c->drains, &d->due);
		map_remove(&c->draining, n->id);
		drain_free(d);
		return;
	}
	if (d == NULL) {
		d = xcalloc(1, sizeof *d);
		d->node_id = xstrdup(n->id);
		map_put(&c->draining, n->id, d);
	}
	set_deadline(c, d, s);
	c->drain_news = true;
}

void
core_drain_lead(struct sched_core *c)
{
	for (const struct sched_node *n = c->state.nodes; n != NULL;
	     n = n->hh.next)
		if (n->node != NULL && n->node->drain_strategy != NULL)
			core_drain_node(c, n);
}

/* --- what may move --- */

static const struct job *
job_of(const struct sched_alloc *a)
{
	return a->job->job != NULL ? a->job->job : a->version->job;
}

static bool
is_everywhere(const struct sched_alloc *a)
{
	return sched_eq(a->version->job->type, "system");
}

static void
mark(struct sched_core *c, struct marks *m, struct sched_alloc *a)
{
	if (a->migrate || sched_alloc_is_terminal(a) || m->n == CMD_MAX_BATCH)
		return;
	if (m->n == m->cap)
		m->ids = xgrow(m->ids, m->n, &m->cap, sizeof *m->ids);
	m->ids[m->n++] = a->id;
	if (!core_evals_have(&m->evals, a->job->ns, a->job->id))
		core_evals_add(c, &m->evals, job_of(a), "node-drain");
}

/* It runs, and its node has judged it. What it found is not asked: a group
 * that is unhealthy anyway shall not keep a node from being emptied. */
static bool
is_judged(const struct sched_alloc *a)
{
	return !sched_alloc_is_terminal(a) && a->has_healthy;
}

/* Marks as many of the group as may move now. Each group is looked at for
 * each of its allocations that may move: few. */
static void
mark_of_group(struct sched_core *c, struct marks *m, struct sched_alloc *one)
{
	const struct task_group *g = core_group_of(one);
	struct sched_alloc *a;
	int64_t healthy = 0, moving = 0, parallel = 1;

	if (g != NULL && g->migrate != NULL && g->migrate->max_parallel > 0)
		parallel = g->migrate->max_parallel;
	TAILQ_FOREACH (a, &one->job->allocs, by_job) {
		if (a->group != one->group)
			continue;
		healthy += is_judged(a);
		for (size_t i = 0; i < m->n; i++)
			moving += m->ids[i] == a->id;
		moving += a->migrate && !sched_alloc_is_terminal(a);
	}
	if (healthy - moving > (g != NULL ? g->count : 0) - parallel)
		mark(c, m, one);
}

/* Marks what may leave the node now; true when nothing is left on it, nor on
 * its way out. */
static bool
drain(struct sched_core *c, struct marks *m, const struct sched_node *n)
{
	const struct drain_strategy *s = n->node->drain_strategy;
	bool force = s->deadline < 0 || (s->force_deadline != 0 &&
					    s->force_deadline <= c->wall_ns);
	struct sched_alloc *a;
	size_t left = 0;

	TAILQ_FOREACH (a, &n->allocs, by_node) {
		if (sched_alloc_is_client_terminal(a) || is_everywhere(a))
			continue;
		left++;
		if (force)
			mark(c, m, a);
		else if (!a->migrate && sched_eq(job_of(a)->type, "service"))
			mark_of_group(c, m, a);
	}
	if (left > 0 && !force)
		return false;
	TAILQ_FOREACH (a, &n->allocs, by_node) {
		if (sched_alloc_is_client_terminal(a) || !is_everywhere(a) ||
		    s->ignore_system_jobs)
			continue;
		left++;
		mark(c, m, a);
	}
	return left == 0;
}

static void
propose_marks(struct sched_core *c, struct marks *m)
{
	struct cmd_alloc_transition t = { .allocs = m->ids,
		.nallocs = m->n,
		.transition = { .has_migrate = true, .migrate = true },
		.evals = m->evals.evals,
		.nevals = m->evals.n };
	struct cmd cmd = { .alloc_transition = &t };

	core_propose(c, &cmd)->is_drain = true;
	c->drain_busy = true;
}

static void
propose_done(struct sched_core *c, const char *node_id)
{
	struct cmd_node_drain d = { .node_id = text_borrow(node_id),
		.complete = true };
	struct cmd cmd = { .node_drain = &d };

	core_propose(c, &cmd)->is_drain = true;
	c->drain_busy = true;
}

void
core_drain_pump(struct sched_core *c)
{
	struct marks m = { 0 };

	if (!c->drain_news || c->drain_busy)
		return;
	c->drain_news = false;
	MAP_FOREACH (e, &c->draining) {
		const struct sched_node *n =
		    sched_node_find(&c->state, map_key(e));

		if (n != NULL && n->node->drain_strategy != NULL &&
		    drain(c, &m, n))
			propose_done(c, n->id);
	}
	if (m.n > 0)
		propose_marks(c, &m);
	free(m.ids);
	core_evals_release(&m.evals);
}

void
core_drain_tick(struct sched_core *c)
{
	struct due *due;

	while (
	    (due = due_first(&c->drains)) != NULL && due->at_ms <= c->now_ms) {
		due_remove(&c->drains, due);
		c->drain_news = true;
	}
}

/* --- nodes that drain themselves --- */

static void
answer_done(struct sched_core *c, uint64_t req, bool done)
{
	struct node_drain_answer *a = xcalloc(1, sizeof *a);

	a->index = c->state.index;
	a->done = done;
	core_reply(c, req, &node_drain_answer_type, a, c->state.index);
}

static void
come_back(struct sched_core *c, uint64_t req, const struct sched_node *n)
{
	struct cmd_node_drain d = { .node_id = text_borrow(n->id),
		.mark_eligible = true };
	struct cmd cmd = { .node_drain = &d };
	struct core_evals evals = { 0 };

	if (!sched_node_drained_itself(n->node) ||
	    sched_eq(n->node->scheduling_eligibility, "eligible")) {
		answer_done(c, req, true);
		return;
	}
	core_node_evals(c, n, "node-update", &evals);
	d.evals = evals.evals;
	d.nevals = evals.n < CMD_MAX_BATCH ? evals.n : CMD_MAX_BATCH;
	core_ask(c, req, &cmd, CORE_SELF_DRAINED);
	core_propose_evals(c, evals.evals + d.nevals, evals.n - d.nevals);
	core_evals_release(&evals);
}

/* A node that an operator has made ineligible keeps what was said of that. */
static void
start(struct sched_core *c, uint64_t req, const struct sched_node *n,
    const struct node_drain_ask *m)
{
	const struct drain_metadata *last = n->node->last_drain;
	struct rec_kv why = { text_borrow("message"),
		text_borrow(SCHED_SHUTTING_DOWN) };
	struct drain_strategy s = { .deadline = m->deadline,
		.ignore_system_jobs = m->ignore_system_jobs,
		.force_deadline =
		    m->deadline > 0 ? c->wall_ns + m->deadline : 0,
		.started_at = c->wall_ns };
	struct cmd_node_drain d = { .node_id = text_borrow(n->id),
		.strategy = &s };
	struct cmd cmd = { .node_drain = &d };

	if (sched_node_drained_itself(n->node) ||
	    sched_eq(n->node->scheduling_eligibility, "eligible")) {
		d.meta = &why;
		d.nmeta = 1;
	} else if (last != NULL) {
		d.meta = last->meta;
		d.nmeta = last->nmeta;
	}
	core_ask(c, req, &cmd, CORE_SELF_DRAINED);
}

void
sched_core_node_self_drain(
    struct sched_core *c, uint64_t req, const struct node_drain_ask *m)
{
	const struct sched_node *n =
	    core_ask_as_node(c, req, m->node_id, m->secret_id);

	if (n == NULL)
		return;
	if (m->look)
		answer_done(c, req, n->node->drain_strategy == NULL);
	else if (m->back)
		come_back(c, req, n);
	else if (n->node->drain_strategy != NULL)
		answer_done(c, req, false); /* that drain goes on as it is */
	else
		start(c, req, n, m);
}
