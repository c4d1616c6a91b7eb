/* The state from a stream of frames, of which nothing is believed. */
#include <inttypes.h>
#include <stdlib.h>

#include "cmd/schedd/fsm.h"
#include "cmd/schedd/snapshot_impl.h"
#include "cmd/schedd/state.h"
#include "cmd/schedd/state_put.h"
#include "cmd/schedd/text.h"
#include "common/mem.h"
#include "proto/cmd.h"

#define SNAP_CHUNK (1u << 20) /* a frame is believed this much at a time */
#define SNAP_AHEAD 65536      /* frames are small, and many */

struct reader {
	sched_read_fn *fn;
	void *ctx;
	struct sched_state *st;
	struct sched_job *job; /* whose versions are being read */
	struct arena arena;
	struct buf buf;
	char *ahead;         /* SNAP_AHEAD bytes */
	size_t next, nahead; /* those from next on were not asked for yet */
	uint64_t frames;
	uint64_t index, index_base;
	uint64_t tables[SCHED_NTABLES];
	struct snap_held held; /* of the next allocation */
	bool has_held;
	bool done;
};

static int
read_ahead(struct reader *r, struct err *err)
{
	long got = r->fn(r->ctx, r->ahead, SNAP_AHEAD);

	if (got < 0)
		return err_set(err, ERR_SYSTEM, "snapshot: cannot be read");
	if (got == 0)
		return err_set(
		    err, ERR_CORRUPT, "snapshot: ends in the middle");
	r->next = 0;
	r->nahead = (size_t)got;
	return 0;
}

static int
get(struct reader *r, void *p, size_t n, struct err *err)
{
	for (size_t had = 0, part; had < n; had += part) {
		if (r->next == r->nahead && read_ahead(r, err) == -1)
			return -1;
		part = r->nahead - r->next;
		if (part > n - had)
			part = n - had;
		memcpy((char *)p + had, r->ahead + r->next, part);
		r->next += part;
	}
	return 0;
}

/* The frame's bytes, into r->buf: memory grows only as bytes arrive. */
static int
get_body(struct reader *r, size_t n, struct err *err)
{
	buf_reset(&r->buf);
	while (r->buf.len < n) {
		size_t chunk = n - r->buf.len;

		if (chunk > SNAP_CHUNK)
			chunk = SNAP_CHUNK;
		if (get(r, buf_reserve(&r->buf, chunk), chunk, err) == -1)
			return -1;
		r->buf.len += chunk;
	}
	return 0;
}

static int
unpack(struct reader *r, const struct rec_type *t, void *rec,
    struct arena *arena, struct err *err)
{
	if (rec_unpack_strict(
		t, rec, buf_str(&r->buf), r->buf.len, arena, err) == 0)
		return 0;
	if (err != NULL)
		err->code = ERR_CORRUPT;
	return err_add(err, "snapshot: %s", t->name);
}

static int
bad(struct err *err, const char *what)
{
	return err_set(err, ERR_CORRUPT, "snapshot: %s", what);
}

static int
read_node(struct reader *r, struct err *err)
{
	struct node *n = xcalloc(1, sizeof *n);

	if (unpack(r, &node_type, n, NULL, err) == 0) {
		if (!sched_is_empty(n->id)) {
			sched_put_node(r->st, n, n->modify_index);
			return 0;
		}
		bad(err, "a node without an id");
		rec_clear(&node_type, n);
	}
	free(n);
	return -1;
}

/* Drops the versions that were read for allocations only: by now those hold
 * them. */
static void
trim_versions(struct sched_job *j)
{
	while (j->nversions > j->kept)
		sched_version_unref(j->versions[--j->nversions]);
	if (j->nversions == 0)
		j->job = NULL;
}

static int
read_job(struct reader *r, struct err *err)
{
	struct snap_job rec;

	if (unpack(r, &snap_job_type, &rec, &r->arena, err) == -1)
		return -1;
	if (sched_is_empty(rec.id))
		return bad(err, "a job without an id");
	r->job = sched_job_have(r->st, sched_str(rec.ns), rec.id);
	r->job->summary_index = rec.summary_index;
	r->job->kept = rec.kept;
	for (size_t i = 0; i < rec.ngroups && i <= UINT16_MAX; i++) {
		size_t place =
		    sched_group_have(r->job, sched_str(rec.groups[i].name));
		struct sched_group *g = &r->job->groups[place];

		g->queued = rec.groups[i].queued;
		g->events = xcalloc(rec.groups[i].nevents, sizeof *g->events);
		for (; g->nevents < rec.groups[i].nevents; g->nevents++)
			rec_copy(&scaling_event_type, &g->events[g->nevents],
			    &rec.groups[i].events[g->nevents]);
	}
	return 0;
}

