/*
 * Kept connections to the nodes' HTTP addresses.
 */
#ifndef SCHEDD_NODES_HTTP_H
#define SCHEDD_NODES_HTTP_H

#include "common/loop.h"

struct nodes_http;

struct nodes_http *nodes_http_new(struct loop *l);
void nodes_http_free(struct nodes_http *n);

#endif
