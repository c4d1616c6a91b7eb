/*
 * Clusters of servers and up to a thousand nodes live through crashes,
 * partitions, forgetful, failing and lost disks, servers that leave and return,
 * clocks that run fast, slow or jump, and a bad network; see cluster.h for what
 * is real and what is played.
 *
 *	sim_servers                   some seeds, as a check
 *	sim_servers [-v] SEED         one seed again; -v tells what happens
 *	sim_servers [-f FIRST] [-i STEP] [-n SEEDS | -S SECONDS]
 *	                              so many seeds, or for so long
 *	sim_servers -p NUMBER         looks for a planted bug (plant build)
 *	sim_servers -P                their numbers
 *
 * In the end all that was asked for runs, once, and nothing else does.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "tests/sim/cluster.h"

enum { SELFTEST_SEEDS = 8, DET_EVERY = 25 };
/* Evaluations that failed are tried again within six minutes. */
enum { PEACE_MS = 400000, SHORT_PEACE_MS = 90000 };

static struct cluster c;

static void
stats_add(struct cluster_stats *sum, const struct cluster_stats *s)
{
	uint64_t *to = (uint64_t *)sum;
	const uint64_t *from = (const uint64_t *)s;

	for (size_t i = 0; i < sizeof *s / sizeof *from; i++)
		to[i] += from[i];
}

static void
stats_show(const struct cluster_stats *s, uint64_t first, uint64_t next,
    double seconds)
{
	double hours = (double)s->cluster_ms / 3.6e6;

	printf("server_hours=%.1f cluster_hours=%.2f node_hours=%.0f"
	       " cluster_hours_a_minute=%.2f seeds=%" PRIu64 " (%" PRIu64
	       "..%" PRIu64 ") events=%" PRIu64 " commands=%" PRIu64
	       " elections=%" PRIu64 " offices=%" PRIu64 " crashes=%" PRIu64
	       " partitions=%" PRIu64 " disks_lost=%" PRIu64
	       " disks_failed=%" PRIu64 " departures=%" PRIu64
	       " clock_jumps=%" PRIu64 " node_crashes=%" PRIu64
	       " snapshots=%" PRIu64 " installs=%" PRIu64 " writes=%" PRIu64
	       " reads=%" PRIu64 " allocations=%" PRIu64
	       " partial_plans=%" PRIu64 " nodes_lost=%" PRIu64
	       " states_compared=%" PRIu64 "\n",
	    (double)s->server_ms / 3.6e6, hours, (double)s->node_ms / 3.6e6,
	    hours / (seconds / 60), s->seeds, first, next, s->events,
	    s->commands, s->elections, s->offices, s->crashes, s->cuts,
	    s->losses, s->bad_disks, s->departures, s->jumps, s->node_crashes,
	    s->snapshots, s->installs, s->writes, s->reads, s->placed,
	    s->partial, s->downs, s->compared);
}

static void
show_failure(void)
{
	sim_show_failure(&c.w, "sim_servers");
	printf("  %zu nodes, %zu jobs%s; last not well: %s\n", c.o.nnodes,
	    c.njobs, c.o.crowded ? ", crowded" : "", c.why);
	cluster_show_job(&c);
}

static bool
is_repeatable(void)
{
	uint64_t trace = c.w.trace, seed = c.w.seed;

	cluster_release(&c);
	cluster_run(&c, seed, PEACE_MS, false);
	if (c.w.trace == trace)
		return true;
	printf("seed %" PRIu64 " FAILED: DET: two runs differ\n", seed);
	return false;
}

static double
now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int
run_many(uint64_t first, uint64_t by, uint64_t nseeds, double seconds)
{
	struct cluster_stats sum = { 0 };
	double began = now_s();
	uint64_t seed = first;
	int rv = 0;

	for (; rv == 0; seed += by) {
		if (nseeds > 0 ? sum.seeds >= nseeds
			       : now_s() - began >= seconds)
			break;
		if (!cluster_run(&c, seed, PEACE_MS, false)) {
			show_failure();
			rv = 1;
		} else if (sum.seeds % DET_EVERY == 0 && !is_repeatable()) {
			rv = 1;
		}
		stats_add(&sum, &c.stats);
		if (rv == 0)
			cluster_release(&c);
	}
	stats_show(&sum, first, seed, now_s() - began);
	return rv;
}

static int
replay(uint64_t seed, bool verbose)
{
	struct cluster_stats sum = { 0 };
	double began = now_s();

	if (!cluster_run(&c, seed, PEACE_MS, verbose)) {
		show_failure();
		return 1;
	}
	printf(
	    "seed %" PRIu64 " passed, trace %016" PRIx64 "\n", seed, c.w.trace);
	stats_add(&sum, &c.stats);
	stats_show(&sum, seed, seed + 1, now_s() - began);
	cluster_release(&c);
	return 0;
}

/* Whether a planted bug is found before its limit of seeds. */
static int
hunt(int number)
{
#ifdef SCHED_PLANTS
	for (size_t i = 0; i < cluster_nplants; i++) {
		const struct cluster_plant *p = &cluster_plants[i];

		if (p->number != number)
			continue;
		sched_plant = number;
		for (uint64_t seed = p->first; seed < p->first + p->seeds;
		     seed++) {
			if (!cluster_run(&c, seed, SHORT_PEACE_MS, false)) {
				printf("planted %02d %s: found at seed %" PRIu64
				       " by %s\n",
				    number, p->name, seed, c.w.why);
				return 0;
			}
			cluster_release(&c);
		}
		printf("planted %02d %s: NOT FOUND in %u seeds\n", number,
		    p->name, p->seeds);
		return 1;
	}
#endif
	fprintf(stderr, "sim_servers: no such planted bug here: %d\n", number);
	return 2;
}

static int
list_plants(void)
{
	for (size_t i = 0; i < cluster_nplants; i++)
		printf("%d\n", cluster_plants[i].number);
	return 0;
}

int
main(int argc, char **argv)
{
	uint64_t first = 1, by = 1, nseeds = SELFTEST_SEEDS;
	double seconds = 0;
	bool verbose = false;
	int opt;

	setvbuf(stdout, NULL, _IOLBF, 0);
	log_init("sim_servers", LOG_ERROR);
	while ((opt = getopt(argc, argv, "vPf:i:n:S:p:")) != -1) {
		switch (opt) {
		case 'v':
			verbose = true;
			break;
		case 'f':
			first = strtoull(optarg, NULL, 10);
			break;
		case 'i':
			by = strtoull(optarg, NULL, 10);
			break;
		case 'n':
			nseeds = strtoull(optarg, NULL, 10);
			break;
		case 'S':
			seconds = strtod(optarg, NULL);
			nseeds = 0;
			break;
		case 'p':
			return hunt(atoi(optarg));
		case 'P':
			return list_plants();
		default:
			fprintf(stderr,
			    "usage: sim_servers [-v] [SEED]\n"
			    "       sim_servers [-f FIRST] [-i STEP] "
			    "[-n SEEDS | -S SECONDS]\n"
			    "       sim_servers -p NUMBER | -P\n");
			return 2;
		}
	}
	if (verbose)
		log_init("sim_servers", LOG_INFO);
	if (optind < argc)
		return replay(strtoull(argv[optind], NULL, 10), verbose);
	return run_many(first, by, nseeds, seconds);
}
