/*
 * A read over HTTP, which may wait for news (a blocking query).
 *
 * A read function looks at the state and answers, or says that it must wait:
 *
 *	static void
 *	read_eval(struct query *q)
 *	{
 *		if (query_waits(q, SCHED_EVAL, query_arg(q, "id")))
 *			return;
 *		... query_reply(q, &body);
 *	}
 *
 * It is called again from its beginning when what it waits for has changed,
 * or when the wait is over. Query parameters are those of Nomad: index, wait,
 * stale, namespace, prefix, pretty, and of lists reverse, per_page,
 * next_token.
 *
 * Without a leader the state may be old: a read waits for one, unless it says
 * stale. With other voters the leader first makes sure that it still is one,
 * so that no answer is older than its question.
 */
#ifndef SCHEDD_QUERY_H
#define SCHEDD_QUERY_H

#include "cmd/schedd/schedd.h"
#include "common/arena.h"

#define QUERY_MAX_WATCHES 2
#define QUERY_NAME_MAX    512
#define QUERY_LEADER_MS   5000 /* that a read waits for a leader */

typedef void query_fn(struct query *q);

struct query_confirm;

struct query_watch {
	struct query *query;
	struct sched_watch *watch; /* NULL once it has fired */
};

struct query {
	/* First: what http_req_data() of a waiting request begins with. */
	void (*gone)(struct http_req *r);
	struct schedd *sd;
	struct sched_state *st;
	struct http_req *req;
	query_fn *fn;
	char ns[128]; /* "*": all */
	char prefix[QUERY_NAME_MAX];
	uint64_t min_index; /* 0: does not wait */
	uint64_t index;     /* of what was looked at, for X-Nomad-Index */
	bool stale, reverse;
	size_t per_page;           /* 0: all */
	char from[QUERY_NAME_MAX]; /* next_token: the page's first */
	const char *next;          /* of the page after this; NULL: none */
	struct arena arena;        /* for the answer; released with it */
	struct buf out;

	bool expired, waiting, is_woken, wants_leader;
	size_t nwatches;
	struct query_watch watches[QUERY_MAX_WATCHES];
	struct query_confirm *confirming; /* NULL: not waiting for that */
	struct loop_timer *timer;
	TAILQ_ENTRY(query) entry;
};

/* Reads the parameters and calls fn; wrong ones are answered with 400. */
void query_start(struct schedd *sd, struct http_req *r, query_fn *fn);

/*
 * Notes the index of the topic and key; true when the client has seen it and
 * wants to wait: then fn must return. May be called for a second thing.
 */
bool query_waits(struct query *q, enum sched_topic topic, const char *key);

/* What the path holds in the place of ":name" or "*name". */
const char *query_arg(const struct query *q, const char *name);

/* Each answers and ends the query. */
void query_reply(struct query *q); /* JSON that is in q->out */
void query_reply_rec(
    struct query *q, const struct rec_type *type, const void *rec);
void query_reply_list(
    struct query *q, const struct rec_type *type, const void *recs, size_t n);
void query_reply_tree(struct query *q, struct tree *t); /* taken over */
void query_fail(struct query *q, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Whether the namespace is one that the client asked for. */
bool query_wants_ns(const struct query *q, const char *ns);
/* Whether the id begins with the prefix. */
bool query_wants_id(const struct query *q, const char *id);
/* A prefix of UUIDs must be even and hexadecimal; else the query is answered
 * and false returned. */
bool query_check_uuid_prefix(struct query *q, const char *what);
/* The id is no UUID: the query is answered and false returned. */
bool query_check_uuid(struct query *q, const char *what, const char *id);
/* A switch of the query, dflt where it is not named. */
bool query_flag(const struct query *q, const char *name, bool dflt);

/* --- lists --- */

/* What an item of a list is ordered by, and its page begins with. */
struct query_key {
	uint64_t index; /* when it was created */
	const char *ns; /* NULL is "default" */
	const char *id;
};
typedef struct query_key query_key_fn(const void *item);
enum query_order { QUERY_BY_ID, QUERY_BY_NS, QUERY_BY_INDEX };

/*
 * Orders the n items and moves the page that is asked for to the front.
 * Returns how many are on it. by QUERY_BY_INDEX, which is how time went, a
 * prefix makes it QUERY_BY_ID, as Nomad does.
 */
size_t query_page(struct query *q, const void **items, size_t n,
    query_key_fn *key, enum query_order order);

/* --- for all of the API --- */

/* The headers that every answer of the API has. */
void api_headers(struct http_req *r, uint64_t index, bool has_leader);

/* Flags for JSON as the request wants it; those of trees are the same. */
int api_json_flags(const struct http_req *r);

/* Answers those that were woken, so many at most. */
void query_run_woken(struct schedd *sd, size_t most);
/* There is a leader: goes on with those that wait for one. */
void query_run_led(struct schedd *sd);
/* This server leads no more: those that wait are handed over. */
void query_run_lost(struct schedd *sd);
/* Ends all that wait, as when the server stops. */
void query_end_all(struct schedd *sd);

#endif
