/*
 * Source of the format: the MessagePack specification. Each value is written
 * in the shortest form there is, so one record has one encoding.
 *
 * A record is a map from tag to value. A list is an array. A map is a map
 * from its text keys: to the value itself for pairs, else to the element
 * without its key row.
 */
#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "common/rec_dense_impl.h"
#include "common/rec_impl.h"

/* --- writing --- */

/* The largest head of a value, with its tag before it. */
#define HEAD_MAX 16

struct packer {
	struct buf *out;
	uint8_t *p, *end;
	uint64_t level;      /* rows above it are left out */
	struct dense *dense; /* NULL: plain msgpack */
};

static void
packer_grow(struct packer *k, size_t n)
{
	if (k->p != NULL)
		k->out->len = (size_t)((char *)k->p - k->out->data);
	k->p = (uint8_t *)buf_reserve(k->out, n);
	k->end = (uint8_t *)k->out->data + k->out->cap - 1;
}

/* Makes room for n bytes at k->p. */
static inline void
room(struct packer *k, size_t n)
{
	if ((size_t)(k->end - k->p) < n)
		packer_grow(k, n);
}

static inline void
put_be(struct packer *k, uint8_t head, uint64_t v, unsigned nbytes)
{
	uint64_t be = __builtin_bswap64(v << (64 - 8 * nbytes));

	k->p[0] = head;
	memcpy(k->p + 1, &be, nbytes);
	k->p += 1 + nbytes;
}

static void
put_large(struct packer *k, uint64_t v)
{
	uint8_t *next = NULL;

	if (k->dense != NULL)
		next = dense_put_large(k->dense, k->p, v);
	if (next != NULL)
		k->p = next;
	else
		put_be(k, 0xcf, v, 8);
}

static inline void
put_uint(struct packer *k, uint64_t v)
{
	if (v < 0x80)
		*k->p++ = (uint8_t)v;
	else if (v <= UINT8_MAX)
		put_be(k, 0xcc, v, 1);
	else if (v <= UINT16_MAX)
		put_be(k, 0xcd, v, 2);
	else if (v <= UINT32_MAX)
		put_be(k, 0xce, v, 4);
	else
		put_large(k, v);
}

static inline void
put_int(struct packer *k, int64_t v)
{
	if (v >= 0)
		put_uint(k, (uint64_t)v);
	else if (v >= -32)
		*k->p++ = (uint8_t)v;
	else if (v >= INT8_MIN)
		put_be(k, 0xd0, (uint64_t)v, 1);
	else if (v >= INT16_MIN)
		put_be(k, 0xd1, (uint64_t)v, 2);
	else if (v >= INT32_MIN)
		put_be(k, 0xd2, (uint64_t)v, 4);
	else
		put_be(k, 0xd3, (uint64_t)v, 8);
}

static inline void
put_f64(struct packer *k, double v)
{
	uint64_t bits;
	uint8_t *next = NULL;

	memcpy(&bits, &v, sizeof bits);
	if (k->dense != NULL)
		next = dense_put_float(k->dense, k->p, bits);
	if (next != NULL)
		k->p = next;
	else
		put_be(k, 0xcb, bits, 8);
}

/* Text where there is room for it. */
static inline void
put_text_here(struct packer *k, const char *s, size_t n)
{
	assert(n <= UINT32_MAX);
	if (k->dense != NULL) {
		uint8_t *next = dense_put_text(k->dense, k->p, s, n);

		if (next != NULL) {
			k->p = next;
			return;
		}
	}
	if (n < 32)
		*k->p++ = (uint8_t)(0xa0 | n);
	else if (n <= UINT8_MAX)
		put_be(k, 0xd9, n, 1);
	else if (n <= UINT16_MAX)
		put_be(k, 0xda, n, 2);
	else
		put_be(k, 0xdb, n, 4);
	rec_copy_text(k->p, s, n);
	k->p += n;
}

static inline void
put_text(struct packer *k, const char *s, size_t n)
{
	room(k, n + 2 * HEAD_MAX);
	put_text_here(k, s, n);
}

static inline void
put_str(struct packer *k, const char *s)
{
	put_text(k, s != NULL ? s : "", s != NULL ? strlen(s) : 0);
}

