/*
 * Changing the state: the ways in for fsm.c and snapshot_read.c, nobody else.
 *
 * Each keeps the indexes, counts and lists true and wakes who watches. `at`
 * is the log's index of the change. Records that are passed in are copied.
 */
#ifndef SCHEDD_STATE_PUT_H
#define SCHEDD_STATE_PUT_H

#include "cmd/schedd/state.h"

/* Entries with or without a record; `have` makes one where there is none. */
struct sched_job *sched_job_have(
    struct sched_state *st, const char *ns, const char *id);
struct sched_node *sched_node_entry(
    const struct sched_state *st, const char *id);
struct sched_node *sched_node_have(struct sched_state *st, const char *id);

enum sched_desired sched_desired_parse(const char *name);
enum sched_client sched_client_parse(const char *name);

/* The place of the group in j->groups, made if it is new. */
size_t sched_group_have(struct sched_job *j, const char *name);

/* A version in front of the others; the oldest untagged one beyond the limit
 * goes. The job is taken over. */
void sched_put_version(
    struct sched_state *st, struct sched_job *j, struct job *job);
/* Hangs a version at the end: for a snapshot. */
void sched_add_version(
    struct sched_state *st, struct sched_job *j, struct job *job);
/* Something in the job changed. */
void sched_job_changed(
    struct sched_state *st, struct sched_job *j, uint64_t at);
/* Writes the status that follows from what is known into the job. */
void sched_job_settle(struct sched_state *st, struct sched_job *j, uint64_t at);
/* Forgets the record and its versions. */
void sched_job_purge(struct sched_state *st, struct sched_job *j, uint64_t at);

/* The node's record, taken over. The texts of its attributes, links and meta
 * are then the state's: those maps may be replaced with the record only. */
void sched_put_node(struct sched_state *st, struct node *node, uint64_t at);
void sched_node_changed(
    struct sched_state *st, struct sched_node *n, uint64_t at);
void sched_node_forget(
    struct sched_state *st, struct sched_node *n, uint64_t at);

/* Writes an evaluation (the indexes in the record are set by the caller). */
void sched_put_eval(struct sched_state *st, const struct eval *e, uint64_t at);
/* Takes over into the job what the evaluation left waiting, by group. */
void sched_note_queued(
    struct sched_state *st, const char *eval_id, uint64_t at);
void sched_eval_forget(
    struct sched_state *st, struct sched_eval *e, uint64_t at);

void sched_put_deployment(
    struct sched_state *st, const struct deployment *d, uint64_t at);
void sched_deployment_changed(
    struct sched_state *st, struct sched_deployment *d, uint64_t at);
void sched_deployment_forget(
    struct sched_state *st, struct sched_deployment *d, uint64_t at);

/*
 * Writes an allocation whole. rec->job is not looked at. The job's version
 * must be known unless the allocation had it before, which it then keeps.
 * Returns NULL when it is not.
 */
struct sched_alloc *sched_put_alloc(
    struct sched_state *st, const struct alloc *rec, uint64_t at);
struct sched_ports {
	struct sched_port *v;
	size_t n, cap; /* n: UINT16_MAX at most */
};

/* Packs its ports and what the struct does not say, as it is now. */
void sched_alloc_pack(struct sched_alloc *a, const struct alloc *rec,
    const struct sched_ports *ports, uint64_t level);
/* Packs it anew after change(a), which takes something away that its record
 * refers to. */
void sched_alloc_repack(struct sched_alloc *a, uint64_t level,
    void (*change)(struct sched_alloc *a));
/* Makes it hold this version of its job. */
void sched_alloc_bind(struct sched_alloc *a, struct sched_version *v);
void sched_alloc_forget(
    struct sched_state *st, struct sched_alloc *a, uint64_t at);

void sched_put_service(
    struct sched_state *st, const struct service_instance *s, uint64_t at);
void sched_service_forget(
    struct sched_state *st, struct sched_service *s, uint64_t at);

/* The indexes and times in the record are set by the caller. */
void sched_put_var(
    struct sched_state *st, const struct variable *rec, uint64_t at);
void sched_var_forget(struct sched_state *st, struct sched_var *v, uint64_t at);

/* So are its indexes. */
void sched_put_pool(
    struct sched_state *st, const struct node_pool *rec, uint64_t at);
void sched_pool_forget(
    struct sched_state *st, struct sched_pool *p, uint64_t at);

/* Frees the entry if nothing refers to it any more. */
void sched_node_entry_unused(struct sched_state *st, struct sched_node *n);
/* The same of both; NULL is fine. */
void sched_entries_unused(
    struct sched_state *st, struct sched_job *j, struct sched_node *n);

void sched_version_unref(struct sched_version *v);

/* What the packed allocations of a state are made of, and the words that come
 * with a job or a node. */
struct sched_packing *sched_packing_new(void);
void sched_packing_free(struct sched_packing *k);
void sched_words_of_job(struct sched_packing *k, const struct job *job);
void sched_words_of_node(struct sched_packing *k, const struct node *node);

/* --- watches --- */

/* Marks who watches the topic (and its table) to be woken. */
void sched_touch(struct sched_state *st, enum sched_topic t, const char *key);
void sched_touch_table(struct sched_state *st, enum sched_topic t, uint64_t at);
/* Calls those that were marked. */
void sched_wake(struct sched_state *st);
/* Marks all. */
void sched_touch_all(struct sched_state *st);
/* Only between commands, when nobody waits to be woken. */
void sched_watches_move(struct sched_state *to, struct sched_state *from);
void sched_watches_release(struct sched_state *st);

void sched_gone_add(
    struct sched_gones *g, uint64_t at, const char *node_id, const char *id);
void sched_gones_release(struct sched_gones *g);
/* A state came in the place of another: nothing is known of what went up to
 * the index, and who asks as of before it is told all that there is. */
void sched_gones_begin(struct sched_state *st, uint64_t index);

#endif
