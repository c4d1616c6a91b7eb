/*
 * nodeagent's HTTP API: Nomad's paths for what concerns this node. All other
 * paths, and those about allocations of other nodes, are handed on to a
 * server.
 */
#ifndef NODEAGENT_CLIENTAPI_H
#define NODEAGENT_CLIENTAPI_H

#include "common/http/http.h"

/* ctx of its functions is the struct nodeagent. */
extern const struct http_ops nodeagent_http_ops;

#endif
