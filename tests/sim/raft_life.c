/* A world begins and ends; what is told of one that failed. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/sim/raft_world.h"

enum { SHOWN = 12 };

struct sim_world *sim_current;

/* glibc's, which assert() calls. */
void
__assert_fail(
    const char *what, const char *file, unsigned line, const char *func)
{
	(void)func;
	if (sim_current == NULL) {
		fprintf(stderr, "%s:%u: %s\n", file, line, what);
		_exit(3);
	}
	sim_fail(sim_current, "assert: %s (%s:%u)", what, file, line);
}

void
sim_world_init(struct sim_world *w, uint64_t seed, bool verbose)
{
	*w = (struct sim_world){ .seed = seed, .verbose = verbose };
	rng_init(&w->chance, sim_mix(seed, 1));
	rng_init(&w->net, sim_mix(seed, 2));
	rng_init(&w->disk, sim_mix(seed, 3));
	rng_init(&w->people, sim_mix(seed, 4));
	w->now = 1000;
	sim_choose_opts(w);
}

void
sim_world_open(struct sim_world *w)
{
	struct raft_entry first;
	struct rng clocks;

	rng_init(&clocks, sim_mix(w->seed, 7));
	for (size_t i = 0; i < w->o.nfirst; i++) {
		struct raft_server *s = &w->config.servers[w->config.n++];

		s->id = i + 1;
		s->voice = i < w->o.nfirst - w->o.nlearners ? RAFT_VOTER
							    : RAFT_LEARNER;
		sim_addr(s->id, s->addr);
	}
	first = raft_bootstrap_entry(&w->config);
	w->agreed = w->config;
	w->agreed_index = 1;
	for (size_t i = 0; i < w->o.nservers; i++) {
		struct sim_server *s = &w->servers[i];

		s->id = i + 1;
		s->clock_offset_ms = rng_below(&w->chance, 1000000);
		if (w->o.skew_ppm > 0)
			s->clock_ppm = sim_skew(&clocks, w->o.skew_ppm);
		if (i >= w->o.nfirst)
			continue; /* an empty disk: to be added */
		s->disk_term = 1;
		sim_log_add(&s->disk, &first);
	}
	raft_bytes_unref(first.data);
}

void
sim_world_release(struct sim_world *w)
{
	for (size_t i = 0; i < SIM_SERVERS; i++)
		sim_server_release(&w->servers[i]);
	for (size_t i = 0; i < w->ngraves; i++)
		sim_log_release(&w->graves[i].disk);
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

void
sim_show_failure(const struct sim_world *w, const char *program)
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
	printf("  again: %s -v %" PRIu64 "\n", program, w->seed);
}
