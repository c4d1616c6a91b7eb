/*
 * Deployments.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/api.h"
#include "common/http/route.h"
#include "common/mem.h"

static struct query_key
deployment_key(const void *item)
{
	const struct sched_deployment *d = item;

	return (
	    struct query_key){ .index = d->rec.create_index, .id = d->rec.id };
}

static void
read_deployments(struct query *q)
{
	const void **list;
	struct deployment *recs;
	size_t n = 0;

	if (!query_check_uuid_prefix(q, "deployment"))
		return;
	if (query_waits(q, SCHED_DEPLOYMENTS, ""))
		return;
	list = arena_alloc(
	    &q->arena, HASH_COUNT(q->st->deployments) * sizeof *list);
	for (struct sched_deployment *d = q->st->deployments; d != NULL;
	     d = d->hh.next)
		if (query_wants_ns(q, d->rec.namespace) &&
		    query_wants_id(q, d->rec.id))
			list[n++] = d;
	n = query_page(q, list, n, deployment_key, QUERY_BY_INDEX);
	recs = arena_alloc(&q->arena, n * sizeof *recs);
	for (size_t i = 0; i < n; i++)
		recs[i] = ((const struct sched_deployment *)list[i])->rec;
	query_reply_list(q, &deployment_type, recs, n);
}

void
api_deployments(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_deployments);
}

static void
read_deployment(struct query *q)
{
	const char *id = query_arg(q, "id");
	struct sched_deployment *d = sched_deployment_find(q->st, id);

	if (!query_check_uuid(q, "deployment", id) ||
	    query_waits(q, SCHED_DEPLOYMENT, id))
		return;
	if (d == NULL)
		query_fail(q, 404, "deployment not found");
	else
		query_reply_rec(q, &deployment_type, &d->rec);
}

void
api_deployment(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_deployment);
}

/* --- changing --- */

static void
set_status(struct schedd *sd, struct http_req *r, const char *status)
{
	schedd_enter(sd);
	sched_core_deployment_status(sd->core, schedd_ask_http(sd, r, NULL),
	    http_route_param(r, "id"), status);
	schedd_leave(sd);
}

void
api_deployment_fail(void *ctx, struct http_req *r)
{
	set_status(ctx, r, "failed");
}

/* The body, when it is of the deployment that the path names. */
static struct tree *
update_body(struct http_req *r)
{
	struct tree *t = api_body_tree(r);
	const char *id = tree_get_str(t, "DeploymentID");

	if (t == NULL)
		return NULL;
	if (id != NULL && strcmp(id, http_route_param(r, "id")) == 0)
		return t;
	http_fail(r, 400,
	    id == NULL || *id == '\0' ? "DeploymentID must be specified"
				      : "Deployment ID does not match");
	tree_free(t);
	return NULL;
}

void
api_deployment_pause(void *ctx, struct http_req *r)
{
	struct tree *t = update_body(r);
	const struct tree *pause = tree_get(t, "Pause");

	if (t == NULL)
		return;
	set_status(ctx, r,
	    pause != NULL && pause->kind == TREE_BOOL && pause->b ? "paused"
								  : "running");
	tree_free(t);
}

/* The texts of a list in the body, borrowed; the caller frees the array. */
static char **
texts_of(const struct tree *body, const char *key, size_t *n)
{
	const struct tree *list = tree_get(body, key);
	char **texts = NULL;
	size_t cap = 0;

	*n = 0;
	for (size_t i = 0;
	     list != NULL && list->kind == TREE_LIST && i < list->nitems; i++) {
		texts = xgrow(texts, *n, &cap, sizeof *texts);
		if (list->items[i]->kind == TREE_STR)
			texts[(*n)++] = list->items[i]->str;
	}
	return texts;
}

void
api_deployment_promote(void *ctx, struct http_req *r)
{
	struct schedd *sd = ctx;
	struct tree *t = update_body(r);
	const struct tree *all = tree_get(t, "All");
	char **names;
	size_t n;

	if (t == NULL)
		return;
	names = texts_of(t, "Groups", &n);
	if (n == 0 && (all == NULL || all->kind != TREE_BOOL || !all->b)) {
		http_fail(
		    r, 400, "All must be true or Groups must name some groups");
	} else {
		schedd_enter(sd);
		sched_core_deployment_promote(sd->core,
		    schedd_ask_http(sd, r, NULL), http_route_param(r, "id"),
		    names, n);
		schedd_leave(sd);
	}
	free(names);
	tree_free(t);
}

void
api_deployment_health(void *ctx, struct http_req *r)
{
	struct schedd *sd = ctx;
	struct tree *t = update_body(r);
	struct sched_health_set set = { 0 };

	if (t == NULL)
		return;
	set.healthy = texts_of(t, "HealthyAllocationIDs", &set.nhealthy);
	set.unhealthy = texts_of(t, "UnhealthyAllocationIDs", &set.nunhealthy);
	schedd_enter(sd);
	sched_core_deployment_health(sd->core, schedd_ask_http(sd, r, NULL),
	    http_route_param(r, "id"), &set);
	schedd_leave(sd);
	free(set.healthy);
	free(set.unhealthy);
	tree_free(t);
}
