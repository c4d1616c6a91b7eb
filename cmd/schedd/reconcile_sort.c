/* Which allocations are as they should be, and which need what. */
#include "cmd/schedd/jobupdate.h"
#include "cmd/schedd/reconcile_impl.h"
#include "cmd/schedd/resched.h"
#include "cmd/schedd/text.h"

const struct alloc *
item_rec(const struct group *g, struct item *it)
{
	struct alloc *rec;

	if (it->rec != NULL)
		return it->rec;
	rec = arena_alloc(g->in->arena, sizeof *rec);
	sched_alloc_decode(it->a, g->in->arena, false, rec);
	it->rec = rec;
	return rec;
}

size_t
group_count(const struct group *g, enum item_set set)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n; i++)
		n += g->items[i].set == set;
	return n;
}

/* The group as the allocation's own version of the job has it. */
static const struct task_group *
own_group(const struct item *it)
{
	return jobupdate_group(it->a->version->job, sched_alloc_group(it->a));
}

int64_t
item_lost_after(const struct item *it)
{
	const struct task_group *tg = own_group(it);

	if (tg == NULL)
		return 0;
	if (tg->disconnect != NULL && tg->disconnect->lost_after != 0)
		return tg->disconnect->lost_after;
	return tg->max_client_disconnect;
}

int64_t
item_stops_by(const struct group *g, const struct item *it)
{
	const struct task_group *tg = own_group(it);
	int64_t after = 0, kill = 0;

	if (tg == NULL)
		return 0;
	if (tg->disconnect != NULL)
		after = tg->disconnect->stop_on_client_after;
	if (after == 0)
		after = tg->stop_after_client_disconnect;
	if (after == 0)
		return 0;
	for (size_t i = 0; i < tg->ntasks; i++)
		if (tg->tasks[i].kill_timeout > kill)
			kill = tg->tasks[i].kill_timeout;
	return g->in->now + after + kill;
}

bool
item_prevents_replacing(const struct item *it)
{
	const struct task_group *tg = own_group(it);

	if (tg == NULL)
		return false;
	if (tg->disconnect != NULL)
		return tg->disconnect->has_replace && !tg->disconnect->replace;
	return tg->prevent_reschedule_on_lost;
}

/* --- by node --- */

static bool
is_up(const struct sched_node *n)
{
	return n->node != NULL &&
	       (sched_eq(n->node->status, "ready") ||
		   sched_eq(n->node->status, "initializing"));
}

static bool
is_cut_off(const struct sched_node *n)
{
	return n->node != NULL && sched_eq(n->node->status, "disconnected");
}

/* When the allocation was last said to be unknown; 0 when the last thing
 * said of it is another. */
static int64_t
unknown_since(const struct alloc *rec, bool last_word)
{
	int64_t at = 0;

	for (size_t i = 0; i < rec->nalloc_states; i++) {
		const struct alloc_state *s = &rec->alloc_states[i];

		if (sched_eq(s->value, "unknown"))
			at = s->time;
		else if (last_word)
			at = 0;
	}
	return at;
}

static bool
has_expired(const struct group *g, struct item *it)
{
	int64_t since, after = item_lost_after(it);

	if (it->a->client != SCHED_UNKNOWN)
		return false;
	since = unknown_since(item_rec(g, it), false);
	return since != 0 && g->in->now >= since + after;
}

/* It was out of reach, and nothing has been said of it since. */
static bool
came_back(const struct group *g, struct item *it)
{
	enum sched_client c = (enum sched_client)it->a->client;

	/* Most never were: their records need not be read. */
	return it->a->was_unknown &&
	       (c == SCHED_RUNNING || c == SCHED_FAILED) &&
	       unknown_since(item_rec(g, it), true) != 0;
}

/* On a node that is down or gone, or out of reach of a group that does not
 * bear that. */
static enum item_set
set_on_dead_node(const struct item *it)
{
	const struct node *n = it->a->node->node;

	if (n == NULL || !sched_eq(n->status, "down") ||
	    !item_prevents_replacing(it) || it->a->client == SCHED_PENDING)
		return ITEM_LOST;
	return it->a->client == SCHED_RUNNING ? ITEM_DISCONNECTING
					      : ITEM_UNTAINTED;
}

static enum item_set
set_of(const struct group *g, struct item *it)
{
	const struct sched_alloc *a = it->a;
	bool survives = item_lost_after(it) != 0;
	bool back = came_back(g, it);

	if (back && a->desired == SCHED_RUN && a->client == SCHED_FAILED)
		return ITEM_RECONNECTING;
	if (survives && is_cut_off(a->node) && a->desired == SCHED_RUN) {
		if (a->client == SCHED_RUNNING)
			return ITEM_DISCONNECTING;
		if (a->client == SCHED_PENDING)
			return ITEM_LOST;
	}
	if (sched_alloc_is_terminal(a) && !back)
		return ITEM_UNTAINTED;
	if (a->migrate)
		return ITEM_MIGRATE;
	if ((survives || item_prevents_replacing(it)) && has_expired(g, it))
		return ITEM_EXPIRING;
	if (back && a->client == SCHED_FAILED && a->desired == SCHED_STOP)
		return ITEM_OUT;
	if (is_up(a->node))
		return back ? ITEM_RECONNECTING : ITEM_UNTAINTED;
	if (survives && is_cut_off(a->node) && a->client == SCHED_UNKNOWN &&
	    a->desired == SCHED_RUN)
		return a->has_next ? ITEM_OUT : ITEM_UNTAINTED;
	return set_on_dead_node(it);
}

