#include <stdlib.h>
#include <string.h>

#include "cmd/gossipd/gossipd.h"
#include "common/mem.h"
#include "common/text.h"
#include "proto/msg.h"

#define REACH_QUERY "_serf_ping" /* every member acknowledges it */

static struct gossipd *
gossipd_of(void *ctx)
{
	return ((struct daemon *)ctx)->state;
}

static uint64_t
now_ms(const struct gossipd *g)
{
	return loop_now_ms(g->daemon->loop);
}

static void
on_members(void *ctx, struct bus_req *req, const void *body)
{
	struct gossipd *g = gossipd_of(ctx);
	struct member_rows rows = { 0 };
	struct pool_view v;
	size_t at = 0, cap = 0;

	(void)body;
	while (pool_next(g->pool, &at, &v)) {
		rows.members = xgrow(
		    rows.members, rows.nmembers, &cap, sizeof *rows.members);
		gossipd_member(&v, &rows.members[rows.nmembers++]);
	}
	bus_reply(req, &rows);
	rec_clear(&member_rows_type, &rows);
}

/* --- joining --- */

struct joiner {
	struct bus_req *req; /* NULL when its time has passed */
};

static void
on_join_expired(void *ctx, struct bus_req *req)
{
	struct joiner *w = ctx;

	w->req = NULL;
	bus_refusef(req, ERR_TIMEOUT, "no answer yet; it goes on");
}

static void
on_join_done(void *ctx, const struct join_result *r)
{
	struct joiner *w = ctx;
	char *errors = xstrdup(r->errors);
	struct member_joined reply = { (int64_t)r->njoined, errors };

	if (w->req != NULL)
		bus_reply(w->req, &reply);
	free(errors);
	free(w);
}

static void
on_join(void *ctx, struct bus_req *req, const void *body)
{
	const struct member_join *ask = body;
	struct gossipd *g = gossipd_of(ctx);
	struct joiner *w;

	if (ask->naddrs == 0 || ask->naddrs > JOIN_MAX_ADDRS) {
		bus_refusef(
		    req, ERR_BAD, "expected 1 to %d addresses", JOIN_MAX_ADDRS);
		return;
	}
	w = xcalloc(1, sizeof *w);
	w->req = req;
	if (!joins_start(g->joins, ask->addrs, ask->naddrs, ask->replay,
		on_join_done, w)) {
		free(w);
		bus_refusef(req, ERR_BUSY, "too many joins are under way");
		return;
	}
	bus_on_expire(req, on_join_expired, w);
}

/* --- leaving --- */

static void
on_leave_expired(void *ctx, struct bus_req *req)
{
	((struct gossipd *)ctx)->leaver = NULL;
	bus_refusef(req, ERR_TIMEOUT, "still leaving");
}

static void
on_leave(void *ctx, struct bus_req *req, const void *body)
{
	struct daemon *d = ctx;
	struct gossipd *g = d->state;

	(void)body;
	if (d->stopping || g->leaver != NULL) {
		bus_refusef(req, ERR_CONFLICT, "leaving already");
		return;
	}
	g->leaver = req;
	bus_on_expire(req, on_leave_expired, g);
	gossipd_leave(g);
}

static void
on_force_leave(void *ctx, struct bus_req *req, const void *body)
{
	const struct member_force_leave *ask = body;
	struct gossipd *g = gossipd_of(ctx);
	struct err err;

	if (ask->node == NULL || ask->node[0] == '\0')
		bus_refusef(req, ERR_BAD, "a member's name is missing");
	else if (pool_force_leave(
		     g->pool, now_ms(g), ask->node, ask->prune, &err) == -1)
		bus_refuse(req, &err);
	else
		bus_reply(req, NULL);
	gossipd_rearm(g);
}

/* --- tags --- */

static void
on_tags(void *ctx, struct bus_req *req, const void *body)
{
	struct gossipd *g = gossipd_of(ctx);
	struct member_tags was = g->given, tags;
	struct err err;

	rec_copy(&member_tags_type, &g->given, body);
	gossipd_tags(g->daemon->config, g, &tags);
	if (pool_set_tags(g->pool, now_ms(g), tags.tags, tags.ntags, &err) ==
	    0) {
		rec_clear(&member_tags_type, &was);
		bus_reply(req, NULL);
	} else {
		rec_clear(&member_tags_type, &g->given);
		g->given = was;
		bus_refuse(req, &err);
	}
	rec_clear(&member_tags_type, &tags);
	gossipd_rearm(g);
}

static void
on_tags_edit(void *ctx, struct bus_req *req, const void *body)
{
	struct gossipd *g = gossipd_of(ctx);
	struct err err;

	if (gossipd_edit_tags(g, body, &err) == -1)
		bus_refuse(req, &err);
	else
		bus_reply(req, NULL);
	gossipd_rearm(g);
}

/* --- round trips --- */

