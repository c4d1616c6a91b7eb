#include "cmd/nodeagent/runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/nodeagent/allocdir.h"
#include "cmd/nodeagent/serverlink.h"
#include "common/log.h"
#include "common/mem.h"
#include "proto/msg.h"
#include "proto/nodemsg.h"

extern char **environ;

struct run_time
runner_now(const struct nodeagent *na)
{
	return (struct run_time){ .ms = loop_now_ms(na->loop),
		.ns = loop_wall_ns(na->loop) };
}

struct runner *
runner_find(const struct nodeagent *na, const char *id)
{
	return map_find(&na->runners, id);
}

bool
runner_is_done(const struct runner *r)
{
	return alloc_run_is_done(r->run);
}

/* --- telling --- */

static void
publish(struct runner *r, const char *task, const char *what)
{
	const struct alloc *a = r->run->alloc;
	struct alloc_event e = { 0 };

	e.alloc_id = a->id;
	e.job_id = a->job_id;
	e.task = xstrdup(task);
	e.what = xstrdup(what);
	bus_publish(r->na->daemon->pub, "alloc.changed", MSG_ALLOC, &e);
	free(e.task);
	free(e.what);
}

static void
save(struct runner *r)
{
	struct alloc_saved saved;

	alloc_run_save(r->run, &saved);
	store_put_saved(r->na->store, r->run->alloc->id, &saved);
	rec_clear(&alloc_saved_type, &saved);
}

/* Tells the servers which services came, changed and went. */
static void
offer_services(struct runner *r)
{
	struct service_list now = { 0 };

	services_of(r->run, &r->na->node, r->na->config->region, &now);
	for (size_t i = 0; i < now.nitems; i++) {
		const struct service_instance *old =
		    service_list_find(&r->offered, now.items[i].id);

		if (old == NULL ||
		    !rec_equal(&service_instance_type, old, &now.items[i]))
			serverlink_put_service(r->na->link, &now.items[i]);
	}
	for (size_t i = 0; i < r->offered.nitems; i++)
		if (service_list_find(&now, r->offered.items[i].id) == NULL)
			serverlink_remove_service(
			    r->na->link, r->offered.items[i].id);
	service_list_release(&r->offered);
	r->offered = now;
}

/* --- starting and ending --- */

static void on_proc(
    void *ctx, struct taskproc *proc, const struct proc_event *event);

static void
fail_start(struct runner *r, size_t i, const char *why)
{
	alloc_run_start_failed(r->run, i, why, false, runner_now(r->na));
}

static bool
make_dirs(struct runner *r, size_t i)
{
	struct err err;

	if (r->has_dirs)
		return true;
	if (allocdir_make(
		r->na->alloc_dir, r->run->alloc, r->run->group, &err) == -1) {
		fail_start(r, i, err.text);
		return false;
	}
	r->has_dirs = true;
	return true;
}

static struct taskproc *
call_driver(
    struct runner *r, size_t i, const struct driver *driver, bool recover)
{
	struct task_run *t = &r->run->tasks[i];
	struct nodeagent *na = r->na;
	struct allocdir_paths paths;
	struct taskenv_dirs dirs;
	struct taskenv env;
	struct driver_task dt = { .alloc_id = r->run->alloc->id,
		.task = t->task,
		.env = &env,
		.life = t->life,
		.started_at_ns = t->state.started_at };
	struct taskproc *p;

	allocdir_paths_init(
	    &paths, na->alloc_dir, r->run->alloc->id, t->task->name);
	dirs = (struct taskenv_dirs){ paths.alloc, paths.local, paths.secrets };
	taskenv_init(&env, &na->node, r->run->alloc, r->run->group, t->task,
	    &dirs, environ, na->host.denied_env, na->config->region);
	dt.task_dir = paths.root;
	dt.log_dir = paths.logs;
	p = (recover ? driver->recover : driver->start)(
	    &na->host, &dt, on_proc, r);
	taskenv_release(&env);
	allocdir_paths_release(&paths);
	return p;
}

