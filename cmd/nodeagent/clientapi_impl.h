/*
 * Inside clientapi.c, clientapi_files.c and clientapi_servers.c: rows of the
 * table of paths. ctx is the struct nodeagent.
 */
#ifndef NODEAGENT_CLIENTAPI_IMPL_H
#define NODEAGENT_CLIENTAPI_IMPL_H

#include "cmd/nodeagent/runner.h"
#include "common/tree.h"

/* The allocation that the path names, if it is here. NULL: the request was
 * answered, or handed on to a server. */
struct runner *clientapi_runner(struct nodeagent *na, struct http_req *r);

/* Answers with 200; the tree is taken over. */
void clientapi_reply(struct http_req *r, struct tree *t);

/* --- clientapi_servers.c --- */

void clientapi_servers(void *ctx, struct http_req *r);
void clientapi_servers_set(void *ctx, struct http_req *r);
/* "10.0.0.1:4647,10.0.0.2:4647", on the heap. */
char *clientapi_known_servers(const struct nodeagent *na);

/* --- clientapi_files.c --- */

void clientapi_ls(void *ctx, struct http_req *r);
void clientapi_stat(void *ctx, struct http_req *r);
void clientapi_cat(void *ctx, struct http_req *r);
void clientapi_readat(void *ctx, struct http_req *r);
void clientapi_stream(void *ctx, struct http_req *r);
void clientapi_logs(void *ctx, struct http_req *r);

#endif
