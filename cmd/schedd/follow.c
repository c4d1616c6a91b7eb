#include "cmd/schedd/follow.h"

#include <stdlib.h>

#include "common/mem.h"

/* Answers of one turn: there may be some for every node. */
#define FOLLOW_TURN 32

struct follower {
	struct schedd *sd;
	struct bus_req *req;
	char *node_id; /* NULL: follows services */
	uint64_t index;
	struct sched_watch *watch; /* NULL once it has fired */
	bool is_woken;
	TAILQ_ENTRY(follower) entry;
};

static void
follower_free(struct follower *f)
{
	if (f->watch != NULL)
		sched_unwatch(sched_core_state(f->sd->core), f->watch);
	TAILQ_REMOVE(f->is_woken ? &f->sd->followers_woken : &f->sd->followers,
	    f, entry);
	free(f->node_id);
	free(f);
}

/* While a command is applied: nothing may be read yet. */
static void
on_change(void *ctx)
{
	struct follower *f = ctx;

	f->watch = NULL;
	TAILQ_REMOVE(&f->sd->followers, f, entry);
	TAILQ_INSERT_TAIL(&f->sd->followers_woken, f, entry);
	f->is_woken = true;
}

static void
on_expire(void *ctx, struct bus_req *req)
{
	follower_free(ctx);
	bus_refusef(req, ERR_TIMEOUT, "nothing new");
}

static void
hold(
    struct schedd *sd, struct bus_req *req, const char *node_id, uint64_t index)
{
	struct follower *f = xcalloc(1, sizeof *f);

	f->sd = sd;
	f->req = req;
	f->index = index;
	f->node_id = node_id != NULL ? xstrdup(node_id) : NULL;
	f->watch = sched_watch(sched_core_state(sd->core),
	    node_id != NULL ? SCHED_NODE_PULL : SCHED_SERVICES,
	    node_id != NULL ? node_id : "", on_change, f);
	TAILQ_INSERT_TAIL(&sd->followers, f, entry);
	bus_on_expire(req, on_expire, f);
	bus_forget_body(req); /* which has the node's id */
}

static void
answer_node(
    struct schedd *sd, struct bus_req *req, const struct node_allocs *ask)
{
	struct arena arena = { 0 };
	struct node_allocs_news news;

	sched_node_news(sched_core_state(sd->core), ask, &arena, &news);
	bus_reply(req, &news);
	arena_release(&arena);
}

static void
answer_services(
    struct schedd *sd, struct bus_req *req, const struct services_ask *ask)
{
	struct arena arena = { 0 };
	struct services_news news;

	sched_services_news(sched_core_state(sd->core), ask, &arena, &news);
	bus_reply(req, &news);
	arena_release(&arena);
}

/* Who knows nothing yet wants to hear that there is nothing, and who has heard
 * a part wants the next. */
static bool
is_new(const struct schedd *sd, enum sched_topic t, const char *key,
    uint64_t index, const char *after)
{
	return index == 0 || (after != NULL && *after != '\0') ||
	       sched_index(sched_core_state(sd->core), t, key) > index;
}

void
follow_node(
    struct schedd *sd, struct bus_req *req, const struct node_allocs *ask)
{
	if (!sched_core_knows_node(sd->core, ask->node_id, ask->secret_id))
		bus_refusef(req, ERR_NOT_FOUND, "node is not registered");
	else if (is_new(
		     sd, SCHED_NODE_PULL, ask->node_id, ask->index, ask->after))
		answer_node(sd, req, ask);
	else
		hold(sd, req, ask->node_id, ask->index);
}

void
follow_services(
    struct schedd *sd, struct bus_req *req, const struct services_ask *ask)
{
	if (!sched_core_knows_node(sd->core, ask->node_id, ask->secret_id))
		bus_refusef(req, ERR_NOT_FOUND, "node is not registered");
	else if (is_new(sd, SCHED_SERVICES, "", ask->index, ask->after))
		answer_services(sd, req, ask);
	else
		hold(sd, req, NULL, ask->index);
}

void
follow_run_woken(struct schedd *sd)
{
	struct follower *f;

	for (size_t n = 0;
	     n < FOLLOW_TURN && (f = TAILQ_FIRST(&sd->followers_woken)) != NULL;
	     n++) {
		if (f->node_id != NULL)
			answer_node(sd, f->req,
			    &(struct node_allocs){
				.node_id = f->node_id, .index = f->index });
		else
			answer_services(sd, f->req,
			    &(struct services_ask){ .index = f->index });
		follower_free(f);
	}
}

void
follow_end_all(struct schedd *sd)
{
	struct follower *f;

	while ((f = TAILQ_FIRST(&sd->followers)) != NULL ||
	       (f = TAILQ_FIRST(&sd->followers_woken)) != NULL)
		follower_free(f);
}
