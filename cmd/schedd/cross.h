/*
 * Requests for other regions, carried to a server of theirs and its answer
 * back: HTTP to its HTTP address, what nodes ask to its RPC port.
 *
 * Any server that the pool calls alive is asked, and the next one when it does
 * not answer and nothing was changed by that. Once the pool calls one dead, its
 * connections are closed: who waits for it is told so, or asks another. So a
 * region that is lost keeps nobody waiting for longer than the pool takes to
 * notice, and nothing of this region waits for another one.
 */
#ifndef SCHEDD_CROSS_H
#define SCHEDD_CROSS_H

#include "cmd/schedd/schedd.h"
#include "proto/member.h"

#define CROSS_CONNECT_MS 2000
#define CROSS_TRY_MS     5000 /* after that no other server is tried */

void cross_open(struct schedd *sd);
/* Before the HTTP server is freed its requests must be gone; before those of
 * the bus are freed. */
void cross_close(struct schedd *sd);

/* The pool has news. */
void cross_learn(struct schedd *sd, const struct member_rows *rows);
/* Regions that are known, with our own. */
size_t cross_count(const struct schedd *sd);
/* One of them that is not ours; NULL: there is none. */
const char *cross_elsewhere(const struct schedd *sd);

/* Whether the request is for another region than ours. */
bool cross_is_elsewhere(struct schedd *sd, const struct http_req *r);
/* True: it is, and taken; its body has been collected. */
bool cross_http(struct schedd *sd, struct http_req *r);
/*
 * The region that a job is for, as Nomad sees it: what the query says, else
 * the job, else ours; "global" is ours, too, where no region is called so.
 * True: it is another one, which answers. False: job_region is now ours.
 */
bool cross_job(struct schedd *sd, struct http_req *r, char **job_region);

/* A node's request for another region: true, and taken. */
bool cross_bus(
    struct schedd *sd, struct bus_req *req, uint16_t number, const void *body);

#endif
