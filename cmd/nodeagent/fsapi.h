/*
 * An allocation's files over HTTP: ls, stat, cat, readat.
 */
#ifndef NODEAGENT_FSAPI_H
#define NODEAGENT_FSAPI_H

#include "cmd/nodeagent/nodeagent.h"

#define FSAPI_MAX_READ (64 << 20) /* bytes of one answer */

void fsapi_ls(struct nodeagent *na, struct http_req *r, const char *alloc_id);
void fsapi_stat(struct nodeagent *na, struct http_req *r, const char *alloc_id);
/* The whole file, or with offset and limit a part of it. */
void fsapi_read(struct nodeagent *na, struct http_req *r, const char *alloc_id);

/* Answers r for what allocdir_open() said. */
void fsapi_refuse(struct http_req *r, const struct err *err);

#endif
