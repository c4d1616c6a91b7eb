#include "common/rec_dense.h"

#include <stdlib.h>

#include "common/hash.h"
#include "common/mem.h"
#include "common/rec_dense_impl.h"
#include "common/rec_impl.h"

#define SLOTS_MIN 256 /* a power of two */

/* What texts take is told in steps of so much, up to ROOM_LONG of them. */
#define ROOM_STEP 16
#define ROOM_LONG 255

/* --- the words --- */

struct slot {
	uint32_t hash;
	uint32_t number; /* plus one; 0: empty */
};

struct rec_words {
	char *bytes; /* of all, one after the other */
	size_t nbytes, cap_bytes;
	uint32_t *ends; /* where in bytes each ends */
	size_t n, cap;
	struct slot *slots;
	size_t nslots; /* a power of two, half of it empty at least */
};

struct rec_words *
rec_words_new(void)
{
	struct rec_words *w = xcalloc(1, sizeof *w);

	w->nslots = SLOTS_MIN;
	w->slots = xcalloc(w->nslots, sizeof *w->slots);
	return w;
}

void
rec_words_free(struct rec_words *w)
{
	if (w == NULL)
		return;
	free(w->bytes);
	free(w->ends);
	free(w->slots);
	free(w);
}

size_t
rec_words_count(const struct rec_words *w)
{
	return w->n;
}

static const char *
word_at(const struct rec_words *w, uint32_t number, size_t *n)
{
	uint32_t from = number > 0 ? w->ends[number - 1] : 0;

	*n = w->ends[number] - from;
	return w->bytes + from;
}

/* memcmp() without the call. */
static inline bool
is_same(const char *a, const char *b, size_t n)
{
	uint64_t x, y;

	if (n < sizeof x)
		return memcmp(a, b, n) == 0;
	for (size_t i = 0; i + sizeof x < n; i += sizeof x) {
		memcpy(&x, a + i, sizeof x);
		memcpy(&y, b + i, sizeof y);
		if (x != y)
			return false;
	}
	memcpy(&x, a + n - sizeof x, sizeof x);
	memcpy(&y, b + n - sizeof y, sizeof y);
	return x == y;
}

/* The slot of the text, or the empty one where it belongs. */
static struct slot *
slot_of(const struct rec_words *w, uint32_t hash, const char *s, size_t n)
{
	size_t at = hash & (w->nslots - 1), have;

	for (; w->slots[at].number != 0; at = (at + 1) & (w->nslots - 1)) {
		const char *word;

		if (w->slots[at].hash != hash)
			continue;
		word = word_at(w, w->slots[at].number - 1, &have);
		if (have == n && is_same(word, s, n))
			break;
	}
	return &w->slots[at];
}

static uint32_t
word_find(const struct rec_words *w, const char *s, size_t n)
{
	if (n < REC_WORD_MIN || n > REC_WORD_MAX)
		return DENSE_NONE;
	/* Of an empty slot it is DENSE_NONE. */
	return slot_of(w, hash_text(s, n), s, n)->number - 1;
}

static void
grow_slots(struct rec_words *w)
{
	struct slot *old = w->slots;
	size_t nold = w->nslots;

	w->nslots *= 2;
	w->slots = xcalloc(w->nslots, sizeof *w->slots);
	for (size_t i = 0; i < nold; i++) {
		size_t at = old[i].hash & (w->nslots - 1);

		if (old[i].number == 0)
			continue;
		while (w->slots[at].number != 0)
			at = (at + 1) & (w->nslots - 1);
		w->slots[at] = old[i];
	}
	free(old);
}

void
rec_words_add(struct rec_words *w, const char *text, size_t limit)
{
	size_t n = text != NULL ? strlen(text) : 0;
	struct slot *slot;
	uint32_t hash;

	if (n < REC_WORD_MIN || n > REC_WORD_MAX || w->n >= limit ||
	    w->n >= REC_WORDS_MAX)
		return;
	hash = hash_text(text, n);
	if (slot_of(w, hash, text, n)->number != 0)
		return;
	if (2 * (w->n + 1) > w->nslots)
		grow_slots(w);
	while (w->nbytes + n > w->cap_bytes)
		w->bytes = xgrow(w->bytes, w->cap_bytes, &w->cap_bytes, 1);
	memcpy(w->bytes + w->nbytes, text, n);
	w->nbytes += n;
	w->ends = xgrow(w->ends, w->n, &w->cap, sizeof *w->ends);
	w->ends[w->n++] = (uint32_t)w->nbytes;
	slot = slot_of(w, hash, text, n);
	*slot = (struct slot){ .hash = hash, .number = (uint32_t)w->n };
}

/* --- UUIDs --- */

static int
hex_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Where the two digits of byte i stand. */
static size_t
uuid_place(size_t i)
{
	return 2 * i + (i >= 4) + (i >= 6) + (i >= 8) + (i >= 10);
}

