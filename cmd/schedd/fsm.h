/*
 * Applying commands to the state.
 *
 * fsm_apply() is a function of the state and the command alone: no clock, no
 * chance. Refusing a command is also an effect that all servers agree on.
 */
#ifndef SCHEDD_FSM_H
#define SCHEDD_FSM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmd/schedd/state.h"
#include "common/err.h"
#include "proto/cmd.h"

/* How a command ended. */
struct fsm_reply {
	struct err err;   /* code ERR_NONE when it was carried out */
	uint64_t index;   /* where; of the first time if it was a repeat */
	uint64_t request; /* the command's, with its client */
	char client[SCHED_ID_SIZE];
	bool repeated;             /* it had been applied before */
	bool partial;              /* a plan of which a part did not fit */
	uint64_t job_modify_index; /* of a job that was registered */
};

/*
 * Applies one command. Returns 0 when the bytes are a command (reply then
 * says how it ended), or -1 when they are none that this program knows, or
 * say so themselves (cmd_level): the state is then behind for ever and the
 * caller must stop.
 */
int fsm_apply(struct sched_state *st, uint64_t index, const void *bytes,
    size_t n, struct fsm_reply *reply, struct err *err);

/* The two steps of it, for who wants to see the command, too. cmd's memory is
 * the arena's. */
int fsm_decode(const struct sched_state *st, uint64_t index, const void *bytes,
    size_t n, struct arena *arena, struct cmd *cmd, struct err *err);
void fsm_apply_cmd(struct sched_state *st, uint64_t index,
    const struct cmd *cmd, struct fsm_reply *reply);

/* -1, naming both, when a state at that feature level is above what this
 * program knows. */
int fsm_check_level(
    const struct sched_state *st, uint64_t level, struct err *err);

/* Whether `new` asks for something else than what the job `old` is: all but
 * what the servers themselves write is compared. What does not differ makes
 * no new version. */
bool fsm_job_differs(const struct job *old, const struct job *new);

#endif
