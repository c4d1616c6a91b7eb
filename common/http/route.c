#include "common/http/route.h"

#include <string.h>

#include "common/http/inner.h"

#define MAX_SPAN HTTP_MAX_HEAD /* no path is longer */

/* How long the path's byte at p is written: "%2F" is 3. */
static size_t
byte_len(const char *p)
{
	return p[0] == '%' && p[1] != '\0' && p[2] != '\0' ? 3 : 1;
}

static bool
add_pair(struct buf *params, const char *name, size_t nname, const char *value,
    size_t nvalue)
{
	char *room;
	int n;

	if (params == NULL)
		return true;
	buf_add(params, name, nname);
	buf_addc(params, '\0');
	room = buf_reserve(params, nvalue + 1);
	n = http_unescape(value, nvalue, room, nvalue + 1, false);
	if (n == -1)
		return false;
	params->len += (size_t)n + 1;
	return true;
}

static int match(const char *pattern, const char *path, struct buf *params);

/* The longest value first, so that the rest of the pattern is a suffix. */
static int
match_param(const char *pattern, const char *path, struct buf *params)
{
	bool slashes = *pattern == '*';
	const char *name = pattern + 1;
	size_t nname = strcspn(name, "/");
	size_t span = slashes ? strlen(path) : strcspn(path, "/");
	size_t start = params == NULL ? 0 : params->len;

	for (; span > 0; span--) {
		int rest;

		/* The rest begins with a slash, or with the path's end. */
		if (path[span] != name[nname])
			continue;
		if (!add_pair(params, name, nname, path, span))
			return -1;
		rest = match(name + nname, path + span, params);
		if (rest >= 0)
			return rest;
		if (params != NULL)
			params->len = start;
	}
	return -1;
}

static int
match(const char *pattern, const char *path, struct buf *params)
{
	int literal = 0;

	for (; *pattern != '\0'; pattern++, literal++) {
		char c[2];
		size_t n;

		if (*pattern == ':' || *pattern == '*') {
			int rest = match_param(pattern, path, params);

			return rest == -1 ? -1 : literal + rest;
		}
		if (*path != '%') { /* as nearly always */
			if (*path++ != *pattern)
				return -1;
			continue;
		}
		n = byte_len(path);
		if (http_unescape(path, n, c, sizeof c, false) != 1 ||
		    c[0] != *pattern || (n == 3 && c[0] == '/'))
			return -1;
		path += n;
	}
	return *path == '\0' ? literal : -1;
}

int
http_route_match(const char *pattern, const char *path, struct buf *params)
{
	size_t start = params == NULL ? 0 : params->len;
	int literal;

	if (strlen(path) > MAX_SPAN)
		return -1;
	literal = match(pattern, path, params);
	if (literal == -1 && params != NULL)
		params->len = start;
	return literal;
}

/* Most patterns differ from the path in their first bytes. */
static bool
begins_alike(const char *pattern, const char *path)
{
	for (size_t i = 0; i < 8; i++) {
		char c = pattern[i];

		if (c == '\0' || c == ':' || c == '*' || path[i] == '%')
			return true;
		if (c != path[i])
			return false;
	}
	return true;
}

static unsigned
method_bit(const char *method)
{
	static const struct {
		const char *name;
		unsigned bit;
	} bits[] = {
		{ "GET", ROUTE_GET },
		{ "HEAD", ROUTE_GET },
		{ "PUT", ROUTE_PUT },
		{ "POST", ROUTE_POST },
		{ "DELETE", ROUTE_DELETE },
		{ "OPTIONS", ROUTE_OPTIONS },
		{ "PATCH", ROUTE_PATCH },
	};

	for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++)
		if (strcmp(method, bits[i].name) == 0)
			return bits[i].bit;
	return ROUTE_ANY & ~127u; /* only rows for any method take it */
}

const struct http_route *
http_route_find(
    const struct http_route *routes, size_t n, struct http_req *r, int *status)
{
	unsigned bit = method_bit(http_method(r));
	const char *path = http_path(r);
	bool is_short = strlen(path) <= MAX_SPAN;
	const struct http_route *best = NULL;
	int most = -1;

	*status = 404;
	for (size_t i = 0; i < n; i++) {
		int literal = -1;

		if (is_short && begins_alike(routes[i].pattern, path))
			literal = match(routes[i].pattern, path, NULL);
		if (literal < most || literal == -1)
			continue;
		if (literal > most)
			best = NULL;
		most = literal;
		if (best == NULL && (routes[i].methods & bit) != 0)
			best = &routes[i];
		*status = best == NULL ? 405 : 200;
	}
	if (best == NULL)
		return NULL;
	buf_reset(&r->params);
	if (http_route_match(best->pattern, path, &r->params) != -1)
		return best;
	*status = 400;
	return NULL;
}

void
http_route(
    const struct http_route *routes, size_t n, void *ctx, struct http_req *r)
{
	int status;
	const struct http_route *route = http_route_find(routes, n, r, &status);

	if (route != NULL)
		route->handler(ctx, r);
	else if (status == 405)
		http_fail(r, 405, "Invalid method");
	else if (status == 400)
		http_fail(r, 400, "Invalid escape in path");
	else
		http_reply(r, 404, NULL, NULL, 0);
}

const char *
http_route_param(const struct http_req *r, const char *name)
{
	const char *p = r->params.data;
	const char *end = p + r->params.len;

	while (p != NULL && p < end) {
		const char *value = p + strlen(p) + 1;

		if (strcmp(p, name) == 0)
			return value;
		p = value + strlen(value) + 1;
	}
	return NULL;
}
