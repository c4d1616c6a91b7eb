/* Where connections come from: a listener, and a dialler that tries again. */
#include "common/bus_ends.h"

#include <string.h>

#include <nng/nng.h>

#include "common/mem.h"

/* Retries are spread evenly between nothing and a wait that doubles from
 * the first to the last of these. An absent neighbour costs little to try. */
#define IPC_RETRY_MIN_MS  10
#define IPC_RETRY_MAX_MS  2000
#define TCP_RETRY_MIN_MS  100
#define TCP_RETRY_MAX_MS  5000
#define KEEN_RETRY_MIN_MS 20
#define KEEN_RETRY_MAX_MS 500

/* Then an address that says nothing is tried anew. */
#define TCP_DIAL_MS     5000
#define KEEN_DIAL_MS    2000

#define IPC_MODE        0660
#define ACCEPT_AGAIN_MS 50 /* after there were no descriptors left */

static bool
is_scheme(const char *url, const char *scheme)
{
	return strncmp(url, scheme, strlen(scheme)) == 0;
}

/* What an operation brought that nobody was told of. */
static void
drop_stream(struct bus_op *op)
{
	if (bus_op_release(op) && nng_aio_result(op->aio) == 0)
		nng_stream_free(nng_aio_get_output(op->aio, 0));
	bus_op_free_aio(op);
}

/* --- listening --- */

static void
accept_next(void *arg)
{
	struct bus_listener *e = arg;

	nng_stream_listener_accept(e->listener, e->op.aio);
}

static void
on_accepted(void *arg)
{
	struct bus_listener *e = arg;
	int rv = nng_aio_result(e->op.aio);
	nng_stream *stream;

	if (rv != 0) {
		loop_timer_set(e->timer, ACCEPT_AGAIN_MS);
		return;
	}
	stream = nng_aio_get_output(e->op.aio, 0);
	accept_next(e);
	e->fn(e->ctx, stream);
}

static int
set_up(nng_stream_listener *l, const char *url)
{
	int rv;

	if (is_scheme(url, "ipc:"))
		return nng_stream_listener_set_int(
		    l, NNG_OPT_IPC_PERMISSIONS, IPC_MODE);
	if (!is_scheme(url, "tcp:"))
		return 0;
	rv = nng_stream_listener_set_bool(l, NNG_OPT_TCP_NODELAY, true);
	if (rv != 0)
		return rv;
	return nng_stream_listener_set_bool(l, NNG_OPT_TCP_KEEPALIVE, true);
}

int
bus_listener_init(struct bus_listener *e, struct bus_hub *h, const char *url,
    void (*fn)(void *ctx, nng_stream *stream), void *ctx, struct err *err)
{
	int rv = nng_stream_listener_alloc(&e->listener, url);

	if (rv != 0)
		return bus_nng_err(err, rv, "listen at", url);
	if ((rv = set_up(e->listener, url)) != 0 ||
	    (rv = nng_stream_listener_listen(e->listener)) != 0) {
		nng_stream_listener_free(e->listener);
		e->listener = NULL;
		return bus_nng_err(err, rv, "listen at", url);
	}
	e->fn = fn;
	e->ctx = ctx;
	e->timer = loop_timer_new(h->loop, accept_next, e);
	bus_op_init(&e->op, h, on_accepted, e);
	accept_next(e);
	return 0;
}

void
bus_listener_release(struct bus_listener *e)
{
	if (e->listener == NULL)
		return;
	nng_stream_listener_close(e->listener);
	drop_stream(&e->op);
	nng_stream_listener_free(e->listener);
	loop_timer_free(e->timer);
	memset(e, 0, sizeof *e);
}

int
bus_listener_port(const struct bus_listener *e)
{
	int port;

	if (nng_stream_listener_get_int(
		e->listener, NNG_OPT_TCP_BOUND_PORT, &port) != 0)
		return 0;
	return port;
}

/* --- dialling --- */

static void
dial(void *arg)
{
	struct bus_dialer *e = arg;

	nng_stream_dialer_dial(e->dialer, e->op.aio);
}

