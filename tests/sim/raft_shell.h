/*
 * Inside raft_shell.c and raft_disk.c: one server.
 */
#ifndef TESTS_SIM_RAFT_SHELL_H
#define TESTS_SIM_RAFT_SHELL_H

#include "tests/sim/raft_world.h"

/* --- raft_shell.c --- */

/* An event for the core, and all that it leads to. */
void sim_step(struct sim_world *w, struct sim_server *s, struct raft_event ev);

/* --- raft_disk.c --- */

/* How long an fsync takes now. */
uint64_t sim_sync_time(struct sim_world *w, const struct sim_server *s);
/* One fsync at a time; it covers all that was written when it started. */
void sim_sync_start(struct sim_world *w, struct sim_server *s);
void sim_sync_end(struct sim_world *w, struct sim_server *s);
/* One more thing to be written. */
struct sim_op *sim_disk_queue(
    struct sim_server *s, const struct raft_action *a);
/* Forgets the first n. */
void sim_disk_drop(struct sim_server *s, size_t n);
/* A crash keeps some of what was being written: a prefix, maybe torn. */
void sim_disk_crash(struct sim_world *w, struct sim_server *s);

void sim_file_add(struct sim_server *s, const struct sim_file *f);
/* Takes a snapshot where one is due. */
void sim_snapshot_maybe(struct sim_world *w, struct sim_server *s);
void sim_snapshot_taken(struct sim_world *w, struct sim_server *s);
/* A piece of a leader's snapshot; then the whole of it. */
void sim_store(struct sim_world *w, struct sim_server *s,
    const struct raft_action *a, const struct sim_message *msg);
void sim_install(
    struct sim_world *w, struct sim_server *s, const struct raft_action *a);

#endif
