#include <stdlib.h>
#include <string.h>

#include "cmd/gossipd/pool_impl.h"
#include "common/mem.h"

char *
pool_text(struct wire_bytes b)
{
	return xstrndup((const char *)b.data, b.n);
}

bool
pool_name(struct wire_bytes b, char out[POOL_NAME_MAX + 1])
{
	if (b.n == 0 || b.n > POOL_NAME_MAX || memchr(b.data, '\0', b.n))
		return false;
	memcpy(out, b.data, b.n);
	out[b.n] = '\0';
	return true;
}

bool
pool_addr_of(
    const uint8_t *ip, size_t nip, uint16_t port, struct pool_addr *out)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	*out = (struct pool_addr){ .port = port };
	if (nip == 16 && memcmp(ip, mapped, sizeof mapped) == 0) {
		ip += sizeof mapped;
		nip = 4;
	}
	if (nip != 4 && nip != 16)
		return false;
	out->nip = (uint8_t)nip;
	memcpy(out->ip, ip, nip);
	return true;
}

bool
pool_addr_is(const struct pool_addr *a, const struct pool_addr *b)
{
	return a->port == b->port && a->nip == b->nip &&
	       memcmp(a->ip, b->ip, a->nip) == 0;
}

void
pool_member_addr(const struct pool_member *m, struct pool_addr *out)
{
	pool_addr_of(m->addr, m->naddr, m->port, out);
}

struct wire_bytes
pool_member_raw_addr(const struct pool_member *m)
{
	return wire_bytes(m->addr, m->naddr);
}

struct pool_member *
pool_member_find(const struct pool *p, const char *name)
{
	return map_find(&p->members, name);
}

struct pool_member *
pool_member_add(struct pool *p, const char *name)
{
	struct pool_member *m;

	if (p->nall >= POOL_MEMBERS_MAX) {
		p->stats.refused_full++;
		return NULL;
	}
	m = xcalloc(1, sizeof *m);
	m->name = xstrdup(name);
	m->place = p->nall;
	p->all = xgrow(p->all, p->nall, &p->all_cap, sizeof *p->all);
	p->all[p->nall++] = m;
	map_put(&p->members, name, m);
	return m;
}

/* At a place of chance, so that not all probe it at the same time. */
void
pool_member_seat(struct pool *p, struct pool_member *m)
{
	size_t at = rng_below(&p->rng, p->ntable + 1);

	p->table = xgrow(p->table, p->ntable, &p->table_cap, sizeof *p->table);
	m->seated = true;
	m->seat = p->ntable;
	p->table[p->ntable++] = m;
	p->table[m->seat] = p->table[at];
	p->table[m->seat]->seat = m->seat;
	p->table[at] = m;
	m->seat = at;
}

void
pool_member_unseat(struct pool *p, struct pool_member *m)
{
	struct pool_member *last = p->table[p->ntable - 1];

	pool_suspect_end(p, m);
	pool_probe_forget(p, m);
	pool_pending_forget(p, m);
	p->table[m->seat] = last;
	last->seat = m->seat;
	p->ntable--;
	m->seated = false;
}

void
pool_tags_release(struct rec_kv *tags, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(tags[i].key);
		free(tags[i].value);
	}
	free(tags);
}

void
pool_member_free(struct pool *p, struct pool_member *m)
{
	pool_disarm(p, &m->prune);
	pool_tags_release(m->tags, m->ntags);
	free(m->meta);
	free(m->name);
	free(m);
}

void
pool_member_drop(struct pool *p, struct pool_member *m)
{
	struct pool_member *last = p->all[p->nall - 1];

	if (m->seated || m->status != POOL_NONE)
		return;
	p->all[m->place] = last;
	last->place = m->place;
	p->nall--;
	map_remove(&p->members, m->name);
	pool_member_free(p, m);
}

void
pool_table_shuffle(struct pool *p)
{
	for (size_t i = p->ntable; i > 1; i--) {
		size_t j = rng_below(&p->rng, i);
		struct pool_member *m = p->table[j];

		p->table[j] = p->table[i - 1];
		p->table[i - 1] = m;
	}
	for (size_t i = 0; i < p->ntable; i++)
		p->table[i]->seat = i;
}

bool
pool_is_alive(const struct pool *p, const struct pool_member *m)
{
	(void)p;
	return m->state == WIRE_STATE_ALIVE;
}

bool
pool_has_peers(const struct pool *p)
{
	for (size_t i = 0; i < p->ntable; i++)
		if (p->table[i] != p->self &&
		    (p->table[i]->state == WIRE_STATE_ALIVE ||
			p->table[i]->state == WIRE_STATE_SUSPECT))
			return true;
	return false;
}

static bool
is_among(const struct pool_member *m, struct pool_member *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == m)
			return true;
	return false;
}

/* Draws are cheap where most fit; a small table is looked through. */
#define PICK_DRAWS 64

size_t
pool_pick(struct pool *p, pool_pick_fn *fits, const struct pool_member *but,
    struct pool_member **out, size_t k)
{
	size_t n = 0, seen = 0;

	if (p->ntable > PICK_DRAWS) {
		for (size_t i = 0; i < PICK_DRAWS && n < k; i++) {
			struct pool_member *m =
			    p->table[rng_below(&p->rng, p->ntable)];

			if (m != p->self && m != but && fits(p, m) &&
			    !is_among(m, out, n))
				out[n++] = m;
		}
		return n;
	}
	for (size_t i = 0; i < p->ntable; i++) {
		struct pool_member *m = p->table[i];
		size_t at;

		if (m == p->self || m == but || !fits(p, m))
			continue;
		at = seen++ < k ? n : rng_below(&p->rng, seen);
		if (at < k)
			out[at] = m;
		if (n < k)
			n++;
	}
	return n;
}
