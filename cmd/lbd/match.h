/*
 * Small comparisons that routing is made of: globs, hosts and paths.
 */
#ifndef LBD_MATCH_H
#define LBD_MATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/err.h"

#define MATCH_MAX_GLOB  512 /* bytes of a pattern */
#define MATCH_MAX_ALTS  64  /* alternatives tried for one look-up */
#define MATCH_MAX_BRACE 8   /* alternatives inside each other */

/* How a route's path is compared with a request's. */
enum match_kind { MATCH_PREFIX, MATCH_IPREFIX, MATCH_GLOB };

/* "prefix", "iprefix" or "glob"; -1 when it is none of them. */
int match_kind_parse(const char *text, enum match_kind *kind);

/* Whether the path, n bytes and decoded, is the route's. */
bool match_path(
    enum match_kind kind, const char *route, const char *path, size_t n);

/*
 * Globs: * and ** any bytes, ? one byte, [abc], [a-z], [!abc], {this,that},
 * and a backslash before what is to be taken as it stands. There is no
 * separator: * also spans dots and slashes.
 */
bool match_glob(const char *pattern, const char *text, size_t n);
bool match_is_glob(const char *pattern); /* has it any of these? */
int match_glob_check(const char *pattern, struct err *err);

/*
 * How many of a host's n bytes stay when the port that goes without saying
 * (80, or 443 with TLS) is cut off.
 */
size_t match_host_len(const char *host, size_t n, bool tls);

/*
 * Reads a request's path as sent (up to the query). Appends to norm what is
 * matched: decoded, decoded once more if that is possible, cleaned of "//",
 * "." and "..", a trailing slash kept. Sets *same when the sender's own
 * spelling still stands for it and may be forwarded. -1 when an escape is
 * wrong or a NUL comes out.
 */
int match_clean_path(const char *raw, size_t n, struct buf *norm, bool *same);

/* Appends a decoded path with everything escaped that needs it. */
void match_escape_path(struct buf *out, const char *path, size_t n);

#endif
