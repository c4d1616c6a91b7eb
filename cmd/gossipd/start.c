/* The daemon's beginning and end, and the members that it is told to join. */
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/gossipd/gossipd.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/rng.h"

static uint64_t
now_ms(const struct gossipd *g)
{
	return loop_now_ms(g->daemon->loop);
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
on_asked(void *ctx)
{
	gossipd_rearm(ctx);
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

	g->joins = joins_new(d->loop, g->pool, port, on_asked, g);
	g->retry = loop_timer_new(d->loop, on_retry, g);
	if (c->njoin > 0)
		joins_start(
		    g->joins, c->join, c->njoin, false, on_joined_once, g);
	if (c->nretry_join > 0)
		on_retry(g);
}

/* --- life --- */

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
	if (gossipd_keys_load(c, &g->ring, err) == -1 ||
	    gossipd_snapshot_load(g, err) == -1 ||
	    gossipd_addr(c, &addr, err) == -1 ||
	    gossipd_loop_open(g, &addr, err) == -1)
		return -1;
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
