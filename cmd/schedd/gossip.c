#include "cmd/schedd/gossip.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/api.h"
#include "cmd/schedd/cross.h"
#include "cmd/schedd/servers.h"
#include "common/log.h"
#include "common/mem.h"
#include "proto/msg.h"
#include "proto/version.h"

#define TAGS_TIMEOUT_MS 10000
#define ASK_TIMEOUT_MS  2000
#define ASK_AGAIN_MS    1000
#define ASK_SOON_MS     20 /* so that one question is for much news */

void
gossip_tags(const struct schedd *sd, struct rec_kv **tags, size_t *n)
{
	const struct schedd_config *c = sd->config;
	const char *addr = api_rpc_addr(sd), *colon = strrchr(addr, ':');
	char *host = xstrndup(
	    addr, colon != NULL ? (size_t)(colon - addr) : strlen(addr));

	rec_kv_set(tags, n, "role", "nomad");
	rec_kv_set(tags, n, "region", c->region);
	rec_kv_set(tags, n, "dc", c->datacenter);
	rec_kv_set(tags, n, "build", ROVE_NOMAD_VERSION);
	rec_kv_set(tags, n, "rove", ROVE_VERSION);
	rec_kv_set(tags, n, "vsn", "1");
	rec_kv_set(tags, n, "raft_vsn", "3");
	rec_kv_set(tags, n, "id", sd->server_id);
	rec_kv_set(tags, n, "port", colon != NULL ? colon + 1 : "0");
	rec_kv_set(tags, n, "rpc_addr", host);
	if (c->bootstrap_expect == 1)
		rec_kv_set(tags, n, "bootstrap", "1");
	servers_tags(sd, tags, n);
	free(host);
}

static bool
is_number(const char *text)
{
	return text != NULL && text[0] != '\0' &&
	       strspn(text, "0123456789") == strlen(text);
}

bool
gossip_is_server(const struct member *m)
{
	const char *role = rec_kv_get(m->tags, m->ntags, "role");
	const char *build = rec_kv_get(m->tags, m->ntags, "build");

	return role != NULL && strcmp(role, "nomad") == 0 &&
	       is_number(rec_kv_get(m->tags, m->ntags, "port")) &&
	       build != NULL && is_number((char[]){ build[0], '\0' }) &&
	       rec_kv_get(m->tags, m->ntags, "region") != NULL;
}

static void
on_told(void *ctx, const struct err *err, const void *reply)
{
	(void)ctx;
	(void)reply;
	if (err != NULL && err->code != ERR_GONE)
		log_warn(
		    "gossipd did not take our tags reason=\"%s\"", err->text);
}

void
gossip_tell(struct schedd *sd)
{
	struct member_tags body = { 0 };

	if (!sd->gossip_up)
		return;
	gossip_tags(sd, &body.tags, &body.ntags);
	bus_call(
	    sd->gossipd, MSG_MEMBER_TAGS, &body, TAGS_TIMEOUT_MS, on_told, sd);
	rec_clear(&member_tags_type, &body);
}

/* --- who there is --- */

static void
on_members(void *ctx, const struct err *err, const void *reply)
{
	struct schedd *sd = ctx;

	if (err == NULL) {
		cross_learn(sd, reply);
		servers_learn(sd, reply);
	} else if (err->code != ERR_GONE) {
		loop_timer_set(sd->gossip_ask, ASK_AGAIN_MS);
	}
}

static void
on_ask(void *arg)
{
	struct schedd *sd = arg;

	bus_call(
	    sd->gossipd, MSG_MEMBERS, NULL, ASK_TIMEOUT_MS, on_members, sd);
}

static void
on_link(void *ctx, bool up)
{
	struct schedd *sd = ctx;

	sd->gossip_up = up;
	if (!up)
		return;
	gossip_tell(sd);
	loop_timer_set(sd->gossip_ask, 0);
}

static void
on_news(void *ctx, const char *topic, uint16_t number, uint64_t seq, bool gap,
    const void *body)
{
	const struct member_event *e = body;
	struct schedd *sd = ctx;
	const char *id;

	(void)topic;
	(void)seq;
	(void)gap;
	loop_timer_set(sd->gossip_ask, ASK_SOON_MS);
	if (number != MSG_MEMBER || e == NULL || !gossip_is_server(&e->member))
		return;
	log_info("server %s name=%s addr=%s", e->what, e->member.name,
	    e->member.addr);
	id = rec_kv_get(e->member.tags, e->member.ntags, "id");
	if (id != NULL && strcmp(e->what, MEMBER_REAP) == 0)
		servers_reaped(sd, id);
}

int
gossip_open(struct schedd *sd, struct err *err)
{
	const char *dir = sd->config->common.run_dir;
	char *msg = daemon_url(dir, "gossipd", "msg");
	char *pub = daemon_url(dir, "gossipd", "pub");

	sd->gossip_ask = loop_timer_new(sd->loop, on_ask, sd);
	sd->gossipd = bus_dial(sd->loop, msg, err);
	if (sd->gossipd != NULL)
		sd->gossip_news =
		    bus_subscribe(sd->loop, pub, "member.", on_news, sd, err);
	if (sd->gossip_news != NULL)
		bus_sub_on_link(sd->gossip_news, on_link);
	free(msg);
	free(pub);
	return sd->gossip_news != NULL ? 0 : -1;
}

void
gossip_close(struct schedd *sd)
{
	if (sd->gossip_news != NULL)
		bus_sub_free(sd->gossip_news);
	bus_peer_free(sd->gossipd);
	loop_timer_free(sd->gossip_ask);
	sd->gossip_ask = NULL;
	sd->gossip_news = NULL;
	sd->gossipd = NULL;
}
