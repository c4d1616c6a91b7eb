/* The task: begun, its output taken, ended with all it started. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cmd/shim/shim.h"
#include "common/buf.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/log.h"
#include "common/logfile.h"
#include "common/mem.h"
#include "proto/shim.h"

#define PIPE_CHUNK      65536
#define MAX_KILL_ROUNDS 1000
#define SAVE_RETRY_MS   1000

void
shim_signals(void (*how)(int))
{
	static const int ours[] = { SIGPIPE, SIGHUP, SIGINT, SIGTERM };

	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		signal(ours[i], how);
}

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
 * goes wrong is told as "what which: errno" through `report`, which exec
 * closes. */
static void __attribute__((noreturn))
run_task(const struct shim *s, int go, int report, int out, int error)
{
	char score[32], word;
	sigset_t none;
	const char *what, *which = "";
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (read(go, &word, 1) != 1)
		_exit(127); /* the shim died before it could record us */
	setsid();
	shim_signals(SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	snprintf(score, sizeof score, "%d", (int)s->spec.oom_score_adj);
	shim_write_file("/proc/self/oom_score_adj", score);
	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(error, STDERR_FILENO);
	if (become(s->spec.user) == -1) {
		what = "user";
		which = s->spec.user;
	} else if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1) {
		what = "prctl"; /* a change of user has cleared it */
		which = "PR_SET_PDEATHSIG";
	} else if (s->spec.cwd != NULL && chdir(s->spec.cwd) == -1) {
		what = "chdir";
		which = s->spec.cwd;
	} else {
		/* All of ours is closed on exec one by one; this is for what a
		 * library or whoever started us may have left open. */
		close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
		what = "exec";
		which = s->spec.argv[0];
		execvpe(which, s->spec.argv, s->spec.env);
	}
	dprintf(report, "%s %s: %s", what, which, strerror(errno));
	_exit(127);
}

/* Our directory was taken away: nobody will ever look for an end there. */
static bool
is_forgotten(void)
{
	struct stat st;

	return stat(".", &st) == 0 && st.st_nlink == 0;
}

void
shim_save_end(struct shim *s)
{
	struct err err;

	if (shim_save_status(s, &err) == 0 || is_forgotten()) {
		s->done = true;
		return;
	}
	if (s->save_at_ms == 0)
		log_error("the end is not recorded yet: %s", err.text);
	s->save_at_ms = clock_mono_ms() + SAVE_RETRY_MS;
}

static void
record_end(struct shim *s, uint64_t state)
{
	s->status.state = state;
	s->status.finished_at = clock_wall_ns();
	shim_save_end(s);
	if (!s->done)
		shim_tell_all(s); /* who hears it may record it for us */
}

static void
fail_start(struct shim *s, const char *why)
{
	s->status.error = xstrdup(why);
	waitpid((pid_t)s->status.pid, NULL, 0);
	record_end(s, SHIM_FAILED);
}

/* The pipes of a task; the child's ends are closed here once it has them. */
struct task_pipes {
	int out[2], error[2];
	int go[2];     /* closed without a word: it must not begin */
	int report[2]; /* closed without a word: it has begun */
};

static pid_t
fork_task(struct shim *s, struct task_pipes *p)
{
	pid_t pid;

	if (pipe2(p->out, O_CLOEXEC) == -1 ||
	    pipe2(p->error, O_CLOEXEC) == -1 || pipe2(p->go, O_CLOEXEC) == -1 ||
	    pipe2(p->report, O_CLOEXEC) == -1)
		log_fatal("pipe: %s", strerror(errno));
	if ((pid = fork()) == -1)
		log_fatal("fork: %s", strerror(errno));
	if (pid == 0) {
		close(p->go[1]);
		run_task(s, p->go[0], p->report[1], p->out[1], p->error[1]);
	}
	close(p->out[1]);
	close(p->error[1]);
	close(p->go[0]);
	close(p->report[1]);
	return pid;
}

void
shim_start_task(struct shim *s)
{
	struct task_pipes p;
	char said[512];
	struct err err;
	ssize_t n;
	bool recorded;

	s->status.pid = fork_task(s, &p);
	s->out[0] = p.out[0];
	s->out[1] = p.error[0];
	s->status.start_ticks = start_ticks((pid_t)s->status.pid);
	s->status.started_at = clock_wall_ns();
	recorded = shim_save_status(s, &err) == 0;
	if (recorded && write(p.go[1], "g", 1) != 1)
		log_fatal("go: %s", strerror(errno));
	close(p.go[1]);
	n = read(p.report[0], said, sizeof said - 1);
	close(p.report[0]);
	said[n > 0 ? n : 0] = '\0';
	if (!recorded || n > 0) {
		fail_start(s, recorded ? said : err.text);
		return;
	}
	s->status.state = SHIM_RUNNING;
	if (shim_save_status(s, &err) == -1) /* its pid is there: enough */
		log_warn("%s", err.text);
}

/* Kills what the task has started: its session, and (we are a subreaper)
 * what left the session and then lost its parent. */
void
shim_kill_all(struct shim *s)
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
bool
shim_drain_pipe(struct shim *s, int i)
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

			if (poll(&p, 1, 0) != 1 || !shim_drain_pipe(s, i))
				break;
		}
}

/* Each round may orphan more, which then become our children. */
static void
kill_leftovers(struct shim *s)
{
	for (int i = 0; i < MAX_KILL_ROUNDS; i++) {
		struct timespec pause = { .tv_nsec = 1000000 };

		shim_kill_all(s);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (errno == ECHILD)
			return;
		nanosleep(&pause, NULL);
	}
	log_warn("some children of the task cannot be killed");
}

void
shim_reap(struct shim *s)
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
