/*
 * Between the pool and all others: hands on what comes by the port, wakes when
 * the pool is due, carries out what it wants and tells what it says.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/gossipd/gossipd.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/rng.h"
#include "proto/msg.h"

/* --- time --- */

static uint64_t
now_ms(const struct gossipd *g)
{
	return loop_now_ms(g->daemon->loop);
}

void
gossipd_rearm(struct gossipd *g)
{
	uint64_t due_ms = pool_due_ms(g->pool), now = now_ms(g);

	if (due_ms == g->due_ms)
		return;
	g->due_ms = due_ms;
	loop_timer_set(g->tick, due_ms > now ? due_ms - now : 0);
}

static void
on_tick(void *arg)
{
	struct gossipd *g = arg;

	g->due_ms = 0;
	pool_tick(g->pool, now_ms(g));
	gossipd_rearm(g);
}

static uint64_t
stamp_us(void *ctx)
{
	(void)ctx;
	return (uint64_t)(clock_mono_ns() / 1000);
}

/* --- what comes by the port --- */

static void
on_packet(void *ctx, const struct pool_addr *from, const char *bytes, size_t n)
{
	struct gossipd *g = ctx;

	pool_packet(g->pool, now_ms(g), from, bytes, n);
}

static void
on_stream(void *ctx, const struct pool_addr *from, const char *bytes, size_t n,
    struct buf *reply)
{
	struct gossipd *g = ctx;

	pool_stream(g->pool, now_ms(g), from, bytes, n, reply);
}

static void
on_answer(void *ctx, uint64_t token, const char *bytes, size_t n)
{
	struct gossipd *g = ctx;

	pool_stream_answer(g->pool, now_ms(g), token, bytes, n);
	gossipd_rearm(g);
}

static void
on_failed(void *ctx, uint64_t token, enum pool_failure how)
{
	struct gossipd *g = ctx;

	pool_stream_failed(g->pool, now_ms(g), token, how);
	gossipd_rearm(g);
}

static void
on_refused(void *ctx, const struct pool_addr *to)
{
	struct gossipd *g = ctx;

	pool_refused(g->pool, now_ms(g), to);
}

static void
on_done(void *ctx)
{
	gossipd_rearm(ctx);
}

/* --- what the pool wants --- */

static void
do_udp(void *ctx, const struct pool_addr *to, const char *bytes, size_t n)
{
	struct gossipd *g = ctx;

	gossip_port_send(g->port, to, bytes, n);
}

static void
do_dial(void *ctx, uint64_t token, const struct pool_addr *to,
    const char *bytes, size_t n, uint64_t deadline_ms)
{
	struct gossipd *g = ctx;

	gossip_port_dial(g->port, token, to, bytes, n, deadline_ms);
}

static void
tell(struct gossipd *g, const char *what, const struct pool_view *v)
{
	struct member_event e = { .what = xstrdup(what) };
	char topic[BUS_TOPIC_MAX + 1];

	gossipd_member(v, &e.member);
	snprintf(topic, sizeof topic, "member.%s", v->name);
	bus_publish(g->daemon->pub, topic, MSG_MEMBER, &e);
	rec_clear(&member_event_type, &e);
}

static void
on_keys(struct gossipd *g)
{
	struct err err;

	if (gossipd_keys_save(g->daemon->config, &g->ring, &err) == -1)
		log_warn("keyring not kept reason=\"%s\"", err.text);
	else
		log_info("keyring changed keys=%zu", g->ring.nkeys);
}

static void
on_conflict(const struct pool_event *ev)
{
	char host[GOSSIP_ADDR_TEXT];

	gossip_addr_format(&ev->addr, host);
	log_warn("name is borne twice name=%s other=%s:%u", ev->member.name,
	    host, ev->addr.port);
}

static void
on_left(struct gossipd *g)
{
	if (g->leaver != NULL)
		bus_reply(g->leaver, NULL);
	g->leaver = NULL;
	gossipd_snapshot_end(g, true);
	if (g->rpc != NULL)
		rpc_left(g->rpc);
	log_info("left the pool");
	daemon_exit(g->daemon, 0);
}

