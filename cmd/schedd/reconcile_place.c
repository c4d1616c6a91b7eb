/* What of a group changes where it is, and what is placed and replaced. */
#include "cmd/schedd/deploying.h"
#include "cmd/schedd/reconcile_impl.h"
#include "cmd/schedd/text.h"

static size_t
smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

void
work_compute_updates(struct work *w)
{
	const struct reconcile_in *in = w->g.in;

	for (size_t i = 0; i < w->g.n; i++) {
		struct item *it = &w->g.items[i];
		enum reconcile_change c;

		if (it->set != ITEM_UNTAINTED)
			continue;
		c = in->compare(in->ctx, it->a, w->g.tg);
		if (c == RECONCILE_SAME) {
			w->g.desired->ignore++;
		} else if (c == RECONCILE_INPLACE) {
			w->inplace++;
			w->g.desired->in_place_update++;
			out_update(w->g.out, &(struct reconcile_update){ it->a,
						 RECONCILE_TO_VERSION, "" });
		} else {
			it->set = ITEM_DESTRUCTIVE;
		}
	}
	if (!w->g.state_exists)
		w->g.state->desired_total +=
		    (int64_t)(w->inplace +
			      group_count(&w->g, ITEM_DESTRUCTIVE));
}

/* How many may be replaced in this step. */
void
work_compute_step(struct work *w)
{
	const struct deploying *d = w->d;
	int64_t step = w->g.tg->count;

	if (deploying_is_wanted(w->g.tg) &&
	    group_count(&w->g, ITEM_DESTRUCTIVE) +
		    group_count(&w->g, ITEM_MIGRATE) >
		0)
		step = w->g.tg->update->max_parallel;
	else {
		w->step = step > 0 ? (size_t)step : 0;
		return;
	}
	if (d->current != NULL && (d->paused || d->failed || w->canarying))
		step = 0;
	for (size_t i = 0; d->current != NULL && i < w->g.n && step > 0; i++) {
		const struct sched_alloc *a = w->g.items[i].a;

		if (w->g.items[i].set != ITEM_UNTAINTED ||
		    (w->canarying && w->g.items[i].canary) ||
		    a->deployment == NULL ||
		    !sched_eq(a->deployment->rec.id, d->current->id))
			continue;
		if (a->has_healthy && !a->healthy)
			step = 0;
		else if (!a->has_healthy)
			step--;
	}
	w->step = step > 0 ? (size_t)step : 0;
}

static void
place_after(struct work *w, struct item *it, bool reschedule, bool lost)
{
	out_place(
	    w->g.out, &(struct reconcile_place){ .tg = w->g.tg,
			  .name_index = it->a->name_index,
			  .previous = it->a,
			  .reschedule = reschedule,
			  .lost = lost,
			  .canary = reschedule && it->a->canary && w->canarying,
			  .downgrade = w->canarying && !it->canary });
}

/* Something lost may still be running; nothing is placed before its node
 * must have stopped it. */
static bool
waits_for_lost(const struct work *w)
{
	for (size_t i = 0; i < w->g.n; i++)
		if (w->g.items[i].set == ITEM_LOST &&
		    w->g.items[i].followup != NULL)
			return true;
	return false;
}

/* What stays counts, and so does what takes the place of what failed. */
static size_t
place_failed(struct work *w)
{
	size_t have = group_count(&w->g, ITEM_MIGRATE);

	for (size_t i = 0; i < w->g.n; i++) {
		struct item *it = &w->g.items[i];

		if (it->set == ITEM_RESCHEDULE || it->out_of_reach)
			place_after(w, it, true, false);
		have += it->set == ITEM_RESCHEDULE || it->out_of_reach ||
			(it->set == ITEM_UNTAINTED &&
			    !(w->canarying && it->canary)) ||
			it->set == ITEM_DESTRUCTIVE;
	}
	return have;
}

