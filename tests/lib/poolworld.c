#include "tests/lib/poolworld.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/mem.h"

#define PORT 7946

enum { ITEM_UDP, ITEM_DIAL, ITEM_ANSWER, ITEM_REFUSED, ITEM_SILENT, ITEM_ICMP };

/* What a pool's callbacks are given: whose they are. */
struct seat {
	struct poolworld *world;
	size_t i;
};
static struct seat seats[POOLWORLD_NODES];

/* --- what happens later --- */

static bool
is_sooner(const struct poolworld_item *a, const struct poolworld_item *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void
swap(struct poolworld *w, size_t a, size_t b)
{
	struct poolworld_item it = w->heap[a];

	w->heap[a] = w->heap[b];
	w->heap[b] = it;
}

static void
push(struct poolworld *w, struct poolworld_item it)
{
	size_t i = w->nheap;

	it.order = w->order++;
	w->heap = xgrow(w->heap, w->nheap, &w->heap_cap, sizeof *w->heap);
	w->heap[w->nheap++] = it;
	for (; i > 0 && is_sooner(&w->heap[i], &w->heap[(i - 1) / 2]);
	     i = (i - 1) / 2)
		swap(w, i, (i - 1) / 2);
}

static struct poolworld_item
pop(struct poolworld *w)
{
	struct poolworld_item it = w->heap[0];
	size_t i = 0;

	w->heap[0] = w->heap[--w->nheap];
	for (;;) {
		size_t best = i;

		for (size_t c = 2 * i + 1; c <= 2 * i + 2 && c < w->nheap; c++)
			if (is_sooner(&w->heap[c], &w->heap[best]))
				best = c;
		if (best == i)
			return it;
		swap(w, i, best);
		i = best;
	}
}

/* --- the network --- */

static bool
chance(struct poolworld *w, unsigned pct)
{
	return rng_below(&w->rng, 100) < pct;
}

static uint64_t
delay(struct poolworld *w)
{
	return w->delay_min_ms +
	       rng_below(&w->rng, w->delay_max_ms - w->delay_min_ms + 1);
}

/* Segments of TCP are repeated until they arrive, ever later. */
static uint64_t
tcp_delay(struct poolworld *w, unsigned nsegments)
{
	uint64_t ms = 0;

	for (unsigned i = 0; i < nsegments; i++) {
		uint64_t wait = i == 0 ? 1000 : 250;

		for (; chance(w, w->loss_pct) && wait < 60000; wait *= 2)
			ms += wait;
		ms += delay(w);
	}
	return ms;
}

size_t
poolworld_who(const struct poolworld *w, const struct pool_addr *addr)
{
	size_t i = (size_t)addr->ip[2] * 250 + addr->ip[3] - 1;

	return addr->nip == 4 && addr->ip[0] == 10 && i < w->n ? i : w->n;
}

static void
on_udp(void *ctx, const struct pool_addr *to, const char *bytes, size_t n)
{
	struct seat *s = ctx;
	struct poolworld *w = s->world;
	struct poolworld_item it = { .kind = ITEM_UDP,
		.from = s->i,
		.to = poolworld_who(w, to),
		.n = n };

	w->packets++;
	w->bytes += n;
	if (w->on_udp != NULL)
		w->on_udp(w, s->i, it.to, bytes, n);
	if (it.to == w->n)
		return;
	for (int copies = chance(w, w->twice_pct) ? 2 : 1; copies > 0; copies--)
		if (!chance(w, w->loss_pct)) {
			it.at = w->now_ms + delay(w);
			it.bytes = xmemdup(bytes, n);
			push(w, it);
		}
}

static void
on_dial(void *ctx, uint64_t token, const struct pool_addr *to,
    const char *bytes, size_t n, uint64_t deadline_ms)
{
	struct seat *s = ctx;
	struct poolworld *w = s->world;
	struct poolworld_item it = { .kind = ITEM_DIAL,
		.from = s->i,
		.to = poolworld_who(w, to),
		.life = w->nodes[s->i].life,
		.token = token,
		.at = w->now_ms + tcp_delay(w, 3) };

	if (it.to == w->n || it.at > deadline_ms) {
		it.kind = ITEM_SILENT;
		it.at = deadline_ms;
	} else {
		it.bytes = xmemdup(bytes, n);
		it.n = n;
	}
	push(w, it);
	if (it.kind == ITEM_SILENT)
		return;
	/* Whatever comes of it, by then it is over: tokens end only once. */
	it = (struct poolworld_item){ .kind = ITEM_SILENT,
		.from = s->i,
		.life = it.life,
		.token = token,
		.at = deadline_ms };
	push(w, it);
}

static void
on_event(void *ctx, const struct pool_event *ev)
{
	struct seat *s = ctx;

	if (ev->type == POOL_EV_LEFT)
		s->world->nodes[s->i].left = true;
	if (s->world->on_event != NULL)
		s->world->on_event(s->world, s->i, ev);
}

/* --- machines --- */

void
poolworld_init(struct poolworld *w, uint64_t seed, size_t n)
{
	*w = (struct poolworld){ .seed = seed, .n = n, .now_ms = 1000 };
	assert(n <= POOLWORLD_NODES);
	rng_init(&w->rng, seed);
	w->delay_max_ms = 1;
	for (size_t i = 0; i < n; i++) {
		struct poolworld_node *m = &w->nodes[i];

		m->addr = (struct pool_addr){ .ip = { 10, 0, (uint8_t)(i / 250),
						  (uint8_t)(i % 250 + 1) },
			.nip = 4,
			.port = PORT };
		snprintf(m->name, sizeof m->name, "n%zu", i);
		m->backlog = xcalloc(POOLWORLD_BACKLOG, sizeof *m->backlog);
	}
}

static void
forget_backlog(struct poolworld_node *m)
{
	for (size_t i = 0; i < m->nbacklog; i++)
		free(m->backlog[i].bytes);
	m->nbacklog = 0;
}

void
poolworld_release(struct poolworld *w)
{
	for (size_t i = 0; i < w->n; i++) {
		pool_free(w->nodes[i].pool);
		forget_backlog(&w->nodes[i]);
		free(w->nodes[i].backlog);
	}
	for (size_t i = 0; i < w->nheap; i++)
		free(w->heap[i].bytes);
	free(w->heap);
}

void
poolworld_start(struct poolworld *w, size_t i)
{
	struct poolworld_node *m = &w->nodes[i];
	struct pool_config c = w->config;
	struct pool_ops ops = { .ctx = &seats[i],
		.udp = on_udp,
		.dial = on_dial,
		.event = on_event };

	assert(m->pool == NULL);
	seats[i] = (struct seat){ w, i };
	c.name = m->name;
	c.addr = m->addr;
	m->life++;
	m->state = POOLWORLD_UP;
	m->left = m->leaving = m->unplugged = false;
	m->well_ms = w->now_ms;
	m->pool = pool_new(&c, &ops, rng_next(&w->rng), w->now_ms, NULL);
	assert(m->pool != NULL);
}

void
poolworld_join(struct poolworld *w, size_t i, size_t by)
{
	pool_join(
	    w->nodes[i].pool, w->now_ms, i + 1, &w->nodes[by].addr, false);
}

void
poolworld_kill(struct poolworld *w, size_t i)
{
	struct poolworld_node *m = &w->nodes[i];

	pool_free(m->pool);
	m->pool = NULL;
	m->state = POOLWORLD_DOWN;
	forget_backlog(m);
}

void
poolworld_stop(struct poolworld *w, size_t i)
{
	w->nodes[i].state = POOLWORLD_STOPPED;
}

static void deliver(struct poolworld *w, struct poolworld_item *it);

/* The worst order: its timers come first, and then what was waiting. */
void
poolworld_continue(struct poolworld *w, size_t i)
{
	struct poolworld_node *m = &w->nodes[i];

	m->state = POOLWORLD_UP;
	m->well_ms = w->now_ms;
	pool_tick(m->pool, w->now_ms);
	for (size_t k = 0; k < m->nbacklog; k++)
		deliver(w, &m->backlog[k]);
	m->nbacklog = 0;
}

void
poolworld_leave(struct poolworld *w, size_t i)
{
	w->nodes[i].leaving = true;
	pool_leave(w->nodes[i].pool, w->now_ms);
}

void
poolworld_heal(struct poolworld *w)
{
	for (size_t i = 0; i < w->n; i++) {
		w->nodes[i].well_ms = w->now_ms;
		w->nodes[i].part = 0;
	}
}

/* --- what arrives --- */

static void
on_arrival(struct poolworld *w, struct poolworld_item *it)
{
	struct poolworld_node *m = &w->nodes[it->to];
	const struct pool_addr *from = &w->nodes[it->from].addr;
	struct buf reply = { 0 };
	struct poolworld_item back = *it;

	if (it->kind == ITEM_UDP) {
		pool_packet(m->pool, w->now_ms, from, it->bytes, it->n);
		return;
	}
	pool_stream(m->pool, w->now_ms, from, it->bytes, it->n, &reply);
	back.kind = reply.len > 0 ? ITEM_ANSWER : ITEM_SILENT;
	back.n = reply.len;
	back.bytes = buf_take(&reply);
	back.at = w->now_ms + tcp_delay(w, 1);
	push(w, back);
}

/* Nobody is there; a host that is says so. */
static void
on_nobody(struct poolworld *w, const struct poolworld_item *it)
{
	struct poolworld_item back = *it;

	back.bytes = NULL;
	back.at = w->now_ms + delay(w);
	back.kind = it->kind == ITEM_DIAL ? ITEM_REFUSED : ITEM_ICMP;
	back.life = w->nodes[it->from].life;
	if (w->nodes[it->to].unplugged || (it->kind == ITEM_UDP && !w->icmp))
		return;
	push(w, back);
}

/* The end of a stream, or of a datagram, with who began it. */
static void
on_return(struct poolworld *w, const struct poolworld_item *it)
{
	struct poolworld_node *m = &w->nodes[it->from];

	if (m->pool == NULL || m->life != it->life)
		return;
	if (it->kind == ITEM_ANSWER)
		pool_stream_answer(
		    m->pool, w->now_ms, it->token, it->bytes, it->n);
	else if (it->kind == ITEM_ICMP)
		pool_refused(m->pool, w->now_ms, &w->nodes[it->to].addr);
	else
		pool_stream_failed(m->pool, w->now_ms, it->token,
		    it->kind == ITEM_REFUSED ? POOL_REFUSED : POOL_SILENT);
}

/* Hands it to whom it is for, who keeps it for later while it is stopped. */
static void
deliver(struct poolworld *w, struct poolworld_item *it)
{
	bool forth = it->kind == ITEM_UDP || it->kind == ITEM_DIAL;
	struct poolworld_node *to = &w->nodes[forth ? it->to : it->from];
	bool cut = (forth || it->kind == ITEM_ICMP ||
		       it->kind == ITEM_REFUSED || it->kind == ITEM_ANSWER) &&
		   w->nodes[it->from].part != w->nodes[it->to].part;

	if (!cut && to->state == POOLWORLD_STOPPED &&
	    to->nbacklog < POOLWORLD_BACKLOG) {
		to->backlog[to->nbacklog++] = *it;
		return;
	}
	if (cut || to->state == POOLWORLD_STOPPED)
		;
	else if (!forth)
		on_return(w, it);
	else if (to->pool != NULL)
		on_arrival(w, it);
	else
		on_nobody(w, it);
	free(it->bytes);
}

void
poolworld_run(struct poolworld *w, uint64_t ms)
{
	uint64_t end = w->now_ms + ms;

	for (;;) {
		uint64_t next = w->nheap > 0 ? w->heap[0].at : UINT64_MAX;
		size_t who = w->n;

		for (size_t i = 0; i < w->n; i++)
			if (w->nodes[i].state == POOLWORLD_UP &&
			    pool_due_ms(w->nodes[i].pool) < next) {
				next = pool_due_ms(w->nodes[i].pool);
				who = i;
			}
		if (next > end)
			break;
		if (next > w->now_ms)
			w->now_ms = next;
		if (who < w->n) {
			pool_tick(w->nodes[who].pool, w->now_ms);
		} else {
			struct poolworld_item it = pop(w);

			deliver(w, &it);
		}
	}
	w->now_ms = end;
}

enum pool_status
poolworld_sees(const struct poolworld *w, size_t i, size_t j)
{
	struct pool_view v;

	if (w->nodes[i].pool == NULL ||
	    !pool_find(w->nodes[i].pool, w->nodes[j].name, &v))
		return POOL_NONE;
	return v.status;
}
