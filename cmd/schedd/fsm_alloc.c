#include "cmd/schedd/fsm_impl.h"
#include "cmd/schedd/text.h"
#include "common/mem.h"

/* Text that belongs to the turn; records that come out of an arena hold no
 * memory of their own, so members are simply pointed elsewhere. */
char *
fsm_text(struct fsm_turn *t, const char *s)
{
	s = sched_str(s);
	return arena_strndup(&t->arena, s, strlen(s));
}

/* --- deployments keep count of their allocations --- */

struct deployment_state *
fsm_group_state(struct sched_deployment *d, const char *group)
{
	return rec_map_find(d->rec.task_groups, d->rec.ntask_groups,
	    sizeof *d->rec.task_groups, group);
}

static void
note_canary(struct deployment_state *g, const char *id)
{
	for (size_t i = 0; i < g->nplaced_canaries; i++)
		if (strcmp(g->placed_canaries[i], id) == 0)
			return;
	g->placed_canaries = xreallocarray(g->placed_canaries,
	    g->nplaced_canaries + 1, sizeof *g->placed_canaries);
	g->placed_canaries[g->nplaced_canaries++] = xstrdup(id);
}

struct was {
	struct sched_deployment *deployment;
	bool has_healthy, healthy;
};

static struct was
was_of(const struct sched_alloc *a)
{
	struct was w = { 0 };

	if (a != NULL)
		w = (struct was){ a->deployment, a->has_healthy, a->healthy };
	return w;
}

static void
account(struct fsm_turn *t, const struct sched_alloc *a, const struct was *w)
{
	struct sched_deployment *d = a->deployment;
	struct deployment_state *g =
	    d != NULL ? fsm_group_state(d, sched_alloc_group(a)) : NULL;
	bool is_new = d != w->deployment;
	bool had = !is_new && w->has_healthy, progress = is_new;

	if (g == NULL)
		return;
	if (is_new)
		g->placed_allocs++;
	if (a->has_healthy && (!had || a->healthy != w->healthy)) {
		if (had)
			*(w->healthy ? &g->healthy_allocs
				     : &g->unhealthy_allocs) -= 1;
		*(a->healthy ? &g->healthy_allocs : &g->unhealthy_allocs) += 1;
		progress |= a->healthy;
	}
	if (a->canary)
		note_canary(g, a->id);
	if (progress && g->progress_deadline != 0 &&
	    (!is_new || a->has_healthy || g->require_progress_by == 0))
		g->require_progress_by = t->time + g->progress_deadline;
	sched_deployment_changed(t->st, d, t->index);
}

/* Writes a record with the right indexes. */
void
fsm_put_alloc(struct fsm_turn *t, struct alloc *rec, bool server_side)
{
	struct sched_alloc *a = sched_alloc_find(t->st, rec->id);
	struct was was = was_of(a);

	rec->modify_index = t->index;
	rec->modify_time = t->time;
	if (server_side)
		rec->alloc_modify_index = t->index;
	a = sched_put_alloc(t->st, rec, t->index);
	if (a == NULL)
		return;
	account(t, a, &was);
	if (a->job->job != NULL)
		sched_job_settle(t->st, a->job, t->index);
}

/* --- the node's side --- */

bool
fsm_has_ended(const struct alloc *rec)
{
	enum sched_client c = sched_client_parse(rec->client_status);

	return c == SCHED_COMPLETE || c == SCHED_FAILED || c == SCHED_LOST;
}

void
fsm_drop_services(struct fsm_turn *t, const char *alloc_id)
{
	struct sched_service_set *set;

	while ((set = sched_services_of_alloc(t->st, alloc_id)) != NULL)
		sched_service_forget(
		    t->st, TAILQ_FIRST(&set->services), t->index);
}

static void
client_health(struct fsm_turn *t, struct alloc *rec, const struct alloc *news)
{
	struct alloc_deployment_status *ds;
	bool canary =
	    rec->deployment_status != NULL && rec->deployment_status->canary;

	if (news->deployment_status == NULL)
		return;
	ds = arena_alloc(&t->arena, sizeof *ds);
	*ds = *news->deployment_status;
	ds->canary = canary;
	ds->modify_index = t->index;
	rec->deployment_status = ds;
}

static void
client_update(struct fsm_turn *t, const struct alloc *news)
{
	struct sched_alloc *a = sched_alloc_find(t->st, sched_str(news->id));
	struct alloc rec;

	if (a == NULL)
		return;
	sched_alloc_decode(a, &t->arena, false, &rec);
	rec.client_status = news->client_status;
	rec.client_description = news->client_description;
	rec.task_states = news->task_states;
	rec.ntask_states = news->ntask_states;
	rec.network_status = news->network_status;
	rec.alloc_states = news->alloc_states;
	rec.nalloc_states = news->nalloc_states;
	client_health(t, &rec, news);
	fsm_put_alloc(t, &rec, false);
	if (fsm_has_ended(&rec))
		fsm_drop_services(t, news->id);
}

void
fsm_alloc_client(struct fsm_turn *t, const struct cmd_alloc_client *c)
{
	struct sched_node *n = sched_node_find(t->st, sched_str(c->node_id));

	if (n != NULL && !fsm_is_news(&n->node->update_seq, c->seq))
		return;
	for (size_t i = 0; i < c->nallocs; i++)
		client_update(t, &c->allocs[i]);
	fsm_put_evals(t, c->evals, c->nevals);
}

void
fsm_alloc_transition(struct fsm_turn *t, const struct cmd_alloc_transition *c)
{
	for (size_t i = 0; i < c->nallocs; i++) {
		struct sched_alloc *a =
		    sched_alloc_find(t->st, sched_str(c->allocs[i]));
		struct alloc rec;

		if (a == NULL)
			continue;
		sched_alloc_decode(a, &t->arena, false, &rec);
#define MERGE(member)                                                 \
	if (c->transition.has_##member) {                             \
		rec.desired_transition.has_##member = true;           \
		rec.desired_transition.member = c->transition.member; \
	}
		MERGE(migrate)
		MERGE(reschedule)
		MERGE(force_reschedule)
		MERGE(no_shutdown_delay)
		MERGE(migrate_disable_placement)
#undef MERGE
		fsm_put_alloc(t, &rec, true);
	}
	fsm_put_evals(t, c->evals, c->nevals);
}
