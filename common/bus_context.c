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

#define RECEIVERS 4 /* contexts that wait for a request */
#define IDLE_KEPT 8 /* contexts that wait for nothing */

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
bus_to_idle(struct bus_server *s, struct bus_req *r)
{
	r->state = REQ_IDLE;
	r->next = s->idle;
	s->idle = r;
	s->nidle++;
}

static bool
to_receiving(struct bus_server *s, struct bus_req *r)
{
	if (s->closing || s->nreceiving >= RECEIVERS)
		return false;
	r->state = REQ_RECEIVING;
	s->nreceiving++;
	return true;
}

static void
to_arrived(struct bus_server *s, struct bus_req *r)
{
	r->state = REQ_ARRIVED;
	r->next = NULL;
	*s->arrived_end = r;
	s->arrived_end = &r->next;
}

/* A send or a receive has ended. A reply that cannot be sent is dropped:
 * who asked is gone, or will time out and ask again. */
static void
on_aio(void *arg)
{
	struct bus_req *r = arg;
	struct bus_server *s = r->server;
	int rv = nng_aio_result(r->aio);
	bool receive = false, ring = false;

	pthread_mutex_lock(&s->lock);
	if (r->state == REQ_SENDING) {
		if (rv != 0)
			nng_msg_free(nng_aio_get_msg(r->aio));
		receive = to_receiving(s, r);
	} else if (rv == 0) {
		s->nreceiving--;
		to_arrived(s, r);
		ring = true;
	} else {
		s->nreceiving--;
	}
	if (!receive && !ring) {
		bus_to_idle(s, r);
		ring = s->nidle > IDLE_KEPT;
	}
	pthread_mutex_unlock(&s->lock);
	if (receive)
		nng_ctx_recv(r->ctx, r->aio);
	if (ring)
		bus_bell_ring(&s->bell);
}

static struct bus_req *
req_new(struct bus_server *s)
{
	struct bus_req *r = xcalloc(1, sizeof *r);

	r->server = s;
	if (nng_ctx_open(&r->ctx, s->socket) != 0) {
		free(r);
		return NULL;
	}
	if (nng_aio_alloc(&r->aio, on_aio, r) != 0) {
		nng_ctx_close(r->ctx);
		free(r);
		return NULL;
	}
	s->all = xgrow(s->all, s->nall, &s->all_cap, sizeof(struct bus_req *));
	r->place = s->nall;
	s->all[s->nall++] = r;
	return r;
}

void
bus_req_free(struct bus_req *r)
{
	struct bus_server *s = r->server;

	nng_aio_stop(r->aio);
	if (r->state == REQ_ARRIVED)
		nng_msg_free(nng_aio_get_msg(r->aio));
	nng_ctx_close(r->ctx);
	nng_aio_free(r->aio);
	arena_release(&r->arena);
	s->all[r->place] = s->all[--s->nall];
	s->all[r->place]->place = r->place;
	free(r);
}

static struct bus_req *
take_idle(struct bus_server *s, bool only_surplus)
{
	struct bus_req *r = s->idle;

	if (r == NULL || (only_surplus && s->nidle <= IDLE_KEPT))
		return NULL;
	s->idle = r->next;
	s->nidle--;
	return r;
}

/* Lets one more context receive. False: enough do, or there is no memory. */
static bool
receive_one(struct bus_server *s)
{
	struct bus_req *r;
	bool receive;

	pthread_mutex_lock(&s->lock);
	receive = s->nreceiving < RECEIVERS;
	r = receive ? take_idle(s, false) : NULL;
	pthread_mutex_unlock(&s->lock);
	if (!receive)
		return false;
	if (r == NULL && (r = req_new(s)) == NULL)
		return false;
	pthread_mutex_lock(&s->lock);
	receive = to_receiving(s, r);
	if (!receive)
		bus_to_idle(s, r);
	pthread_mutex_unlock(&s->lock);
	if (receive)
		nng_ctx_recv(r->ctx, r->aio);
	return receive;
}

/* Keeps enough contexts receiving, and not too many idle. */
void
bus_tend_contexts(struct bus_server *s)
{
	struct bus_req *surplus;

	while (receive_one(s))
		;
	for (;;) {
		pthread_mutex_lock(&s->lock);
		surplus = take_idle(s, true);
		pthread_mutex_unlock(&s->lock);
		if (surplus == NULL)
			return;
		bus_req_free(surplus);
	}
}
