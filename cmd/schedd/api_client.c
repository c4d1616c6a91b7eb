/*
 * The paths below /v1/client: what a node's own agent answers. A server finds
 * the node and hands the request on to its HTTP address.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/api.h"
#include "cmd/schedd/nodes_http.h"
#include "common/http/relay.h"
#include "common/http/route.h"
#include "common/mem.h"
#include "proto/api.h"
#include "proto/blocking.h"

#define MAX_NODE_CLIENTS 1024 /* kept addresses; more: the oldest goes */

struct nodes_http {
	struct loop *loop;
	struct tls_keys *keys;
	struct map by_addr; /* address -> struct http_client */
};

struct nodes_http *
nodes_http_new(struct loop *l, struct tls_keys *keys)
{
	struct nodes_http *n = xcalloc(1, sizeof *n);

	n->loop = l;
	n->keys = keys;
	return n;
}

void
nodes_http_free(struct nodes_http *n)
{
	if (n == NULL)
		return;
	MAP_FOREACH (e, &n->by_addr)
		http_client_free(map_value(e));
	map_release(&n->by_addr);
	free(n);
}

struct http_client *
nodes_http_client(struct nodes_http *n, const char *addr)
{
	struct http_client *c = map_remove(&n->by_addr, addr);
	struct map_entry *oldest;

	if (c == NULL && map_count(&n->by_addr) >= MAX_NODE_CLIENTS) {
		oldest = map_first(&n->by_addr);
		http_client_free(map_remove(&n->by_addr, map_key(oldest)));
	}
	if (c == NULL) {
		c = http_client_new(n->loop, addr);
		http_client_tls(c, n->keys, NULL);
	}
	/* Last in order: who was not asked for longest goes first. */
	map_put(&n->by_addr, addr, c);
	return c;
}

void
nodes_http_drop(struct nodes_http *n, const char *addr)
{
	http_client_free(map_remove(&n->by_addr, addr));
}

static void
on_lost(void *ctx, struct http_req *r, const struct err *err, bool sent)
{
	(void)ctx;
	(void)sent;
	http_fail(r, 500, "node is out of reach: %s", err->text);
}

/* A node says when it registers whether it has HTTPS. */
static void
hand_on(struct schedd *sd, struct http_req *r, const struct node *n)
{
	struct nodes_http *to = n->tls_enabled && sd->tls.api_nodes != NULL
				    ? sd->nodes_https
				    : sd->nodes_http;

	if (n->http_addr == NULL || *n->http_addr == '\0')
		http_fail(r, 404, "No path to node");
	else
		http_relay(nodes_http_client(to, n->http_addr), r,
		    &(struct http_relay_how){ .extra = API_FORWARDED ": 1\r\n",
			.begin_ms = blocking_begin_ms(r),
			.on_lost = on_lost });
}

void
api_client_alloc(void *ctx, struct http_req *r)
{
	struct schedd *sd = ctx;
	const char *id = http_route_param(r, "id");
	struct sched_alloc *a =
	    sched_alloc_find(sched_core_state(sd->core), id);

	if (a == NULL)
		http_fail(r, 404, "Unknown allocation \"%s\"", id);
	else if (a->node == NULL || a->node->node == NULL)
		http_fail(r, 404, "No path to node");
	else
		hand_on(sd, r, a->node->node);
}

/* The node that the request names, or the only one. */
void
api_client_node(void *ctx, struct http_req *r)
{
	struct schedd *sd = ctx;
	struct sched_state *st = sched_core_state(sd->core);
	struct sched_node *n = NULL;
	char id[64] = "";

	http_param(r, "node_id", id, sizeof id);
	if (*id != '\0') {
		n = sched_node_find(st, id);
		if (n == NULL || n->node == NULL) {
			http_fail(r, 404, "Unknown node \"%s\"", id);
			return;
		}
	} else {
		for (n = st->nodes; n != NULL && n->node == NULL;)
			n = n->hh.next;
		if (n == NULL) {
			http_fail(r, 404, "No path to node");
			return;
		}
	}
	hand_on(sd, r, n->node);
}
