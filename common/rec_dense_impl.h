/*
 * What rec_pack.c and rec_unpack.c ask of rec_dense.c. Each form begins with
 * a byte that msgpack has for other things, or none, and that plain records
 * do not have in that place.
 */
#ifndef COMMON_REC_DENSE_IMPL_H
#define COMMON_REC_DENSE_IMPL_H

#include <string.h>

#include "common/rec_dense.h"

enum dense_head {
	/* in the place of an integer */
	DENSE_SAME = 0xc1,   /* the last large one */
	DENSE_NEAR_4 = 0xd6, /* ... and so much more, in 4 bytes, signed */
	DENSE_NEAR_6 = 0xd7,
	/* of a float */
	DENSE_FLOAT = 0xc7, /* the last new one, or one of those before it */
	/* of a text */
	DENSE_WORD_1 = 0xd4, /* its number, in a byte */
	DENSE_WORD_2 = 0xd5,
	DENSE_AGAIN = 0xd6, /* the last that was none of these */
	DENSE_UUID = 0xd8,
};

#define DENSE_NFLOATS   3
#define DENSE_UUID_TEXT 36
#define DENSE_UUID_SIZE 16
#define DENSE_LARGE     UINT64_C(0x100000000)
#define DENSE_NONE      UINT32_MAX

/* What both sides have seen so far. */
struct dense {
	const struct rec_words *words;
	uint64_t last;
	uint64_t floats[DENSE_NFLOATS];
	const char *text; /* borrowed */
	size_t ntext;
	size_t room; /* packing: what texts take that are not there as such */
};

/* Writes one value at p, which has room for it as it is, and 8 bytes more;
 * returns what is behind it, or NULL when it has no shorter form. */
uint8_t *dense_put_text(struct dense *d, uint8_t *p, const char *s, size_t n);
uint8_t *dense_put_large(struct dense *d, uint8_t *p, uint64_t v);
uint8_t *dense_put_float(struct dense *d, uint8_t *p, uint64_t bits);

/* Tells at the end of a record what its texts take. */
void dense_put_room(size_t room, struct buf *out);
/* The same, and takes it off the n bytes; -1: cut short. */
int dense_get_room(const uint8_t *p, size_t *n, size_t *room);

/* Reads one value between *p and end, whose first byte is `dense_is_text()`;
 * the text is borrowed, or in uuid (DENSE_UUID_TEXT bytes). -1: cut short, or
 * there is no such word. */
int dense_get_text(struct dense *d, const uint8_t **p, const uint8_t *end,
    char *uuid, const char **s, size_t *n);
/* The same of an integer, 0xc1, 0xd6 or 0xd7. */
int dense_get_large(
    struct dense *d, const uint8_t **p, const uint8_t *end, uint64_t *v);

static inline bool
dense_is_text(uint8_t head)
{
	return head >= DENSE_WORD_1 && head <= DENSE_UUID;
}

static inline bool
dense_is_large(uint8_t head)
{
	return head == DENSE_SAME || head == DENSE_NEAR_4 ||
	       head == DENSE_NEAR_6;
}

static inline bool
dense_is_float(uint8_t head)
{
	return head >= DENSE_FLOAT && head < DENSE_FLOAT + DENSE_NFLOATS;
}

static inline void
dense_note_float(struct dense *d, uint64_t bits)
{
	memmove(
	    d->floats + 1, d->floats, (DENSE_NFLOATS - 1) * sizeof *d->floats);
	d->floats[0] = bits;
}

static inline void
dense_note_text(struct dense *d, const char *s, size_t n)
{
	d->text = s;
	d->ntext = n;
}

#endif