static int
read_version(struct reader *r, struct err *err)
{
	struct job *job;

	if (r->job == NULL)
		return bad(err, "a version without its job");
	job = xcalloc(1, sizeof *job);
	if (unpack(r, &job_type, job, NULL, err) == -1) {
		free(job);
		return -1;
	}
	sched_add_version(r->st, r->job, job);
	return 0;
}

static int
read_eval(struct reader *r, struct err *err)
{
	struct eval rec;

	if (unpack(r, &eval_type, &rec, &r->arena, err) == -1)
		return -1;
	if (sched_is_empty(rec.id))
		return bad(err, "an evaluation without an id");
	sched_put_eval(r->st, &rec, rec.modify_index);
	return 0;
}

static int
read_deployment(struct reader *r, struct err *err)
{
	struct deployment rec;

	if (unpack(r, &deployment_type, &rec, &r->arena, err) == -1)
		return -1;
	if (sched_is_empty(rec.id) || sched_is_empty(rec.job_id))
		return bad(err, "a deployment without an id");
	sched_put_deployment(r->st, &rec, rec.modify_index);
	return 0;
}

/* The version that the allocation held, rather than the job's own one. */
static int
bind_held(struct reader *r, struct sched_alloc *a, struct err *err)
{
	struct sched_job *j = a->job;

	if (r->held.place >= j->nversions ||
	    j->versions[r->held.place]->job->version !=
		a->version->job->version)
		return bad(err, "an allocation of an unknown version");
	sched_alloc_bind(a, j->versions[r->held.place]);
	j->has_former |= sched_alloc_is_former(a);
	return 0;
}

static int
read_alloc(struct reader *r, struct err *err)
{
	struct sched_alloc *a;
	struct alloc rec;
	bool has_held = r->has_held;

	r->has_held = false;

	if (unpack(r, &alloc_type, &rec, &r->arena, err) == -1)
		return -1;
	if (sched_is_empty(rec.id) || sched_is_empty(rec.job_id))
		return bad(err, "an allocation without an id");
	a = sched_put_alloc(r->st, &rec, rec.modify_index);
	if (a == NULL)
		return bad(err, "an allocation of an unknown job");
	return has_held ? bind_held(r, a, err) : 0;
}

static int
read_service(struct reader *r, struct err *err)
{
	struct service_instance rec;

	if (unpack(r, &service_instance_type, &rec, &r->arena, err) == -1)
		return -1;
	if (sched_is_empty(rec.id))
		return bad(err, "a service without an id");
	sched_put_service(r->st, &rec, rec.modify_index);
	return 0;
}

static int
read_variable(struct reader *r, struct err *err)
{
	struct variable rec;

	if (unpack(r, &variable_type, &rec, &r->arena, err) == -1)
		return -1;
	if (sched_is_empty(rec.path))
		return bad(err, "a variable without a path");
	sched_put_var(r->st, &rec, rec.modify_index);
	return 0;
}

static int
read_pool(struct reader *r, struct err *err)
{
	struct node_pool rec;

	if (unpack(r, &node_pool_type, &rec, &r->arena, err) == -1)
		return -1;
	if (sched_is_empty(rec.name))
		return bad(err, "a node pool without a name");
	sched_put_pool(r->st, &rec, rec.modify_index);
	return 0;
}

static int
read_client(struct reader *r, struct err *err)
{
	struct sched_state *st = r->st;
	struct snap_client rec;

	if (unpack(r, &snap_client_type, &rec, &r->arena, err) == -1)
		return -1;
	if (st->nclients == SCHED_MAX_CLIENTS || sched_is_empty(rec.client))
		return bad(err, "too many clients");
	st->clients =
	    xreallocarray(st->clients, st->nclients + 1, sizeof *st->clients);
	st->clients[st->nclients++] = (struct sched_client_row){
		.client = xstrdup(rec.client),
		.request = rec.request,
		.index = rec.index,
		.code = rec.code,
		.text = rec.text != NULL ? xstrdup(rec.text) : NULL,
	};
	return 0;
}

static int
read_staged(struct reader *r, struct err *err)
{
	struct cmd_restore part;

	if (unpack(r, &cmd_restore_type, &part, &r->arena, err) == -1)
		return -1;
	return sched_stage(&r->st->staged, &part, err);
}

