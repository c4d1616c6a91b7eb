/*
 * Nodes.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/api.h"
#include "common/http/route.h"
#include "common/mem.h"
#include "common/text.h"

static const char *
version_of(const struct node *n)
{
	const char *v =
	    rec_kv_get(n->attributes, n->nattributes, "nomad.version");

	return v != NULL ? v : "";
}

/* The host part of "10.0.0.1:4646", in the arena. */
static char *
address_of(struct arena *arena, const struct node *n)
{
	const char *addr = n->http_addr != NULL ? n->http_addr : "";
	const char *colon = strrchr(addr, ':');

	return arena_strndup(
	    arena, addr, colon != NULL ? (size_t)(colon - addr) : strlen(addr));
}

/* What "os" adds: the system's name alone. */
static void
add_os(struct query *q, const struct node *n, struct node_stub *s)
{
	const char *name = rec_kv_get(n->attributes, n->nattributes, "os.name");

	s->attributes = arena_alloc(&q->arena, sizeof *s->attributes);
	s->nattributes = 1;
	s->attributes->key = text_borrow("os.name");
	s->attributes->value = text_borrow(name != NULL ? name : "");
}

static struct node_stub
node_stub(struct query *q, const struct node *n, bool resources, bool os)
{
	struct node_stub s = { .address = address_of(&q->arena, n),
		.id = n->id,
		.datacenter = n->datacenter,
		.name = n->name,
		.node_class = n->node_class,
		.node_pool = n->node_pool,
		.version = text_borrow(version_of(n)),
		.drain = n->drain_strategy != NULL,
		.scheduling_eligibility = n->scheduling_eligibility,
		.status = n->status,
		.status_description = n->status_description,
		.drivers = n->drivers,
		.ndrivers = n->ndrivers,
		.last_drain = n->last_drain,
		.create_index = n->create_index,
		.modify_index = n->modify_index };

	if (resources) {
		s.node_resources = n->node_resources;
		s.reserved_resources = n->reserved_resources;
	}
	if (os)
		add_os(q, n, &s);
	return s;
}

static struct query_key
node_key(const void *item)
{
	const struct sched_node *n = item;

	return (struct query_key){ .id = n->id };
}

void
api_list_nodes(struct query *q, const char *pool)
{
	bool resources = query_flag(q, "resources", false);
	bool os = query_flag(q, "os", false);
	const void **list;
	struct node_stub *stubs;
	size_t n = 0;

	if (query_waits(q, SCHED_NODES, ""))
		return;
	list = arena_alloc(&q->arena, HASH_COUNT(q->st->nodes) * sizeof *list);
	for (struct sched_node *e = q->st->nodes; e != NULL; e = e->hh.next)
		if (e->node != NULL && query_wants_id(q, e->id) &&
		    (pool == NULL || strcmp(pool, api_node_pool(e->node)) == 0))
			list[n++] = e;
	n = query_page(q, list, n, node_key, QUERY_BY_ID);
	stubs = arena_alloc(&q->arena, n * sizeof *stubs);
	for (size_t i = 0; i < n; i++)
		stubs[i] = node_stub(q,
		    ((const struct sched_node *)list[i])->node, resources, os);
	query_reply_list(q, &node_stub_type, stubs, n);
}

static void
read_nodes(struct query *q)
{
	if (query_check_uuid_prefix(q, "node"))
		api_list_nodes(q, NULL);
}

void
api_nodes(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_nodes);
}

static void
read_node(struct query *q)
{
	const char *id = query_arg(q, "id");
	struct sched_node *e = sched_node_find(q->st, id);
	struct node n;

	if (!query_check_uuid(q, "node", id) || query_waits(q, SCHED_NODE, id))
		return;
	if (e == NULL || e->node == NULL) {
		query_fail(q, 404, "node not found");
		return;
	}
	n = *e->node;
	n.drain = n.drain_strategy != NULL;
	query_reply_rec(q, &node_type, &n);
}

void
api_node(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_node);
}

static void
read_node_allocs(struct query *q)
{
	const char *id = query_arg(q, "id");
	struct sched_node *e = sched_node_find(q->st, id);
	struct sched_alloc *a;
	struct alloc *list = NULL;
	size_t n = 0, cap = 0;

	if (!query_check_uuid(q, "node", id) ||
	    query_waits(q, SCHED_NODE_ALLOCS, id))
		return;
	if (e != NULL)
		TAILQ_FOREACH (a, &e->allocs, by_node) {
			list = xgrow(list, n, &cap, sizeof *list);
			sched_alloc_decode(a, &q->arena, true, &list[n]);
			api_alloc_legacy(&q->arena, &list[n++]);
		}
	rec_list_to_json(&alloc_type, list, n, &q->out, api_json_flags(q->req));
	free(list);
	query_reply(q);
}

void
api_node_allocs(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_node_allocs);
}

/* --- changing --- */

void
api_node_drain(void *ctx, struct http_req *r)
{
	struct schedd *sd = ctx;
	struct node_update_drain_request req;

	if (api_body(r, &node_update_drain_request_type, &req) == -1)
		return;
	schedd_enter(sd);
	sched_core_node_drain(sd->core, schedd_ask_http(sd, r, NULL),
	    http_route_param(r, "id"), &req);
	schedd_leave(sd);
	rec_clear(&node_update_drain_request_type, &req);
}

void
api_node_eligibility(void *ctx, struct http_req *r)
{
	struct schedd *sd = ctx;
	struct tree *t = api_body_tree(r);
	const char *want;

	if (t == NULL)
		return;
	want = tree_get_str(t, "Eligibility");
	if (want == NULL || (strcmp(want, "eligible") != 0 &&
				strcmp(want, "ineligible") != 0)) {
		http_fail(r, 500, "invalid scheduling eligibility \"%s\"",
		    want != NULL ? want : "");
	} else {
		schedd_enter(sd);
		sched_core_node_eligibility(sd->core,
		    schedd_ask_http(sd, r, NULL), http_route_param(r, "id"),
		    strcmp(want, "eligible") == 0);
		schedd_leave(sd);
	}
	tree_free(t);
}

void
api_node_evaluate(void *ctx, struct http_req *r)
{
	struct schedd *sd = ctx;

	schedd_enter(sd);
	sched_core_node_evaluate(
	    sd->core, schedd_ask_http(sd, r, NULL), http_route_param(r, "id"));
	schedd_leave(sd);
}

void
api_node_purge(void *ctx, struct http_req *r)
{
	struct schedd *sd = ctx;

	schedd_enter(sd);
	sched_core_node_purge(
	    sd->core, schedd_ask_http(sd, r, NULL), http_route_param(r, "id"));
	schedd_leave(sd);
}
