/*
 * The log: what was committed, who is told, and what follows from it.
 */
#include "cmd/schedd/core_impl.h"

#include <stdio.h>
#include <stdlib.h>

#include "cmd/schedd/plant.h"
#include "cmd/schedd/text.h"
#include "common/log.h"
#include "common/mem.h"

/* A decoder has room for a struct of 4 KB for each byte of a command that is
 * no longer than this; there is no such struct. */
#define CERTAIN_BYTES (REC_MAX_MEMORY / 4096)

/* --- answers --- */

static char *
first_eval(const struct core_pending *p)
{
	return xstrdup(p->neval_ids > 0 ? p->eval_ids[0] : "");
}

static void
answer_registered(
    struct sched_core *c, struct core_pending *p, const struct fsm_reply *r)
{
	struct job_register_response *b = xcalloc(1, sizeof *b);

	b->eval_id = first_eval(p);
	b->eval_create_index = p->neval_ids > 0 ? r->index : 0;
	b->job_modify_index =
	    r->job_modify_index != 0 ? r->job_modify_index : r->index;
	b->warnings = xstrdup(sched_str(p->warnings));
	core_reply(c, p->req, &job_register_response_type, b, r->index);
}

static void
answer_deregistered(
    struct sched_core *c, struct core_pending *p, const struct fsm_reply *r)
{
	struct job_deregister_response *b = xcalloc(1, sizeof *b);

	b->eval_id = first_eval(p);
	b->eval_create_index = p->neval_ids > 0 ? r->index : 0;
	b->job_modify_index = r->index;
	core_reply(c, p->req, &job_deregister_response_type, b, r->index);
}

static void
answer_deployed(
    struct sched_core *c, struct core_pending *p, const struct fsm_reply *r)
{
	struct deployment_update_response *b = xcalloc(1, sizeof *b);

	b->eval_id = first_eval(p);
	b->eval_create_index = p->neval_ids > 0 ? r->index : 0;
	b->deployment_modify_index = r->index;
	b->has_reverted_job_version = p->has_reverted;
	b->reverted_job_version = p->reverted;
	core_reply(c, p->req, &deployment_update_response_type, b, r->index);
}

