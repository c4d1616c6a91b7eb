#include "cmd/schedd/cluster.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/steady.h"
#include "common/clock.h"
#include "common/fnv.h"

const struct cluster_server *
cluster_find(const struct cluster_view *v, uint64_t id)
{
	for (size_t i = 0; i < v->n; i++)
		if (v->servers[i].id == id)
			return &v->servers[i];
	return NULL;
}

/* --- a server without a log --- */

static void __attribute__((format(printf, 3, 4)))
wait_for(struct cluster_start *out, bool is_wrong, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out->why, sizeof out->why, fmt, ap);
	va_end(ap);
	out->how = CLUSTER_WAIT;
	out->is_wrong = is_wrong;
}

/* The cluster of those with that status; false: they are in several, and out
 * says which. NULL in *in: they are in none. */
static bool
finds_cluster(const struct cluster_view *v, enum cluster_status status,
    const struct cluster_server **in, struct cluster_start *out)
{
	*in = NULL;
	for (size_t i = 1; i < v->n; i++) {
		const struct cluster_server *s = &v->servers[i];

		if (s->cluster == 0 || s->status != status)
			continue;
		if (*in != NULL && (*in)->cluster != s->cluster) {
			wait_for(out, true,
			    "%s and %s are in different clusters", (*in)->name,
			    s->name);
			return false;
		}
		*in = s;
	}
	return true;
}

/* Whether the cluster is beyond this program; then out says so. */
static bool
is_too_old(const struct cluster_view *v, struct cluster_start *out)
{
	const struct cluster_server *self = &v->servers[0];

	for (size_t i = 1; i < v->n; i++) {
		const struct cluster_server *s = &v->servers[i];

		if (s->status != CLUSTER_ALIVE || s->cluster == 0 ||
		    s->in_force <= self->level)
			continue;
		wait_for(out, true,
		    "%s is at feature level %" PRIu64
		    ", and this program, rove %s, knows %" PRIu64,
		    s->name, s->in_force, self->version, self->level);
		return true;
	}
	return false;
}

/*
 * Whether there is a cluster already; then out says what that means. Those
 * that are down say nothing beside those that are not: they may be of a
 * cluster that was lost.
 */
static bool
sees_cluster(const struct cluster_view *v, struct cluster_start *out)
{
	const struct cluster_server *in;

	if (!finds_cluster(v, CLUSTER_ALIVE, &in, out) || is_too_old(v, out))
		return true;
	if (in != NULL) {
		out->how = CLUSTER_JOIN;
		out->cluster = in->cluster;
		return true;
	}
	if (!finds_cluster(v, CLUSTER_FAILED, &in, out))
		return true;
	if (in != NULL)
		wait_for(out, false, "%s, of the cluster, is down", in->name);
	return in != NULL;
}

/* NULL, or one that expects another number of servers. */
static const struct cluster_server *
disagrees(const struct cluster_view *v)
{
	for (size_t i = 1; i < v->n; i++)
		if (v->servers[i].status == CLUSTER_ALIVE &&
		    v->servers[i].expect > 0 &&
		    v->servers[i].expect != v->servers[0].expect)
			return &v->servers[i];
	return NULL;
}

static bool
may_found(const struct cluster_view *v, size_t i)
{
	const struct cluster_server *s = &v->servers[i];

	return s->status == CLUSTER_ALIVE && s->expect > 0 &&
	       s->raft[0] != '\0';
}

