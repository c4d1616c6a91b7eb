/*
 * Where nng's threads end: an operation of nng's that has ended is told on the
 * loop's thread. All they do is put it on a list and ring.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <nng/nng.h>

#include "common/bus_nng.h"
#include "common/log.h"
#include "common/mem.h"

/* Ends told in one turn. What is told may bring about the next, so while very
 * much comes there is no end of it, and timers must have their turn. */
#define TURN_MAX 32

static void
ring(const struct bus_hub *h)
{
	uint64_t one = 1;

	if (write(h->fd, &one, sizeof one) == -1)
		log_error("a bell is mute: %s", strerror(errno));
}

/* On a thread of nng's, mostly. */
static void
on_end(void *arg)
{
	struct bus_op *op = arg;
	struct bus_hub *h = op->hub;
	bool silent;

	pthread_mutex_lock(&h->lock);
	op->state = BUS_OP_ENDED;
	TAILQ_INSERT_TAIL(&h->ended, op, entry);
	silent = !h->rung;
	h->rung = true;
	pthread_mutex_unlock(&h->lock);
	/* The hub outlives its operations, and so this one. */
	if (silent)
		ring(h);
}

static void
hub_destroy(struct bus_hub *h)
{
	pthread_mutex_destroy(&h->lock);
	nng_aio_free(h->now);
	close(h->fd);
	free(h);
}

/* What has ended since goes behind what has not been told. */
static void
take_ended(struct bus_hub *h)
{
	struct bus_op *op;

	pthread_mutex_lock(&h->lock);
	h->rung = false;
	TAILQ_FOREACH (op, &h->ended, entry)
		op->state = BUS_OP_TAKEN;
	TAILQ_CONCAT(&h->taken, &h->ended, entry);
	pthread_mutex_unlock(&h->lock);
}

static void
on_bell(void *arg, bool readable, bool writable)
{
	struct bus_hub *h = arg;
	struct bus_op *op;
	uint64_t n;

	(void)readable;
	(void)writable;
	if (read(h->fd, &n, sizeof n) == -1)
		return;
	take_ended(h);
	h->busy = true;
	for (n = 0; n < TURN_MAX && !h->dead; n++) {
		if ((op = TAILQ_FIRST(&h->taken)) == NULL ||
		    (n > 0 && loop_is_late(h->loop)))
			break;
		TAILQ_REMOVE(&h->taken, op, entry);
		op->state = BUS_OP_IDLE;
		op->fn(op->arg);
	}
	h->busy = false;
	if (h->dead)
		hub_destroy(h);
	else if (!TAILQ_EMPTY(&h->taken))
		ring(h);
}

struct bus_hub *
bus_hub_new(struct loop *l)
{
	struct bus_hub *h = xcalloc(1, sizeof *h);

	h->loop = l;
	h->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (h->fd == -1)
		log_fatal("eventfd: %s", strerror(errno));
	if (nng_aio_alloc(&h->now, NULL, NULL) != 0)
		log_fatal("no memory for an nng_aio");
	pthread_mutex_init(&h->lock, NULL);
	TAILQ_INIT(&h->ended);
	TAILQ_INIT(&h->taken);
	h->watch = loop_fd_new(l, h->fd, on_bell, h);
	loop_fd_want(h->watch, true, false);
	return h;
}

void
bus_hub_free(struct bus_hub *h)
{
	if (h == NULL)
		return;
	loop_fd_free(h->watch);
	h->dead = true;
	if (!h->busy)
		hub_destroy(h);
}

void
bus_op_init(
    struct bus_op *op, struct bus_hub *h, void (*fn)(void *arg), void *arg)
{
	memset(op, 0, sizeof *op);
	op->hub = h;
	op->fn = fn;
	op->arg = arg;
	if (nng_aio_alloc(&op->aio, on_end, op) != 0)
		log_fatal("no memory for an nng_aio");
}

void
bus_op_post(struct bus_op *op)
{
	on_end(op);
}

bool
bus_op_release(struct bus_op *op)
{
	struct bus_hub *h = op->hub;
	bool unheard;

	if (op->aio == NULL)
		return false;
	nng_aio_stop(op->aio); /* on_end() has run, or never will */
	unheard = op->state != BUS_OP_IDLE;
	if (op->state == BUS_OP_TAKEN) {
		TAILQ_REMOVE(&h->taken, op, entry);
	} else if (unheard) {
		pthread_mutex_lock(&h->lock);
		TAILQ_REMOVE(&h->ended, op, entry);
		pthread_mutex_unlock(&h->lock);
	}
	op->state = BUS_OP_IDLE;
	return unheard;
}

void
bus_op_free_aio(struct bus_op *op)
{
	nng_aio_free(op->aio);
	op->aio = NULL;
}
