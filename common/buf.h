/*
 * Growable bytes. A zeroed struct buf is an empty one. data is owned, is
 * NULL until something is added, and is always followed by a NUL that len
 * does not count, so text can be used as a C string after any buf_* call
 * that adds (buf_str() gives "" for an empty one).
 */
#ifndef COMMON_BUF_H
#define COMMON_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
	char *data;
	size_t len;
	size_t cap;
};

/* Frees the bytes; the buf is then an empty one and may be used again. */
void buf_release(struct buf *b);

/* Forgets the bytes and keeps the room. */
void buf_reset(struct buf *b);

/* Makes room for n more bytes and returns where they go; len stays. */
char *buf_reserve(struct buf *b, size_t n);

static inline void
buf_add(struct buf *b, const void *p, size_t n)
{
	char *to = n < b->cap - b->len ? b->data + b->len : buf_reserve(b, n);

	if (n > 0)
		memcpy(to, p, n);
	b->len += n;
	to[n] = '\0';
}

static inline void
buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

static inline void
buf_addc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_addf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void buf_vaddf(struct buf *b, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

/* Drops the first n bytes (n <= len) by moving the rest. */
void buf_drop(struct buf *b, size_t n);

/* The text so far, borrowed until the next change; never NULL. */
const char *buf_str(const struct buf *b);

/* Hands the text over (caller frees; never NULL) and empties the buf. */
char *buf_take(struct buf *b);

#endif
