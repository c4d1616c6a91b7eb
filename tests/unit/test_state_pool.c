/* Node pools: what may be written, when, and that it lasts. */
#include <string.h>

#include "cmd/schedd/core.h"
#include "cmd/schedd/fsm.h"
#include "cmd/schedd/state_put.h"
#include "common/mem.h"
#include "common/text.h"
#include "tests/lib/snapbuf.h"
#include "tests/lib/unit.h"

static struct node_pool_scheduler spread = {
	.scheduler_algorithm = (char[]){ "spread" },
	.memory_oversubscription_enabled = true,
	.has_memory_oversubscription_enabled = true,
};

static struct node_pool
pool_of(const char *name)
{
	return (struct node_pool){ .name = text_borrow(name),
		.description = text_borrow("fast ones"),
		.scheduler_configuration = &spread };
}

START_TEST(a_pool_is_checked)
{
	struct node_pool p = pool_of("gpu-2_x");
	char longer[NODE_POOL_DESCRIPTION_MAX + 2];
	struct err err;

	ck_assert_int_eq(node_pool_check(&p, &err), 0);
	p.description = memset(longer, 'a', sizeof longer);
	longer[NODE_POOL_DESCRIPTION_MAX] = '\0';
	ck_assert_int_eq(node_pool_check(&p, &err), 0);
	longer[NODE_POOL_DESCRIPTION_MAX] = 'a';
	longer[NODE_POOL_DESCRIPTION_MAX + 1] = '\0';
	ck_assert_int_eq(node_pool_check(&p, &err), -1);
	p = pool_of("");
	ck_assert_int_eq(node_pool_check(&p, &err), -1);
	p = pool_of("a b");
	ck_assert_int_eq(node_pool_check(&p, &err), -1);
	p = pool_of("all");
	ck_assert_int_eq(node_pool_check(&p, &err), -1);
	ck_assert_str_eq(
	    err.text, "modifying node pool \"all\" is not allowed");
	p = pool_of("gpu");
	p.scheduler_configuration =
	    &(struct node_pool_scheduler){ .scheduler_algorithm =
					       text_borrow("best") };
	ck_assert_int_eq(node_pool_check(&p, &err), -1);
	p.scheduler_configuration = NULL;
	p.description = NULL;
	ck_assert_int_eq(node_pool_check(&p, &err), 0);
}
END_TEST

/* --- as a server does it --- */

static struct sched_core *core;
static uint64_t at;

/* Carries out what is proposed; the answer, or an err, comes out. */
static struct err
settle(void)
{
	struct sched_act act;
	struct err err = { 0 };
	bool answered = false;

	while (sched_core_next(core, &act)) {
		if (act.kind == SCHED_ACT_PROPOSE) {
			ck_assert_int_eq(sched_core_applied(core, ++at,
					     act.bytes, act.n, &err),
			    0);
			continue;
		}
		ck_assert(!answered);
		answered = true;
		if (act.kind == SCHED_ACT_REFUSE)
			err = act.err;
	}
	ck_assert(answered);
	return err;
}

static struct err
put(const struct node_pool *p)
{
	sched_core_pool_put(core, 1, p);
	return settle();
}

static struct err
drop(const char *name)
{
	sched_core_pool_delete(core, 1, name);
	return settle();
}

static void
setup(uint64_t level)
{
	struct sched_core_opts o;
	struct sched_act act;
	struct err err;

	sched_core_opts_init(&o);
	core = sched_core_new(&o);
	at = 100;
	sched_core_lead(core, true);
	sched_core_raise_level(core, level);
	while (sched_core_next(core, &act))
		ck_assert_int_eq(
		    sched_core_applied(core, ++at, act.bytes, act.n, &err), 0);
	ck_assert_uint_eq(sched_core_state(core)->level, level);
}

static const struct node_pool *
find(const char *name)
{
	const struct sched_pool *p =
	    sched_pool_find(sched_core_state(core), name);

	return p != NULL ? &p->rec : NULL;
}

