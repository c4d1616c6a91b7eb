/*
 * Task drivers: what can run a task.
 *
 * A driver is a table of functions. A started task is a struct taskproc
 * behind which the driver keeps what it needs; it tells what happens to the
 * task by events, always later, never from inside a call.
 */
#ifndef NODEAGENT_DRIVER_H
#define NODEAGENT_DRIVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cmd/nodeagent/allocrun.h"
#include "cmd/nodeagent/taskenv.h"
#include "common/loop.h"
#include "proto/node.h"
#include "proto/stats.h"

struct docker;

/* What drivers need of the daemon; borrowed while it lives. */
struct driver_host {
	struct loop *loop;
	const char *shim_path; /* the shim program */
	const char *shim_dir;  /* where shims keep their directories */
	bool raw_exec;         /* raw_exec is enabled */
	char **denied_env;     /* globs: not inherited; NULL at the end */
	struct docker *docker; /* see driver_docker.h */
};

/* One start of one task; borrowed during the call only. */
struct driver_task {
	const char *alloc_id;
	const struct alloc *alloc;
	const struct task *task;
	const struct taskenv *env;
	const char *task_dir;    /* where it runs */
	const char *alloc_dir;   /* the allocation's, which its tasks share */
	const char *local_dir;   /* the task's */
	const char *secrets_dir; /* the task's */
	const char *log_dir;     /* of the allocation */
	uint64_t life;           /* which start this is, from 1 */
	int64_t started_at_ns;   /* of this life, when recovering */
};

enum proc_event_kind {
	PROC_NOTE, /* something to tell, while it starts */
	PROC_STARTED,
	PROC_FOUND,  /* recovered: it runs since before */
	PROC_FAILED, /* it could not be started */
	PROC_ENDED,
	PROC_VANISHED, /* recovered: nothing is left of it */
};

struct proc_event {
	enum proc_event_kind kind;
	const char *why;     /* of PROC_FAILED; the text of PROC_NOTE */
	bool unrecoverable;  /* of PROC_FAILED: trying again cannot help */
	struct task_end end; /* of PROC_ENDED */
};

struct taskproc;
/* After PROC_FAILED, _ENDED and _VANISHED nothing more comes; the receiver
 * then releases the proc, in the call or later, but not before it has
 * recorded the end: until then recover() would find it. */
typedef void proc_event_fn(
    void *ctx, struct taskproc *proc, const struct proc_event *event);

struct taskproc {
	const struct driver *driver;
	proc_event_fn *on_event;
	void *ctx;
};

struct driver {
	const char *name;
	/* Of one whose tasks have a root of their own: where they find their
	 * directories. They inherit nothing of the node's environment. NULL:
	 * tasks see the node as it is. */
	const struct taskenv_dirs *dirs;
	/* Says in the node's record whether the driver works here, and sets
	 * attributes such as driver.raw_exec. */
	void (*fingerprint)(const struct driver_host *host, struct node *node);
	/* Whether the task's config is one of this driver. */
	int (*check)(const struct tree *config, struct err *err);
	struct taskproc *(*start)(const struct driver_host *host,
	    const struct driver_task *task, proc_event_fn *fn, void *ctx);
	/* Looks for a task that an earlier nodeagent had started. */
	struct taskproc *(*recover)(const struct driver_host *host,
	    const struct driver_task *task, proc_event_fn *fn, void *ctx);
	/* A signal, 0 for the one that this driver ends tasks by; with
	 * kill_after_ms, SIGKILL when it has not ended then. */
	void (*signal)(struct taskproc *p, int signal, uint64_t kill_after_ms);
	/* Of a driver whose starts take long: gives up one that is under way,
	 * if that can be done. Then PROC_VANISHED follows. */
	void (*abandon)(struct taskproc *p);
	/* Forgets the task without ending it (or after it has ended). */
	void (*release)(struct taskproc *p);
	pid_t (*pid)(const struct taskproc *p); /* 0: none */
	/* Where the driver knows better than /proc what the task uses. */
	void (*usage)(const struct taskproc *p, struct resource_usage *u);
};

extern const struct driver driver_raw_exec, driver_mock, driver_docker;

/* How much of a task's output is kept, of each stream: what the job says, or
 * Nomad's ten files of 10 MB. logs may be NULL. */
void driver_log_limits(
    const struct log_config *logs, uint64_t *max_files, uint64_t *max_bytes);

const struct driver *driver_find(const char *name); /* NULL: unknown */
void driver_fingerprint_all(const struct driver_host *host, struct node *node);
/* For fingerprint(), which may be asked again: the driver's entry made anew,
 * with its attribute when healthy, and the time when it last had other news.
 * Borrowed until the next one. */
struct driver_info *driver_report(struct node *node, const char *name,
    bool detected, bool healthy, const char *description);
/* Its attribute driver.NAME.WHAT; none when the value is "". */
void driver_attribute(struct node *node, struct driver_info *d,
    const char *what, const char *value);

#endif
