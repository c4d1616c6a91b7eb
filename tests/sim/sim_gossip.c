/*
 * Pools of three to a hundred members live through loss, delay, doubling,
 * partitions, stops, deaths, restarts and leaving, one a seed.
 *
 *	sim_gossip                 sixty seeds, as a check
 *	sim_gossip [-v] SEED [N]   N seeds from SEED on (1); -v tells all
 *	sim_gossip -p NUMBER       looks for a planted bug (plant build)
 *	sim_gossip -P              their numbers
 *
 * What is asked: who joins is seen by all; who is killed is failed with all
 * within a bound, who leaves is left with all and stays so; after trouble,
 * partitions and restarts all agree; no incarnation goes back; a well member
 * that is called failed by a well one is alive with it again within
 * GOSSIP_MEND_MS; and that happens seldom (gossip_is_sound()).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/gossipd/plant.h"
#include "common/log.h"
#include "tests/sim/gossip.h"

#define SEEDS 60

static void
stats_add(struct gossip_stats *sum, const struct gossip_stats *s)
{
	sum->seeds += s->seeds;
	sum->member_ms += s->member_ms;
	sum->packets += s->packets;
	sum->stops += s->stops;
	sum->kills += s->kills;
	sum->leaves += s->leaves;
	sum->cuts += s->cuts;
	sum->restarts += s->restarts;
	sum->false_failures += s->false_failures;
	sum->false_kept += s->false_kept;
	sum->leave_views += s->leave_views;
	sum->leavers_failed += s->leavers_failed;
	sum->idle_packets += s->idle_packets;
	sum->idle_bytes += s->idle_bytes;
	sum->idle_member_ms += s->idle_member_ms;
	for (size_t i = 0; i < s->refused.n; i++)
		gossip_note(&sum->refused, s->refused.ms[i]);
	for (size_t i = 0; i < s->silent.n; i++)
		gossip_note(&sum->silent, s->silent.ms[i]);
}

static void
stats_show(struct gossip_stats *s)
{
	double idle_s = (double)s->idle_member_ms / 1000;

	printf("gossip: seeds=%" PRIu64 " member_hours=%.1f packets=%" PRIu64
	       " stops=%" PRIu64 " kills=%" PRIu64 " leaves=%" PRIu64
	       " partitions=%" PRIu64 " restarts=%" PRIu64
	       " false_failures=%" PRIu64 " kept=%" PRIu64
	       " leavers_failed=%" PRIu64 "/%" PRIu64 "\n",
	    s->seeds, (double)s->member_ms / 3.6e6, s->packets, s->stops,
	    s->kills, s->leaves, s->cuts, s->restarts, s->false_failures,
	    s->false_kept, s->leavers_failed, s->leave_views);
	printf("gossip: detection_ms host_there p50=%" PRIu64 " p99=%" PRIu64
	       " n=%zu, host_gone p50=%" PRIu64 " p99=%" PRIu64
	       " n=%zu; idle per member packets_s=%.2f bytes_s=%.0f\n",
	    gossip_percentile(&s->refused, 50),
	    gossip_percentile(&s->refused, 99), s->refused.n,
	    gossip_percentile(&s->silent, 50),
	    gossip_percentile(&s->silent, 99), s->silent.n,
	    idle_s > 0 ? (double)s->idle_packets / idle_s : 0,
	    idle_s > 0 ? (double)s->idle_bytes / idle_s : 0);
}

/* Returns whether all held. */
static bool
run_seed(uint64_t seed, bool verbose, struct gossip_stats *sum)
{
	static struct gossip g;
	bool ok;

	memset(&g, 0, sizeof g);
	g.verbose = verbose;
	ok = gossip_run(&g, seed);
	if (!ok)
		printf("seed %" PRIu64 " FAILED at %" PRIu64
		       " ms, %zu members: %s\n  again: sim_gossip -v %" PRIu64
		       "\n",
		    seed, g.w.now_ms, g.w.n, g.why, seed);
	if (verbose)
		printf("gossip: seed %" PRIu64 ": packets=%" PRIu64
		       " order=%" PRIu64 "\n",
		    seed, g.w.packets, g.w.order);
	stats_add(sum, &g.stats);
	gossip_release(&g);
	return ok;
}

#ifdef POOL_PLANTS
static int
find_plant(int number)
{
	static struct gossip_stats sum;

	for (size_t i = 0; i < gossip_nplants; i++) {
		const struct gossip_plant *p = &gossip_plants[i];

		if (p->number != number)
			continue;
		pool_plant = number;
		for (uint64_t seed = 1; seed <= p->seeds; seed++)
			if (!run_seed(seed, false, &sum) ||
			    !gossip_is_sound(&sum)) {
				printf("plant %d %s: found by seed %" PRIu64
				       "\n",
				    number, p->name, seed);
				return 0;
			}
		printf("plant %d %s: NOT FOUND in %" PRIu64 " seeds\n", number,
		    p->name, p->seeds);
		return 1;
	}
	fprintf(stderr, "no plant %d\n", number);
	return 2;
}
#else
static int
find_plant(int number)
{
	fprintf(stderr, "plant %d: not the plant build\n", number);
	return 2;
}
#endif

static int
show_plants(void)
{
	for (size_t i = 0; i < gossip_nplants; i++)
		printf("%d\n", gossip_plants[i].number);
	return 0;
}

int
main(int argc, char **argv)
{
	static struct gossip_stats sum;
	uint64_t seed = 1, n = SEEDS;
	bool verbose = false, ok = true;
	int c;

	log_init("sim_gossip", LOG_ERROR);
	while ((c = getopt(argc, argv, "vPp:")) != -1) {
		if (c == 'P')
			return show_plants();
		if (c == 'p')
			return find_plant(atoi(optarg));
		verbose = true;
	}
	if (optind < argc) {
		seed = strtoull(argv[optind], NULL, 10);
		n = optind + 1 < argc ? strtoull(argv[optind + 1], NULL, 10)
				      : 1;
	}
	for (uint64_t i = 0; i < n; i++)
		ok = run_seed(seed + i, verbose, &sum) && ok;
	stats_show(&sum);
	if (!gossip_is_sound(&sum)) {
		printf("gossip: too many mistakes\n");
		ok = false;
	}
	return ok ? 0 : 1;
}
