#include <stdlib.h>

#include "cmd/schedd/fsm_impl.h"
#include "cmd/schedd/nodeclass.h"
#include "cmd/schedd/text.h"
#include "common/clock.h"
#include "common/mem.h"

/* Adds an event to the node's record; the oldest beyond the limit goes. */
static void
add_event(struct fsm_turn *t, struct node *n, const char *subsystem,
    const char *message, int64_t timestamp)
{
	if (n->nevents >= SCHED_MAX_EVENTS) {
		rec_clear(&node_event_type, &n->events[0]);
		n->nevents--;
		memmove(&n->events[0], &n->events[1],
		    n->nevents * sizeof *n->events);
	}
	n->events = xreallocarray(n->events, n->nevents + 1, sizeof *n->events);
	n->events[n->nevents++] = (struct node_event){
		.message = xstrdup(sched_str(message)),
		.subsystem = xstrdup(sched_str(subsystem)),
		.timestamp = timestamp != 0 ? timestamp : t->time,
		.create_index = t->index,
	};
}

/* What the servers know of a node stays when it describes itself again. */
static void
keep_of_old(struct node *node, const struct node *old)
{
	struct node had;

	rec_copy(&node_type, &had, old);
	node->create_index = old->create_index;
	node->drain = old->drain;
	node->update_seq = old->update_seq;
	node->services_seq = old->services_seq;
	node->status_updated_at = old->status_updated_at;
#define KEEP(member)                       \
	do {                               \
		void *swap = node->member; \
		node->member = had.member; \
		had.member = swap;         \
	} while (0)
	KEEP(drain_strategy);
	KEEP(last_drain);
	KEEP(scheduling_eligibility);
	KEEP(events);
#undef KEEP
	size_t n = node->nevents;
	node->nevents = had.nevents;
	had.nevents = n;
	rec_clear(&node_type, &had);
}

void
fsm_node_register(struct fsm_turn *t, const struct cmd_node_register *c)
{
	const struct sched_node *old =
	    sched_node_find(t->st, sched_str(c->node.id));
	struct node *node;

	if (sched_is_empty(c->node.id)) {
		err_set(&t->reply->err, ERR_BAD, "missing node ID");
		return;
	}
	if (old != NULL && !sched_eq(old->node->secret_id, c->node.secret_id)) {
		err_set(&t->reply->err, ERR_DENIED,
		    "node secret ID does not match");
		return;
	}
	node = xcalloc(1, sizeof *node);
	rec_copy(&node_type, node, &c->node);
	node->create_index = t->index;
	if (old != NULL)
		keep_of_old(node, old->node);
	if (old == NULL)
		add_event(t, node, "Cluster", "Node registered", 0);
	else if (sched_eq(old->node->status, "down") &&
		 !sched_eq(node->status, "down"))
		add_event(t, node, "Cluster", "Node re-registered", 0);
	if (sched_is_empty(node->scheduling_eligibility))
		sched_set(&node->scheduling_eligibility, "eligible");
	if (sched_is_empty(node->node_pool))
		sched_set(&node->node_pool, "default");
	if (old == NULL || !sched_eq(old->node->status, node->status))
		node->status_updated_at = t->time / CLOCK_NS_PER_S;
	free(node->computed_class);
	node->computed_class = nodeclass_of(node);
	sched_put_node(t->st, node, t->index);
	fsm_put_evals(t, c->evals, c->nevals);
}

/* Nobody shall be sent to a node that is silent. */
static void
drop_services(struct fsm_turn *t, const struct sched_node *n)
{
	const struct sched_alloc *a;

	TAILQ_FOREACH (a, &n->allocs, by_node) {
		struct sched_service_set *set;

		while ((set = sched_services_of_alloc(t->st, a->id)) != NULL)
			sched_service_forget(
			    t->st, TAILQ_FIRST(&set->services), t->index);
	}
}

static struct sched_node *
known_node(struct fsm_turn *t, const char *id)
{
	struct sched_node *n = sched_node_find(t->st, sched_str(id));

	if (n == NULL)
		err_set(&t->reply->err, ERR_NOT_FOUND, "node not found");
	return n;
}

/* From here on it is an operator who says what becomes of the node. */
static void
forget_own_drain(struct node *node)
{
	struct drain_metadata *last = node->last_drain;
	struct rec_kv *kv;

	if (!sched_node_drained_itself(node))
		return;
	kv = rec_map_find(last->meta, last->nmeta, sizeof *kv, "message");
	rec_clear(&rec_kv_type, kv);
	last->nmeta--;
	memmove(
	    kv, kv + 1, (size_t)(last->meta + last->nmeta - kv) * sizeof *kv);
}

