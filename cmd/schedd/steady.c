#include "cmd/schedd/steady.h"

#include "cmd/schedd/cluster.h"

const struct steady_server *
steady_find(const struct steady *s, uint64_t id)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->servers[i].id == id)
			return &s->servers[i];
	return NULL;
}

void
steady_note(struct steady *s, const struct raft_peer_status *peers, size_t n,
    uint64_t now_ms, int64_t wall_ns)
{
	struct steady next = { .n = 0 };

	for (size_t i = 0; i < n && next.n < RAFT_SERVERS_MAX; i++) {
		const struct raft_peer_status *p = &peers[i];
		const struct steady_server *was = steady_find(s, p->id);

		if (p->silent_ms >= CLUSTER_WELL_MS ||
		    (p->voice == RAFT_LEARNER && !p->caught_up))
			continue;
		next.servers[next.n++] =
		    was != NULL
			? *was
			: (struct steady_server){ p->id, now_ms, wall_ns };
	}
	*s = next;
}
