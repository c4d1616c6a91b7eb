#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/sim/gossip.h"

void
gossip_fail(struct gossip *g, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(g->why, sizeof g->why, fmt, ap);
	va_end(ap);
	longjmp(g->failed, 1);
}

void
gossip_say(const struct gossip *g, const char *fmt, ...)
{
	va_list ap;

	if (!g->verbose)
		return;
	printf("%8" PRIu64 " ", g->w.now_ms);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

static bool
is_well(const struct gossip *g, size_t i)
{
	const struct poolworld_node *m = &g->w.nodes[i];

	return m->state == POOLWORLD_UP && !m->leaving &&
	       g->w.now_ms - m->well_ms > GOSSIP_GRACE_MS * g->slow;
}

static void
on_failed(struct gossip *g, size_t i, size_t j)
{
	if (g->w.nodes[j].leaving && is_well(g, i) &&
	    g->w.nodes[j].state == POOLWORLD_UP)
		g->stats.leavers_failed++;
	if (!is_well(g, i) || !is_well(g, j) ||
	    g->w.nodes[i].part != g->w.nodes[j].part)
		return;
	g->stats.false_failures++;
	g->false_at[i][j] = g->w.now_ms;
	gossip_say(g, "n%zu calls n%zu failed, which is well", i, j);
}

static void
on_event(struct poolworld *w, size_t i, const struct pool_event *ev)
{
	struct gossip *g = w->ctx;
	size_t j = poolworld_who(w, &ev->member.addr);

	if (ev->type > POOL_EV_REAP || j == w->n)
		return;
	gossip_say(
	    g, "n%zu: n%zu %s", i, j, pool_status_name(ev->member.status));
	if (ev->type == POOL_EV_FAILED)
		on_failed(g, i, j);
	if (ev->type == POOL_EV_JOIN)
		g->false_at[i][j] = 0;
}

static void
look_at(struct gossip *g, size_t i, const struct pool_view *v)
{
	size_t j = poolworld_who(&g->w, &v->addr);
	unsigned life = g->w.nodes[j].life + 1000 * g->w.nodes[i].life;

	if (v->status != POOL_ALIVE && i != j) {
		g->incarnation[i][j] = 0;
		return;
	}
	if (g->life[i][j] == life && v->incarnation < g->incarnation[i][j])
		gossip_fail(g, "n%zu holds n%zu at %u and has held %u", i, j,
		    v->incarnation, g->incarnation[i][j]);
	g->life[i][j] = life;
	g->incarnation[i][j] = v->incarnation;
}

/* What may never be. */
static void
look(struct gossip *g)
{
	for (size_t i = 0; i < g->w.n; i++) {
		struct pool_view v;
		size_t at = 0;

		if (g->w.nodes[i].pool == NULL)
			continue;
		while (pool_next(g->w.nodes[i].pool, &at, &v))
			look_at(g, i, &v);
		for (size_t j = 0; j < g->w.n; j++) {
			if (g->false_at[i][j] == 0 || !is_well(g, i) ||
			    !is_well(g, j)) {
				g->false_at[i][j] = 0;
				continue;
			}
			if (g->w.now_ms - g->false_at[i][j] <=
			    GOSSIP_MEND_MS * g->slow)
				continue;
			g->stats.false_kept++;
			gossip_fail(g,
			    "n%zu keeps calling n%zu failed, "
			    "which is well",
			    i, j);
		}
	}
}

void
gossip_pass(struct gossip *g, uint64_t ms)
{
	size_t up = 0;

	g->w.on_event = on_event;
	g->w.ctx = g;
	for (size_t i = 0; i < g->w.n; i++)
		up += g->w.nodes[i].state == POOLWORLD_UP;
	g->stats.member_ms += ms * up;
	for (; ms >= 1000; ms -= 1000) {
		poolworld_run(&g->w, 1000);
		look(g);
	}
	poolworld_run(&g->w, ms);
	look(g);
}

/* Who does not see whom as it is; false: all is seen. */
static bool
disagree(const struct gossip *g, size_t *who, size_t *whom)
{
	for (size_t i = 0; i < g->w.n; i++) {
		if (g->w.nodes[i].state != POOLWORLD_UP || g->w.nodes[i].left)
			continue;
		for (size_t j = 0; j < g->w.n; j++) {
			const struct poolworld_node *m = &g->w.nodes[j];
			enum pool_status s = poolworld_sees(&g->w, i, j);
			bool there = m->state == POOLWORLD_UP && !m->left;

			if (there != (s == POOL_ALIVE)) {
				*who = i;
				*whom = j;
				return true;
			}
		}
	}
	return false;
}

void
gossip_agree(struct gossip *g, uint64_t within_ms, const char *when)
{
	uint64_t end = g->w.now_ms + within_ms;
	size_t who, whom;

	while (disagree(g, &who, &whom)) {
		if (g->w.now_ms >= end)
			gossip_fail(g, "%s: n%zu sees n%zu as %s", when, who,
			    whom,
			    pool_status_name(poolworld_sees(&g->w, who, whom)));
		gossip_pass(g, 500);
	}
}

bool
gossip_is_sound(const struct gossip_stats *s)
{
	return s->false_failures * 200 <= s->stops + 1000 &&
	       s->leavers_failed * 20 <= s->leave_views + 20;
}

void
gossip_note(struct gossip_times *t, uint64_t ms)
{
	if (t->n < GOSSIP_SAMPLES)
		t->ms[t->n++] = ms;
}

static int
by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

uint64_t
gossip_percentile(struct gossip_times *t, unsigned percent)
{
	if (t->n == 0)
		return 0;
	qsort(t->ms, t->n, sizeof t->ms[0], by_number);
	return t->ms[(t->n - 1) * percent / 100];
}
