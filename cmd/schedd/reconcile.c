#include "cmd/schedd/reconcile.h"

#include <stdlib.h>

#include "cmd/schedd/deploying.h"
#include "cmd/schedd/jobupdate.h"
#include "cmd/schedd/reconcile_impl.h"
#include "cmd/schedd/text.h"
#include "common/text.h"

static bool
ran_this_version(const struct work *w)
{
	for (size_t i = 0; i < w->g.n; i++)
		if (w->g.items[i].a->version->job->version ==
			w->g.in->job->version &&
		    w->g.items[i].a->version->job->create_index ==
			w->g.in->job->create_index)
			return true;
	return false;
}

static void
begin_deployment(struct work *w, size_t ndestructive)
{
	const struct reconcile_in *in = w->g.in;

	if (in->batch || w->g.state_exists || w->d->current != NULL ||
	    !deploying_is_wanted(w->g.tg) || w->g.state->desired_total == 0 ||
	    (ran_this_version(w) && ndestructive + w->inplace == 0))
		return;
	if (w->g.out->deployment == NULL)
		w->g.out->deployment = deploying_new(in->job, in->now, in->rng);
	deploying_add(w->g.out->deployment, w->g.state);
}

static bool
is_complete(const struct work *w, size_t nplaced_before, size_t ndestructive)
{
	const struct deployment_state *s = w->g.state;
	int64_t want = s->desired_total > s->desired_canaries
			   ? s->desired_total
			   : s->desired_canaries;

	if (ndestructive + w->inplace + (w->g.out->nplaces - nplaced_before) +
		    w->g.desired->reschedule_later >
		0 ||
	    w->needs_canaries)
		return false;
	return w->g.state_exists && s->healthy_allocs >= want &&
	       (s->desired_canaries == 0 || s->promoted);
}

/* The group's part of the deployment, or a draft of it. */
static void
init_state(struct work *w)
{
	struct deployment_state *s = deploying_state(w->d->current, w->g.name);
	const struct update_strategy *u = w->g.tg->update;

	w->g.state_exists = s != NULL;
	w->g.state = s;
	if (s != NULL)
		return;
	s = w->g.state = arena_alloc(w->g.in->arena, sizeof *s);
	s->key = arena_strndup(w->g.in->arena, w->g.name, strlen(w->g.name));
	if (!deploying_is_wanted(w->g.tg))
		return;
	s->auto_revert = u->auto_revert;
	s->auto_promote = u->auto_promote;
	s->progress_deadline = u->progress_deadline;
}

/* Which sets every allocation is in; names that are taken. */
static void
sort_items(struct work *w)
{
	if (w->g.in->batch)
		work_drop_old_ends(w);
	work_settle_canaries(w);
	group_sort_by_node(&w->g);
	work_drop_lost_canaries(w);
	group_sort_reconnected(&w->g);
	work_sort_out_of_reach(w);
	nameindex_init(&w->g.names, w->g.in->arena, w->g.tg->count);
	for (size_t i = 0; i < w->g.n; i++)
		if (w->g.items[i].set == ITEM_UNTAINTED ||
		    w->g.items[i].set == ITEM_MIGRATE ||
		    w->g.items[i].set == ITEM_RESCHEDULE ||
		    w->g.items[i].set == ITEM_LOST ||
		    w->g.items[i].out_of_reach)
			nameindex_add(&w->g.names, w->g.items[i].a->name_index);
}

/* Returns whether the deployment is complete as far as this group goes. */
static bool
run_group(struct work *w)
{
	size_t before = w->g.out->nplaces, ndestructive;
	bool ready;

	if (w->g.tg == NULL) {
		work_stop_all(w);
		return true;
	}
	if (w->g.in->batch && w->g.tg->count == 0) {
		work_retire_all(w);
		return true;
	}
	init_state(w);
	sort_items(w);
	work_follow_up_out_of_reach(w);
	work_follow_up_failed(w);
	work_tell_out_of_reach(w);
	work_follow_up_lost(w);
	w->canarying =
	    w->g.state->desired_canaries != 0 && !w->g.state->promoted;
	work_compute_stops(w);
	work_compute_updates(w);
	work_consider_canaries(w);
	w->canarying =
	    w->g.state->desired_canaries != 0 && !w->g.state->promoted;
	ndestructive = group_count(&w->g, ITEM_DESTRUCTIVE);
	work_compute_step(w);
	work_compute_places(w);
	ready = !w->d->paused && !w->d->failed && !w->canarying;
	if (ready)
		work_allow_places(w);
	else
		work_restrict_places(w);
	work_compute_replacements(w, ready);
	work_compute_migrations(w);
	begin_deployment(w, ndestructive);
	return is_complete(w, before, ndestructive);
}

