/*
 * An allocation's files over HTTP: ls and stat. Reading them is logstream's.
 */
#ifndef NODEAGENT_FSAPI_H
#define NODEAGENT_FSAPI_H

#include "cmd/nodeagent/nodeagent.h"

#define FSAPI_SNIFF 512 /* first bytes that tell text from other content */

void fsapi_ls(struct nodeagent *na, struct http_req *r, const char *alloc_id);
void fsapi_stat(struct nodeagent *na, struct http_req *r, const char *alloc_id);

/* Answers r for what allocdir_open() said. */
void fsapi_refuse(struct http_req *r, const struct err *err);

#endif
