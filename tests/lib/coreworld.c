#include "tests/lib/coreworld.h"

#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"

#define WALL (INT64_C(946684800) * CLOCK_NS_PER_S)

/* --- commands and answers --- */

void
coreworld_turn(struct coreworld *w)
{
	sched_core_clock(
	    w->core, w->now_ms, WALL + (int64_t)w->now_ms * CLOCK_NS_PER_MS);
}

void
coreworld_tick(struct coreworld *w)
{
	coreworld_turn(w);
	sched_core_tick(w->core);
	coreworld_settle(w);
}

/* No command is larger than it may be. */
static void
check_size(struct coreworld *w, const void *bytes, size_t n)
{
	struct arena arena = { 0 };
	struct cmd cmd;
	struct err err;

	ck_assert_msg(rec_unpack(&cmd_type, &cmd, bytes, n, &arena, &err) == 0,
	    "%s", err.text);
	if (cmd.plan != NULL) {
		w->nplans++;
		ck_assert_uint_le(cmd.plan->nstops, CMD_MAX_BATCH);
		ck_assert_uint_le(cmd.plan->npreempts, CMD_MAX_BATCH);
		ck_assert_uint_le(cmd.plan->nplaces, CMD_MAX_BATCH);
		ck_assert_uint_le(cmd.plan->nupdates, CMD_MAX_BATCH);
	}
	arena_release(&arena);
}

void
coreworld_commit(struct coreworld *w, const void *bytes, size_t n)
{
	struct err err;

	check_size(w, bytes, n);
	coreworld_turn(w);
	ck_assert_msg(
	    sched_core_applied(w->core, ++w->log_index, bytes, n, &err) == 0,
	    "%s", err.text);
}

static void
propose(struct coreworld *w, const struct sched_act *act)
{
	struct buf *b = &w->waiting[w->nwaiting].bytes;

	ck_assert_uint_lt(w->nwaiting, COREWORLD_REQS);
	buf_reset(b);
	buf_add(b, act->bytes, act->n);
	w->waiting[w->nwaiting++].number = act->proposal;
	w->ncalm += act->can_wait;
	if (w->held)
		return;
	w->nwaiting--;
	coreworld_commit(w, b->data, b->len);
}

static void
take_answer(struct coreworld *w, const struct sched_act *act)
{
	struct coreworld_answer *a = &w->answers[act->req];

	ck_assert_uint_lt(act->req, COREWORLD_REQS);
	ck_assert(!a->answered);
	a->answered = true;
	a->act = *act;
	if (act->kind == SCHED_ACT_REPLY && act->body != NULL)
		rec_to_json(act->type, act->body, &a->body, 0);
}

void
coreworld_settle(struct coreworld *w)
{
	struct sched_act act;

	while (sched_core_next(w->core, &act)) {
		if (act.kind == SCHED_ACT_PROPOSE)
			propose(w, &act);
		else
			take_answer(w, &act);
	}
}

void
coreworld_commit_waiting(struct coreworld *w)
{
	for (size_t i = 0; i < w->nwaiting; i++)
		coreworld_commit(
		    w, w->waiting[i].bytes.data, w->waiting[i].bytes.len);
	w->nwaiting = 0;
	coreworld_settle(w);
}

void
coreworld_commit_held(struct coreworld *w)
{
	w->held = false;
	coreworld_commit_waiting(w);
}

uint64_t
coreworld_ask(struct coreworld *w)
{
	coreworld_turn(w);
	return ++w->last_req;
}

const char *
coreworld_said(struct coreworld *w, uint64_t req, const char *member)
{
	static char text[256];
	struct coreworld_answer *a = &w->answers[req];
	struct tree *t;
	struct err err;
	const char *s;

	ck_assert(a->answered);
	ck_assert_int_eq(a->act.kind, SCHED_ACT_REPLY);
	t = tree_from_json(buf_str(&a->body), a->body.len, &err);
	ck_assert_ptr_nonnull(t);
	s = tree_get_str(t, member);
	snprintf(text, sizeof text, "%s", s != NULL ? s : "");
	tree_free(t);
	return text;
}

enum err_code
coreworld_refused(const struct coreworld *w, uint64_t req)
{
	const struct coreworld_answer *a = &w->answers[req];

	ck_assert(a->answered);
	return a->act.kind == SCHED_ACT_REFUSE ? a->act.err.code : ERR_NONE;
}

/* --- a small cluster --- */

const char *
coreworld_node_id(size_t i)
{
	static char id[COREWORLD_NODES][SCHED_ID_SIZE];

	snprintf(id[i], sizeof id[i], "%08zu-0000-4000-8000-000000000000", i);
	return id[i];
}

void
coreworld_register_node(struct coreworld *w, const char *id)
{
	struct node_resources res = { .cpu = { .cpu_shares = w->room },
		.memory = { .memory_mb = w->room },
		.disk = { .disk_mb = 10 * w->room },
		.min_dynamic_port = 20000,
		.max_dynamic_port = 32000 };
	struct rec_kv attributes[] = { { "driver.mock_driver", "1" },
		{ "kernel.name", "linux" } };
	struct driver_info driver = {
		.key = "mock_driver", .detected = true, .healthy = true
	};
	struct node_register m = { .node = { .id = text_borrow(id),
				       .name = "n",
				       .secret_id = "s",
				       .datacenter = "dc1",
				       .node_pool = "default",
				       .status = "ready",
				       .attributes = attributes,
				       .nattributes = 2,
				       .drivers = &driver,
				       .ndrivers = 1,
				       .node_resources = &res } };
	uint64_t req = coreworld_ask(w);

	sched_core_node_register(w->core, req, &m);
	coreworld_settle(w);
	ck_assert_int_eq(coreworld_refused(w, req), ERR_NONE);
}

