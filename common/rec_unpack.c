#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "common/mem.h"
#include "common/rec_impl.h"
#include "common/tree_impl.h"

/* What a text on the heap takes beyond its bytes. */
#define TEXT_COST 32

struct unpacker {
	const uint8_t *p, *end;
	const uint8_t *start;
	struct arena *arena; /* NULL: the heap */
	char *texts;         /* with an arena: where the next text goes */
	size_t budget;       /* bytes that may still be allocated */
	size_t depth;
	size_t nnodes;
	struct err *err;
};

static __attribute__((noinline, cold)) void
say(struct unpacker *u, const char *what)
{
	err_set(u->err, ERR_BAD, "%s at byte %td of %td", what, u->p - u->start,
	    u->end - u->start);
}

/* Inline, so that the compiler sees that it is always -1. */
static inline int
refuse(struct unpacker *u, const char *what)
{
	say(u, what);
	return -1;
}

static inline size_t
left(const struct unpacker *u)
{
	return (size_t)(u->end - u->p);
}

/* Zeroed memory for n things of the given size, or NULL over the budget. */
static void *
take(struct unpacker *u, size_t n, size_t size)
{
	if (n > u->budget / size) {
		refuse(u, "record takes too much memory");
		return NULL;
	}
	u->budget -= n * size;
	return u->arena != NULL ? arena_alloc(u->arena, n * size)
				: xcalloc(n, size);
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
		return refuse(u, "expected an integer");
	nbytes = 1u << (head & 3);
	if (get_after(u, nbytes, v) == -1)
		return -1;
	if (head >= 0xd0) {
		unsigned shift = 64 - 8 * nbytes;

		*v = (uint64_t)((int64_t)(*v << shift) >> shift);
		*negative = (int64_t)*v < 0;
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

static int
get_f64(struct unpacker *u, double *out)
{
	uint64_t v;
	uint32_t v32;
	float single;
	bool negative;

	if (u->p < u->end && *u->p == 0xcb) {
		if (get_after(u, 8, &v) == -1)
			return -1;
		memcpy(out, &v, sizeof v);
		return 0;
	}
	if (u->p < u->end && *u->p == 0xca) {
		if (get_after(u, 4, &v) == -1)
			return -1;
		v32 = (uint32_t)v;
		memcpy(&single, &v32, sizeof single);
		*out = (double)single;
		return 0;
	}
	if (get_int(u, &v, &negative) == -1)
		return -1;
	*out = negative ? (double)(int64_t)v : (double)v;
	return 0;
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

static int
get_bin(struct unpacker *u, const uint8_t **s, size_t *n)
{
	uint64_t v;

	if (u->p == u->end || *u->p < 0xc4 || *u->p > 0xc6)
		return refuse(u, "expected bytes");
	if (get_after(u, 1u << (*u->p - 0xc4), &v) == -1)
		return -1;
	*n = (size_t)v;
	if (*n > left(u))
		return refuse(u, "bytes longer than what is left");
	*s = u->p;
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

/* Steps over n bytes after a head of h. */
static int
step(struct unpacker *u, size_t h, size_t n)
{
	if (h > left(u) || n > left(u) - h)
		return refuse(u, "cut short");
	u->p += h + n;
	return 0;
}

/* Steps over one value's head and its bytes; adds its parts to *pending. */
static int
skip_one(struct unpacker *u, size_t *pending)
{
	uint8_t head = *u->p;
	size_t n = 0, width;

	if (head < 0x80 || head >= 0xe0 || head == 0xc0 || head == 0xc2 ||
	    head == 0xc3)
		return step(u, 1, 0);
	if (head < 0x90 || head == 0xde || head == 0xdf) {
		if (get_map(u, &n) == -1)
			return -1;
		*pending += 2 * n;
		return 0;
	}
	if (head < 0xa0 || head == 0xdc || head == 0xdd) {
		if (get_array(u, &n) == -1)
			return -1;
		*pending += n;
		return 0;
	}
	if (head < 0xc0)
		return step(u, 1, head & 0x1f);
	if (head >= 0xca && head <= 0xcb)
		return step(u, 1, head == 0xca ? 4 : 8);
	if (head >= 0xcc && head <= 0xd3)
		return step(u, 1, (size_t)1 << (head & 3));
	if (head >= 0xd4 && head <= 0xd8)
		return step(u, 2, (size_t)1 << (head - 0xd4));
	if (head == 0xc1)
		return refuse(u, "a byte that means nothing");
	/* str, bin and ext with 1, 2 or 4 bytes of length. */
	width = (size_t)1 << (head >= 0xd9   ? head - 0xd9
			      : head >= 0xc7 ? head - 0xc7
					     : head - 0xc4);
	if (left(u) < 1 + width)
		return refuse(u, "cut short");
	n = (size_t)get_be(u->p + 1, (unsigned)width);
	return step(u, 1 + width + (head >= 0xc7 && head <= 0xc9), n);
}

/* A value that nobody knows, however deep: counting needs no stack. */
static int
skip(struct unpacker *u)
{
	for (size_t pending = 1; pending > 0; pending--) {
		if (pending > left(u))
			return refuse(u, "cut short");
		if (skip_one(u, &pending) == -1)
			return -1;
	}
	return 0;
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
		if (u->budget < n + TEXT_COST) {
			refuse(u, "record takes too much memory");
			return NULL;
		}
		u->budget -= n + TEXT_COST;
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

	if (get_text(u, &s, &n) == -1)
		return -1;
	if (memchr(s, '\0', n) != NULL)
		return refuse(u, "a NUL inside the text before");
	*out = keep_text(u, s, n);
	return *out != NULL ? 0 : -1;
}

static int
get_bytes(struct unpacker *u, struct rec_bytes *out)
{
	const uint8_t *s;
	size_t n;

	if (get_bin(u, &s, &n) == -1)
		return -1;
	out->data = take(u, n > 0 ? n : 1, 1);
	if (out->data == NULL)
		return -1;
	memcpy(out->data, s, n);
	out->len = n;
	return 0;
}

static int
enter(struct unpacker *u, size_t max)
{
	if (++u->depth > max)
		return refuse(u, "nested too deeply");
	return 0;
}

static int get_tree(struct unpacker *u, struct tree **out);

static int
get_tree_list(struct unpacker *u, struct tree *t)
{
	size_t n;

	if (get_array(u, &n) == -1)
		return -1;
	t->kind = TREE_LIST;
	t->items = take(u, n, sizeof *t->items);
	if (t->items == NULL)
		return -1;
	if (enter(u, TREE_MAX_DEPTH) == -1)
		return -1;
	t->nitems = n; /* those to come are NULL */
	for (size_t i = 0; i < n; i++)
		if (get_tree(u, &t->items[i]) == -1)
			return -1;
	u->depth--;
	return 0;
}

static int
get_tree_map(struct unpacker *u, struct tree *t)
{
	size_t n;

	if (get_map(u, &n) == -1)
		return -1;
	t->kind = TREE_MAP;
	t->members = take(u, n, sizeof *t->members);
	if (t->members == NULL)
		return -1;
	if (enter(u, TREE_MAX_DEPTH) == -1)
		return -1;
	t->nmembers = n; /* those to come are NULL */
	for (size_t i = 0; i < n; i++)
		if (get_str(u, &t->members[i].key) == -1 ||
		    get_tree(u, &t->members[i].value) == -1)
			return -1;
	u->depth--;
	tree_sort_members(t, u->arena == NULL);
	return 0;
}

static int
get_tree_str(struct unpacker *u, struct tree *t)
{
	const char *s;
	size_t n;

	if (get_text(u, &s, &n) == -1)
		return -1;
	t->kind = TREE_STR;
	t->str = keep_text(u, s, n);
	t->len = n;
	return t->str != NULL ? 0 : -1;
}

static int
get_tree_int(struct unpacker *u, struct tree *t)
{
	uint64_t v;
	bool negative;

	if (get_int(u, &v, &negative) == -1)
		return -1;
	if (!negative && v > INT64_MAX) {
		t->kind = TREE_FLOAT;
		t->f = (double)v;
		return 0;
	}
	t->kind = TREE_INT;
	t->i = (int64_t)v;
	return 0;
}

static int
get_node(struct unpacker *u, struct tree *t)
{
	uint8_t head;

	if (u->p == u->end)
		return refuse(u, "cut short");
	head = *u->p;
	if (head == 0xc0 || head == 0xc2 || head == 0xc3) {
		u->p++;
		t->kind = head == 0xc0 ? TREE_NULL : TREE_BOOL;
		t->b = head == 0xc3;
		return 0;
	}
	if (head == 0xca || head == 0xcb) {
		t->kind = TREE_FLOAT;
		return get_f64(u, &t->f);
	}
	if ((head & 0xe0) == 0xa0 || (head >= 0xd9 && head <= 0xdb))
		return get_tree_str(u, t);
	if ((head & 0xf0) == 0x90 || head == 0xdc || head == 0xdd)
		return get_tree_list(u, t);
	if ((head & 0xf0) == 0x80 || head == 0xde || head == 0xdf)
		return get_tree_map(u, t);
	return get_tree_int(u, t);
}

static int
get_tree(struct unpacker *u, struct tree **out)
{
	struct tree *t;

	if (++u->nnodes > TREE_MAX_NODES)
		return refuse(u, "too many values");
	t = take(u, 1, sizeof *t);
	if (t == NULL)
		return -1;
	*out = t;
	return get_node(u, t);
}

/* A tree's depth counts from its own root. */
static int
get_root(struct unpacker *u, struct tree **out)
{
	size_t depth = u->depth;

	u->depth = 0;
	if (get_tree(u, out) == -1)
		return -1;
	u->depth = depth;
	return 0;
}

/* --- records --- */

static int get_rec(struct unpacker *u, const struct rec_type *t, void *rec);

static int
get_ptr(struct unpacker *u, const struct rec_field *f, void **out)
{
	*out = take(u, 1, f->type->size);
	if (*out == NULL)
		return -1;
	return get_rec(u, f->type, *out);
}

static inline int
get_value(struct unpacker *u, const struct rec_field *f, void *v)
{
	switch (f->kind) {
	case REC_K_BOOL:
		if (u->p == u->end || (*u->p & 0xfe) != 0xc2)
			return refuse(u, "expected true or false");
		*(bool *)v = *u->p++ == 0xc3;
		return 0;
	case REC_K_I64:
	case REC_K_DUR:
	case REC_K_TIME:
		return get_i64(u, v);
	case REC_K_U64:
		return get_u64(u, v);
	case REC_K_F64:
		return get_f64(u, v);
	case REC_K_STR:
		return get_str(u, v);
	case REC_K_BYTES:
		return get_bytes(u, v);
	case REC_K_TREE:
		return get_root(u, v);
	case REC_K_REC:
		return get_rec(u, f->type, v);
	case REC_K_PTR:
		return get_ptr(u, f, v);
	}
	return refuse(u, "unknown kind");
}

static int
get_list(struct unpacker *u, const struct rec_field *f, void *rec)
{
	size_t n, size = rec_value_size(f);
	char *e;

	if (get_array(u, &n) == -1)
		return -1;
	e = take(u, n, size);
	if (e == NULL)
		return -1;
	*(void **)rec_at(rec, f->offset) = e;
	*rec_count(f, rec) = n;
	for (size_t i = 0; i < n; i++)
		if (get_value(u, f, e + i * size) == -1)
			return err_add(u->err, "[%zu]", i);
	return 0;
}

static int get_row(struct unpacker *u, const struct rec_field *f, void *rec);
static int get_rows(struct unpacker *u, const struct rec_type *t, void *rec,
    const struct rec_field *but);

static int
get_keyed(struct unpacker *u, const struct rec_field *f, void *rec)
{
	size_t n, size = f->type->size;
	char *e;

	if (get_map(u, &n) == -1)
		return -1;
	e = take(u, n, size);
	if (e == NULL)
		return -1;
	*(void **)rec_at(rec, f->offset) = e;
	*rec_count(f, rec) = n;
	for (size_t i = 0; i < n; i++, e += size) {
		int rc = get_str(u, (char **)(void *)e);

		if (rc == 0 && f->type->pair)
			rc = get_row(u, &f->type->fields[1], e);
		else if (rc == 0)
			rc = get_rows(u, f->type, e, &f->type->fields[0]);
		if (rc == -1)
			return err_add(u->err, "[%zu]", i);
	}
	rec_sort_map(f, rec, u->arena == NULL);
	return 0;
}

/* nil is absent, or zero where that is the same. */
static int
get_row(struct unpacker *u, const struct rec_field *f, void *rec)
{
	int rc;

	if (u->p < u->end && *u->p == 0xc0 && f->kind != REC_K_TREE) {
		u->p++;
		return 0;
	}
	if (f->shape == REC_ONE) {
		if (rec_is_flagged(f))
			*rec_has(f, rec) = true;
		return get_value(u, f, rec_at(rec, f->offset));
	}
	if (enter(u, REC_MAX_DEPTH) == -1)
		return -1;
	rc = f->shape == REC_LIST_OF ? get_list(u, f, rec)
				     : get_keyed(u, f, rec);
	u->depth--;
	return rc;
}

/* A row that came before is replaced. */
static void
forget_row(struct unpacker *u, const struct rec_field *f, void *rec)
{
	if (u->arena == NULL) {
		rec_row_clear(f, rec);
	} else if (f->shape != REC_ONE) {
		*(void **)rec_at(rec, f->offset) = NULL;
		*rec_count(f, rec) = 0;
	} else {
		memset(rec_at(rec, f->offset), 0, rec_value_size(f));
		if (rec_is_flagged(f))
			*rec_has(f, rec) = false;
	}
}

/* All rows but one: the key that stood before a map's element. */
static int
get_rows(struct unpacker *u, const struct rec_type *t, void *rec,
    const struct rec_field *but)
{
	const struct rec_plan *plan = rec_plan_of(t);
	const struct rec_field *f, *last = NULL;
	uint64_t tag;
	size_t n;

	if (enter(u, REC_MAX_DEPTH) == -1 || get_map(u, &n) == -1)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (get_u64(u, &tag) == -1)
			return -1;
		f = rec_plan_tag(plan, tag);
		if (f == NULL || f == but) {
			if (skip(u) == -1)
				return -1;
			continue;
		}
		if (f <= last)
			forget_row(u, f, rec);
		else
			last = f;
		if (get_row(u, f, rec) == -1)
			return err_add(u->err, "%s", f->name);
	}
	u->depth--;
	return 0;
}

static int
get_rec(struct unpacker *u, const struct rec_type *t, void *rec)
{
	/* nil in a list is a record with nothing in it. */
	if (u->p < u->end && *u->p == 0xc0) {
		u->p++;
		return 0;
	}
	return get_rows(u, t, rec, NULL);
}

int
rec_unpack(const struct rec_type *t, void *rec, const void *data, size_t n,
    struct arena *arena, struct err *err)
{
	struct unpacker u = {
		.p = data,
		.start = data,
		.end = (const uint8_t *)data + n,
		.arena = arena,
		.budget = REC_MAX_MEMORY,
		.err = err,
	};
	int rc;

	memset(rec, 0, t->size);
	if (n > REC_MAX_BYTES)
		return err_set(
		    err, ERR_BAD, "%s: %zu bytes are too many", t->name, n);
	if (arena != NULL)
		u.texts = arena_alloc(arena, n);
	rc = get_rows(&u, t, rec, NULL);
	if (rc == 0 && u.p != u.end)
		rc = refuse(&u, "more than one record");
	if (rc == 0)
		return 0;
	if (arena == NULL)
		rec_clear(t, rec);
	memset(rec, 0, t->size);
	return err_add(err, "%s", t->name);
}