void
work_compute_places(struct work *w)
{
	size_t have, count = w->g.names.count;

	w->first = w->g.out->nplaces;
	if (waits_for_lost(w))
		return;
	have = place_failed(w);
	for (size_t i = 0; i < w->g.n && have < count; i++)
		if (w->g.items[i].set == ITEM_LOST) {
			place_after(w, &w->g.items[i], false, true);
			have++;
		}
	for (; have < count; have++)
		out_place(
		    w->g.out, &(struct reconcile_place){ .tg = w->g.tg,
				  .name_index = nameindex_next(&w->g.names),
				  .downgrade = w->canarying });
	if (!w->g.state_exists)
		w->g.state->desired_total +=
		    (int64_t)(w->g.out->nplaces - w->first);
}

static struct item *
item_of(struct work *w, const struct sched_alloc *a)
{
	for (size_t i = 0; i < w->g.n; i++)
		if (w->g.items[i].a == a)
			return &w->g.items[i];
	return NULL;
}

/* What failed goes on as it is, but for the word that it was replaced. */
static void
stop_rescheduled(struct work *w, struct item *it)
{
	w->g.desired->stop++;
	if (it->out_of_reach)
		return;
	out_stop(w->g.out, &(struct reconcile_stop){
			       it->a, reconcile_rescheduled, "", "", true });
}

/* While a deployment may not go on, only what was lost or failed outside
 * of it is placed. */
void
work_restrict_places(struct work *w)
{
	struct reconcile *out = w->g.out;
	size_t kept = w->first, nlost = group_count(&w->g, ITEM_LOST);

	for (size_t i = w->first; i < out->nplaces; i++) {
		struct reconcile_place p = out->places[i];
		bool own =
		    w->d->current != NULL && p.previous != NULL &&
		    p.previous->deployment != NULL &&
		    sched_eq(p.previous->deployment->rec.id, w->d->current->id);

		if (p.reschedule) {
			if (w->d->failed && own)
				continue;
			stop_rescheduled(w, item_of(w, p.previous));
		} else if (nlost > 0) {
			nlost--;
		} else {
			continue;
		}
		w->g.desired->place++;
		out->places[kept++] = p;
	}
	out->nplaces = kept;
}

void
work_allow_places(struct work *w)
{
	struct reconcile *out = w->g.out;
	size_t n = out->nplaces - w->first;

	w->g.desired->place += n;
	for (size_t i = w->first; i < out->nplaces; i++)
		if (out->places[i].reschedule)
			stop_rescheduled(
			    w, item_of(w, out->places[i].previous));
	w->step -= smaller(w->step, n);
}

void
work_compute_replacements(struct work *w, bool ready)
{
	size_t n = group_count(&w->g, ITEM_DESTRUCTIVE);

	if (!ready)
		w->step = 0;
	w->g.desired->destructive_update += smaller(n, w->step);
	w->g.desired->ignore += n - smaller(n, w->step);
	for (size_t i = 0; i < w->g.n && w->step > 0; i++) {
		struct item *it = &w->g.items[i];

		if (it->set != ITEM_DESTRUCTIVE)
			continue;
		w->step--;
		out_place(w->g.out, &(struct reconcile_place){ .tg = w->g.tg,
					.name_index = it->a->name_index,
					.previous = it->a,
					.stop_previous = true });
	}
}

void
work_compute_migrations(struct work *w)
{
	for (size_t i = 0; i < w->g.n; i++) {
		struct item *it = &w->g.items[i];

		if (it->set != ITEM_MIGRATE)
			continue;
		w->g.desired->migrate++;
		out_place(
		    w->g.out, &(struct reconcile_place){ .tg = w->g.tg,
				  .name_index = it->a->name_index,
				  .previous = it->a,
				  .canary = it->canary,
				  .downgrade = w->canarying && !it->canary });
		out_stop(w->g.out, &(struct reconcile_stop){ it->a,
				       reconcile_migrating, "", "", false });
	}
}