static void
start_task(struct runner *r, size_t i)
{
	const struct task *task = r->run->tasks[i].task;
	const struct driver *driver = driver_find(task->driver);
	char why[128];

	if (driver == NULL) {
		snprintf(why, sizeof why, "driver \"%s\" is not there",
		    task->driver);
		fail_start(r, i, why);
		return;
	}
	if (!make_dirs(r, i))
		return;
	/* On disk before it can run: a later nodeagent must look for it. */
	save(r);
	r->procs[i] = call_driver(r, i, driver, false);
	r->na->nstarted++;
}

static void
release_proc(struct runner *r, size_t i)
{
	if (r->procs[i] == NULL)
		return;
	r->procs[i]->driver->release(r->procs[i]);
	r->procs[i] = NULL;
}

static size_t
index_of(const struct runner *r, const struct taskproc *proc)
{
	size_t i = 0;

	while (r->procs[i] != proc)
		i++;
	return i;
}

static void
on_proc(void *ctx, struct taskproc *proc, const struct proc_event *e)
{
	struct runner *r = ctx;
	size_t i = index_of(r, proc);
	struct run_time now = runner_now(r->na);

	switch (e->kind) {
	case PROC_STARTED:
		alloc_run_started(r->run, i, now);
		break;
	case PROC_FOUND:
		alloc_run_found(r->run, i, now);
		break;
	case PROC_FAILED:
		alloc_run_start_failed(
		    r->run, i, e->why, e->unrecoverable, now);
		break;
	case PROC_ENDED:
		alloc_run_ended(r->run, i, &e->end, now);
		break;
	case PROC_VANISHED:
		alloc_run_vanished(r->run, i, now);
		break;
	}
	if (e->kind != PROC_STARTED && e->kind != PROC_FOUND)
		release_proc(r, i);
	runner_step(r);
}

static void
kill_task(struct runner *r, const struct run_action *a)
{
	struct taskproc *p = r->procs[a->task];

	if (p != NULL)
		p->driver->signal(p, a->signal, a->kill_after_ms);
}

/* --- stepping --- */

static void runner_remove(struct runner *r);

static void
set_timer(struct runner *r)
{
	uint64_t at = alloc_run_wake_ms(r->run);
	uint64_t now_ms = loop_now_ms(r->na->loop);

	if (at == 0)
		loop_timer_cancel(r->timer);
	else
		loop_timer_set(r->timer, at > now_ms ? at - now_ms : 0);
}

static void
report(struct runner *r)
{
	r->run->changed = false;
	save(r);
	offer_services(r);
	serverlink_mark_dirty(r->na->link, r->run->alloc->id);
	publish(r, "", r->run->client_status);
}

void
runner_step(struct runner *r)
{
	struct run_action a;

	if (r->in_step)
		return;
	r->in_step = true;
	while (alloc_run_take(r->run, &a)) {
		if (a.kind == RUN_START)
			start_task(r, a.task);
		else
			kill_task(r, &a);
	}
	r->in_step = false;
	if (r->run->changed)
		report(r);
	set_timer(r);
	if (runner_is_done(r) && r->done_at_ns == 0)
		r->done_at_ns = loop_wall_ns(r->na->loop);
	if (runner_is_done(r) && r->forgotten)
		runner_remove(r);
}

static void
on_timer(void *arg)
{
	struct runner *r = arg;

	alloc_run_tick(r->run, runner_now(r->na));
	runner_step(r);
}

/* --- coming and going --- */

static struct runner *
runner_new(struct nodeagent *na, struct alloc *alloc)
{
	struct alloc_run *run;
	struct runner *r;
	struct err err;

	run = alloc_run_new(alloc, rng_next(&na->rng),
	    (uint64_t)(na->config->max_kill_timeout / 1000000), runner_now(na),
	    &err);
	if (run == NULL) {
		log_error("allocation refused: %s", err.text);
		rec_clear(&alloc_type, alloc);
		free(alloc);
		return NULL;
	}
	r = xcalloc(1, sizeof *r);
	r->na = na;
	r->run = run;
	r->procs = xcalloc(run->ntasks, sizeof *r->procs);
	r->timer = loop_timer_new(na->loop, on_timer, r);
	map_put(&na->runners, alloc->id, r);
	return r;
}

