#include <inttypes.h>
#include <stdio.h>

#include "cmd/gossipd/gossipd.h"

typedef void add_fn(void *ctx, const char *name, const char *value);

static void
add_number(add_fn *add, void *ctx, const char *name, uint64_t v)
{
	char text[24];

	snprintf(text, sizeof text, "%" PRIu64, v);
	add(ctx, name, text);
}

static void
add_port(const struct gossip_port_stats *s, add_fn *add, void *ctx)
{
	add_number(add, ctx, "streams_in", s->streams_in);
	add_number(add, ctx, "streams_out", s->streams_out);
	add_number(add, ctx, "streams_bad", s->streams_bad);
	add_number(add, ctx, "streams_late", s->streams_late);
	add_number(add, ctx, "streams_refused", s->streams_refused);
	add_number(add, ctx, "sends_failed", s->sends_failed);
}

static void
add_pool(const struct pool_info *i, add_fn *add, void *ctx)
{
	const struct pool_stats *s = &i->stats;

	add_number(add, ctx, "members", i->nmembers);
	add_number(add, ctx, "failed", i->nfailed);
	add_number(add, ctx, "left", i->nleft);
	add_number(add, ctx, "health_score", i->health);
	add_number(add, ctx, "member_time", i->member_time);
	add_number(add, ctx, "event_time", i->event_time);
	add_number(add, ctx, "query_time", i->query_time);
	add_number(add, ctx, "packets_in", s->packets_in);
	add_number(add, ctx, "packets_out", s->packets_out);
	add_number(add, ctx, "bytes_in", s->bytes_in);
	add_number(add, ctx, "bytes_out", s->bytes_out);
	add_number(add, ctx, "packets_bad", s->packets_bad);
	add_number(add, ctx, "packets_key", s->packets_key);
	add_number(add, ctx, "refused_full", s->refused_full);
	add_number(add, ctx, "probes", s->probes);
	add_number(add, ctx, "probes_failed", s->probes_failed);
	add_number(add, ctx, "suspects", s->suspects);
	add_number(add, ctx, "refutes", s->refutes);
	add_number(add, ctx, "merges", s->merges);
	add_number(add, ctx, "merges_refused", s->merges_refused);
}

void
gossipd_info(struct daemon *d, add_fn *add, void *ctx)
{
	const struct gossipd *g = d->state;
	const struct gossipd_config *c = d->config;
	struct pool_info info;

	pool_info(g->pool, &info);
	add(ctx, "member", g->name);
	add(ctx, "bind", c->bind);
	add(ctx, "profile", c->profile);
	add(ctx, "encrypted", info.encrypted ? "true" : "false");
	add_pool(&info, add, ctx);
	add_port(gossip_port_stats(g->port), add, ctx);
}

void
gossipd_metrics(struct daemon *d)
{
	struct gossipd *g = d->state;
	struct pool_info info;

	pool_info(g->pool, &info);
	meter_gauge(
	    &g->meter, "nomad.memberlist.health.score", info.health, NULL, 0);
	meter_runtime(&g->meter, loop_wall_ns(d->loop));
	meter_publish(&g->meter, d->pub, loop_wall_ns(d->loop));
}
