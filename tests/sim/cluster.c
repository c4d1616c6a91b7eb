#include "tests/sim/cluster.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"

int64_t
cluster_wall_ns(const struct cluster *c)
{
	return CLUSTER_WALL_S * CLOCK_NS_PER_S +
	       (int64_t)c->w.now * CLOCK_NS_PER_MS;
}

uint64_t
cluster_between(struct cluster *c, uint64_t low, uint64_t high)
{
	return low + rng_below(&c->rng, high - low + 1);
}

bool
cluster_chance(struct cluster *c, unsigned permille)
{
	return sim_chance(&c->rng, permille);
}

struct vserver *
cluster_leader(struct cluster *c)
{
	struct vserver *best = NULL;

	for (size_t i = 0; i < c->w.o.nservers; i++) {
		struct vserver *v = &c->servers[i];

		if (v->core != NULL && v->leads && v->raft_leads &&
		    (best == NULL || v->term > best->term))
			best = v;
	}
	return best;
}

/* --- the queue of events --- */

static bool
is_sooner(const struct event_at *a, const struct event_at *b)
{
	return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->seq < b->seq;
}

static void
push(struct cluster *c, struct event *ev)
{
	struct event_at at = { ev->at_ms, ++c->seq, ev };
	size_t i = c->nheap;

	c->heap = xgrow(c->heap, i, &c->heap_cap, sizeof *c->heap);
	c->nheap++;
	for (; i > 0 && is_sooner(&at, &c->heap[(i - 1) / 2]); i = (i - 1) / 2)
		c->heap[i] = c->heap[(i - 1) / 2];
	c->heap[i] = at;
}

static struct event *
pop(struct cluster *c)
{
	struct event *top = c->heap[0].ev;
	struct event_at last = c->heap[--c->nheap];
	size_t i = 0, k;

	while ((k = 2 * i + 1) < c->nheap) {
		if (k + 1 < c->nheap && is_sooner(&c->heap[k + 1], &c->heap[k]))
			k++;
		if (!is_sooner(&c->heap[k], &last))
			break;
		c->heap[i] = c->heap[k];
		i = k;
	}
	c->heap[i] = last;
	return top;
}

static struct event *
event_new(struct cluster *c)
{
	struct event *ev = c->spare;

	if (ev == NULL)
		return xcalloc(1, sizeof *ev);
	c->spare = ev->next;
	*ev = (struct event){ 0 };
	return ev;
}

static void
event_free(struct cluster *c, struct event *ev)
{
	buf_release(&ev->bytes);
	ev->next = c->spare;
	c->spare = ev;
}

struct event *
cluster_later(struct cluster *c, uint64_t after_ms, enum event_kind kind,
    size_t who, uint64_t epoch)
{
	struct event *ev = event_new(c);

	ev->at_ms = c->w.now + after_ms;
	ev->kind = kind;
	ev->who = who;
	ev->epoch = epoch;
	push(c, ev);
	return ev;
}

void
cluster_put_off(struct cluster *c, struct event *ev, uint64_t at_ms)
{
	struct event *e = event_new(c);

	*e = *ev;
	e->at_ms = at_ms;
	ev->bytes = (struct buf){ 0 };
	push(c, e);
}

/* --- the network --- */

static uint64_t
travel_ms(struct cluster *c)
{
	bool late = c->wild && cluster_chance(c, 20);

	return cluster_between(c, 1, late ? 900 : 20);
}

/* People reach a server over a connection that breaks or holds: what they
 * send is not doubled. */
void
cluster_send(struct cluster *c, struct event *ev)
{
	bool is_client = ev->who == CLUSTER_CLIENT;
	struct event twin = *ev;

	if ((!is_client && !node_reaches(c, &c->nodes[ev->who], ev->server)) ||
	    (c->wild && cluster_chance(c, c->o.loss))) {
		buf_release(&ev->bytes);
		return;
	}
	if (!is_client && c->wild && cluster_chance(c, c->o.twice)) {
		twin.bytes = (struct buf){ 0 };
		buf_add(&twin.bytes, ev->bytes.data, ev->bytes.len);
		cluster_put_off(
		    c, &twin, c->w.now + cluster_between(c, 1, 1500));
	}
	cluster_put_off(c, ev, c->w.now + travel_ms(c));
}

void
cluster_hand_on(struct cluster *c, size_t from, struct event *ev)
{
	if (c->w.blocked[from][ev->server] ||
	    (c->wild && cluster_chance(c, c->o.loss)))
		buf_release(&ev->bytes);
	else
		cluster_put_off(c, ev, c->w.now + travel_ms(c));
}

/* --- a run --- */

static void
dispatch(struct cluster *c, struct event *ev)
{
	switch (ev->kind) {
	case EV_REQUEST:
	case EV_NEWS:
	case EV_INBOX:
	case EV_TICK:
	case EV_HELD:
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
	case EV_READER:
		client_event(c, ev);
		break;
	case EV_MEMBERS:
	case EV_AWAY:
	case EV_BACK:
		members_event(c, ev);
		break;
	case EV_TROUBLE:
		cluster_trouble(c);
		break;
	case EV_LOOK:
		cluster_look(c);
		break;
	case EV_NODE_CRASH:
	case EV_AGENT_CRASH:
	case EV_NODE_UP:
	case EV_LEASE:
	case EV_PULL:
	case EV_PUSH:
	case EV_MOVE:
	case EV_WAKE:
	case EV_STARTED:
	case EV_EXITED:
		node_event(c, ev);
		break;
	}
}

