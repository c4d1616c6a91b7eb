/*
 * shim DIR: keeps one task.
 *
 * Started by nodeagent, it outlives it: it owns the task's pipes, writes and
 * rotates its logs, reaps it, and records how it ended. proto/shim.h says
 * what stands in DIR and what is spoken. It holds no library but libc, so
 * that thousands of them cost little.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cmd/shim/logfile.h"
#include "common/buf.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "proto/shim.h"

#define MAX_CLIENTS     4
#define PIPE_CHUNK      65536
#define MAX_KILL_ROUNDS 1000
#define FIRST_FD        3 /* nodeagent's end of the first connection */

/* Meant for nodeagent or its terminal, not for us. The task starts with
 * their defaults. */
static const int shim_ignores[] = { SIGPIPE, SIGHUP, SIGINT, SIGTERM };

struct shim {
	struct shim_spec spec;
	struct shim_status status;
	int listen_fd, signal_fd;
	int clients[MAX_CLIENTS];
	int out[2]; /* read ends of the task's stdout and stderr; -1 closed */
	struct logfile logs[2];
	uint64_t kill_at_ms; /* monotonic; 0: no kill is due */
	bool done;
};

/* --- what is on disk --- */

static int
read_spec(struct shim *s, struct err *err)
{
	struct buf b = { 0 };
	struct stat st;
	int fd = open("spec", O_RDONLY | O_CLOEXEC);
	ssize_t n;
	int rv;

	if (fd == -1)
		return err_sys(err, "spec");
	if (fstat(fd, &st) == -1 || st.st_size > SHIM_MAX_SPEC) {
		close(fd);
		return err_set(err, ERR_BAD, "spec: too large");
	}
	n = read(fd, buf_reserve(&b, (size_t)st.st_size), (size_t)st.st_size);
	close(fd);
	if (n != st.st_size)
		return err_set(err, ERR_SYSTEM, "spec: short read");
	rv =
	    rec_unpack(&shim_spec_type, &s->spec, b.data, (size_t)n, NULL, err);
	buf_release(&b);
	if (rv == 0 && s->spec.nargv == 0)
		return err_set(err, ERR_BAD, "spec: no command");
	return rv;
}

/* Whole or not at all: a reader never sees half a status. */
static void
save_status(const struct shim *s)
{
	struct buf b = { 0 };
	int fd =
	    open("status.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	rec_pack(&shim_status_type, &s->status, &b);
	if (fd == -1 || write(fd, b.data, b.len) != (ssize_t)b.len ||
	    rename("status.new", "status") == -1)
		log_error("status not saved: %s", strerror(errno));
	if (fd != -1)
		close(fd);
	buf_release(&b);
}

/* --- talking --- */

static void
drop_client(struct shim *s, int i)
{
	close(s->clients[i]);
	s->clients[i] = -1;
}

static void
tell(struct shim *s, int i)
{
	struct buf b = { 0 };

	rec_pack(&shim_status_type, &s->status, &b);
	if (send(s->clients[i], b.data, b.len, MSG_NOSIGNAL | MSG_DONTWAIT) ==
	    -1)
		drop_client(s, i);
	buf_release(&b);
}

static void
tell_all(struct shim *s)
{
	for (int i = 0; i < MAX_CLIENTS; i++)
		if (s->clients[i] != -1)
			tell(s, i);
}

static void
add_client(struct shim *s, int fd)
{
	for (int i = 0; i < MAX_CLIENTS; i++)
		if (s->clients[i] == -1) {
			s->clients[i] = fd;
			return;
		}
	close(fd);
}

static int
listen_at(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(sun.sun_path, sizeof sun.sun_path, "%s", path);
	unlink(path);
	if (fd == -1 ||
	    bind(fd, (const struct sockaddr *)&sun, sizeof sun) == -1 ||
	    listen(fd, MAX_CLIENTS) == -1)
		log_fatal("%s: %s", path, strerror(errno));
	return fd;
}

/* --- the task --- */

static uint64_t
start_ticks(pid_t pid)
{
	char path[64], line[1024], *p;
	unsigned long long ticks = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	if ((f = fopen(path, "re")) == NULL)
		return 0;
	/* The name in parentheses may hold anything: count after the last. */
	if (fgets(line, sizeof line, f) != NULL &&
	    (p = strrchr(line, ')')) != NULL) {
		p++;
		for (int field = 3; field < 22 && p != NULL; field++)
			p = strchr(p + 1, ' ');
		if (p != NULL)
			ticks = strtoull(p, NULL, 10);
	}
	fclose(f);
	return ticks;
}

static void
write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd == -1)
		return;
	if (write(fd, text, strlen(text)) == -1)
		log_debug("%s: %s", path, strerror(errno));
	close(fd);
}

