/*
 * raw_exec: a program, as it is, without isolation. Each task is kept by a
 * shim (cmd/shim), which outlives nodeagent; proto/shim.h has what they say.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cmd/nodeagent/driver.h"
#include "cmd/nodeagent/raw_spec.h"
#include "common/log.h"
#include "common/mem.h"
#include "proto/shim.h"

struct raw_proc {
	struct taskproc proc;
	struct loop *loop;
	char *dir; /* the shim's */
	int fd;    /* to the shim; -1 when there is none */
	struct loop_fd *watch;
	struct loop_timer *soon; /* tells what start() and recover() found */
	struct shim_status status;
	pid_t shim; /* our child; 0 when recovered */
	bool recovering;
	bool told_up, over;
	char *failed; /* why it could not be started */
};

/* --- events --- */

static void
tell(struct raw_proc *p, const struct proc_event *e)
{
	if (p->over)
		return;
	p->over = e->kind != PROC_STARTED && e->kind != PROC_FOUND;
	p->proc.on_event(p->proc.ctx, &p->proc, e);
}

static void
tell_status(struct raw_proc *p)
{
	const struct shim_status *s = &p->status;
	struct proc_event e = { 0 };

	switch ((enum shim_state)s->state) {
	case SHIM_STARTING:
		return;
	case SHIM_RUNNING:
		if (p->told_up)
			return;
		p->told_up = true;
		e.kind = p->recovering ? PROC_FOUND : PROC_STARTED;
		break;
	case SHIM_EXITED:
		e.kind = PROC_ENDED;
		/* Of one that a signal ended, as a shell tells it. */
		e.end = (struct task_end){ .exit_code = s->signal != 0
							    ? 128 + s->signal
							    : s->exit_code,
			.signal = s->signal,
			.oom = s->oom,
			.finished_at_ns = s->finished_at };
		break;
	case SHIM_FAILED:
		e.kind = PROC_FAILED;
		e.why = s->error != NULL ? s->error : "unknown";
		break;
	}
	tell(p, &e);
}

static void
take_status(struct raw_proc *p, const char *bytes, size_t n)
{
	struct shim_status s;
	struct err err;

	if (rec_unpack(&shim_status_type, &s, bytes, n, NULL, &err) == -1) {
		log_warn("shim status dir=%s: %s", p->dir, err.text);
		return;
	}
	rec_clear(&shim_status_type, &p->status);
	p->status = s;
}

/* What the shim left on disk; false when there is nothing. */
static bool
read_status(struct raw_proc *p)
{
	char bytes[SHIM_MAX_PACKET];
	char *path = xasprintf("%s/status", p->dir);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd != -1 ? read(fd, bytes, sizeof bytes) : -1;

	free(path);
	if (fd != -1)
		close(fd);
	if (n <= 0)
		return false;
	take_status(p, bytes, (size_t)n);
	return true;
}

/* The shim is gone: with a last word on disk, or without. */
static void
on_shim_gone(struct raw_proc *p)
{
	struct proc_event lost = { .kind = PROC_VANISHED };

	loop_fd_free(p->watch);
	p->watch = NULL;
	close(p->fd);
	p->fd = -1;
	read_status(p);
	if (p->status.state == SHIM_EXITED || p->status.state == SHIM_FAILED)
		tell_status(p);
	else
		tell(p, &lost);
}

static void
on_packet(void *arg, bool readable, bool writable)
{
	struct raw_proc *p = arg;
	char bytes[SHIM_MAX_PACKET];
	ssize_t n = recv(p->fd, bytes, sizeof bytes, MSG_DONTWAIT);

	(void)readable;
	(void)writable;
	if (n > 0) {
		take_status(p, bytes, (size_t)n);
		tell_status(p);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		on_shim_gone(p);
	}
}

static void
listen_to(struct raw_proc *p, int fd)
{
	p->fd = fd;
	p->watch = loop_fd_new(p->loop, fd, on_packet, p);
	loop_fd_want(p->watch, true, false);
}

static void
on_soon(void *arg)
{
	struct raw_proc *p = arg;
	struct proc_event e = { .kind = PROC_VANISHED };

	if (p->failed != NULL) {
		e.kind = PROC_FAILED;
		e.why = p->failed;
		tell(p, &e);
	} else if (p->status.state == SHIM_EXITED ||
		   p->status.state == SHIM_FAILED) {
		tell_status(p);
	} else if (p->fd == -1) {
		tell(p, &e);
	}
}

/* --- starting --- */

static char *
shim_dir(const struct driver_host *host, const struct driver_task *t)
{
	return xasprintf("%s/%s.%s.%" PRIu64, host->shim_dir, t->alloc_id,
	    t->task->name, t->life);
}

static struct raw_proc *
proc_new(const struct driver_host *host, const struct driver_task *t,
    proc_event_fn *fn, void *ctx)
{
	struct raw_proc *p = xcalloc(1, sizeof *p);

	p->proc = (struct taskproc){
		.driver = &driver_raw_exec, .on_event = fn, .ctx = ctx
	};
	p->loop = host->loop;
	p->fd = -1;
	p->dir = shim_dir(host, t);
	p->soon = loop_timer_new(host->loop, on_soon, p);
	return p;
}

static void
on_shim_reaped(void *arg, pid_t pid, int status)
{
	(void)arg;
	(void)pid;
	(void)status; /* its socket tells us what matters */
}

/* Starts the shim as the leader of a session of its own, with one end of
 * the pair as descriptor 3, its log in its directory, and no descriptor of
 * ours beyond these, whoever opened it. */
