#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <yajl/yajl_parse.h>

#include "common/mem.h"
#include "common/tree_impl.h"

/* --- sorting --- */

struct sorting {
	struct tree_member m;
	size_t at; /* where it stood: qsort() keeps no order */
};

static int
by_key(const void *a, const void *b)
{
	const struct sorting *sa = a, *sb = b;
	int cmp = strcmp(sa->m.key, sb->m.key);

	if (cmp != 0)
		return cmp;
	return sa->at < sb->at ? -1 : 1;
}

static bool
is_sorted(const struct tree *t)
{
	for (size_t i = 1; i < t->nmembers; i++)
		if (strcmp(t->members[i - 1].key, t->members[i].key) >= 0)
			return false;
	return true;
}

void
tree_sort_members(struct tree *t, bool on_heap)
{
	struct sorting *s;
	size_t n = t->nmembers;

	if (is_sorted(t))
		return;
	s = xcalloc(n, sizeof *s);
	for (size_t i = 0; i < n; i++)
		s[i] = (struct sorting){ .m = t->members[i], .at = i };
	qsort(s, n, sizeof *s, by_key);
	t->nmembers = 0;
	for (size_t i = 0; i < n; i++) {
		if (i + 1 == n || strcmp(s[i].m.key, s[i + 1].m.key) != 0) {
			t->members[t->nmembers++] = s[i].m;
		} else if (on_heap) {
			free(s[i].m.key);
			tree_free(s[i].m.value);
		}
	}
	free(s);
}

/* --- building --- */

int
tree_builder_add(struct tree_builder *b, struct tree *node, struct err *err)
{
	struct tree *in = b->depth > 0 ? b->open[b->depth - 1] : NULL;

	if (++b->nnodes > TREE_MAX_NODES && !b->trusted) {
		tree_free(node);
		return err_set(
		    err, ERR_BAD, "more than %d values", TREE_MAX_NODES);
	}
	if (in == NULL) {
		assert(b->root == NULL);
		b->root = node;
	} else if (in->kind == TREE_LIST) {
		tree_push(in, node);
	} else { /* tree_builder_key() has made the member */
		in->members[in->nmembers - 1].value = node;
	}
	return 0;
}

int
tree_builder_open(struct tree_builder *b, enum tree_kind kind, struct err *err)
{
	size_t max = b->trusted ? TREE_OPEN_MAX : TREE_MAX_DEPTH;
	struct tree *t;

	if (b->depth == max)
		return err_set(
		    err, ERR_BAD, "nested deeper than %zu levels", max);
	t = kind == TREE_LIST ? tree_list() : tree_map();
	if (tree_builder_add(b, t, err) == -1)
		return -1;
	b->cap[b->depth] = 0;
	b->open[b->depth++] = t;
	return 0;
}

int
tree_builder_key(
    struct tree_builder *b, const char *key, size_t n, struct err *err)
{
	struct tree *map = b->open[b->depth - 1];

	if (memchr(key, '\0', n) != NULL)
		return err_set(err, ERR_BAD, "a member's name holds a NUL");
	map->members = xgrow(map->members, map->nmembers, &b->cap[b->depth - 1],
	    sizeof *map->members);
	map->members[map->nmembers++] = (struct tree_member){
		.key = xstrndup(key, n),
	};
	return 0;
}

void
tree_builder_close(struct tree_builder *b)
{
	struct tree *t = b->open[--b->depth];

	if (t->kind != TREE_MAP)
		return;
	tree_sort_members(t, true);
	/* tree_set() expects room up to the next power of two. */
	if (t->nmembers > 0) {
		size_t room = 1;

		while (room < t->nmembers)
			room *= 2;
		t->members =
		    xreallocarray(t->members, room, sizeof *t->members);
	}
}

bool
tree_builder_is_done(const struct tree_builder *b)
{
	return b->root != NULL && b->depth == 0;
}

struct tree *
tree_builder_take(struct tree_builder *b)
{
	struct tree *t = b->root;

	*b = (struct tree_builder){ 0 };
	return t;
}

void
tree_builder_release(struct tree_builder *b)
{
	tree_free(tree_builder_take(b));
}