static int
become(const char *user)
{
	struct passwd *pw;

	if (user == NULL || *user == '\0')
		return 0;
	if ((pw = getpwnam(user)) == NULL) {
		errno = ENOENT;
		return -1;
	}
	if (pw->pw_uid == geteuid())
		return 0;
	return initgroups(user, pw->pw_gid) == -1 || setgid(pw->pw_gid) == -1 ||
		       setuid(pw->pw_uid) == -1
		   ? -1
		   : 0;
}

/* In the child: waits for the word to go, then becomes the task. Whatever
 * goes wrong is told as "what: errno" through `report`, which exec closes. */
static void __attribute__((noreturn))
run_task(const struct shim *s, int go, int report, int out, int error)
{
	char score[32], word;
	sigset_t none;
	const char *what = "exec";
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (read(go, &word, 1) != 1)
		_exit(127); /* the shim died before it could record us */
	setsid();
	for (size_t i = 0; i < sizeof shim_ignores / sizeof *shim_ignores; i++)
		signal(shim_ignores[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	snprintf(score, sizeof score, "%d", (int)s->spec.oom_score_adj);
	write_file("/proc/self/oom_score_adj", score);
	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(error, STDERR_FILENO);
	if (become(s->spec.user) == -1)
		what = "user";
	else if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1)
		what = "prctl"; /* a change of user has cleared it */
	else if (s->spec.cwd != NULL && chdir(s->spec.cwd) == -1)
		what = "chdir";
	else
		execvpe(s->spec.argv[0], s->spec.argv, s->spec.env);
	dprintf(report, "%s %s: %s", what,
	    strcmp(what, "exec") == 0   ? s->spec.argv[0]
	    : strcmp(what, "user") == 0 ? s->spec.user
					: s->spec.cwd,
	    strerror(errno));
	_exit(127);
}

/* argv and env as execve(2) wants them: with NULL at the end. */
static void
terminate_lists(struct shim_spec *spec)
{
	spec->argv =
	    xreallocarray(spec->argv, spec->nargv + 1, sizeof *spec->argv);
	spec->argv[spec->nargv] = NULL;
	spec->env = xreallocarray(spec->env, spec->nenv + 1, sizeof *spec->env);
	spec->env[spec->nenv] = NULL;
}

static void
record_end(struct shim *s, uint64_t state)
{
	s->status.state = state;
	s->status.finished_at = clock_wall_ns();
	save_status(s);
	s->done = true;
}

/*
 * The pid is on disk before the task runs, so that no nodeagent that comes
 * later can miss it.
 */
static void
start_task(struct shim *s)
{
	int out[2], error[2], go[2], report[2];
	char said[512];
	ssize_t n;
	pid_t pid;

	if (pipe2(out, O_CLOEXEC) == -1 || pipe2(error, O_CLOEXEC) == -1 ||
	    pipe2(go, O_CLOEXEC) == -1 || pipe2(report, O_CLOEXEC) == -1)
		log_fatal("pipe: %s", strerror(errno));
	if ((pid = fork()) == -1)
		log_fatal("fork: %s", strerror(errno));
	if (pid == 0) {
		close(go[1]);
		run_task(s, go[0], report[1], out[1], error[1]);
	}
	close(out[1]);
	close(error[1]);
	close(go[0]);
	close(report[1]);
	s->out[0] = out[0];
	s->out[1] = error[0];
	s->status.pid = pid;
	s->status.start_ticks = start_ticks(pid);
	s->status.started_at = clock_wall_ns();
	save_status(s);
	if (write(go[1], "g", 1) != 1)
		log_fatal("go: %s", strerror(errno));
	close(go[1]);
	n = read(report[0], said, sizeof said - 1);
	close(report[0]);
	if (n > 0) {
		said[n] = '\0';
		s->status.error = xstrdup(said);
		waitpid(pid, NULL, 0);
		record_end(s, SHIM_FAILED);
		return;
	}
	s->status.state = SHIM_RUNNING;
	save_status(s);
}

/* Kills what the task has started: its session, and (we are a subreaper)
 * what left the session and then lost its parent. */
static void
kill_all(struct shim *s)
{
	char path[64], list[4096], *p, *end;
	int fd;
	ssize_t n;

	kill(-(pid_t)s->status.pid, SIGKILL);
	snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return;
	n = read(fd, list, sizeof list - 1);
	close(fd);
	if (n <= 0)
		return;
	list[n] = '\0';
	for (p = list;; p = end) {
		long pid = strtol(p, &end, 10);

		if (end == p)
			break;
		kill((pid_t)pid, SIGKILL);
	}
}

/* Takes what is in a pipe; false when it is at its end. */
static bool
drain_pipe(struct shim *s, int i)
{
	static char chunk[PIPE_CHUNK];
	ssize_t n = read(s->out[i], chunk, sizeof chunk);

	if (n > 0) {
		if (!s->spec.log_disabled)
			logfile_write(&s->logs[i], chunk, (size_t)n);
		return true;
	}
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return true;
	close(s->out[i]);
	s->out[i] = -1;
	return false;
}

/* What the task wrote before it ended is still in the pipes. Others may
 * hold them open, so not until the end but until they are empty. */
static void
drain_rest(struct shim *s)
{
	for (int i = 0; i < 2; i++)
		while (s->out[i] != -1) {
			struct pollfd p = { .fd = s->out[i], .events = POLLIN };

			if (poll(&p, 1, 0) != 1 || !drain_pipe(s, i))
				break;
		}
}

/* Each round may orphan more, which then become our children. */
static void
kill_leftovers(struct shim *s)
{
	for (int i = 0; i < MAX_KILL_ROUNDS; i++) {
		struct timespec pause = { .tv_nsec = 1000000 };

		kill_all(s);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (errno == ECHILD)
			return;
		nanosleep(&pause, NULL);
	}
	log_warn("some children of the task cannot be killed");
}

static void
reap(struct shim *s)
{
	int status;
	pid_t pid;
	bool ended = false;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != s->status.pid)
			continue;
		ended = true;
		s->status.exit_code =
		    WIFEXITED(status) ? WEXITSTATUS(status) : 0;
		s->status.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	}
	if (!ended)
		return;
	kill_leftovers(s);
	drain_rest(s);
	record_end(s, SHIM_EXITED);
}