static int
by_id(const void *a, const void *b)
{
	const struct raft_server *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static void
list_founders(const struct cluster_view *v, struct raft_config *c)
{
	c->n = 0;
	for (size_t i = 0; i < v->n && c->n < RAFT_SERVERS_MAX; i++) {
		struct raft_server *s = &c->servers[c->n];

		if (!may_found(v, i))
			continue;
		*s = (struct raft_server){ .id = v->servers[i].id,
			.voice = RAFT_VOTER };
		snprintf(s->addr, sizeof s->addr, "%s", v->servers[i].raft);
		c->n++;
	}
	qsort(c->servers, c->n, sizeof *c->servers, by_id);
}

/* The same for the same servers at the same addresses. */
static uint64_t
number_of(const struct raft_config *c)
{
	uint64_t h = FNV_BEGIN;

	for (size_t i = 0; i < c->n; i++) {
		const struct raft_server *s = &c->servers[i];

		h = fnv_add(h, &s->id, sizeof s->id);
		h = fnv_add(h, s->addr, strlen(s->addr) + 1);
	}
	return h != 0 ? h : 1;
}

/* How many of the founders are not ready for it, as far as we see. */
static size_t
count_unready(const struct cluster_view *v, uint64_t cluster)
{
	size_t n = 0;

	for (size_t i = 1; i < v->n; i++)
		n += may_found(v, i) && v->servers[i].ready != cluster;
	return n;
}

static void
try_to_form(const struct cluster_view *v, struct cluster_start *out)
{
	size_t nunready;

	list_founders(v, &out->first);
	if (out->first.n < (size_t)v->servers[0].expect) {
		wait_for(out, false, "servers: %zu of %" PRId64 " are here",
		    out->first.n, v->servers[0].expect);
		return;
	}
	out->cluster = number_of(&out->first);
	nunready = count_unready(v, out->cluster);
	if (nunready == 0)
		out->how = CLUSTER_FORM;
	else
		wait_for(out, false,
		    "servers that see the same: all but %zu do", nunready);
}

/* Nobody of our region is there, and somebody of another: a wrong name. */
static void
ask_for_name(const struct cluster_view *v, struct cluster_start *out)
{
	size_t n = strlen(out->why);

	if (out->how != CLUSTER_WAIT || v->n > 1 || v->elsewhere == NULL)
		return;
	snprintf(out->why + n, sizeof out->why - n,
	    "; the pool has none of this region, but of region \"%s\": is the "
	    "name right?",
	    v->elsewhere);
	out->is_wrong = v->servers[0].expect == 0;
}

static void
decide_start(const struct cluster_view *v, struct cluster_start *out)
{
	const struct cluster_server *self = &v->servers[0], *other;

	*out = (struct cluster_start){ .how = CLUSTER_WAIT };
	if (sees_cluster(v, out)) {
		/* One that we were ready for, and another began first. */
		list_founders(v, &out->first);
		if (out->how == CLUSTER_JOIN && out->cluster == self->ready &&
		    out->cluster == number_of(&out->first))
			out->how = CLUSTER_FORM;
		return;
	}
	if (self->expect == 0)
		wait_for(out, false, "a cluster to join");
	else if ((other = disagrees(v)) != NULL)
		wait_for(out, true,
		    "%s expects %" PRId64 " servers and this one %" PRId64,
		    other->name, other->expect, self->expect);
	else
		try_to_form(v, out);
}

void
cluster_start(const struct cluster_view *v, struct cluster_start *out)
{
	decide_start(v, out);
	ask_for_name(v, out);
}

/* --- the leader --- */

static const struct raft_server *
in_config(const struct raft_config *c, uint64_t id)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->servers[i].id == id)
			return &c->servers[i];
	return NULL;
}

static bool
is_alive(const struct cluster_view *v, uint64_t id)
{
	const struct cluster_server *s = cluster_find(v, id);

	return s != NULL && s->status == CLUSTER_ALIVE;
}

/* Another server listens where that one did: it was set up anew. */
static bool
is_replaced(const struct cluster_view *v, const struct raft_server *s)
{
	for (size_t i = 0; i < v->n; i++)
		if (v->servers[i].id != s->id &&
		    v->servers[i].status == CLUSTER_ALIVE &&
		    strcmp(v->servers[i].raft, s->addr) == 0)
			return !is_alive(v, s->id);
	return false;
}

static const struct raft_peer_status *
peer_of(const struct cluster_raft *raft, uint64_t id)
{
	for (size_t i = 0; i < raft->npeers; i++)
		if (raft->peers[i].id == id)
			return &raft->peers[i];
	return NULL;
}

/* Whether those voters that answer are a majority of all, without one (0: with
 * all). */
static bool
is_well(const struct cluster_raft *raft, uint64_t without)
{
	size_t nvoters = 0, nwell = 0;

	for (size_t i = 0; i < raft->npeers; i++) {
		const struct raft_peer_status *p = &raft->peers[i];

		if (p->id == without)
			continue;
		nvoters += p->voice == RAFT_VOTER;
		nwell +=
		    p->voice == RAFT_VOTER && p->silent_ms < CLUSTER_WELL_MS;
	}
	return nwell > nvoters / 2;
}

static bool
may_lose_dead(const struct cluster_raft *raft, const struct raft_server *s)
{
	size_t nvoters = 0;

	for (size_t i = 0; i < raft->npeers; i++)
		nvoters += raft->peers[i].voice == RAFT_VOTER;
	return raft->pilot->cleanup_dead_servers &&
	       (s->voice != RAFT_VOTER || nvoters > raft->pilot->min_quorum);
}

static bool
is_dead(const struct cluster_view *v, const struct cluster_raft *raft,
    const struct raft_server *s)
{
	const struct raft_peer_status *p = peer_of(raft, s->id);

	return !is_alive(v, s->id) && p != NULL &&
	       p->silent_ms >= CLUSTER_DEAD_MS && is_well(raft, 0);
}

