/*
 * Messages of a pool, taken apart down to the last field and made anew: what
 * the recordings and the fuzzers share.
 */
#ifndef TESTS_LIB_GOSSIP_H
#define TESTS_LIB_GOSSIP_H

#include "cmd/gossipd/wire.h"

/* Adds the message made anew from its fields; false when it is refused. */
bool gossip_remake(struct buf *out, struct wire_bytes message);

/* An empty buf that lives until gossip_drop(), which ends them all. */
struct buf *gossip_keep(void);
void gossip_drop(void);

#endif
