/*
 * What a node keeps on disk (LMDB): its allocations as the servers sent
 * them, its own side of each, and which servers there are.
 *
 * Writes are seen by the next nodeagent even after kill -9; they are synced
 * to the disk now and then, from a thread of its own. After a power cut no
 * task is left anyway, and the servers know every allocation: so a store
 * that such a cut has damaged is moved aside, loudly, and begun afresh. One
 * that a newer program has written, in a format above STORE_FORMAT, is
 * neither read nor moved: opening fails.
 */
#ifndef NODEAGENT_STORE_H
#define NODEAGENT_STORE_H

#include <stddef.h>

#include "common/err.h"
#include "proto/saved.h"

#define STORE_MAX_BYTES (1ul << 30)
#define STORE_FORMAT    1

struct store;

struct store *store_open(const char *dir, struct err *err);
void store_close(struct store *s); /* syncs first */

void store_put_alloc(struct store *s, const struct alloc *alloc);
void store_put_saved(
    struct store *s, const char *alloc_id, const struct alloc_saved *saved);
void store_remove(struct store *s, const char *alloc_id);

void store_put_servers(struct store *s, const struct servers_saved *servers);
/* Zeroed when none were put, or they cannot be read. rec_clear() it. */
void store_get_servers(struct store *s, struct servers_saved *servers);

/* Each allocation with what was saved of it (zeroed when nothing was);
 * both are the receiver's. */
typedef void store_fn(
    void *ctx, struct alloc *alloc, struct alloc_saved *saved);
int store_each(struct store *s, store_fn *fn, void *ctx, struct err *err);

#endif
