/* Which of a group end: what is not wanted, lost or too much. */
#include "cmd/schedd/reconcile_impl.h"

void
work_stop(struct work *w, struct item *it, const char *why, const char *client)
{
	out_stop(
	    w->g.out, &(struct reconcile_stop){ it->a, why, client,
			  it->followup != NULL ? it->followup : "", false });
	it->set = ITEM_OUT;
}

void
work_stop_all(struct work *w)
{
	for (size_t i = 0; i < w->g.n; i++)
		if (sched_alloc_is_terminal(w->g.items[i].a))
			w->g.items[i].set = ITEM_OUT;
	group_sort_by_node(&w->g);
	for (size_t i = 0; i < w->g.n; i++) {
		struct item *it = &w->g.items[i];

		if (it->set == ITEM_OUT)
			continue;
		w->g.desired->stop++;
		if (it->set == ITEM_LOST || it->set == ITEM_EXPIRING)
			work_stop(w, it, reconcile_lost, "lost");
		else
			work_stop(w, it, reconcile_not_needed, "");
	}
}

/* A batch group that shall have none: what has ended is put away too. */
void
work_retire_all(struct work *w)
{
	for (size_t i = 0; i < w->g.n; i++) {
		w->g.desired->stop++;
		if (w->g.items[i].a->desired == SCHED_RUN)
			work_stop(w, &w->g.items[i], reconcile_not_needed, "");
	}
}

void
work_drop_old_ends(struct work *w)
{
	const struct job *job = w->g.in->job;

	for (size_t i = 0; i < w->g.n; i++) {
		struct item *it = &w->g.items[i];
		const struct job *own = it->a->version->job;

		if (it->a->desired != SCHED_RUN ||
		    ((own->version < job->version ||
			 own->create_index < job->create_index) &&
			sched_alloc_is_terminal(it->a))) {
			it->set = ITEM_OUT;
			w->g.desired->ignore++;
		}
	}
}

struct surplus {
	struct work *w;
	size_t left;
};

static void
stop_surplus(struct surplus *s, struct item *it)
{
	nameindex_remove(&s->w->g.names, it->a->name_index);
	s->w->g.desired->stop++;
	s->left--;
	work_stop(s->w, it, reconcile_not_needed, "");
}

/* Old ones whose number a promoted canary has. */
static void
stop_behind_canaries(struct surplus *s)
{
	struct work *w = s->w;

	for (size_t i = 0; i < w->g.n && s->left > 0; i++) {
		struct item *it = &w->g.items[i];

		if (it->set == ITEM_UNTAINTED && !it->canary &&
		    !sched_alloc_is_terminal(it->a) &&
		    work_is_canary_number(w, it->a->name_index)) {
			stop_surplus(s, it);
			nameindex_add(&w->g.names, it->a->name_index);
		}
	}
}

static void
stop_set(struct surplus *s, enum item_set set, const bool *picked, size_t n)
{
	struct work *w = s->w;

	for (size_t i = 0; i < w->g.n && s->left > 0; i++) {
		struct item *it = &w->g.items[i];

		if (it->set != set || (w->canarying && it->canary) ||
		    (set == ITEM_UNTAINTED && sched_alloc_is_terminal(it->a)))
			continue;
		if (picked == NULL ||
		    (it->a->name_index < n && picked[it->a->name_index]))
			stop_surplus(s, it);
	}
}

/* Of those that would move, the highest numbers need not. */
static void
stop_migrating(struct surplus *s)
{
	struct nameindex x;
	const bool *picked;

	nameindex_init(&x, s->w->g.in->arena, s->w->g.tg->count);
	for (size_t i = 0; i < s->w->g.n; i++)
		if (s->w->g.items[i].set == ITEM_MIGRATE)
			nameindex_add(&x, s->w->g.items[i].a->name_index);
	picked = nameindex_highest(&x, s->left);
	stop_set(s, ITEM_MIGRATE, picked, x.nused);
}

static void
stop_lost(struct work *w)
{
	for (size_t i = 0; i < w->g.n; i++) {
		struct item *it = &w->g.items[i];

		if (it->set != ITEM_LOST)
			continue;
		w->g.desired->stop++;
		out_stop(w->g.out,
		    &(struct reconcile_stop){ it->a, reconcile_lost, "lost",
			it->followup != NULL ? it->followup : "", false });
	}
}

void
work_compute_stops(struct work *w)
{
	struct surplus s = { .w = w };
	size_t have = group_count(&w->g, ITEM_MIGRATE);
	size_t want = w->g.names.count;
	const bool *picked;

	stop_lost(w);
	for (size_t i = 0; i < w->g.n; i++)
		have += w->g.items[i].set == ITEM_UNTAINTED &&
			!(w->canarying && w->g.items[i].canary);
	if (have <= want)
		return;
	s.left = have - want;
	if (!w->canarying && w->ncanaries > 0)
		stop_behind_canaries(&s);
	if (s.left > 0)
		stop_migrating(&s);
	if (s.left == 0)
		return;
	picked = nameindex_highest(&w->g.names, s.left);
	stop_set(&s, ITEM_UNTAINTED, picked, w->g.names.nused);
	/* Numbers ran out before allocations did: some have the same. */
	stop_set(&s, ITEM_UNTAINTED, NULL, 0);
}