struct tree *
tree_number(const char *text, size_t n, struct err *err)
{
	char digits[400];
	char *end;
	double f;

	if (n >= sizeof digits) {
		err_set(err, ERR_BAD, "a number of %zu digits", n);
		return NULL;
	}
	memcpy(digits, text, n);
	digits[n] = '\0';
	if (strpbrk(digits, ".eE") == NULL && strcmp(digits, "-0") != 0) {
		intmax_t i;

		errno = 0;
		i = strtoimax(digits, &end, 10);
		if (errno == 0)
			return tree_int(i);
	}
	f = strtod(digits, &end);
	if (!isfinite(f)) {
		err_set(err, ERR_BAD, "number %.40s is out of range", digits);
		return NULL;
	}
	return tree_float(f);
}

/* --- JSON --- */

struct parse {
	struct tree_builder b;
	struct err *err;
	bool refused; /* by us: err is filled */
};

/* yajl goes on for 1 and stops for 0. */
static int
told(struct parse *p, int rc)
{
	if (rc == -1)
		p->refused = true;
	return rc == 0;
}

static int
on_null(void *ctx)
{
	struct parse *p = ctx;

	return told(p, tree_builder_add(&p->b, tree_null(), p->err));
}

static int
on_bool(void *ctx, int v)
{
	struct parse *p = ctx;

	return told(p, tree_builder_add(&p->b, tree_bool(v != 0), p->err));
}

static int
on_number(void *ctx, const char *s, size_t n)
{
	struct parse *p = ctx;
	struct tree *t = tree_number(s, n, p->err);

	return told(p, t == NULL ? -1 : tree_builder_add(&p->b, t, p->err));
}

static int
on_string(void *ctx, const unsigned char *s, size_t n)
{
	struct parse *p = ctx;

	return told(
	    p, tree_builder_add(&p->b, tree_bytes((const char *)s, n), p->err));
}

static int
on_open_map(void *ctx)
{
	struct parse *p = ctx;

	return told(p, tree_builder_open(&p->b, TREE_MAP, p->err));
}

static int
on_open_list(void *ctx)
{
	struct parse *p = ctx;

	return told(p, tree_builder_open(&p->b, TREE_LIST, p->err));
}

static int
on_key(void *ctx, const unsigned char *s, size_t n)
{
	struct parse *p = ctx;

	return told(p, tree_builder_key(&p->b, (const char *)s, n, p->err));
}

static int
on_close(void *ctx)
{
	struct parse *p = ctx;

	tree_builder_close(&p->b);
	return 1;
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_bool,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_start_map = on_open_map,
	.yajl_map_key = on_key,
	.yajl_end_map = on_close,
	.yajl_start_array = on_open_list,
	.yajl_end_array = on_close,
};

int
tree_yajl(const char *text, size_t n, const yajl_callbacks *on, void *ctx,
    const bool *refused, struct err *err)
{
	yajl_handle h = yajl_alloc(on, NULL, ctx);
	yajl_status st = yajl_parse(h, (const unsigned char *)text, n);
	size_t line = 1, at;
	unsigned char *why;
	int rc = 0;

	if (st == yajl_status_ok)
		st = yajl_complete_parse(h);
	at = yajl_get_bytes_consumed(h);
	for (size_t i = 0; i < at && i < n; i++)
		line += text[i] == '\n';
	if (st != yajl_status_ok && *refused) {
		rc = -1;
	} else if (st != yajl_status_ok) {
		why = yajl_get_error(h, 0, (const unsigned char *)text, n);
		err_set(err, ERR_BAD, "line %zu: %.*s", line,
		    (int)strcspn((const char *)why, "\n"), why);
		yajl_free_error(h, why);
		rc = -1;
	}
	yajl_free(h);
	return rc;
}

static struct tree *
parse(struct parse *p, const char *text, size_t n)
{
	if (tree_yajl(text, n, &callbacks, p, &p->refused, p->err) == 0 &&
	    tree_builder_is_done(&p->b))
		return tree_builder_take(&p->b);
	tree_builder_release(&p->b);
	return NULL;
}

struct tree *
tree_from_json(const char *text, size_t n, struct err *err)
{
	struct parse p = { .err = err };

	return parse(&p, text, n);
}

struct tree *
tree_from_own_json(const char *text, size_t n, struct err *err)
{
	struct parse p = { .err = err, .b.trusted = true };

	return parse(&p, text, n);
}
