/*
 * Short pieces of bytes that are like others before them, made shorter.
 *
 * A book learns from what it is given: where a piece has much that the book
 * lacks, that goes into it, until the book is full. A piece becomes what to
 * copy from the book and what stands between. So a hundred bytes that differ
 * from others in ten become some thirty. What a book has learned stays, and
 * nothing that was made with it can be read without it: it is for memory.
 */
#ifndef COMMON_LEARN_H
#define COMMON_LEARN_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

struct learn;

struct learn *learn_new(void);
void learn_free(struct learn *l);

/* Appends n bytes, made shorter: by a hundredth and five longer at worst. */
void learn_pack(struct learn *l, const uint8_t *p, size_t n, struct buf *out);

/* How many bytes the piece was; -1: it is none. */
int learn_size(const uint8_t *p, size_t n, size_t *size);

/* Writes them, learn_size() of them. -1: p is none of this book's. */
int learn_unpack(
    const struct learn *l, const uint8_t *p, size_t n, uint8_t *out);

#endif
