/* What of a group is looked at again later: one evaluation for those that are
 * due together. */
#include "cmd/schedd/reconcile_impl.h"

void
work_follow_up_failed(struct work *w)
{
	struct item **later =
	    arena_alloc(w->g.in->arena, (w->g.n + 1) * sizeof(struct item *));
	size_t n = 0;

	for (size_t i = 0; i < w->g.n; i++)
		if (w->g.items[i].later)
			later[n++] = &w->g.items[i];
	w->g.desired->reschedule_later += n;
	group_follow_up(&w->g, later, n, "alloc-reschedule",
	    "created for delayed rescheduling");
	for (size_t i = 0; i < n; i++)
		if (!later[i]->cut_off)
			out_update(w->g.out,
			    &(struct reconcile_update){ later[i]->a,
				RECONCILE_FOLLOW_UP, later[i]->followup });
}

/* What stays out of reach for too long is looked at again. */
void
work_follow_up_out_of_reach(struct work *w)
{
	struct item **cut =
	    arena_alloc(w->g.in->arena, (w->g.n + 1) * sizeof(struct item *));
	int64_t *due = arena_alloc(w->g.in->arena, (w->g.n + 1) * sizeof *due);
	size_t n = 0;

	for (size_t i = 0; i < w->g.n; i++) {
		struct item *it = &w->g.items[i];

		due[i] = it->when;
		if (!it->cut_off)
			continue;
		w->g.desired->disconnect++;
		it->when = w->g.in->now + item_lost_after(it);
		cut[n++] = it;
	}
	group_follow_up(&w->g, cut, n, "max-disconnect-timeout",
	    "created for delayed disconnect timeout");
	for (size_t i = 0; i < w->g.n; i++)
		w->g.items[i].when = due[i];
}

/* Says so of what is out of reach, once all its evaluations are known. */
void
work_tell_out_of_reach(struct work *w)
{
	for (size_t i = 0; i < w->g.n; i++)
		if (w->g.items[i].cut_off)
			out_update(w->g.out,
			    &(struct reconcile_update){ w->g.items[i].a,
				RECONCILE_UNKNOWN,
				w->g.items[i].followup != NULL
				    ? w->g.items[i].followup
				    : "" });
}

/* What must not be replaced counts as if it were within reach. */
static void
keep_unreplaced(struct work *w)
{
	for (size_t i = 0; i < w->g.n; i++) {
		struct item *it = &w->g.items[i];

		if (it->set != ITEM_DISCONNECTING)
			continue;
		it->cut_off = true;
		if (item_prevents_replacing(it))
			it->set = ITEM_UNTAINTED;
	}
}

void
work_sort_out_of_reach(struct work *w)
{
	for (size_t i = 0; i < w->g.n; i++)
		if (w->g.items[i].set == ITEM_EXPIRING)
			w->g.items[i].set = ITEM_LOST;
	group_sort_failed(&w->g, w->d->current);
	keep_unreplaced(w);
	group_sort_out_of_reach(&w->g, w->d->current);
}

/* What its node stops by itself is replaced once that must have happened. */
void
work_follow_up_lost(struct work *w)
{
	struct item **lost =
	    arena_alloc(w->g.in->arena, (w->g.n + 1) * sizeof(struct item *));
	size_t n = 0;

	for (size_t i = 0; i < w->g.n; i++) {
		struct item *it = &w->g.items[i];
		int64_t by;

		if (it->set != ITEM_LOST)
			continue;
		by = item_stops_by(&w->g, it);
		if (by <= w->g.in->now)
			continue;
		it->when = by;
		lost[n++] = it;
	}
	group_follow_up(&w->g, lost, n, "alloc-failure",
	    "created for delayed rescheduling");
}
