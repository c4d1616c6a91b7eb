#include "common/unpack_impl.h"

#include <string.h>

#include "common/tree_impl.h"

void
unpack_say(struct unpacker *u, const char *what)
{
	err_set(u->err, ERR_BAD, "%s at byte %td of %td", what, u->p - u->start,
	    u->end - u->start);
}

void *
unpack_take(struct unpacker *u, size_t n, size_t size)
{
	if (n > u->budget / size) {
		refuse(u, "record takes too much memory");
		return NULL;
	}
	u->budget -= n * size;
	return u->arena != NULL ? arena_alloc(u->arena, n * size)
				: xcalloc(n, size);
}

int
unpack_large(struct unpacker *u, uint64_t *v)
{
	if (u->dense == NULL || !dense_is_large(*u->p))
		return refuse(u, "expected an integer");
	if (dense_get_large(u->dense, &u->p, u->end, v) == -1)
		return refuse(u, "cut short");
	return 0;
}

int
unpack_word(struct unpacker *u, char **out)
{
	char uuid[DENSE_UUID_TEXT];
	const char *s;
	size_t n;

	if (dense_get_text(u->dense, &u->p, u->end, uuid, &s, &n) == -1)
		return refuse(u, "no such word");
	/* What is still to come as it is takes less than what is left. */
	if ((size_t)(u->texts_end - u->texts) < n + 1 + left(u))
		return refuse(u, "a word too many");
	*out = keep_text(u, s, n);
	return 0;
}

static double
float_of(uint64_t bits)
{
	double f;

	memcpy(&f, &bits, sizeof f);
	return f;
}

int
unpack_f64(struct unpacker *u, double *out)
{
	uint64_t v;
	uint32_t v32;
	float single;
	bool negative;

	if (u->p < u->end && *u->p == 0xcb) {
		if (get_after(u, 8, &v) == -1)
			return -1;
		*out = float_of(v);
		if (u->dense != NULL)
			dense_note_float(u->dense, v);
		return 0;
	}
	if (u->dense != NULL && u->p < u->end && dense_is_float(*u->p)) {
		*out = float_of(u->dense->floats[*u->p++ - DENSE_FLOAT]);
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

int
unpack_bytes(struct unpacker *u, struct rec_bytes *out)
{
	const uint8_t *s;
	size_t n;

	if (get_bin(u, &s, &n) == -1)
		return -1;
	out->data = unpack_take(u, n > 0 ? n : 1, 1);
	if (out->data == NULL)
		return -1;
	memcpy(out->data, s, n);
	out->len = n;
	return 0;
}

/* --- skipping --- */

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
int
unpack_skip(struct unpacker *u)
{
	for (size_t pending = 1; pending > 0; pending--) {
		if (pending > left(u))
			return refuse(u, "cut short");
		if (skip_one(u, &pending) == -1)
			return -1;
	}
	return 0;
}

/* --- trees --- */

static int get_tree(struct unpacker *u, struct tree **out);

static int
get_tree_list(struct unpacker *u, struct tree *t)
{
	size_t n;

	if (get_array(u, &n) == -1)
		return -1;
	t->kind = TREE_LIST;
	t->items = unpack_take(u, n, sizeof *t->items);
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
	t->members = unpack_take(u, n, sizeof *t->members);
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
		return unpack_f64(u, &t->f);
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
	t = unpack_take(u, 1, sizeof *t);
	if (t == NULL)
		return -1;
	*out = t;
	return get_node(u, t);
}

int
unpack_tree(struct unpacker *u, struct tree **out)
{
	size_t depth = u->depth;
	struct dense *dense = u->dense;

	u->depth = 0;
	u->dense = NULL; /* as put_plain_tree() has it */
	if (get_tree(u, out) == -1)
		return -1;
	u->depth = depth;
	u->dense = dense;
	return 0;
}
