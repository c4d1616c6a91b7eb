/* Canaries: who tries a new version before the others get it. */
#include "cmd/schedd/deploying.h"
#include "cmd/schedd/reconcile_impl.h"
#include "cmd/schedd/text.h"

static bool
is_placed_canary(const struct deployment *d, const char *group, const char *id,
    bool unpromoted_only)
{
	for (size_t i = 0; d != NULL && i < d->ntask_groups; i++) {
		const struct deployment_state *s = &d->task_groups[i];

		if (!sched_eq(s->key, group) ||
		    (unpromoted_only && s->promoted))
			continue;
		for (size_t k = 0; k < s->nplaced_canaries; k++)
			if (sched_eq(s->placed_canaries[k], id))
				return true;
	}
	return false;
}

/* Canaries of an older or failed deployment have no purpose left. */
void
work_settle_canaries(struct work *w)
{
	const struct deploying *d = w->d;

	for (size_t i = 0; i < w->g.n; i++) {
		struct item *it = &w->g.items[i];

		if (it->set != ITEM_NEW)
			continue;
		if (is_placed_canary(d->older, w->g.name, it->a->id, true) ||
		    (d->failed && is_placed_canary(d->current, w->g.name,
				      it->a->id, true))) {
			w->g.desired->stop++;
			work_stop(w, it, reconcile_not_needed, "");
			continue;
		}
		it->canary =
		    is_placed_canary(d->current, w->g.name, it->a->id, false);
	}
}

/* A canary that must leave its node is not moved. */
void
work_drop_lost_canaries(struct work *w)
{
	for (size_t i = 0; i < w->g.n; i++) {
		struct item *it = &w->g.items[i];

		if (!it->canary)
			continue;
		if (it->set == ITEM_MIGRATE)
			work_stop(w, it, reconcile_migrating, "");
		else if (it->set == ITEM_LOST)
			work_stop(w, it, reconcile_lost, "lost");
		else if (it->set == ITEM_UNTAINTED)
			w->ncanaries++;
	}
}

bool
work_is_canary_number(const struct work *w, uint32_t no)
{
	for (size_t i = 0; i < w->g.n; i++)
		if (w->g.items[i].canary &&
		    w->g.items[i].set == ITEM_UNTAINTED &&
		    w->g.items[i].a->name_index == no)
			return true;
	return false;
}

static void
place_canary(struct work *w, uint32_t no)
{
	nameindex_add(&w->g.names, no);
	out_place(
	    w->g.out, &(struct reconcile_place){
			  .tg = w->g.tg, .name_index = no, .canary = true });
}

/* Canaries take the numbers of those they would replace, then free ones,
 * then ones beyond the count. */
static void
place_canaries(struct work *w)
{
	int64_t want = w->g.tg->update->canary - (int64_t)w->ncanaries;
	int64_t count = w->g.tg->count;

	w->g.desired->canary += (uint64_t)want;
	for (size_t i = 0; i < w->g.n && want > 0; i++) {
		struct item *it = &w->g.items[i];

		if (it->set != ITEM_DESTRUCTIVE ||
		    it->a->name_index >= (uint64_t)count ||
		    work_is_canary_number(w, it->a->name_index))
			continue;
		place_canary(w, it->a->name_index);
		want--;
	}
	for (int64_t no = 0; no < count && want > 0; no++) {
		if (nameindex_has(&w->g.names, (uint32_t)no))
			continue;
		place_canary(w, (uint32_t)no);
		want--;
	}
	for (int64_t no = count; want > 0; no++, want--)
		place_canary(w, (uint32_t)no);
}

void
work_consider_canaries(struct work *w)
{
	const struct update_strategy *u = w->g.tg->update;
	bool wanted = deploying_is_wanted(w->g.tg) && u->canary > 0;
	bool promoted =
	    w->g.state->desired_canaries > 0 && w->g.state->promoted;

	w->needs_canaries = wanted && !promoted &&
			    group_count(&w->g, ITEM_DESTRUCTIVE) > 0 &&
			    (int64_t)w->ncanaries < u->canary;
	if (!w->needs_canaries)
		return;
	if (!w->d->paused && !w->d->failed) {
		if (!w->g.state_exists || w->g.state->desired_canaries == 0)
			w->g.state->desired_canaries = u->canary;
		place_canaries(w);
	} else if (!w->g.state_exists) {
		w->g.state->desired_canaries = u->canary;
	}
}