/* The three answers about nodes differ in nothing but their type's rows. */
#define ANSWER_NODE(c, p, r, T)                                              \
	do {                                                                 \
		struct T *b_ = xcalloc(1, sizeof *b_);                       \
		b_->eval_ids = (p)->eval_ids;                                \
		b_->neval_ids = (p)->neval_ids;                              \
		b_->eval_create_index = (p)->neval_ids > 0 ? (r)->index : 0; \
		b_->node_modify_index = (r)->index;                          \
		(p)->eval_ids = NULL;                                        \
		(p)->neval_ids = 0;                                          \
		core_reply((c), (p)->req, &T##_type, b_, (r)->index);        \
	} while (0)

static void
answer(struct sched_core *c, struct core_pending *p, const struct fsm_reply *r)
{
	struct indexed *i;
	struct alloc_stop_response *s;
	struct node_drain_answer *d;

	switch (p->answer) {
	case CORE_EMPTY:
		core_reply(c, p->req, NULL, NULL, r->index);
		break;
	case CORE_INDEXED:
		i = xcalloc(1, sizeof *i);
		i->index = r->index;
		core_reply(c, p->req, &indexed_type, i, r->index);
		break;
	case CORE_LEASED:
		core_reply(c, p->req, &node_leased_type,
		    core_leased(c, p->node_id, r->index), r->index);
		break;
	case CORE_REGISTERED:
		answer_registered(c, p, r);
		break;
	case CORE_DEREGISTERED:
		answer_deregistered(c, p, r);
		break;
	case CORE_DEPLOYED:
		answer_deployed(c, p, r);
		break;
	case CORE_ALLOC_STOPPED:
		s = xcalloc(1, sizeof *s);
		s->eval_id = first_eval(p);
		core_reply(c, p->req, &alloc_stop_response_type, s, r->index);
		break;
	case CORE_ELIGIBLE:
		ANSWER_NODE(c, p, r, node_eligibility_update_response);
		break;
	case CORE_DRAINED:
		ANSWER_NODE(c, p, r, node_drain_update_response);
		break;
	case CORE_SELF_DRAINED:
		d = xcalloc(1, sizeof *d);
		d->index = r->index;
		core_reply(c, p->req, &node_drain_answer_type, d, r->index);
		break;
	case CORE_PURGED:
		ANSWER_NODE(c, p, r, node_purge_response);
		break;
	case CORE_VARIABLE:
		break; /* see settle() */
	}
}

/* --- the log --- */

void
sched_core_lead(struct sched_core *c, bool leading)
{
	struct core_pending *p, *tmp;

	if (leading == c->leading)
		return;
	c->leading = leading;
	HASH_ITER(hh, c->pending, p, tmp)
	{
		HASH_DEL(c->pending, p);
		if (SCHED_PLANT(4) && p->answer == CORE_REGISTERED)
			core_reply(c, p->req, NULL, NULL, c->state.index);
		else if (p->has_req)
			core_refuse(c, p->req, ERR_GONE,
			    "this server stopped leading: the outcome is "
			    "unknown");
		core_pending_free(p);
	}
	core_term_end(c);
	if (!leading)
		return;
	rng_uuid(&c->rng, c->client);
	core_eval_lead(c);
	core_node_lead(c);
	core_gc_lead(c);
	core_deploy_lead(c);
	core_drain_lead(c);
	core_autopilot_lead(c);
	core_pump(c);
}

/* Whoever waits for this command is told, and its run goes on. */
static void
settle(struct sched_core *c, const struct cmd *cmd, const struct fsm_reply *r,
    int64_t committed)
{
	struct core_pending *p;

	if (strcmp(r->client, c->client) != 0 ||
	    (p = core_pending_take(c, r->request)) == NULL)
		return;
	probe_took(&c->opts.probe, "nomad.raft.commitTime", NULL,
	    committed - p->began);
	if (p->run != NULL) {
		core_run_applied(c, p->run, cmd, r);
		p->run = NULL;
	}
	if (p->gc_kinds != 0 && core_gc_goes_on(c, p)) {
		core_pending_free(p);
		return;
	}
	if (p->is_drain)
		c->drain_busy = false;
	if (p->is_level)
		c->level_busy = false;
	if (p->has_req && p->answer == CORE_VARIABLE)
		core_answer_variable(c, p->req, cmd->variable, r);
	else if (p->has_req && r->err.code != ERR_NONE)
		core_refuse_err(c, p->req, &r->err);
	else if (p->has_req)
		answer(c, p, r);
	core_pending_free(p);
}

/* Nodes that lose allocations gain room. */
static void
observe_allocs(struct sched_core *c, const struct cmd *cmd)
{
	const struct sched_node *last = NULL;
	const struct cmd_plan *plan = cmd->plan;
	size_t nstops = plan != NULL ? plan->nstops : 0;
	size_t nclient =
	    cmd->alloc_client != NULL ? cmd->alloc_client->nallocs : 0;

	for (size_t i = 0; i < nstops + nclient; i++) {
		const struct sched_alloc *a = sched_alloc_find(&c->state,
		    sched_str(i < nstops
				  ? plan->stops[i].alloc_id
				  : cmd->alloc_client->allocs[i - nstops].id));

		if (a == NULL || !sched_alloc_is_terminal(a) || a->node == last)
			continue;
		last = a->node;
		core_eval_gain(c, a->node);
	}
}

/* The nodes where what is about to be forgotten still takes room. */
static void
note_reaped(struct sched_core *c, const struct cmd *cmd, struct map *nodes)
{
	size_t n = cmd->reap != NULL ? cmd->reap->nallocs : 0;

	for (size_t i = 0; i < n; i++) {
		const struct sched_alloc *a = sched_alloc_find(
		    &c->state, sched_str(cmd->reap->allocs[i]));

		if (a != NULL && !sched_alloc_is_client_terminal(a))
			map_add(nodes, a->node->id);
	}
}

static void
observe_reaped(struct sched_core *c, struct map *nodes)
{
	MAP_FOREACH (e, nodes) {
		const struct sched_node *n =
		    sched_node_find(&c->state, map_key(e));

		if (n != NULL)
			core_eval_gain(c, n);
	}
	map_release(nodes);
}

static void
observe_node(struct sched_core *c, const char *id)
{
	const struct sched_node *n = sched_node_find(&c->state, sched_str(id));

	if (n == NULL || sched_eq(n->node->status, "down") ||
	    sched_eq(n->node->status, "disconnected"))
		lease_end(&c->leases, sched_str(id));
	if (n != NULL && sched_node_is_ready(n->node))
		core_eval_gain(c, n);
	if (n != NULL) {
		core_drain_node(c, n);
		core_node_lost(c, n);
	}
}

/* What follows from a command, whoever proposed it. */
static void
observe(struct sched_core *c, const struct cmd *cmd)
{
	if (cmd->job_register != NULL && cmd->job_register->eval != NULL)
		core_eval_track(c, cmd->job_register->eval, 1);
	if (cmd->job_deregister != NULL) {
		blocked_forget_job(&c->blocked, cmd->job_deregister->ns,
		    cmd->job_deregister->job_id);
		if (cmd->job_deregister->eval != NULL)
			core_eval_track(c, cmd->job_deregister->eval, 1);
	}
#define EVALS_OF(member)         \
	if (cmd->member != NULL) \
	core_eval_track(c, cmd->member->evals, cmd->member->nevals)
	EVALS_OF(node_register);
	EVALS_OF(node_status);
	EVALS_OF(node_drain);
	EVALS_OF(eval_upsert);
	EVALS_OF(alloc_client);
	EVALS_OF(alloc_transition);
	EVALS_OF(plan);
	EVALS_OF(deployment);
#undef EVALS_OF
	if (cmd->node_register != NULL)
		observe_node(c, cmd->node_register->node.id);
	if (cmd->node_status != NULL)
		observe_node(c, cmd->node_status->node_id);
	if (cmd->node_drain != NULL)
		observe_node(c, cmd->node_drain->node_id);
	for (size_t i = 0; cmd->reap != NULL && i < cmd->reap->nnodes; i++)
		lease_end(&c->leases, sched_str(cmd->reap->nodes[i]));
	observe_allocs(c, cmd);
	core_deploy_observe(c, cmd);
	if (map_count(&c->draining) > 0 &&
	    (cmd->plan != NULL || cmd->alloc_client != NULL))
		c->drain_news = true;
}

/* What a leader knows beside the state is made anew; those who wait for what
 * it was are refused. */
static void
apply_restore(struct sched_core *c, uint64_t at, const struct cmd *cmd)
{
	bool leads = c->leading && cmd->restore->last;
	struct fsm_reply reply;

	if (leads)
		sched_core_lead(c, false);
	nodetable_release(&c->nodes);
	fsm_apply_cmd(&c->state, at, cmd, &reply);
	if (reply.err.code != ERR_NONE)
		log_warn("state not restored: %s", reply.err.text);
	else if (cmd->restore->last) {
		snprintf(c->restored, sizeof c->restored, "%s",
		    sched_str(cmd->restore->id));
		c->restored_at = c->state.index;
	}
	if (leads)
		sched_core_lead(c, true);
}

/* What it took to apply; see scheduler_view. */
static size_t
work_of(const struct cmd *cmd)
{
	size_t n = 1;

	if (cmd->plan != NULL)
		n += cmd->plan->nplaces + cmd->plan->nstops +
		     cmd->plan->npreempts + cmd->plan->nupdates;
	if (cmd->alloc_client != NULL)
		n += cmd->alloc_client->nallocs;
	for (size_t i = 0; i < cmd->nbatch; i++)
		n += work_of(&cmd->batch[i]);
	return n * CORE_ALLOC_WORK;
}

int
sched_core_applied(struct sched_core *c, uint64_t index, const void *bytes,
    size_t n, struct err *err)
{
	struct arena arena = { 0 };
	struct map reaped = { 0 };
	struct fsm_reply reply;
	struct cmd cmd;
	int64_t committed = probe_begin(&c->opts.probe);
	uint64_t at = index + c->state.index_base;
	int rc = fsm_decode(&c->state, at, bytes, n, &arena, &cmd, err);

	if (rc == 0 && cmd.restore != NULL) {
		apply_restore(c, at, &cmd);
		arena_release(&arena);
		return 0;
	}
	if (rc == 0) {
		if (c->leading)
			note_reaped(c, &cmd, &reaped);
		fsm_apply_cmd(&c->state, at, &cmd, &reply);
		probe_end_command(&c->opts.probe, &cmd, committed);
	}
	if (rc == 0 && c->leading) {
		core_worked(c, work_of(&cmd));
		settle(c, &cmd, &reply, committed);
		if (!reply.repeated && cmd.nbatch == 0)
			observe(c, &cmd);
		for (size_t i = 0; !reply.repeated && i < cmd.nbatch; i++)
			observe(c, &cmd.batch[i]);
		observe_reaped(c, &reaped);
		core_pump(c);
	}
	arena_release(&arena);
	return rc;
}

const char *
sched_core_restored(const struct sched_core *c)
{
	return c->restored;
}

int
sched_core_check(const void *bytes, size_t n, struct err *err)
{
	struct arena arena = { 0 };
	struct cmd cmd;
	int rc = 0;

	if (n > CERTAIN_BYTES)
		rc = rec_unpack(&cmd_type, &cmd, bytes, n, &arena, err);
	arena_release(&arena);
	return rc == 0 ? 0 : err_add(err, "what is asked is too large");
}

void
sched_core_not_taken(
    struct sched_core *c, uint64_t proposal, const struct err *err)
{
	struct core_pending *p = core_pending_take(c, proposal);

	if (p == NULL)
		return;
	if (p->run != NULL) {
		core_run_failed(c, p->run);
		p->run = NULL;
	}
	if (p->gc_kinds != 0)
		c->gc_busy = false;
	if (p->is_drain)
		c->drain_busy = false;
	if (p->is_level)
		c->level_busy = false;
	core_deploy_failed(c);
	core_evals_copy(&c->unsaid, p->evals.evals, p->evals.n);
	c->again_ms = c->now_ms + CORE_AGAIN_MS;
	if (p->has_req)
		core_refuse_untaken(c, p->req, err);
	core_pending_free(p);
}

int
sched_core_restore(
    struct sched_core *c, sched_read_fn *read, void *ctx, struct err *err)
{
	nodetable_release(&c->nodes);
	return sched_snapshot_read(&c->state, read, ctx, err);
}