/* --- the loop --- */

static void
obey(struct shim *s, int i)
{
	char packet[SHIM_MAX_PACKET];
	struct shim_order order;
	ssize_t n = recv(s->clients[i], packet, sizeof packet, MSG_DONTWAIT);

	if (n <= 0) {
		if (n == 0 || errno != EAGAIN)
			drop_client(s, i);
		return;
	}
	if (rec_unpack(&shim_order_type, &order, packet, (size_t)n, NULL,
		NULL) == -1) {
		drop_client(s, i);
		return;
	}
	if (order.signal > 0 && order.signal < NSIG)
		kill((pid_t)s->status.pid, (int)order.signal);
	if (order.kill_after_ms > 0)
		s->kill_at_ms = clock_mono_ms() + order.kill_after_ms;
}

static int
time_left_ms(const struct shim *s)
{
	uint64_t now_ms;

	if (s->kill_at_ms == 0)
		return -1;
	now_ms = clock_mono_ms();
	return now_ms >= s->kill_at_ms ? 0 : (int)(s->kill_at_ms - now_ms);
}

static void
turn(struct shim *s)
{
	struct pollfd p[4 + MAX_CLIENTS];
	struct signalfd_siginfo info;
	int fd;

	p[0] = (struct pollfd){ .fd = s->out[0], .events = POLLIN };
	p[1] = (struct pollfd){ .fd = s->out[1], .events = POLLIN };
	p[2] = (struct pollfd){ .fd = s->signal_fd, .events = POLLIN };
	p[3] = (struct pollfd){ .fd = s->listen_fd, .events = POLLIN };
	for (int i = 0; i < MAX_CLIENTS; i++)
		p[4 + i] =
		    (struct pollfd){ .fd = s->clients[i], .events = POLLIN };
	if (poll(p, 4 + MAX_CLIENTS, time_left_ms(s)) == -1 && errno != EINTR)
		log_fatal("poll: %s", strerror(errno));
	for (int i = 0; i < 2; i++)
		if (p[i].revents != 0)
			drain_pipe(s, i);
	for (int i = 0; i < MAX_CLIENTS; i++)
		if (p[4 + i].revents != 0)
			obey(s, i);
	if (p[3].revents != 0 &&
	    (fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC)) != -1) {
		add_client(s, fd);
		tell_all(s);
	}
	if (s->kill_at_ms != 0 && time_left_ms(s) == 0) {
		s->kill_at_ms = 0;
		kill_all(s);
	}
	if (p[2].revents != 0) {
		while (read(s->signal_fd, &info, sizeof info) > 0)
			;
		reap(s);
	}
}

