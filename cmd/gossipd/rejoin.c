/*
 * The snapshot of a running member: written a moment after the pool has
 * changed, read at the start, when those who were alive are asked one after
 * the other, in an order of chance, until one lets us in. When all machines
 * start at once, their network may be the last: so they are asked again, and
 * stay in the snapshot, as long as a failed member is looked for.
 */
#include <stdlib.h>

#include "cmd/gossipd/gossipd.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/rng.h"

#define SETTLE_MS    500   /* changes of so long are written together */
#define ROUND_MAX_MS 30000 /* the longest pause before all are asked again */

static const char *
path_of(const struct gossipd *g)
{
	return ((const struct gossipd_config *)g->daemon->config)->snapshot;
}

/* --- writing --- */

static void
write_it(struct gossipd *g, bool left)
{
	struct snapshot s;
	struct err err;

	snapshot_take(&s, g->pool, left);
	if (!left)
		snapshot_keep(&s, &g->was, g->pool);
	if (snapshot_save(&s, path_of(g), &err) == -1)
		log_warn("snapshot not kept reason=\"%s\"", err.text);
	snapshot_release(&s);
}

static void
on_settled(void *arg)
{
	write_it(arg, false);
}

void
gossipd_snapshot_changed(struct gossipd *g)
{
	if (g->settle != NULL && !g->leaves && !loop_timer_is_set(g->settle))
		loop_timer_set(g->settle, SETTLE_MS);
}

void
gossipd_snapshot_end(struct gossipd *g, bool left)
{
	if (g->settle == NULL)
		return;
	loop_timer_cancel(g->settle);
	write_it(g, left);
}

/* --- coming back --- */

static void try_next(struct gossipd *g);

static void
forget(struct gossipd *g)
{
	snapshot_release(&g->was);
	gossipd_snapshot_changed(g);
}

static void
on_tried(void *ctx, const struct join_result *r)
{
	struct gossipd *g = ctx;

	if (r->njoined > 0) {
		log_info("joined the pool again");
		forget(g);
	} else {
		try_next(g);
	}
}

/* False: too much is asked already. */
static bool
try_one(struct gossipd *g, const struct pool_addr *addr)
{
	char host[GOSSIP_ADDR_TEXT], *text;
	bool ok;

	gossip_addr_format(addr, host);
	text =
	    xasprintf(addr->nip == 4 ? "%s:%u" : "[%s]:%u", host, addr->port);
	ok = joins_start(g->joins, &text, 1, false, on_tried, g);
	free(text);
	return ok;
}

/* All have been asked in vain. */
static void
end_round(struct gossipd *g)
{
	uint64_t chance, now_ms = loop_now_ms(g->daemon->loop);

	if (now_ms >= g->was_until_ms) {
		log_warn("nobody of the snapshot answers: looked for long "
			 "enough");
		forget(g);
		return;
	}
	if (g->was_rounds++ == 0)
		log_warn("nobody of the snapshot answers: asked again later");
	g->was_next = 0;
	rng_secret(&chance, sizeof chance);
	loop_timer_set(
	    g->again, join_wait_ms(g->was_rounds, ROUND_MAX_MS, chance));
}

static void
try_next(struct gossipd *g)
{
	if (!gossipd_is_alone(g)) { /* somebody else has found us */
		forget(g);
		return;
	}
	while (g->was_next < g->was.nmembers)
		if (try_one(g, &g->was.members[g->was_next++].addr))
			return;
	end_round(g);
}

static void
on_again(void *arg)
{
	try_next(arg);
}

static void
shuffle(struct snapshot *s, uint64_t seed)
{
	struct rng rng;

	rng_init(&rng, seed);
	for (size_t i = s->nmembers; i > 1; i--) {
		size_t j = (size_t)rng_below(&rng, i);
		struct snapshot_member m = s->members[j];

		s->members[j] = s->members[i - 1];
		s->members[i - 1] = m;
	}
}

int
gossipd_snapshot_load(struct gossipd *g, struct err *err)
{
	const struct gossipd_config *c = g->daemon->config;
	uint64_t seed;

	if (path_of(g)[0] == '\0')
		return 0;
	if (snapshot_load(&g->was, path_of(g), c->rejoin_after_leave, err) ==
	    -1)
		return err_add(err, "snapshot");
	rng_secret(&seed, sizeof seed);
	shuffle(&g->was, seed);
	return 0;
}

void
gossipd_snapshot_start(struct gossipd *g)
{
	const struct gossipd_config *c = g->daemon->config;

	if (path_of(g)[0] == '\0')
		return;
	g->settle = loop_timer_new(g->daemon->loop, on_settled, g);
	g->again = loop_timer_new(g->daemon->loop, on_again, g);
	g->was_until_ms = loop_now_ms(g->daemon->loop) +
			  (uint64_t)(c->reconnect_timeout / CLOCK_NS_PER_MS);
	if (g->was.nmembers > 0)
		try_next(g);
}
