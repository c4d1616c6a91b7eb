#include <stdlib.h>
#include <string.h>

#include "cmd/gossipd/pool_impl.h"
#include "common/mem.h"

/* Serf's part of a push/pull: clocks, statuses, who left, recent events. */

/*
 * In an exchange the time of a member that is leaving reads as one of its
 * joining: told as it is, the intent itself would come too late for whoever
 * has not had it yet, and the member would seem to fail.
 */
static uint64_t
told_ltime(const struct pool_member *m)
{
	bool leaves = m->status == POOL_LEAVING && m->status_ltime > 0;

	return leaves ? m->status_ltime - 1 : m->status_ltime;
}

void
pool_serf_state_put(struct pool *p, struct buf *out)
{
	struct wire_serf_state s = { .ltime = p->clock,
		.event_ltime = p->event_clock,
		.query_ltime = p->query_clock };
	struct buf clocks = { 0 }, left = { 0 }, slots = { 0 };
	size_t nclocks = 0, nleft = 0, nslots;

	for (size_t i = 0; i < p->nall; i++) {
		const struct pool_member *m = p->all[i];

		if (m->status == POOL_NONE)
			continue;
		wire_add_str(&clocks, wire_text(m->name));
		wire_add_uint(&clocks, told_ltime(m));
		nclocks++;
		/* Who is about to be back did not leave at that time. */
		if (m->status != POOL_LEFT || m->returns)
			continue;
		wire_add_str(&left, wire_text(m->name));
		nleft++;
	}
	s.status_ltimes = wire_list(&clocks, nclocks);
	s.left_members = wire_list(&left, nleft);
	nslots = pool_event_slots_put(p, &slots);
	s.events = wire_list(&slots, nslots);
	wire_put(out, &wire_serf_state_form, &s);
	buf_release(&clocks);
	buf_release(&left);
	buf_release(&slots);
}

static int
by_text(const void *a, const void *b)
{
	const struct wire_bytes *x = a, *y = b;
	size_t n = x->n < y->n ? x->n : y->n;
	int order = n > 0 ? memcmp(x->data, y->data, n) : 0;

	return order != 0 ? order : (x->n > y->n) - (x->n < y->n);
}

/* The left names in order, for a look-up of each; the caller frees. */
static struct wire_bytes *
left_sorted(struct wire_list left, size_t *n)
{
	struct wire_bytes *names = xcalloc(left.count + 1, sizeof *names);

	for (*n = 0; wire_next_bytes(&left, &names[*n]);)
		++*n;
	qsort(names, *n, sizeof *names, by_text);
	return names;
}

/*
 * A tick later than it was noted, as Serf has it; but not for who is alive:
 * it has come back since, perhaps at that very tick, of which the teller may
 * have heard before it has seen the member, and would seem to be leaving for
 * ever.
 */
static void
merge_left(struct pool *p, struct wire_intent in)
{
	char name[POOL_NAME_MAX + 1];
	const struct pool_member *m =
	    pool_name(in.node, name) ? pool_member_find(p, name) : NULL;

	if (m != NULL && m->status == POOL_ALIVE) {
		if (in.ltime > m->status_ltime)
			pool_on_leave_intent(p, &in);
		return;
	}
	in.ltime++;
	pool_on_leave_intent(p, &in);
}

static void
merge_join(struct pool *p, const struct wire_intent *in)
{
	char name[POOL_NAME_MAX + 1];
	struct pool_member *m;

	if (pool_on_join_intent(p, in) && pool_name(in->node, name) &&
	    (m = pool_member_find(p, name)) != NULL)
		m->hearsay = true;
}

/* The left ones first; everybody else is told as a join intent. */
static void
merge_statuses(struct pool *p, const struct wire_serf_state *s)
{
	size_t nleft;
	struct wire_bytes *left = left_sorted(s->left_members, &nleft);

	for (int joins = 0; joins < 2; joins++) {
		struct wire_list clocks = s->status_ltimes;
		struct wire_intent in = { 0 };

		while (wire_next_clock(&clocks, &in.node, &in.ltime)) {
			bool is_left = bsearch(&in.node, left, nleft,
					   sizeof *left, by_text) != NULL;

			if (is_left && joins == 0)
				merge_left(p, in);
			else if (!is_left && joins == 1)
				merge_join(p, &in);
		}
	}
	free(left);
}

static void
merge_events(struct pool *p, struct wire_list slots)
{
	struct wire_slot slot;
	struct wire_event e;

	while (wire_next_slot(&slots, &slot)) {
		while (wire_next_event(&slot.events, &e)) {
			struct wire_user_event ev = { slot.ltime, e.name,
				e.payload, false };

			pool_on_user_event(p, &ev);
		}
	}
}

void
pool_serf_merge(struct pool *p, struct wire_bytes user, bool fresh)
{
	struct wire_serf_state s;
	struct err err;

	if (user.n == 0)
		return; /* memberlist alone */
	if (user.data[0] != WIRE_SERF_PUSH_PULL ||
	    wire_get(&wire_serf_state_form, wire_from(user, 1), &s, NULL,
		&err) == -1) {
		p->stats.packets_bad++;
		return;
	}
	if (s.ltime > 0)
		pool_witness(&p->clock, s.ltime - 1);
	if (s.event_ltime > 0)
		pool_witness(&p->event_clock, s.event_ltime - 1);
	if (s.query_ltime > 0)
		pool_witness(&p->query_clock, s.query_ltime - 1);
	merge_statuses(p, &s);
	if (fresh && s.event_ltime > p->event_min && s.event_ltime < LTIME_MAX)
		p->event_min = s.event_ltime;
	merge_events(p, s.events);
}