static void
on_rtt(void *ctx, struct bus_req *req, const void *body)
{
	const struct member_rtt_ask *ask = body;
	const struct gossipd *g = gossipd_of(ctx);
	const char *from = text_or(ask->from, g->name);
	const char *to = text_or(ask->to, g->name);
	struct member_rtt reply = { pool_rtt(g->pool, from, to) };

	if (reply.seconds < 0)
		bus_refusef(req, ERR_NOT_FOUND,
		    "%s and %s are not known well enough", from, to);
	else
		bus_reply(req, &reply);
}

/* --- user events --- */

static void
on_user_event(void *ctx, struct bus_req *req, const void *body)
{
	const struct member_user_event *e = body;
	struct gossipd *g = gossipd_of(ctx);
	const char *payload = text_or(e->payload, "");
	struct err err;

	if (e->name == NULL || e->name[0] == '\0')
		bus_refusef(req, ERR_BAD, "an event's name is missing");
	else if (pool_user_event(g->pool, now_ms(g), e->name, payload,
		     strlen(payload), e->coalesce, &err) == -1)
		bus_refuse(req, &err);
	else
		bus_reply(req, NULL);
	gossipd_rearm(g);
}

/* --- questions to all --- */

static void
reach_release(struct reach *r)
{
	for (size_t i = 0; i < r->nanswered; i++)
		free(r->answered[i]);
	free(r->answered);
	*r = (struct reach){ 0 };
}

void
gossipd_reach_release(struct gossipd *g)
{
	for (size_t i = 0; i < GOSSIPD_REACH_MAX; i++)
		reach_release(&g->reaches[i]);
}

static bool
has_answered(const struct reach *r, const char *name)
{
	for (size_t i = 0; i < r->nanswered; i++)
		if (strcmp(r->answered[i], name) == 0)
			return true;
	return false;
}

static void
reach_reply(struct gossipd *g, struct reach *r)
{
	struct member_reach reply = { .answered = r->answered,
		.nanswered = r->nanswered };
	struct pool_view v;
	size_t at = 0, cap = 0;

	while (pool_next(g->pool, &at, &v)) {
		if (v.status != POOL_ALIVE || has_answered(r, v.name))
			continue;
		reply.silent = xgrow(
		    reply.silent, reply.nsilent, &cap, sizeof *reply.silent);
		reply.silent[reply.nsilent++] = xstrdup(v.name);
	}
	bus_reply(r->req, &reply);
	for (size_t i = 0; i < reply.nsilent; i++)
		free(reply.silent[i]);
	free(reply.silent);
	reach_release(r);
}

static void
add_answer(struct reach *r, const char *name)
{
	if (has_answered(r, name))
		return;
	r->answered =
	    xgrow(r->answered, r->nanswered, &r->cap, sizeof *r->answered);
	r->answered[r->nanswered++] = xstrdup(name);
}

static void
on_reach_answer(void *ctx, const struct pool_event *ev)
{
	struct reach *r = ctx;

	if (ev->type == POOL_EV_QUERY_DONE)
		reach_reply(r->g, r);
	else if (ev->type == POOL_EV_ACK)
		add_answer(r, ev->from);
}

static void
on_reach_expired(void *ctx, struct bus_req *req)
{
	struct reach *r = ctx;

	asks_forget(&r->g->asks, r);
	reach_release(r);
	bus_refusef(req, ERR_TIMEOUT,
	    "the pool takes longer to answer than was to be waited");
}

static void
on_reach(void *ctx, struct bus_req *req, const void *body)
{
	const struct pool_query q = { .name = REACH_QUERY, .want_ack = true };
	struct gossipd *g = gossipd_of(ctx);
	struct reach *r = g->reaches;
	struct err err;

	(void)body;
	while (r < g->reaches + GOSSIPD_REACH_MAX && r->req != NULL)
		r++;
	if (r == g->reaches + GOSSIPD_REACH_MAX) {
		bus_refusef(req, ERR_BUSY, "too many ask that");
		return;
	}
	*r = (struct reach){ .g = g, .req = req };
	if (asks_start(&g->asks, now_ms(g), &q, on_reach_answer, r, &err) ==
	    -1) {
		reach_release(r);
		bus_refuse(req, &err);
		return;
	}
	bus_on_expire(req, on_reach_expired, r);
	gossipd_rearm(g);
}

const struct bus_route gossipd_routes[] = {
	{ MSG_MEMBERS, on_members },
	{ MSG_MEMBER_JOIN, on_join },
	{ MSG_MEMBER_FORCE_LEAVE, on_force_leave },
	{ MSG_MEMBER_TAGS, on_tags },
	{ MSG_MEMBER_RTT, on_rtt },
	{ MSG_MEMBER_REACH, on_reach },
	{ MSG_MEMBER_EVENT, on_user_event },
	{ MSG_MEMBER_QUERY, gossipd_on_query },
};
const size_t gossipd_nroutes = sizeof gossipd_routes / sizeof gossipd_routes[0];

const struct bus_route gossipd_ctl_routes[] = {
	{ MSG_MEMBER_LEAVE, on_leave },
	{ MSG_MEMBER_TAGS_EDIT, on_tags_edit },
	{ MSG_MEMBER_KEYS, gossipd_on_keys },
};
const size_t gossipd_nctl_routes =
    sizeof gossipd_ctl_routes / sizeof gossipd_ctl_routes[0];