static void
run_until(struct cluster *c, uint64_t until)
{
	for (;;) {
		uint64_t raft_at = sim_next_at(&c->w);
		uint64_t at = c->nheap > 0 ? c->heap[0].at_ms : UINT64_MAX;
		struct sim_event sev;
		struct event *ev;

		if (raft_at > until && at > until)
			break;
		if (raft_at <= at && sim_next(&c->w, until, &sev)) {
			sim_handle(&c->w, &sev);
			continue;
		}
		ev = pop(c);
		c->w.now = ev->at_ms;
		c->stats.events++;
		c->w.trace = sim_mix(c->w.trace,
		    ev->at_ms ^ (ev->who << 32) ^ ((uint64_t)ev->kind << 56));
		dispatch(c, ev);
		event_free(c, ev);
	}
	c->w.now = until;
}

#define SETTLE_MS 500
#define STAY_MS   5000
#define AGAIN_MS  15000 /* a rollout went on, and a node hears of it late */
/* Until it is seen who loses its lease by a clock. */
#define LONG_STAY_MS 15000

/* Until all is as it should be. */
static void
settle(struct cluster *c, uint64_t limit_ms, const char *when)
{
	while (!cluster_is_settled(c)) {
		run_until(c, c->w.now + SETTLE_MS);
		if (c->w.now >= limit_ms)
			sim_fail(&c->w, "L-PLACED: %s: %s", when, c->why);
	}
}

/* All is well from now on; what must come of it comes by itself. */
static void
live_in_peace(struct cluster *c)
{
	c->wild = false;
	c->well_ms = c->w.now;
	for (size_t i = 0; i < CLUSTER_SERVERS; i++) {
		c->servers[i].skew_ns = 0;
		c->servers[i].left = false;
	}
	sim_heal_links(&c->w);
	sim_end_trouble(&c->w, (1U << c->w.o.nservers) - 1);
	for (size_t i = 0; i < c->o.nnodes; i++) {
		struct vnode *n = &c->nodes[i];

		n->cut_until_ms = n->blind_until_ms = 0;
		n->skew_ns = 0;
		if (!n->up && !n->gone)
			cluster_later(
			    c, cluster_between(c, 1, 3000), EV_NODE_UP, i, 0);
	}
	settle(c, c->w.now + c->peace_ms, "after all that peace");
	run_until(c, c->w.now + (c->w.o.skew_ppm > 0 ? LONG_STAY_MS : STAY_MS));
	settle(c, c->w.now + AGAIN_MS, "what was well is not");
}

static void
open_cluster(struct cluster *c, uint64_t seed, uint64_t peace_ms, bool verbose)
{
	*c = (struct cluster){ 0 };
	sim_world_init(&c->w, seed, verbose);
	rng_init(&c->rng, sim_mix(seed, 5));
	cluster_choose(c);
	sim_world_open(&c->w);
	c->w.keeps_ids = SCHED_PLANT(15);
	c->wild = true;
	c->peace_ms = peace_ms;
	server_open(c);
	for (size_t i = 0; i < c->w.o.nservers; i++)
		sim_server_start(&c->w, &c->w.servers[i]);
	for (size_t i = 0; i < c->o.nnodes; i++) {
		struct rng ids;

		rng_init(&ids, i + 1);
		rng_uuid(&ids, c->nodes[i].id);
		if (c->w.o.skew_ppm > 0)
			c->nodes[i].clock_ppm =
			    sim_skew(&c->rng, c->w.o.skew_ppm);
		map_put(&c->node_of, c->nodes[i].id, &c->nodes[i]);
		cluster_later(
		    c, cluster_between(c, 500, 4000), EV_NODE_UP, i, 0);
	}
	client_start(c);
	cluster_plan_trouble(c);
	cluster_later(c, 1000, EV_LOOK, 0, 0);
	members_look(c);
}

static void
close_books(struct cluster *c)
{
	struct cluster_stats *s = &c->stats;

	s->seeds = 1;
	s->cluster_ms = c->w.now;
	s->server_ms = c->w.now * c->w.o.nservers;
	s->node_ms = c->w.now * c->o.nnodes;
	s->elections = c->w.stats.elections;
	s->crashes = c->w.stats.crashes;
	s->cuts = c->w.stats.cuts;
	s->snapshots = c->w.stats.snapshots;
	s->installs = c->w.stats.installs;
}

bool
cluster_run(struct cluster *c, uint64_t seed, uint64_t peace_ms, bool verbose)
{
	bool ok;

	open_cluster(c, seed, peace_ms, verbose);
	sim_current = &c->w;
	if (setjmp(c->w.failed) == 0) {
		run_until(c, c->w.now + c->o.wild_ms);
		live_in_peace(c);
		ok = true;
	} else {
		ok = false;
	}
	sim_current = NULL;
	close_books(c);
	return ok;
}

void
cluster_release(struct cluster *c)
{
	for (size_t i = 0; i < CLUSTER_SERVERS; i++)
		server_release(&c->servers[i]);
	for (size_t i = 0; i < c->o.nnodes; i++)
		node_release(&c->nodes[i]);
	client_release(c);
	ghost_release(c);
	while (c->nheap > 0)
		event_free(c, c->heap[--c->nheap].ev);
	while (c->spare != NULL) {
		struct event *ev = c->spare;

		c->spare = ev->next;
		free(ev);
	}
	free(c->heap);
	map_release(&c->node_of);
	c->w.host = NULL;
	sim_world_release(&c->w);
}
