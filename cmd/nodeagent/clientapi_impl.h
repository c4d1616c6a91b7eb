/*
 * Inside clientapi.c and clientapi_files.c: rows of the table of paths. ctx
 * is the struct nodeagent.
 */
#ifndef NODEAGENT_CLIENTAPI_IMPL_H
#define NODEAGENT_CLIENTAPI_IMPL_H

#include "cmd/nodeagent/runner.h"

/* The allocation that the path names, if it is here. NULL: the request was
 * answered, or handed on to a server. */
struct runner *clientapi_runner(struct nodeagent *na, struct http_req *r);

/* --- clientapi_files.c --- */

void clientapi_ls(void *ctx, struct http_req *r);
void clientapi_stat(void *ctx, struct http_req *r);
void clientapi_cat(void *ctx, struct http_req *r);
void clientapi_readat(void *ctx, struct http_req *r);
void clientapi_stream(void *ctx, struct http_req *r);
void clientapi_logs(void *ctx, struct http_req *r);

#endif
