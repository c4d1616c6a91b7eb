/* The state as a stream of frames. */
#include <stdlib.h>

#include "cmd/schedd/plant.h"
#include "cmd/schedd/snapshot_impl.h"
#include "cmd/schedd/state.h"
#include "cmd/schedd/text.h"
#include "common/mem.h"
#include "common/text.h"
#include "proto/cmd.h"

/* A version that only allocations still hold. */
struct held {
	UT_hash_handle hh;
	const struct sched_version *version;
	uint64_t place;
};

struct writer {
	sched_write_fn *fn;
	void *ctx;
	uint64_t level; /* of what may be written */
	struct buf buf;
	struct held *held;
	uint64_t frames;
	bool failed;
};

static void
put_u32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static void
raw(struct writer *w, const void *p, size_t n)
{
	if (!w->failed && w->fn(w->ctx, p, n) == -1)
		w->failed = true;
}

static void
frame(struct writer *w, enum snap_kind kind, const void *p, size_t n)
{
	uint8_t head[5] = { (uint8_t)kind };

	put_u32(head + 1, (uint32_t)n);
	raw(w, head, sizeof head);
	raw(w, p, n);
	w->frames++;
}

static void
record(struct writer *w, enum snap_kind kind, const struct rec_type *t,
    const void *rec)
{
	buf_reset(&w->buf);
	rec_pack_level(t, rec, w->level, &w->buf);
	frame(w, kind, w->buf.data, w->buf.len);
}

static bool
is_kept(const struct sched_job *j, const struct sched_version *v)
{
	for (size_t i = 0; i < j->nversions; i++)
		if (j->versions[i] == v)
			return true;
	return false;
}

static struct held *
held_find(const struct writer *w, const struct sched_version *v)
{
	struct held *h;

	HASH_FIND_PTR(w->held, &v, h);
	return h;
}

/* The versions that only allocations still hold, each once. */
static void
write_old_versions(struct writer *w, const struct sched_job *j)
{
	const struct sched_alloc *a;
	uint64_t place = j->nversions;

	TAILQ_FOREACH (a, &j->allocs, by_job) {
		struct held *h;

		if (is_kept(j, a->version) || held_find(w, a->version) != NULL)
			continue;
		h = xcalloc(1, sizeof *h);
		h->version = a->version;
		h->place = place++;
		HASH_ADD_PTR(w->held, version, h);
		record(w, SNAP_VERSION, &job_type, a->version->job);
	}
}

static void
write_job(struct writer *w, const struct sched_job *j)
{
	struct snap_job rec = { .ns = j->ns,
		.id = j->id,
		.kept = j->nversions,
		.summary_index = j->summary_index };

	rec.groups = xcalloc(j->ngroups, sizeof *rec.groups);
	rec.ngroups = j->ngroups;
	for (size_t i = 0; i < j->ngroups; i++)
		rec.groups[i] = (struct snap_group){
			.name = j->groups[i].name,
			.queued = j->groups[i].queued,
			.events = j->groups[i].events,
			.nevents = j->groups[i].nevents,
		};
	record(w, SNAP_JOB, &snap_job_type, &rec);
	free(rec.groups);
	for (size_t i = 0; i < j->nversions; i++)
		record(w, SNAP_VERSION, &job_type, j->versions[i]->job);
	write_old_versions(w, j);
}

static void
write_alloc(struct writer *w, const struct sched_alloc *a)
{
	const struct held *h = held_find(w, a->version);
	struct arena arena = { 0 };
	struct snap_held held;
	struct alloc rec;

	if (h != NULL) {
		held.place = h->place;
		record(w, SNAP_HELD, &snap_held_type, &held);
	}
	sched_alloc_decode(a, &arena, false, &rec);
	record(w, SNAP_ALLOC, &alloc_type, &rec);
	arena_release(&arena);
}

static void
write_small(struct writer *w, const struct sched_state *st)
{
	struct snap_meta meta = { .index = st->index,
		.index_base = st->index_base,
		.level = st->level };

	record(w, SNAP_META, &snap_meta_type, &meta);
	for (size_t i = 0; i < SCHED_NTABLES; i++) {
		struct snap_table t = { .table = i, .index = st->tables[i] };

		record(w, SNAP_TABLE, &snap_table_type, &t);
	}
	record(w, SNAP_CONFIG, &scheduler_configuration_type, &st->config);
	record(
	    w, SNAP_AUTOPILOT, &autopilot_configuration_type, &st->autopilot);
	for (size_t i = 0; i < st->nclients && !SCHED_PLANT(3); i++) {
		struct snap_client c = {
			.client = st->clients[i].client,
			.request = st->clients[i].request,
			.index = st->clients[i].index,
			.code = st->clients[i].code,
			.text = st->clients[i].text,
		};

		record(w, SNAP_CLIENT, &snap_client_type, &c);
	}
}

static void
write_staged(struct writer *w, const struct sched_staged *s)
{
	for (size_t at = 0; at < s->bytes.len; at += CMD_RESTORE_PART) {
		size_t left = s->bytes.len - at;
		struct cmd_restore part = { .id = text_borrow(s->id),
			.offset = at,
			.bytes = { (uint8_t *)s->bytes.data + at,
			    left < CMD_RESTORE_PART ? left
						    : CMD_RESTORE_PART } };

		record(w, SNAP_STAGED, &cmd_restore_type, &part);
	}
}

static void
write_all(struct writer *w, const struct sched_state *st)
{
	const struct sched_service *s;
	const struct sched_alloc *a;

	write_small(w, st);
	write_staged(w, &st->staged);
	for (const struct sched_node *n = st->nodes; n != NULL; n = n->hh.next)
		if (n->node != NULL)
			record(w, SNAP_NODE, &node_type, n->node);
	for (const struct sched_job *j = st->jobs; j != NULL; j = j->hh.next)
		write_job(w, j);
	for (const struct sched_eval *e = st->evals; e != NULL; e = e->hh.next)
		record(w, SNAP_EVAL, &eval_type, &e->rec);
	for (const struct sched_deployment *d = st->deployments; d != NULL;
	     d = d->hh.next)
		record(w, SNAP_DEPLOYMENT, &deployment_type, &d->rec);
	TAILQ_FOREACH (a, &st->allocs, by_age)
		write_alloc(w, a);
	TAILQ_FOREACH (s, &st->services_by_index, by_index)
		record(w, SNAP_SERVICE, &service_instance_type, &s->rec);
	for (const struct sched_var *v = st->vars; v != NULL; v = v->hh.next)
		record(w, SNAP_VARIABLE, &variable_type, &v->rec);
	for (const struct sched_pool *p = st->pools;
	     p != NULL && w->level >= NODE_POOL_LEVEL; p = p->hh.next)
		record(w, SNAP_POOL, &node_pool_type, &p->rec);
}

int
sched_snapshot_write(
    const struct sched_state *st, sched_write_fn *write, void *ctx)
{
	struct writer w = { .fn = write, .ctx = ctx, .level = st->level };
	struct snap_meta end = { 0 };
	struct held *h, *next;
	uint8_t format[4];

	put_u32(format, SNAP_FORMAT);
	raw(&w, SNAP_MAGIC, 4);
	raw(&w, format, sizeof format);
	write_all(&w, st);
	end.index = st->index;
	end.frames = w.frames;
	record(&w, SNAP_END, &snap_meta_type, &end);
	HASH_ITER(hh, w.held, h, next)
	{
		HASH_DEL(w.held, h);
		free(h);
	}
	buf_release(&w.buf);
	return w.failed ? -1 : 0;
}
