/*
 * Reading msgpack: what the decoder of records shares with that of the values
 * in them. Each get_ takes one value from the input and returns 0, or -1 and
 * a sentence; a length is checked against what is left before it is used.
 */
#ifndef COMMON_UNPACK_IMPL_H
#define COMMON_UNPACK_IMPL_H

#include "common/mem.h"
#include "common/rec_dense_impl.h"
#include "common/rec_impl.h"

struct unpacker {
	const uint8_t *p, *end;
	const uint8_t *start;
	struct arena *arena; /* NULL: the heap */
	char *texts;         /* with an arena: where the next text goes */
	char *texts_end;
	struct dense *dense; /* NULL: plain msgpack */
	size_t budget;       /* bytes that may still be allocated */
	size_t depth;
	size_t nnodes;
	bool strict; /* unknown tags are refused */
	struct err *err;
};

/* Fills the error: what is wrong, and where. */
void unpack_say(struct unpacker *u, const char *what)
    __attribute__((noinline, cold));

/* Zeroed memory for n things of the given size, or NULL over the budget. */
void *unpack_take(struct unpacker *u, size_t n, size_t size);

/* Steps over a value that nobody knows. */
int unpack_skip(struct unpacker *u);

/* A value of any shape; its depth counts from its own root. */
int unpack_tree(struct unpacker *u, struct tree **out);

/* What stands in the place of an integer or a text in dense records. */
int unpack_large(struct unpacker *u, uint64_t *v);
int unpack_word(struct unpacker *u, char **out);

int unpack_f64(struct unpacker *u, double *out);
int unpack_bytes(struct unpacker *u, struct rec_bytes *out);

/* Inline, so that the compiler sees that it is always -1. */
static inline int
refuse(struct unpacker *u, const char *what)
{
	unpack_say(u, what);
	return -1;
}

static inline size_t
left(const struct unpacker *u)
{
	return (size_t)(u->end - u->p);
}

/* --- heads --- */

static inline uint64_t
get_be(const uint8_t *p, unsigned nbytes)
{
	uint64_t v = 0;

	memcpy(&v, p, nbytes);
	return __builtin_bswap64(v) >> (64 - 8 * nbytes);
}

/* Reads the nbytes after the head byte; -1 when cut short. */
static inline int
get_after(struct unpacker *u, unsigned nbytes, uint64_t *v)
{
	if (left(u) < 1 + (size_t)nbytes)
		return refuse(u, "cut short");
	*v = get_be(u->p + 1, nbytes);
	u->p += 1 + nbytes;
	return 0;
}

/*
 * An integer in any of its forms. *negative says how to read *v: as int64_t
 * if so, else as uint64_t.
 */
static inline int
get_int(struct unpacker *u, uint64_t *v, bool *negative)
{
	uint8_t head;
	unsigned nbytes;

	if (u->p == u->end)
		return refuse(u, "cut short");
	head = *u->p;
	*negative = false;
	if (head < 0x80 || head >= 0xe0) {
		u->p++;
		*negative = head >= 0xe0;
		*v = (uint64_t)(int64_t)(int8_t)head;
		return 0;
	}
	if (head < 0xcc || head > 0xd3)
		return unpack_large(u, v);
	nbytes = 1u << (head & 3);
	if (get_after(u, nbytes, v) == -1)
		return -1;
	if (head >= 0xd0) {
		unsigned shift = 64 - 8 * nbytes;

		*v = (uint64_t)((int64_t)(*v << shift) >> shift);
		*negative = (int64_t)*v < 0;
	} else if (u->dense != NULL && *v >= DENSE_LARGE) {
		u->dense->last = *v;
	}
	return 0;
}

static inline int
get_i64(struct unpacker *u, int64_t *out)
{
	uint64_t v;
	bool negative;

	if (get_int(u, &v, &negative) == -1)
		return -1;
	if (!negative && v > INT64_MAX)
		return refuse(u, "integer out of range before");
	*out = (int64_t)v;
	return 0;
}

static inline int
get_u64(struct unpacker *u, uint64_t *out)
{
	bool negative;

	if (get_int(u, out, &negative) == -1)
		return -1;
	return negative ? refuse(u, "integer out of range before") : 0;
}

/* What a head with a count says: fix and mask give the short form, wide the
 * byte of the form with wide_bytes, of which each next has twice as many. */
static inline int
get_count(struct unpacker *u, uint8_t fix, uint8_t mask, uint8_t wide,
    unsigned wide_bytes, const char *what, size_t *n)
{
	uint64_t v;
	uint8_t head;

	if (u->p == u->end)
		return refuse(u, "cut short");
	head = *u->p;
	if ((head & ~mask) == fix) {
		u->p++;
		*n = head & mask;
		return 0;
	}
	if (head < wide || head > wide + (wide_bytes == 1 ? 2 : 1))
		return refuse(u, what);
	if (get_after(u, wide_bytes << (head - wide), &v) == -1)
		return -1;
	*n = (size_t)v;
	return 0;
}

/* Text's bytes, borrowed from the input. */
static inline int
get_text(struct unpacker *u, const char **s, size_t *n)
{
	if (get_count(u, 0xa0, 0x1f, 0xd9, 1, "expected text", n) == -1)
		return -1;
	if (*n > left(u))
		return refuse(u, "text longer than what is left");
	*s = (const char *)u->p;
	u->p += *n;
	return 0;
}

/* Each element takes a byte at least, each pair two. */
static inline int
get_array(struct unpacker *u, size_t *n)
{
	if (get_count(u, 0x90, 0x0f, 0xdc, 2, "expected a list", n) == -1)
		return -1;
	return *n > left(u) ? refuse(u, "list longer than what is left") : 0;
}

static inline int
get_map(struct unpacker *u, size_t *n)
{
	if (get_count(u, 0x80, 0x0f, 0xde, 2, "expected a map", n) == -1)
		return -1;
	return *n > left(u) / 2 ? refuse(u, "map longer than what is left") : 0;
}

/* --- values --- */

/*
 * A text takes no more than its head and its bytes did, so with an arena one
 * room as large as the input holds all that are still to come. NULL over the
 * budget.
 */
static inline char *
keep_text(struct unpacker *u, const char *s, size_t n)
{
	char *d = u->texts;

	if (u->arena != NULL) {
		u->texts += n + 1;
	} else {
		if (u->budget < n + REC_TEXT_COST) {
			refuse(u, "record takes too much memory");
			return NULL;
		}
		u->budget -= n + REC_TEXT_COST;
		d = xmalloc(n + 1);
	}
	rec_copy_text(d, s, n);
	d[n] = '\0';
	return d;
}

static inline int
get_str(struct unpacker *u, char **out)
{
	const char *s;
	size_t n;

	if (u->dense != NULL && u->p < u->end && dense_is_text(*u->p))
		return unpack_word(u, out);
	if (get_text(u, &s, &n) == -1)
		return -1;
	if (memchr(s, '\0', n) != NULL)
		return refuse(u, "a NUL inside the text before");
	*out = keep_text(u, s, n);
	if (u->dense != NULL)
		dense_note_text(u->dense, *out, n);
	return *out != NULL ? 0 : -1;
}

/* One level deeper. */
static inline int
enter(struct unpacker *u, size_t max)
{
	if (++u->depth > max)
		return refuse(u, "nested too deeply");
	return 0;
}

#endif
