/*
 * From a task to a container that runs.
 *
 * An image that need not be fetched is not asked for either: the engine says
 * so itself when it has none. Nor is a leftover container of the same name
 * looked for: it stands in the way, or it does not. So an ordinary start is
 * two calls, as it is by hand.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/nodeagent/allocdir.h"
#include "cmd/nodeagent/driver_docker_impl.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"

#define FIRST_RETRY_MS 200 /* four times as long after each failure ... */
#define MAX_RETRY_MS   30000

static docker_step step_create, step_remove;

/* ".../ALLOC/alloc" without the last two; caller frees. */
static char *
parent_of_alloc(const char *alloc_dir)
{
	size_t n = strlen(alloc_dir);

	for (int i = 0; i < 2; i++) {
		while (n > 0 && alloc_dir[n - 1] != '/')
			n--;
		while (n > 0 && alloc_dir[n - 1] == '/')
			n--;
	}
	return xstrndup(alloc_dir, n);
}

int
docker_prepare(
    struct docker_proc *p, const struct driver_task *t, struct err *err)
{
	struct docker_create create = { .config = &p->config,
		.options = p->docker->options,
		.task = t,
		.inside = &p->inside };

	if (docker_config_read(&p->config, t->task->config, t->env, err) ==
		-1 ||
	    docker_image_parse(&p->image, p->config.image, err) == -1)
		return -1;
	create.image = p->image.ref;
	if (p->config.load != NULL && *p->config.load != '\0')
		p->allocs_dir = parent_of_alloc(t->alloc_dir);
	return docker_create_body(&create, &p->body, err);
}

/* --- the image --- */

static void
fail_with(
    struct docker_proc *p, const char *what, const char *why, bool recoverable)
{
	char text[1400];

	snprintf(text, sizeof text, "%s: %s", what, why);
	docker_fail(p, text, !recoverable);
}

static void
note(struct docker_proc *p, const char *text)
{
	struct proc_event e = { .kind = PROC_NOTE, .why = text };

	docker_tell(p, &e);
}

/* The image is there, or why is not NULL. */
static void
end_fetch(struct docker_proc *p, const char *why, bool gone)
{
	struct docker_reply r = { .status = gone ? 0 : 200,
		.code = gone ? ERR_GONE : ERR_NONE };

	if (docker_stalls(p, &r))
		return;
	if (why != NULL) {
		docker_fail(p, why, !docker_pull_is_recoverable(why));
		return;
	}
	p->pulled = true;
	docker_go(p, step_create);
}

static void
on_pulled(void *ctx, const char *why, bool gone)
{
	struct docker_proc *p = ctx;

	p->pull = NULL;
	end_fetch(p, why, gone);
}

static void
on_progress(void *ctx, const char *text)
{
	note(ctx, text);
}

static void
step_pull(struct docker_proc *p)
{
	static const struct docker_pull_ops ops = { on_pulled, on_progress };
	struct buf target = { 0 };
	struct docker_pull_wish wish = { .image = p->config.image,
		.timeout_ms =
		    (uint64_t)(docker_config_pull_timeout(&p->config) /
			       CLOCK_NS_PER_MS),
		.activity_ms =
		    (uint64_t)(p->docker->options->pull_activity_timeout /
			       CLOCK_NS_PER_MS) };

	docker_image_pull_target(&p->image, &target);
	wish.target = target.data;
	wish.auth = p->auth;
	p->pull = docker_pull_join(p->docker->pulls, &wish, &ops, p);
	buf_release(&target);
}

static void
on_login(void *ctx, const char *header, const char *why)
{
	struct docker_proc *p = ctx;

	p->login = NULL;
	if (why != NULL && !p->config.auth_soft_fail) {
		fail_with(p, "Failed to find docker auth", why, true);
		return;
	}
	if (why != NULL)
		log_warn("docker: no auth for %s: %s", p->config.image, why);
	free(p->auth);
	p->auth = header != NULL ? xstrdup(header) : NULL;
	docker_go(p, step_pull);
}

static void
on_loaded(void *ctx, const char *why, bool gone)
{
	struct docker_proc *p = ctx;

	char text[1200];

	snprintf(text, sizeof text, "Failed to load image: %s",
	    why != NULL ? why : "");
	p->load = NULL;
	end_fetch(p, why != NULL ? text : NULL, gone);
}

/* A regular file below the task's own directory, by whatever links inside. */
static int
open_archive(const struct docker_proc *p, struct err *err)
{
	char *path = xasprintf("/%s/local/%s", p->task, p->config.load);
	struct stat st;
	int fd = allocdir_open(p->allocs_dir, p->alloc_id, path,
	    O_RDONLY | O_NONBLOCK | O_CLOEXEC, err);

	if (fd != -1 && (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))) {
		close(fd);
		fd = err_set(err, ERR_BAD, "%s: not a regular file", path);
	}
	free(path);
	return fd;
}

static void
begin_load(struct docker_proc *p)
{
	struct err err;
	int fd = open_archive(p, &err);

	if (fd == -1)
		fail_with(p, "unable to open image archive", err.text, true);
	else
		p->load = docker_load_new(p->docker->engine, fd, on_loaded, p);
}

