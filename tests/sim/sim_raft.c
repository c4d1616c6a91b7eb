/*
 * Raft clusters that live through loss, delay, reordering, doubling,
 * partitions, slow and forgetful disks, crashes and pauses, one a seed.
 *
 *	sim_raft                      two hundred seeds, as a check
 *	sim_raft [-v] SEED            one seed again; -v tells what happens
 *	sim_raft -H HOURS [-f FIRST] [-i STEP]
 *	                              seeds until so many server-hours passed
 *	sim_raft -p NUMBER            looks for a planted bug (plant build)
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
#include <unistd.h>

#include "tests/sim/raft_world.h"

enum { SELFTEST_SEEDS = 200, DET_EVERY = 50, SHOWN = 12 };

static struct sim_world *current; /* whose asserts are caught */

/*
 * A failed assert in the core is a finding like any other: it ends the seed,
 * not the program.
 */
void
__assert_fail(
    const char *what, const char *file, unsigned line, const char *func)
{
	(void)func;
	if (current == NULL) {
		fprintf(stderr, "%s:%u: %s\n", file, line, what);
		_exit(3);
	}
	sim_fail(current, "assert: %s (%s:%u)", what, file, line);
}

/* --- one seed --- */

static void
world_init(struct sim_world *w, uint64_t seed, bool verbose)
{
	struct raft_entry first;

	*w = (struct sim_world){ .seed = seed, .verbose = verbose };
	rng_init(&w->chance, sim_mix(seed, 1));
	rng_init(&w->net, sim_mix(seed, 2));
	rng_init(&w->disk, sim_mix(seed, 3));
	rng_init(&w->people, sim_mix(seed, 4));
	w->now = 1000;
	sim_choose_opts(w);
	for (size_t i = 0; i < w->o.nfirst; i++)
		w->config.servers[w->config.n++] =
		    (struct raft_server){ .id = i + 1,
			    .voice = i < w->o.nfirst - w->o.nlearners
					 ? RAFT_VOTER
					 : RAFT_LEARNER };
	first = raft_bootstrap_entry(&w->config);
	w->agreed = w->config;
	w->agreed_index = 1;
	for (size_t i = 0; i < w->o.nservers; i++) {
		struct sim_server *s = &w->servers[i];

		s->id = i + 1;
		s->clock_offset_ms = rng_below(&w->chance, 1000000);
		if (i >= w->o.nfirst)
			continue; /* an empty disk: to be added */
		s->disk_term = 1;
		sim_log_add(&s->disk, &first);
	}
	raft_bytes_unref(first.data);
}

static void
world_release(struct sim_world *w)
{
	for (size_t i = 0; i < SIM_SERVERS; i++)
		sim_server_release(&w->servers[i]);
	for (size_t i = 0; i < w->nheap; i++)
		sim_message_free(w->heap[i].msg);
	free(w->heap);
	raft_actions_release(&w->acts);
	sim_ghost_release(w);
}

static void
show_server(const struct raft *r)
{
	printf("  %" PRIu64 " %s term %" PRIu64 " leader %" PRIu64
	       " log %" PRIu64 "..%" PRIu64 " commit %" PRIu64
	       " synced %" PRIu64 " verified %" PRIu64 " config %" PRIu64 ":",
	    r->opts.id, raft_role_name(r->role), r->term, r->leader,
	    raft_log_first(&r->log), raft_log_last(&r->log), r->commit,
	    r->synced, r->verified, r->config_index);
	for (size_t i = 0; i < r->config.n; i++)
		printf(" %" PRIu64 "%s", r->config.servers[i].id,
		    r->config.servers[i].voice == RAFT_VOTER ? "" : "l");
	putchar('\n');
}

