#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
on_event(void *ctx, const struct pool_event *ev)
{
	static const char *const what[] = { [POOL_EV_JOIN] = MEMBER_JOIN,
		[POOL_EV_LEAVE] = MEMBER_LEAVE,
		[POOL_EV_FAILED] = MEMBER_FAIL,
		[POOL_EV_UPDATE] = MEMBER_UPDATE,
		[POOL_EV_REAP] = MEMBER_REAP };
	struct gossipd *g = ctx;

	switch (ev->type) {
	case POOL_EV_JOIN:
	case POOL_EV_LEAVE:
	case POOL_EV_FAILED:
	case POOL_EV_UPDATE:
	case POOL_EV_REAP:
		rpc_follow(g, ev);
		gossipd_snapshot_changed(g);
		tell(g, what[ev->type], &ev->member);
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
		log_debug(
		    "user event name=%s time=%" PRIu64, ev->name, ev->ltime);
		rpc_follow(g, ev);
		gossipd_snapshot_changed(g);
		break;
	case POOL_EV_QUERY:
		rpc_follow(g, ev);
		gossipd_snapshot_changed(g);
		break;
	}
}

/* --- joining --- */

/* Our own address may be in a list that all members share, and answers. */
bool
gossipd_is_alone(const struct gossipd *g)
{
	struct pool_info i;

	pool_info(g->pool, &i);
	return i.nmembers - i.nfailed - i.nleft <= 1;
}

static void
log_join(const struct gossipd *g, const struct join_result *r)
{
	const char *line = r->errors;

	while (*line != '\0') {
		size_t n = strcspn(line, "\n");

		log_warn("not joined reason=\"%.*s\"", (int)n, line);
		line += n + (line[n] == '\n');
	}
	if (r->njoined > 0 && !gossipd_is_alone(g))
		log_info("joined the pool by=%zu", r->njoined);
}

static void
on_joined_once(void *ctx, const struct join_result *r)
{
	log_join(ctx, r);
}

/* Nobody else is there. Where only we answered, that is no reason to end. */
static void
give_up(struct gossipd *g, bool end)
{
	log_error("no member answered tries=%" PRId64, g->nretries);
	if (end)
		daemon_exit(g->daemon, 1);
}

static void
on_retried(void *ctx, const struct join_result *r)
{
	struct gossipd *g = ctx;
	const struct gossipd_config *c = g->daemon->config;
	uint64_t wait = (uint64_t)(c->retry_interval / CLOCK_NS_PER_MS), chance;

	log_join(g, r);
	if (!gossipd_is_alone(g) || (r->njoined > 0 && r->errors[0] == '\0'))
		return; /* found, or the list names only ourselves */
	g->nretries++;
	if (c->retry_max > 0 && g->nretries >= c->retry_max) {
		give_up(g, r->njoined == 0);
		return;
	}
	/* Who says how often also knows how long that takes. */
	if (c->retry_max == 0) {
		rng_secret(&chance, sizeof chance);
		wait = join_wait_ms(g->nretries, wait, chance);
	}
	loop_timer_set(g->retry, wait);
}

static void
on_retry(void *arg)
{
	struct gossipd *g = arg;
	const struct gossipd_config *c = g->daemon->config;

	joins_start(
	    g->joins, c->retry_join, c->nretry_join, false, on_retried, g);
}

static void
start_joins(struct gossipd *g, uint16_t port)
{
	struct daemon *d = g->daemon;
	const struct gossipd_config *c = d->config;

	g->joins = joins_new(d->loop, g->pool, port, on_done, g);
	g->retry = loop_timer_new(d->loop, on_retry, g);
	if (c->njoin > 0)
		joins_start(
		    g->joins, c->join, c->njoin, false, on_joined_once, g);
	if (c->nretry_join > 0)
		on_retry(g);
}

/* --- life --- */

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

static void
on_log(void *ctx, enum log_level level, const char *line)
{
	rpc_log(ctx, level, line);
}

static int
start_rpc(struct gossipd *g, struct err *err)
{
	const struct gossipd_config *c = g->daemon->config;

	if (c->rpc[0] == '\0')
		return 0;
	g->rpc = rpc_new(g, c->rpc, c->rpc_auth, err);
	if (g->rpc == NULL)
		return -1;
	daemon_follow_log(g->daemon, on_log, g->rpc);
	return 0;
}

