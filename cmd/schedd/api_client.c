/*
 * The paths below /v1/client: what a node's own agent answers. A server finds
 * the node and hands the request on to its HTTP address.
 */
#include "cmd/schedd/api.h"
#include "cmd/schedd/nodes_http.h"
#include "common/http/relay.h"
#include "common/http/route.h"
#include "proto/api.h"
#include "proto/blocking.h"

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