static bool
uuid_parse(const char *s, uint8_t out[DENSE_UUID_SIZE])
{
	if (s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-')
		return false;
	for (size_t i = 0; i < DENSE_UUID_SIZE; i++) {
		size_t at = uuid_place(i);
		int high = hex_of(s[at]), low = hex_of(s[at + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static void
uuid_format(const uint8_t in[DENSE_UUID_SIZE], char *s)
{
	static const char digits[] = "0123456789abcdef";

	s[8] = s[13] = s[18] = s[23] = '-';
	for (size_t i = 0; i < DENSE_UUID_SIZE; i++) {
		size_t at = uuid_place(i);

		s[at] = digits[in[i] >> 4];
		s[at + 1] = digits[in[i] & 15];
	}
}

/* --- values --- */

static uint8_t *
put_le(uint8_t *p, uint8_t head, uint64_t v, size_t n)
{
	p[0] = head;
	for (size_t i = 0; i < n; i++)
		p[1 + i] = (uint8_t)(v >> (8 * i));
	return p + 1 + n;
}

static uint64_t
get_le(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

uint8_t *
dense_put_text(struct dense *d, uint8_t *p, const char *s, size_t n)
{
	uint32_t number = word_find(d->words, s, n);

	if (n >= REC_MAX_BYTES - d->room) {
		dense_note_text(d, s, n);
		return NULL;
	}
	if (number != DENSE_NONE) {
		d->room += n + 1;
		return number <= UINT8_MAX ? put_le(p, DENSE_WORD_1, number, 1)
					   : put_le(p, DENSE_WORD_2, number, 2);
	}
	if (n == DENSE_UUID_TEXT && uuid_parse(s, p + 1)) {
		d->room += n + 1;
		*p = DENSE_UUID;
		return p + 1 + DENSE_UUID_SIZE;
	}
	if (n > 0 && n == d->ntext && memcmp(s, d->text, n) == 0) {
		d->room += n + 1;
		return put_le(p, DENSE_AGAIN, 0, 0);
	}
	dense_note_text(d, s, n);
	return NULL;
}

uint8_t *
dense_put_large(struct dense *d, uint8_t *p, uint64_t v)
{
	int64_t more = (int64_t)(v - d->last);

	d->last = v;
	if (more == 0)
		return put_le(p, DENSE_SAME, 0, 0);
	if (more >= INT32_MIN && more <= INT32_MAX)
		return put_le(p, DENSE_NEAR_4, (uint64_t)more, 4);
	if (more >= -(INT64_C(1) << 47) && more < INT64_C(1) << 47)
		return put_le(p, DENSE_NEAR_6, (uint64_t)more, 6);
	return NULL;
}

uint8_t *
dense_put_float(struct dense *d, uint8_t *p, uint64_t bits)
{
	for (size_t i = 0; i < DENSE_NFLOATS; i++)
		if (d->floats[i] == bits)
			return put_le(p, (uint8_t)(DENSE_FLOAT + i), 0, 0);
	dense_note_float(d, bits);
	return NULL;
}

int
dense_get_text(struct dense *d, const uint8_t **p, const uint8_t *end,
    char *uuid, const char **s, size_t *n)
{
	uint8_t head = **p;
	size_t nbytes = head == DENSE_AGAIN    ? 0
			: head == DENSE_UUID   ? DENSE_UUID_SIZE
			: head == DENSE_WORD_1 ? 1
					       : 2;
	uint32_t number;

	if ((size_t)(end - *p) < 1 + nbytes)
		return -1;
	if (head == DENSE_AGAIN) {
		*s = d->text;
		*n = d->ntext;
	} else if (head == DENSE_UUID) {
		uuid_format(*p + 1, uuid);
		*s = uuid;
		*n = DENSE_UUID_TEXT;
	} else {
		number = (uint32_t)get_le(*p + 1, nbytes);
		if (number >= d->words->n)
			return -1;
		*s = word_at(d->words, number, n);
	}
	*p += 1 + nbytes;
	return *s != NULL ? 0 : -1;
}

int
dense_get_large(
    struct dense *d, const uint8_t **p, const uint8_t *end, uint64_t *v)
{
	uint8_t head = **p;
	size_t nbytes = head == DENSE_SAME ? 0 : head == DENSE_NEAR_4 ? 4 : 6;
	unsigned shift = 64 - 8 * (unsigned)nbytes;

	if ((size_t)(end - *p) < 1 + nbytes)
		return -1;
	if (nbytes > 0)
		d->last +=
		    (uint64_t)((int64_t)(get_le(*p + 1, nbytes) << shift) >>
			       shift);
	*v = d->last;
	*p += 1 + nbytes;
	return 0;
}

void
dense_put_room(size_t room, struct buf *out)
{
	size_t steps = (room + ROOM_STEP - 1) / ROOM_STEP;
	uint8_t bytes[5];

	if (steps < ROOM_LONG) {
		buf_addc(out, (char)steps);
		return;
	}
	put_le(bytes, 0, steps, 4);
	buf_add(out, bytes + 1, 4);
	buf_addc(out, (char)ROOM_LONG);
}

int
dense_get_room(const uint8_t *p, size_t *n, size_t *room)
{
	if (*n < 1)
		return -1;
	*room = p[*n - 1];
	*n -= 1;
	if (*room == ROOM_LONG) {
		if (*n < 4)
			return -1;
		*n -= 4;
		*room = (size_t)get_le(p + *n, 4);
	}
	*room *= ROOM_STEP;
	return *room <= REC_MAX_BYTES ? 0 : -1;
}
