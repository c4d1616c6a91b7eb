#include "cmd/rove/children.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/rove/children_impl.h"
#include "common/buf.h"
#include "common/log.h"
#include "common/mem.h"

#define READY_FD 3 /* in the child */
#define MAX_ARGS 64

extern char **environ;

/* --- readiness --- */

static void
close_ready(struct child *c)
{
	if (c->ready_fd == -1)
		return;
	loop_fd_free(c->ready_watch);
	c->ready_watch = NULL;
	close(c->ready_fd);
	c->ready_fd = -1;
}

static void
on_ready_fd(void *arg, bool readable, bool writable)
{
	struct child *c = arg;
	struct children *cs = c->all;
	char byte;
	ssize_t n = read(c->ready_fd, &byte, 1);

	(void)readable;
	(void)writable;
	close_ready(c);
	if (n != 1 || c->ready)
		return;
	c->ready = true;
	if (!c->ever_ready)
		cs->nready++;
	c->ever_ready = true;
	if (cs->nready == cs->n && !cs->was_ready && !cs->stopping) {
		cs->was_ready = true;
		cs->on_ready(cs->ctx);
	}
}

/* --- starting --- */

static void child_start(struct child *c);
static void stop_next(struct children *cs);

/* A wrong config stays wrong; what a first start is refused for (a directory
 * in use, say) does not heal either. One that has served, or was killed, is
 * worth another try. */
static bool
is_hopeless(const struct child *c, int status)
{
	if (!WIFEXITED(status) || c->ever_ready)
		return false;
	return WEXITSTATUS(status) == 2 ||
	       (WEXITSTATUS(status) == 1 && !c->restarted);
}

/* Later each time, until it has run for a while. */
static void
start_later(struct child *c, int status)
{
	c->restarted = true;
	if (loop_now_ms(c->all->loop) - c->started_ms >= CHILD_STEADY_MS)
		c->backoff_ms = 0;
	c->backoff_ms = c->backoff_ms == 0 ? CHILD_MIN_BACKOFF_MS
			: c->backoff_ms * 2 > CHILD_MAX_BACKOFF_MS
			    ? CHILD_MAX_BACKOFF_MS
			    : c->backoff_ms * 2;
	if (WIFSIGNALED(status))
		log_error("%s was killed by signal %d, starts again in "
			  "%" PRIu64 " ms",
		    c->name, WTERMSIG(status), c->backoff_ms);
	else
		log_error("%s ended with status %d, starts again in "
			  "%" PRIu64 " ms",
		    c->name, WEXITSTATUS(status), c->backoff_ms);
	loop_timer_set(c->timer, c->backoff_ms);
}

static void
on_exit_status(void *arg, pid_t pid, int status)
{
	struct child *c = arg;
	struct children *cs = c->all;

	(void)pid;
	c->pid = 0;
	c->ready = false;
	loop_timer_cancel(c->timer);
	close_ready(c);
	while (c->log_fd != -1 && child_read_log(c))
		;
	child_close_log(c);
	if (cs->stopping) {
		/* Another than the one being stopped changes nothing. */
		if (cs->stop_at > 0 && cs->list[cs->stop_at - 1] == c)
			stop_next(cs);
		return;
	}
	if (is_hopeless(c, status))
		cs->on_failed(cs->ctx, c->name, WEXITSTATUS(status), c->said);
	else
		start_later(c, status);
}

static void
on_child_timer(void *arg)
{
	struct child *c = arg;

	if (c->pid == 0) {
		child_start(c);
		return;
	}
	log_warn("%s does not stop and is killed", c->name);
	kill(c->pid, SIGKILL);
}

static int
spawn(struct child *c, int log, int ready)
{
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	sigset_t none, dflt;
	int rv;

	sigemptyset(&none);
	sigemptyset(&dflt);
	sigaddset(&dflt, SIGPIPE);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &dflt);
	posix_spawnattr_setpgroup(&attr, 0);
	/* A group of its own: Ctrl-C is ours to pass on, in order. */
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK |
					    POSIX_SPAWN_SETSIGDEF |
					    POSIX_SPAWN_SETPGROUP);
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&fa, log, 1);
	posix_spawn_file_actions_adddup2(&fa, log, 2);
	posix_spawn_file_actions_adddup2(&fa, ready, READY_FD);
	rv = posix_spawn(&c->pid, c->argv[0], &fa, &attr, c->argv, environ);
	posix_spawn_file_actions_destroy(&fa);
	posix_spawnattr_destroy(&attr);
	return rv;
}

