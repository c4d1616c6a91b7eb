/*
 * Evaluations: made, tracked, and ended when nobody needs them.
 */
#include "cmd/schedd/core_impl.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/plant.h"
#include "cmd/schedd/text.h"
#include "common/clock.h"
#include "common/mem.h"

/* --- making --- */

struct eval *
core_evals_add(struct sched_core *c, struct core_evals *l,
    const struct job *job, const char *trigger)
{
	char id[RNG_UUID_SIZE];
	struct eval *e;

	if (l->n == l->cap)
		l->evals = xgrow(l->evals, l->n, &l->cap, sizeof *l->evals);
	rng_uuid(&c->rng, id);
	e = &l->evals[l->n++];
	*e = (struct eval){
		.id = xstrdup(id),
		.priority = job->priority,
		.type = xstrdup(sched_str(job->type)),
		.triggered_by = xstrdup(trigger),
		.namespace = xstrdup(sched_str(job->namespace)),
		.job_id = xstrdup(sched_str(job->id)),
		.status = xstrdup("pending"),
		.create_time = c->wall_ns,
		.modify_time = c->wall_ns,
	};
	return e;
}

bool
core_evals_have(const struct core_evals *l, const char *ns, const char *job_id)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->evals[i].job_id, job_id) == 0 &&
		    strcmp(l->evals[i].namespace, ns) == 0)
			return true;
	return false;
}

void
core_evals_release(struct core_evals *l)
{
	for (size_t i = 0; i < l->n; i++)
		rec_clear(&eval_type, &l->evals[i]);
	free(l->evals);
	*l = (struct core_evals){ 0 };
}

/* --- tracking --- */

static void
enqueue(struct sched_core *c, const struct eval *e)
{
	int64_t wait_ns = e->wait;

	if (e->wait_until != 0)
		wait_ns = e->wait_until - c->wall_ns;
	broker_enqueue(&c->broker, e,
	    wait_ns <= 0
		? 0
		: (uint64_t)((wait_ns + CLOCK_NS_PER_MS - 1) / CLOCK_NS_PER_MS),
	    c->now_ms);
}

static void
track(struct sched_core *c, const struct sched_eval *e)
{
	const struct sched_eval *other;
	const char *id;

	if (sched_eq(e->rec.status, "pending")) {
		enqueue(c, &e->rec);
		return;
	}
	if (sched_eq(e->rec.status, "blocked")) {
		blocked_add(&c->blocked, &e->rec);
		if (c->retry_ms == 0)
			c->retry_ms = c->now_ms + CORE_RETRY_MS;
		return;
	}
	blocked_forget(&c->blocked, e->rec.id);
	/* Its end may have canceled the job's blocked one. */
	id = blocked_of_job(&c->blocked, e->rec.namespace, e->rec.job_id);
	other = id != NULL ? sched_eval_find(&c->state, id) : NULL;
	if (other != NULL && sched_eval_is_terminal(&other->rec))
		blocked_forget(&c->blocked, id);
}

void
core_eval_track(struct sched_core *c, const struct eval *evals, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct sched_eval *e =
		    sched_eval_find(&c->state, sched_str(evals[i].id));

		if (e != NULL)
			track(c, e);
	}
}

void
core_eval_gain(struct sched_core *c, const struct sched_node *n)
{
	if (n->node == NULL || SCHED_PLANT(11))
		return;
	blocked_gain(&c->blocked, n->node->computed_class, c->state.index);
	blocked_gain_at(&c->blocked, n->id);
}

/* A new leader knows of no room that came before it, so what is blocked is
 * looked at once more. */
void
core_eval_lead(struct sched_core *c)
{
	const struct broker_opts opts = {
		.delivery_limit = CORE_DELIVERIES,
		.first_nack_ms = CORE_FIRST_NACK_MS,
		.next_nack_ms = CORE_NEXT_NACK_MS,
	};

	broker_init(&c->broker, &opts);
	for (const struct sched_eval *e = c->state.evals; e != NULL;
	     e = e->hh.next)
		if (!sched_eval_is_terminal(&e->rec) && !SCHED_PLANT(7))
			enqueue(c, &e->rec);
}

void
sched_core_each_blocked(struct sched_core *c,
    void (*fn)(void *ctx, const struct eval *e), void *ctx)
{
	MAP_FOREACH (m, &c->blocked.evals) {
		const struct sched_eval *e =
		    sched_eval_find(&c->state, map_key(m));

		if (e != NULL)
			fn(ctx, &e->rec);
	}
}

/* --- ending those that nobody needs --- */

static void
cancel(struct sched_core *c, struct core_evals *l, char *id, const char *why)
{
	const struct sched_eval *e = sched_eval_find(&c->state, id);
	struct eval *rec;

	free(id);
	if (e == NULL || sched_eval_is_terminal(&e->rec))
		return;
	if (l->n == l->cap)
		l->evals = xgrow(l->evals, l->n, &l->cap, sizeof *l->evals);
	rec = &l->evals[l->n++];
	rec_copy(&eval_type, rec, &e->rec);
	sched_set(&rec->status, "canceled");
	sched_set(&rec->status_description, why);
}

void
core_cancel_needless(struct sched_core *c)
{
	struct core_evals l = { 0 };
	char *id;

	while ((id = broker_take_given_up(&c->broker)) != NULL)
		cancel(
		    c, &l, id, "canceled after more recent eval was processed");
	while ((id = blocked_take_duplicate(&c->blocked)) != NULL)
		cancel(c, &l, id, "existing blocked evaluation exists for job");
	core_propose_evals(c, l.evals, l.n);
	core_evals_release(&l);
}
