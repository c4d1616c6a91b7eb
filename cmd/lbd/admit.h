/*
 * Whether a request may go to a target, and to which one next when the first
 * is out of reach.
 *
 * Each target has rules of its own, also within one route: whoever sends a
 * request to a target, at first or again, asks here.
 */
#ifndef LBD_ADMIT_H
#define LBD_ADMIT_H

#include <stdbool.h>
#include <stddef.h>

#include "cmd/lbd/rtable.h"
#include "common/http/http.h"

/* What becomes of the request, in the order it is asked. */
enum admit {
	ADMIT_DENIED,   /* allow= or deny= turns the asker away */
	ADMIT_AUTH,     /* auth= wants what we cannot check: turned away */
	ADMIT_REDIRECT, /* is answered with the target's URL */
	ADMIT_UNSPOKEN, /* the target does not speak plain HTTP */
	ADMIT_PASS,     /* goes to the target */
};

/* Who asks: "address:port", and the request's fields. Borrowed. */
struct admit_asker {
	const char *peer;
	const struct http_field *fields;
	size_t nfields;
};

enum admit admit_ask(const struct target *t, const struct admit_asker *asker);

/*
 * The next target of the route, after t and around, that the asker may be
 * passed on to; or NULL. One at the same address, one without a share of the
 * traffic and one that is_spared() are passed over.
 */
const struct target *admit_next(const struct rtable_route *r,
    const struct target *t, const struct admit_asker *asker,
    bool (*is_spared)(void *ctx, const struct target *t), void *ctx);

#endif
