/*
 * Two connections joined: what one sends goes to the other, until either
 * ends. Each direction holds at most one buffer; while it is full nothing
 * more is read, so that a slow reader slows the writer. A tunnel through which
 * nothing passes for its idle limit ends, too: a peer may be silent for long,
 * but not hold two connections for ever.
 */
#ifndef LBD_TUNNEL_H
#define LBD_TUNNEL_H

#include <stdint.h>

#include "common/buf.h"
#include "common/loop.h"

#define TUNNEL_BUF     65536
#define TUNNEL_IDLE_MS 3600000 /* what lbd allows; Fabio has no option */

struct tunnel;

/*
 * Takes over both descriptors (non-blocking) and the bytes that are to go to
 * each of them first (both bufs are left empty). done(ctx) is called, never
 * from inside this call, when the tunnel has ended by itself or no byte has
 * moved for idle_ms: free it then.
 */
struct tunnel *tunnel_new(struct loop *l, int a, struct buf *to_a, int b,
    struct buf *to_b, uint64_t idle_ms,
    void (*done)(void *ctx, struct tunnel *t), void *ctx);
void tunnel_free(struct tunnel *t); /* closes both; NULL is fine */

#endif
