/*
 * Inside the bus's own files: who listens, and who dials until somebody
 * answers. Both hand over each connection that there is, as a stream that is
 * the taker's; fn may release them.
 */
#ifndef COMMON_BUS_ENDS_H
#define COMMON_BUS_ENDS_H

#include <nng/nng.h>

#include "common/bus_nng.h"
#include "common/rng.h"

struct bus_listener {
	nng_stream_listener *listener; /* NULL: released */
	struct bus_op op;
	struct loop_timer *timer;
	void (*fn)(void *ctx, nng_stream *stream);
	void *ctx;
};

int bus_listener_init(struct bus_listener *e, struct bus_hub *h,
    const char *url, void (*fn)(void *ctx, nng_stream *stream), void *ctx,
    struct err *err);
void bus_listener_release(struct bus_listener *e);
int bus_listener_port(const struct bus_listener *e); /* of tcp; 0: none */

enum bus_haste {
	BUS_CALM,
	BUS_KEEN, /* a short backoff */
	BUS_NOW,  /* an ipc socket where nobody listens is told at once */
};

struct bus_dialer {
	nng_stream_dialer *dialer; /* NULL: released */
	struct bus_op op;
	struct loop_timer *timer;
	struct rng rng;
	uint64_t min_ms, max_ms, wait_ms; /* before the next try */
	void (*fn)(void *ctx, nng_stream *stream);
	void *ctx;
};

/* BUS_NOW: fn may be called before it returns. */
int bus_dialer_init(struct bus_dialer *e, struct bus_hub *h, const char *url,
    enum bus_haste haste, void (*fn)(void *ctx, nng_stream *stream), void *ctx,
    struct err *err);
void bus_dialer_release(struct bus_dialer *e);
/* Its connection is good: the next backoff begins anew. */
void bus_dialer_worked(struct bus_dialer *e);
/* Its connection has gone: dials again, soon. */
void bus_dialer_again(struct bus_dialer *e);

#endif
