/*
 * What the parts of the state machine share; see fsm.h.
 */
#ifndef SCHEDD_FSM_IMPL_H
#define SCHEDD_FSM_IMPL_H

#include "cmd/schedd/fsm.h"
#include "cmd/schedd/state_put.h"

/* One command being applied. */
struct fsm_turn {
	struct sched_state *st;
	uint64_t index;
	int64_t time; /* the proposer's wall clock, ns */
	struct arena arena;
	struct fsm_reply *reply;
};

/* Writes evaluations, fills in their indexes and times, and settles the
 * status of their jobs. */
void fsm_put_evals(struct fsm_turn *t, const struct eval *evals, size_t n);

/* fsm_job.c */
void fsm_job_register(struct fsm_turn *t, const struct cmd_job_register *c);
void fsm_job_deregister(struct fsm_turn *t, const struct cmd_job_deregister *c);
void fsm_job_stable(struct fsm_turn *t, const struct cmd_job_stable *c);

/* Whether a node's update is newer than the last, which it then becomes. */
bool fsm_is_news(uint64_t *last, uint64_t seq);

/* fsm_node.c */
void fsm_node_register(struct fsm_turn *t, const struct cmd_node_register *c);
void fsm_node_status(struct fsm_turn *t, const struct cmd_node_status *c);
void fsm_node_drain(struct fsm_turn *t, const struct cmd_node_drain *c);
void fsm_services(struct fsm_turn *t, const struct services_update *c);

/* fsm_alloc.c */
void fsm_alloc_client(struct fsm_turn *t, const struct cmd_alloc_client *c);
void fsm_alloc_transition(
    struct fsm_turn *t, const struct cmd_alloc_transition *c);
/* Text that belongs to the turn; records that come out of an arena hold no
 * memory of their own, so members are simply pointed elsewhere. */
char *fsm_text(struct fsm_turn *t, const char *s);
/* The group's part of the deployment, or NULL. */
struct deployment_state *fsm_group_state(
    struct sched_deployment *d, const char *group);
/* Writes an allocation; its deployment keeps count. */
void fsm_put_alloc(struct fsm_turn *t, struct alloc *rec, bool server_side);
bool fsm_has_ended(const struct alloc *rec);
/* What an allocation that has ended had announced. */
void fsm_drop_services(struct fsm_turn *t, const char *alloc_id);

/* fsm_plan.c */
void fsm_plan(struct fsm_turn *t, const struct cmd_plan *c);
void fsm_deployment(struct fsm_turn *t, const struct cmd_deployment *c);

/* fsm_pool.c */
void fsm_node_pool(struct fsm_turn *t, const struct cmd_node_pool *c);

/* fsm_var.c */
void fsm_variable(struct fsm_turn *t, const struct cmd_variable *c);

#endif
