#include "cmd/nodeagent/driver_docker.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/nodeagent/docker_cgroup.h"
#include "cmd/nodeagent/docker_create.h"
#include "cmd/nodeagent/driver_docker_impl.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"

/* --- the engine --- */

static void
on_trouble(void *ctx)
{
	struct docker *d = ctx;

	docker_health_doubt(d->health);
}

/* Where there never was an engine no start waits for one. */
static void
fail_starts(struct docker *d)
{
	struct docker_proc *p;

	TAILQ_FOREACH (p, &d->procs, entry)
		if (p->stalled && docker_is_starting(p))
			docker_fail_without_engine(p);
}

static void
on_facts(void *ctx)
{
	struct docker *d = ctx;
	const struct docker_facts *f = docker_health_facts(d->health);

	if (!f->up && !f->detected)
		fail_starts(d);
	d->on_change(d->ctx);
}

static void
on_engine_answer(void *ctx)
{
	struct docker *d = ctx;
	struct docker_proc *p;

	TAILQ_FOREACH (p, &d->procs, entry) {
		if (!p->stalled || p->failed != NULL || p->abandoned)
			continue;
		p->stalled = false;
		loop_timer_set(p->timer, 0);
	}
	docker_sweep_now(d->sweep);
}

static bool
is_ours(void *ctx, const char *id, const char *name)
{
	struct docker *d = ctx;
	struct docker_proc *p;

	TAILQ_FOREACH (p, &d->procs, entry)
		if (strcmp(p->name, name) == 0 ||
		    (p->id != NULL && strcmp(p->id, id) == 0))
			return true;
	return false;
}

/* What docker(1) is told counts here too, unless our config says else. */
static const char *
endpoint(const struct docker_options *o)
{
	const char *env = getenv("DOCKER_HOST");

	return strcmp(o->endpoint, DOCKER_SOCKET) == 0 && env != NULL &&
		       *env != '\0'
		   ? env
		   : o->endpoint;
}

struct docker *
docker_new(struct loop *l, const struct docker_options *options,
    const char *dir, const char *node_id, void (*on_change)(void *ctx),
    void *ctx)
{
	static const struct docker_health_ops ops = { on_facts,
		on_engine_answer };
	struct docker *d = xcalloc(1, sizeof *d);

	*d = (struct docker){ .loop = l,
		.options = options,
		.dir = dir,
		.on_change = on_change,
		.ctx = ctx };
	TAILQ_INIT(&d->procs);
	if (!options->enabled)
		return d;
	d->engine = docker_engine_new(l, endpoint(options), on_trouble, d);
	d->health = docker_health_new(l, d->engine, &ops, d);
	d->pulls = docker_pulls_new(l, d->engine);
	if (options->gc.image)
		d->images = docker_images_new(l, d->engine,
		    (uint64_t)(options->gc.image_delay / CLOCK_NS_PER_MS));
	if (options->gc.dangling_containers.enabled)
		d->sweep = docker_sweep_new(l, d->engine,
		    &options->gc.dangling_containers, node_id, is_ours, d);
	return d;
}

void
docker_free(struct docker *d)
{
	if (d == NULL)
		return;
	docker_sweep_free(d->sweep);
	docker_images_free(d->images);
	docker_pulls_free(d->pulls);
	docker_health_free(d->health);
	docker_engine_free(d->engine);
	free(d);
}

/* --- the driver's table --- */

static void
set_log_limits(struct docker_proc *p, const struct log_config *logs)
{
	driver_log_limits(logs, &p->log_max_files, &p->log_max_bytes);
	p->keep_logs = !p->docker->options->disable_log_collection &&
		       (logs == NULL || !logs->disabled);
}

static struct docker_proc *
proc_new(const struct driver_host *host, const struct driver_task *t,
    proc_event_fn *fn, void *ctx)
{
	struct docker_proc *p = xcalloc(1, sizeof *p);
	struct loop *l = host->loop;

	p->proc = (struct taskproc){
		.driver = &driver_docker, .on_event = fn, .ctx = ctx
	};
	p->docker = host->docker;
	p->alloc_id = xstrdup(t->alloc_id);
	p->name = docker_container_name(t);
	p->task = xstrdup(t->task->name);
	p->log_dir = xstrdup(t->log_dir);
	snprintf(p->life, sizeof p->life, "%" PRIu64, t->life);
	p->pos_path = xasprintf(
	    "%s/%s.%s.%s", p->docker->dir, t->alloc_id, t->task->name, p->life);
	set_log_limits(p, t->task->log_config);
	p->timer = loop_timer_new(l, docker_on_step, p);
	p->save = loop_timer_new(l, docker_on_save, p);
	p->reopen = loop_timer_new(l, docker_on_reopen, p);
	p->kill = loop_timer_new(l, docker_on_kill, p);
	TAILQ_INSERT_TAIL(&p->docker->procs, p, entry);
	return p;
}

