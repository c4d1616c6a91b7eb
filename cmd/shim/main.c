/*
 * shim DIR: keeps one task.
 *
 * Started by nodeagent, it outlives it: it owns the task's pipes, writes and
 * rotates its logs, reaps it, and records how it ended. proto/shim.h says
 * what stands in DIR and what is spoken. Of libraries it holds libc and, for
 * the records, yajl: thousands of shims must cost little.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/shim/shim.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/log.h"
#include "common/logfile.h"
#include "common/mem.h"
#include "proto/shim.h"

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

/* How long poll() may wait for that time; one that is far away takes several
 * waits. 0: never. */
static int
time_left_ms(uint64_t at_ms)
{
	uint64_t now_ms, left_ms;

	if (at_ms == 0)
		return -1;
	now_ms = clock_mono_ms();
	left_ms = at_ms > now_ms ? at_ms - now_ms : 0;
	return left_ms > INT_MAX ? INT_MAX : (int)left_ms;
}

/* One kill or one save may be due: a kill is for what runs, a save for what
 * has ended. */
static uint64_t
due_ms(const struct shim *s)
{
	return s->save_at_ms != 0 ? s->save_at_ms : s->kill_at_ms;
}

static void
act_in_time(struct shim *s)
{
	if (s->done || time_left_ms(due_ms(s)) != 0)
		return;
	if (s->save_at_ms != 0) {
		shim_save_end(s);
	} else {
		s->kill_at_ms = 0;
		shim_kill_all(s);
	}
}

static void
turn(struct shim *s)
{
	struct pollfd p[4 + SHIM_MAX_CLIENTS];
	struct signalfd_siginfo info;
	int fd;

	p[0] = (struct pollfd){ .fd = s->out[0], .events = POLLIN };
	p[1] = (struct pollfd){ .fd = s->out[1], .events = POLLIN };
	p[2] = (struct pollfd){ .fd = s->signal_fd, .events = POLLIN };
	p[3] = (struct pollfd){ .fd = s->listen_fd, .events = POLLIN };
	for (int i = 0; i < SHIM_MAX_CLIENTS; i++)
		p[4 + i] =
		    (struct pollfd){ .fd = s->clients[i], .events = POLLIN };
	if (poll(p, 4 + SHIM_MAX_CLIENTS, time_left_ms(due_ms(s))) == -1 &&
	    errno != EINTR)
		log_fatal("poll: %s", strerror(errno));
	for (int i = 0; i < 2; i++)
		if (p[i].revents != 0)
			shim_drain_pipe(s, i);
	for (int i = 0; i < SHIM_MAX_CLIENTS; i++)
		if (p[4 + i].revents != 0)
			shim_obey(s, i);
	if (p[3].revents != 0 &&
	    (fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC)) != -1) {
		shim_add_client(s, fd);
		shim_tell_all(s);
	}
	act_in_time(s);
	if (p[2].revents != 0) {
		while (read(s->signal_fd, &info, sizeof info) > 0)
			;
		shim_reap(s);
	}
}

static void
prepare(struct shim *s, const char *dir)
{
	struct err err;
	sigset_t mask;

	if (chdir(dir) == -1)
		log_fatal("%s: %s", dir, strerror(errno));
	if (shim_read_spec(s, &err) == -1)
		log_fatal("%s: %s", dir, err.text);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	shim_write_file("/proc/self/oom_score_adj", "-900");
	shim_signals(SIG_IGN);
	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	s->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	s->listen_fd = shim_listen("ctl");
	for (int i = 0; i < SHIM_MAX_CLIENTS; i++)
		s->clients[i] = -1;
	if (fcntl(SHIM_FIRST_FD, F_SETFD, FD_CLOEXEC) == 0)
		s->clients[0] = SHIM_FIRST_FD;
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
	shim_start_task(&s);
	shim_tell_all(&s);
	while (!s.done)
		turn(&s);
	unlink("ctl");
	shim_tell_all(&s);
	return 0;
}
