/*
 * Finding the pool: the members that a config or an operator names are asked
 * for their state, one attempt to each address.
 *
 * A task is one list of them: it ends when each has been tried, and says by
 * how many it has joined and what went wrong with the others. Of a name with
 * several addresses one that answers is enough.
 */
#ifndef CMD_GOSSIPD_JOIN_H
#define CMD_GOSSIPD_JOIN_H

#include "cmd/gossipd/pool.h"
#include "common/loop.h"

#define JOIN_MAX_ADDRS     64 /* in one list */
#define JOIN_MAX_TASKS     16 /* at once */

#define JOIN_FIRST_WAIT_MS 1000

struct joins;

struct join_result {
	size_t njoined;
	const char *errors; /* sentences, a line each; "" */
};

/* The pool is borrowed. port is what an address without one has. `moved` is
 * called after each call into the pool. */
struct joins *joins_new(struct loop *l, struct pool *pool, uint16_t port,
    void (*moved)(void *ctx), void *ctx);
void joins_free(struct joins *j); /* tasks end without a word */

/*
 * replay: as in pool_join(). done is called on a later turn, once. False when
 * there are too many lists or too many in it.
 */
bool joins_start(struct joins *j, char *const *addrs, size_t n, bool replay,
    void (*done)(void *ctx, const struct join_result *r), void *ctx);

/*
 * How long to wait after the nth attempt (from 1) at which nobody answered:
 * a second, then twice as long each time, interval_ms at the most; a quarter
 * of it is chance, so that servers that start together do not ask together.
 */
uint64_t join_wait_ms(int64_t n, uint64_t interval_ms, uint64_t chance);

/* A POOL_EV_JOINED came out of the pool; done() follows on a later turn. */
void joins_on_joined(struct joins *j, uint64_t token, bool ok, const char *why);

#endif
