#include "cmd/schedd/core.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/schedd/core_impl.h"
#include "cmd/schedd/text.h"
#include "common/clock.h"
#include "common/mem.h"

/* --- life --- */

void
sched_core_opts_init(struct sched_core_opts *o)
{
	const int64_t hour = 3600 * CLOCK_NS_PER_S;

	*o = (struct sched_core_opts){
		.seed = 1,
		.lease_min_ms = 2000,
		.lease_grace_ms = 2000,
		.lease_rate = 500,
		.failover_ttl_ms = 30000,
		.gc_interval_ms = 300000,
		.gc_eval_ns = hour,
		.gc_batch_eval_ns = 24 * hour,
		.gc_job_ns = 4 * hour,
		.gc_node_ns = 24 * hour,
		.gc_deployment_ns = hour,
	};
}

struct sched_core *
sched_core_new(const struct sched_core_opts *opts)
{
	struct sched_core *c = xcalloc(1, sizeof *c);

	c->opts = *opts;
	c->region = xstrdup(opts->region != NULL ? opts->region : "global");
	c->opts.region = c->region;
	rng_init(&c->rng, opts->seed);
	sched_state_init(&c->state);
	TAILQ_INIT(&c->acts);
	return c;
}

static void
act_free(struct core_act *a)
{
	if (a == NULL)
		return;
	buf_release(&a->bytes);
	if (a->body != NULL)
		rec_clear(a->act.type, a->body);
	free(a->body);
	free(a);
}

static void
pending_free(struct core_pending *p)
{
	for (size_t i = 0; i < p->neval_ids; i++)
		free(p->eval_ids[i]);
	free(p->eval_ids);
	free(p->node_id);
	free(p->warnings);
	core_run_free(p->run);
	free(p);
}

/* What only a leader knows. */
static void
forget_term(struct sched_core *c)
{
	core_eval_end(c);
	core_deploy_end(c);
	core_drain_end(c);
	leases_release(&c->leases);
	c->gc_busy = false;
	c->gc_ms = c->retry_ms = 0;
}

void
sched_core_free(struct sched_core *c)
{
	struct core_pending *p, *tmp;
	struct core_act *a;

	if (c == NULL)
		return;
	HASH_ITER(hh, c->pending, p, tmp)
	{
		HASH_DEL(c->pending, p);
		pending_free(p);
	}
	while ((a = TAILQ_FIRST(&c->acts)) != NULL) {
		TAILQ_REMOVE(&c->acts, a, entry);
		act_free(a);
	}
	act_free(c->current);
	forget_term(c);
	sched_state_release(&c->state);
	free(c->region);
	free(c);
}

struct sched_state *
sched_core_state(struct sched_core *c)
{
	return &c->state;
}

/* --- actions --- */

static struct core_act *
act_add(struct sched_core *c, enum sched_act_kind kind)
{
	struct core_act *a = xcalloc(1, sizeof *a);

	a->act.kind = kind;
	TAILQ_INSERT_TAIL(&c->acts, a, entry);
	return a;
}

bool
sched_core_next(struct sched_core *c, struct sched_act *act)
{
	struct core_act *a = TAILQ_FIRST(&c->acts);

	act_free(c->current);
	c->current = a;
	if (a == NULL)
		return false;
	TAILQ_REMOVE(&c->acts, a, entry);
	*act = a->act;
	act->bytes = (const uint8_t *)a->bytes.data;
	act->n = a->bytes.len;
	act->body = a->body;
	return true;
}

void
core_refuse_err(struct sched_core *c, uint64_t req, const struct err *err)
{
	struct core_act *a = act_add(c, SCHED_ACT_REFUSE);

	a->act.req = req;
	a->act.err = *err;
}

void
core_refuse(struct sched_core *c, uint64_t req, enum err_code code,
    const char *fmt, ...)
{
	struct err err = { .code = code };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err.text, sizeof err.text, fmt, ap);
	va_end(ap);
	core_refuse_err(c, req, &err);
}

