/*
 * One task and its keeper: all the state there is, and who does what with it.
 *
 * Everything happens in one thread, in the task's folder. What the program
 * cannot live without ends it; what it can, output that finds no room or a
 * client that has gone, is borne.
 */
#ifndef SHIM_SHIM_H
#define SHIM_SHIM_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/logfile.h"
#include "proto/shim.h"

#define SHIM_MAX_CLIENTS 4

struct shim {
	struct shim_spec spec;
	struct shim_status status;
	int listen_fd, signal_fd;
	int clients[SHIM_MAX_CLIENTS];
	int out[2]; /* read ends of the task's stdout and stderr; -1 closed */
	struct logfile logs[2];
	uint64_t kill_at_ms; /* monotonic; 0: no kill is due */
	uint64_t save_at_ms; /* the end is not on disk: try again then; or 0 */
	bool done;           /* it has ended, and that is on disk or taken */
};

/* --- disk.c --- */

int shim_read_spec(struct shim *s, struct err *err);
/* Whole or not at all: a reader never sees half a status. */
int shim_save_status(const struct shim *s, struct err *err);
/* A setting of /proc: without it we go on. */
void shim_write_file(const char *path, const char *text);

/* --- talk.c --- */

int shim_listen(const char *path);
/* Closes the descriptor when there are too many. */
void shim_add_client(struct shim *s, int fd);
void shim_tell_all(struct shim *s);
/* Hears client i, or drops it. */
void shim_obey(struct shim *s, int i);

/* --- task.c --- */

/* What is meant for nodeagent or its terminal: ignored (SIG_IGN) by us, the
 * task starts with its default (SIG_DFL). */
void shim_signals(void (*how)(int));
/* Starts it, or records why not. The pid is on disk before it runs, so that
 * no nodeagent that comes later can miss it: else it is not started. */
void shim_start_task(struct shim *s);
/* Tries to record the end; s->done when that succeeded. */
void shim_save_end(struct shim *s);
/* Takes what is in a pipe (0 stdout, 1 stderr); false when it is at its end. */
bool shim_drain_pipe(struct shim *s, int i);
/* Kills what the task has started: its session, and (we are a subreaper)
 * what left the session and then lost its parent. */
void shim_kill_all(struct shim *s);
/* After SIGCHLD: when the task has ended, so has all that it started. */
void shim_reap(struct shim *s);

#endif
