/*
 * The routing table: which target a request gets.
 *
 * A table is built from the text of route commands, never changes and may be
 * read by several threads at once; whoever wants it longer takes a
 * reference. What changes with each request, whose turn it is, belongs to
 * the reader (struct rtable_reader).
 *
 * Hosts are tried from the most specific to the least (names are compared
 * from their end; a port that goes without saying is ignored; patterns are
 * globs), routes without a host last. Within a host the longest path that
 * fits wins, in reverse byte order of paths. The health of targets plays no
 * part: who is ill is not in the text.
 */
#ifndef LBD_RTABLE_H
#define LBD_RTABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmd/lbd/match.h"
#include "cmd/lbd/target.h"
#include "common/arena.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/map.h"
#include "common/rng.h"
#include "proto/route.h"

#define RTABLE_MAX_HOST 255 /* bytes of a host that is looked up */

struct rtable_route {
	const char *path; /* "" for a port route */
	struct target *targets;
	size_t ntargets, cap;
	uint32_t *ring; /* NULL: targets take equal turns */
	size_t nring;
	size_t id; /* counted over the table, for the readers' turns */
	/* The longest other route that this one's path starts with. */
	const struct rtable_route *shorter;
};

struct rtable_host {
	const char *name; /* lower case; "" when any host will do */
	bool glob;
	struct rtable_route *routes; /* in order of looking */
	size_t nroutes, cap;
	/* The next one that is the same but for a port, without and with TLS */
	const struct rtable_host *alike[2];
};

/* An address that targets stand for, each once. */
struct rtable_upstream {
	const char *name; /* "host:port" */
	const char *host;
	uint16_t port;
};

struct rtable_options {
	enum match_kind matcher;
	bool no_globs; /* hosts are compared as they stand */
};

struct rtable {
	struct rtable_options options;
	struct arena arena;
	struct rtable_host *hosts; /* in order of looking */
	size_t nhosts;
	struct map
	    exact[2]; /* names without their usual port, no TLS and TLS */
	size_t nglobs, nroutes, ntargets;
	struct rtable_upstream *upstreams;
	size_t nupstreams;
	struct buf notes; /* what a person should know, a line each */
	atomic_uint refs;
};

/* A table from n bytes of route commands, with one reference. NULL when a
 * line is wrong: "line 3: ...". An empty text makes an empty table. */
struct rtable *rtable_new(const char *text, size_t n,
    const struct rtable_options *options, struct err *err);
struct rtable *rtable_ref(struct rtable *t);
void rtable_unref(struct rtable *t); /* the last one frees it; NULL is fine */

/* --- looking up --- */

enum rtable_strategy { RTABLE_RANDOM, RTABLE_ROUND_ROBIN };

/* One thread's view of one table. */
struct rtable_reader {
	enum rtable_strategy strategy;
	struct rng *rng;
	uint32_t *turns; /* one for each route, zero at first */
};

struct rtable_query {
	const char *host; /* as sent, any case */
	size_t nhost;
	const char *path; /* cleaned, see match_clean_path() */
	size_t npath;
	const char *sent_path; /* as it will be forwarded */
	size_t nsent_path;
	const char *query; /* NULL: none */
	bool tls;
	const char *forwarded_proto; /* X-Forwarded-Proto, or NULL */
};

struct rtable_hit {
	const struct rtable_host *host;
	const struct rtable_route *route;
	const struct target *target;
};

/*
 * False when no route fits. For a redirect its URL is put into location
 * (reset before); one that leads to where the request already is is passed
 * over.
 */
bool rtable_lookup(const struct rtable *t, struct rtable_reader *reader,
    const struct rtable_query *q, struct rtable_hit *hit, struct buf *location);

/* --- telling --- */

/* Appends the table as route commands; targets without a share are left out.
 * Weights are printed for fixed ones only, or for all. */
void rtable_format(const struct rtable *t, bool all_weights, struct buf *out);

/* Appends all targets to rows (owned by it: rec_clear()). */
void rtable_rows(const struct rtable *t, struct route_rows *rows);

#endif
