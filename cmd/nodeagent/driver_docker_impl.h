/*
 * Inside driver_docker*.c: what the driver holds of a task, and its steps.
 *
 * A step asks the engine for one thing; its reply chooses the next. When the
 * engine is away, or goes away during a step, the task is stalled and the
 * step is taken again when the engine answers; so each can be repeated.
 */
#ifndef NODEAGENT_DRIVER_DOCKER_IMPL_H
#define NODEAGENT_DRIVER_DOCKER_IMPL_H

#include <sys/queue.h>

#include "cmd/nodeagent/docker_answer.h"
#include "cmd/nodeagent/docker_config.h"
#include "cmd/nodeagent/docker_create.h"
#include "cmd/nodeagent/docker_engine.h"
#include "cmd/nodeagent/docker_health.h"
#include "cmd/nodeagent/docker_image.h"
#include "cmd/nodeagent/docker_images.h"
#include "cmd/nodeagent/docker_load.h"
#include "cmd/nodeagent/docker_log.h"
#include "cmd/nodeagent/docker_login.h"
#include "cmd/nodeagent/docker_pull.h"
#include "cmd/nodeagent/docker_sweep.h"
#include "cmd/nodeagent/driver_docker.h"

#define DOCKER_NO_ENGINE     "Failed to connect to docker daemon"

#define DOCKER_AWAY_START_MS 60000 /* a start waits so long for the engine */
#define DOCKER_MAX_TRIES     4 /* of a step that the engine failed by itself */
#define DOCKER_MAX_LOST      8 /* ... or whose connection broke, in a row */
#define DOCKER_DRAIN_MS      2000  /* of silence, after a task has ended */
#define DOCKER_SAVE_MS       1000  /* between two savings of a position */
#define DOCKER_END_MS        60000 /* from the end of all output to the task's */
#define DOCKER_REOPEN_MS     1000  /* until an output is asked for again */
#define DOCKER_NWAYS         2 /* of hearing it that the engine may refuse */
#define DOCKER_KILL_AGAIN_MS 10000 /* while a killed container does not end */

struct docker {
	struct loop *loop;
	const struct docker_options *options;
	const char *dir;
	struct docker_engine *engine;
	struct docker_health *health;
	struct docker_pulls *pulls;
	struct docker_images *images;
	struct docker_sweep *sweep;
	TAILQ_HEAD(docker_procs, docker_proc) procs;
	void (*on_change)(void *ctx);
	void *ctx;
};

struct docker_proc;
typedef void docker_step(struct docker_proc *p);

struct docker_proc {
	struct taskproc proc;
	TAILQ_ENTRY(docker_proc) entry;
	struct docker *docker;

	/* Of the task. */
	char *alloc_id, *name; /* name: of the container */
	char *task, *log_dir, *pos_path;
	uint64_t log_max_files, log_max_bytes;
	char life[24];
	bool keep_logs;
	struct docker_config config;
	struct docker_image image;
	char *auth;       /* for the registry; NULL: none */
	char *allocs_dir; /* where allocations are, whose archives are loaded */
	struct buf body;  /* of the create call */
	struct docker_inside inside; /* what that call mounts */

	/* Of the container. */
	char *id, *image_id; /* NULL: not known */
	bool holds_images;   /* as a start, until its image is known */
	pid_t pid;
	bool pulled, running, recovering, over;
	bool ended; /* and its output is awaited */
	struct task_end end;
	bool waited; /* the engine told its end ... */
	int64_t wait_code;

	/* What is under way. */
	docker_step *step;
	bool stalled;
	bool was_away; /* the engine, since it was looked at */
	unsigned ntries, nlost;
	int64_t nconflicts; /* with a container of the same name */
	struct docker_call *call, *wait, *output;
	struct docker_login *login;
	struct docker_waiter *pull;
	struct docker_load *load;
	struct loop_timer *timer; /* the next step, or the end */
	struct loop_timer *save;  /* the position */
	struct loop_timer *reopen;
	struct loop_timer *kill;
	int kill_signal; /* wanted; 0: none */
	struct docker_call *signalling;
	int sending;     /* by that call */
	uint64_t owed;   /* signals still to be sent: bit 0 for signal 1 */
	bool owes_stop;  /* and its own, which is not known yet */
	int stop_signal; /* the image's; below 1: none that we know */
	struct docker_log log;
	bool has_log;
	enum docker_log_way way; /* of the output that is or will be open */
	bool attaching;          /* started when it is open */
	bool complete;           /* as far as a container that ended goes */
	bool bad_output;         /* what comes is no output */
	bool no_log;             /* the engine cannot tell it ... */
	unsigned nrefused;       /* ... as it has said so often */

	char *failed; /* told when the turn has ended */
	bool unrecoverable;
	bool abandoned; /* as nobody wants it any longer */
};

/* --- driver_docker_step.c --- */

/* On its way to run for the first time. */
bool docker_is_starting(const struct docker_proc *p);
/* Takes a step now, or when the engine is there. */
void docker_go(struct docker_proc *p, docker_step *step);
/* The same later. */
void docker_go_later(
    struct docker_proc *p, docker_step *step, uint64_t after_ms);
/* Whether the reply is none, so that the task is stalled. */
bool docker_stalls(struct docker_proc *p, const struct docker_reply *r);
/* Asks something for a step; the reply is the callback's. */
struct docker_call *docker_proc_ask(struct docker_proc *p, const char *method,
    const char *path, const char *body, uint64_t timeout_ms,
    docker_on_reply *on_reply);
/* Whether a start keeps images from being removed. */
void docker_hold_images(struct docker_proc *p, bool hold);
/* Tells; after an end the proc may be gone. */
void docker_tell(struct docker_proc *p, const struct proc_event *e);
void docker_fail(struct docker_proc *p, const char *why, bool unrecoverable);
/* The same from within start() or recover(). */
void docker_fail_later(
    struct docker_proc *p, const char *why, bool unrecoverable);

/* There is no engine to start it. */
void docker_fail_without_engine(struct docker_proc *p);
/* For the timer: a step's time has come, or its patience is at its end. */
void docker_on_step(void *arg);

/* --- driver_docker_start.c --- */

int docker_prepare(
    struct docker_proc *p, const struct driver_task *t, struct err *err);
docker_step docker_step_image; /* the first of a start */
docker_step docker_step_start; /* its output is heard, or cannot be */

/* --- driver_docker_watch.c --- */

/* It has been started: follow it. */
void docker_watch(struct docker_proc *p);
docker_step docker_step_look; /* the first of a recovery */
void docker_signal(struct taskproc *proc, int signal, uint64_t kill_after_ms);
void docker_watch_release(struct docker_proc *p);
void docker_on_kill(void *arg); /* for the timer */
/* All is known, and its output has come. */
void docker_tell_end(struct docker_proc *p);

/* --- driver_docker_output.c --- */

docker_step docker_step_attach; /* it is made and not yet started */
/* It runs, whoever started it. */
void docker_follow_output(struct docker_proc *p);
/* It has ended: told when its output is here too, which is soon. */
void docker_drain_output(struct docker_proc *p);
void docker_output_release(struct docker_proc *p);
/* For the timers. */
void docker_on_save(void *arg);
void docker_on_reopen(void *arg);

#endif