int
gossipd_start(struct daemon *d, struct err *err)
{
	const struct gossipd_config *c = d->config;
	struct gossipd *g = xcalloc(1, sizeof *g);
	struct pool_addr addr;

	d->state = g;
	g->daemon = d;
	g->meter.source = d->def->name;
	g->name = gossipd_name(c);
	g->port_ops = (struct gossip_port_ops){ g, on_packet, on_stream,
		on_answer, on_failed, on_refused, on_done };
	if (gossipd_keys_load(c, &g->ring, err) == -1 ||
	    gossipd_snapshot_load(g, err) == -1 ||
	    gossipd_addr(c, &addr, err) == -1)
		return -1;
	g->port = gossip_port_open(d->loop, c->bind, &g->port_ops, err);
	if (g->port == NULL)
		return -1;
	if (g->ring.nkeys == 0)
		daemon_warn_if_open("gossip", c->bind);
	g->tick = loop_timer_new(d->loop, on_tick, g);
	if (start_pool(g, &addr, err) == -1)
		return -1;
	g->asks.pool = g->pool;
	start_joins(g, addr.port);
	gossipd_snapshot_start(g);
	gossipd_rearm(g);
	return start_rpc(g, err);
}

/* Tags may change while it runs; who it is and where it listens may not. */
int
gossipd_reload(struct daemon *d, const void *config, struct err *err)
{
	const struct gossipd_config *is = config, *was = d->config;
	struct gossipd *g = d->state;
	struct member_tags tags;
	char *name = gossipd_name(is);
	bool same = strcmp(name, g->name) == 0;
	int rv;

	free(name);
	if (!same || strcmp(is->region, was->region) != 0)
		return err_set(
		    err, ERR_BAD, "name and region change only with a restart");
	if (strcmp(is->bind, was->bind) != 0 ||
	    strcmp(is->advertise, was->advertise) != 0 ||
	    strcmp(is->profile, was->profile) != 0 ||
	    strcmp(is->encrypt, was->encrypt) != 0 ||
	    is->compression != was->compression ||
	    strcmp(is->rpc, was->rpc) != 0 ||
	    strcmp(is->rpc_auth, was->rpc_auth) != 0 ||
	    strcmp(is->snapshot, was->snapshot) != 0)
		return err_set(err, ERR_BAD,
		    "bind, advertise, profile, encrypt, compression, rpc and "
		    "snapshot change only with a restart");
	gossipd_tags(is, g, &tags);
	rv = pool_set_tags(g->pool, now_ms(g), tags.tags, tags.ntags, err);
	rec_clear(&member_tags_type, &tags);
	if (rv == 0)
		pool_set_times(g->pool, now_ms(g),
		    (uint64_t)(is->reconnect_timeout / CLOCK_NS_PER_MS),
		    (uint64_t)(is->tombstone_timeout / CLOCK_NS_PER_MS));
	gossipd_rearm(g);
	return rv;
}

void
gossipd_stop(struct daemon *d)
{
	const struct gossipd_config *c = d->config;
	struct gossipd *g = d->state;
	bool leaves = g->leaves ||
		      (d->stop_signal == SIGINT && c->leave_on_interrupt) ||
		      (d->stop_signal == SIGTERM && c->leave_on_terminate);

	if (!leaves) {
		gossipd_snapshot_end(g, false);
		daemon_exit(d, 0);
		return;
	}
	g->leaves = true;
	pool_leave(g->pool, now_ms(g));
	gossipd_rearm(g);
}

void
gossipd_leave(struct gossipd *g)
{
	g->leaves = true;
	g->daemon->stopping = true;
	gossipd_stop(g->daemon);
}

void
gossipd_release(struct daemon *d)
{
	struct gossipd *g = d->state;

	if (g == NULL)
		return;
	daemon_follow_log(d, NULL, NULL);
	key_forget(&g->asks, NULL);
	joins_free(g->joins);
	rpc_free(g->rpc);
	loop_timer_free(g->retry);
	loop_timer_free(g->settle);
	loop_timer_free(g->again);
	snapshot_release(&g->was);
	loop_timer_free(g->tick);
	gossip_port_free(g->port);
	pool_free(g->pool);
	gossipd_reach_release(g);
	gossipd_askers_release(g);
	rec_clear(&member_tags_type, &g->given);
	rec_clear(&member_tags_edit_type, &g->edits);
	meter_release(&g->meter);
	free(g->name);
	free(g);
	d->state = NULL;
}
