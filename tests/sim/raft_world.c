/* Time, events, the network, and logs with chained hashes. */
#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "tests/sim/raft_world.h"

void
sim_fail(struct sim_world *w, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(w->why, sizeof w->why, fmt, ap);
	va_end(ap);
	longjmp(w->failed, 1);
}

void
sim_note(struct sim_world *w, const char *fmt, ...)
{
	va_list ap;

	if (!w->verbose)
		return;
	printf("%9" PRIu64 " ", w->now);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

uint64_t
sim_mix(uint64_t a, uint64_t b)
{
	uint64_t x = (a ^ (b + 0x9e3779b97f4a7c15U + (a << 6) + (a >> 2))) *
		     0xbf58476d1ce4e5b9U;

	return x ^ (x >> 29);
}

bool
sim_chance(struct rng *r, unsigned per_mille)
{
	return per_mille > 0 && rng_below(r, 1000) < per_mille;
}

uint64_t
sim_spread(struct rng *r, uint64_t mean)
{
	uint64_t ms = 1 + rng_below(r, 2 * mean);

	return sim_chance(r, 20) ? ms * (2 + rng_below(r, 10)) : ms;
}

/* --- servers --- */

size_t
sim_place(uint64_t id)
{
	return (size_t)(id - 1) % SIM_SERVERS;
}

bool
sim_is_there(const struct sim_world *w, uint64_t id)
{
	return w->servers[sim_place(id)].id == id;
}

void
sim_addr(uint64_t id, char addr[RAFT_ADDR_MAX + 1])
{
	snprintf(
	    addr, RAFT_ADDR_MAX + 1, "tcp://server:%zu", sim_place(id) + 1);
}

/* --- clocks --- */

#define MILLION INT64_C(1000000)

uint64_t
sim_counted(int64_t ppm, uint64_t ms)
{
	return ms * (uint64_t)(MILLION + ppm) / MILLION;
}

uint64_t
sim_counting(int64_t ppm, uint64_t counted)
{
	uint64_t rate = (uint64_t)(MILLION + ppm);

	return (counted * MILLION + rate - 1) / rate;
}

int64_t
sim_skew(struct rng *r, uint64_t max_ppm)
{
	int64_t max = (int64_t)max_ppm;

	switch (rng_below(r, 3)) {
	case 0:
		return max;
	case 1:
		return -max;
	default:
		return (int64_t)rng_below(r, 2 * max_ppm + 1) - max;
	}
}

uint64_t
sim_clock(const struct sim_world *w, const struct sim_server *s)
{
	return s->clock_offset_ms + sim_counted(s->clock_ppm, w->now);
}

uint64_t
sim_clock_shows(const struct sim_server *s, uint64_t at_ms)
{
	if (at_ms == UINT64_MAX || at_ms < s->clock_offset_ms)
		return at_ms == UINT64_MAX ? at_ms : 0;
	return sim_counting(s->clock_ppm, at_ms - s->clock_offset_ms);
}

/* No well-behaved cluster has as much on its way at once. */
enum { EVENTS_MAX = 20000 };

/* --- events, earliest first; equal times in order of posting --- */

static bool
is_before(const struct sim_event *a, const struct sim_event *b)
{
	return a->at != b->at ? a->at < b->at : a->seq < b->seq;
}

static void
push(struct sim_world *w, struct sim_event ev)
{
	size_t i = w->nheap++;

	if (i >= EVENTS_MAX)
		sim_fail(w, "L-BOUND: a storm of messages");
	w->heap = xgrow(w->heap, i, &w->cheap, sizeof *w->heap);
	ev.seq = w->seq++;
	for (; i > 0 && is_before(&ev, &w->heap[(i - 1) / 2]); i = (i - 1) / 2)
		w->heap[i] = w->heap[(i - 1) / 2];
	w->heap[i] = ev;
}

void
sim_post(struct sim_world *w, uint64_t at, enum sim_event_type type,
    struct sim_server *s, uint64_t a)
{
	push(w, (struct sim_event){ .at = at,
		    .type = type,
		    .server = s == NULL ? 0 : (unsigned)(s - w->servers),
		    .life = s == NULL ? 0 : s->life,
		    .a = a });
}

void
sim_requeue(struct sim_world *w, struct sim_event ev, uint64_t at)
{
	ev.at = at;
	push(w, ev);
}

uint64_t
sim_next_at(const struct sim_world *w)
{
	return w->nheap == 0 ? UINT64_MAX : w->heap[0].at;
}

bool
sim_next(struct sim_world *w, uint64_t until, struct sim_event *ev)
{
	struct sim_event last;
	size_t i = 0, kid;

	if (w->nheap == 0 || w->heap[0].at > until)
		return false;
	*ev = w->heap[0];
	last = w->heap[--w->nheap];
	while ((kid = 2 * i + 1) < w->nheap) {
		if (kid + 1 < w->nheap &&
		    is_before(&w->heap[kid + 1], &w->heap[kid]))
			kid++;
		if (!is_before(&w->heap[kid], &last))
			break;
		w->heap[i] = w->heap[kid];
		i = kid;
	}
	if (w->nheap > 0)
		w->heap[i] = last;
	w->now = ev->at;
	w->recent[w->stats.steps++ % SIM_RECENT] = *ev;
	return true;
}

/* --- the network --- */

void
sim_message_free(struct sim_message *msg)
{
	if (msg == NULL)
		return;
	for (size_t i = 0; msg->entries != NULL && i < msg->m.nentries; i++)
		raft_bytes_unref(msg->entries[i].data);
	free(msg->entries);
	free(msg);
}

/* Everything a message borrows is copied: the sender may die meanwhile. */
static struct sim_message *
copy(const struct raft_message *m, uint64_t state)
{
	struct sim_message *msg = xmalloc(sizeof *msg);

	msg->m = *m;
	msg->entries = NULL;
	msg->state = state;
	if (m->nentries > 0) {
		msg->entries =
		    xmemdup(m->entries, m->nentries * sizeof *m->entries);
		for (size_t i = 0; i < m->nentries; i++)
			raft_bytes_ref(m->entries[i].data);
	}
	msg->m.entries = msg->entries;
	if (m->snapshot != NULL) {
		msg->snapshot = *m->snapshot;
		msg->m.snapshot = &msg->snapshot;
	}
	return msg;
}

static void
put_on_wire(struct sim_world *w, struct sim_server *to,
    const struct raft_message *m, uint64_t state)
{
	uint64_t ms = 1 + rng_below(&w->net, 2 * w->o.delay_ms);
	unsigned late = w->o.late;

	if (m->type == w->o.late_type)
		late += 200;
	if (!w->calm && sim_chance(&w->net, late))
		ms += rng_below(&w->net, 4 * w->o.election_ms);
	push(w, (struct sim_event){ .at = w->now + ms,
		    .type = SIM_MESSAGE,
		    .server = (unsigned)(to - w->servers),
		    .msg = copy(m, state) });
}

/* A chunk is read from the file it belongs to, if that is still there. */
static bool
chunk_content(
    const struct sim_server *s, const struct raft_message *m, uint64_t *state)
{
	*state = 0;
	if (m->type != RAFT_CHUNK)
		return true;
	for (size_t i = 0; i < s->nfiles; i++) {
		if (s->files[i].meta.index != m->snapshot->index)
			continue;
		*state = s->files[i].state;
		return true;
	}
	return false;
}

/* Who hands over hears nothing of it, and has time to be wrong. */
static void
deafen(struct sim_world *w, const struct sim_server *s)
{
	if (w->calm || w->o.cut == 0 || !sim_chance(&w->chance, 300))
		return;
	for (size_t i = 0; i < w->o.nservers; i++)
		w->blocked[i][sim_place(s->id)] = i != sim_place(s->id);
}

void
sim_send(
    struct sim_world *w, struct sim_server *s, const struct raft_message *m)
{
	struct sim_server *to = &w->servers[sim_place(m->to)];
	uint64_t state;

	w->stats.messages++;
	if (m->type == RAFT_TIMEOUT_NOW)
		deafen(w, s);
	if (!chunk_content(s, m, &state))
		return;
	if (w->blocked[sim_place(s->id)][sim_place(m->to)] ||
	    (!w->calm && sim_chance(&w->net, w->o.loss))) {
		w->stats.lost++;
		return;
	}
	put_on_wire(w, to, m, state);
	if (!w->calm && sim_chance(&w->net, w->o.twice))
		put_on_wire(w, to, m, state);
}

/* --- logs --- */

uint64_t
sim_log_last(const struct sim_log *l)
{
	return l->base + l->n;
}

bool
sim_log_chain(const struct sim_log *l, uint64_t index, uint64_t *chain)
{
	if (index < l->base || index > sim_log_last(l))
		return false;
	*chain = index == l->base
		     ? l->base_chain
		     : l->v[l->off + (size_t)(index - l->base) - 1].chain;
	return true;
}

uint64_t
sim_log_term(const struct sim_log *l, uint64_t index)
{
	assert(index >= l->base && index <= sim_log_last(l));
	return index == l->base
		   ? l->base_term
		   : l->v[l->off + (size_t)(index - l->base) - 1].e.term;
}

static uint64_t
hash_bytes(const struct raft_bytes *b)
{
	uint64_t h = 14695981039346656037U, word;
	size_t i = 0;

	for (; b != NULL && i + sizeof word <= b->len; i += sizeof word) {
		memcpy(&word, b->data + i, sizeof word);
		h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 32;
	}
	for (; b != NULL && i < b->len; i++)
		h = (h ^ b->data[i]) * 1099511628211U;
	return h;
}

void
sim_log_add(struct sim_log *l, const struct raft_entry *e)
{
	struct sim_ent *ent;
	uint64_t chain = 0;

	assert(e->index == sim_log_last(l) + 1);
	sim_log_chain(l, sim_log_last(l), &chain);
	l->v = xgrow(l->v, l->off + l->n, &l->cap, sizeof *l->v);
	ent = &l->v[l->off + l->n++];
	ent->e = *e;
	raft_bytes_ref(e->data);
	chain = sim_mix(chain, e->term);
	chain = sim_mix(chain, (uint64_t)e->type);
	ent->chain = sim_mix(chain, hash_bytes(e->data));
}

void
sim_log_cut(struct sim_log *l, uint64_t index)
{
	while (l->n > 0 && sim_log_last(l) >= index)
		raft_bytes_unref(l->v[l->off + --l->n].e.data);
}

void
sim_log_compact(struct sim_log *l, uint64_t index)
{
	uint64_t chain = 0, term = sim_log_term(l, index);
	size_t ndrop = (size_t)(index - l->base);

	sim_log_chain(l, index, &chain);
	for (size_t i = 0; i < ndrop; i++)
		raft_bytes_unref(l->v[l->off + i].e.data);
	l->off += ndrop;
	l->n -= ndrop;
	l->base = index;
	l->base_term = term;
	l->base_chain = chain;
	if (l->off > 64 && l->off > l->n) {
		memmove(l->v, l->v + l->off, l->n * sizeof *l->v);
		l->off = 0;
	}
}

void
sim_log_reset(struct sim_log *l, uint64_t index, uint64_t term, uint64_t chain)
{
	while (l->n > 0)
		raft_bytes_unref(l->v[l->off + --l->n].e.data);
	l->off = 0;
	l->base = index;
	l->base_term = term;
	l->base_chain = chain;
}

void
sim_log_release(struct sim_log *l)
{
	sim_log_reset(l, 0, 0, 0);
	free(l->v);
	*l = (struct sim_log){ 0 };
}