void
core_reply(struct sched_core *c, uint64_t req, const struct rec_type *type,
    void *body, uint64_t index)
{
	struct core_act *a = act_add(c, SCHED_ACT_REPLY);

	a->act.req = req;
	a->act.type = type;
	a->act.index = index;
	a->body = body;
}

/* --- requests and proposals --- */

char *
core_text(const char *s)
{
	union {
		const char *in;
		char *out;
	} u = { .in = s };

	return u.out;
}

static void
refuse_not_leader(struct sched_core *c, uint64_t req)
{
	core_refuse(c, req, ERR_NOT_LEADER, "this server is not the leader");
}

bool
core_may_ask(struct sched_core *c, uint64_t req)
{
	if (!c->leading)
		refuse_not_leader(c, req);
	else if (HASH_COUNT(c->pending) >= SCHED_CORE_MAX_PENDING)
		core_refuse(c, req, ERR_BUSY,
		    "%d requests wait already: try again later",
		    SCHED_CORE_MAX_PENDING);
	else
		return true;
	return false;
}

struct core_pending *
core_propose(struct sched_core *c, struct cmd *cmd)
{
	struct core_pending *p = xcalloc(1, sizeof *p);
	struct core_act *a = act_add(c, SCHED_ACT_PROPOSE);

	p->proposal = ++c->next_proposal;
	cmd->time = c->wall_ns;
	cmd->client = c->client;
	cmd->request = p->proposal;
	rec_pack(&cmd_type, cmd, &a->bytes);
	a->act.proposal = p->proposal;
	HASH_ADD(hh, c->pending, proposal, sizeof p->proposal, p);
	return p;
}

struct core_pending *
core_ask(struct sched_core *c, uint64_t req, struct cmd *cmd,
    enum core_answer answer)
{
	struct core_pending *p = core_propose(c, cmd);

	p->has_req = true;
	p->req = req;
	p->answer = answer;
	return p;
}

void
core_note_evals(struct core_pending *p, const struct eval *evals, size_t n)
{
	p->eval_ids = xcalloc(n, sizeof *p->eval_ids);
	p->neval_ids = n;
	for (size_t i = 0; i < n; i++)
		p->eval_ids[i] = xstrdup(evals[i].id);
}

void
core_propose_evals(struct sched_core *c, const struct eval *evals, size_t n)
{
	struct eval *list = xcalloc(n, sizeof *list);

	memcpy(list, evals, n * sizeof *list);
	for (size_t i = 0; i < n; i += CMD_MAX_BATCH) {
		struct cmd_eval_upsert u = { .evals = list + i,
			.nevals =
			    n - i < CMD_MAX_BATCH ? n - i : CMD_MAX_BATCH };
		struct cmd cmd = { .eval_upsert = &u };

		core_propose(c, &cmd);
	}
	free(list);
}

static struct core_pending *
take_pending(struct sched_core *c, uint64_t proposal)
{
	struct core_pending *p;

	HASH_FIND(hh, c->pending, &proposal, sizeof proposal, p);
	if (p != NULL)
		HASH_DEL(c->pending, p);
	return p;
}

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
	case CORE_PURGED:
		ANSWER_NODE(c, p, r, node_purge_response);
		break;
	}
}

/* --- the log --- */

static void
pump(struct sched_core *c)
{
	core_drain_pump(c);
	core_eval_pump(c);
}

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
		if (p->has_req)
			refuse_not_leader(c, p->req);
		pending_free(p);
	}
	forget_term(c);
	if (!leading)
		return;
	rng_uuid(&c->rng, c->client);
	core_eval_lead(c);
	core_node_lead(c);
	core_admin_lead(c);
	core_deploy_lead(c);
	core_drain_lead(c);
	pump(c);
}

