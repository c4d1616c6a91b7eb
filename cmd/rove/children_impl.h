/*
 * Inside children.c, which keeps children running, and child_log.c, which
 * prints what they say.
 */
#ifndef ROVE_CHILDREN_IMPL_H
#define ROVE_CHILDREN_IMPL_H

#include "cmd/rove/children.h"
#include "common/buf.h"

#define CHILD_SAID_MAX 512

struct child {
	struct children *all;
	char *name;
	char **argv;
	size_t nargs;
	uint64_t stop_ms;
	pid_t pid; /* 0: not running */
	uint64_t started_ms, backoff_ms;
	bool ready, ever_ready, restarted;
	int log_fd, ready_fd; /* -1: closed */
	struct loop_fd *log_watch, *ready_watch;
	struct buf line;
	char said[CHILD_SAID_MAX]; /* the last whole line */
	struct loop_timer *timer;  /* to start again, or to kill */
};

struct children {
	struct loop *loop;
	struct child **list;
	struct child *own; /* our own stderr; NULL: as it was */
	int old_stderr;
	size_t n, nready;
	bool stopping, was_ready;
	int stop_signo;
	size_t stop_at; /* index of the child being stopped, plus one */
	uint64_t ndropped;
	void (*on_ready)(void *ctx);
	children_failed_fn *on_failed;
	void (*on_stopped)(void *ctx);
	void *ctx, *stop_ctx;
};

/* --- children.c --- */

/* Pipe ends above what the child uses, so that no dup2 hits another; ours
 * does not block. */
void children_make_pipe(int fds[2]);

/* --- child_log.c --- */

/* The watcher of log_fd; arg is the child. */
void child_on_log(void *arg, bool readable, bool writable);
/* Prints what is there; false at the end, which closes it. */
bool child_read_log(struct child *c);
void child_close_log(struct child *c);
/* Gives our stderr back. */
void children_return_stderr(struct children *cs);

#endif
