/*
 * Inside raft_ghost.c, which remembers logs, terms and votes, and
 * raft_claims.c, which holds what servers say against that.
 */
#ifndef TESTS_SIM_RAFT_GHOST_H
#define TESTS_SIM_RAFT_GHOST_H

#include "tests/sim/raft_world.h"

/* The term, made when it is new. */
struct sim_term *sim_term_at(struct sim_world *w, uint64_t term);
/* The hash of what is committed up to the index. */
uint64_t sim_committed_chain(const struct sim_world *w, uint64_t index);
/* False: the term's leader has no entry there. */
bool sim_leader_chain(
    struct sim_world *w, uint64_t term, uint64_t index, uint64_t *chain);
/* A server votes once a term. */
void sim_check_vote(
    struct sim_world *w, struct sim_server *s, uint64_t term, uint64_t whom);

/* Whether the server's disk, as it is now, or was at last, holds the entry with
 * this chain. */
bool sim_disk_holds(
    const struct sim_world *w, uint64_t id, uint64_t index, uint64_t chain);

#endif
