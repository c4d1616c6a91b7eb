/* Starting, killing and letting go of an allocation's tasks. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "cmd/nodeagent/allocdir.h"
#include "cmd/nodeagent/runner.h"
#include "cmd/nodeagent/runner_checks.h"
#include "cmd/nodeagent/runner_impl.h"
#include "cmd/nodeagent/taskmetrics.h"
#include "common/clock.h"
#include "common/log.h"

extern char **environ;

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
	int64_t began_ns = clock_mono_ns();
	struct err err;
	int rv;

	if (r->has_dirs)
		return true;
	rv =
	    allocdir_make(r->na->alloc_dir, r->run->alloc, r->run->group, &err);
	alloc_hook_metrics(
	    r->na, "alloc_dir", rv == 0, clock_mono_ns() - began_ns);
	if (rv == -1) {
		fail_start(r, i, err.text);
		return false;
	}
	r->has_dirs = true;
	return true;
}

struct taskproc *
runner_call_driver(
    struct runner *r, size_t i, const struct driver *driver, bool recover)
{
	struct task_run *t = &r->run->tasks[i];
	struct nodeagent *na = r->na;
	struct allocdir_paths paths;
	struct taskenv_dirs dirs;
	struct taskenv env;
	struct driver_task dt = { .alloc_id = r->run->alloc->id,
		.alloc = r->run->alloc,
		.task = t->task,
		.env = &env,
		.life = t->life,
		.started_at_ns = t->state.started_at };
	struct taskproc *p;

	allocdir_paths_init(
	    &paths, na->alloc_dir, r->run->alloc->id, t->task->name);
	dirs = (struct taskenv_dirs){ paths.alloc, paths.local, paths.secrets };
	taskenv_init(&env, &na->node, r->run->alloc, r->run->group, t->task,
	    driver->dirs != NULL ? driver->dirs : &dirs,
	    driver->dirs != NULL ? NULL : environ, na->host.denied_env,
	    na->config->region);
	dt.task_dir = paths.root;
	dt.alloc_dir = paths.alloc;
	dt.local_dir = paths.local;
	dt.secrets_dir = paths.secrets;
	dt.log_dir = paths.logs;
	p = (recover ? driver->recover : driver->start)(
	    &na->host, &dt, on_proc, r);
	taskenv_release(&env);
	allocdir_paths_release(&paths);
	return p;
}

/* A block that a task counts on and that we would pass over; NULL: none. */
static const char *
cannot_do(const struct task *task)
{
	return task->ntemplates > 0       ? "template"
	       : task->nartifacts > 0     ? "artifact"
	       : task->nvolume_mounts > 0 ? "volume_mount"
	       : task->vault != NULL      ? "vault"
					  : NULL;
}

void
runner_start_task(struct runner *r, size_t i)
{
	const char *missing;
	const struct task *task = r->run->tasks[i].task;
	const struct driver *driver = driver_find(task->driver);
	char why[128];

	if (driver == NULL) {
		snprintf(why, sizeof why, "driver \"%s\" is not there",
		    task->driver);
		fail_start(r, i, why);
		return;
	}
	if ((missing = cannot_do(task)) != NULL) {
		snprintf(why, sizeof why,
		    "%s blocks are not supported by this "
		    "version of rove",
		    missing);
		alloc_run_start_failed(r->run, i, why, true, runner_now(r->na));
		return;
	}
	if (!make_dirs(r, i))
		return;
	runner_checks_forget(r);
	/* On disk before it can run: a later nodeagent must look for it. */
	runner_save(r);
	r->procs[i] = runner_call_driver(r, i, driver, false);
	r->na->nstarted++;
}

void
runner_release_proc(struct runner *r, size_t i)
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
log_proc(const struct runner *r, size_t i, const struct proc_event *e)
{
	static const char *const words[] = { [PROC_NOTE] = "note",
		[PROC_STARTED] = "started",
		[PROC_FOUND] = "found",
		[PROC_FAILED] = "not started",
		[PROC_ENDED] = "ended",
		[PROC_VANISHED] = "vanished" };
	const struct taskproc *p = r->procs[i];
	const char *id = r->run->alloc->id, *task = r->run->tasks[i].task->name;
	char of[32] = "";
	pid_t pid; /* a driver may not know it yet, and tell it later */

	switch (e->kind) {
	case PROC_NOTE:
		log_info("task %s alloc=%s task=%s text=\"%s\"", words[e->kind],
		    id, task, e->why);
		break;
	case PROC_STARTED:
	case PROC_FOUND:
		if ((pid = p->driver->pid(p)) != 0)
			snprintf(of, sizeof of, " pid=%d", (int)pid);
		log_info(
		    "task %s alloc=%s task=%s%s", words[e->kind], id, task, of);
		break;
	case PROC_FAILED:
		log_warn("task %s alloc=%s task=%s reason=\"%s\"",
		    words[e->kind], id, task, e->why);
		break;
	case PROC_ENDED:
		log_info("task %s alloc=%s task=%s exit_code=%" PRId64
			 " signal=%" PRId64,
		    words[e->kind], id, task, e->end.exit_code, e->end.signal);
		break;
	case PROC_VANISHED:
		log_warn("task %s alloc=%s task=%s", words[e->kind], id, task);
		break;
	}
}

static void
on_proc(void *ctx, struct taskproc *proc, const struct proc_event *e)
{
	struct runner *r = ctx;
	size_t i = index_of(r, proc);
	struct run_time now = runner_now(r->na);

	log_proc(r, i, e);
	task_metrics_event(r, i, e);
	switch (e->kind) {
	case PROC_NOTE:
		alloc_run_note(r->run, i, e->why, now);
		break;
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
	if (e->kind == PROC_NOTE || e->kind == PROC_STARTED ||
	    e->kind == PROC_FOUND) {
		runner_step(r);
		return;
	}
	/* The step records the end and may start the task anew, or remove r:
	 * only then is the old one let go, with its own record. */
	r->procs[i] = NULL;
	runner_step(r);
	proc->driver->release(proc);
}

void
runner_abandon_starts(struct runner *r)
{
	for (size_t i = 0; i < r->run->ntasks; i++) {
		const struct task_run *t = &r->run->tasks[i];
		struct taskproc *p = r->procs[i];

		if (p != NULL && t->phase == TASK_STARTING && t->kill_wanted &&
		    p->driver->abandon != NULL)
			p->driver->abandon(p);
	}
}

void
runner_kill_task(struct runner *r, const struct run_action *a)
{
	struct taskproc *p = r->procs[a->task];

	if (p != NULL)
		p->driver->signal(p, a->signal, a->kill_after_ms);
}
