/*
 * What nodeagent and a task's shim say to each other.
 *
 * A shim has a directory of its own. In it: "spec" (written by nodeagent
 * before the shim starts), "status" (written by the shim, whole, by rename)
 * and "ctl" (a SOCK_SEQPACKET socket on which the shim listens). The shim
 * also gets one end of a SEQPACKET pair as SHIM_FIRST_FD, which serves like a
 * connection to "ctl". Each packet is one record: orders go to the shim, a
 * status comes back when it changes and once after connecting.
 *
 * A task whose pid cannot be recorded is not started. An end that cannot be
 * recorded is told, and the shim stays until it is on disk or taken.
 */
#ifndef PROTO_SHIM_H
#define PROTO_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/rec.h"

#define SHIM_MAX_SPEC   (1u << 20) /* bytes of a spec file */
#define SHIM_MAX_PACKET 4096
#define SHIM_FIRST_FD   3 /* a shim's end of the pair */

struct shim_spec {
	char *alloc_id;
	char *task;
	char **argv;
	size_t nargv;
	char **env; /* "NAME=value" */
	size_t nenv;
	char *cwd;
	char *user;       /* "": stay who we are */
	char *stdout_log; /* path without its number: ".../web.stdout" */
	char *stderr_log;
	uint64_t log_max_files;
	uint64_t log_max_bytes; /* of one file */
	bool log_disabled;
	int64_t oom_score_adj;
};

enum shim_state {
	SHIM_STARTING = 0, /* the task's pid is known, it does not run yet */
	SHIM_RUNNING = 1,
	SHIM_EXITED = 2,
	SHIM_FAILED = 3, /* it could not be started: see error */
};

struct shim_status {
	uint64_t state; /* enum shim_state */
	int64_t pid;
	uint64_t start_ticks; /* field 22 of /proc/PID/stat: tells pids apart */
	int64_t shim_pid;
	int64_t started_at; /* ns since 1970 */
	int64_t finished_at;
	int64_t exit_code;
	int64_t signal; /* that ended it, or 0 */
	bool oom;       /* the kernel killed it for memory */
	char *error;
};

/*
 * Sends a signal (0: none). With kill_after_ms the task and whatever it started
 * are killed when it has not ended by then: the shim keeps that time itself.
 */
struct shim_order {
	int64_t signal;
	uint64_t kill_after_ms; /* 0: just the signal */
	bool end_taken;         /* the end that was told needs no record */
};

extern const struct rec_type shim_spec_type, shim_status_type, shim_order_type;

#endif
