/*
 * Kept connections to the HTTP addresses of nodes and of other servers.
 */
#ifndef SCHEDD_NODES_HTTP_H
#define SCHEDD_NODES_HTTP_H

#include "common/loop.h"

struct http_client;
struct nodes_http;
struct tls_keys;

/* By HTTPS with keys, which are borrowed; NULL: plain. */
struct nodes_http *nodes_http_new(struct loop *l, struct tls_keys *keys);
void nodes_http_free(struct nodes_http *n);
/* To "host:port"; borrowed for this turn. */
struct http_client *nodes_http_client(struct nodes_http *n, const char *addr);
/* Whatever was asked there and is not answered fails, before it returns. */
void nodes_http_drop(struct nodes_http *n, const char *addr);

#endif