static void
begin_pull(struct docker_proc *p)
{
	if (p->allocs_dir != NULL) {
		begin_load(p);
		return;
	}
	note(p, "Downloading image");
	p->login = docker_login_new(p->docker->loop, &p->config,
	    p->docker->options, &p->image, on_login, p);
}

/* The first step, which may be taken within start(): nothing is told yet. */
void
docker_step_image(struct docker_proc *p)
{
	bool always =
	    docker_image_always_pulled(&p->image, p->config.force_pull);

	if (always)
		docker_go_later(p, begin_pull, 0);
	else
		step_create(p);
}

/* --- the container --- */

static uint64_t
retry_ms(uint64_t nfailures)
{
	uint64_t ms = FIRST_RETRY_MS;

	while (nfailures-- > 1 && ms < MAX_RETRY_MS)
		ms *= 4;
	return ms < MAX_RETRY_MS ? ms : MAX_RETRY_MS;
}

/* What another start may find otherwise: no answer, a name that is not free
 * yet, and whatever the engine failed at by itself. */
static bool
may_pass(const struct docker_reply *r)
{
	return r->status == 0 || r->status == 404 || r->status == 409 ||
	       r->status >= 500;
}

/* The engine failed by itself: again a few times, as it may be busy. */
static bool
tries_again(
    struct docker_proc *p, const struct docker_reply *r, docker_step *step)
{
	if (r->status < 500 || ++p->ntries >= DOCKER_MAX_TRIES) {
		p->ntries = 0;
		return false;
	}
	docker_go_later(p, step, retry_ms(p->ntries));
	return true;
}

static void
on_removed(void *ctx, const struct docker_reply *r)
{
	struct docker_proc *p = ctx;

	p->call = NULL;
	if (docker_stalls(p, r))
		return;
	if (r->why != NULL && r->status != 404 && r->status != 409)
		fail_with(
		    p, "Failed to remove leftover container", r->why, true);
	else if (r->status != 409 && p->nconflicts == 1)
		docker_go(p, step_create);
	else /* it is being removed already, which takes its time */
		docker_go_later(
		    p, step_create, retry_ms((uint64_t)p->nconflicts));
}

static void
step_remove(struct docker_proc *p)
{
	char *path = xasprintf("/containers/%s?force=1&v=1", p->name);

	p->call = docker_proc_ask(
	    p, "DELETE", path, NULL, DOCKER_REMOVE_MS, on_removed);
	free(path);
}

static void
take_id(struct docker_proc *p, const struct docker_reply *r)
{
	struct docker_id made;
	struct err err;

	if (rec_from_json(&docker_id_type, &made, r->body, r->len, &err) ==
	    -1) {
		fail_with(p, "Failed to create container", err.text, true);
		return;
	}
	free(p->id);
	p->id = made.id != NULL ? xstrdup(made.id) : xstrdup(p->name);
	rec_clear(&docker_id_type, &made);
	p->ntries = 0;
	docker_go(p, docker_step_attach);
}

static void
on_created(void *ctx, const struct docker_reply *r)
{
	struct docker_proc *p = ctx;
	int64_t attempts = p->config.container_exists_attempts > 0
			       ? p->config.container_exists_attempts
			       : p->docker->options->container_exists_attempts;

	p->call = NULL;
	if (docker_stalls(p, r))
		return;
	if (r->why == NULL)
		take_id(p, r);
	else if (r->status == 404 && !p->pulled)
		begin_pull(p);
	else if (r->status == 409 && p->nconflicts++ < attempts)
		docker_go(p, step_remove);
	else if (!tries_again(p, r, step_create))
		fail_with(p, "Failed to create container", r->why, may_pass(r));
}

/* A pull of minutes lies between the first look at the mounts and this one. */
static bool
mounts_lead_out(struct docker_proc *p)
{
	struct err err;

	if (docker_inside_check(&p->inside, &err) == 0)
		return false;
	docker_fail_later(p, err.text, true);
	return true;
}

static void
step_create(struct docker_proc *p)
{
	char *path;

	if (mounts_lead_out(p))
		return;
	path = xasprintf("/containers/create?name=%s", p->name);
	p->call = docker_proc_ask(
	    p, "POST", path, buf_str(&p->body), DOCKER_CREATE_MS, on_created);
	free(path);
}

static void
on_started(void *ctx, const struct docker_reply *r)
{
	struct docker_proc *p = ctx;
	struct proc_event e = { .kind = PROC_STARTED };
	char what[160];

	p->call = NULL;
	if (docker_stalls(p, r))
		return;
	if (r->why != NULL) {
		if (tries_again(p, r, docker_step_start))
			return;
		snprintf(what, sizeof what, "Failed to start container %.64s",
		    p->id);
		fail_with(p, what, r->why, may_pass(r));
		return;
	}
	p->running = true;
	p->was_away = false;
	buf_release(&p->body);
	docker_inside_release(&p->inside);
	docker_watch(p);
	docker_tell(p, &e);
}

void
docker_step_start(struct docker_proc *p)
{
	char *path;

	if (mounts_lead_out(p))
		return;
	path = xasprintf("/containers/%s/start", p->id);
	p->call =
	    docker_proc_ask(p, "POST", path, NULL, DOCKER_START_MS, on_started);
	free(path);
}