static int
read_small(struct reader *r, enum snap_kind kind, struct err *err)
{
	struct snap_meta meta;
	struct snap_table table;

	if (kind == SNAP_TABLE) {
		if (unpack(r, &snap_table_type, &table, &r->arena, err) == -1)
			return -1;
		if (table.table < SCHED_NTABLES)
			r->tables[table.table] = table.index;
		return 0;
	}
	if (kind == SNAP_CONFIG) {
		rec_clear(&scheduler_configuration_type, &r->st->config);
		return unpack(r, &scheduler_configuration_type, &r->st->config,
		    NULL, err);
	}
	if (kind == SNAP_AUTOPILOT)
		return unpack(r, &autopilot_configuration_type,
		    &r->st->autopilot, NULL, err);
	if (unpack(r, &snap_meta_type, &meta, &r->arena, err) == -1)
		return -1;
	if (kind == SNAP_META) {
		r->index = meta.index;
		r->index_base = meta.index_base;
		r->st->level = meta.level > 0 ? meta.level : 1;
		return fsm_check_level(r->st, r->st->level, err);
	}
	if (meta.frames != r->frames)
		return bad(err, "some of it is missing");
	r->done = true;
	return 0;
}

static int
read_frame(struct reader *r, enum snap_kind kind, struct err *err)
{
	switch (kind) {
	case SNAP_META:
	case SNAP_TABLE:
	case SNAP_CONFIG:
	case SNAP_AUTOPILOT:
	case SNAP_END:
		return read_small(r, kind, err);
	case SNAP_NODE:
		return read_node(r, err);
	case SNAP_JOB:
		return read_job(r, err);
	case SNAP_VERSION:
		return read_version(r, err);
	case SNAP_EVAL:
		return read_eval(r, err);
	case SNAP_DEPLOYMENT:
		return read_deployment(r, err);
	case SNAP_HELD:
		r->has_held = true;
		return unpack(r, &snap_held_type, &r->held, &r->arena, err);
	case SNAP_ALLOC:
		return read_alloc(r, err);
	case SNAP_SERVICE:
		return read_service(r, err);
	case SNAP_VARIABLE:
		return read_variable(r, err);
	case SNAP_POOL:
		return read_pool(r, err);
	case SNAP_CLIENT:
		return read_client(r, err);
	case SNAP_STAGED:
		return read_staged(r, err);
	default:
		return bad(err, "a frame of an unknown kind");
	}
}

static uint32_t
get_u32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

static int
read_head(struct reader *r, struct err *err)
{
	uint8_t head[8];

	if (get(r, head, sizeof head, err) == -1)
		return -1;
	if (memcmp(head, SNAP_MAGIC, 4) != 0)
		return bad(err, "this is none");
	if (get_u32(head + 4) != SNAP_FORMAT)
		return err_set(err, ERR_BAD,
		    "snapshot: written by another program: format version "
		    "%" PRIu32 ", this one knows %d",
		    get_u32(head + 4), SNAP_FORMAT);
	return 0;
}

static int
read_all(struct reader *r, struct err *err)
{
	if (read_head(r, err) == -1)
		return -1;
	while (!r->done) {
		uint8_t head[5];
		uint32_t n;

		if (get(r, head, sizeof head, err) == -1)
			return -1;
		n = get_u32(head + 1);
		if (n > REC_MAX_BYTES)
			return bad(err, "a frame is too large");
		if (get_body(r, n, err) == -1 ||
		    read_frame(r, (enum snap_kind)head[0], err) == -1)
			return -1;
		r->frames++;
		arena_release(&r->arena);
	}
	return 0;
}

/* The new state takes the place of the old one; those who watch stay. */
static void
take_over(struct sched_state *st, struct reader *r)
{
	struct sched_state *fresh = r->st;

	for (struct sched_job *j = fresh->jobs; j != NULL; j = j->hh.next)
		trim_versions(j);
	fresh->index = r->index;
	fresh->index_base = r->index_base;
	memcpy(fresh->tables, r->tables, sizeof fresh->tables);
	sched_gones_begin(fresh, r->index);
	sched_watches_move(fresh, st);
	sched_state_release(st);
	*st = *fresh;
	/* Empty lists and the first of a list point back at their head. */
	TAILQ_INIT(&st->allocs);
	TAILQ_CONCAT(&st->allocs, &fresh->allocs, by_age);
	TAILQ_INIT(&st->services_by_index);
	TAILQ_CONCAT(
	    &st->services_by_index, &fresh->services_by_index, by_index);
	sched_watches_move(st, fresh);
	sched_touch_all(st);
	sched_wake(st);
}

int
sched_snapshot_read(
    struct sched_state *st, sched_read_fn *read, void *ctx, struct err *err)
{
	struct sched_state fresh;
	struct reader r = { .fn = read, .ctx = ctx, .st = &fresh };
	int rc;

	sched_state_init(&fresh);
	fresh.level_known = st->level_known;
	r.ahead = xmalloc(SNAP_AHEAD);
	rc = read_all(&r, err);
	if (rc == 0)
		take_over(st, &r);
	else
		sched_state_release(&fresh);
	arena_release(&r.arena);
	buf_release(&r.buf);
	free(r.ahead);
	return rc;
}
