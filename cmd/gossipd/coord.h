/*
 * Network coordinates (Vivaldi, as Serf computes them): points whose
 * distance estimates the round trip between two members, so that the time
 * between any two is known without each measuring all others.
 *
 * All numbers are seconds. A coordinate from outside must pass
 * coord_is_valid() before anything else is done with it.
 */
#ifndef CMD_GOSSIPD_COORD_H
#define CMD_GOSSIPD_COORD_H

#include <stdbool.h>
#include <stddef.h>

#include "cmd/gossipd/wire.h"
#include "common/rng.h"

#define COORD_WINDOW    20   /* samples of the adjustment */
#define COORD_MEDIAN    3    /* round trips of one member that are looked at */
#define COORD_RTT_MAX_S 10.0 /* a longer round trip is not believed */

/* Our own coordinate and what it learns from. */
struct coord_client {
	struct wire_coord at;
	double samples[COORD_WINDOW];
	size_t next;
	unsigned nresets;
};

/* The last round trips to one member, for a median. Zeroed: none. */
struct coord_lag {
	double rtt[COORD_MEDIAN];
	size_t n;
};

void coord_client_init(struct coord_client *c);

/* Finite throughout. */
bool coord_is_valid(const struct wire_coord *c);

/*
 * Learns from one round trip to a member at `other`. Returns whether it was
 * believed; what would make our coordinate invalid resets it.
 */
bool coord_update(struct coord_client *c, struct coord_lag *lag,
    const struct wire_coord *other, double rtt_s, struct rng *rng);

/* The estimated round trip between two. */
double coord_distance(const struct wire_coord *a, const struct wire_coord *b);

#endif