/* So many that their answers are forgotten. */
void
coreworld_renew(struct coreworld *w, size_t node)
{
	struct node_lease m = { .node_id = text_borrow(coreworld_node_id(node)),
		.secret_id = "s",
		.status = "ready" };

	sched_core_node_lease(w->core, coreworld_ask(w), &m);
	coreworld_settle(w);
	if (w->held)
		return;
	w->answers[w->last_req].answered = false;
	buf_reset(&w->answers[w->last_req].body);
	w->last_req--;
}

uint64_t
coreworld_register_job(
    struct coreworld *w, const char *id, int64_t count, int64_t cpu)
{
	struct resources res = { .has_cpu = true,
		.cpu = cpu,
		.has_memory_mb = true,
		.memory_mb = 10 };
	struct task task = {
		.name = "t", .driver = "mock_driver", .resources = &res
	};
	struct task_group group = { .name = "g",
		.has_count = true,
		.count = count,
		.tasks = &task,
		.ntasks = 1 };
	char *dcs[] = { "dc1" };
	struct job job = { .id = text_borrow(id),
		.name = text_borrow(id),
		.namespace = "default",
		.type = w->kind,
		.has_priority = true,
		.priority = w->priority,
		.datacenters = dcs,
		.ndatacenters = 1,
		.task_groups = &group,
		.ntask_groups = 1 };
	struct job_register_request m = { .job = &job };
	uint64_t req = coreworld_ask(w);

	sched_core_job_register(w->core, req, &m);
	coreworld_settle(w);
	return req;
}

void
coreworld_lead(struct coreworld *w, bool leading)
{
	coreworld_turn(w);
	sched_core_lead(w->core, leading);
	coreworld_settle(w);
}

void
coreworld_init(struct coreworld *w, int64_t room)
{
	struct sched_core_opts o;

	memset(w, 0, sizeof *w);
	w->room = room;
	w->priority = 50;
	w->kind = text_borrow("service");
	w->now_ms = 1000;
	w->log_index = 10;
	sched_core_opts_init(&o);
	w->core = sched_core_new(&o);
	coreworld_lead(w, true);
	for (size_t i = 0; i < COREWORLD_NODES; i++)
		coreworld_register_node(w, coreworld_node_id(i));
}

void
coreworld_release(struct coreworld *w)
{
	sched_core_free(w->core);
	for (size_t i = 0; i < COREWORLD_REQS; i++) {
		buf_release(&w->answers[i].body);
		buf_release(&w->waiting[i].bytes);
	}
	memset(w, 0, sizeof *w);
}

/* --- what there is --- */

const struct sched_job *
coreworld_job(struct coreworld *w, const char *id)
{
	return sched_job_find(sched_core_state(w->core), "default", id);
}

const struct sched_node *
coreworld_node(struct coreworld *w, size_t i)
{
	return sched_node_find(sched_core_state(w->core), coreworld_node_id(i));
}

/* node NULL: on any. */
static size_t
count_live(const struct sched_job *j, const char *node)
{
	const struct sched_alloc *a;
	size_t n = 0;

	ck_assert_ptr_nonnull(j);
	TAILQ_FOREACH (a, &j->allocs, by_job)
		n += !sched_alloc_is_terminal(a) &&
		     (node == NULL || strcmp(a->node->id, node) == 0);
	return n;
}

size_t
coreworld_live(struct coreworld *w, const char *job)
{
	return count_live(coreworld_job(w, job), NULL);
}

size_t
coreworld_live_on(struct coreworld *w, const char *job, size_t node)
{
	return count_live(coreworld_job(w, job), coreworld_node_id(node));
}

const char *
coreworld_eval_status(struct coreworld *w, const char *id)
{
	const struct sched_eval *e =
	    sched_eval_find(sched_core_state(w->core), id);

	return e != NULL ? e->rec.status : "unknown";
}

/* --- time --- */

void
coreworld_pass(struct coreworld *w, uint64_t ms)
{
	coreworld_pass_without(w, ms, COREWORLD_NODES);
}

void
coreworld_pass_without(struct coreworld *w, uint64_t ms, size_t silent)
{
	uint64_t end = w->now_ms + ms;

	for (uint64_t step = w->now_ms + 500; step <= end; step += 500) {
		/* What falls due meanwhile is done in time. */
		while (sched_core_due_ms(w->core) < step) {
			if (w->now_ms < sched_core_due_ms(w->core))
				w->now_ms = sched_core_due_ms(w->core);
			coreworld_tick(w);
		}
		w->now_ms = step;
		for (size_t i = 0; i < COREWORLD_NODES; i++)
			if (i != silent)
				coreworld_renew(w, i);
		coreworld_tick(w);
	}
}

void
coreworld_run_ready(struct coreworld *w)
{
	while (sched_core_due_ms(w->core) <= w->now_ms + 1) {
		w->now_ms++;
		coreworld_tick(w);
	}
}

void
coreworld_end_stopped(struct coreworld *w, size_t node)
{
	const struct sched_node *n = coreworld_node(w, node);
	const struct sched_alloc *a;
	struct alloc allocs[8] = { 0 };
	struct node_update m = { .node_id = n->id,
		.secret_id = text_borrow("s"),
		.allocs = allocs };

	TAILQ_FOREACH (a, &n->allocs, by_node) {
		ck_assert_uint_lt(m.nallocs, 8);
		if (a->desired == SCHED_RUN)
			continue;
		allocs[m.nallocs].id = text_borrow(a->id);
		allocs[m.nallocs++].client_status = text_borrow("complete");
	}
	sched_core_node_update(w->core, coreworld_ask(w), &m);
	coreworld_settle(w);
}
