#include "tests/sim/cluster.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"

void
cluster_wrong(const struct cluster *c, const char *fmt, ...)
{
	va_list ap;

	printf("cluster: seed %" PRIu64 ", at %" PRIu64 " ms: ", c->seed,
	    c->now_ms);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	exit(1);
}

int64_t
cluster_wall_ns(const struct cluster *c)
{
	return CLUSTER_WALL_S * CLOCK_NS_PER_S +
	       (int64_t)c->now_ms * CLOCK_NS_PER_MS;
}

bool
cluster_is_wild(const struct cluster *c)
{
	return c->now_ms < CLUSTER_CHAOS_MS;
}

uint64_t
cluster_between(struct cluster *c, uint64_t low, uint64_t high)
{
	return low + rng_below(&c->rng, high - low + 1);
}

bool
cluster_chance(struct cluster *c, unsigned permille)
{
	return rng_below(&c->rng, 1000) < permille;
}

/* --- the queue of events --- */

static bool
is_sooner(const struct event *a, const struct event *b)
{
	return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->seq < b->seq;
}

static void
swap(struct cluster *c, size_t i, size_t k)
{
	struct event e = c->heap[i];

	c->heap[i] = c->heap[k];
	c->heap[k] = e;
}

struct event *
cluster_later(struct cluster *c, uint64_t after_ms, enum event_kind kind,
    size_t who, uint64_t epoch)
{
	size_t i = c->nheap;

	if (c->nheap == c->heap_cap)
		c->heap =
		    xgrow(c->heap, c->nheap, &c->heap_cap, sizeof *c->heap);
	c->heap[c->nheap++] = (struct event){ .at_ms = c->now_ms + after_ms,
		.seq = ++c->seq,
		.kind = kind,
		.who = who,
		.epoch = epoch };
	for (; i > 0 && is_sooner(&c->heap[i], &c->heap[(i - 1) / 2]);
	     i = (i - 1) / 2)
		swap(c, i, (i - 1) / 2);
	return &c->heap[i];
}

static struct event
pop(struct cluster *c)
{
	struct event top = c->heap[0];
	size_t i = 0;

	c->heap[0] = c->heap[--c->nheap];
	for (;;) {
		size_t k = 2 * i + 1;

		if (k + 1 < c->nheap && is_sooner(&c->heap[k + 1], &c->heap[k]))
			k++;
		if (k >= c->nheap || !is_sooner(&c->heap[k], &c->heap[i]))
			return top;
		swap(c, i, k);
		i = k;
	}
}

/* --- the network --- */

static void
put_message(struct cluster *c, const struct event *ev)
{
	uint64_t ms = cluster_between(c, 1, cluster_chance(c, 20) ? 900 : 20);
	struct event *e = cluster_later(c, ms, ev->kind, ev->who, ev->epoch);

	e->call = ev->call;
	e->msg = ev->msg;
	e->refused = ev->refused;
	e->code = ev->code;
	buf_add(&e->bytes, ev->bytes.data, ev->bytes.len);
}

/* People reach the server over a connection that breaks or holds: what they
 * send is not doubled. */
void
cluster_send(struct cluster *c, struct event *ev)
{
	bool is_client = ev->who == CLUSTER_CLIENT;
	bool cut = !is_client && c->nodes[ev->who].cut_until_ms > c->now_ms;

	if (cut || (cluster_is_wild(c) && cluster_chance(c, 30))) {
		c->lost++;
	} else {
		put_message(c, ev);
		if (!is_client && cluster_is_wild(c) && cluster_chance(c, 20)) {
			put_message(c, ev);
			c->doubled++;
		}
	}
	buf_release(&ev->bytes);
}

/* --- life --- */

static void
plan_trouble(struct cluster *c)
{
	for (size_t i = 0; i < CLUSTER_NODES / 3; i++) {
		uint64_t at = cluster_between(c, 8000, CLUSTER_CHAOS_MS - 1);
		enum event_kind kind =
		    cluster_chance(c, 500) ? EV_NODE_CRASH : EV_AGENT_CRASH;

		cluster_later(c, at, kind,
		    (size_t)cluster_between(c, 0, CLUSTER_NODES - 1), 0);
	}
	for (size_t i = 0; i < 3; i++)
		cluster_later(c, cluster_between(c, 3000, CLUSTER_CHAOS_MS - 1),
		    EV_SERVER_CRASH, 0, 0);
	cluster_later(c, cluster_between(c, 3000, CLUSTER_CHAOS_MS - 1),
	    EV_SERVER_BOUNCE, 0, 0);
}

void
cluster_init(struct cluster *c, uint64_t seed)
{
	*c = (struct cluster){ .seed = seed };
	rng_init(&c->rng, seed);
	server_start(c);
	for (size_t i = 0; i < CLUSTER_NODES; i++) {
		struct rng ids;

		rng_init(&ids, i + 1);
		rng_uuid(&ids, c->nodes[i].id);
		cluster_later(c, cluster_between(c, 0, 5000), EV_NODE_UP, i, 0);
	}
	client_start(c);
	plan_trouble(c);
}

static void
dispatch(struct cluster *c, struct event *ev)
{
	switch (ev->kind) {
	case EV_REQUEST:
	case EV_SYNCED:
	case EV_TICK:
	case EV_SERVER_CRASH:
	case EV_SERVER_UP:
	case EV_SERVER_BOUNCE:
		server_event(c, ev);
		break;
	case EV_REPLY:
	case EV_TIMEOUT:
		if (ev->who == CLUSTER_CLIENT)
			client_event(c, ev);
		else
			node_event(c, ev);
		break;
	case EV_CLIENT:
		client_event(c, ev);
		break;
	case EV_NODE_CRASH:
	case EV_AGENT_CRASH:
	case EV_NODE_UP:
	case EV_LEASE:
	case EV_WAKE:
	case EV_STARTED:
	case EV_EXITED:
		node_event(c, ev);
		break;
	case EV_NKINDS:
		break;
	}
}

void
cluster_run(struct cluster *c)
{
	while (c->nheap > 0 && c->heap[0].at_ms <= CLUSTER_END_MS) {
		struct event ev = pop(c);

		c->now_ms = ev.at_ms;
		c->events++;
		dispatch(c, &ev);
		buf_release(&ev.bytes);
	}
	cluster_check_now(c);
	cluster_check_end(c);
}

void
cluster_release(struct cluster *c)
{
	server_stop(c);
	for (size_t i = 0; i < CLUSTER_NODES; i++)
		node_release(&c->nodes[i]);
	client_release(c);
	for (size_t i = 0; i < c->nheap; i++)
		buf_release(&c->heap[i].bytes);
	free(c->heap);
}