/* It has vanished, which is told when the turn has ended. */
static void
abandon(struct docker_proc *p)
{
	docker_login_free(p->login);
	p->login = NULL;
	docker_pull_leave(p->pull);
	p->pull = NULL;
	docker_load_free(p->load);
	p->load = NULL;
	p->stalled = false;
	p->abandoned = true;
	loop_timer_set(p->timer, 0);
}

static struct taskproc *
docker_start(const struct driver_host *host, const struct driver_task *t,
    proc_event_fn *fn, void *ctx)
{
	struct docker_proc *p = proc_new(host, t, fn, ctx);
	struct err err;

	docker_hold_images(p, true);
	if (!p->docker->options->enabled)
		docker_fail_later(p, "driver docker is not enabled", false);
	else if (docker_prepare(p, t, &err) == -1)
		docker_fail_later(p, err.text, true);
	else
		docker_go(p, docker_step_image);
	return &p->proc;
}

static struct taskproc *
docker_recover(const struct driver_host *host, const struct driver_task *t,
    proc_event_fn *fn, void *ctx)
{
	struct docker_proc *p = proc_new(host, t, fn, ctx);
	struct err err;

	p->recovering = true;
	if (!p->docker->options->enabled) {
		abandon(p);
		return &p->proc;
	}
	/* Only for what of it the output needs: it ran with this config. */
	if (docker_config_read(&p->config, t->task->config, t->env, &err) == -1)
		log_warn("docker: config of a task that runs: %s", err.text);
	docker_go(p, docker_step_look);
	return &p->proc;
}

static void
remove_container(struct docker_proc *p)
{
	char *path;

	if (p->id == NULL || !p->docker->options->gc.container)
		return;
	path = xasprintf("/containers/%s?force=1&v=1", p->id);
	docker_engine_tell(p->docker->engine, "DELETE", path);
	free(path);
}

static void
docker_release(struct taskproc *proc)
{
	struct docker_proc *p = (struct docker_proc *)proc;

	TAILQ_REMOVE(&p->docker->procs, p, entry);
	docker_call_cancel(p->call);
	docker_login_free(p->login);
	docker_pull_leave(p->pull);
	docker_load_free(p->load);
	docker_watch_release(p);
	docker_output_release(p);
	if (p->over)
		remove_container(p);
	docker_hold_images(p, false);
	if (p->image_id != NULL)
		docker_images_drop(p->docker->images, p->image_id);
	loop_timer_free(p->timer);
	loop_timer_free(p->save);
	loop_timer_free(p->reopen);
	loop_timer_free(p->kill);
	rec_clear(&docker_config_type, &p->config);
	docker_image_release(&p->image);
	buf_release(&p->body);
	docker_inside_release(&p->inside);
	free(p->alloc_id);
	free(p->name);
	free(p->task);
	free(p->log_dir);
	free(p->pos_path);
	free(p->id);
	free(p->auth);
	free(p->allocs_dir);
	free(p->image_id);
	free(p->failed);
	free(p);
}

/* A pull, and a start that waits for the engine or for another attempt, can
 * be given up; a call to make or start a container ends soon by itself. */
static void
docker_abandon(struct taskproc *proc)
{
	struct docker_proc *p = (struct docker_proc *)proc;

	if (docker_is_starting(p) && p->call == NULL)
		abandon(p);
}

static pid_t
docker_pid(const struct taskproc *proc)
{
	return ((const struct docker_proc *)proc)->pid;
}

static void
docker_usage(const struct taskproc *proc, struct resource_usage *u)
{
	docker_cgroup_usage(docker_pid(proc), u);
}

static void
docker_fingerprint(const struct driver_host *host, struct node *node)
{
	const struct docker *d = host->docker;
	const struct docker_facts *f =
	    d->health != NULL ? docker_health_facts(d->health) : NULL;
	bool detected = f != NULL && f->detected;
	struct driver_info *info =
	    driver_report(node, "docker", detected, detected && f->up,
		detected && f->up ? "Healthy" : DOCKER_NO_ENGINE);

	if (!info->healthy)
		return;
	driver_attribute(node, info, "version", f->version);
	driver_attribute(node, info, "os_type", f->os_type);
	driver_attribute(node, info, "runtimes", f->runtimes);
	driver_attribute(node, info, "bridge_ip", f->bridge_ip);
	driver_attribute(node, info, "volumes.enabled",
	    d->options->volumes.enabled ? "true" : "");
	driver_attribute(node, info, "privileged.enabled",
	    d->options->allow_privileged ? "true" : "");
}

const struct driver driver_docker = {
	.name = "docker",
	.dirs = &docker_dirs,
	.fingerprint = docker_fingerprint,
	.check = docker_config_check,
	.start = docker_start,
	.recover = docker_recover,
	.signal = docker_signal,
	.abandon = docker_abandon,
	.release = docker_release,
	.pid = docker_pid,
	.usage = docker_usage,
};