START_TEST(a_pool_is_written_and_goes)
{
	struct node_pool p = pool_of("gpu");
	uint64_t made;

	setup(NODE_POOL_LEVEL);
	ck_assert_int_eq(put(&p).code, ERR_NONE);
	made = at;
	ck_assert_uint_eq(
	    sched_index(sched_core_state(core), SCHED_NODES, ""), at);
	p.description = NULL;
	ck_assert_int_eq(put(&p).code, ERR_NONE);
	ck_assert_str_eq(text_or(find("gpu")->description, ""), "");
	ck_assert_str_eq(
	    find("gpu")->scheduler_configuration->scheduler_algorithm,
	    "spread");
	ck_assert_uint_eq(find("gpu")->create_index, made);
	ck_assert_uint_eq(find("gpu")->modify_index, at);
	p = pool_of("default");
	ck_assert_int_eq(put(&p).code, ERR_BAD);
	ck_assert_int_eq(drop("all").code, ERR_BAD);
	ck_assert_int_eq(drop("cpu").code, ERR_NOT_FOUND);
	ck_assert_int_eq(drop("gpu").code, ERR_NONE);
	ck_assert_ptr_null(find("gpu"));
	ck_assert_int_eq(drop("gpu").code, ERR_NOT_FOUND);
	sched_core_free(core);
}
END_TEST

START_TEST(a_pool_that_is_in_use_stays)
{
	struct node_pool p = pool_of("gpu");
	struct job *job = xcalloc(1, sizeof *job);
	struct node *n = xcalloc(1, sizeof *n);
	struct sched_state *st;

	setup(NODE_POOL_LEVEL);
	/* The core's own, to bring things in by a short way. */
	st = (struct sched_state *)(uintptr_t)sched_core_state(core);
	ck_assert_int_eq(put(&p).code, ERR_NONE);
	n->id = xstrdup("aaaaaaaa-0000-4000-8000-000000000001");
	n->node_pool = xstrdup("gpu");
	sched_put_node(st, n, at);
	ck_assert_str_eq(drop("gpu").text,
	    "node pool \"gpu\" has nodes in regions: [global]");
	job->id = xstrdup("web");
	job->namespace = xstrdup("default");
	job->node_pool = xstrdup("gpu");
	job->type = xstrdup("service");
	sched_put_version(st, sched_job_have(st, "default", "web"), job);
	ck_assert_str_eq(drop("gpu").text,
	    "node pool \"gpu\" has non-terminal jobs in regions: [global]");
	ck_assert_ptr_nonnull(find("gpu"));
	sched_core_free(core);
}
END_TEST

START_TEST(no_pool_is_written_while_an_older_server_is_there)
{
	struct node_pool p = pool_of("gpu");

	setup(NODE_POOL_LEVEL - 1);
	ck_assert_int_eq(put(&p).code, ERR_CONFLICT);
	ck_assert_int_eq(drop("gpu").code, ERR_CONFLICT);
	ck_assert_ptr_null(find("gpu"));
	sched_core_free(core);
}
END_TEST

/* --- snapshots --- */

START_TEST(a_snapshot_has_them)
{
	const struct node_pool_scheduler *s;
	struct node_pool p = pool_of("gpu");
	struct sched_state st;
	struct buf b = { 0 };
	struct err err;

	setup(NODE_POOL_LEVEL);
	ck_assert_int_eq(put(&p).code, ERR_NONE);
	ck_assert_int_eq(
	    sched_snapshot_write(sched_core_state(core), snapbuf_write, &b), 0);
	sched_state_init(&st);
	ck_assert_msg(sched_snapshot_read(&st, snapbuf_read, &b, &err) == 0,
	    "%s", err.text);
	ck_assert_uint_eq(HASH_COUNT(st.pools), 1);
	s = sched_pool_find(&st, "gpu")->rec.scheduler_configuration;
	ck_assert_str_eq(s->scheduler_algorithm, "spread");
	ck_assert(s->has_memory_oversubscription_enabled);
	ck_assert_uint_eq(sched_pool_find(&st, "gpu")->rec.create_index, at);
	sched_state_release(&st);
	buf_release(&b);
	sched_core_free(core);
}
END_TEST

UNIT_MAIN("state_pool", a_pool_is_checked, a_pool_is_written_and_goes,
    a_pool_that_is_in_use_stays,
    no_pool_is_written_while_an_older_server_is_there, a_snapshot_has_them)
