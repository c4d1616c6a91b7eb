/*
 * What waits to be gossiped: each message goes out a limited number of
 * times, what went out least comes first, and news about a name replaces
 * older news about it (memberlist's transmit-limited queue).
 */
#ifndef CMD_GOSSIPD_BCAST_H
#define CMD_GOSSIPD_BCAST_H

#include "cmd/gossipd/wire.h"

struct bcast_item {
	char *name; /* what it is about; NULL: of nobody in particular */
	char *bytes;
	size_t n;
	unsigned nsent;
	uint64_t id;
};

/* A zeroed one is empty. Items are kept in the order in which they go. */
struct bcast {
	struct bcast_item *items;
	size_t n, cap;
	uint64_t last_id;
};

/* Messages for one packet, copied. A zeroed one is empty. */
struct bcast_batch {
	struct buf bytes;
	size_t ends[WIRE_PARTS_MAX];
	size_t n;
};

void bcast_release(struct bcast *q);

/*
 * Queues a copy of a message, in place of those about the same name. Where
 * max are queued already, what went out most often gives way. Returns its
 * number.
 */
uint64_t bcast_add(
    struct bcast *q, const char *name, struct wire_bytes message, size_t max);

bool bcast_has(const struct bcast *q, uint64_t id);

/*
 * Adds to the batch what fits into *room, `cost` more bytes for each message,
 * and lowers *room by it. What went out `limit` times is forgotten.
 */
void bcast_take(struct bcast *q, struct bcast_batch *batch, size_t *room,
    size_t cost, unsigned limit);

void bcast_batch_add(struct bcast_batch *b, struct wire_bytes message);
/* The parts, borrowed from the batch. */
void bcast_batch_parts(const struct bcast_batch *b, struct wire_bytes *parts);
void bcast_batch_release(struct bcast_batch *b);

#endif
