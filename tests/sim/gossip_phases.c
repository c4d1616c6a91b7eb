#include <stdio.h>
#include <string.h>

#include "tests/sim/gossip.h"

static const struct rec_kv tags[] = { { "role", "test" } };

static size_t
pick_size(struct rng *r)
{
	static const size_t sizes[] = { 3, 3, 3, 4, 5, 5, 6, 8, 10, 10, 15, 30,
		100 };

	return sizes[rng_below(r, sizeof sizes / sizeof sizes[0])];
}

static void
calm(struct gossip *g)
{
	g->w.loss_pct = g->w.twice_pct = 0;
	g->w.delay_min_ms = 0;
	g->w.delay_max_ms = 2;
}

static size_t
someone(struct gossip *g, enum poolworld_state state)
{
	size_t at = rng_below(&g->w.rng, g->w.n);

	for (size_t i = 0; i < g->w.n; i++) {
		size_t j = (at + i) % g->w.n;

		if (g->w.nodes[j].state == state && !g->w.nodes[j].left)
			return j;
	}
	return g->w.n;
}

static size_t
count_up(const struct gossip *g)
{
	size_t n = 0;

	for (size_t i = 0; i < g->w.n; i++)
		n += g->w.nodes[i].state == POOLWORLD_UP && !g->w.nodes[i].left;
	return n;
}

/*
 * News can miss a member, the less likely the more often it is told; then
 * it learns by an exchange of states, or by a probe of its own.
 */
static uint64_t
missed_ms(const struct gossip *g)
{
	return (g->w.n > 32 ? 300000 : 60000) * g->slow;
}

/* --- beginning --- */

static void
begin(struct gossip *g, uint64_t seed)
{
	static const enum pool_profile profiles[] = { POOL_LAN, POOL_LAN,
		POOL_LAN, POOL_LAN, POOL_LAN, POOL_LOCAL, POOL_WAN };
	struct rng r;

	rng_init(&r, seed);
	poolworld_init(&g->w, seed, pick_size(&r));
	g->w.config.profile =
	    profiles[rng_below(&r, sizeof profiles / sizeof profiles[0])];
	g->slow = g->w.config.profile == POOL_WAN ? 8 : 1;
	g->w.config.compress = rng_below(&r, 2) == 0;
	g->w.config.tags = tags;
	g->w.config.ntags = 1;
	g->w.icmp = rng_below(&r, 2) == 0;
	calm(g);
	for (size_t i = 0; i < g->w.n; i++) {
		poolworld_start(&g->w, i);
		if (i > 0)
			poolworld_join(&g->w, i, rng_below(&g->w.rng, i));
		gossip_pass(g, rng_below(&g->w.rng, 300));
	}
	gossip_agree(g, missed_ms(g), "joining");
}

static void
rest(struct gossip *g)
{
	uint64_t packets, bytes, ms = 60000;

	gossip_pass(g, 30000); /* the news of joining are told by then */
	packets = g->w.packets;
	bytes = g->w.bytes;
	gossip_pass(g, ms);
	if (g->w.config.profile != POOL_LAN)
		return;
	g->stats.idle_packets += g->w.packets - packets;
	g->stats.idle_bytes += g->w.bytes - bytes;
	g->stats.idle_member_ms += ms * g->w.n;
}

/* --- trouble --- */

static void
go_on(struct gossip *g, size_t i)
{
	gossip_say(g, "n%zu goes on", i);
	poolworld_continue(&g->w, i);
}

/* Loss, delay, doubling; some are stopped and go on. All live through it. */
static void
trouble(struct gossip *g)
{
	static const unsigned losses[] = { 0, 5, 10, 20, 30, 30 };
	uint64_t resume[POOLWORLD_NODES] = { 0 };
	uint64_t end = g->w.now_ms + 120000 * g->slow;

	g->w.loss_pct =
	    losses[rng_below(&g->w.rng, sizeof losses / sizeof losses[0])];
	g->w.twice_pct = (unsigned)rng_below(&g->w.rng, 20);
	g->w.delay_max_ms = 1 + rng_below(&g->w.rng, 100);
	gossip_say(g, "trouble: loss %u %%, delay up to %u ms", g->w.loss_pct,
	    (unsigned)g->w.delay_max_ms);
	while (g->w.now_ms < end) {
		size_t i = someone(g, POOLWORLD_UP);

		gossip_pass(g, 1000 + rng_below(&g->w.rng, 4000));
		for (size_t j = 0; j < g->w.n; j++)
			if (g->w.nodes[j].state == POOLWORLD_STOPPED &&
			    resume[j] <= g->w.now_ms)
				go_on(g, j);
		if (count_up(g) <= g->w.n - g->w.n / 4 - 1)
			continue;
		poolworld_stop(&g->w, i);
		gossip_say(g, "n%zu stops", i);
		g->stats.stops++;
		resume[i] =
		    g->w.now_ms + 500 + rng_below(&g->w.rng, 30000 * g->slow);
	}
	for (size_t j = 0; j < g->w.n; j++)
		if (g->w.nodes[j].state == POOLWORLD_STOPPED)
			go_on(g, j);
	calm(g);
	gossip_agree(g, 180000 * g->slow, "after trouble");
}

