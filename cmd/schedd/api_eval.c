/*
 * Evaluations.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/api.h"

static struct query_key
eval_key(const void *item)
{
	const struct sched_eval *e = item;

	return (
	    struct query_key){ .index = e->rec.create_index, .id = e->rec.id };
}

/* What a list of evaluations is narrowed down to. */
struct eval_filter {
	char status[32];
	char job[256];
};

static bool
is_wanted(const struct query *q, const struct eval_filter *f,
    const struct sched_eval *e)
{
	const char *job = e->rec.job_id != NULL ? e->rec.job_id : "";

	return query_wants_ns(q, e->rec.namespace) &&
	       query_wants_id(q, e->rec.id) &&
	       (*f->status == '\0' || strcmp(f->status, e->rec.status) == 0) &&
	       (*f->job == '\0' || strcmp(f->job, job) == 0);
}

/* Those that are wanted, in memory of the arena. */
static const void **
wanted(struct query *q, size_t *n)
{
	struct eval_filter f = { 0 };
	const void **list =
	    arena_alloc(&q->arena, HASH_COUNT(q->st->evals) * sizeof *list);

	http_param(q->req, "status", f.status, sizeof f.status);
	http_param(q->req, "job", f.job, sizeof f.job);
	*n = 0;
	for (struct sched_eval *e = q->st->evals; e != NULL; e = e->hh.next)
		if (is_wanted(q, &f, e))
			list[(*n)++] = e;
	return list;
}

static void
read_evals(struct query *q)
{
	const void **list;
	struct eval *recs;
	size_t n;

	if (!query_check_uuid_prefix(q, "eval"))
		return;
	if (query_waits(q, SCHED_EVALS, ""))
		return;
	list = wanted(q, &n);
	n = query_page(q, list, n, eval_key, QUERY_BY_INDEX);
	recs = arena_alloc(&q->arena, n * sizeof *recs);
	for (size_t i = 0; i < n; i++)
		recs[i] = ((const struct sched_eval *)list[i])->rec;
	query_reply_list(q, &eval_type, recs, n);
}

void
api_evals(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_evals);
}

static void
read_evals_count(struct query *q)
{
	size_t n;

	if (!query_check_uuid_prefix(q, "eval"))
		return;
	if (query_waits(q, SCHED_EVALS, ""))
		return;
	wanted(q, &n);
	buf_addf(&q->out, "{\"Count\":%zu}", n);
	query_reply(q);
}

void
api_evals_count(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_evals_count);
}

/* --- one --- */

static bool
is_same(const char *a, const char *b)
{
	return a != NULL && b != NULL && *a != '\0' && strcmp(a, b) == 0;
}

static bool
names(const struct eval *a, const struct eval *b)
{
	return is_same(a->next_eval, b->id) ||
	       is_same(a->previous_eval, b->id) ||
	       is_same(a->blocked_eval, b->id);
}

static struct eval_stub
eval_stub(const struct eval *e)
{
	return (struct eval_stub){ .id = e->id,
		.priority = e->priority,
		.type = e->type,
		.triggered_by = e->triggered_by,
		.namespace = e->namespace,
		.job_id = e->job_id,
		.node_id = e->node_id,
		.deployment_id = e->deployment_id,
		.status = e->status,
		.status_description = e->status_description,
		.wait_until = e->wait_until,
		.next_eval = e->next_eval,
		.previous_eval = e->previous_eval,
		.blocked_eval = e->blocked_eval,
		.create_index = e->create_index,
		.modify_index = e->modify_index,
		.create_time = e->create_time,
		.modify_time = e->modify_time };
}

#define MAX_RELATED 256 /* evaluations told of beside the one asked for */

/* All that can be reached from it by what they say of one another. They are
 * of one job; each new one is asked about all others. */
static void
add_related(struct query *q, const struct sched_eval *first, struct eval *out)
{
	const struct sched_eval *found[MAX_RELATED + 1] = { first };
	struct sched_eval *e;
	size_t n = 1;

	for (size_t i = 0; i < n && first->job != NULL; i++)
		TAILQ_FOREACH (e, &first->job->evals, by_job) {
			bool known = n > MAX_RELATED;

			for (size_t k = 0; k < n && !known; k++)
				known = found[k] == e;
			if (!known && (names(&found[i]->rec, &e->rec) ||
					  names(&e->rec, &found[i]->rec)))
				found[n++] = e;
		}
	out->related_evals =
	    arena_alloc(&q->arena, n * sizeof *out->related_evals);
	out->nrelated_evals = n - 1;
	for (size_t i = 1; i < n; i++)
		out->related_evals[i - 1] = eval_stub(&found[i]->rec);
}

static void
read_eval(struct query *q)
{
	const char *id = query_arg(q, "id");
	struct sched_eval *e = sched_eval_find(q->st, id);
	struct eval rec;

	if (!query_check_uuid(q, "eval", id) || query_waits(q, SCHED_EVAL, id))
		return;
	if (e == NULL) {
		query_fail(q, 404, "eval not found");
		return;
	}
	rec = e->rec;
	if (query_flag(q, "related", false))
		add_related(q, e, &rec);
	query_reply_rec(q, &eval_type, &rec);
}

void
api_eval(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_eval);
}
