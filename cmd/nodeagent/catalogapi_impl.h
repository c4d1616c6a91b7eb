/* What the parts of the catalog's rim share. */
#ifndef NODEAGENT_CATALOGAPI_IMPL_H
#define NODEAGENT_CATALOGAPI_IMPL_H

#include <sys/queue.h>

#include "cmd/nodeagent/catalogapi.h"
#include "common/catalog/consul.h"
#include "common/due.h"

/* A request that waits for news, or for its time to be over. */
struct held {
	LIST_ENTRY(held) entry;
	struct http_req *req;
	struct consul_watch watch;
	struct due due;
};

struct catalogapi {
	struct nodeagent *na;
	struct registry registry;
	struct http_server *server;
	LIST_HEAD(held_list, held) held;
	size_t nheld;
	struct dues dues;
	struct loop_timer *deadline; /* of the first of dues */
	struct loop_timer *wake;     /* something has changed */
	struct loop_timer *tick;     /* a local check expires */
};

/* Something has changed: who waits for it is answered soon. */
void catalogapi_changed(struct catalogapi *api);

/* The node's own entry, with the check that each node has. */
void catalogapi_put_self(struct catalogapi *api);

#endif
