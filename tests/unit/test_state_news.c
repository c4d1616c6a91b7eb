/*
 * Followers of more than one message can take hear everything in parts, each
 * thing once, and know in the end what is gone.
 */
#include <stdio.h>
#include <string.h>

#include "cmd/schedd/fsm.h"
#include "common/map.h"
#include "common/mem.h"
#include "proto/cmd.h"
#include "proto/nodemsg.h"
#include "tests/lib/unit.h"

#define NODE1     "11111111-0000-4000-8000-000000000001"
#define EVAL1     "eeeeeeee-0000-4000-8000-000000000001"
#define META      (16u << 10) /* bytes that a job has beside the rest */
#define NALLOCS   600         /* of one plan, so of one index */
#define NSERVICES 12000

static struct sched_state st;
static uint64_t at;

static void
apply(const struct cmd *cmd)
{
	struct buf b = { 0 };
	struct err err;
	struct fsm_reply unused;

	rec_pack(&cmd_type, cmd, &b);
	ck_assert_msg(fsm_apply(&st, ++at, b.data, b.len, &unused, &err) == 0,
	    "%s", err.text);
	buf_release(&b);
}

static void
register_node(void)
{
	struct node_resources res = { .cpu = { .cpu_shares = 100000 },
		.memory = { .memory_mb = 1000 },
		.disk = { .disk_mb = 1000 } };
	struct cmd_node_register c = { .node = { .id = NODE1,
					   .datacenter = "dc1",
					   .status = "ready",
					   .secret_id = "s",
					   .node_resources = &res } };
	struct cmd cmd = { .time = 1, .node_register = &c };

	apply(&cmd);
}

static void
register_job(void)
{
	char *text = xmalloc(META + 1);
	struct rec_kv meta = { "note", text };
	struct task_group group = {
		.name = "g", .has_count = true, .count = NALLOCS
	};
	struct eval eval = { .id = EVAL1,
		.job_id = "web",
		.namespace = "default",
		.type = "batch",
		.status = "pending",
		.triggered_by = "job-register" };
	struct cmd_job_register c = { .job = { .id = "web",
					  .namespace = "default",
					  .type = "batch",
					  .meta = &meta,
					  .nmeta = 1,
					  .task_groups = &group,
					  .ntask_groups = 1 },
		.eval = &eval };
	struct cmd cmd = { .time = 1, .job_register = &c };

	memset(text, 'x', META);
	text[META] = '\0';
	apply(&cmd);
	free(text);
}

static char *
alloc_id(size_t i)
{
	return xasprintf("aaaaaaaa-0000-4000-8000-%012zu", i);
}

static void
place(size_t from, size_t n)
{
	struct allocated_task_resources task = { .key = "t",
		.cpu = { .cpu_shares = 1 } };
	struct allocated_resources res = { .tasks = &task, .ntasks = 1 };
	struct alloc *a = xcalloc(n, sizeof *a);
	struct cmd_plan plan = { .eval_id = EVAL1,
		.ns = "default",
		.job_id = "web",
		.places = a,
		.nplaces = n };
	struct cmd cmd = { .time = 2, .plan = &plan };

	for (size_t i = 0; i < n; i++)
		a[i] = (struct alloc){ .id = alloc_id(from + i),
			.namespace = "default",
			.job_id = "web",
			.node_id = NODE1,
			.eval_id = EVAL1,
			.task_group = "g",
			.name = "web.g[0]",
			.desired_status = "run",
			.client_status = "pending",
			.allocated_resources = &res };
	apply(&cmd);
	for (size_t i = 0; i < n; i++)
		free(a[i].id);
	free(a);
}

static void
reap(size_t i)
{
	char *ids[] = { alloc_id(i) };
	struct cmd_reap r = { .allocs = ids, .nallocs = 1 };
	struct cmd cmd = { .time = 3, .reap = &r };

	apply(&cmd);
	free(ids[0]);
}

/* What a follower knows, and where it stands. */
struct follower {
	struct map known;
	size_t ntold, nparts;
	uint64_t index, at;
	char *after;
	bool full;
};

static void
follower_release(struct follower *f)
{
	map_release(&f->known);
	free(f->after);
}

static void
move_on(struct follower *f, uint64_t index, uint64_t next, const char *after)
{
	char *copy = after != NULL ? xstrdup(after) : NULL;

	free(f->after);
	f->index = index;
	f->at = next;
	f->after = copy;
	f->nparts++;
}

