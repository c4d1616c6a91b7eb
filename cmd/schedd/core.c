#include "cmd/schedd/core.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/schedd/core_impl.h"
#include "cmd/schedd/plant.h"
#include "cmd/schedd/text.h"
#include "common/clock.h"
#include "common/mem.h"
#include "common/text.h"
#include "proto/version.h"

#ifdef SCHED_PLANTS
int sched_plant;
#endif

/* --- life --- */

void
sched_core_opts_init(struct sched_core_opts *o)
{
	const int64_t hour = 3600 * CLOCK_NS_PER_S;

	*o = (struct sched_core_opts){
		.seed = 1,
		.level_known = ROVE_FEATURE_LEVEL,
		.lease_min_ms = 1500,
		.lease_grace_ms = 1500,
		.lease_rate = 5000,
		.failover_ttl_ms = 30000,
		.gc_interval_ms = 300000,
		.job_gc_interval_ms = 300000,
		.gc_eval_ns = hour,
		.gc_batch_eval_ns = 24 * hour,
		.gc_job_ns = 4 * hour,
		.gc_node_ns = 24 * hour,
		.gc_deployment_ns = hour,
	};
	autopilot_init(&o->autopilot);
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
	c->state.level_known = opts->level_known;
	TAILQ_INIT(&c->acts);
	TAILQ_INIT(&c->again);
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

void
core_pending_free(struct core_pending *p)
{
	for (size_t i = 0; i < p->neval_ids; i++)
		free(p->eval_ids[i]);
	free(p->eval_ids);
	free(p->node_id);
	free(p->warnings);
	core_evals_release(&p->evals);
	core_run_free(p->run);
	free(p);
}

/* What only a leader knows. */
void
core_term_end(struct sched_core *c)
{
	map_release(&c->coming);
	map_release(&c->losing);
	core_eval_end(c);
	core_deploy_end(c);
	core_drain_end(c);
	leases_release(&c->leases);
	nodetable_release(&c->nodes);
	core_evals_release(&c->unsaid);
	c->again_ms = 0;
	c->retry_ms = 0;
	c->lost_ms = 0;
	c->level_busy = false;
	core_gc_end(c);
	c->runs_wait = false;
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
		core_pending_free(p);
	}
	while ((a = TAILQ_FIRST(&c->acts)) != NULL) {
		TAILQ_REMOVE(&c->acts, a, entry);
		act_free(a);
	}
	act_free(c->current);
	core_term_end(c);
	sched_state_release(&c->state);
	sched_core_servers(c, NULL, 0);
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

void
core_conflict(struct sched_core *c, uint64_t req, const struct rec_type *type,
    void *body, uint64_t index, const struct err *err)
{
	struct core_act *a = act_add(c, SCHED_ACT_REFUSE);

	a->act.req = req;
	a->act.type = type;
	a->act.index = index;
	a->act.err = *err;
	a->body = body;
}

/* --- requests and proposals --- */

void
core_refuse_untaken(struct sched_core *c, uint64_t req, const struct err *err)
{
	core_refuse_err(c, req, err);
	TAILQ_LAST(&c->acts, core_acts)->act.is_untaken =
	    err->code == ERR_NOT_LEADER;
}

bool
core_may_ask(struct sched_core *c, uint64_t req)
{
	if (!c->leading)
		core_refuse(
		    c, req, ERR_NOT_LEADER, "this server is not the leader");
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
	p->began = probe_begin(&c->opts.probe);
	cmd->time = c->wall_ns;
	cmd->client = c->client;
	cmd->request = p->proposal;
	/* What raises the level is the first that is written at it. */
	rec_pack_level(&cmd_type, cmd,
	    cmd->level != NULL ? cmd->level->level : c->state.level, &a->bytes);
	a->act.proposal = p->proposal;
	HASH_ADD(hh, c->pending, proposal, sizeof p->proposal, p);
	return p;
}

struct core_pending *
core_propose_calmly(struct sched_core *c, struct cmd *cmd)
{
	struct core_pending *p = core_propose(c, cmd);

	TAILQ_LAST(&c->acts, core_acts)->act.can_wait = true;
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
core_evals_copy(struct core_evals *l, const struct eval *evals, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (l->n == l->cap)
			l->evals =
			    xgrow(l->evals, l->n, &l->cap, sizeof *l->evals);
		rec_copy(&eval_type, &l->evals[l->n++], &evals[i]);
	}
}

void
core_propose_evals(struct sched_core *c, const struct eval *evals, size_t n)
{
	for (size_t i = 0; i < n; i += CMD_MAX_BATCH) {
		size_t part = n - i < CMD_MAX_BATCH ? n - i : CMD_MAX_BATCH;
		struct core_evals copy = { 0 };
		struct cmd_eval_upsert u;
		struct cmd cmd = { .eval_upsert = &u };

		core_evals_copy(&copy, evals + i, part);
		u = (struct cmd_eval_upsert){ .evals = copy.evals,
			.nevals = copy.n };
		core_propose(c, &cmd)->evals = copy;
	}
}

/* What was not taken is said again, as far as it is still true. */
static void
say_again(struct sched_core *c)
{
	struct core_evals l = c->unsaid;
	size_t n = 0;

	c->unsaid = (struct core_evals){ 0 };
	for (size_t i = 0; i < l.n; i++) {
		const struct sched_eval *e =
		    sched_eval_find(&c->state, l.evals[i].id);

		if (e != NULL && sched_eval_is_terminal(&e->rec))
			rec_clear(&eval_type, &l.evals[i]);
		else
			l.evals[n++] = l.evals[i];
	}
	l.n = n;
	core_propose_evals(c, l.evals, l.n);
	core_evals_release(&l);
	core_deploy_lead(c);
	c->drain_news = true;
}

struct core_pending *
core_pending_take(struct sched_core *c, uint64_t proposal)
{
	struct core_pending *p;

	HASH_FIND(hh, c->pending, &proposal, sizeof proposal, p);
	if (p == NULL)
		return NULL;
	HASH_DEL(c->pending, p);
	if (p->wish != 0 && map_find(&c->coming, p->node_id) == p)
		map_remove(&c->coming, p->node_id);
	if (p->is_loss && map_find(&c->losing, p->node_id) == p)
		map_remove(&c->losing, p->node_id);
	return p;
}

/* --- time --- */

void
sched_core_clock(struct sched_core *c, uint64_t now_ms, int64_t wall_ns)
{
#ifdef SCHED_PLANTS
	uint64_t wall_ms = (uint64_t)(wall_ns / CLOCK_NS_PER_MS);

	/* All that is measured, leases too, goes by the wall clock. */
	if (c->wall_base_ms == 0)
		c->wall_base_ms = wall_ms - now_ms;
	if (SCHED_PLANT(13))
		now_ms =
		    wall_ms > c->wall_base_ms ? wall_ms - c->wall_base_ms : 0;
#endif
	c->now_ms = now_ms;
	c->wall_ns = wall_ns;
}

void
core_pump(struct sched_core *c)
{
	core_drain_pump(c);
	core_eval_pump(c);
}

void
sched_core_tick(struct sched_core *c)
{
	if (!c->leading)
		return;
	core_node_tick(c);
	core_gc_tick(c);
	core_deploy_tick(c);
	core_drain_tick(c);
	broker_tick(&c->broker, c->now_ms);
	if (c->again_ms != 0 && c->now_ms >= c->again_ms) {
		c->again_ms = 0;
		say_again(c);
	}
	if (c->retry_ms != 0 && c->now_ms >= c->retry_ms) {
		c->retry_ms = c->now_ms + CORE_RETRY_MS;
		blocked_retry(&c->blocked);
	}
	core_pump(c);
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
	if (c->runs_wait)
		due = c->now_ms + 1;
	due = sooner(due, broker_due_ms(&c->broker));
	due = sooner(due, lease_due_ms(&c->leases));
	if (blocked_count(&c->blocked) > 0 && c->retry_ms != 0)
		due = sooner(due, c->retry_ms);
	if (c->again_ms != 0)
		due = sooner(due, c->again_ms);
	due = sooner(due, core_gc_due_ms(c));
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
	s->behind = c->broker.npending;
	for (size_t i = 0; i < BROKER_NQUEUES; i++) {
		s->queue_ready[i] = c->broker.ready[i].n;
		s->queue_unacked[i] = c->broker.unacked[i];
	}
	s->runs = c->nruns;
	s->blocked = blocked_count(&c->blocked);
	s->escaped = blocked_escaped(&c->blocked);
	s->pending = HASH_COUNT(c->pending);
	s->leases = leases_count(&c->leases);
}
