/*
 * Routes from a Consul catalog by HTTP: a real one's, or nodeagent's.
 *
 * First the agent is asked for its data centre. Then one request for all checks
 * is held by the catalog until something changes; after each answer every
 * service that has an instance to use is asked for, then the table is made and
 * the next request sent. Two more requests are held for the keys with route
 * commands and the page for no route. What fails is tried again after
 * CONSUL_RETRY_MS; until then routes stay.
 *
 * lbd registers itself in the catalog, keeps that up, and takes itself out
 * when it stops.
 */
#ifndef LBD_CONSUL_H
#define LBD_CONSUL_H

#include "cmd/lbd/lbd.h"

#define CONSUL_RETRY_MS   1000
#define CONSUL_HELD_MS    345000 /* a held request: 5 minutes and a bit */
#define CONSUL_ASK_MS     10000  /* any other */
#define CONSUL_PASS_MS    10000  /* how often the own check is kept up */
#define CONSUL_LEAVE_MS   1000   /* the last word may take so long */
#define CONSUL_TTL        "15s"
#define CONSUL_FORGET     "1m0s" /* the registration of one who is gone */
#define CONSUL_MAX_ASKED  8      /* services asked for at one time */
#define CONSUL_MAX_ANSWER (64u << 20)

struct consul;

struct consul *consul_new(struct lbd *l);
void consul_free(struct consul *c); /* NULL is fine */

/* Whether the last question was answered. False for NULL. */
bool consul_is_up(const struct consul *c);

/* Takes the registration back, then calls done(ctx); at the latest after
 * CONSUL_LEAVE_MS. */
void consul_leave(struct consul *c, void (*done)(void *ctx), void *ctx);

#endif
