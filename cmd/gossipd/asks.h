/*
 * Questions to the pool, and who waits for what comes back.
 *
 * The pool tells acks, responses and the end of a query by its id; here each
 * goes to whoever asked. What is called may not call into the pool.
 */
#ifndef CMD_GOSSIPD_ASKS_H
#define CMD_GOSSIPD_ASKS_H

#include "cmd/gossipd/ipc.h"
#include "cmd/gossipd/pool.h"

#define ASKS_MAX POOL_QUERIES_MAX /* under way at once */

/* POOL_EV_ACK, POOL_EV_RESPONSE or, as the last one, POOL_EV_QUERY_DONE. */
typedef void ask_fn(void *ctx, const struct pool_event *ev);

struct ask {
	ask_fn *fn; /* NULL: a free place */
	void *ctx;
	uint64_t id;
};

struct asks {
	struct pool *pool;
	struct ask list[ASKS_MAX];
};

/* Our own answer may come before it returns; after a -1 nothing does. */
int asks_start(struct asks *a, uint64_t now_ms, const struct pool_query *q,
    ask_fn *fn, void *ctx, struct err *err);
/* Whoever asked with this ctx hears nothing any more. */
void asks_forget(struct asks *a, const void *ctx);
void asks_event(struct asks *a, const struct pool_event *ev);

/* --- about keys --- */

/* why: NULL, or what was wrong with some members; k is borrowed. */
typedef void key_fn(void *ctx, const struct ipc_keys *k, const char *why);

/*
 * Asks all members; text is the key in base64, unused to list them. fn is
 * called once, when each has answered or the time is over, perhaps at once.
 */
int key_ask(struct asks *a, uint64_t now_ms, enum pool_key_verb verb,
    const char *text, key_fn *fn, void *ctx, struct err *err);
/* The same as asks_forget(); ctx NULL: all of them. */
void key_forget(struct asks *a, const void *ctx);

#endif