/* Whoever waits for this command is told, and its run goes on. */
static void
settle(struct sched_core *c, const struct cmd *cmd, const struct fsm_reply *r)
{
	struct core_pending *p;

	if (strcmp(r->client, c->client) != 0 ||
	    (p = take_pending(c, r->request)) == NULL)
		return;
	if (p->run != NULL) {
		core_run_applied(c, p->run, cmd, r);
		p->run = NULL;
	}
	if (p->is_gc)
		core_gc_applied(c);
	if (p->is_drain)
		c->drain_busy = false;
	if (p->has_req && r->err.code != ERR_NONE)
		core_refuse_err(c, p->req, &r->err);
	else if (p->has_req)
		answer(c, p, r);
	pending_free(p);
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

static void
observe_node(struct sched_core *c, const char *id)
{
	const struct sched_node *n = sched_node_find(&c->state, sched_str(id));

	if (n == NULL || sched_eq(n->node->status, "down") ||
	    sched_eq(n->node->status, "disconnected"))
		lease_end(&c->leases, sched_str(id));
	if (n != NULL && sched_node_is_ready(n->node))
		core_eval_gain(c, n);
	if (n != NULL)
		core_drain_node(c, n);
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

int
sched_core_applied(struct sched_core *c, uint64_t index, const void *bytes,
    size_t n, struct err *err)
{
	struct arena arena = { 0 };
	struct fsm_reply reply;
	struct cmd cmd;
	int rc = fsm_decode(index, bytes, n, &arena, &cmd, err);

	if (rc == 0)
		fsm_apply_cmd(&c->state, index, &cmd, &reply);
	if (rc == 0 && c->leading) {
		settle(c, &cmd, &reply);
		if (!reply.repeated && cmd.nbatch == 0)
			observe(c, &cmd);
		for (size_t i = 0; !reply.repeated && i < cmd.nbatch; i++)
			observe(c, &cmd.batch[i]);
		pump(c);
	}
	arena_release(&arena);
	return rc;
}

void
sched_core_not_taken(
    struct sched_core *c, uint64_t proposal, const struct err *err)
{
	struct core_pending *p = take_pending(c, proposal);

	if (p == NULL)
		return;
	if (p->run != NULL) {
		core_run_failed(c, p->run);
		p->run = NULL;
	}
	if (p->is_gc)
		c->gc_busy = false;
	if (p->is_drain)
		c->drain_busy = false;
	core_deploy_failed(c);
	if (p->has_req)
		core_refuse_err(c, p->req, err);
	pending_free(p);
}

int
sched_core_restore(
    struct sched_core *c, sched_read_fn *read, void *ctx, struct err *err)
{
	return sched_snapshot_read(&c->state, read, ctx, err);
}

/* --- time --- */

void
sched_core_clock(struct sched_core *c, uint64_t now_ms, int64_t wall_ns)
{
	c->now_ms = now_ms;
	c->wall_ns = wall_ns;
}

void
sched_core_tick(struct sched_core *c)
{
	if (!c->leading)
		return;
	core_node_tick(c);
	core_admin_tick(c);
	core_deploy_tick(c);
	core_drain_tick(c);
	broker_tick(&c->broker, c->now_ms);
	if (c->retry_ms != 0 && c->now_ms >= c->retry_ms) {
		c->retry_ms = c->now_ms + CORE_RETRY_MS;
		blocked_retry(&c->blocked);
	}
	pump(c);
}

static uint64_t
sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t
sched_core_due_ms(const struct sched_core *c)
{
	uint64_t due = UINT64_MAX;

	if (!c->leading)
		return due;
	due = sooner(due, broker_due_ms(&c->broker));
	due = sooner(due, lease_due_ms(&c->leases));
	if (blocked_count(&c->blocked) > 0 && c->retry_ms != 0)
		due = sooner(due, c->retry_ms);
	if (c->gc_ms != 0)
		due = sooner(due, c->gc_ms);
	if (due_first(&c->deadlines) != NULL)
		due = sooner(due, due_first(&c->deadlines)->at_ms);
	if (due_first(&c->drains) != NULL)
		due = sooner(due, due_first(&c->drains)->at_ms);
	return due;
}

void
sched_core_stats(const struct sched_core *c, struct sched_core_stats *s)
{
	*s = c->stats;
	s->ready = c->broker.nready;
	s->unacked = c->broker.nunacked;
	s->waiting = c->broker.nwaiting + c->broker.npending;
	s->blocked = blocked_count(&c->blocked);
	s->pending = HASH_COUNT(c->pending);
	s->leases = leases_count(&c->leases);
}
