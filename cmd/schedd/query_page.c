/*
 * Lists: their order, and the page of them that a client asks for.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/query.h"

struct ordering {
	query_key_fn *key;
	enum query_order order;
	bool reverse;
};

static int
compare_keys(const struct ordering *o, const struct query_key *a,
    const struct query_key *b)
{
	int c = 0;

	if (o->order == QUERY_BY_INDEX)
		c = (a->index > b->index) - (a->index < b->index);
	else if (o->order == QUERY_BY_NS)
		c = strcmp(a->ns, b->ns);
	if (c == 0)
		c = strcmp(a->id, b->id);
	return o->reverse ? -c : c;
}

static struct query_key
key_of(const struct ordering *o, const void *item)
{
	struct query_key k = o->key(item);

	if (k.ns == NULL || *k.ns == '\0')
		k.ns = "default";
	return k;
}

static int
compare_items(const void *a, const void *b, void *ctx)
{
	const struct ordering *o = ctx;
	struct query_key x = key_of(o, *(const void *const *)a);
	struct query_key y = key_of(o, *(const void *const *)b);

	return compare_keys(o, &x, &y);
}

/* "ns.id", "index.id" or "id"; the client hands it back as it is. */
static const char *
format_token(
    const struct ordering *o, struct arena *arena, const struct query_key *k)
{
	struct buf b = { 0 };
	const char *text;

	if (o->order == QUERY_BY_INDEX)
		buf_addf(&b, "%" PRIu64 ".", k->index);
	else if (o->order == QUERY_BY_NS)
		buf_addf(&b, "%s.", k->ns);
	buf_adds(&b, k->id);
	text = arena_strndup(arena, b.data, b.len);
	buf_release(&b);
	return text;
}

/* The reverse of format_token(); cuts text. A wrong one is before or after
 * all there is. */
static struct query_key
parse_token(const struct ordering *o, char *text)
{
	struct query_key k = { .ns = "", .id = text };
	char *dot = strchr(text, '.');

	if (o->order == QUERY_BY_ID || dot == NULL)
		return k;
	*dot = '\0';
	k.ns = text;
	k.index = strtoull(text, NULL, 10);
	k.id = dot + 1;
	return k;
}

size_t
query_page(struct query *q, const void **items, size_t n, query_key_fn *key,
    enum query_order order)
{
	struct ordering o = { .key = key,
		.order = order == QUERY_BY_INDEX && *q->prefix != '\0'
			     ? QUERY_BY_ID
			     : order,
		.reverse = q->reverse };
	char text[QUERY_NAME_MAX];
	struct query_key first, k;
	size_t i = 0;

	if (n == 0)
		return 0;
	qsort_r(items, n, sizeof *items, compare_items, &o);
	if (*q->from != '\0') {
		snprintf(text, sizeof text, "%s", q->from);
		first = parse_token(&o, text);
		for (; i < n; i++) {
			k = key_of(&o, items[i]);
			if (compare_keys(&o, &k, &first) >= 0)
				break;
		}
	}
	n -= i;
	memmove(items, items + i, n * sizeof *items);
	if (q->per_page == 0 || n <= q->per_page)
		return n;
	k = key_of(&o, items[q->per_page]);
	q->next = format_token(&o, &q->arena, &k);
	return q->per_page;
}
