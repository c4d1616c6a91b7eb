/*
 * The node's tie to its servers: registers, keeps the lease, pulls its
 * allocations by a held request, and tells what has changed.
 *
 * Each kind of call has a backoff of its own, and a failure that lasts is
 * logged once for each kind, until it succeeds again.
 *
 * Everything that must be told is kept until a server has acknowledged it.
 * When a server does not answer, leaves, or does not lead, the next one is
 * asked (serverset.h says which). Servers that a lease answer names are kept
 * in the node's store, so that it finds them again after a restart. What we
 * follow goes on at the new server where it stood: the index is the
 * cluster's, not the server's.
 */
#ifndef NODEAGENT_SERVERLINK_H
#define NODEAGENT_SERVERLINK_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd/nodeagent/nodeagent.h"
#include "proto/catalog.h"

#define SERVERLINK_LEASE_TIMEOUT_MS 5000
#define SERVERLINK_HELD_MS          60000 /* how long a held request may wait */
#define SERVERLINK_RETRY_MS         10    /* after the first failure */
#define SERVERLINK_RETRY_MAX_MS     2000
#define SERVERLINK_PATIENCE         5   /* failures before one is logged */
#define SERVERLINK_MAX_BATCH        256 /* allocations in one update */
#define SERVERLINK_BATCH_BYTES      (1u << 20) /* packed, in one update */
#define SERVERLINK_CONNECT_MS       500 /* before the next server is tried */
#define SERVERLINK_BEHIND           3   /* leases that may be behind */
#define SERVERLINK_MAX_EVENTS       16  /* that wait; older ones are dropped */

struct serverlink *serverlink_new(struct nodeagent *na, struct err *err);
void serverlink_start(struct serverlink *l); /* when allocations are restored */
void serverlink_free(struct serverlink *l);

/* The allocation's node side has changed. */
void serverlink_mark_dirty(struct serverlink *l, const char *alloc_id);
bool serverlink_is_dirty(const struct serverlink *l, const char *alloc_id);
/* An allocation that never ran here and that should not: it is complete. */
void serverlink_report_stopped(struct serverlink *l, const char *alloc_id);
/* One that cannot run here: it has failed. */
void serverlink_report_refused(
    struct serverlink *l, const char *alloc_id, const char *why);

/* The node's own record has changed: the servers get it again. */
void serverlink_node_changed(struct serverlink *l);
/* A line for the node's events, such as "Driver docker is not healthy". */
void serverlink_put_event(struct serverlink *l, const char *subsystem,
    const char *message, const char *driver);

/* Asks what leave.h asks; node and secret are filled in. See bus_call(). */
struct node_drain_ask;
void serverlink_drain(struct serverlink *l, const struct node_drain_ask *ask,
    uint64_t timeout_ms,
    void (*on_answer)(void *ctx, const struct err *err, const void *reply),
    void *ctx);

void serverlink_put_service(
    struct serverlink *l, const struct service_instance *s);
void serverlink_remove_service(struct serverlink *l, const char *id);

struct serverlink_state {
	bool registered, up;
	const char *server; /* the URL asked now */
	uint64_t index;
	uint64_t ttl_ms;
	uint64_t last_lease_ms; /* loop time of the last answer; 0: none */
	char *const *servers;   /* all that are known; borrowed */
	size_t nservers;
};
struct serverlink_state serverlink_state(const struct serverlink *l);
/* Replaces the servers by what people say; see serverset_set(). */
int serverlink_set_servers(
    struct serverlink *l, char *const *addrs, size_t n, struct err *err);

#endif
