#include "common/tree.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <yajl/yajl_parse.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/tree_impl.h"

/* --- making --- */

static struct tree *
node_new(enum tree_kind kind)
{
	struct tree *t = xcalloc(1, sizeof *t);

	t->kind = kind;
	return t;
}

struct tree *
tree_null(void)
{
	return node_new(TREE_NULL);
}

struct tree *
tree_bool(bool b)
{
	struct tree *t = node_new(TREE_BOOL);

	t->b = b;
	return t;
}

struct tree *
tree_int(int64_t i)
{
	struct tree *t = node_new(TREE_INT);

	t->i = i;
	return t;
}

struct tree *
tree_float(double f)
{
	struct tree *t = node_new(TREE_FLOAT);

	t->f = f;
	return t;
}

struct tree *
tree_str(const char *s)
{
	return tree_bytes(s, strlen(s));
}

struct tree *
tree_bytes(const char *s, size_t n)
{
	struct tree *t = node_new(TREE_STR);

	t->str = xmalloc(n + 1);
	if (n > 0)
		memcpy(t->str, s, n);
	t->str[n] = '\0';
	t->len = n;
	return t;
}

struct tree *
tree_list(void)
{
	return node_new(TREE_LIST);
}

struct tree *
tree_map(void)
{
	return node_new(TREE_MAP);
}

void
tree_free(struct tree *t)
{
	if (t == NULL)
		return;
	if (t->kind == TREE_STR) {
		free(t->str);
	} else if (t->kind == TREE_LIST) {
		for (size_t i = 0; i < t->nitems; i++)
			tree_free(t->items[i]);
		free(t->items);
	} else if (t->kind == TREE_MAP) {
		for (size_t i = 0; i < t->nmembers; i++) {
			free(t->members[i].key);
			tree_free(t->members[i].value);
		}
		free(t->members);
	}
	free(t);
}

/* Room as if the n had been added one by one; see tree_push(). */
static size_t
room_for(size_t n)
{
	size_t room = 1;

	while (room < n)
		room *= 2;
	return room;
}

struct tree *
tree_copy(const struct tree *t)
{
	struct tree *c;

	if (t == NULL)
		return NULL;
	if (t->kind == TREE_STR)
		return tree_bytes(t->str, t->len);
	c = xmemdup(t, sizeof *t);
	if (t->kind == TREE_LIST) {
		c->items = xcalloc(room_for(t->nitems), sizeof *c->items);
		for (size_t i = 0; i < t->nitems; i++)
			c->items[i] = tree_copy(t->items[i]);
	} else if (t->kind == TREE_MAP) {
		c->members = xcalloc(room_for(t->nmembers), sizeof *c->members);
		for (size_t i = 0; i < t->nmembers; i++) {
			c->members[i].key = xstrdup(t->members[i].key);
			c->members[i].value = tree_copy(t->members[i].value);
		}
	}
	return c;
}

/* --- asking --- */

static bool
members_equal(const struct tree *a, const struct tree *b)
{
	if (a->nmembers != b->nmembers)
		return false;
	for (size_t i = 0; i < a->nmembers; i++)
		if (strcmp(a->members[i].key, b->members[i].key) != 0 ||
		    !tree_equal(a->members[i].value, b->members[i].value))
			return false;
	return true;
}

static bool
items_equal(const struct tree *a, const struct tree *b)
{
	if (a->nitems != b->nitems)
		return false;
	for (size_t i = 0; i < a->nitems; i++)
		if (!tree_equal(a->items[i], b->items[i]))
			return false;
	return true;
}

bool
tree_equal(const struct tree *a, const struct tree *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case TREE_NULL:
		return true;
	case TREE_BOOL:
		return a->b == b->b;
	case TREE_INT:
		return a->i == b->i;
	case TREE_FLOAT: /* by bits, so that nothing differs from itself */
		return memcmp(&a->f, &b->f, sizeof a->f) == 0;
	case TREE_STR:
		return a->len == b->len && memcmp(a->str, b->str, a->len) == 0;
	case TREE_LIST:
		return items_equal(a, b);
	case TREE_MAP:
		return members_equal(a, b);
	}
	return false;
}

