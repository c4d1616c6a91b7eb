#include "common/http/hop.h"

#include <string.h>
#include <strings.h>

#define LONGEST 19 /* "proxy-authorization" */

static const struct {
	const char *name;
	size_t len;
} names[] = {
	{ "te", 2 },
	{ "expect", 6 }, /* the engine answers it */
	{ "trailer", 7 },
	{ "upgrade", 7 },
	{ "connection", 10 },
	{ "keep-alive", 10 },
	{ "content-length", 14 }, /* the engine writes it */
	{ "proxy-connection", 16 },
	{ "transfer-encoding", 17 },
	{ "proxy-authenticate", 18 },
	{ "proxy-authorization", LONGEST },
};

bool
http_is_hop(const char *name, size_t n)
{
	static const char starts[] = "tTeEuUcCkKpP";

	if (n == 0 || n > LONGEST ||
	    memchr(starts, *name, sizeof starts - 1) == NULL)
		return false;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (names[i].len == n &&
		    strncasecmp(names[i].name, name, n) == 0)
			return true;
	return false;
}

static bool
is_connection(const struct http_field *f)
{
	return f->name_len == 10 && strcasecmp(f->name, "connection") == 0;
}

struct http_hops
http_hops_of(const struct http_field *fields, size_t nfields)
{
	struct http_hops hops = { .fields = fields, .nfields = nfields };

	for (size_t i = 0; i < nfields && !hops.named; i++)
		hops.named = is_connection(&fields[i]);
	return hops;
}

bool
http_hops_has(const struct http_hops *hops, const struct http_field *f)
{
	if (http_is_hop(f->name, f->name_len))
		return true;
	for (size_t i = 0; hops->named && i < hops->nfields; i++)
		if (is_connection(&hops->fields[i]) &&
		    http_list_has(hops->fields[i].value, f->name))
			return true;
	return false;
}