static void
put_bytes(struct packer *k, const struct rec_bytes *b)
{
	assert(b->len <= UINT32_MAX);
	room(k, b->len + 2 * HEAD_MAX);
	if (b->len <= UINT8_MAX)
		put_be(k, 0xc4, b->len, 1);
	else if (b->len <= UINT16_MAX)
		put_be(k, 0xc5, b->len, 2);
	else
		put_be(k, 0xc6, b->len, 4);
	if (b->len > 0)
		memcpy(k->p, b->data, b->len);
	k->p += b->len;
}

/* The head of an array (fix 0x90, wide 0xdc) or a map (0x80, 0xde). */
static inline void
put_head(struct packer *k, uint8_t fix, uint8_t wide, size_t n)
{
	assert(n <= UINT32_MAX);
	room(k, 2 * HEAD_MAX);
	if (n < 16)
		*k->p++ = (uint8_t)(fix | n);
	else if (n <= UINT16_MAX)
		put_be(k, wide, n, 2);
	else
		put_be(k, (uint8_t)(wide + 1), n, 4);
}

#define put_array(k, n) put_head(k, 0x90, 0xdc, n)
#define put_map(k, n)   put_head(k, 0x80, 0xde, n)

static void
put_tree(struct packer *k, const struct tree *t)
{
	room(k, HEAD_MAX);
	switch (t != NULL ? t->kind : TREE_NULL) {
	case TREE_NULL:
		*k->p++ = 0xc0;
		break;
	case TREE_BOOL:
		*k->p++ = t->b ? 0xc3 : 0xc2;
		break;
	case TREE_INT:
		put_int(k, t->i);
		break;
	case TREE_FLOAT:
		put_f64(k, t->f);
		break;
	case TREE_STR:
		put_text(k, t->str, t->len);
		break;
	case TREE_LIST:
		put_array(k, t->nitems);
		for (size_t i = 0; i < t->nitems; i++)
			put_tree(k, t->items[i]);
		break;
	case TREE_MAP:
		put_map(k, t->nmembers);
		for (size_t i = 0; i < t->nmembers; i++) {
			put_str(k, t->members[i].key);
			put_tree(k, t->members[i].value);
		}
		break;
	}
}

/* There an integer may stand in the place of a text. */
static void
put_plain_tree(struct packer *k, const struct tree *t)
{
	struct dense *dense = k->dense;

	k->dense = NULL;
	put_tree(k, t);
	k->dense = dense;
}

static void put_rec(
    struct packer *k, const struct rec_type *t, const void *rec, size_t first);

static inline void
put_value(struct packer *k, const struct rec_field *f, const void *v)
{
	room(k, HEAD_MAX);
	switch (f->kind) {
	case REC_K_BOOL:
		*k->p++ = *(const bool *)v ? 0xc3 : 0xc2;
		break;
	case REC_K_I64:
	case REC_K_DUR:
	case REC_K_TIME:
		put_int(k, *(const int64_t *)v);
		break;
	case REC_K_U64:
		put_uint(k, *(const uint64_t *)v);
		break;
	case REC_K_F64:
		put_f64(k, *(const double *)v);
		break;
	case REC_K_STR:
		put_str(k, *(char *const *)v);
		break;
	case REC_K_BYTES:
		put_bytes(k, v);
		break;
	case REC_K_TREE:
		put_plain_tree(k, *(struct tree *const *)v);
		break;
	case REC_K_REC:
		put_rec(k, f->type, v, 0);
		break;
	case REC_K_PTR:
		if (*(void *const *)v == NULL)
			*k->p++ = 0xc0;
		else
			put_rec(k, f->type, *(void *const *)v, 0);
		break;
	}
}

static void put_row(
    struct packer *k, const struct rec_field *f, const void *rec);

static void
put_many(struct packer *k, const struct rec_field *f, const void *rec)
{
	size_t n = *rec_count(f, rec), size = rec_value_size(f);
	const char *e = rec_ptr(f, rec);

	if (f->shape == REC_LIST_OF) {
		put_array(k, n);
		for (size_t i = 0; i < n; i++)
			put_value(k, f, e + i * size);
		return;
	}
	put_map(k, n);
	for (size_t i = 0; i < n; i++, e += size) {
		put_str(k, *(char *const *)e);
		if (f->type->pair)
			put_row(k, &f->type->fields[1], e);
		else
			put_rec(k, f->type, e, 1);
	}
}

