/*
 * Consul's HTTP API as far as it reads and feeds a catalog: what Fabio,
 * Prometheus, Traefik and consul-template ask of an agent.
 *
 * Pure: a request in, an answer out. A request that is to be held until
 * something changes gives a watch instead of an answer: when its mark moves
 * or its time is over, the same request is asked again with `now`.
 *
 * Without `trusted` only reading is allowed. `filter` is refused; sessions,
 * events, prepared queries and Connect are not there.
 */
#ifndef COMMON_CATALOG_CONSUL_H
#define COMMON_CATALOG_CONSUL_H

#include "common/buf.h"
#include "common/catalog/registry.h"

#define CONSUL_WAIT_MS     300000 /* how long a request without wait is held */
#define CONSUL_MAX_WAIT_MS 600000
#define CONSUL_MAX_TAGS    16   /* tag= and node-meta= of one request, each */
#define CONSUL_MAX_PARAM   1024 /* bytes of a parameter's value */

struct consul_ask {
	const char *method, *path, *query; /* path as sent, without '?' */
	const char *body;
	size_t nbody;
	bool trusted;
	bool now; /* do not hold it */
	uint64_t now_ms;
};

struct consul_watch {
	enum registry_mark kind;
	char *name;
	uint64_t mark;    /* when it was asked */
	uint64_t wait_ms; /* how long it may be held */
};

struct consul_answer {
	bool held; /* only watch counts */
	struct consul_watch watch;
	int status;
	const char *type; /* NULL: none */
	struct buf body;
	bool is_known;           /* the path is one of the API's */
	unsigned allow;          /* methods for Allow; 0: no such field */
	uint64_t index;          /* X-Consul-Index; 0: no such fields */
	const char *consistency; /* X-Consul-Effective-Consistency or NULL */
	char *reason;            /* X-Consul-Reason or NULL */
	char *location;          /* of a redirect, or NULL */
};

void consul_answer(struct registry *r, const struct consul_ask *ask,
    struct consul_answer *answer);
void consul_answer_release(struct consul_answer *answer);
void consul_watch_release(struct consul_watch *w);

/* Whether what is watched has changed. */
bool consul_watch_is_due(
    const struct registry *r, const struct consul_watch *w);

/* "OPTIONS,GET,PUT" of an answer's allow. */
void consul_add_methods(struct buf *out, unsigned methods);

#endif
