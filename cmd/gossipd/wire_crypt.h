/*
 * AES-GCM as memberlist uses it: a version byte, a nonce, the text and a tag.
 * What is sent is version 1; version 0 pads its text and is understood too.
 */
#ifndef CMD_GOSSIPD_WIRE_CRYPT_H
#define CMD_GOSSIPD_WIRE_CRYPT_H

#include "cmd/gossipd/wire.h"

/* Adds the sealed text; aad is vouched for and not sent. */
void wire_seal(struct buf *out, const struct wire_key *key,
    struct wire_bytes plain, struct wire_bytes aad);

/* *plain borrows from room, which the caller releases. */
int wire_open(struct buf *room, const struct wire_ring *ring,
    struct wire_bytes sealed, struct wire_bytes aad, struct wire_bytes *plain,
    struct err *err);

#endif