static void
show_failure(const struct sim_world *w)
{
	const struct sim_opts *o = &w->o;

	printf("seed %" PRIu64 " FAILED at %" PRIu64 " ms: %s\n", w->seed,
	    w->now, w->why);
	printf("  %u servers, first %u (%u learn) election %" PRIu64 "+%" PRIu64
	       " delay %" PRIu64 " sync %" PRIu64 " loss %u twice %u late %u"
	       " snapshot every %" PRIu64 "\n",
	    o->nservers, o->nfirst, o->nlearners, o->election_ms, o->jitter_ms,
	    o->delay_ms, o->sync_ms, o->loss, o->twice, o->late,
	    o->snapshot_every);
	for (size_t i = 0; i < o->nservers; i++) {
		const struct sim_server *s = &w->servers[i];
		const struct raft *r = s->raft;

		if (r == NULL)
			printf("  %zu down: term %" PRIu64 " log ..%" PRIu64
			       "\n",
			    i + 1, s->disk_term, sim_log_last(&s->disk));
		else
			show_server(r);
	}
	for (uint64_t n = SHOWN; n > 0; n--) {
		uint64_t i = w->stats.steps - n;
		const struct sim_event *ev = &w->recent[i % SIM_RECENT];

		if (n <= w->stats.steps)
			printf("  event %" PRIu64 " at %" PRIu64
			       ": type %d server %u\n",
			    i, ev->at, (int)ev->type, ev->server + 1);
	}
	printf("  again: sim_raft -v %" PRIu64 "\n", w->seed);
}

/* Returns whether all held; *w keeps the counters, the hash and the why. */
static bool
run_seed(struct sim_world *w, uint64_t seed, bool verbose)
{
	bool ok;

	world_init(w, seed, verbose);
	current = w;
	if (setjmp(w->failed) == 0) {
		for (unsigned i = 0; i < w->o.rounds; i++) {
			sim_trouble(w);
			sim_peace(w);
		}
		ok = true;
	} else {
		ok = false;
	}
	current = NULL;
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

	world_release(w);
	run_seed(w, seed, false);
	same = w->trace == trace;
	if (!same)
		printf("seed %" PRIu64 " FAILED: DET: two runs differ\n", seed);
	return same;
}

/* Seeds first, first + by, ... until so many seeds or hours are done. */
static int
run_many(uint64_t first, uint64_t by, uint64_t nseeds, double hours)
{
	static struct sim_world w;
	struct sim_stats sum = { 0 };
	uint64_t seed = first;
	int rv = 0;

	for (; rv == 0; seed += by) {
		if (nseeds > 0 ? sum.seeds >= nseeds
			       : (double)sum.server_ms >= hours * 3.6e6)
			break;
		if (!run_seed(&w, seed, false)) {
			show_failure(&w);
			rv = 1;
		} else if (sum.seeds % DET_EVERY == 0 && !is_repeatable(&w)) {
			rv = 1;
		}
		stats_add(&sum, &w.stats);
		world_release(&w);
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
		show_failure(&w);
	else
		printf("seed %" PRIu64 " passed, trace %016" PRIx64 "\n", seed,
		    w.trace);
	world_release(&w);
	return ok ? 0 : 1;
}

/* Whether a planted bug is found before its limit of seeds. */
static int
hunt(int number)
{
#ifdef RAFT_PLANT
	static struct sim_world w;

	for (size_t i = 0; i < sim_nplants; i++) {
		const struct sim_plant *p = &sim_plants[i];

		if (p->number != number)
			continue;
		raft_plant = number;
		for (uint64_t seed = 1; seed <= p->seeds; seed++) {
			if (!run_seed(&w, seed, false)) {
				printf("planted %02d %s: found at seed %" PRIu64
				       " by %s\n",
				    number, p->name, seed, w.why);
				return 0;
			}
			world_release(&w);
		}
		printf("planted %02d %s: NOT FOUND in %u seeds\n", number,
		    p->name, p->seeds);
		return 1;
	}
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
	fprintf(stderr,
	    "usage: sim_raft [-v] [SEED]\n"
	    "       sim_raft [-f FIRST] [-i STEP] [-n SEEDS | -H HOURS]\n"
	    "       sim_raft -p NUMBER | -P\n");
	return 2;
}

int
main(int argc, char **argv)
{
	uint64_t first = 1, by = 1, nseeds = SELFTEST_SEEDS;
	double hours = 0;
	bool verbose = false;
	int c;

	setvbuf(stdout, NULL, _IOLBF, 0);
	while ((c = getopt(argc, argv, "vPf:i:n:H:p:")) != -1) {
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
			nseeds = strtoull(optarg, NULL, 10);
			break;
		case 'H':
			hours = strtod(optarg, NULL);
			nseeds = 0;
			break;
		case 'p':
			return hunt(atoi(optarg));
		case 'P':
			return list_plants();
		default:
			return usage();
		}
	}
	if (optind < argc)
		return replay(strtoull(argv[optind], NULL, 10), verbose);
	return run_many(first, by, nseeds, hours);
}