static int
spawn_shim(const struct driver_host *host, struct raw_proc *p, int theirs,
    struct err *err)
{
	char *argv[] = { xstrdup("shim"), p->dir, NULL };
	char *env[] = { NULL };
	char *log = xasprintf("%s/log", p->dir);
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	sigset_t none;
	int rv;

	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(
	    &attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&fa, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(
	    &fa, 2, log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	posix_spawn_file_actions_adddup2(&fa, theirs, SHIM_FIRST_FD);
	posix_spawn_file_actions_addclosefrom_np(&fa, SHIM_FIRST_FD + 1);
	rv = posix_spawn(&p->shim, host->shim_path, &fa, &attr, argv, env);
	posix_spawn_file_actions_destroy(&fa);
	posix_spawnattr_destroy(&attr);
	free(argv[0]);
	free(log);
	if (rv != 0)
		return err_set(
		    err, ERR_SYSTEM, "%s: %s", host->shim_path, strerror(rv));
	loop_child_watch(host->loop, p->shim, on_shim_reaped, NULL);
	return 0;
}

static int
launch(const struct driver_host *host, struct raw_proc *p,
    const struct driver_task *t, struct err *err)
{
	struct shim_spec spec;
	int pair[2], rv;

	if (mkdir(p->dir, 0700) == -1 && errno != EEXIST)
		return err_sys(err, "%s", p->dir);
	raw_spec_make(t, &spec);
	rv = raw_spec_write(p->dir, &spec, err);
	rec_clear(&shim_spec_type, &spec);
	if (rv == -1)
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1)
		return err_sys(err, "socketpair");
	rv = spawn_shim(host, p, pair[1], err);
	close(pair[1]);
	if (rv == -1)
		close(pair[0]);
	else
		listen_to(p, pair[0]);
	return rv;
}

static struct taskproc *
raw_start(const struct driver_host *host, const struct driver_task *t,
    proc_event_fn *fn, void *ctx)
{
	struct raw_proc *p = proc_new(host, t, fn, ctx);
	struct err err;

	if (!host->raw_exec)
		p->failed = xstrdup("driver raw_exec is not enabled");
	else if (driver_raw_exec.check(t->task->config, &err) == -1 ||
		 launch(host, p, t, &err) == -1)
		p->failed = xstrdup(err.text);
	if (p->failed != NULL)
		loop_timer_set(p->soon, 0);
	return &p->proc;
}

/* --- recovering --- */

/* sun_path is short, so the way goes through a descriptor. */
static int
connect_shim(const char *dir)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int dirfd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = -1;

	if (dirfd == -1)
		return -1;
	snprintf(
	    sun.sun_path, sizeof sun.sun_path, "/proc/self/fd/%d/ctl", dirfd);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd != -1 &&
	    connect(fd, (const struct sockaddr *)&sun, sizeof sun) == -1) {
		close(fd);
		fd = -1;
	}
	close(dirfd);
	return fd;
}

static struct taskproc *
raw_recover(const struct driver_host *host, const struct driver_task *t,
    proc_event_fn *fn, void *ctx)
{
	struct raw_proc *p = proc_new(host, t, fn, ctx);
	int fd = connect_shim(p->dir);

	p->recovering = true;
	if (fd != -1)
		listen_to(p, fd);
	read_status(p);
	loop_timer_set(p->soon, 0);
	return &p->proc;
}

/* --- the rest --- */

static void
give_order(struct raw_proc *p, const struct shim_order *order)
{
	struct buf b = { 0 };

	rec_pack(&shim_order_type, order, &b);
	if (send(p->fd, b.data, b.len, MSG_NOSIGNAL | MSG_DONTWAIT) == -1 &&
	    !p->over)
		log_warn(
		    "shim not reached dir=%s: %s", p->dir, strerror(errno));
	buf_release(&b);
}

static void
raw_signal(struct taskproc *proc, int signal, uint64_t kill_after_ms)
{
	struct raw_proc *p = (struct raw_proc *)proc;
	struct shim_order order = { .signal = signal != 0 ? signal : SIGINT,
		.kill_after_ms = kill_after_ms };

	if (p->fd != -1)
		give_order(p, &order);
}

static void
remove_dir(const char *dir)
{
	static const char *const names[] = { "spec", "status", "status.new",
		"ctl", "log" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		char *path = xasprintf("%s/%s", dir, names[i]);

		unlink(path);
		free(path);
	}
	rmdir(dir);
}

static void
raw_release(struct taskproc *proc)
{
	static const struct shim_order taken = { .end_taken = true };
	struct raw_proc *p = (struct raw_proc *)proc;

	if (p->over && p->fd != -1)
		give_order(p, &taken); /* it may wait for room to record it */
	loop_fd_free(p->watch);
	if (p->fd != -1)
		close(p->fd);
	if (p->over)
		remove_dir(p->dir);
	loop_timer_free(p->soon);
	rec_clear(&shim_status_type, &p->status);
	free(p->failed);
	free(p->dir);
	free(p);
}

static pid_t
raw_pid(const struct taskproc *proc)
{
	const struct raw_proc *p = (const struct raw_proc *)proc;

	return (pid_t)p->status.pid;
}

static void
raw_fingerprint(const struct driver_host *host, struct node *node)
{
	driver_report(node, "raw_exec", host->raw_exec, host->raw_exec,
	    host->raw_exec ? "Healthy" : "disabled");
}

const struct driver driver_raw_exec = {
	.name = "raw_exec",
	.fingerprint = raw_fingerprint,
	.check = raw_spec_check,
	.start = raw_start,
	.recover = raw_recover,
	.signal = raw_signal,
	.release = raw_release,
	.pid = raw_pid,
};
