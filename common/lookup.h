/*
 * A host's name looked up, on a thread of its own: the C library's resolver
 * knows what files and name services a machine has, but it blocks.
 */
#ifndef COMMON_LOOKUP_H
#define COMMON_LOOKUP_H

#include <stddef.h>
#include <sys/socket.h>

#include "common/loop.h"

#define LOOKUP_MAX_ADDRS 8

struct lookup;

/* Called once on the loop, with addresses of IPv4 and IPv6; n is 0 when the
 * name is not known, and why says so. The lookup is gone by then. */
typedef void lookup_fn(
    void *ctx, const struct sockaddr_storage *addrs, size_t n, const char *why);

struct lookup *lookup_new(
    struct loop *l, const char *host, uint16_t port, lookup_fn *fn, void *ctx);
/* fn is not called any more. NULL is fine. */
void lookup_cancel(struct lookup *u);

#endif
