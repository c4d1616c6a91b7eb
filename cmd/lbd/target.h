/*
 * A target: where a route's requests go, and what is done to them on the
 * way. It is made from one `route add` command and never changes afterwards,
 * but for its share of the traffic.
 */
#ifndef LBD_TARGET_H
#define LBD_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmd/lbd/access.h"
#include "cmd/lbd/routecmd.h"
#include "common/arena.h"
#include "common/buf.h"
#include "common/err.h"

enum target_scheme {
	TARGET_HTTP,
	TARGET_HTTPS,
	TARGET_TCP,
	TARGET_OTHER, /* gRPC and whatever a redirect may name */
};

/* A URL taken apart; the text lives in an arena. */
struct target_url {
	const char *scheme;    /* in lower case; "" in "/path" */
	const char *authority; /* "host:port" as written */
	const char *host;      /* without port and brackets */
	const char *path;      /* from the '/', or "" */
	const char *query;     /* after the '?', or NULL */
	uint16_t port;         /* the scheme's own when none is written */
};

/* Text lives in the table's arena; text that is not given is "". */
struct target {
	const char *service, *dst;
	const char **tags;
	size_t ntags;
	struct routecmd_opt *opts;
	size_t nopts;
	double fixed_weight; /* 0: none */
	double weight;       /* its share, 0 to 1 */

	struct target_url url;
	enum target_scheme scheme;
	uint32_t upstream; /* which of the table's addresses it is */

	const char *strip, *prepend;
	const char *set_host; /* "": the client's, "dst": the target's */
	const char *auth;     /* name of a scheme */
	int redirect;         /* answer with this code and a URL; 0: proxy */
	struct access_rules access;
};

int target_parse_url(struct arena *arena, const char *text,
    struct target_url *url, struct err *err);

/*
 * Fills t from a `route add`. Options that are wrong are left out and told
 * in notes, a line each; -1 is for a destination that is no URL.
 */
int target_init(struct target *t, struct arena *arena,
    const struct routecmd *cmd, struct buf *notes, struct err *err);
void target_release(struct target *t); /* what is not the arena's */

/* Whether t carries all of the tags. */
bool target_has_tags(
    const struct target *t, const char *const *tags, size_t ntags);

/*
 * Appends where a redirect leads: $host and $path in the destination are
 * filled in from the request. path is as sent; query is NULL when there is
 * none. *path_at is where the path begins in out.
 */
void target_redirect(const struct target *t, const char *host, size_t nhost,
    const char *path, size_t npath, const char *query, struct buf *out,
    size_t *path_at);

#endif
