#include "cmd/gossipd/pool_impl.h"
#include "proto/member.h"

const char *
pool_status_name(enum pool_status s)
{
	static const char *const names[] = { "none", MEMBER_ALIVE,
		MEMBER_LEAVING, MEMBER_LEFT, MEMBER_FAILED };

	return names[s];
}

void
pool_view_of(const struct pool_member *m, struct pool_view *out)
{
	*out = (struct pool_view){ .name = m->name,
		.status = m->status,
		.tags = m->tags,
		.ntags = m->ntags,
		.vsn = m->vsn,
		.since_ms = m->status_ms,
		.coord = m->has_coord ? &m->coord : NULL,
		.incarnation = m->incarnation };
	pool_member_addr(m, &out->addr);
}

bool
pool_next(const struct pool *p, size_t *at, struct pool_view *out)
{
	while (*at < p->nall) {
		const struct pool_member *m = p->all[(*at)++];

		if (m->status == POOL_NONE)
			continue;
		pool_view_of(m, out);
		return true;
	}
	return false;
}

bool
pool_find(const struct pool *p, const char *name, struct pool_view *out)
{
	const struct pool_member *m = pool_member_find(p, name);

	if (m == NULL || m->status == POOL_NONE)
		return false;
	pool_view_of(m, out);
	return true;
}

void
pool_self(const struct pool *p, struct pool_view *out)
{
	pool_view_of(p->self, out);
	out->coord = &p->coord.at;
}

static const struct wire_coord *
coord_of(const struct pool *p, const char *name)
{
	const struct pool_member *m = pool_member_find(p, name);

	if (m == p->self)
		return &p->coord.at;
	return m != NULL && m->has_coord ? &m->coord : NULL;
}

double
pool_rtt(const struct pool *p, const char *a, const char *b)
{
	const struct wire_coord *ca = coord_of(p, a), *cb = coord_of(p, b);

	return ca != NULL && cb != NULL ? coord_distance(ca, cb) : -1;
}

void
pool_info(const struct pool *p, struct pool_info *out)
{
	*out = (struct pool_info){ .stats = p->stats,
		.queue_members = p->news.n,
		.queue_intents = p->intents.n,
		.queue_events = p->events.n,
		.queue_queries = p->queries.n,
		.member_time = p->clock,
		.event_time = p->event_clock,
		.query_time = p->query_clock,
		.coord_resets = p->coord.nresets,
		.health = p->health,
		.encrypted = p->ring != NULL && p->ring->nkeys > 0 };
	for (size_t i = 0; i < p->nall; i++) {
		out->nmembers += p->all[i]->status != POOL_NONE;
		out->nfailed += p->all[i]->status == POOL_FAILED;
		out->nleft += p->all[i]->status == POOL_LEFT;
	}
}
