/*
 * Raft clusters that live through loss, delay, reordering, doubling,
 * partitions, slow and forgetful disks, crashes and pauses, one a seed.
 *
 *	sim_raft                      two hundred seeds, as a check
 *	sim_raft [-v] SEED            one seed again; -v tells what happens
 *	sim_raft -H HOURS [-f FIRST] [-i STEP]
 *	                              seeds until so many server-hours passed
 *	sim_raft -S SECONDS ...       ... or so many seconds
 *	sim_raft [-f FIRST] -p NUMBER looks for a planted bug (plant build)
 *	sim_raft -P                   their numbers
 *
 * A run has rounds. In each, faults come until all at once they end for a
 * random majority, which must then elect one leader and keep it, and commit;
 * at last all servers are well, and all must come to the same state.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tests/sim/raft_world.h"

enum { SELFTEST_SEEDS = 200, DET_EVERY = 50, SHOWN = 12 };

/* --- one seed --- */

/* Returns whether all held; *w keeps the counters, the hash and the why. */
static bool
run_seed(struct sim_world *w, uint64_t seed, bool verbose)
{
	bool ok;

	sim_world_init(w, seed, verbose);
	sim_world_open(w);
	sim_current = w;
	if (setjmp(w->failed) == 0) {
		for (unsigned i = 0; i < w->o.rounds; i++) {
			sim_trouble(w);
			sim_peace(w);
		}
		ok = true;
	} else {
		ok = false;
	}
	sim_current = NULL;
	return ok;
}

/* --- many --- */

static void
stats_add(struct sim_stats *sum, const struct sim_stats *s)
{
	sum->seeds++;
	sum->server_ms += s->server_ms;
	sum->steps += s->steps;
	sum->messages += s->messages;
	sum->lost += s->lost;
	sum->elections += s->elections;
	sum->crashes += s->crashes;
	sum->cuts += s->cuts;
	sum->installs += s->installs;
	sum->snapshots += s->snapshots;
	sum->acked += s->acked;
	sum->reads += s->reads;
	for (size_t i = 0; i < SIM_NSIGHTS; i++)
		sum->sights[i] += s->sights[i];
}

static void
stats_show(const struct sim_stats *s, uint64_t first, uint64_t next)
{
	static const char *const texts[] = {
#define X(name, text) text,
		SIM_SIGHTS(X)
#undef X
	};

	printf("server_hours=%.1f seeds=%" PRIu64 " (%" PRIu64 "..%" PRIu64
	       ") steps=%" PRIu64 " messages=%" PRIu64 " lost=%" PRIu64
	       " elections=%" PRIu64 " crashes=%" PRIu64 " partitions=%" PRIu64
	       " snapshots=%" PRIu64 " installs=%" PRIu64 " acked=%" PRIu64
	       " reads=%" PRIu64 "\n",
	    (double)s->server_ms / 3.6e6, s->seeds, first, next, s->steps,
	    s->messages, s->lost, s->elections, s->crashes, s->cuts,
	    s->snapshots, s->installs, s->acked, s->reads);
	for (size_t i = 0; i < SIM_NSIGHTS; i++)
		printf("saw %9" PRIu64 " %s\n", s->sights[i], texts[i]);
}

static bool
is_repeatable(struct sim_world *w)
{
	uint64_t trace = w->trace, seed = w->seed;
	bool same;

	sim_world_release(w);
	run_seed(w, seed, false);
	same = w->trace == trace;
	if (!same)
		printf("seed %" PRIu64 " FAILED: DET: two runs differ\n", seed);
	return same;
}

/* When a run of many seeds ends: one of these. */
struct limit {
	uint64_t seeds;
	double hours;
	time_t seconds;
};

static bool
is_reached(const struct limit *l, const struct sim_stats *sum, time_t began)
{
	if (l->seeds > 0)
		return sum->seeds >= l->seeds;
	if (l->seconds > 0)
		return time(NULL) - began >= l->seconds;
	return (double)sum->server_ms >= l->hours * 3.6e6;
}

/* Seeds first, first + by, ... */
static int
run_many(uint64_t first, uint64_t by, const struct limit *limit)
{
	static struct sim_world w;
	struct sim_stats sum = { 0 };
	time_t began = time(NULL);
	uint64_t seed = first;
	int rv = 0;

	for (; rv == 0 && !is_reached(limit, &sum, began); seed += by) {
		if (!run_seed(&w, seed, false)) {
			sim_show_failure(&w, "sim_raft");
			rv = 1;
		} else if (sum.seeds % DET_EVERY == 0 && !is_repeatable(&w)) {
			rv = 1;
		}
		stats_add(&sum, &w.stats);
		sim_world_release(&w);
	}
	stats_show(&sum, first, seed);
	return rv;
}

static int
replay(uint64_t seed, bool verbose)
{
	static struct sim_world w;
	bool ok = run_seed(&w, seed, verbose);

	if (!ok)
		sim_show_failure(&w, "sim_raft");
	else
		printf("seed %" PRIu64 " passed, trace %016" PRIx64 "\n", seed,
		    w.trace);
	sim_world_release(&w);
	return ok ? 0 : 1;
}

/* Whether a planted bug is found within its limit of seeds. */
static int
hunt(int number, uint64_t first)
{
#ifdef RAFT_PLANT
	static struct sim_world w;

	for (size_t i = 0; i < sim_nplants; i++) {
		const struct sim_plant *p = &sim_plants[i];

		if (p->number != number)
			continue;
		raft_plant = number;
		for (uint64_t seed = first; seed < first + p->seeds; seed++) {
			if (!run_seed(&w, seed, false)) {
				printf("planted %02d %s: found at seed %" PRIu64
				       " by %s\n",
				    number, p->name, seed, w.why);
				return 0;
			}
			sim_world_release(&w);
		}
		printf("planted %02d %s: NOT FOUND in %u seeds\n", number,
		    p->name, p->seeds);
		return 1;
	}
#else
	(void)first;
#endif
	fprintf(stderr, "sim_raft: no such planted bug here: %d\n", number);
	return 2;
}

static int
list_plants(void)
{
	for (size_t i = 0; i < sim_nplants; i++)
		printf("%d\n", sim_plants[i].number);
	return 0;
}

static int
usage(void)
{
	fprintf(stderr, "usage: sim_raft [-v] [SEED]\n"
			"       sim_raft [-f FIRST] [-i STEP] [-n SEEDS | -H "
			"HOURS | -S SECONDS]\n"
			"       sim_raft [-f FIRST] -p NUMBER | -P\n");
	return 2;
}

int
main(int argc, char **argv)
{
	struct limit limit = { .seeds = SELFTEST_SEEDS };
	uint64_t first = 1, by = 1;
	bool verbose = false;
	int c;

	setvbuf(stdout, NULL, _IOLBF, 0);
	while ((c = getopt(argc, argv, "vPf:i:n:H:S:p:")) != -1) {
		switch (c) {
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
			limit.seeds = strtoull(optarg, NULL, 10);
			break;
		case 'H':
			limit = (struct limit){ .hours = strtod(optarg, NULL) };
			break;
		case 'S':
			limit = (struct limit){ .seconds = atol(optarg) };
			break;
		case 'p':
			return hunt(atoi(optarg), first);
		case 'P':
			return list_plants();
		default:
			return usage();
		}
	}
	if (optind < argc)
		return replay(strtoull(argv[optind], NULL, 10), verbose);
	return run_many(first, by, &limit);
}
