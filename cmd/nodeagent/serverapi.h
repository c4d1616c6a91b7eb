/*
 * The servers' HTTP API, for what this node's own does not answer: requests
 * are handed on to the server that keeps its lease, and to the next one that
 * the node knows when it is away and nothing was changed by that.
 */
#ifndef NODEAGENT_SERVERAPI_H
#define NODEAGENT_SERVERAPI_H

#include "cmd/nodeagent/nodeagent.h"

#define SERVERAPI_TRIES      5
#define SERVERAPI_CONNECT_MS 2000
#define SERVERAPI_TRY_MS     5000 /* after that no other server is tried */
#define SERVERAPI_CLIENTS    32

/* "host:port" of the server that is asked first from now on. */
void serverapi_set(struct nodeagent *na, const char *addr);
/* Answers r, then or later. */
void serverapi_hand_on(struct nodeagent *na, struct http_req *r);
void serverapi_release(struct nodeagent *na);

/*
 * The address to ask next: first, if it was not tried, else that of the first
 * of the urls (of RPC ports; the API is at the same port everywhere) that was
 * not. On the heap; NULL: no more.
 */
char *serverapi_next(const char *first, char *const *urls, size_t n,
    char *const *tried, size_t ntried);

#endif
