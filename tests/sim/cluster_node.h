/*
 * Inside cluster_node.c, cluster_link.c, cluster_proc.c and cluster_crash.c:
 * one played node.
 */
#ifndef TESTS_SIM_CLUSTER_NODE_H
#define TESTS_SIM_CLUSTER_NODE_H

#include "tests/sim/cluster.h"

/* --- cluster_node.c --- */

struct run_time node_now(const struct cluster *c, const struct vnode *n);
/* After so long by its own clock. */
struct event *node_later(struct cluster *c, struct vnode *n, uint64_t after_ms,
    enum event_kind kind);
/* Its number. */
size_t node_place(const struct cluster *c, const struct vnode *n);
/* Takes over the record. */
struct alloc_run *node_add_run(
    struct cluster *c, struct vnode *n, struct alloc *own);
/* What the servers want of it, and whether that is all of it. */
void node_take_news(
    struct cluster *c, struct vnode *n, const struct node_allocs_news *news);

/* --- cluster_link.c --- */

void node_link_open(struct cluster *c, struct vnode *n);
void node_link_release(struct vnode *n);
/* Something is to be told of the allocation. */
void node_tell(struct cluster *c, struct vnode *n, const char *alloc_id);
void node_link_event(struct cluster *c, struct vnode *n, struct event *ev);
/* It asks another server, as when a call has failed. */
void node_move_on(struct cluster *c, struct vnode *n);
/* Which server it asks. */
size_t node_server(const struct vnode *n);

/* --- cluster_proc.c --- */

/* A task's process; NULL when there is none. */
struct proc *node_proc(
    const struct vnode *n, const char *alloc_id, size_t task, uint64_t life);
void node_proc_forget(struct vnode *n, struct proc *p);
/* Does what the allocation wants and sees whether there is news. */
void node_settle(struct cluster *c, struct vnode *n, struct alloc_run *run);
void node_on_started(
    struct cluster *c, struct vnode *n, const struct event *ev);
void node_on_exited(struct cluster *c, struct vnode *n, const struct event *ev);

/* --- cluster_crash.c --- */

void node_crash(struct cluster *c, struct vnode *n, bool machine);

#endif
