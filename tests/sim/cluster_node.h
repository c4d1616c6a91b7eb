/*
 * Inside cluster_node.c, cluster_proc.c and cluster_crash.c: one played node.
 */
#ifndef TESTS_SIM_CLUSTER_NODE_H
#define TESTS_SIM_CLUSTER_NODE_H

#include "tests/sim/cluster.h"

/* --- cluster_node.c --- */

struct run_time node_now(const struct cluster *c);
/* Its number. */
size_t node_place(const struct cluster *c, const struct vnode *n);
/* Tells the server what has changed, unless it is being told. */
void node_push(struct cluster *c, struct vnode *n);
/* Registers, or renews the lease. */
void node_renew(struct cluster *c, struct vnode *n);
/* Takes over the record. */
struct alloc_run *node_add_run(
    struct cluster *c, struct vnode *n, struct alloc *own);

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
