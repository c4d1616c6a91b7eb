/*
 * Inside serverlink.c and its siblings: which server is asked, the lease, and
 * what is on its way. serverlink.c keeps the lease; which server is asked,
 * allocations, services and events each have a file, and so does how far we
 * have followed them.
 */
#ifndef NODEAGENT_SERVERLINK_IMPL_H
#define NODEAGENT_SERVERLINK_IMPL_H

#include "cmd/nodeagent/serverlink.h"
#include "cmd/nodeagent/serverset.h"
#include "common/map.h"
#include "proto/nodemsg.h"

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

/* How far the servers are known to be. */
struct link_past {
	uint64_t heard_index; /* the highest of what was taken */
	unsigned nbehind;     /* leases in a row that were behind it */
};

enum link_verdict {
	LINK_NEWS,   /* to be taken */
	LINK_STRAY,  /* asked before the past was forgotten: dropped */
	LINK_BEHIND, /* that server is behind what was heard */
};

struct serverlink {
	struct nodeagent *na;
	struct serverset set;
	struct bus_peer *peer; /* the set's current one */
	/* The next is dialled; the one just dialled must be up by then. */
	struct loop_timer *move_timer, *connect_timer;
	unsigned nmoves; /* since a call succeeded */
	bool moving;     /* move_timer is set */
	struct loop_timer *lease_timer, *pull_timer, *push_timer, *follow_timer;
	struct link_retry lease, pull, push, push_services, push_events, follow;
	bool registered, leasing, pulling, pushing, pushing_services,
	    pushing_events, following, ending;
	bool started;
	bool changed;     /* the node's record, since it was told */
	bool registering; /* the lease call under way tells it */
	struct link_cursor allocs, services;
	struct link_past past;
	uint64_t ttl_ms, last_lease_ms;
	uint64_t asked_ms;  /* when the lease under way was asked for */
	uint64_t seq;       /* of the last update sent */
	struct map dirty;   /* a set of alloc ids: to be told */
	struct map sent;    /* ... in the update under way */
	struct map unrun;   /* alloc id -> owned alloc: what is told of it */
	struct map put;     /* service id -> owned service_instance */
	struct map removed; /* a set of service ids */
	struct map put_sent, removed_sent;
	struct node_event *events; /* that wait, oldest first */
	size_t nevents, nevents_sent;
};

/* --- serverlink.c --- */

/* Twice as long for each of n, and up to half more by chance. */
uint64_t link_backoff_ms(struct rng *rng, unsigned n);
/* How long to wait after a failure. */
uint64_t link_retry_ms(struct serverlink *l, struct link_retry *r);
/* A call has failed; where that is the server's fault, the next is asked. */
void link_note_failure(
    struct serverlink *l, struct link_retry *r, const struct err *err);
void link_note_success(struct serverlink *l, struct link_retry *r);
/* Nothing sent is forgotten before it is acknowledged. */
void link_move_all(struct map *from, struct map *to);
/* Grows for ever, over restarts too: by the clock, or else by what the
 * servers know. */
uint64_t link_next_seq(struct serverlink *l);

/* Everything that waits for its turn is done now. */
void link_resume(struct serverlink *l);

/* --- serverlink_server.c --- */

int link_open_servers(struct serverlink *l, struct err *err);
void link_close_servers(struct serverlink *l);
/* Asks the next server: at once, but all of them in turn only with growing
 * pauses. What was under way fails with ERR_GONE, later. */
void link_move_on(struct serverlink *l);
void link_learn_servers(struct serverlink *l, const struct node_leased *leased);
/* The server that answers has the rest of the HTTP API, on its host. */
void link_learn_api(struct serverlink *l, uint64_t http_port);
/* What link_past_hear() says, done to the cursors, too. */
void link_hear_index(struct serverlink *l, uint64_t index, bool is_new);
/* True: the answer may be taken, see link_past_judge(). If not it is dropped,
 * and that its server is behind is a failure of the call. */
bool link_accept(struct serverlink *l, struct link_retry *r,
    const struct link_cursor *c, uint64_t index, bool full);

/* --- serverlink_cursor.c: decides, on plain data --- */

/*
 * A lease was answered at that index. After we registered anew (is_new) all
 * that there is is asked for again. An index behind what we have heard comes
 * from a leader that is about to learn that it is none, and changes nothing;
 * but when that goes on, the servers have lost their past, and so do we. True
 * when all that was followed is to be forgotten.
 */
bool link_past_hear(struct link_past *p, uint64_t index, bool is_new);
/* Whether an answer may be taken: it continues what we have, or it is all
 * that there is, as of no earlier time than what we have heard. */
enum link_verdict link_past_judge(struct link_past *p,
    const struct link_cursor *c, uint64_t index, bool full);

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
