#include "cmd/gossipd/bcast.h"

#include <stdlib.h>

#include "common/mem.h"

static void
item_release(struct bcast_item *it)
{
	free(it->name);
	free(it->bytes);
}

void
bcast_release(struct bcast *q)
{
	for (size_t i = 0; i < q->n; i++)
		item_release(&q->items[i]);
	free(q->items);
	*q = (struct bcast){ 0 };
}

/* Sent less comes first, then the longer, then the newer. */
static bool
is_before(const struct bcast_item *a, const struct bcast_item *b)
{
	if (a->nsent != b->nsent)
		return a->nsent < b->nsent;
	if (a->n != b->n)
		return a->n > b->n;
	return a->id > b->id;
}

static void
insert(struct bcast *q, struct bcast_item it)
{
	size_t low = 0, high = q->n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (is_before(&q->items[mid], &it))
			low = mid + 1;
		else
			high = mid;
	}
	q->items = xgrow(q->items, q->n, &q->cap, sizeof *q->items);
	memmove(&q->items[low + 1], &q->items[low], (q->n - low) * sizeof it);
	q->items[low] = it;
	q->n++;
}

static void
drop_name(struct bcast *q, const char *name)
{
	size_t kept = 0;

	for (size_t i = 0; i < q->n; i++) {
		struct bcast_item *it = &q->items[i];

		if (it->name != NULL && strcmp(it->name, name) == 0)
			item_release(it);
		else
			q->items[kept++] = *it;
	}
	q->n = kept;
}

uint64_t
bcast_add(
    struct bcast *q, const char *name, struct wire_bytes message, size_t max)
{
	struct bcast_item it = { .n = message.n, .id = ++q->last_id };

	if (name != NULL)
		drop_name(q, name);
	while (q->n >= max)
		item_release(&q->items[--q->n]);
	it.name = name != NULL ? xstrdup(name) : NULL;
	it.bytes = xmemdup(message.data, message.n);
	insert(q, it);
	return it.id;
}

bool
bcast_has(const struct bcast *q, uint64_t id)
{
	for (size_t i = 0; i < q->n; i++)
		if (q->items[i].id == id)
			return true;
	return false;
}

void
bcast_take(struct bcast *q, struct bcast_batch *batch, size_t *room,
    size_t cost, unsigned limit)
{
	struct bcast_item taken[WIRE_PARTS_MAX];
	size_t ntaken = 0, kept = 0;

	for (size_t i = 0; i < q->n; i++) {
		struct bcast_item *it = &q->items[i];

		if (batch->n == WIRE_PARTS_MAX || it->n + cost > *room) {
			q->items[kept++] = *it;
			continue;
		}
		*room -= it->n + cost;
		bcast_batch_add(batch, wire_bytes(it->bytes, it->n));
		it->nsent++;
		if (it->nsent >= limit)
			item_release(it);
		else
			taken[ntaken++] = *it;
	}
	q->n = kept;
	for (size_t i = 0; i < ntaken; i++)
		insert(q, taken[i]);
}

void
bcast_batch_add(struct bcast_batch *b, struct wire_bytes message)
{
	if (b->n == WIRE_PARTS_MAX)
		return;
	buf_add(&b->bytes, message.data, message.n);
	b->ends[b->n++] = b->bytes.len;
}

void
bcast_batch_parts(const struct bcast_batch *b, struct wire_bytes *parts)
{
	size_t at = 0;

	for (size_t i = 0; i < b->n; i++) {
		parts[i] = wire_bytes(b->bytes.data + at, b->ends[i] - at);
		at = b->ends[i];
	}
}

void
bcast_batch_release(struct bcast_batch *b)
{
	buf_release(&b->bytes);
	b->n = 0;
}
