/*
 * Leases of nodes: who has been heard of lately.
 *
 * A node renews its lease before its term is over; the term is told to it,
 * longer the more nodes there are. A node that stays silent for the term and
 * a grace after it is lost. Leases live in the leader's memory only. Pure.
 */
#ifndef SCHEDD_LEASE_H
#define SCHEDD_LEASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/due.h"
#include "common/map.h"
#include "common/rng.h"

struct lease_rule {
	uint64_t min_ms;
	uint64_t grace_ms;
	uint64_t rate; /* renewals a second, of all nodes together */
};

struct leases {
	struct map nodes; /* id to struct lease */
	struct dues dues;
};

/* The shortest term with so many nodes. */
uint64_t lease_term_ms(const struct lease_rule *rule, size_t nnodes);

void leases_release(struct leases *l);
size_t leases_count(const struct leases *l);

/* Renews the node's lease, or gives it one: the term it is told, at random
 * up to twice the shortest. */
uint64_t lease_renew(struct leases *l, const char *node_id,
    const struct lease_rule *rule, struct rng *rng, uint64_t now_ms);
/* Gives a lease of exactly that long. */
void lease_set(
    struct leases *l, const char *node_id, uint64_t ms, uint64_t now_ms);
void lease_end(struct leases *l, const char *node_id);
/* Every lease lasts so much longer. */
void leases_extend(struct leases *l, uint64_t ms);

/* A node whose lease is over, borrowed until the lease is set, renewed or
 * ended, which the caller does; NULL when there is none. */
const char *lease_expired(const struct leases *l, uint64_t now_ms);
uint64_t lease_due_ms(const struct leases *l); /* UINT64_MAX: never */

#endif
