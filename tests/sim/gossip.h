/*
 * Pools under trouble, for sim_gossip: real cores in a poolworld, what is
 * asked of them, and what is counted.
 */
#ifndef TESTS_SIM_GOSSIP_H
#define TESTS_SIM_GOSSIP_H

#include <setjmp.h>

#include "tests/lib/poolworld.h"

#define GOSSIP_SAMPLES 4096

struct gossip_times {
	uint64_t ms[GOSSIP_SAMPLES];
	size_t n;
};

struct gossip_stats {
	uint64_t seeds, member_ms, packets, bytes;
	uint64_t stops, kills, leaves, cuts, restarts;
	/*
	 * A well member called failed by a well one: both up, heard by each
	 * other and not stopped for GOSSIP_GRACE_MS; and how many of these
	 * were not taken back within GOSSIP_MEND_MS.
	 */
	uint64_t false_failures, false_kept;
	/* Members that saw another leave, and that took it for dead first. */
	uint64_t leave_views, leavers_failed;
	uint64_t idle_packets, idle_bytes, idle_member_ms;
	/* From the death to the last that noticed it: host there, host gone. */
	struct gossip_times refused, silent;
};

#define GOSSIP_GRACE_MS 30000
#define GOSSIP_MEND_MS  30000

struct gossip {
	struct poolworld w;
	bool verbose;
	uint64_t slow; /* how much slower than in a LAN things go */
	struct gossip_stats stats;
	jmp_buf failed;
	char why[256];

	/* As of the last look: what i knew of j. */
	uint32_t incarnation[POOLWORLD_NODES][POOLWORLD_NODES];
	unsigned life[POOLWORLD_NODES][POOLWORLD_NODES];
	uint64_t false_at[POOLWORLD_NODES][POOLWORLD_NODES];
};

/* Lives through a seed; false: *why says what went wrong. */
bool gossip_run(struct gossip *g, uint64_t seed);
void gossip_release(struct gossip *g);

void gossip_fail(struct gossip *g, const char *fmt, ...)
    __attribute__((noreturn, format(printf, 2, 3)));
void gossip_say(const struct gossip *g, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Lets time pass, and looks every second at what may never be. */
void gossip_pass(struct gossip *g, uint64_t ms);
/* Until each that is up sees all that are up alive; else it is a failure. */
void gossip_agree(struct gossip *g, uint64_t within_ms, const char *when);
/* Are there no more mistakes than a 200th of the stops, and leavers taken
 * for dead than a twentieth of who saw them leave? */
bool gossip_is_sound(const struct gossip_stats *s);
void gossip_note(struct gossip_times *t, uint64_t ms);
uint64_t gossip_percentile(struct gossip_times *t, unsigned percent);

struct gossip_plant {
	int number;
	const char *name;
	uint64_t seeds; /* within which it must be found */
};
extern const struct gossip_plant gossip_plants[];
extern const size_t gossip_nplants;

#endif
