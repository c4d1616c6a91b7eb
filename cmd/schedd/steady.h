/*
 * Since when a leader has seen each server well: what autopilot calls stable.
 */
#ifndef SCHEDD_STEADY_H
#define SCHEDD_STEADY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/raft/raft.h"

/* Zeroed, nobody has been seen: so a term of office begins. */
struct steady {
	struct steady_server {
		uint64_t id, since_ms;
		int64_t since_ns; /* by the wall clock of then */
	} servers[RAFT_SERVERS_MAX];
	size_t n;
};

/* How they are now; to be told often. Who is not well, or has not caught up,
 * begins again. */
void steady_note(struct steady *s, const struct raft_peer_status *peers,
    size_t n, uint64_t now_ms, int64_t wall_ns);

/* NULL when the server is not well. */
const struct steady_server *steady_find(const struct steady *s, uint64_t id);

#endif
