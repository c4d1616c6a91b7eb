/*
 * Requests that are not for this server to answer: the leader is. HTTP
 * requests are handed on to its HTTP address, those of nodes over the bus.
 *
 * While nobody is known to lead, an HTTP request is kept for as long as that
 * may last, FORWARD_WAIT_MS, and is then refused as Nomad does. What an old
 * leader has not answered FORWARD_OLD_MS after there is a new one is given up:
 * it may be cut off, or stand still. Reads go to the new one. Of writes nobody
 * knows the outcome, and that is what the client is told. A cluster of one
 * hands nothing on.
 */
#ifndef SCHEDD_FORWARD_H
#define SCHEDD_FORWARD_H

#include "cmd/schedd/schedd.h"

#define FORWARD_WAIT_MS 5000
#define FORWARD_MAX     4096 /* requests kept at a time */
#define FORWARD_HOPS    3    /* servers that hand one on, who disagree */
#define FORWARD_BUS_MS  5000
#define FORWARD_HOP     "X-Rove-Hop" /* each server that hands on adds one */
#define FORWARD_OLD_MS  500          /* for the answers of who led before */

void forwards_open(struct schedd *sd);
/* Before the HTTP server is freed its requests must be gone; before those of
 * the bus are freed. */
void forwards_close(struct schedd *sd);

/* How many servers have handed it on. */
size_t forward_hops(const struct http_req *r);
/* True: it is the leader's, and taken. False: answer it here. */
bool forward_http(struct schedd *sd, struct http_req *r);
/* Whoever leads now answers: this server was the leader. */
void forward_http_lost(struct schedd *sd, struct http_req *r);
/* The same for a node's request. */
bool forward_bus(
    struct schedd *sd, struct bus_req *req, uint16_t number, const void *body);

/* There is news of who leads: goes on with what was kept. */
void forward_run(struct schedd *sd);
/* Nothing is kept, and no write that was handed on is without its answer. */
bool forward_is_over(const struct schedd *sd);
/* Refuses what was kept. */
void forward_end_all(struct schedd *sd);

/* Whether the path is outside the API, or begins as one of these: it is for
 * whoever was asked. */
bool forward_is_among(const char *path, const char *const *begins, size_t n);

#endif
