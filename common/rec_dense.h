/*
 * Records that stay in memory: msgpack as rec.h describes it, made shorter.
 *
 * It is for many records of a kind, kept packed for as long as the process
 * lives. Nothing of it is ever written to a disk or sent: what it means
 * depends on a table of words that the process has. What goes in comes out,
 * as it would from rec_pack() and rec_unpack().
 *
 * Texts that the table has become their number there; UUIDs 16 bytes; large
 * integers what they differ by from the one before; floats and texts that
 * came just before a byte.
 */
#ifndef COMMON_REC_DENSE_H
#define COMMON_REC_DENSE_H

#include <stddef.h>
#include <stdint.h>

#include "common/rec.h"

#define REC_WORD_MIN  3  /* a shorter text is as short as its number */
#define REC_WORD_MAX  64 /* bytes of a text that the table takes */
#define REC_WORDS_MAX 65536

struct rec_words;

struct rec_words *rec_words_new(void);
void rec_words_free(struct rec_words *w);

/*
 * Notes a text that will come often; what is noted stays for as long as the
 * table does. Nothing happens when it is known, too short or too long, or
 * when the table has `limit` words already (REC_WORDS_MAX at most).
 */
void rec_words_add(struct rec_words *w, const char *text, size_t limit);
size_t rec_words_count(const struct rec_words *w);

/* Appends the record without the rows above the level. near is a number that
 * the first large integer is close to: a time, say. */
void rec_pack_dense(const struct rec_type *t, const void *rec, uint64_t level,
    const struct rec_words *w, uint64_t near, struct buf *out);

/* rec_unpack() of what rec_pack_dense() has packed with the same words, or
 * fewer of them, and the same near. All memory is the arena's. */
int rec_unpack_dense(const struct rec_type *t, void *rec, const void *data,
    size_t n, const struct rec_words *w, uint64_t near, struct arena *arena,
    struct err *err);

#endif
