#include "cmd/schedd/nodes_http.h"

#include <stdlib.h>

#include "common/http/http.h"
#include "common/map.h"
#include "common/mem.h"

#define NODES_MAX 1024 /* kept addresses; more: the oldest goes */

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

	if (c == NULL && map_count(&n->by_addr) >= NODES_MAX) {
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
