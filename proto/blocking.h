/*
 * How long a request of the HTTP API may be held: a read that names an index
 * waits for news, for as long as "wait" says.
 */
#ifndef PROTO_BLOCKING_H
#define PROTO_BLOCKING_H

#include <stdint.h>

#include "common/http/http.h"

#define BLOCKING_DEFAULT_MS 300000 /* when the client names no wait */
#define BLOCKING_MAX_MS     300000
/* Up to a sixteenth more at random, so that not all are answered at once. */
#define BLOCKING_JITTER_PARTS 16
/* The longest that the API takes for anything that waits for no news: a
 * leader to come, a commit, and a slow machine. */
#define BLOCKING_ANSWER_MS 30000
/* A whole state is saved, or taken up. */
#define BLOCKING_STATE_MS 600000

/* The wait that the request asks for, cut to what there is at most; -1: it is
 * no duration, and ms is the default. */
int blocking_wait(const struct http_req *r, uint64_t *ms);

/* Within that time its answer begins, or none will: for who hands it on. */
uint64_t blocking_begin_ms(const struct http_req *r);

#endif
