#include "common/raft/log.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

void
raft_log_release(struct raft_log *l)
{
	raft_log_reset(l, 0, 0);
	free(l->v);
	*l = (struct raft_log){ 0 };
}

uint64_t
raft_log_first(const struct raft_log *l)
{
	return l->base_index + 1;
}

uint64_t
raft_log_last(const struct raft_log *l)
{
	return l->base_index + l->n;
}

uint64_t
raft_log_last_term(const struct raft_log *l)
{
	return l->n == 0 ? l->base_term : l->v[l->off + l->n - 1].term;
}

bool
raft_log_knows(const struct raft_log *l, uint64_t index)
{
	return index >= l->base_index && index <= raft_log_last(l);
}

uint64_t
raft_log_term(const struct raft_log *l, uint64_t index)
{
	assert(raft_log_knows(l, index));
	if (index == l->base_index)
		return l->base_term;
	return l->v[l->off + (size_t)(index - l->base_index) - 1].term;
}

const struct raft_entry *
raft_log_at(const struct raft_log *l, uint64_t index)
{
	if (index <= l->base_index || index > raft_log_last(l))
		return NULL;
	return &l->v[l->off + (size_t)(index - l->base_index) - 1];
}

void
raft_log_add(struct raft_log *l, const struct raft_entry *e)
{
	assert(e->index == raft_log_last(l) + 1);
	assert(e->term >= raft_log_last_term(l));
	l->v = xgrow(l->v, l->off + l->n, &l->cap, sizeof *l->v);
	l->v[l->off + l->n] = *e;
	raft_bytes_ref(e->data);
	l->n++;
}

void
raft_log_cut(struct raft_log *l, uint64_t index)
{
	assert(index > l->base_index && index > l->let_go);
	while (raft_log_last(l) >= index) {
		raft_bytes_unref(l->v[l->off + l->n - 1].data);
		l->n--;
	}
}

/*
 * The room in front is given back only when it is half of the array, so
 * that each entry is moved once on the average.
 */
static void
close_gap(struct raft_log *l)
{
	if (l->off < 64 || l->off < l->n)
		return;
	memmove(l->v, l->v + l->off, l->n * sizeof *l->v);
	l->off = 0;
	if (l->cap > 4 * (l->n + 64)) {
		l->cap = 2 * (l->n + 64);
		l->v = xreallocarray(l->v, l->cap, sizeof *l->v);
	}
}

void
raft_log_compact(struct raft_log *l, uint64_t index)
{
	uint64_t term = raft_log_term(l, index);
	size_t ndrop = (size_t)(index - l->base_index);

	for (size_t i = 0; i < ndrop; i++)
		raft_bytes_unref(l->v[l->off + i].data);
	l->off += ndrop;
	l->n -= ndrop;
	l->base_index = index;
	l->base_term = term;
	close_gap(l);
}

void
raft_log_let_go(struct raft_log *l, uint64_t index)
{
	if (l->let_go < l->base_index)
		l->let_go = l->base_index;
	while (l->let_go < index) {
		size_t at = l->off + (size_t)(++l->let_go - l->base_index) - 1;

		if (l->v[at].type != RAFT_COMMAND)
			continue;
		raft_bytes_unref(l->v[at].data);
		l->v[at].data = NULL;
	}
}

void
raft_log_reset(struct raft_log *l, uint64_t index, uint64_t term)
{
	for (size_t i = 0; i < l->n; i++)
		raft_bytes_unref(l->v[l->off + i].data);
	l->off = 0;
	l->n = 0;
	l->base_index = l->let_go = index;
	l->base_term = term;
}

uint64_t
raft_log_agree(const struct raft_log *l, uint64_t index, uint64_t term)
{
	uint64_t i = index;

	if (i > raft_log_last(l))
		i = raft_log_last(l);
	while (i > l->base_index && raft_log_term(l, i) > term)
		i--;
	return i < l->base_index ? l->base_index : i;
}
