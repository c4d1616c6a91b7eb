/* What came back from out of reach, and what took its place: who stays. */
#include "cmd/schedd/reconcile_impl.h"
#include "cmd/schedd/text.h"

static bool
is_original(const struct item *a, const struct item *b)
{
	return a->a->create_index <= b->a->create_index;
}

/* Among an allocation and its replacement, the one that stays. */
static bool
original_stays(const struct group *g, struct item *was, struct item *now)
{
	const struct disconnect_strategy *d = g->tg->disconnect;
	const char *how = d != NULL ? sched_str(d->reconcile) : "";

	if (sched_eq(how, "keep_replacement"))
		return false;
	if (sched_eq(how, "keep_original"))
		return true;
	if (sched_eq(how, "longest_running")) {
		const struct alloc *a = item_rec(g, was), *b = item_rec(g, now);

		return a->ntask_states > 0 &&
		       (b->ntask_states == 0 ||
			   b->task_states[0].started_at == 0 ||
			   a->task_states[0].started_at <=
			       b->task_states[0].started_at);
	}
	/* best score */
	{
		const struct alloc *a = item_rec(g, was), *b = item_rec(g, now);
		double x = 0, y = 0;

		if (a->metrics != NULL && a->metrics->nscore_meta_data > 0)
			x = a->metrics->score_meta_data[0].norm_score;
		if (b->metrics != NULL && b->metrics->nscore_meta_data > 0)
			y = b->metrics->score_meta_data[0].norm_score;
		return now->a->client != SCHED_RUNNING || x > y;
	}
}

static void
drop(struct group *g, struct item *it, const char *description)
{
	it->set = ITEM_OUT;
	out_stop(g->out,
	    &(struct reconcile_stop){ it->a, description, "", "", false });
	g->desired->stop++;
}

static bool
is_live(const struct item *it)
{
	return it->a->desired == SCHED_RUN &&
	       !sched_alloc_is_client_terminal(it->a);
}

static void
choose(struct group *g, struct item *it)
{
	for (size_t i = 0; i < g->n; i++) {
		struct item *other = &g->items[i];

		if (other == it || !is_live(other) ||
		    other->a->name_index != it->a->name_index ||
		    other->set == ITEM_OUT || other->set == ITEM_RECONNECTING ||
		    !is_original(it, other))
			continue;
		if (!original_stays(g, it, other)) {
			drop(g, it, reconcile_not_needed);
			return;
		}
		drop(g, other, reconcile_reconnected);
	}
	it->set = ITEM_UNTAINTED;
	it->reconnected = true;
	g->desired->reconnect++;
	out_update(g->out,
	    &(struct reconcile_update){ it->a, RECONCILE_RECONNECTED, "" });
}

void
group_sort_reconnected(struct group *g)
{
	for (size_t i = 0; i < g->n; i++) {
		struct item *it = &g->items[i];

		if (it->set != ITEM_RECONNECTING)
			continue;
		/* An older version, one that should move or one that failed
		 * is not worth resuming. */
		if (it->a->version->job->version != g->in->job->version ||
		    it->a->version->job->create_index !=
			g->in->job->create_index ||
		    it->a->migrate || it->a->reschedule ||
		    it->a->force_reschedule || it->a->desired != SCHED_RUN)
			drop(g, it, reconcile_not_needed);
		else if (it->a->client == SCHED_FAILED)
			/* Nobody could see it: another is made. */
			drop(g, it, reconcile_rescheduled);
		else
			choose(g, it);
	}
}