/* Forgotten by the pool, and not because that had lost sight of it. */
static bool
is_reaped(const struct cluster_view *v, const struct cluster_raft *raft,
    const struct raft_server *s)
{
	const struct raft_peer_status *p = peer_of(raft, s->id);

	if (cluster_find(v, s->id) != NULL || p == NULL ||
	    p->silent_ms < CLUSTER_WELL_MS)
		return false;
	for (size_t i = 0; i < v->nreaped; i++)
		if (v->reaped[i] == s->id)
			return true;
	return false;
}

/* Why the server should be one no longer, or NULL. One that left and is still
 * needed stays until others have been added or removed, which must not wait
 * for it. */
static const char *
why_out(const struct cluster_view *v, const struct cluster_raft *raft,
    const struct raft_server *s)
{
	const struct cluster_server *m = cluster_find(v, s->id);

	if (s->id == v->servers[0].id)
		return NULL;
	if ((m != NULL && m->status == CLUSTER_LEFT) || is_reaped(v, raft, s))
		return is_well(raft, s->id) ? "left" : NULL;
	if (is_replaced(v, s))
		return "replaced";
	return is_dead(v, raft, s) && may_lose_dead(raft, s) ? "dead" : NULL;
}

/* Where it listens now, when that is elsewhere; or NULL. */
static const char *
moved_to(const struct cluster_view *v, const struct raft_server *s)
{
	const struct cluster_server *m = cluster_find(v, s->id);

	if (m == NULL || m->status != CLUSTER_ALIVE || m->raft[0] == '\0')
		return NULL;
	return strcmp(m->raft, s->addr) != 0 ? m->raft : NULL;
}

/* Well for as long as an operator wants to see that of a voter. */
static bool
is_stable(const struct cluster_raft *raft, uint64_t id)
{
	int64_t want_ns = raft->pilot->server_stabilization_time;
	const struct steady_server *s = steady_find(raft->steady, id);

	return s != NULL && raft->now_ms - s->since_ms >=
				(uint64_t)want_ns / CLOCK_NS_PER_MS;
}

static bool
may_promote(const struct cluster_view *v, const struct cluster_raft *raft,
    const struct raft_server *s)
{
	const struct raft_peer_status *p = peer_of(raft, s->id);

	return s->voice == RAFT_LEARNER && p != NULL && p->caught_up &&
	       is_alive(v, s->id) && is_stable(raft, s->id);
}

static bool
next_of(const struct cluster_view *v, const struct cluster_raft *raft,
    const struct raft_server *s, struct cluster_change *out)
{
	*out = (struct cluster_change){ .id = s->id };
	if ((out->why = why_out(v, raft, s)) != NULL)
		out->what = RAFT_REMOVE;
	else if ((out->addr = moved_to(v, s)) != NULL)
		out->what = RAFT_READDRESS;
	else if (may_promote(v, raft, s))
		out->what = RAFT_PROMOTE;
	else
		return false;
	if (out->what != RAFT_REMOVE)
		out->why = out->what == RAFT_PROMOTE ? "caught up" : "moved";
	return true;
}

/* A server that waits to be added, and can be, or cannot: its program would
 * not read the state. */
static const struct cluster_server *
find_new(const struct cluster_view *v, const struct cluster_raft *raft,
    bool is_outdated)
{
	for (size_t i = 1; i < v->n; i++) {
		const struct cluster_server *s = &v->servers[i];

		if (s->status == CLUSTER_ALIVE && s->cluster == raft->cluster &&
		    s->raft[0] != '\0' &&
		    (s->level < v->servers[0].in_force) == is_outdated &&
		    in_config(raft->config, s->id) == NULL)
			return s;
	}
	return NULL;
}

bool
cluster_next(const struct cluster_view *v, const struct cluster_raft *raft,
    struct cluster_change *out)
{
	const struct raft_config *c = raft->config;
	const struct cluster_server *s;

	for (size_t i = 0; i < c->n; i++)
		if (next_of(v, raft, &c->servers[i], out))
			return true;
	if (c->n == RAFT_SERVERS_MAX || (s = find_new(v, raft, false)) == NULL)
		return false;
	*out = (struct cluster_change){ .what = RAFT_ADD_LEARNER,
		.id = s->id,
		.addr = s->raft,
		.why = "joined" };
	return true;
}

const struct cluster_server *
cluster_outdated(const struct cluster_view *v, const struct cluster_raft *raft)
{
	return find_new(v, raft, true);
}

uint64_t
cluster_level(const struct cluster_view *v, const struct raft_config *config)
{
	uint64_t level = v->servers[0].level;

	for (size_t i = 0; i < config->n; i++) {
		const struct cluster_server *s =
		    cluster_find(v, config->servers[i].id);

		if (s == NULL || s->status != CLUSTER_ALIVE)
			return 0;
		if (s->level < level)
			level = s->level;
	}
	return level;
}