static bool
is_over(const struct alloc *a)
{
	const char *c = a->client_status != NULL ? a->client_status : "";

	return strcmp(c, "complete") == 0 || strcmp(c, "failed") == 0 ||
	       strcmp(c, "lost") == 0 ||
	       (a->desired_status != NULL &&
		   strcmp(a->desired_status, "run") != 0);
}

void
runner_add(struct nodeagent *na, struct alloc *alloc)
{
	struct runner *r;

	/* Told to stop what we never had: nothing runs, and that is said. */
	if (is_over(alloc)) {
		if (alloc->client_status != NULL &&
		    strcmp(alloc->client_status, "pending") == 0)
			serverlink_report_stopped(na->link, alloc->id);
		rec_clear(&alloc_type, alloc);
		free(alloc);
		return;
	}
	store_put_alloc(na->store, alloc);
	if ((r = runner_new(na, alloc)) == NULL)
		return;
	log_info(
	    "allocation received alloc=%s job=%s", alloc->id, alloc->job_id);
	alloc_run_tick(r->run, runner_now(na));
	runner_step(r);
}

/* Each task that had been started is looked for; its driver tells what it
 * finds. */
static void
recover_tasks(struct runner *r)
{
	for (size_t i = 0; i < r->run->ntasks; i++) {
		const struct driver *driver =
		    driver_find(r->run->tasks[i].task->driver);

		if (r->run->tasks[i].phase == TASK_STARTING && driver != NULL)
			r->procs[i] = call_driver(r, i, driver, true);
	}
}

void
runner_restore(
    struct nodeagent *na, struct alloc *alloc, struct alloc_saved *saved)
{
	struct runner *r = runner_new(na, alloc);

	if (r == NULL)
		return;
	alloc_run_restore(r->run, saved);
	r->has_dirs = saved->ntasks > 0;
	recover_tasks(r);
	r->run->changed = true;
	if (saved->stopping)
		alloc_run_stop(r->run, runner_now(na));
	else
		alloc_run_tick(r->run, runner_now(na));
	runner_step(r);
}

void
runner_update(struct runner *r, struct alloc *alloc)
{
	store_put_alloc(r->na->store, alloc);
	alloc_run_update(r->run, alloc, runner_now(r->na));
	runner_step(r);
}

void
runner_stop(struct runner *r)
{
	alloc_run_stop(r->run, runner_now(r->na));
	runner_step(r);
}

void
runner_forget(struct runner *r)
{
	r->forgotten = true;
	runner_stop(r);
}

void
runner_release(struct runner *r)
{
	for (size_t i = 0; i < r->run->ntasks; i++)
		release_proc(r, i);
	service_list_release(&r->offered);
	loop_timer_free(r->timer);
	alloc_run_free(r->run);
	free(r->procs);
	free(r);
}

static void
runner_remove(struct runner *r)
{
	struct nodeagent *na = r->na;
	const char *id = r->run->alloc->id;
	struct err err;

	store_remove(na->store, id);
	if (allocdir_remove(na->alloc_dir, id, &err) == -1)
		log_warn("allocation not removed alloc=%s: %s", id, err.text);
	map_remove(&na->runners, id);
	runner_release(r);
}

static struct runner *
oldest_done(const struct nodeagent *na, size_t *ndone)
{
	struct runner *oldest = NULL;

	*ndone = 0;
	MAP_FOREACH (e, &na->runners) {
		struct runner *r = map_value(e);

		if (!runner_is_done(r) ||
		    serverlink_is_dirty(na->link, r->run->alloc->id))
			continue;
		(*ndone)++;
		if (oldest == NULL || r->done_at_ns < oldest->done_at_ns)
			oldest = r;
	}
	return oldest;
}

static void
collect(struct nodeagent *na, size_t keep)
{
	size_t ndone;
	struct runner *r;

	while ((r = oldest_done(na, &ndone)) != NULL && ndone > keep)
		runner_remove(r);
}

void
runner_collect(struct nodeagent *na)
{
	collect(na, (size_t)na->config->gc_max_allocs);
}

void
runner_collect_all(struct nodeagent *na)
{
	collect(na, 0);
}
