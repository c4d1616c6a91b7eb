/*
 * The snapshot of a running member: written a moment after the pool has
 * changed, read at the start, when those who were alive are asked one after
 * the other, in an order of chance, until one lets us in.
 */
#include <stdlib.h>

#include "cmd/gossipd/gossipd.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/rng.h"

#define SETTLE_MS 500 /* changes of so long are written together */

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
on_tried(void *ctx, const struct join_result *r)
{
	struct gossipd *g = ctx;

	if (r->njoined > 0) {
		log_info("joined the pool again");
		snapshot_release(&g->was);
	} else {
		try_next(g);
	}
}

static void
try_next(struct gossipd *g)
{
	const struct pool_addr *addr;
	char host[GOSSIP_ADDR_TEXT], *text;

	while (g->was.nmembers > 0) {
		addr = &g->was.members[--g->was.nmembers].addr;
		free(g->was.members[g->was.nmembers].name);
		gossip_addr_format(addr, host);
		text = xasprintf(
		    addr->nip == 4 ? "%s:%u" : "[%s]:%u", host, addr->port);
		if (joins_start(g->joins, &text, 1, false, on_tried, g)) {
			free(text);
			return;
		}
		free(text);
	}
	log_warn("nobody of the snapshot answers");
	snapshot_release(&g->was);
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
	uint64_t seed;

	if (path_of(g)[0] == '\0')
		return 0;
	if (snapshot_load(&g->was, path_of(g), err) == -1)
		return err_add(err, "snapshot");
	rng_secret(&seed, sizeof seed);
	shuffle(&g->was, seed);
	return 0;
}

void
gossipd_snapshot_start(struct gossipd *g)
{
	if (path_of(g)[0] == '\0')
		return;
	g->settle = loop_timer_new(g->daemon->loop, on_settled, g);
	if (g->was.nmembers > 0)
		try_next(g);
}