static void
on_dialled(void *arg)
{
	struct bus_dialer *e = arg;

	if (nng_aio_result(e->op.aio) != 0)
		bus_dialer_again(e);
	else
		e->fn(e->ctx, nng_aio_get_output(e->op.aio, 0));
}

/* An ipc socket takes a connection at once, or nobody listens. */
static int
dial_now(struct bus_dialer *e, nng_aio *now)
{
	nng_stream_dialer_dial(e->dialer, now);
	nng_aio_wait(now);
	if (nng_aio_result(now) != 0)
		return nng_aio_result(now);
	e->fn(e->ctx, nng_aio_get_output(now, 0));
	return 0;
}

static int
dial_first(struct bus_dialer *e, const char *url, bool now)
{
	int rv = 0;

	if (is_scheme(url, "tcp:"))
		rv = nng_stream_dialer_set_bool(
		    e->dialer, NNG_OPT_TCP_NODELAY, true);
	if (rv == 0 && is_scheme(url, "tcp:"))
		rv = nng_stream_dialer_set_bool(
		    e->dialer, NNG_OPT_TCP_KEEPALIVE, true);
	if (rv == 0 && now && is_scheme(url, "ipc:"))
		return dial_now(e, e->op.hub->now);
	if (rv == 0)
		dial(e);
	return rv;
}

static void
set_haste(struct bus_dialer *e, const char *url, enum bus_haste haste)
{
	bool ipc = is_scheme(url, "ipc:");

	e->min_ms = ipc ? IPC_RETRY_MIN_MS : TCP_RETRY_MIN_MS;
	e->max_ms = ipc ? IPC_RETRY_MAX_MS : TCP_RETRY_MAX_MS;
	if (haste == BUS_KEEN) {
		e->min_ms = KEEN_RETRY_MIN_MS;
		e->max_ms = KEEN_RETRY_MAX_MS;
	}
	e->wait_ms = e->min_ms;
}

/* One that has gone to sleep over lost packets would wake late. */
static void
set_patience(struct bus_dialer *e, const char *url, enum bus_haste haste)
{
	if (is_scheme(url, "tcp:"))
		nng_aio_set_timeout(
		    e->op.aio, haste == BUS_KEEN ? KEEN_DIAL_MS : TCP_DIAL_MS);
}

int
bus_dialer_init(struct bus_dialer *e, struct bus_hub *h, const char *url,
    enum bus_haste haste, void (*fn)(void *ctx, nng_stream *stream), void *ctx,
    struct err *err)
{
	uint64_t seed;
	int rv = nng_stream_dialer_alloc(&e->dialer, url);

	if (rv != 0)
		return bus_nng_err(err, rv, "connect to", url);
	e->fn = fn;
	e->ctx = ctx;
	set_haste(e, url, haste);
	rng_secret(&seed, sizeof seed);
	rng_init(&e->rng, seed);
	e->timer = loop_timer_new(h->loop, dial, e);
	bus_op_init(&e->op, h, on_dialled, e);
	set_patience(e, url, haste);
	if ((rv = dial_first(e, url, haste == BUS_NOW)) == 0)
		return 0;
	bus_dialer_release(e);
	return bus_nng_err(err, rv, "connect to", url);
}

void
bus_dialer_release(struct bus_dialer *e)
{
	if (e->dialer == NULL)
		return;
	nng_stream_dialer_close(e->dialer);
	drop_stream(&e->op);
	nng_stream_dialer_free(e->dialer);
	loop_timer_free(e->timer);
	memset(e, 0, sizeof *e);
}

void
bus_dialer_worked(struct bus_dialer *e)
{
	e->wait_ms = e->min_ms;
}

void
bus_dialer_again(struct bus_dialer *e)
{
	loop_timer_set(e->timer, rng_below(&e->rng, e->wait_ms));
	e->wait_ms = e->wait_ms * 2 < e->max_ms ? e->wait_ms * 2 : e->max_ms;
}
