/*
 * What others follow: the allocations of a node, and services. An answer that
 * would be too long is cut, and says where the next goes on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/state.h"
#include "cmd/schedd/state_put.h"
#include "cmd/schedd/text.h"
#include "common/mem.h"
#include "proto/nodemsg.h"

void
sched_gone_add(
    struct sched_gones *g, uint64_t at, const char *node_id, const char *id)
{
	struct sched_gone *slot;

	if (g->ring == NULL)
		g->ring = xcalloc(SCHED_MAX_GONE, sizeof *g->ring);
	slot = &g->ring[g->next];
	if (g->n == SCHED_MAX_GONE)
		g->floor = slot->index;
	else
		g->n++;
	free(slot->id);
	slot->index = at;
	slot->id = xstrdup(id);
	snprintf(slot->node_id, sizeof slot->node_id, "%s", node_id);
	g->next = (g->next + 1) % SCHED_MAX_GONE;
}

void
sched_gones_release(struct sched_gones *g)
{
	for (size_t i = 0; g->ring != NULL && i < SCHED_MAX_GONE; i++)
		free(g->ring[i].id);
	free(g->ring);
	*g = (struct sched_gones){ 0 };
}

/* A node whose allocations have all gone has none to tell that it should ask
 * again. */
void
sched_gones_begin(struct sched_state *st, uint64_t index)
{
	st->gone_allocs.floor = st->gone_services.floor = index;
	for (struct sched_node *n = st->nodes; n != NULL; n = n->hh.next)
		n->pull_index = index;
}

/* The ids forgotten after index (of one node, or node_id NULL). */
static char **
gone_since(const struct sched_gones *g, uint64_t index, const char *node_id,
    struct arena *arena, size_t *n)
{
	char **ids = NULL;

	*n = 0;
	for (size_t i = 0; i < g->n; i++) {
		const struct sched_gone *slot = &g->ring[i];

		if (slot->index <= index ||
		    (node_id != NULL && strcmp(slot->node_id, node_id) != 0))
			continue;
		if (ids == NULL)
			ids = arena_alloc(arena, g->n * sizeof *ids);
		ids[(*n)++] = arena_strndup(arena, slot->id, strlen(slot->id));
	}
	return ids;
}

/*
 * Where an answer begins: behind the key (at, after). What changes meanwhile
 * moves behind all that was told, so nothing is missed.
 */
struct start {
	uint64_t at;
	const char *after; /* "": behind all of index at */
	bool full;
};

static struct start
start_of(const struct sched_state *st, const struct sched_gones *gones,
    uint64_t index, uint64_t at, const char *after)
{
	struct start s = { .at = at, .after = sched_str(after) };

	s.full = index < gones->floor || index > st->index ||
		 (index == 0 && *s.after == '\0');
	if (s.full)
		s.at = 0;
	else if (*s.after == '\0')
		s.at = index;
	if (s.full)
		s.after = "";
	return s;
}

static bool
is_behind(const struct start *s, uint64_t at, const char *id)
{
	return at > s->at ||
	       (at == s->at && *s->after != '\0' && strcmp(id, s->after) > 0);
}

/* --- a node's allocations --- */

static int
by_alloc_key(const void *x, const void *y)
{
	const struct sched_alloc *a = *(const struct sched_alloc *const *)x;
	const struct sched_alloc *b = *(const struct sched_alloc *const *)y;

	if (a->alloc_modify_index != b->alloc_modify_index)
		return a->alloc_modify_index < b->alloc_modify_index ? -1 : 1;
	return strcmp(a->id, b->id);
}

/* The node's allocations behind s, in order. */
static const struct sched_alloc **
allocs_behind(const struct sched_node *n, const struct start *s,
    struct arena *arena, size_t *count)
{
	const struct sched_alloc **list, *a;

	*count = 0;
	list = arena_alloc(arena, (n->nallocs + 1) * sizeof *list);
	TAILQ_FOREACH (a, &n->allocs, by_node)
		if (is_behind(s, a->alloc_modify_index, a->id))
			list[(*count)++] = a;
	qsort(list, *count, sizeof *list, by_alloc_key);
	return list;
}

static size_t
packed_size(const struct rec_type *type, const void *rec)
{
	struct buf b = { 0 };
	size_t n;

	rec_pack(type, rec, &b);
	n = b.len;
	buf_release(&b);
	return n;
}

void
sched_node_news(const struct sched_state *st, const struct node_allocs *ask,
    struct arena *arena, struct node_allocs_news *out)
{
	const struct sched_node *n = sched_node_entry(st, ask->node_id);
	struct start s =
	    start_of(st, &st->gone_allocs, ask->index, ask->at, ask->after);
	const struct sched_version *version = NULL;
	const struct sched_alloc **list;
	size_t count, job_size = 0, size = 0;

	*out = (struct node_allocs_news){ .index = st->index, .full = s.full };
	if (!out->full)
		out->gone = gone_since(&st->gone_allocs, ask->index,
		    ask->node_id, arena, &out->ngone);
	if (n == NULL)
		return;
	list = allocs_behind(n, &s, arena, &count);
	out->allocs = arena_alloc(arena, (count + 1) * sizeof *out->allocs);
	for (size_t i = 0; i < count; i++) {
		if (list[i]->version != version) {
			version = list[i]->version;
			job_size = packed_size(&job_type, version->job);
		}
		sched_alloc_decode(list[i], arena, false, &out->allocs[i]);
		size += packed_size(&alloc_type, &out->allocs[i]) + job_size;
		if (i > 0 && size > SCHED_NEWS_BYTES) {
			out->index = s.full ? st->index : ask->index;
			out->at = list[i - 1]->alloc_modify_index;
			out->after = out->allocs[i - 1].id;
			break;
		}
		out->allocs[i].job = version->job;
		out->nallocs++;
	}
}

/* --- services --- */

static int
by_service_key(const void *x, const void *y)
{
	const struct service_instance *a = x, *b = y;

	if (a->modify_index != b->modify_index)
		return a->modify_index < b->modify_index ? -1 : 1;
	return strcmp(a->id, b->id);
}

/* Newest last in the list, so what is new stands at its end. */
static void
put_behind(const struct sched_state *st, const struct start *s,
    struct arena *arena, struct services_news *out)
{
	const struct sched_service *v;

	out->put = arena_alloc(
	    arena, (HASH_COUNT(st->services) + 1) * sizeof *out->put);
	TAILQ_FOREACH_REVERSE(
	    v, &st->services_by_index, sched_services, by_index)
	{
		if (v->rec.modify_index < s->at)
			break;
		if (is_behind(s, v->rec.modify_index, v->rec.id))
			out->put[out->nput++] = v->rec;
	}
	qsort(out->put, out->nput, sizeof *out->put, by_service_key);
}

void
sched_services_news(const struct sched_state *st,
    const struct services_ask *ask, struct arena *arena,
    struct services_news *out)
{
	struct start s =
	    start_of(st, &st->gone_services, ask->index, ask->at, ask->after);
	size_t size = 0;

	*out = (struct services_news){ .index = st->index, .full = s.full };
	if (!out->full)
		out->remove = gone_since(
		    &st->gone_services, ask->index, NULL, arena, &out->nremove);
	put_behind(st, &s, arena, out);
	for (size_t i = 0; i < out->nput; i++) {
		size += packed_size(&service_instance_type, &out->put[i]);
		if (i > 0 && size > SCHED_NEWS_BYTES) {
			out->index = s.full ? st->index : ask->index;
			out->at = out->put[i - 1].modify_index;
			out->after = out->put[i - 1].id;
			out->nput = i;
		}
	}
}
