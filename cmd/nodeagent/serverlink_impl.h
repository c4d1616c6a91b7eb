/*
 * Inside serverlink.c and its siblings: which server is asked, the lease, and
 * what is on its way. serverlink.c keeps the lease; allocations and services
 * each have a file, and so does how far we have followed them.
 */
#ifndef NODEAGENT_SERVERLINK_IMPL_H
#define NODEAGENT_SERVERLINK_IMPL_H

#include "cmd/nodeagent/serverlink.h"
#include "common/map.h"

/* How one kind of call has fared since it last succeeded. */
struct link_retry {
	const char *what; /* "lease" */
	unsigned nfailures;
	bool complained;
};

/* How far we have followed something that may come in parts: see
 * node_allocs_news in proto/nodemsg.h. */
struct link_cursor {
	uint64_t index, at;
	char *after;       /* NULL: the last part has come */
	bool listing;      /* the parts are a full list */
	struct map listed; /* ids that it had so far */
};

struct serverlink {
	struct nodeagent *na;
	char **servers;
	size_t nservers, at; /* the one that is asked */
	struct bus_peer *peer;
	struct loop_timer *lease_timer, *pull_timer, *push_timer, *follow_timer;
	struct link_retry lease, pull, push, push_services, push_events, follow;
	bool registered, leasing, pulling, pushing, pushing_services,
	    pushing_events, following, redialling, ending;
	bool started;
	bool changed;     /* the node's record, since it was told */
	bool registering; /* the lease call under way tells it */
	struct link_cursor allocs, services;
	uint64_t ttl_ms, last_lease_ms;
	uint64_t seq;       /* of the last update sent */
	struct map dirty;   /* alloc id -> anything: to be told */
	struct map sent;    /* ... in the update under way */
	struct map unrun;   /* alloc id -> owned alloc: what is told of it */
	struct map put;     /* service id -> owned service_instance */
	struct map removed; /* service id -> anything */
	struct map put_sent, removed_sent;
	struct node_event *events; /* that wait, oldest first */
	size_t nevents, nevents_sent;
};

/* --- serverlink.c --- */

/* How long to wait after a failure: twice as long after each, and up to half
 * more by chance. */
uint64_t link_retry_ms(struct serverlink *l, struct link_retry *r);
/* What a failed call means for the server that we ask. */
void link_note_failure(
    struct serverlink *l, struct link_retry *r, const struct err *err);
void link_note_success(struct link_retry *r);
/* Nothing sent is forgotten before it is acknowledged. */
void link_move_all(struct map *from, struct map *to);
/* Grows for ever, over restarts too: by the clock, or else by what the
 * servers know. */
uint64_t link_next_seq(struct serverlink *l);

/* --- serverlink_cursor.c --- */

/* A part has come; what it lists is told by link_cursor_list(). */
void link_cursor_move(struct link_cursor *c, uint64_t index, bool full,
    uint64_t at, const char *after);
void link_cursor_list(struct link_cursor *c, const char *id);
/* A full list has come to its end. True once; then link_cursor_lists() tells
 * what is on it, until link_cursor_forget(). */
bool link_cursor_is_whole(const struct link_cursor *c);
bool link_cursor_lists(const struct link_cursor *c, const char *id);
void link_cursor_forget(struct link_cursor *c);
void link_cursor_release(struct link_cursor *c);

/* --- serverlink_alloc.c --- */

/* Asks for allocations, unless an answer is awaited; arg is the link. */
void link_pull(void *arg);
/* Tells of at most a batch of those that changed. */
void link_push_allocs(struct serverlink *l);

void link_forget_unrun(struct serverlink *l);

/* --- serverlink_service.c --- */

/* Asks for the catalog's news, unless they are awaited; arg is the link. */
void link_follow(void *arg);
void link_push_services(struct serverlink *l);
/* Empties a map of owned services. */
void link_forget_services(struct map *m);

/* --- serverlink_event.c --- */

void link_push_events(struct serverlink *l);
void link_forget_events(struct serverlink *l, size_t n); /* the oldest n */

#endif