/* The row's value whether zero or not; nil where it is absent. */
static void
put_row(struct packer *k, const struct rec_field *f, const void *rec)
{
	if (f->opt && rec_row_is_zero(f, rec)) {
		room(k, HEAD_MAX);
		*k->p++ = 0xc0;
	} else if (f->shape != REC_ONE) {
		put_many(k, f, rec);
	} else {
		put_value(k, f, rec_at(rec, f->offset));
	}
}

static inline void
put_tag(struct packer *k, const struct rec_field *f)
{
	room(k, 2 * HEAD_MAX);
	put_uint(k, f->tag);
}

/* A tag and its value, for rows that the common ones below do not cover. */
static bool
put_told(struct packer *k, const struct rec_field *f, const void *rec)
{
	if (rec_row_is_zero(f, rec))
		return false;
	put_tag(k, f);
	if (f->shape != REC_ONE)
		put_many(k, f, rec);
	else
		put_value(k, f, rec_at(rec, f->offset));
	return true;
}

/* The same in one step for plain rows of one value, which most rows are.
 * Returns whether there was something to tell. */
static inline bool
put_plain(struct packer *k, const struct rec_field *f, const void *rec)
{
	const void *v = rec_at(rec, f->offset);
	const char *s;
	size_t len;

	if (f->kind == REC_K_STR) {
		s = *(char *const *)v;
		if (s == NULL || *s == '\0')
			return false;
		len = strlen(s);
		room(k, len + 2 * HEAD_MAX);
		put_uint(k, f->tag);
		put_text_here(k, s, len);
		return true;
	}
	if (f->kind > REC_K_TIME)
		return put_told(k, f, rec);
	if (f->kind == REC_K_BOOL ? !*(const bool *)v
				  : *(const uint64_t *)v == 0)
		return false;
	put_tag(k, f);
	put_value(k, f, v);
	return true;
}

/* Puts the head of a map of n where three bytes were left for it. */
static void
end_map(struct packer *k, size_t head, size_t n)
{
	uint8_t *at = (uint8_t *)k->out->data + head;

	if (n < 16) {
		memmove(at + 1, at + 3, (size_t)(k->p - at) - 3);
		k->p -= 2;
		*at = (uint8_t)(0x80 | n);
		return;
	}
	at[0] = 0xde;
	at[1] = (uint8_t)(n >> 8);
	at[2] = (uint8_t)n;
}

/*
 * Rows from the given one on: a keyed element's key stands before it. How
 * many there are is known at the end, so their head is put then; a table of
 * less than 16 rows needs one byte for it for sure.
 */
static void
put_rec(
    struct packer *k, const struct rec_type *t, const void *rec, size_t first)
{
	const struct rec_field *f = &t->fields[first];
	const struct rec_field *end = &t->fields[t->nfields];
	size_t n = 0, head, nhead = t->nfields - first < 16 ? 1 : 3;

	assert(t->nfields <= REC_MAX_TAG);
	room(k, HEAD_MAX);
	head = (size_t)((char *)k->p - k->out->data);
	k->p += nhead;
	for (; f < end; f++) {
		if (f->level > k->level)
			continue;
		n += f->shape == REC_ONE && !f->opt ? put_plain(k, f, rec)
						    : put_told(k, f, rec);
	}
	if (nhead == 1)
		k->out->data[head] = (char)(0x80 | n);
	else
		end_map(k, head, n);
}

void
rec_pack(const struct rec_type *t, const void *rec, struct buf *out)
{
	rec_pack_level(t, rec, UINT64_MAX, out);
}

static void
pack(const struct rec_type *t, const void *rec, uint64_t level,
    struct dense *dense, struct buf *out)
{
	struct packer k = { .out = out, .level = level, .dense = dense };

	packer_grow(&k, 256);
	put_rec(&k, t, rec, 0);
	*k.p = '\0';
	out->len = (size_t)((char *)k.p - out->data);
}

void
rec_pack_level(
    const struct rec_type *t, const void *rec, uint64_t level, struct buf *out)
{
	pack(t, rec, level, NULL, out);
}

void
rec_pack_dense(const struct rec_type *t, const void *rec, uint64_t level,
    const struct rec_words *w, uint64_t near, struct buf *out)
{
	struct dense d = { .words = w, .last = near };

	pack(t, rec, level, &d, out);
	dense_put_room(d.room, out);
}
