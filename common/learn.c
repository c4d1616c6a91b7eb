/*
 * The form: how long the piece was (7 bits a byte, lowest first, the top bit
 * set on all but the last), then in turn
 *
 *	0nnnnnnn            n + 1 bytes follow as they are
 *	1nnnnnnn low high   copy n + COPY_MIN bytes from that place of the book
 */
#include "common/learn.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

#define BOOK_MAX   65536
#define COPY_MIN   4
#define COPY_MAX   (127 + COPY_MIN)
#define PLAIN_MAX  128
#define SLOTS      16384 /* a power of two */
#define WORTH_MORE 24    /* bytes of a piece that the book lacks */

struct learn {
	size_t n;
	uint16_t slots[SLOTS]; /* where bytes were seen last; 0: nowhere */
	uint8_t book[BOOK_MAX];
};

struct learn *
learn_new(void)
{
	struct learn *l = xcalloc(1, sizeof *l);

	l->n = 1; /* no place is 0 */
	return l;
}

void
learn_free(struct learn *l)
{
	free(l);
}

static inline size_t
slot_of(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof v);
	return v * UINT32_C(2654435761) >> 18;
}

/* Bytes at p, up to n, that the book has at that place. */
static size_t
match(const struct learn *l, size_t place, const uint8_t *p, size_t n)
{
	size_t most = l->n - place, i = 0;

	if (most > n)
		most = n;
	if (most > COPY_MAX)
		most = COPY_MAX;
	while (i < most && l->book[place + i] == p[i])
		i++;
	return i;
}

static void
put_plain(struct buf *out, const uint8_t *p, size_t n)
{
	for (size_t part; n > 0; p += part, n -= part) {
		part = n < PLAIN_MAX ? n : PLAIN_MAX;
		buf_addc(out, (char)(part - 1));
		buf_add(out, p, part);
	}
}

static void
put_copy(struct buf *out, size_t place, size_t n)
{
	uint8_t bytes[3] = { (uint8_t)(0x80 | (n - COPY_MIN)), (uint8_t)place,
		(uint8_t)(place >> 8) };

	buf_add(out, bytes, sizeof bytes);
}

static void
put_size(struct buf *out, size_t n)
{
	for (; n >= 0x80; n >>= 7)
		buf_addc(out, (char)(0x80 | (n & 0x7f)));
	buf_addc(out, (char)n);
}

static void
add(struct learn *l, const uint8_t *p, size_t n)
{
	size_t from = l->n;

	if (n > BOOK_MAX - l->n)
		n = BOOK_MAX - l->n;
	memcpy(l->book + from, p, n);
	l->n += n;
	for (size_t i = from; i + COPY_MIN <= l->n; i++)
		l->slots[slot_of(l->book + i)] = (uint16_t)i;
}

void
learn_pack(struct learn *l, const uint8_t *p, size_t n, struct buf *out)
{
	size_t plain = 0, nplain = 0, i = 0; /* plain: what is not written */

	put_size(out, n);
	while (i + COPY_MIN <= n) {
		size_t place = l->slots[slot_of(p + i)];
		size_t len = place > 0 ? match(l, place, p + i, n - i) : 0;

		if (len < COPY_MIN) {
			i++;
			continue;
		}
		put_plain(out, p + plain, i - plain);
		nplain += i - plain;
		put_copy(out, place, len);
		plain = i += len;
	}
	put_plain(out, p + plain, n - plain);
	nplain += n - plain;
	if (nplain >= WORTH_MORE)
		add(l, p, n);
}

static int
get_size(const uint8_t **p, const uint8_t *end, size_t *size)
{
	*size = 0;
	for (unsigned shift = 0; *p < end && shift < 32; shift += 7) {
		uint8_t b = *(*p)++;

		*size |= (size_t)(b & 0x7f) << shift;
		if (b < 0x80)
			return 0;
	}
	return -1;
}

int
learn_size(const uint8_t *p, size_t n, size_t *size)
{
	return get_size(&p, p + n, size);
}

int
learn_unpack(const struct learn *l, const uint8_t *p, size_t n, uint8_t *out)
{
	const uint8_t *end = p + n, *from;
	size_t left, len, place;

	if (get_size(&p, end, &left) == -1)
		return -1;
	for (; p < end; out += len, left -= len) {
		if (*p < 0x80) {
			len = *p++ + (size_t)1;
			from = p;
			if (len > (size_t)(end - p))
				return -1;
			p += len;
		} else {
			if (end - p < 3)
				return -1;
			len = (*p & 0x7f) + (size_t)COPY_MIN;
			place = p[1] | (size_t)p[2] << 8;
			if (place > l->n || len > l->n - place)
				return -1;
			from = l->book + place;
			p += 3;
		}
		if (len > left)
			return -1;
		memcpy(out, from, len);
	}
	return left == 0 ? 0 : -1;
}
