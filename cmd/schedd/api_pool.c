/*
 * Node pools and namespaces, as far as there are any: the pools that nodes
 * say they are in, and the one namespace.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/api.h"
#include "common/http/route.h"

/* --- node pools --- */

const char *
api_node_pool(const struct node *n)
{
	return n->node_pool != NULL && *n->node_pool != '\0' ? n->node_pool
							     : "default";
}

static struct tree *
pool_tree(const char *name)
{
	struct tree *t = tree_map();

	tree_set(t, "Name", tree_str(name));
	tree_set(t, "Description",
	    tree_str(strcmp(name, "all") == 0       ? "All nodes."
		     : strcmp(name, "default") == 0 ? "Default node pool."
						    : ""));
	tree_set(t, "Meta", tree_null());
	tree_set(t, "SchedulerConfiguration", tree_null());
	tree_set(t, "CreateIndex", tree_int(1));
	tree_set(t, "ModifyIndex", tree_int(1));
	return t;
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char **
api_node_pools(const struct sched_state *st, struct arena *arena, size_t *n)
{
	const char **names =
	    arena_alloc(arena, (HASH_COUNT(st->nodes) + 2) * sizeof *names);
	size_t all = 0;

	names[all++] = "all";
	names[all++] = "default";
	for (struct sched_node *e = st->nodes; e != NULL; e = e->hh.next)
		if (e->node != NULL)
			names[all++] = api_node_pool(e->node);
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
			tree_push(list, pool_tree(names[i]));
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
		query_reply_tree(q, pool_tree(name));
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
