/*
 * Two connections joined: what one sends goes to the other, until either
 * ends. Each direction holds at most one buffer; while it is full nothing
 * more is read, so that a slow reader slows the writer.
 */
#ifndef LBD_TUNNEL_H
#define LBD_TUNNEL_H

#include <stdint.h>

#include "common/buf.h"
#include "common/loop.h"

#define TUNNEL_BUF 65536

struct tunnel;

/*
 * Takes over both descriptors (non-blocking) and the bytes that are to go to
 * each of them first (both bufs are left empty). done(ctx) is called, never
 * from inside this call, when the tunnel has ended by itself: free it then.
 */
struct tunnel *tunnel_new(struct loop *l, int a, struct buf *to_a, int b,
    struct buf *to_b, void (*done)(void *ctx, struct tunnel *t), void *ctx);
void tunnel_free(struct tunnel *t); /* closes both; NULL is fine */

/* What went to a and to b so far. */
uint64_t tunnel_bytes_to_a(const struct tunnel *t);
uint64_t tunnel_bytes_to_b(const struct tunnel *t);

#endif
