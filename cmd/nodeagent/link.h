/*
 * The node's tie to its servers: registers, keeps the lease, pulls its
 * allocations by a held request, and tells what has changed.
 *
 * Everything that must be told is kept until a server has acknowledged it.
 * When a server does not answer, the next one of the list is asked; servers
 * that a lease answer names are added to the list.
 */
#ifndef NODEAGENT_LINK_H
#define NODEAGENT_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd/nodeagent/nodeagent.h"
#include "proto/catalog.h"

#define LINK_LEASE_TIMEOUT_MS 5000
#define LINK_HELD_MS          60000 /* how long a held request may wait */
#define LINK_RETRY_MS         250   /* and up to twice that, after a failure */
#define LINK_MAX_BATCH        256   /* allocations in one update */
#define LINK_MAX_SERVERS      16

struct link *link_new(struct nodeagent *na, struct err *err);
void link_start(struct link *l); /* when allocations are restored */
void link_free(struct link *l);

/* The allocation's node side has changed. */
void link_mark_dirty(struct link *l, const char *alloc_id);
bool link_is_dirty(const struct link *l, const char *alloc_id);
/* An allocation that never ran here and that should not: it is complete. */
void link_report_stopped(struct link *l, const char *alloc_id);

void link_put_service(struct link *l, const struct service_instance *s);
void link_remove_service(struct link *l, const char *id);

struct link_state {
	bool registered, up;
	const char *server; /* the URL asked now */
	uint64_t index;
	uint64_t ttl_ms;
	uint64_t last_lease_ms; /* loop time of the last answer; 0: none */
	size_t nservers;
};
struct link_state link_state(const struct link *l);

#endif