/* --- the whole job --- */

static int
by_number(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->a->name_index != y->a->name_index)
		return x->a->name_index < y->a->name_index ? -1 : 1;
	return strcmp(x->a->id, y->a->id);
}

/* The allocations of the group, in order of their numbers. */
static void
fill_items(struct group *g)
{
	const struct sched_alloc *a;
	size_t n = 0;

	if (g->in->sj == NULL)
		return;
	g->items = arena_alloc(
	    g->in->arena, (g->in->sj->nallocs + 1) * sizeof *g->items);
	TAILQ_FOREACH (a, &g->in->sj->allocs, by_job)
		if (strcmp(sched_alloc_group(a), g->name) == 0)
			g->items[n++] = (struct item){ .a = a };
	g->n = n;
	qsort(g->items, n, sizeof *g->items, by_number);
}

static struct desired_updates *
desired_of(struct reconcile *out, const char *name)
{
	out->desired = xreallocarray(
	    out->desired, out->ndesired + 1, sizeof *out->desired);
	out->desired[out->ndesired] =
	    (struct desired_updates){ .key = text_borrow(name) };
	return &out->desired[out->ndesired++];
}

static bool
reconcile_group(const struct reconcile_in *in, const struct deploying *d,
    const char *name, struct reconcile *out)
{
	struct work w = { .g = { .in = in, .out = out, .name = name }, .d = d };

	fill_items(&w.g);
	if (in->job != NULL && !in->job->stop)
		w.g.tg = jobupdate_group(in->job, name);
	if (w.g.tg == NULL && w.g.n == 0)
		return true;
	w.g.desired = desired_of(out, name);
	return run_group(&w);
}

static bool
has_group(const struct job *job, const char *name)
{
	return job != NULL && jobupdate_group(job, name) != NULL;
}

static void
change_deployment(struct reconcile *out, const char *id, const char *status,
    const char *description)
{
	out->changes = xreallocarray(
	    out->changes, out->nchanges + 1, sizeof *out->changes);
	out->changes[out->nchanges++] =
	    (struct deployment_change){ text_borrow(id), text_borrow(status),
		    text_borrow(description) };
}

/* Destructive updates are placed first: they free the room they take. */
static void
put_updates_first(struct reconcile *out)
{
	struct reconcile_place *sorted =
	    xcalloc(out->nplaces + 1, sizeof *sorted);
	size_t n = 0;

	for (size_t i = 0; i < out->nplaces; i++)
		if (out->places[i].stop_previous)
			sorted[n++] = out->places[i];
	for (size_t i = 0; i < out->nplaces; i++)
		if (!out->places[i].stop_previous)
			sorted[n++] = out->places[i];
	free(out->places);
	out->places = sorted;
}

void
reconcile(const struct reconcile_in *in, struct reconcile *out)
{
	struct deploying d;
	bool complete = true;

	*out = (struct reconcile){ 0 };
	deploying_init(&d, in->deployment, in->job);
	if (*d.status != '\0')
		change_deployment(
		    out, in->deployment->id, d.status, d.description);
	for (size_t i = 0; in->job != NULL && i < in->job->ntask_groups; i++)
		complete &= reconcile_group(
		    in, &d, sched_str(in->job->task_groups[i].name), out);
	for (size_t i = 0; in->sj != NULL && i < in->sj->ngroups; i++)
		if (!has_group(in->job, in->sj->groups[i].name))
			complete &= reconcile_group(
			    in, &d, in->sj->groups[i].name, out);
	if (d.current != NULL && complete &&
	    sched_deployment_is_active(d.current))
		change_deployment(out, d.current->id, "successful",
		    "Deployment completed successfully");
	if (out->deployment != NULL)
		deploying_describe(out->deployment);
	put_updates_first(out);
}