static void
rpc_follow(struct gossipd *g, const struct pool_event *ev)
{
	if (g->rpc != NULL)
		rpc_event(g->rpc, ev);
}

static void
on_member(struct gossipd *g, const struct pool_event *ev)
{
	static const char *const what[] = { [POOL_EV_JOIN] = MEMBER_JOIN,
		[POOL_EV_LEAVE] = MEMBER_LEAVE,
		[POOL_EV_FAILED] = MEMBER_FAIL,
		[POOL_EV_UPDATE] = MEMBER_UPDATE,
		[POOL_EV_REAP] = MEMBER_REAP };

	rpc_follow(g, ev);
	gossipd_snapshot_changed(g);
	tell(g, what[ev->type], &ev->member);
}

/* A user event, or a query for us: the snapshot keeps the times of both. */
static void
on_heard(struct gossipd *g, const struct pool_event *ev)
{
	if (ev->type == POOL_EV_USER)
		log_debug(
		    "user event name=%s time=%" PRIu64, ev->name, ev->ltime);
	rpc_follow(g, ev);
	gossipd_snapshot_changed(g);
}

static void
on_event(void *ctx, const struct pool_event *ev)
{
	struct gossipd *g = ctx;

	switch (ev->type) {
	case POOL_EV_JOIN:
	case POOL_EV_LEAVE:
	case POOL_EV_FAILED:
	case POOL_EV_UPDATE:
	case POOL_EV_REAP:
		on_member(g, ev);
		break;
	case POOL_EV_ACK:
	case POOL_EV_RESPONSE:
	case POOL_EV_QUERY_DONE:
		asks_event(&g->asks, ev);
		break;
	case POOL_EV_JOINED:
		joins_on_joined(g->joins, ev->token, ev->ok, ev->why);
		break;
	case POOL_EV_LEFT:
		on_left(g);
		break;
	case POOL_EV_CONFLICT:
		on_conflict(ev);
		break;
	case POOL_EV_KEYS:
		on_keys(g);
		break;
	case POOL_EV_USER:
	case POOL_EV_QUERY:
		on_heard(g, ev);
		break;
	}
}

/* --- opening --- */

static int
start_pool(struct gossipd *g, const struct pool_addr *addr, struct err *err)
{
	const struct gossipd_config *c = g->daemon->config;
	const struct pool_ops ops = { g, do_udp, do_dial, on_event, stamp_us };
	struct pool_config pc = {
		.name = g->name,
		.addr = *addr,
		.profile = gossipd_profile(c->profile),
		.ring = &g->ring,
		.compress = c->compression,
		.reconnect_ms =
		    (uint64_t)(c->reconnect_timeout / CLOCK_NS_PER_MS),
		.tombstone_ms =
		    (uint64_t)(c->tombstone_timeout / CLOCK_NS_PER_MS),
		.member_time = g->was.clock,
		.event_time = g->was.event_clock,
		.query_time = g->was.query_clock,
	};
	struct member_tags tags;
	uint64_t seed;

	rng_secret(&seed, sizeof seed);
	gossipd_tags(c, g, &tags);
	pc.tags = tags.tags;
	pc.ntags = tags.ntags;
	g->pool = pool_new(&pc, &ops, seed, now_ms(g), err);
	rec_clear(&member_tags_type, &tags);
	return g->pool != NULL ? 0 : -1;
}

int
gossipd_loop_open(
    struct gossipd *g, const struct pool_addr *addr, struct err *err)
{
	const struct gossipd_config *c = g->daemon->config;

	g->port_ops = (struct gossip_port_ops){ g, on_packet, on_stream,
		on_answer, on_failed, on_refused, on_done };
	g->port = gossip_port_open(g->daemon->loop, c->bind, &g->port_ops, err);
	if (g->port == NULL)
		return -1;
	if (g->ring.nkeys == 0)
		daemon_warn_if_open("gossip", c->bind);
	g->tick = loop_timer_new(g->daemon->loop, on_tick, g);
	if (start_pool(g, addr, err) == -1)
		return -1;
	g->asks.pool = g->pool;
	return 0;
}
