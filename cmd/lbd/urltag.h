/*
 * Route tags: how a service asks for traffic.
 *
 *	urlprefix-<src>[ <opt>...]
 *
 * where <src> is "/path", "host/path", "host" or ":port", and an option is
 * one of routecmd.h's or proto=, weight= or redirect=<code>,<url>. Each such
 * tag of a running instance becomes one `route add` line. $DC and ${DC} in
 * <src> become the data centre's name; other names become empty.
 */
#ifndef LBD_URLTAG_H
#define LBD_URLTAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"

#define URLTAG_PREFIX "urlprefix-"

/* What $name stands for; ends with a NULL name. */
struct urltag_var {
	const char *name, *value;
};

/* An instance as far as routing is concerned. All borrowed. */
struct urltag_service {
	const char *name;
	const char *address;
	uint16_t port;
	char *const *tags;
	size_t ntags;
};

/*
 * Takes a tag apart into source and options (one blank between them). False
 * when it does not start with the prefix. vars may be NULL. Both bufs are
 * appended to.
 */
bool urltag_parse(const char *tag, const char *prefix,
    const struct urltag_var *vars, struct buf *src, struct buf *opts);

/*
 * Appends one `route add` line for each route tag. A tag that would give a
 * line that does not parse (an empty source, a quote, a control byte) is left
 * out, and the sentence about the last such tag is in err; the number of tags
 * left out is returned. So one job's mistake never costs another its route.
 */
size_t urltag_commands(const struct urltag_service *svc, const char *prefix,
    const struct urltag_var *vars, struct buf *out, struct err *err);

/*
 * Sorts the lines of a text in reverse byte order, which fixes the order of
 * a route's targets whatever order the instances came in.
 */
void urltag_sort_lines(struct buf *text);

#endif
