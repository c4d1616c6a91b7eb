/*
 * Inside serverlink.c and its siblings: which server is asked, the lease, and
 * what is on its way. serverlink.c keeps the lease; allocations and services
 * each have a file.
 */
#ifndef NODEAGENT_SERVERLINK_IMPL_H
#define NODEAGENT_SERVERLINK_IMPL_H

#include "cmd/nodeagent/serverlink.h"
#include "common/map.h"

struct serverlink {
	struct nodeagent *na;
	char **servers;
	size_t nservers, at; /* the one that is asked */
	struct bus_peer *peer;
	struct loop_timer *lease_timer, *pull_timer, *push_timer, *follow_timer;
	unsigned nfailures; /* since a server last answered */
	bool registered, leasing, pulling, pushing, pushing_services, following,
	    redialling, complained;
	uint64_t index; /* of the newest allocations taken in */
	uint64_t ttl_ms, last_lease_ms;
	uint64_t seq;       /* of the last update sent */
	struct map dirty;   /* alloc id -> anything: to be told */
	struct map sent;    /* ... in the update under way */
	struct map stopped; /* ids that never ran here */
	struct map put;     /* service id -> owned service_instance */
	struct map removed; /* service id -> anything */
	struct map put_sent, removed_sent;
};

/* --- serverlink.c --- */

/* How long to wait after a failure: twice as long after each, and up to half
 * more by chance. */
uint64_t link_retry_ms(struct serverlink *l);
/* What a failed call means for the server that we ask. */
void link_note_failure(struct serverlink *l, const struct err *err);
/* Nothing sent is forgotten before it is acknowledged. */
void link_move_all(struct map *from, struct map *to);
/* Grows for ever, over restarts too: by the clock, or else by what the
 * servers know. */
uint64_t link_next_seq(struct serverlink *l);

/* --- serverlink_alloc.c --- */

/* Asks for allocations, unless an answer is awaited; arg is the link. */
void link_pull(void *arg);
/* Tells of at most a batch of those that changed. */
void link_push_allocs(struct serverlink *l);

/* --- serverlink_service.c --- */

/* Asks for the catalog's news, unless they are awaited; arg is the link. */
void link_follow(void *arg);
void link_push_services(struct serverlink *l);
/* Empties a map of owned services. */
void link_forget_services(struct map *m);

#endif
