/*
 * What nodes tell: how their allocations are, what happened, which services
 * are there.
 */
#include "cmd/schedd/core_impl.h"

#include <inttypes.h>
#include <stdlib.h>

#include "cmd/schedd/jobupdate.h"
#include "cmd/schedd/text.h"
#include "common/mem.h"

const struct task_group *
core_group_of(const struct sched_alloc *a)
{
	return jobupdate_group(a->version->job, sched_alloc_group(a));
}

/* Whether the servers may start a failed allocation anew elsewhere. */
static bool
may_reschedule(const struct sched_alloc *a)
{
	const struct task_group *g = core_group_of(a);
	const struct reschedule_policy *p =
	    g != NULL ? g->reschedule_policy : NULL;

	return p != NULL && (p->unlimited || p->attempts > 0);
}

/* A state that was brought in has it run, but its node knows that it was
 * stopped after that had been saved. */
static bool
was_stopped_since(const struct sched_core *c, const struct sched_alloc *a,
    const struct alloc *news)
{
	const struct job *job = a->job->job;

	return a->modify_index <= c->restored_at && a->desired == SCHED_RUN &&
	       sched_eq(news->client_status, "complete") && !job->stop &&
	       (sched_eq(job->type, "service") ||
		   sched_eq(job->type, "system"));
}

/* What an update of an allocation makes its job be looked at for. */
static const char *
trigger_of(const struct sched_core *c, const struct sched_alloc *a,
    const struct alloc *news)
{
	const struct alloc_deployment_status *ds = news->deployment_status;

	if (sched_alloc_is_client_terminal(a) || a->job->job == NULL)
		return NULL;
	if (a->client == SCHED_UNKNOWN &&
	    sched_eq(news->client_status, "running"))
		return "reconnect";
	if (sched_eq(news->client_status, "failed") &&
	    a->desired == SCHED_RUN && may_reschedule(a))
		return "alloc-failure";
	/* It stopped by itself while it was cut off, before we took it for
	 * lost. */
	if (sched_eq(news->client_status, "lost") && a->desired == SCHED_RUN)
		return "reconnect";
	if (was_stopped_since(c, a, news))
		return "node-update";
	if (a->deployment != NULL &&
	    sched_deployment_is_active(&a->deployment->rec) && ds != NULL &&
	    ds->has_healthy && (!a->has_healthy || a->healthy != ds->healthy))
		return "deployment-watcher";
	return NULL;
}

static void
eval_update(
    struct sched_core *c, struct core_evals *l, const struct alloc *news)
{
	const struct sched_alloc *a =
	    sched_alloc_find(&c->state, sched_str(news->id));
	const char *trigger = trigger_of(c, a, news);
	struct eval *e;

	if (trigger == NULL || core_evals_have(l, a->job->ns, a->job->id))
		return;
	e = core_evals_add(c, l, a->job->job, trigger);
	if (a->deployment != NULL)
		e->deployment_id = xstrdup(a->deployment->rec.id);
}

void
sched_core_node_update(
    struct sched_core *c, uint64_t req, const struct node_update *m)
{
	const struct sched_node *n =
	    core_ask_as_node(c, req, m->node_id, m->secret_id);
	struct cmd_alloc_client u = { 0 };
	struct cmd cmd = { .alloc_client = &u };
	struct core_evals evals = { 0 };

	if (n == NULL)
		return;
	/* It may be of allocations that are not known here yet. */
	if (m->index > c->state.index) {
		core_refuse(c, req, ERR_BUSY,
		    "this server is at index %" PRIu64
		    " and the node at %" PRIu64,
		    c->state.index, m->index);
		return;
	}
	if (m->nallocs > CMD_MAX_BATCH) {
		core_refuse(c, req, ERR_BAD,
		    "%zu allocations in one update, at most %d may be",
		    m->nallocs, CMD_MAX_BATCH);
		return;
	}
	u.allocs = xcalloc(m->nallocs, sizeof *u.allocs);
	for (size_t i = 0; i < m->nallocs; i++) {
		const struct sched_alloc *a =
		    sched_alloc_find(&c->state, sched_str(m->allocs[i].id));

		if (a == NULL || a->node != n)
			continue;
		u.allocs[u.nallocs++] = m->allocs[i];
		eval_update(c, &evals, &m->allocs[i]);
	}
	u.evals = evals.evals;
	u.nevals = evals.n;
	u.node_id = m->node_id;
	u.seq = m->seq;
	core_ask(c, req, &cmd, CORE_INDEXED);
	free(u.allocs);
	core_evals_release(&evals);
}

void
sched_core_node_events(
    struct sched_core *c, uint64_t req, const struct node_event_put *m)
{
	struct cmd_node_status s = { .node_id = m->node_id,
		.events = m->events,
		.nevents = m->nevents < SCHED_MAX_EVENTS ? m->nevents
							 : SCHED_MAX_EVENTS };
	struct cmd cmd = { .node_status = &s };

	if (core_ask_as_node(c, req, m->node_id, m->secret_id) != NULL)
		core_ask(c, req, &cmd, CORE_INDEXED);
}

void
sched_core_services_update(
    struct sched_core *c, uint64_t req, const struct services_update *m)
{
	struct services_update u = *m;
	struct cmd cmd = { .services = &u };

	u.secret_id = NULL;
	if (core_ask_as_node(c, req, m->node_id, m->secret_id) != NULL)
		core_ask(c, req, &cmd, CORE_INDEXED);
}
