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

char *
gossipd_name(const struct gossipd_config *c)
{
	char host[256] = "localhost";

	gethostname(host, sizeof host - 1);
	return c->name[0] != '\0' ? xstrdup(c->name)
				  : xasprintf("%s.%s", host, c->region);
}

/* What the file says wins over what daemons of this machine say. */
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
