/*
 * Fields that belong to one connection and go no further: those that RFC 9110
 * names, and those that the message's own Connection fields name. Whoever
 * hands a message on (relay.c, lbd) leaves them out; the engine writes its
 * own for the next hop.
 */
#ifndef COMMON_HTTP_HOP_H
#define COMMON_HTTP_HOP_H

#include <stdbool.h>
#include <stddef.h>

#include "common/http/http.h"

/* Whether a field of this name is always for one hop only. */
bool http_is_hop(const char *name, size_t n);

/* One message's fields, borrowed. */
struct http_hops {
	const struct http_field *fields;
	size_t nfields;
	bool named; /* there is a Connection field */
};

struct http_hops http_hops_of(const struct http_field *fields, size_t nfields);

/* Whether f, one of the fields, goes no further. */
bool http_hops_has(const struct http_hops *hops, const struct http_field *f);

#endif
