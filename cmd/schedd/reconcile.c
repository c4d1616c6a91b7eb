#include "cmd/schedd/reconcile.h"

#include <stdlib.h>

#include "cmd/schedd/deploying.h"
#include "cmd/schedd/jobupdate.h"
#include "cmd/schedd/reconcile_impl.h"
#include "cmd/schedd/text.h"

/* One group on its way through. */
struct work {
	struct group g;
	const struct deploying *d;
	bool canarying; /* canaries are out and not promoted */
	bool needs_canaries;
	size_t inplace; /* changed where they are */
	size_t ncanaries;
	size_t step;  /* how many may still be replaced */
	size_t first; /* places[first..] are this group's, not yet allowed */
};

static size_t
smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void
stop(struct work *w, struct item *it, const char *why, const char *client)
{
	out_stop(
	    w->g.out, &(struct reconcile_stop){ it->a, why, client,
			  it->followup != NULL ? it->followup : "", false });
	it->set = ITEM_OUT;
}

/* --- a job or group that is no longer wanted --- */

static void
stop_all(struct work *w)
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
			stop(w, it, reconcile_lost, "lost");
		else
			stop(w, it, reconcile_not_needed, "");
	}
}

/* A batch group that shall have none: what has ended is put away too. */
static void
retire_all(struct work *w)
{
	for (size_t i = 0; i < w->g.n; i++) {
		w->g.desired->stop++;
		if (w->g.items[i].a->desired == SCHED_RUN)
			stop(w, &w->g.items[i], reconcile_not_needed, "");
	}
}

/* --- batch: what was stopped, or an older version finished, is history --- */

static void
drop_old_ends(struct work *w)
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

/* --- canaries --- */

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
static void
settle_canaries(struct work *w)
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
			stop(w, it, reconcile_not_needed, "");
			continue;
		}
		it->canary =
		    is_placed_canary(d->current, w->g.name, it->a->id, false);
	}
}

/* A canary that must leave its node is not moved. */
static void
drop_lost_canaries(struct work *w)
{
	for (size_t i = 0; i < w->g.n; i++) {
		struct item *it = &w->g.items[i];

		if (!it->canary)
			continue;
		if (it->set == ITEM_MIGRATE)
			stop(w, it, reconcile_migrating, "");
		else if (it->set == ITEM_LOST)
			stop(w, it, reconcile_lost, "lost");
		else if (it->set == ITEM_UNTAINTED)
			w->ncanaries++;
	}
}

static bool
is_canary_number(const struct work *w, uint32_t no)
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
		    is_canary_number(w, it->a->name_index))
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

static void
consider_canaries(struct work *w)
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

/* --- who stops because there are too many --- */

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
	stop(s->w, it, reconcile_not_needed, "");
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
		    is_canary_number(w, it->a->name_index)) {
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

static void
compute_stops(struct work *w)
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

/* --- who changes --- */

static void
compute_updates(struct work *w)
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
static void
compute_step(struct work *w)
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

/* --- what is placed --- */

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

static void
compute_places(struct work *w)
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
static void
restrict_places(struct work *w)
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

static void
allow_places(struct work *w)
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

static void
compute_replacements(struct work *w, bool ready)
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

static void
compute_migrations(struct work *w)
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

/* --- later --- */

static void
follow_up_failed(struct work *w)
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
static void
follow_up_out_of_reach(struct work *w)
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
static void
tell_out_of_reach(struct work *w)
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

static void
sort_out_of_reach(struct work *w)
{
	for (size_t i = 0; i < w->g.n; i++)
		if (w->g.items[i].set == ITEM_EXPIRING)
			w->g.items[i].set = ITEM_LOST;
	group_sort_failed(&w->g, w->d->current);
	keep_unreplaced(w);
	group_sort_out_of_reach(&w->g, w->d->current);
}

/* What its node stops by itself is replaced once that must have happened. */
static void
follow_up_lost(struct work *w)
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

/* --- deployments --- */

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
		drop_old_ends(w);
	settle_canaries(w);
	group_sort_by_node(&w->g);
	drop_lost_canaries(w);
	group_sort_reconnected(&w->g);
	sort_out_of_reach(w);
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
		stop_all(w);
		return true;
	}
	if (w->g.in->batch && w->g.tg->count == 0) {
		retire_all(w);
		return true;
	}
	init_state(w);
	sort_items(w);
	follow_up_out_of_reach(w);
	follow_up_failed(w);
	tell_out_of_reach(w);
	follow_up_lost(w);
	w->canarying =
	    w->g.state->desired_canaries != 0 && !w->g.state->promoted;
	compute_stops(w);
	compute_updates(w);
	consider_canaries(w);
	w->canarying =
	    w->g.state->desired_canaries != 0 && !w->g.state->promoted;
	ndestructive = group_count(&w->g, ITEM_DESTRUCTIVE);
	compute_step(w);
	compute_places(w);
	ready = !w->d->paused && !w->d->failed && !w->canarying;
	if (ready)
		allow_places(w);
	else
		restrict_places(w);
	compute_replacements(w, ready);
	compute_migrations(w);
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
	union {
		const char *in;
		char *out;
	} borrowed = { .in = name };

	out->desired = xreallocarray(
	    out->desired, out->ndesired + 1, sizeof *out->desired);
	out->desired[out->ndesired] =
	    (struct desired_updates){ .key = borrowed.out };
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
	union {
		const char *in;
		char *out;
	} i = { .in = id }, s = { .in = status }, t = { .in = description };

	out->changes = xreallocarray(
	    out->changes, out->nchanges + 1, sizeof *out->changes);
	out->changes[out->nchanges++] =
	    (struct deployment_change){ i.out, s.out, t.out };
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
