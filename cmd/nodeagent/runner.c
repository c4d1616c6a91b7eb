#include "cmd/nodeagent/runner.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/nodeagent/fence.h"
#include "cmd/nodeagent/runner_checks.h"
#include "cmd/nodeagent/runner_impl.h"
#include "cmd/nodeagent/serverlink.h"
#include "cmd/nodeagent/taskmetrics.h"
#include "cmd/nodeagent/trash.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include "proto/msg.h"
#include "proto/nodemsg.h"

#define MAX_WAITING 16 /* in a row, each for the one before */

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

size_t
runner_nrunning(const struct nodeagent *na)
{
	size_t n = 0;

	MAP_FOREACH (e, &na->runners)
		n += !runner_is_done(map_value(e));
	return n;
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

void
runner_save(struct runner *r)
{
	struct alloc_saved saved;

	alloc_run_save(r->run, &saved);
	runner_checks_save(r, &saved);
	store_put_saved(r->na->store, r->run->alloc->id, &saved);
	rec_clear(&alloc_saved_type, &saved);
}

/* Tells the servers which services came, changed and went. */
static void
offer_services(struct runner *r)
{
	struct service_list now = { 0 };

	services_of(r->run, &r->na->node, r->na->config->region,
	    runner_now(r->na), &now);
	runner_checks_follow(r, &now);
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
	offer_services(r);
	runner_save(r);
	serverlink_mark_dirty(r->na->link, r->run->alloc->id);
	publish(r, "", r->run->client_status);
}

void
runner_checks_changed(struct runner *r)
{
	offer_services(r);
	runner_save(r);
}

static bool
is_stopping(const struct alloc_run *run)
{
	return run->stopping || run->stop_at_ms != 0;
}

static bool must_wait(
    const struct nodeagent *na, const struct alloc *a, size_t depth);

/* It, or what it waited for itself when it was told to stop. */
static bool
is_here(const struct nodeagent *na, const char *id, size_t depth)
{
	const struct runner *r = text_is_set(id) ? runner_find(na, id) : NULL;

	if (r == NULL)
		return false;
	return !runner_is_done(r) ||
	       (r->run->held && must_wait(na, r->run->alloc, depth + 1));
}

/* Those whose place it takes, their ports and their memory, have not ended. */
static bool
must_wait(const struct nodeagent *na, const struct alloc *a, size_t depth)
{
	bool waits;

	if (depth == MAX_WAITING)
		return false;
	waits = is_here(na, a->previous_allocation, depth);
	for (size_t i = 0; i < a->npreempted_allocations && !waits; i++)
		waits = is_here(na, a->preempted_allocations[i], depth);
	return waits;
}

static void
hold_if_it_must_wait(struct runner *r)
{
	if (must_wait(r->na, r->run->alloc, 0))
		alloc_run_hold(r->run);
}

/* One has ended: whoever waits looks again. */
static void
wake_waiting(struct nodeagent *na)
{
	MAP_FOREACH (e, &na->runners) {
		struct runner *r = map_value(e);

		if (r->run->held)
			loop_timer_set(r->timer, 0);
	}
}

void
runner_step(struct runner *r)
{
	struct run_action a;

	if (r->in_step)
		return;
	r->in_step = true;
	if (r->run->held && !must_wait(r->na, r->run->alloc, 0))
		alloc_run_let_go(r->run, runner_now(r->na));
	/* Nobody is sent to what is about to end. */
	if (r->offered.nitems > 0 && is_stopping(r->run))
		offer_services(r);
	while (alloc_run_take(r->run, &a)) {
		if (a.kind == RUN_START)
			runner_start_task(r, a.task);
		else
			runner_kill_task(r, &a);
	}
	runner_abandon_starts(r);
	r->in_step = false;
	task_metrics_step(r);
	if (r->run->changed)
		report(r);
	set_timer(r);
	if (runner_is_done(r) && r->done_at_ns == 0) {
		r->done_at_ns = loop_wall_ns(r->na->loop);
		wake_waiting(r->na);
	}
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

/* NULL when it cannot run here, which the servers are told. */
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
		serverlink_report_refused(na->link, alloc->id, err.text);
		store_remove(na->store, alloc->id); /* where it was restored */
		rec_clear(&alloc_type, alloc);
		free(alloc);
		return NULL;
	}
	r = xcalloc(1, sizeof *r);
	r->na = na;
	r->run = run;
	r->procs = xcalloc(run->ntasks, sizeof *r->procs);
	r->watch = xcalloc(run->ntasks, sizeof *r->watch);
	r->timer = loop_timer_new(na->loop, on_timer, r);
	map_put(&na->runners, alloc->id, r);
	fence_changed(na->fence);
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
	if ((r = runner_new(na, alloc)) == NULL)
		return;
	store_put_alloc(na->store, alloc);
	log_info(
	    "allocation received alloc=%s job=%s", alloc->id, alloc->job_id);
	hold_if_it_must_wait(r);
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
			r->procs[i] = runner_call_driver(r, i, driver, true);
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
	task_metrics_skip(r);
	runner_checks_recall(r, saved);
	r->has_dirs = saved->ntasks > 0;
	recover_tasks(r);
	hold_if_it_must_wait(r);
	r->run->changed = true;
	if (saved->stopping)
		alloc_run_stop(r->run, runner_now(na));
	else
		alloc_run_tick(r->run, runner_now(na));
	runner_step(r);
}

/* Servers that had lost sight of us do not know how it is; those that were
 * given an older state have it run, and were told long ago that it ended. */
static bool
is_to_be_told_again(const struct runner *r, const struct alloc *news)
{
	struct alloc ours = { .client_status = r->run->client_status };

	if (serverlink_is_dirty(r->na->link, news->id))
		return false;
	if (news->client_status != NULL &&
	    strcmp(news->client_status, "unknown") == 0)
		return true;
	return is_over(&ours) && !is_over(news);
}

void
runner_update(struct runner *r, struct alloc *alloc)
{
	struct fence *f = r->na->fence;

	if (is_to_be_told_again(r, alloc))
		serverlink_mark_dirty(r->na->link, alloc->id);

	store_put_alloc(r->na->store, alloc);
	alloc_run_update(r->run, alloc, runner_now(r->na));
	runner_checks_changed(r);
	runner_step(r); /* which may have freed it */
	fence_changed(f);
}

void
runner_stop(struct runner *r)
{
	alloc_run_stop(r->run, runner_now(r->na));
	runner_step(r);
}

void
runner_fence(struct runner *r, uint64_t silent_ms)
{
	log_warn("allocation stopped, for no server is in reach alloc=%s "
		 "job=%s silent_ms=%" PRIu64,
	    r->run->alloc->id, r->run->alloc->job_id, silent_ms);
	alloc_run_fence(r->run, silent_ms, runner_now(r->na));
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
		runner_release_proc(r, i);
	runner_checks_release(r);
	service_list_release(&r->offered);
	loop_timer_free(r->timer);
	alloc_run_free(r->run);
	free(r->procs);
	free(r->watch);
	free(r);
}

static void
runner_remove(struct runner *r)
{
	struct nodeagent *na = r->na;
	const char *id = r->run->alloc->id;
	struct err err;

	store_remove(na->store, id);
	if (trash_put(na->trash, id, &err) == -1)
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