/* One part; false when it was the last. */
static bool
pull_allocs(struct follower *f)
{
	struct arena arena = { 0 };
	struct node_allocs_news news;
	struct node_allocs ask = { .node_id = NODE1,
		.index = f->index,
		.at = f->at,
		.after = f->after };
	struct buf b = { 0 };

	sched_node_news(&st, &ask, &arena, &news);
	rec_pack(&node_allocs_news_type, &news, &b);
	ck_assert_uint_lt(b.len, SCHED_NEWS_BYTES + (1u << 20));
	f->full = news.full;
	for (size_t i = 0; i < news.nallocs; i++)
		map_add(&f->known, news.allocs[i].id);
	for (size_t i = 0; i < news.ngone; i++)
		map_remove(&f->known, news.gone[i]);
	f->ntold += news.nallocs;
	move_on(f, news.index, news.at, news.after);
	buf_release(&b);
	arena_release(&arena);
	return f->after != NULL;
}

START_TEST(a_node_hears_its_allocations_in_parts)
{
	struct follower f = { 0 };

	sched_state_init(&st);
	at = 100;
	register_node();
	register_job();
	place(0, NALLOCS);
	ck_assert(pull_allocs(&f));
	ck_assert(f.full);
	ck_assert_uint_lt(f.ntold, NALLOCS);
	while (pull_allocs(&f))
		ck_assert(!f.full);
	ck_assert_uint_ge(f.nparts, 3);
	ck_assert_uint_eq(f.ntold, NALLOCS); /* each once */
	ck_assert_uint_eq(map_count(&f.known), NALLOCS);
	ck_assert_uint_eq(f.index, at);

	/* The same for what is new. */
	place(NALLOCS, NALLOCS);
	while (pull_allocs(&f))
		ck_assert(!f.full);
	ck_assert_uint_eq(f.ntold, 2 * NALLOCS);
	ck_assert_uint_eq(map_count(&f.known), 2 * NALLOCS);
	ck_assert_uint_eq(f.index, at);
	ck_assert(!pull_allocs(&f));
	ck_assert_uint_eq(f.ntold, 2 * NALLOCS);
	follower_release(&f);
	sched_state_release(&st);
}
END_TEST

START_TEST(what_changes_between_the_parts_is_told)
{
	struct follower f = { 0 };

	sched_state_init(&st);
	at = 100;
	register_node();
	register_job();
	place(0, NALLOCS);
	ck_assert(pull_allocs(&f));
	reap(0);           /* told already */
	reap(NALLOCS - 1); /* not told yet */
	place(NALLOCS, 1);
	while (pull_allocs(&f))
		;
	ck_assert_uint_eq(map_count(&f.known), NALLOCS - 1);
	ck_assert_uint_eq(f.index, at);
	follower_release(&f);
	sched_state_release(&st);
}
END_TEST

/* --- services --- */

static void
put_services(size_t n)
{
	char text[500];
	struct service_instance *s = xcalloc(n, sizeof *s);
	struct services_update u = { .node_id = NODE1, .put = s, .nput = n };
	struct cmd cmd = { .time = 2, .services = &u };

	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = '\0';
	for (size_t i = 0; i < n; i++)
		s[i] = (struct service_instance){
			.id = xasprintf("s%zu", i),
			.service_name = "web",
			.ns = "default",
			.node_id = NODE1,
			.alloc_id = text,
		};
	apply(&cmd);
	for (size_t i = 0; i < n; i++)
		free(s[i].id);
	free(s);
}

static bool
pull_services(struct follower *f)
{
	struct arena arena = { 0 };
	struct services_news news;
	struct services_ask ask = {
		.index = f->index, .at = f->at, .after = f->after
	};
	struct buf b = { 0 };

	sched_services_news(&st, &ask, &arena, &news);
	rec_pack(&services_news_type, &news, &b);
	ck_assert_uint_lt(b.len, SCHED_NEWS_BYTES + (1u << 20));
	f->full = news.full;
	for (size_t i = 0; i < news.nput; i++)
		map_add(&f->known, news.put[i].id);
	f->ntold += news.nput;
	move_on(f, news.index, news.at, news.after);
	buf_release(&b);
	arena_release(&arena);
	return f->after != NULL;
}

START_TEST(services_come_in_parts)
{
	struct follower f = { 0 };

	sched_state_init(&st);
	at = 100;
	register_node();
	put_services(NSERVICES);
	ck_assert(pull_services(&f));
	ck_assert(f.full);
	while (pull_services(&f))
		ck_assert(!f.full);
	ck_assert_uint_ge(f.nparts, 2);
	ck_assert_uint_eq(f.ntold, NSERVICES);
	ck_assert_uint_eq(map_count(&f.known), NSERVICES);
	ck_assert_uint_eq(f.index, at);
	ck_assert(!pull_services(&f));
	ck_assert_uint_eq(f.ntold, NSERVICES);
	follower_release(&f);
	sched_state_release(&st);
}
END_TEST

UNIT_MAIN("state_news", a_node_hears_its_allocations_in_parts,
    what_changes_between_the_parts_is_told, services_come_in_parts)