/* So much is lost that news alone do not tell all who is well. */
static void
loss(struct gossip *g)
{
	g->w.loss_pct = 32 + (unsigned)rng_below(&g->w.rng, 7);
	g->w.delay_max_ms = 1 + rng_below(&g->w.rng, 100);
	gossip_say(g, "loss %u %%", g->w.loss_pct);
	gossip_pass(g, 180000 * g->slow);
	calm(g);
	gossip_agree(g, 180000 * g->slow, "after loss");
}

/* Two parts for a while, long enough or not to give each other up. */
static void
cut(struct gossip *g)
{
	unsigned at = 1 + (unsigned)rng_below(&g->w.rng, g->w.n - 1);

	for (size_t i = 0; i < g->w.n; i++)
		g->w.nodes[i].part = i < at;
	g->stats.cuts++;
	gossip_say(g, "a cut at n%u", at);
	gossip_pass(g, 1000 + rng_below(&g->w.rng, 120000 * g->slow));
	poolworld_heal(&g->w);
	gossip_agree(g, 600000 * g->slow, "after a partition");
}

/* --- death and leaving --- */

static bool
all_see(const struct gossip *g, size_t j, enum pool_status s)
{
	for (size_t i = 0; i < g->w.n; i++)
		if (i != j && g->w.nodes[i].state == POOLWORLD_UP &&
		    !g->w.nodes[i].left && poolworld_sees(&g->w, i, j) != s)
			return false;
	return true;
}

/* Until all see j so; its time is returned. */
static uint64_t
await(struct gossip *g, size_t j, enum pool_status s, uint64_t within_ms)
{
	uint64_t start = g->w.now_ms;

	while (!all_see(g, j, s)) {
		gossip_pass(g, 50);
		if (g->w.now_ms - start > within_ms)
			gossip_fail(g, "n%zu is not %s with all after %u ms", j,
			    pool_status_name(s), (unsigned)within_ms);
	}
	return g->w.now_ms - start;
}

static void
die(struct gossip *g)
{
	size_t j = someone(g, POOLWORLD_UP);
	bool gone = rng_below(&g->w.rng, 3) == 0;
	uint64_t ms;

	poolworld_kill(&g->w, j);
	g->w.nodes[j].unplugged = gone;
	g->stats.kills++;
	ms = await(g, j, POOL_FAILED,
	    ((gone ? 60000 : 15000) + 2000 * g->w.n) * g->slow);
	if (g->w.config.profile == POOL_LAN)
		gossip_note(gone ? &g->stats.silent : &g->stats.refused, ms);
	gossip_say(g, "n%zu died (host %s): all know after %u ms", j,
	    gone ? "gone" : "there", (unsigned)ms);
	if (rng_below(&g->w.rng, 2) == 0)
		gossip_pass(g, rng_below(&g->w.rng, 60000 * g->slow));
	poolworld_start(&g->w, j);
	poolworld_join(&g->w, j, (j + 1) % g->w.n);
	g->stats.restarts++;
	gossip_agree(g, missed_ms(g), "after a restart");
}

static void
leave(struct gossip *g)
{
	size_t j = someone(g, POOLWORLD_UP);
	uint64_t start = g->w.now_ms;

	poolworld_leave(&g->w, j);
	g->stats.leaves++;
	g->stats.leave_views += count_up(g) - 1;
	while (!g->w.nodes[j].left) {
		gossip_pass(g, 50);
		if (g->w.now_ms - start > 2 * POOL_LEAVE_WAIT_MS + 1000)
			gossip_fail(g, "n%zu does not get away", j);
	}
	poolworld_kill(&g->w, j);
	await(g, j, POOL_LEFT, missed_ms(g));
	gossip_pass(g, 5000 + rng_below(&g->w.rng, 60000 * g->slow));
	if (!all_see(g, j, POOL_LEFT))
		gossip_fail(g, "n%zu does not stay left", j);
	poolworld_start(&g->w, j);
	poolworld_join(&g->w, j, (j + 1) % g->w.n);
	g->stats.restarts++;
	gossip_agree(g, missed_ms(g), "after coming back");
}

/* It dies while it can hardly be heard; wait for the calm to judge. */
static void
die_in_trouble(struct gossip *g)
{
	size_t j = someone(g, POOLWORLD_UP);

	g->w.loss_pct = 30;
	poolworld_kill(&g->w, j);
	g->stats.kills++;
	await(g, j, POOL_FAILED, 120000 * g->slow);
	calm(g);
	poolworld_start(&g->w, j);
	poolworld_join(&g->w, j, (j + 1) % g->w.n);
	g->stats.restarts++;
	gossip_agree(g, 180000 * g->slow, "after a death in trouble");
}

static void
live(struct gossip *g)
{
	static void (*const phases[])(struct gossip *) = { trouble, trouble,
		loss, cut, die, die, die, leave, die_in_trouble };

	rest(g);
	for (int i = 0; i < 6; i++)
		phases[rng_below(&g->w.rng, sizeof phases / sizeof phases[0])](
		    g);
}

bool
gossip_run(struct gossip *g, uint64_t seed)
{
	bool ok = setjmp(g->failed) == 0;

	if (ok) {
		begin(g, seed);
		live(g);
	}
	g->stats.seeds = 1;
	g->stats.packets = g->w.packets;
	g->stats.bytes = g->w.bytes;
	return ok;
}

void
gossip_release(struct gossip *g)
{
	poolworld_release(&g->w);
}
