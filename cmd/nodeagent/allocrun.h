/*
 * One allocation's life on a node, as a state machine.
 *
 * Pure: what happened goes in (a task has started, has ended, time has
 * passed, the servers want something else), the allocation's state changes,
 * and what should be done comes out as actions, which the shell takes with
 * alloc_run_take(). It starts no process and reads no clock.
 *
 * Tasks start by their lifecycle: prestart ones first (those that are no
 * sidecars must succeed), then the main ones, then poststart; poststop when
 * all main tasks have ended. A task that fails for good takes its siblings
 * down, and so does a leader that ends.
 */
#ifndef NODEAGENT_ALLOCRUN_H
#define NODEAGENT_ALLOCRUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmd/nodeagent/restart.h"
#include "common/rng.h"
#include "proto/alloc.h"
#include "proto/saved.h"

#define TASK_MAX_EVENTS 10 /* older ones are forgotten */

enum task_phase {
	TASK_WAITING,  /* not yet its turn */
	TASK_STARTING, /* the shell was told to start it */
	TASK_RUNNING,
	TASK_BACKOFF, /* starts again at wake_ms */
	TASK_KILLING, /* told to end; waiting for it */
	TASK_DEAD,
};

struct task_run {
	const struct task *task; /* of the allocation's job */
	enum task_phase phase;
	struct task_state state; /* what the API shows; owned */
	struct restart_count count;
	uint64_t life; /* how many times it was started */
	uint64_t wake_ms;
	bool held;           /* until alloc_run_heard() */
	bool kill_wanted;    /* as soon as it has started */
	bool restart_wanted; /* an operator asked: not counted */
	bool unhealthy;      /* a check asked: counted as a failure */
	bool ever_ran;
};

enum run_action_kind {
	RUN_START, /* then alloc_run_started() or _start_failed() */
	RUN_KILL,  /* signal, and SIGKILL after kill_after_ms */
};

struct run_action {
	enum run_action_kind kind;
	size_t task;
	int signal; /* 0: the driver's own */
	uint64_t kill_after_ms;
};

struct alloc_run {
	struct alloc *alloc; /* owned, with its job */
	const struct task_group *group;
	struct task_run *tasks;
	size_t ntasks;
	struct rng rng;
	uint64_t max_kill_ms;
	bool unheard; /* restored, and no word from the servers since */
	bool held;    /* others must have ended first */
	bool stopping;
	bool fenced;         /* it stops because no server was in reach */
	uint64_t stop_at_ms; /* end of the shutdown delay; 0: none pending */

	/* "pending", "running", "complete", "failed", "lost" */
	char *client_status;
	const char *client_description;
	bool has_health, healthy;
	int64_t healthy_at_ns;
	uint64_t all_running_ms; /* since when; 0: not all */
	uint64_t all_well_ms;    /* of the checks, likewise */
	char *ill_services;      /* "web, db"; NULL: all are well */
	uint64_t since_ms;       /* when we got to know of its version */

	bool changed; /* there is news for the servers; the shell clears it */
	struct run_action *actions;
	size_t nactions, actions_cap;
};

/* The clocks of a turn. */
struct run_time {
	uint64_t ms; /* monotonic */
	int64_t ns;  /* wall */
};

/* Takes over alloc. NULL with err when its job has no such group. */
struct alloc_run *alloc_run_new(struct alloc *alloc, uint64_t seed,
    uint64_t max_kill_ms, struct run_time now, struct err *err);
void alloc_run_free(struct alloc_run *run);

/* What was saved before a restart of nodeagent. Tasks that had started are
 * TASK_STARTING afterwards: the shell looks for them and says what it found
 * (started, ended, or vanished). */
void alloc_run_restore(struct alloc_run *run, const struct alloc_saved *saved);
void alloc_run_save(const struct alloc_run *run, struct alloc_saved *out);

/* --- what happened --- */

/* Nothing starts before it is let go, whose place others have still; told to
 * stop meanwhile it is done at once. */
void alloc_run_hold(struct alloc_run *run);
void alloc_run_let_go(struct alloc_run *run, struct run_time now);
/* Begins, or goes on: call after new and restore, and at alloc_run_wake_ms. */
void alloc_run_tick(struct alloc_run *run, struct run_time now);
void alloc_run_started(struct alloc_run *run, size_t task, struct run_time now);
/* It runs since before nodeagent did: no event is added. */
void alloc_run_found(struct alloc_run *run, size_t task, struct run_time now);
void alloc_run_start_failed(struct alloc_run *run, size_t task, const char *why,
    bool unrecoverable, struct run_time now);

struct task_end {
	int64_t exit_code;
	int64_t signal;
	bool oom;
	int64_t finished_at_ns; /* 0: now */
	char message[96];       /* of its driver; "" */
};
void alloc_run_ended(struct alloc_run *run, size_t task,
    const struct task_end *end, struct run_time now);
/* Its keeper is gone with it, as after a power cut: it starts again in
 * place, which is not counted. The machine may have been away for long: unless
 * the job is everywhere it waits for alloc_run_heard(), for the servers may
 * have put another one in its place. */
void alloc_run_vanished(
    struct alloc_run *run, size_t task, struct run_time now);
/* The servers have said all that they want of this node. */
void alloc_run_heard(struct alloc_run *run, struct run_time now);

/* The servers' part has changed; takes over alloc. */
void alloc_run_update(
    struct alloc_run *run, struct alloc *alloc, struct run_time now);
/* Stops all tasks, whoever asked. */
void alloc_run_stop(struct alloc_run *run, struct run_time now);
/* Stops all tasks without delay, for no server has heard of the node for
 * silent_ms. Unless it was told to stop already the allocation is lost then,
 * and nothing that ran of it counts. */
void alloc_run_fence(
    struct alloc_run *run, uint64_t silent_ms, struct run_time now);
/* Restarts one task, or (NULL) all that run. -1 when there is none such or
 * it does not run. */
int alloc_run_restart(struct alloc_run *run, const char *task,
    struct run_time now, struct err *err);
/* What its driver tells of a task: "Downloading image". */
void alloc_run_note(struct alloc_run *run, size_t task, const char *message,
    struct run_time now);
/* What the checks of its services say now: the names of those that are not
 * well, or NULL. Nothing follows before the next tick. */
void alloc_run_set_checks(
    struct alloc_run *run, const char *ill, struct run_time now);
/* A check asks for a restart of the task, or ("") of all that run: their
 * restart policy decides. */
void alloc_run_unhealthy(struct alloc_run *run, const char *task,
    const char *check, struct run_time now);
void alloc_run_add_event(struct alloc_run *run, size_t task, const char *type,
    const char *message, struct run_time now);

/* --- what to do --- */

/* Moves the next action out; false when there is none. */
bool alloc_run_take(struct alloc_run *run, struct run_action *action);
/* When alloc_run_tick() is due (monotonic ms); 0: only events matter. */
uint64_t alloc_run_wake_ms(const struct alloc_run *run);

/* All tasks are dead and nothing more will happen. */
bool alloc_run_is_done(const struct alloc_run *run);
bool alloc_run_task_is_up(const struct alloc_run *run, size_t task);

/* The node's part, as it is sent to the servers; rec_clear() it. */
void alloc_run_report(const struct alloc_run *run, struct alloc *out);

/* "SIGINT", "int" or "2" to its number, or -1. */
int signal_parse(const char *name);

#endif
