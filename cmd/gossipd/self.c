#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/gossipd/gossipd.h"
#include "common/mem.h"
#include "proto/version.h"

#define TAGS_DELETED_MAX 64 /* at once */

char *
gossipd_name(const struct gossipd_config *c)
{
	char host[256] = "localhost";

	gethostname(host, sizeof host - 1);
	return c->name[0] != '\0' ? xstrdup(c->name)
				  : xasprintf("%s.%s", host, c->region);
}

static void
drop_tag(struct member_tags *t, const char *key)
{
	for (size_t i = 0; i < t->ntags; i++) {
		if (strcmp(t->tags[i].key, key) != 0)
			continue;
		free(t->tags[i].key);
		free(t->tags[i].value);
		t->tags[i--] = t->tags[--t->ntags];
	}
}

/* What operators say wins over the file, and that over daemons of this
 * machine. */
void
gossipd_tags(const struct gossipd_config *c, const struct gossipd *g,
    struct member_tags *out)
{
	const struct member_tags *given = &g->given;

	*out = (struct member_tags){ 0 };
	rec_kv_set(&out->tags, &out->ntags, "build", ROVE_NOMAD_VERSION);
	rec_kv_set(&out->tags, &out->ntags, "dc", c->datacenter);
	rec_kv_set(&out->tags, &out->ntags, "region", c->region);
	for (size_t i = 0; i < given->ntags; i++)
		rec_kv_set(&out->tags, &out->ntags, given->tags[i].key,
		    given->tags[i].value);
	for (size_t i = 0; i < c->ntags; i++)
		rec_kv_set(
		    &out->tags, &out->ntags, c->tags[i].key, c->tags[i].value);
	for (size_t i = 0; i < g->edits.ndeleted; i++)
		drop_tag(out, g->edits.deleted[i]);
	for (size_t i = 0; i < g->edits.ntags; i++)
		rec_kv_set(&out->tags, &out->ntags, g->edits.tags[i].key,
		    g->edits.tags[i].value);
}

static bool
is_deleted(const struct member_tags_edit *e, const char *key)
{
	for (size_t i = 0; i < e->ndeleted; i++)
		if (strcmp(e->deleted[i], key) == 0)
			return true;
	return false;
}

/* Both edits as one, the later one winning. */
static void
edit_add(struct member_tags_edit *to, const struct member_tags_edit *more)
{
	struct member_tags set = { to->tags, to->ntags };
	size_t cap = to->ndeleted;

	for (size_t i = 0; i < more->ndeleted; i++) {
		drop_tag(&set, more->deleted[i]);
		if (is_deleted(to, more->deleted[i]))
			continue;
		to->deleted =
		    xgrow(to->deleted, to->ndeleted, &cap, sizeof *to->deleted);
		to->deleted[to->ndeleted++] = xstrdup(more->deleted[i]);
	}
	for (size_t i = 0; i < more->ntags; i++)
		rec_kv_set(&set.tags, &set.ntags, more->tags[i].key,
		    more->tags[i].value);
	to->tags = set.tags;
	to->ntags = set.ntags;
}

/*
 * Kept only when the pool takes the tags that come out, which bounds how many
 * there are.
 */
int
gossipd_edit_tags(
    struct gossipd *g, const struct member_tags_edit *edit, struct err *err)
{
	struct member_tags_edit was = g->edits;
	struct member_tags tags;
	int rv;

	if (was.ndeleted + edit->ndeleted > TAGS_DELETED_MAX)
		return err_set(err, ERR_BAD, "more than %d tags are deleted",
		    TAGS_DELETED_MAX);
	g->edits = (struct member_tags_edit){ 0 };
	rec_copy(&member_tags_edit_type, &g->edits, &was);
	edit_add(&g->edits, edit);
	gossipd_tags(g->daemon->config, g, &tags);
	rv = pool_set_tags(
	    g->pool, loop_now_ms(g->daemon->loop), tags.tags, tags.ntags, err);
	rec_clear(&member_tags_type, &tags);
	if (rv == -1) {
		rec_clear(&member_tags_edit_type, &g->edits);
		g->edits = was;
	} else {
		rec_clear(&member_tags_edit_type, &was);
	}
	return rv;
}

enum pool_profile
gossipd_profile(const char *name)
{
	if (strcmp(name, "wan") == 0)
		return POOL_WAN;
	return strcmp(name, "local") == 0 ? POOL_LOCAL : POOL_LAN;
}

/* Once, at the start: a name's first address. */
static int
look_up(const char *host, int64_t port, struct pool_addr *out, struct err *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM }, *list;
	struct sockaddr_storage s = { 0 };
	int rv;

	if (gossip_addr_numeric(host, port, out))
		return 0;
	rv = getaddrinfo(host, NULL, &hints, &list);
	if (rv != 0)
		return err_set(err, ERR_BAD, "%s: %s", host, gai_strerror(rv));
	memcpy(&s, list->ai_addr, list->ai_addrlen);
	freeaddrinfo(list);
	gossip_addr_from_sock(&s, out);
	out->port = (uint16_t)port;
	return 0;
}

int
gossipd_addr(
    const struct gossipd_config *c, struct pool_addr *out, struct err *err)
{
	bool told = c->advertise[0] != '\0';
	char host[256];
	int64_t port;

	if (gossip_addr_parse(
		told ? c->advertise : c->bind, host, sizeof host, &port) == -1)
		return err_set(err, ERR_BAD, "no host:port to be reached at");
	if (look_up(host, port, out, err) == -1)
		return err_add(err, told ? "advertise" : "bind");
	if (gossip_addr_is_any(out))
		gossip_addr_own(out);
	return 0;
}

void
gossipd_member(const struct pool_view *v, struct member *out)
{
	char host[GOSSIP_ADDR_TEXT];

	gossip_addr_format(&v->addr, host);
	*out = (struct member){
		.name = xstrdup(v->name),
		.addr = xstrdup(host),
		.port = v->addr.port,
		.status = xstrdup(pool_status_name(v->status)),
		.protocol_min = v->vsn[0],
		.protocol_max = v->vsn[1],
		.protocol_cur = v->vsn[2],
		.delegate_min = v->vsn[3],
		.delegate_max = v->vsn[4],
		.delegate_cur = v->vsn[5],
	};
	for (size_t i = 0; i < v->ntags; i++)
		rec_kv_set(
		    &out->tags, &out->ntags, v->tags[i].key, v->tags[i].value);
}