/* Pipe ends above what the child uses, so that no dup2 hits another. */
void
children_make_pipe(int fds[2])
{
	int low[2];

	if (pipe2(low, O_CLOEXEC) == -1)
		log_fatal("pipe: %s", strerror(errno));
	for (int i = 0; i < 2; i++) {
		fds[i] = fcntl(low[i], F_DUPFD_CLOEXEC, 10);
		if (fds[i] == -1)
			log_fatal("dup: %s", strerror(errno));
		close(low[i]);
	}
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
}

static void
child_start(struct child *c)
{
	struct loop *l = c->all->loop;
	int log[2], ready[2], rv;

	children_make_pipe(log);
	children_make_pipe(ready);
	rv = spawn(c, log[1], ready[1]);
	close(log[1]);
	close(ready[1]);
	if (rv != 0) {
		close(log[0]);
		close(ready[0]);
		c->pid = 0;
		log_error("%s: %s", c->argv[0], strerror(rv));
		c->all->on_failed(c->all->ctx, c->name, 127, strerror(rv));
		return;
	}
	c->started_ms = loop_now_ms(l);
	c->log_fd = log[0];
	c->ready_fd = ready[0];
	c->log_watch = loop_fd_new(l, c->log_fd, child_on_log, c);
	loop_fd_want(c->log_watch, true, false);
	c->ready_watch = loop_fd_new(l, c->ready_fd, on_ready_fd, c);
	loop_fd_want(c->ready_watch, true, false);
	loop_child_watch(l, c->pid, on_exit_status, c);
}

/* --- from outside --- */

struct children *
children_new(struct loop *l)
{
	struct children *cs = xcalloc(1, sizeof *cs);

	cs->loop = l;
	return cs;
}

void
children_add(
    struct children *cs, const char *name, char *const *argv, uint64_t stop_ms)
{
	struct child *c = xcalloc(1, sizeof *c);
	char fd[12];

	c->all = cs;
	c->name = xstrdup(name);
	c->stop_ms = stop_ms;
	c->log_fd = c->ready_fd = -1;
	c->timer = loop_timer_new(cs->loop, on_child_timer, c);
	c->argv = xcalloc(MAX_ARGS, sizeof *c->argv);
	while (argv[c->nargs] != NULL && c->nargs < MAX_ARGS - 3) {
		c->argv[c->nargs] = xstrdup(argv[c->nargs]);
		c->nargs++;
	}
	snprintf(fd, sizeof fd, "%d", READY_FD);
	c->argv[c->nargs++] = xstrdup("-R");
	c->argv[c->nargs++] = xstrdup(fd);
	cs->list = xreallocarray(cs->list, cs->n + 1, sizeof *cs->list);
	cs->list[cs->n++] = c;
}

void
children_start(struct children *cs, void (*on_ready)(void *ctx),
    children_failed_fn *on_failed, void *ctx)
{
	cs->on_ready = on_ready;
	cs->on_failed = on_failed;
	cs->ctx = ctx;
	for (size_t i = 0; i < cs->n && !cs->stopping; i++)
		child_start(cs->list[i]);
}

/* Stops the next one down that runs; when there is none, all are. */
static void
stop_next(struct children *cs)
{
	while (cs->stop_at > 0) {
		struct child *c = cs->list[cs->stop_at - 1];

		if (c->pid != 0) {
			kill(c->pid, cs->stop_signo);
			loop_timer_set(c->timer, c->stop_ms);
			return;
		}
		loop_timer_cancel(c->timer);
		cs->stop_at--;
	}
	cs->on_stopped(cs->stop_ctx);
}

void
children_stop(
    struct children *cs, int signo, void (*on_stopped)(void *ctx), void *ctx)
{
	if (cs->stopping) {
		children_signal(cs, SIGKILL);
		return;
	}
	cs->stopping = true;
	cs->stop_signo = signo;
	cs->on_stopped = on_stopped;
	cs->stop_ctx = ctx;
	cs->stop_at = cs->n;
	stop_next(cs);
}

void
children_signal(struct children *cs, int signo)
{
	for (size_t i = 0; i < cs->n; i++)
		if (cs->list[i]->pid != 0)
			kill(cs->list[i]->pid, signo);
}

void
children_free(struct children *cs)
{
	if (cs == NULL)
		return;
	children_return_stderr(cs);
	for (size_t i = 0; i < cs->n; i++) {
		struct child *c = cs->list[i];

		child_close_log(c);
		close_ready(c);
		loop_timer_free(c->timer);
		buf_release(&c->line);
		for (size_t k = 0; k < c->nargs; k++)
			free(c->argv[k]);
		free(c->argv);
		free(c->name);
		free(c);
	}
	free(cs->list);
	free(cs);
}
