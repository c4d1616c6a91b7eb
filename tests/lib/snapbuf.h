/*
 * A snapshot of the state in memory: what sched_snapshot_write() and
 * sched_snapshot_read() are given, ctx being a struct buf.
 */
#ifndef TESTS_LIB_SNAPBUF_H
#define TESTS_LIB_SNAPBUF_H

#include <stddef.h>

/* Adds to the buffer. */
int snapbuf_write(void *ctx, const void *p, size_t n);
/* Takes from its beginning what there is. */
long snapbuf_read(void *ctx, void *p, size_t n);

#endif