/* Where the key is, or where it would be put. */
static size_t
member_at(const struct tree *map, const char *key, bool *found)
{
	size_t lo = 0, hi = map->nmembers;

	*found = false;
	/* What is built in order goes to the end at once. */
	if (hi > 0 && strcmp(map->members[hi - 1].key, key) < 0)
		return hi;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int cmp = strcmp(map->members[mid].key, key);

		if (cmp == 0) {
			*found = true;
			return mid;
		}
		if (cmp < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const struct tree *
tree_get(const struct tree *t, const char *key)
{
	bool found;
	size_t at;

	if (t == NULL || t->kind != TREE_MAP)
		return NULL;
	at = member_at(t, key, &found);
	return found ? t->members[at].value : NULL;
}

const char *
tree_get_str(const struct tree *t, const char *key)
{
	const struct tree *v = tree_get(t, key);

	return v != NULL && v->kind == TREE_STR ? v->str : NULL;
}

/* --- changing --- */

void
tree_push(struct tree *list, struct tree *value)
{
	assert(list->kind == TREE_LIST && value != NULL);
	/* Room doubles at each power of two: no count of it is kept. */
	if ((list->nitems & (list->nitems - 1)) == 0)
		list->items = xreallocarray(list->items,
		    list->nitems > 0 ? 2 * list->nitems : 1,
		    sizeof *list->items);
	list->items[list->nitems++] = value;
}

void
tree_set(struct tree *map, const char *key, struct tree *value)
{
	struct tree_member *m;
	bool found;
	size_t at;

	assert(map->kind == TREE_MAP && value != NULL);
	at = member_at(map, key, &found);
	if (found) {
		tree_free(map->members[at].value);
		map->members[at].value = value;
		return;
	}
	if ((map->nmembers & (map->nmembers - 1)) == 0)
		map->members = xreallocarray(map->members,
		    map->nmembers > 0 ? 2 * map->nmembers : 1,
		    sizeof *map->members);
	m = &map->members[at];
	memmove(m + 1, m, (map->nmembers - at) * sizeof *m);
	*m = (struct tree_member){ .key = xstrdup(key), .value = value };
	map->nmembers++;
}

/* --- printing --- */

static void
put_gap(struct buf *out, int flags, size_t depth)
{
	if ((flags & TREE_PRETTY) != 0)
		json_put_indent(out, depth);
}

static void put_node(
    struct buf *out, const struct tree *t, int flags, size_t depth);

static void
put_list(struct buf *out, const struct tree *t, int flags, size_t depth)
{
	buf_addc(out, '[');
	for (size_t i = 0; i < t->nitems; i++) {
		if (i > 0)
			buf_addc(out, ',');
		put_gap(out, flags, depth + 1);
		put_node(out, t->items[i], flags, depth + 1);
	}
	if (t->nitems > 0)
		put_gap(out, flags, depth);
	buf_addc(out, ']');
}

static void
put_map(struct buf *out, const struct tree *t, int flags, size_t depth)
{
	buf_addc(out, '{');
	for (size_t i = 0; i < t->nmembers; i++) {
		const struct tree_member *m = &t->members[i];

		if (i > 0)
			buf_addc(out, ',');
		put_gap(out, flags, depth + 1);
		json_put_text(out, m->key, strlen(m->key));
		buf_adds(out, (flags & TREE_PRETTY) != 0 ? ": " : ":");
		put_node(out, m->value, flags, depth + 1);
	}
	if (t->nmembers > 0)
		put_gap(out, flags, depth);
	buf_addc(out, '}');
}

static void
put_node(struct buf *out, const struct tree *t, int flags, size_t depth)
{
	switch (t != NULL ? t->kind : TREE_NULL) {
	case TREE_NULL:
		buf_adds(out, "null");
		break;
	case TREE_BOOL:
		buf_adds(out, t->b ? "true" : "false");
		break;
	case TREE_INT:
		json_put_int(out, t->i);
		break;
	case TREE_FLOAT:
		json_put_float(out, t->f);
		break;
	case TREE_STR:
		json_put_text(out, t->str, t->len);
		break;
	case TREE_LIST:
		put_list(out, t, flags, depth);
		break;
	case TREE_MAP:
		put_map(out, t, flags, depth);
		break;
	}
}

void
tree_put_json(struct buf *out, const struct tree *t, bool pretty, size_t depth)
{
	put_node(out, t, pretty ? TREE_PRETTY : 0, depth);
}

void
tree_to_json(const struct tree *t, struct buf *out, int flags)
{
	put_node(out, t, flags, 0);
	if ((flags & TREE_PRETTY) != 0)
		buf_addc(out, '\n');
}