void
fsm_node_status(struct fsm_turn *t, const struct cmd_node_status *c)
{
	struct sched_node *n = known_node(t, c->node_id);
	bool has_status = !sched_is_empty(c->status), repeats;

	if (n == NULL)
		return;
	repeats = has_status && sched_eq(c->status, n->node->status);
	if (has_status && !repeats) {
		sched_set(&n->node->status, c->status);
		n->node->status_updated_at = t->time / CLOCK_NS_PER_S;
		if (sched_eq(c->status, "down"))
			drop_services(t, n);
	}
	if (!sched_is_empty(c->eligibility)) {
		sched_set(&n->node->scheduling_eligibility, c->eligibility);
		forget_own_drain(n->node);
	}
	/* A node that comes back may say so twice before it is heard. */
	for (size_t i = 0; !repeats && i < c->nevents; i++)
		add_event(t, n->node, c->events[i].subsystem,
		    c->events[i].message, c->events[i].timestamp);
	sched_node_changed(t->st, n, t->index);
	fsm_put_evals(t, c->evals, c->nevals);
}

static void
note_drain(struct fsm_turn *t, struct node *node,
    const struct cmd_node_drain *c, const char *status, bool starts)
{
	struct drain_metadata *last = node->last_drain;

	if (last == NULL)
		last = node->last_drain = xcalloc(1, sizeof *last);
	else if (starts)
		rec_clear(&drain_metadata_type, last);
	if (starts)
		last->started_at = t->time;
	last->updated_at = t->time;
	sched_set(&last->status, status);
	for (size_t i = 0; i < c->nmeta; i++)
		rec_kv_set(&last->meta, &last->nmeta, c->meta[i].key,
		    c->meta[i].value);
}

static void
end_drain(struct fsm_turn *t, struct node *node, const struct cmd_node_drain *c)
{
	note_drain(t, node, c, c->complete ? "complete" : "canceled", false);
	add_event(t, node, "Drain",
	    c->complete ? "Node drain complete" : "Node drain disabled", 0);
}

void
fsm_node_drain(struct fsm_turn *t, const struct cmd_node_drain *c)
{
	struct sched_node *n = known_node(t, c->node_id);
	struct node *node = n != NULL ? n->node : NULL;
	bool was;

	if (node == NULL)
		return;
	if (!c->complete)
		forget_own_drain(node); /* unless meta says it again */
	was = node->drain_strategy != NULL;
	if (was) {
		rec_clear(&drain_strategy_type, node->drain_strategy);
		free(node->drain_strategy);
		node->drain_strategy = NULL;
	}
	node->drain = c->strategy != NULL;
	if (c->strategy != NULL) {
		node->drain_strategy = xcalloc(1, sizeof *c->strategy);
		rec_copy(
		    &drain_strategy_type, node->drain_strategy, c->strategy);
		sched_set(&node->scheduling_eligibility, "ineligible");
		note_drain(t, node, c, "draining", !was);
		add_event(t, node, "Drain",
		    was ? "Node drain strategy updated"
			: "Node drain strategy set",
		    0);
	} else {
		if (c->mark_eligible)
			sched_set(&node->scheduling_eligibility, "eligible");
		if (was)
			end_drain(t, node, c);
	}
	sched_node_changed(t->st, n, t->index);
	fsm_put_evals(t, c->evals, c->nevals);
}

bool
fsm_is_news(uint64_t *last, uint64_t seq)
{
	if (seq == 0)
		return true;
	if (seq <= *last)
		return false;
	*last = seq;
	return true;
}

void
fsm_services(struct fsm_turn *t, const struct services_update *c)
{
	struct sched_node *n = sched_node_find(t->st, sched_str(c->node_id));

	if (n != NULL && !fsm_is_news(&n->node->services_seq, c->seq))
		return;
	for (size_t i = 0; i < c->nremove; i++) {
		struct sched_service *s =
		    sched_service_find(t->st, sched_str(c->remove[i]));

		if (s != NULL && sched_eq(s->rec.node_id, c->node_id))
			sched_service_forget(t->st, s, t->index);
	}
	for (size_t i = 0; i < c->nput; i++) {
		struct service_instance s = c->put[i];
		const struct sched_service *old =
		    sched_service_find(t->st, sched_str(s.id));

		/* Nor may a node take over what another one has. */
		if (sched_is_empty(s.id) ||
		    (old != NULL && !sched_eq(old->rec.node_id, c->node_id)))
			continue;
		s.node_id = c->node_id;
		s.create_index = 0;
		sched_put_service(t->st, &s, t->index);
	}
}