static void
prepare(struct shim *s, const char *dir)
{
	struct err err;
	sigset_t mask;

	if (chdir(dir) == -1)
		log_fatal("%s: %s", dir, strerror(errno));
	if (read_spec(s, &err) == -1)
		log_fatal("%s: %s", dir, err.text);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	write_file("/proc/self/oom_score_adj", "-900");
	for (size_t i = 0; i < sizeof shim_ignores / sizeof *shim_ignores; i++)
		signal(shim_ignores[i], SIG_IGN);
	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	s->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	s->listen_fd = listen_at("ctl");
	for (int i = 0; i < MAX_CLIENTS; i++)
		s->clients[i] = -1;
	if (fcntl(FIRST_FD, F_SETFD, FD_CLOEXEC) == 0)
		s->clients[0] = FIRST_FD;
	s->status.shim_pid = getpid();
	terminate_lists(&s->spec);
	if (s->spec.log_disabled)
		return;
	logfile_init(&s->logs[0], s->spec.stdout_log, s->spec.log_max_files,
	    s->spec.log_max_bytes);
	logfile_init(&s->logs[1], s->spec.stderr_log, s->spec.log_max_files,
	    s->spec.log_max_bytes);
}

int
main(int argc, char **argv)
{
	static struct shim s = { .out = { -1, -1 } };

	log_init("shim", LOG_INFO);
	if (argc != 2 || argv[1][0] == '-') {
		fprintf(stderr, "usage: shim DIR\n"
				"Keeps one task; started by nodeagent. "
				"See shim(8).\n");
		return argc == 2 && strcmp(argv[1], "-h") == 0 ? 0 : 2;
	}
	prepare(&s, argv[1]);
	start_task(&s);
	tell_all(&s);
	while (!s.done)
		turn(&s);
	unlink("ctl");
	tell_all(&s);
	return 0;
}
