#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/gossipd/gossipd.h"
#include "common/log.h"
#include "common/mem.h"
#include "proto/msg.h"
#include "proto/version.h"

/* Serf's: the protocols that we will speak. */
#define PROTOCOL_MIN 1
#define PROTOCOL_MAX 5
#define PROTOCOL_CUR 2
#define DELEGATE_MIN 2
#define DELEGATE_MAX 5
#define DELEGATE_CUR 4

void
gossipd_self(const struct gossipd_config *c, struct member *self)
{
	const char *addr = c->advertise[0] != '\0' ? c->advertise : c->bind;
	char host[256] = "localhost";

	*self = (struct member){ .status = xstrdup(MEMBER_ALIVE),
		.protocol_min = PROTOCOL_MIN,
		.protocol_max = PROTOCOL_MAX,
		.protocol_cur = PROTOCOL_CUR,
		.delegate_min = DELEGATE_MIN,
		.delegate_max = DELEGATE_MAX,
		.delegate_cur = DELEGATE_CUR };
	gethostname(host, sizeof host - 1);
	self->name = c->name[0] != '\0' ? xstrdup(c->name)
					: xasprintf("%s.%s", host, c->region);
	if (gossip_addr_parse(addr, host, sizeof host, &self->port) == 0)
		self->addr = xstrdup(host);
	rec_kv_set(&self->tags, &self->ntags, "build", ROVE_NOMAD_VERSION);
	rec_kv_set(&self->tags, &self->ntags, "dc", c->datacenter);
	rec_kv_set(&self->tags, &self->ntags, "region", c->region);
	for (size_t i = 0; i < c->ntags; i++)
		rec_kv_set(&self->tags, &self->ntags, c->tags[i].key,
		    c->tags[i].value);
}

static void
tell(struct gossipd *g, const char *what)
{
	struct member_event e = { .what = xstrdup(what), .member = g->self };
	char topic[BUS_TOPIC_MAX + 1];

	snprintf(topic, sizeof topic, "member.%s", g->self.name);
	bus_publish(g->daemon->pub, topic, MSG_MEMBER, &e);
	free(e.what);
}

int
gossipd_start(struct daemon *d, struct err *err)
{
	const struct gossipd_config *c = d->config;
	struct gossipd *g = xcalloc(1, sizeof *g);

	d->state = g;
	g->daemon = d;
	g->meter.source = d->def->name;
	g->port = gossip_port_open(d->loop, c->bind, err);
	if (g->port == NULL)
		return -1;
	daemon_warn_if_open("gossip", c->bind);
	gossipd_self(c, &g->self);
	log_info("member join name=%s addr=%s", g->self.name, g->self.addr);
	tell(g, MEMBER_JOIN);
	return 0;
}

/* Tags may change while it runs; who it is and where it listens may not. */
int
gossipd_reload(struct daemon *d, const void *config, struct err *err)
{
	const struct gossipd_config *is = config, *was = d->config;
	struct gossipd *g = d->state;
	struct member self;

	if (strcmp(is->bind, was->bind) != 0)
		return err_set(
		    err, ERR_BAD, "bind changes only with a restart");
	gossipd_self(is, &self);
	if (strcmp(self.name, g->self.name) != 0 ||
	    strcmp(is->region, was->region) != 0) {
		rec_clear(&member_type, &self);
		return err_set(
		    err, ERR_BAD, "name and region change only with a restart");
	}
	if (!rec_equal(&member_type, &self, &g->self)) {
		rec_clear(&member_type, &g->self);
		g->self = self;
		tell(g, MEMBER_UPDATE);
	} else {
		rec_clear(&member_type, &self);
	}
	return 0;
}

void
gossipd_release(struct daemon *d)
{
	struct gossipd *g = d->state;

	if (g == NULL)
		return;
	gossip_port_free(g->port);
	rec_clear(&member_type, &g->self);
	meter_release(&g->meter);
	free(g);
	d->state = NULL;
}

void
gossipd_info(struct daemon *d,
    void (*add)(void *ctx, const char *name, const char *value), void *ctx)
{
	const struct gossipd *g = d->state;
	const struct gossipd_config *c = d->config;
	const struct gossip_port_stats *s = gossip_port_stats(g->port);
	char text[24];

	add(ctx, "member", g->self.name);
	add(ctx, "bind", c->bind);
	add(ctx, "members", "1");
	snprintf(text, sizeof text, "%" PRIu64, s->udp_dropped);
	add(ctx, "udp_dropped", text);
	snprintf(text, sizeof text, "%" PRIu64, s->tcp_dropped);
	add(ctx, "tcp_dropped", text);
}

void
gossipd_metrics(struct daemon *d)
{
	struct gossipd *g = d->state;

	meter_gauge(&g->meter, "nomad.memberlist.health.score", 0, NULL, 0);
	meter_runtime(&g->meter, loop_wall_ns(d->loop));
	meter_publish(&g->meter, d->pub, loop_wall_ns(d->loop));
}
