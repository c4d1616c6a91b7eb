/*
 * Node pools: those that nodes say they are in and those that people have
 * described; and the one namespace.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/api.h"
#include "common/http/route.h"
#include "common/text.h"

/* --- node pools --- */

const char *
api_node_pool(const struct node *n)
{
	return n->node_pool != NULL && *n->node_pool != '\0' ? n->node_pool
							     : "default";
}

static struct tree *
pool_tree(const struct sched_state *st, const char *name)
{
	const struct sched_pool *pool = sched_pool_find(st, name);
	struct node_pool plain = {
		.name = text_borrow(name), .create_index = 1, .modify_index = 1
	};

	if (pool != NULL)
		return rec_to_tree(&node_pool_type, &pool->rec);
	if (node_pool_is_built_in(name))
		plain.description =
		    text_borrow(strcmp(name, "all") == 0
				    ? "Node pool with all nodes in the cluster."
				    : "Default node pool.");
	return rec_to_tree(&node_pool_type, &plain);
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char **
api_node_pools(const struct sched_state *st, struct arena *arena, size_t *n)
{
	size_t all = 0, most = HASH_COUNT(st->nodes) + HASH_COUNT(st->pools);
	const char **names = arena_alloc(arena, (most + 2) * sizeof *names);

	names[all++] = "all";
	names[all++] = "default";
	for (struct sched_node *e = st->nodes; e != NULL; e = e->hh.next)
		if (e->node != NULL)
			names[all++] = api_node_pool(e->node);
	for (struct sched_pool *p = st->pools; p != NULL; p = p->hh.next)
		names[all++] = p->rec.name;
	qsort(names, all, sizeof *names, by_text);
	*n = 0;
	for (size_t i = 0; i < all; i++)
		if (*n == 0 || strcmp(names[*n - 1], names[i]) != 0)
			names[(*n)++] = names[i];
	return names;
}

static void
read_pools(struct query *q)
{
	struct tree *list;
	const char **names;
	size_t n;

	if (query_waits(q, SCHED_NODES, ""))
		return;
	list = tree_list();
	names = api_node_pools(q->st, &q->arena, &n);
	for (size_t i = 0; i < n; i++)
		if (query_wants_id(q, names[i]))
			tree_push(list, pool_tree(q->st, names[i]));
	query_reply_tree(q, list);
}

void
api_pools(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_pools);
}

/* The pool that the path names; NULL when it was answered, or waits. */
static const char *
find_pool(struct query *q)
{
	const char *want = query_arg(q, "name"), **names;
	size_t n;

	if (query_waits(q, SCHED_NODES, ""))
		return NULL;
	names = api_node_pools(q->st, &q->arena, &n);
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], want) == 0)
			return names[i];
	query_fail(q, 404, "node pool not found");
	return NULL;
}

static void
read_pool(struct query *q)
{
	const char *name = find_pool(q);

	if (name != NULL)
		query_reply_tree(q, pool_tree(q->st, name));
}

void
api_pool(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_pool);
}

static bool
refuses_prefix(struct query *q)
{
	if (*q->prefix == '\0')
		return false;
	query_fail(q, 400, "prefix is not allowed here");
	return true;
}

static void
read_pool_nodes(struct query *q)
{
	const char *name;

	if (!refuses_prefix(q) && (name = find_pool(q)) != NULL)
		api_list_nodes(q, strcmp(name, "all") == 0 ? NULL : name);
}

void
api_pool_nodes(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_pool_nodes);
}

static void
read_pool_jobs(struct query *q)
{
	const char *name;

	if (!refuses_prefix(q) && (name = find_pool(q)) != NULL)
		api_list_jobs(q, name);
}

void
api_pool_jobs(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_pool_jobs);
}

/* Of the pool that the path names, if it names one. */
void
api_pool_put(void *ctx, struct http_req *r)
{
	const char *name = http_route_param(r, "name");
	struct schedd *sd = ctx;
	struct node_pool pool;

	if (api_body(r, &node_pool_type, &pool) == -1)
		return;
	if (name == NULL || strcmp(name, text_or(pool.name, "")) == 0) {
		schedd_enter(sd);
		sched_core_pool_put(
		    sd->core, schedd_ask_http_bad(sd, r, 400), &pool);
		schedd_leave(sd);
	} else {
		http_fail(r, 400, "Node pool name does not match request path");
	}
	rec_clear(&node_pool_type, &pool);
}

void
api_pool_delete(void *ctx, struct http_req *r)
{
	struct schedd *sd = ctx;

	schedd_enter(sd);
	sched_core_pool_delete(sd->core, schedd_ask_http_bad(sd, r, 400),
	    http_route_param(r, "name"));
	schedd_leave(sd);
}

/* --- namespaces --- */

static struct tree *
namespace_tree(void)
{
	static const char *const unset[] = { "Capabilities",
		"NodePoolConfiguration", "VaultConfiguration",
		"ConsulConfiguration", "Meta", "RequiredExtraClaims",
		"OptionalExtraClaims" };
	struct tree *t = tree_map();

	for (size_t i = 0; i < sizeof unset / sizeof unset[0]; i++)
		tree_set(t, unset[i], tree_null());
	tree_set(t, "Name", tree_str("default"));
	tree_set(t, "Description", tree_str("Default shared namespace"));
	tree_set(t, "Quota", tree_str(""));
	tree_set(t, "CreateIndex", tree_int(1));
	tree_set(t, "ModifyIndex", tree_int(1));
	return t;
}

static void
read_namespaces(struct query *q)
{
	struct tree *list = tree_list();

	if (query_wants_id(q, "default"))
		tree_push(list, namespace_tree());
	query_reply_tree(q, list);
}

void
api_namespaces(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_namespaces);
}

static void
read_namespace(struct query *q)
{
	if (strcmp(query_arg(q, "name"), "default") == 0)
		query_reply_tree(q, namespace_tree());
	else
		query_fail(q, 404, "Namespace not found");
}

void
api_namespace(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_namespace);
}
