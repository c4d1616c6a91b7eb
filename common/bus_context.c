/*
 * A server's contexts: each receives a request, holds it, and sends the answer.
 * What nng's threads do stands here.
 */
#include <stdlib.h>

#include <nng/nng.h>
#include <uthash.h>

#include "common/bus_nng.h"
#include "common/bus_server_impl.h"
#include "common/mem.h"

#define RECEIVERS     4  /* contexts that wait for a request, at least */
#define RECEIVERS_MAX 64 /* ... and while very many come */
#define IDLE_KEPT     8  /* contexts that wait for nothing */

void
bus_on_line_gone(nng_pipe pipe, nng_pipe_ev what, void *arg)
{
	struct bus_server *s = arg;
	int id = nng_pipe_id(pipe);
	struct known_line *line;

	(void)what;
	pthread_mutex_lock(&s->lock);
	HASH_FIND_INT(s->known, &id, line);
	if (line != NULL) {
		HASH_DEL(s->known, line);
		s->nknown_gone++;
	}
	pthread_mutex_unlock(&s->lock);
	free(line);
}

void
bus_to_idle(struct bus_server *s, struct bus_context *c)
{
	c->state = CONTEXT_IDLE;
	c->next = s->idle;
	s->idle = c;
	s->nidle++;
}

static bool
to_receiving(struct bus_server *s, struct bus_context *c)
{
	if (s->closing || s->nreceiving >= s->nwanted)
		return false;
	c->state = CONTEXT_RECEIVING;
	s->nreceiving++;
	return true;
}

static void
to_arrived(struct bus_server *s, struct bus_context *c)
{
	c->state = CONTEXT_ARRIVED;
	c->next = NULL;
	*s->arrived_end = c;
	s->arrived_end = &c->next;
}

/* A send or a receive has ended. A reply that cannot be sent is dropped:
 * who asked is gone, or will time out and ask again. */
static void
on_aio(void *arg)
{
	struct bus_context *c = arg;
	struct bus_server *s = c->server;
	int rv = nng_aio_result(c->aio);
	bool receive = false, ring = false;

	pthread_mutex_lock(&s->lock);
	if (c->state == CONTEXT_SENDING) {
		if (rv != 0)
			nng_msg_free(nng_aio_get_msg(c->aio));
		receive = to_receiving(s, c);
	} else if (rv == 0) {
		s->nreceiving--;
		to_arrived(s, c);
		ring = true;
	} else {
		s->nreceiving--;
	}
	if (!receive && !ring) {
		bus_to_idle(s, c);
		ring = s->nidle > IDLE_KEPT;
	}
	pthread_mutex_unlock(&s->lock);
	if (receive)
		nng_ctx_recv(c->ctx, c->aio);
	if (ring)
		bus_bell_ring(&s->bell);
}

static struct bus_context *
context_new(struct bus_server *s)
{
	struct bus_context *c = xcalloc(1, sizeof *c);

	c->server = s;
	if (nng_ctx_open(&c->ctx, s->socket) != 0) {
		free(c);
		return NULL;
	}
	if (nng_aio_alloc(&c->aio, on_aio, c) != 0) {
		nng_ctx_close(c->ctx);
		free(c);
		return NULL;
	}
	s->all =
	    xgrow(s->all, s->nall, &s->all_cap, sizeof(struct bus_context *));
	c->place = s->nall;
	s->all[s->nall++] = c;
	return c;
}

void
bus_context_free(struct bus_context *c)
{
	struct bus_server *s = c->server;

	nng_aio_stop(c->aio);
	if (c->state == CONTEXT_ARRIVED)
		nng_msg_free(nng_aio_get_msg(c->aio));
	nng_ctx_close(c->ctx);
	nng_aio_free(c->aio);
	if (c->req != NULL)
		bus_req_end(c->req);
	s->all[c->place] = s->all[--s->nall];
	s->all[c->place]->place = c->place;
	free(c);
}

static struct bus_context *
take_idle(struct bus_server *s, bool only_surplus)
{
	struct bus_context *c = s->idle;

	if (c == NULL || (only_surplus && s->nidle <= IDLE_KEPT))
		return NULL;
	s->idle = c->next;
	s->nidle--;
	return c;
}

/* Lets one more context receive. False: enough do, or there is no memory. */
static bool
receive_one(struct bus_server *s)
{
	struct bus_context *c;
	bool receive;

	pthread_mutex_lock(&s->lock);
	receive = s->nreceiving < s->nwanted;
	c = receive ? take_idle(s, false) : NULL;
	pthread_mutex_unlock(&s->lock);
	if (!receive)
		return false;
	if (c == NULL && (c = context_new(s)) == NULL)
		return false;
	pthread_mutex_lock(&s->lock);
	receive = to_receiving(s, c);
	if (!receive)
		bus_to_idle(s, c);
	pthread_mutex_unlock(&s->lock);
	if (receive)
		nng_ctx_recv(c->ctx, c->aio);
	return receive;
}

/* As many as come at a time may be received at a time: else each handful of a
 * burst waits for a turn of the loop. */
static void
adjust(struct bus_server *s, size_t narrived)
{
	size_t n = s->nwanted;

	if (narrived >= n)
		n = 2 * n;
	else if (narrived < n / 4)
		n = n / 2;
	n = n < RECEIVERS ? RECEIVERS : n;
	pthread_mutex_lock(&s->lock);
	s->nwanted = n < RECEIVERS_MAX ? n : RECEIVERS_MAX;
	pthread_mutex_unlock(&s->lock);
}

void
bus_tend_contexts(struct bus_server *s, size_t narrived)
{
	struct bus_context *surplus;

	adjust(s, narrived);
	while (receive_one(s))
		;
	for (;;) {
		pthread_mutex_lock(&s->lock);
		surplus = take_idle(s, true);
		pthread_mutex_unlock(&s->lock);
		if (surplus == NULL)
			return;
		bus_context_free(surplus);
	}
}
