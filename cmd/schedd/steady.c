#include "cmd/schedd/steady.h"

#include "cmd/schedd/cluster.h"

bool
steady_since(const struct steady *s, uint64_t id, uint64_t *since_ms)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->servers[i].id == id) {
			*since_ms = s->servers[i].since_ms;
			return true;
		}
	return false;
}

void
steady_note(struct steady *s, const struct raft_peer_status *peers, size_t n,
    uint64_t now_ms)
{
	struct steady next = { .n = 0 };

	for (size_t i = 0; i < n && next.n < RAFT_SERVERS_MAX; i++) {
		const struct raft_peer_status *p = &peers[i];
		struct steady_server *to = &next.servers[next.n];

		if (p->silent_ms >= CLUSTER_WELL_MS ||
		    (p->voice == RAFT_LEARNER && !p->caught_up))
			continue;
		*to = (struct steady_server){ p->id, now_ms };
		steady_since(s, p->id, &to->since_ms);
		next.n++;
	}
	*s = next;
}
