/*
 * Forgetting what is over: now and then, and all of it when somebody asks.
 */
#include "cmd/schedd/core_impl.h"

#include <stdlib.h>

#include "common/log.h"

#define GC_OTHERS (SCHED_GC_ALL & ~(unsigned)SCHED_GC_JOBS)

/* Proposes to forget what is old enough of these kinds; NULL: there is
 * nothing. */
static struct core_pending *
propose_gc(struct sched_core *c, unsigned kinds, bool all)
{
	struct sched_gc gc = { .kinds = kinds, .now = c->wall_ns };
	struct cmd_reap reap;
	struct cmd cmd = { .reap = &reap };
	struct core_pending *p = NULL;
	bool more;

	if (!all) {
		gc.eval_ns = c->opts.gc_eval_ns;
		gc.batch_eval_ns = c->opts.gc_batch_eval_ns;
		gc.job_ns = c->opts.gc_job_ns;
		gc.node_ns = c->opts.gc_node_ns;
		gc.deployment_ns = c->opts.gc_deployment_ns;
	}
	more = sched_gc_select(&c->state, &gc, &reap);
	if (reap.nevals + reap.nallocs + reap.ndeployments + reap.njobs +
		reap.nnodes >
	    0) {
		p = core_propose(c, &cmd);
		p->gc_kinds = kinds;
		p->has_more = more;
		c->gc_busy = true;
	}
	rec_clear(&cmd_reap_type, &reap);
	return p;
}

void
sched_core_system_gc(struct sched_core *c, uint64_t req)
{
	struct core_pending *p;

	if (!core_may_ask(c, req))
		return;
	p = propose_gc(c, SCHED_GC_ALL, true);
	if (p == NULL) {
		core_reply(c, req, NULL, NULL, c->state.index);
		return;
	}
	p->has_req = true;
	p->req = req;
	p->answer = CORE_EMPTY;
}

void
sched_core_reconcile_summaries(struct sched_core *c, uint64_t req)
{
	size_t n;

	if (!core_may_ask(c, req))
		return;
	n = sched_recount(&c->state);
	if (n > 0)
		log_error(
		    "summaries were wrong and are right again groups=%zu", n);
	core_reply(c, req, NULL, NULL, c->state.index);
}

bool
core_gc_goes_on(struct sched_core *c, const struct core_pending *p)
{
	struct core_pending *next;

	c->gc_busy = false;
	if (!p->has_more ||
	    (next = propose_gc(c, p->gc_kinds, p->has_req)) == NULL)
		return false;
	next->has_req = p->has_req;
	next->req = p->req;
	next->answer = p->answer;
	return true;
}

/* Sets the clock anew; 0: it stands. */
static uint64_t
next_ms(const struct sched_core *c, uint64_t interval_ms)
{
	return interval_ms != 0 ? c->now_ms + interval_ms : 0;
}

void
core_gc_lead(struct sched_core *c)
{
	c->gc_ms = next_ms(c, c->opts.gc_interval_ms);
	c->job_gc_ms = next_ms(c, c->opts.job_gc_interval_ms);
}

void
core_gc_end(struct sched_core *c)
{
	c->gc_ms = c->job_gc_ms = 0;
	c->gc_busy = false;
}

uint64_t
core_gc_due_ms(const struct sched_core *c)
{
	uint64_t a = c->gc_ms != 0 ? c->gc_ms : UINT64_MAX;
	uint64_t b = c->job_gc_ms != 0 ? c->job_gc_ms : UINT64_MAX;

	return a < b ? a : b;
}

void
core_gc_tick(struct sched_core *c)
{
	unsigned kinds = 0;

	if (c->gc_ms != 0 && c->now_ms >= c->gc_ms) {
		c->gc_ms = next_ms(c, c->opts.gc_interval_ms);
		kinds |= GC_OTHERS;
	}
	if (c->job_gc_ms != 0 && c->now_ms >= c->job_gc_ms) {
		c->job_gc_ms = next_ms(c, c->opts.job_gc_interval_ms);
		kinds |= SCHED_GC_JOBS;
	}
	if (kinds != 0 && !c->gc_busy)
		propose_gc(c, kinds, false);
}
