/* What a reconciliation comes to, as it grows. */
#include <stdlib.h>

#include "cmd/schedd/reconcile_impl.h"
#include "cmd/schedd/text.h"

const char reconcile_not_needed[] = "alloc not needed due to job update";
const char reconcile_migrating[] = "alloc is being migrated";
const char reconcile_updating[] = "alloc is being updated due to job update";
const char reconcile_lost[] = "alloc is lost since its node is down";
const char reconcile_unknown[] =
    "alloc is unknown since its node is disconnected";
const char reconcile_rescheduled[] = "alloc was rescheduled because it failed";
const char reconcile_tainted[] = "alloc not needed as node is tainted";
const char reconcile_reconnected[] =
    "alloc not needed due to disconnected client reconnect";

void
out_stop(struct reconcile *out, const struct reconcile_stop *s)
{
	if (out->nstops == out->stops_cap)
		out->stops = xgrow(out->stops, out->nstops, &out->stops_cap,
		    sizeof *out->stops);
	out->stops[out->nstops++] = *s;
}

void
out_place(struct reconcile *out, const struct reconcile_place *p)
{
	if (out->nplaces == out->places_cap)
		out->places = xgrow(out->places, out->nplaces, &out->places_cap,
		    sizeof *out->places);
	out->places[out->nplaces++] = *p;
}

void
out_update(struct reconcile *out, const struct reconcile_update *u)
{
	if (out->nupdates == out->updates_cap)
		out->updates = xgrow(out->updates, out->nupdates,
		    &out->updates_cap, sizeof *out->updates);
	out->updates[out->nupdates++] = *u;
}

static int
by_time(const void *a, const void *b)
{
	const struct item *const *x = a, *const *y = b;

	if ((*x)->when != (*y)->when)
		return (*x)->when < (*y)->when ? -1 : 1;
	return strcmp((*x)->a->id, (*y)->a->id);
}

static const char *
new_follow_up(
    struct group *g, int64_t when, const char *trigger, const char *description)
{
	struct reconcile *out = g->out;
	const struct eval *of = g->in->eval;
	struct eval *e;
	char id[RNG_UUID_SIZE];

	rng_uuid(g->in->rng, id);
	if (out->nfollowups == out->followups_cap)
		out->followups = xgrow(out->followups, out->nfollowups,
		    &out->followups_cap, sizeof *out->followups);
	e = &out->followups[out->nfollowups++];
	*e = (struct eval){
		.id = xstrdup(id),
		.namespace = xstrdup(sched_str(of->namespace)),
		.priority = of->priority,
		.type = xstrdup(sched_str(g->in->job->type)),
		.triggered_by = xstrdup(trigger),
		.job_id = xstrdup(sched_str(of->job_id)),
		.job_modify_index = g->in->job->modify_index,
		.status = xstrdup("pending"),
		.status_description = xstrdup(description),
		.previous_eval = xstrdup(sched_str(of->id)),
		.wait_until = when,
		.create_time = g->in->now,
		.modify_time = g->in->now,
	};
	return arena_strndup(g->in->arena, id, strlen(id));
}

void
group_follow_up(struct group *g, struct item **items, size_t n,
    const char *trigger, const char *description)
{
	int64_t first = 0;
	const char *id = NULL;

	if (n == 0)
		return;
	qsort(items, n, sizeof *items, by_time);
	for (size_t i = 0; i < n; i++) {
		if (id == NULL ||
		    items[i]->when - first >= RECONCILE_BATCH_NS) {
			first = items[i]->when;
			id = new_follow_up(g, first, trigger, description);
		}
		items[i]->followup = id;
	}
}

void
reconcile_release(struct reconcile *out)
{
	free(out->stops);
	free(out->places);
	free(out->updates);
	free(out->desired);
	free(out->changes);
	if (out->deployment != NULL) {
		rec_clear(&deployment_type, out->deployment);
		free(out->deployment);
	}
	for (size_t i = 0; out->followups != NULL && i < out->nfollowups; i++)
		rec_clear(&eval_type, &out->followups[i]);
	free(out->followups);
	*out = (struct reconcile){ 0 };
}
