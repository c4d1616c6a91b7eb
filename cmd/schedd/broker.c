#include "cmd/schedd/broker.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/text.h"
#include "common/mem.h"

enum broker_where {
	AT_READY,
	AT_UNACKED,
	AT_PENDING, /* behind another of its job */
	AT_WAITING, /* for its time */
};

struct broker_job {
	struct broker_eval *claim;  /* ready, out, or on its way back */
	struct broker_heap pending; /* in no order */
};

struct broker_eval {
	char *id;
	char *job; /* key */
	int64_t priority;
	uint64_t create_index, modify_index;
	enum broker_queue queue;
	enum broker_where where;
	unsigned deliveries;
	uint64_t here_ms, out_ms; /* since when */
	struct due due;           /* of its wait, or of the nack */
};

static enum broker_queue
queue_of(const char *type)
{
	static const char *const names[] = { "service", "batch", "system",
		"sysbatch" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (sched_eq(type, names[i]))
			return (enum broker_queue)i;
	return BROKER_OTHER;
}

/* --- heaps --- */

static bool
goes_before(const struct broker_eval *a, const struct broker_eval *b)
{
	if (a->priority != b->priority)
		return a->priority > b->priority;
	if (a->create_index != b->create_index)
		return a->create_index < b->create_index;
	return strcmp(a->id, b->id) < 0;
}

static void
add(struct broker_heap *h, struct broker_eval *e)
{
	if (h->n == h->cap)
		h->evals = xgrow(h->evals, h->n, &h->cap, sizeof *h->evals);
	h->evals[h->n++] = e;
}

static void
swap(struct broker_heap *h, size_t i, size_t k)
{
	struct broker_eval *e = h->evals[i];

	h->evals[i] = h->evals[k];
	h->evals[k] = e;
}

static void
heap_push(struct broker_heap *h, struct broker_eval *e)
{
	size_t i = h->n;

	add(h, e);
	for (; i > 0 && goes_before(h->evals[i], h->evals[(i - 1) / 2]);
	     i = (i - 1) / 2)
		swap(h, i, (i - 1) / 2);
}

static struct broker_eval *
heap_pop(struct broker_heap *h)
{
	struct broker_eval *top = h->evals[0];
	size_t i = 0;

	h->evals[0] = h->evals[--h->n];
	for (;;) {
		size_t k = 2 * i + 1;

		if (k + 1 < h->n && goes_before(h->evals[k + 1], h->evals[k]))
			k++;
		if (k >= h->n || !goes_before(h->evals[k], h->evals[i]))
			return top;
		swap(h, i, k);
		i = k;
	}
}

/* --- life --- */

void
broker_init(struct broker *b, const struct broker_opts *opts)
{
	*b = (struct broker){ .opts = *opts };
}

static void
eval_free(struct broker_eval *e)
{
	free(e->id);
	free(e->job);
	free(e);
}

void
broker_release(struct broker *b)
{
	char *id;

	MAP_FOREACH (e, &b->evals)
		eval_free(map_value(e));
	MAP_FOREACH (e, &b->jobs) {
		struct broker_job *j = map_value(e);

		free(j->pending.evals);
		free(j);
	}
	map_release(&b->evals);
	map_release(&b->jobs);
	for (size_t i = 0; i < BROKER_NQUEUES; i++)
		free(b->ready[i].evals);
	dues_release(&b->dues);
	while ((id = broker_take_given_up(b)) != NULL)
		free(id);
	free(b->given_up);
	*b = (struct broker){ 0 };
}

/* --- in --- */

static struct broker_job *
job_have(struct broker *b, const char *key)
{
	struct broker_job *j = map_find(&b->jobs, key);

	if (j != NULL)
		return j;
	j = xcalloc(1, sizeof *j);
	map_put(&b->jobs, key, j);
	return j;
}

/* Ready, or pending behind the one that has the job. */
static void
make_ready(struct broker *b, struct broker_eval *e)
{
	struct broker_job *j = job_have(b, e->job);

	if (j->claim != NULL && j->claim != e) {
		e->where = AT_PENDING;
		add(&j->pending, e);
		b->npending++;
		return;
	}
	j->claim = e;
	e->where = AT_READY;
	heap_push(&b->ready[e->queue], e);
	b->nready++;
}

static void
make_wait(
    struct broker *b, struct broker_eval *e, uint64_t delay_ms, uint64_t now_ms)
{
	e->where = AT_WAITING;
	due_add(&b->dues, &e->due, now_ms + delay_ms);
	b->nwaiting++;
}

void
broker_enqueue(struct broker *b, const struct eval *rec, uint64_t delay_ms,
    uint64_t now_ms)
{
	struct broker_eval *e;

	if (map_find(&b->evals, sched_str(rec->id)) != NULL)
		return;
	e = xcalloc(1, sizeof *e);
	e->id = xstrdup(sched_str(rec->id));
	/* One without a job is a job of its own. */
	e->job =
	    sched_is_empty(rec->job_id)
		? xasprintf("\n%s", e->id)
		: xasprintf("%s/%s", sched_str(rec->namespace), rec->job_id);
	e->priority = rec->priority;
	e->create_index = rec->create_index;
	e->modify_index = rec->modify_index;
	e->queue = queue_of(rec->type);
	e->here_ms = now_ms + delay_ms;
	map_put(&b->evals, e->id, e);
	if (delay_ms > 0)
		make_wait(b, e, delay_ms, now_ms);
	else
		make_ready(b, e);
}

/* --- out --- */

const char *
broker_dequeue(struct broker *b, unsigned mask, uint64_t now_ms, bool *failed)
{
	struct broker_heap *best = NULL;
	struct broker_eval *e;

	for (size_t i = 0; i < BROKER_NQUEUES; i++) {
		struct broker_heap *h = &b->ready[i];

		if ((mask & (1u << i)) != 0 && h->n > 0 &&
		    (best == NULL || goes_before(h->evals[0], best->evals[0])))
			best = h;
	}
	if (best == NULL)
		return NULL;
	e = heap_pop(best);
	b->nready--;
	b->nunacked++;
	b->unacked[e->queue]++;
	e->out_ms = now_ms;
	e->where = AT_UNACKED;
	e->deliveries++;
	*failed = e->queue == BROKER_FAILED;
	if (b->opts.nack_timeout_ms > 0)
		due_add(&b->dues, &e->due, now_ms + b->opts.nack_timeout_ms);
	return e->id;
}

static struct broker_eval *
take_back(struct broker *b, const char *id)
{
	struct broker_eval *e = map_find(&b->evals, id);

	if (e == NULL || e->where != AT_UNACKED)
		return NULL;
	due_remove(&b->dues, &e->due);
	b->nunacked--;
	b->unacked[e->queue]--;
	return e;
}

bool
broker_since(
    const struct broker *b, const char *id, uint64_t *here_ms, uint64_t *out_ms)
{
	const struct broker_eval *e = map_find(&b->evals, id);

	if (e == NULL)
		return false;
	*here_ms = e->here_ms;
	*out_ms = e->out_ms;
	return true;
}

static void
forget(struct broker *b, struct broker_eval *e)
{
	map_remove(&b->evals, e->id);
	eval_free(e);
}

static bool
is_better(const struct broker_eval *a, const struct broker_eval *b)
{
	if (a->priority != b->priority)
		return a->priority > b->priority;
	return a->modify_index > b->modify_index;
}

static void
give_up(struct broker *b, struct broker_eval *e)
{
	if (b->ngiven_up == b->given_up_cap)
		b->given_up = xgrow(b->given_up, b->ngiven_up, &b->given_up_cap,
		    sizeof *b->given_up);
	b->given_up[b->ngiven_up++] = xstrdup(e->id);
	forget(b, e);
}

/* The job is free: of those that wait behind it one goes on. */
static void
next_of_job(struct broker *b, const char *key)
{
	struct broker_job *j = map_find(&b->jobs, key);
	struct broker_eval *best = NULL;

	j->claim = NULL;
	for (size_t i = 0; i < j->pending.n; i++)
		if (best == NULL || is_better(j->pending.evals[i], best))
			best = j->pending.evals[i];
	for (size_t i = 0; i < j->pending.n; i++)
		if (j->pending.evals[i] != best)
			give_up(b, j->pending.evals[i]);
	b->npending -= j->pending.n;
	j->pending.n = 0;
	if (best != NULL) {
		make_ready(b, best);
		return;
	}
	map_remove(&b->jobs, key);
	free(j->pending.evals);
	free(j);
}

int
broker_ack(struct broker *b, const char *id)
{
	struct broker_eval *e = take_back(b, id);
	char *job;

	if (e == NULL)
		return -1;
	job = e->job;
	e->job = NULL;
	forget(b, e);
	next_of_job(b, job);
	free(job);
	return 0;
}

int
broker_nack(struct broker *b, const char *id, uint64_t now_ms)
{
	struct broker_eval *e = take_back(b, id);

	if (e == NULL)
		return -1;
	if (e->deliveries >= b->opts.delivery_limit) {
		e->queue = BROKER_FAILED;
		make_ready(b, e);
		return 0;
	}
	make_wait(b, e,
	    e->deliveries == 1
		? b->opts.first_nack_ms
		: (uint64_t)(e->deliveries - 1) * b->opts.next_nack_ms,
	    now_ms);
	return 0;
}

char *
broker_take_given_up(struct broker *b)
{
	return b->ngiven_up > 0 ? b->given_up[--b->ngiven_up] : NULL;
}

/* --- time --- */

void
broker_tick(struct broker *b, uint64_t now_ms)
{
	struct due *d;

	while ((d = due_first(&b->dues)) != NULL && d->at_ms <= now_ms) {
		struct broker_eval *e = DUE_OF(d, struct broker_eval, due);

		if (e->where == AT_UNACKED) {
			broker_nack(b, e->id, d->at_ms);
			continue;
		}
		due_remove(&b->dues, d);
		b->nwaiting--;
		make_ready(b, e);
	}
}

uint64_t
broker_due_ms(const struct broker *b)
{
	const struct due *d = due_first(&b->dues);

	return d != NULL ? d->at_ms : UINT64_MAX;
}