void
group_sort_by_node(struct group *g)
{
	for (size_t i = 0; i < g->n; i++) {
		struct item *it = &g->items[i];

		if (it->set != ITEM_NEW)
			continue;
		it->set = set_of(g, it);
		if (it->set == ITEM_OUT)
			g->desired->ignore++;
	}
}

/* --- what failed --- */

static bool
ran_successfully(const struct alloc *rec)
{
	for (size_t i = 0; i < rec->ntask_states; i++)
		if (!sched_eq(rec->task_states[i].state, "dead") ||
		    rec->task_states[i].failed)
			return false;
	return rec->ntask_states > 0;
}

static bool
was_not_replaced(const struct alloc *rec)
{
	return rec->reschedule_tracker != NULL &&
	       !sched_is_empty(rec->reschedule_tracker->last_reschedule) &&
	       !sched_eq(rec->reschedule_tracker->last_reschedule, "ok");
}

enum interest { KEEP, IGNORE, ASK };

static enum interest
interest_in(const struct group *g, struct item *it)
{
	const struct sched_alloc *a = it->a;

	if (g->in->batch) {
		if (a->desired == SCHED_STOP) {
			if (ran_successfully(item_rec(g, it)))
				return KEEP;
			return was_not_replaced(item_rec(g, it)) ? ASK : IGNORE;
		}
		if (a->desired == SCHED_EVICT || a->client == SCHED_LOST)
			return IGNORE;
		return a->client == SCHED_FAILED ? ASK : KEEP;
	}
	if (a->desired != SCHED_RUN)
		return was_not_replaced(item_rec(g, it)) ? ASK : IGNORE;
	if (a->client == SCHED_COMPLETE || a->client == SCHED_LOST)
		return was_not_replaced(item_rec(g, it)) ? ASK : IGNORE;
	return a->client == SCHED_FAILED ? ASK : KEEP;
}

static const struct reschedule_policy *
policy_of(const struct item *it)
{
	const struct task_group *tg = own_group(it);

	return tg != NULL ? tg->reschedule_policy : NULL;
}

/* Sets *now or *later, or neither when it stays as it is. */
static void
ask_policy(const struct group *g, const struct deployment *d, struct item *it,
    bool cut_off, bool *now, bool *later)
{
	const struct alloc *rec = item_rec(g, it);
	const char *eval_id = sched_str(g->in->eval->id);
	bool may;

	*now = *later = false;
	if (d != NULL && sched_eq(rec->deployment_id, d->id) &&
	    sched_deployment_is_active(d) && !it->a->reschedule)
		return;
	if (it->a->force_reschedule) {
		*now = true;
		return;
	}
	if (!cut_off && it->a->client != SCHED_FAILED && !was_not_replaced(rec))
		return;
	if (!cut_off && it->a->desired == SCHED_STOP && !was_not_replaced(rec))
		return;
	may = resched_next_time(policy_of(it), rec,
	    cut_off ? g->in->now : resched_last_event(rec), &it->when);
	if (!may)
		return;
	if ((!sched_is_empty(rec->followup_eval_id) &&
		sched_eq(rec->followup_eval_id, eval_id)) ||
	    it->when - g->in->now <= RECONCILE_WINDOW_NS)
		*now = true;
	else if (sched_is_empty(rec->followup_eval_id) || cut_off)
		*later = true;
}

void
group_sort_failed(struct group *g, const struct deployment *d)
{
	for (size_t i = 0; i < g->n; i++) {
		struct item *it = &g->items[i];
		enum interest in;
		bool now;

		if (it->set != ITEM_UNTAINTED)
			continue;
		if (it->a->has_next && it->a->client == SCHED_FAILED) {
			it->set = ITEM_OUT;
			continue;
		}
		in = interest_in(g, it);
		if (in == IGNORE)
			it->set = ITEM_OUT;
		if (in != ASK)
			continue;
		ask_policy(g, d, it, false, &now, &it->later);
		if (now)
			it->set = ITEM_RESCHEDULE;
	}
}

void
group_sort_out_of_reach(struct group *g, const struct deployment *d)
{
	for (size_t i = 0; i < g->n; i++) {
		struct item *it = &g->items[i];
		bool now;

		if (it->set != ITEM_DISCONNECTING ||
		    it->a->client == SCHED_UNKNOWN)
			continue;
		ask_policy(g, d, it, true, &now, &it->later);
		it->out_of_reach = now;
		if (!now)
			it->set = ITEM_UNTAINTED;
	}
}
