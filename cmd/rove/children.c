#include "cmd/rove/children.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/log.h"
#include "common/mem.h"

#define READY_FD 3 /* in the child */
#define MAX_ARGS 64

extern char **environ;

struct child {
	struct children *all;
	char *name;
	char **argv;
	size_t nargs;
	uint64_t stop_ms;
	pid_t pid; /* 0: not running */
	uint64_t started_ms, backoff_ms;
	bool ready, ever_ready;
	int log_fd, ready_fd; /* -1: closed */
	struct loop_fd *log_watch, *ready_watch;
	struct buf line;
	struct loop_timer *timer; /* to start again, or to kill */
};

struct children {
	struct loop *loop;
	struct child **list;
	struct child *own; /* our own stderr; NULL: as it was */
	int old_stderr;
	size_t n, nready;
	bool stopping, was_ready;
	size_t stop_at; /* index of the child being stopped, plus one */
	uint64_t ndropped;
	void (*on_ready)(void *ctx);
	void (*on_failed)(void *ctx, const char *name, int status);
	void (*on_stopped)(void *ctx);
	void *ctx, *stop_ctx;
};

/* --- logs --- */

/* A pipe that polls writable takes PIPE_BUF bytes without blocking. */
static bool
can_write(void)
{
	struct pollfd p = { .fd = STDOUT_FILENO, .events = POLLOUT };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) != 0;
}

static void
print_line(struct children *cs, const char *indent, const char *s, size_t n)
{
	char out[CHILD_LINE_MAX + 128];
	int len = 0;

	if (!can_write()) {
		cs->ndropped++;
		return;
	}
	if (cs->ndropped > 0)
		len = snprintf(out, sizeof out,
		    "    [WARN] agent: log lines dropped n=%" PRIu64 "\n",
		    cs->ndropped);
	cs->ndropped = 0;
	len += snprintf(
	    out + len, sizeof out - (size_t)len, "%s%.*s\n", indent, (int)n, s);
	if (write(STDOUT_FILENO, out, (size_t)len) == -1)
		cs->ndropped++;
}

static void
print_lines(struct child *c, bool all)
{
	char *nl;

	while ((nl = memchr(buf_str(&c->line), '\n', c->line.len)) != NULL) {
		size_t n = (size_t)(nl - c->line.data);

		print_line(c->all, "    ", c->line.data, n);
		buf_drop(&c->line, n + 1);
	}
	if (c->line.len > 0 && (all || c->line.len >= CHILD_LINE_MAX)) {
		print_line(c->all, "    ", c->line.data, c->line.len);
		buf_reset(&c->line);
	}
}

static void
close_log(struct child *c)
{
	if (c->log_fd == -1)
		return;
	print_lines(c, true);
	loop_fd_free(c->log_watch);
	c->log_watch = NULL;
	close(c->log_fd);
	c->log_fd = -1;
}

/* True while there may be more. */
static bool
read_log(struct child *c)
{
	ssize_t n = read(
	    c->log_fd, buf_reserve(&c->line, CHILD_LINE_MAX), CHILD_LINE_MAX);

	if (n > 0) {
		c->line.len += (size_t)n;
		c->line.data[c->line.len] = '\0';
		print_lines(c, false);
		return true;
	}
	if (n == 0 || errno != EAGAIN)
		close_log(c);
	return false;
}

static void
on_log(void *arg, bool readable, bool writable)
{
	(void)readable;
	(void)writable;
	read_log(arg);
}

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

static void
on_exit_status(void *arg, pid_t pid, int status)
{
	struct child *c = arg;
	struct children *cs = c->all;
	uint64_t up_ms = loop_now_ms(cs->loop) - c->started_ms;

	(void)pid;
	c->pid = 0;
	c->ready = false;
	loop_timer_cancel(c->timer);
	close_ready(c);
	while (c->log_fd != -1 && read_log(c))
		;
	close_log(c);
	if (cs->stopping) {
		stop_next(cs);
		return;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 2 && !c->ever_ready) {
		cs->on_failed(cs->ctx, c->name, 2);
		return;
	}
	if (up_ms >= CHILD_STEADY_MS)
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
static void
make_pipe(int fds[2])
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

	make_pipe(log);
	make_pipe(ready);
	rv = spawn(c, log[1], ready[1]);
	close(log[1]);
	close(ready[1]);
	if (rv != 0) {
		close(log[0]);
		close(ready[0]);
		c->pid = 0;
		log_error("%s: %s", c->argv[0], strerror(rv));
		c->all->on_failed(c->all->ctx, c->name, 127);
		return;
	}
	c->started_ms = loop_now_ms(l);
	c->log_fd = log[0];
	c->ready_fd = ready[0];
	c->log_watch = loop_fd_new(l, c->log_fd, on_log, c);
	loop_fd_want(c->log_watch, true, false);
	c->ready_watch = loop_fd_new(l, c->ready_fd, on_ready_fd, c);
	loop_fd_want(c->ready_watch, true, false);
	loop_child_watch(l, c->pid, on_exit_status, c);
}

/* --- our own stderr --- */

/* A pipe to ourselves that is drained as a child's is. */
void
children_own_stderr(struct children *cs)
{
	struct child *c = xcalloc(1, sizeof *c);
	int fds[2];

	make_pipe(fds);
	fcntl(fds[1], F_SETFL, O_NONBLOCK);
	cs->old_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
	dup2(fds[1], STDERR_FILENO);
	close(fds[1]);
	c->all = cs;
	c->log_fd = fds[0];
	c->ready_fd = -1;
	c->log_watch = loop_fd_new(cs->loop, c->log_fd, on_log, c);
	loop_fd_want(c->log_watch, true, false);
	cs->own = c;
}

static void
return_stderr(struct children *cs)
{
	struct child *c = cs->own;

	if (c == NULL)
		return;
	while (c->log_fd != -1 && read_log(c))
		;
	dup2(cs->old_stderr, STDERR_FILENO);
	close(cs->old_stderr);
	close_log(c);
	buf_release(&c->line);
	free(c);
	cs->own = NULL;
}

void
children_say(struct children *cs, const char *line)
{
	while (cs->own != NULL && cs->own->log_fd != -1 && read_log(cs->own))
		;
	print_line(cs, "", line, strlen(line));
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
    void (*on_failed)(void *ctx, const char *name, int status), void *ctx)
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
			kill(c->pid, SIGTERM);
			loop_timer_set(c->timer, c->stop_ms);
			return;
		}
		loop_timer_cancel(c->timer);
		cs->stop_at--;
	}
	cs->on_stopped(cs->stop_ctx);
}

void
children_stop(struct children *cs, void (*on_stopped)(void *ctx), void *ctx)
{
	if (cs->stopping) {
		children_signal(cs, SIGKILL);
		return;
	}
	cs->stopping = true;
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
	return_stderr(cs);
	for (size_t i = 0; i < cs->n; i++) {
		struct child *c = cs->list[i];

		close_log(c);
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
