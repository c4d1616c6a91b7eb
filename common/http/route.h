/*
 * Which function answers which path: a table of routes.
 *
 *	static const struct http_route routes[] = {
 *		{ ROUTE_GET, "/v1/job/ *id", job_read },
 *		{ ROUTE_GET, "/v1/job/ *id/allocations", job_allocations },
 *		{ ROUTE_GET | ROUTE_WRITE, "/v1/node/:id/drain", node_drain },
 *	};
 *
 * (without the blank, which only keeps C's comment open). ":name" stands for
 * one segment of the path, in which %2F is a slash of the value; "*name" for
 * one or more bytes with slashes in them, as Nomad's job ids may have, so
 * that what follows it is matched as a suffix. Where several patterns fit,
 * the one with the most literal bytes counts; the table's order does not.
 *
 * No pattern: 404 with no body. Pattern, but none of its rows takes the
 * method: 405 "Invalid method". A name whose value is wrongly escaped, or has
 * a NUL: 400.
 */
#ifndef COMMON_HTTP_ROUTE_H
#define COMMON_HTTP_ROUTE_H

#include <stddef.h>

#include "common/http/http.h"

enum {
	ROUTE_GET = 1, /* HEAD too */
	ROUTE_PUT = 2,
	ROUTE_POST = 4,
	ROUTE_WRITE = ROUTE_PUT | ROUTE_POST, /* most Nomad paths */
	ROUTE_DELETE = 8,
	ROUTE_OPTIONS = 16,
	ROUTE_PATCH = 32,
	ROUTE_ANY = 0xffff,
};

struct http_route {
	unsigned methods;
	const char *pattern;
	void (*handler)(void *ctx, struct http_req *r);
};

/* The row for this path and method, its parameters kept in r; NULL with
 * *status 400, 404 or 405 when there is none. */
const struct http_route *http_route_find(
    const struct http_route *routes, size_t n, struct http_req *r, int *status);

/* Finds it and calls its handler, or answers as above. */
void http_route(
    const struct http_route *routes, size_t n, void *ctx, struct http_req *r);

/* What ":name" or "*name" stood for, decoded; NULL when the route has no
 * such name. Borrowed while the request lives. */
const char *http_route_param(const struct http_req *r, const char *name);

/* For tests and tools: does the path fit? Adds "name\0value\0" pairs to
 * params (NULL: not wanted) and returns the pattern's literal bytes, or -1. */
int http_route_match(const char *pattern, const char *path, struct buf *params);

#endif
