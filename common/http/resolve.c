/*
 * Looking up a client's host name, by libevent's resolver, which asks the
 * name servers of resolv.conf on the loop and blocks nothing.
 */
#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>
#include <stdlib.h>
#include <string.h>

#include "common/http/client_inner.h"
#include "common/mem.h"

/* It and its resolver live until the resolver has called back, which it does
 * for a cancelled question too. */
struct http_lookup {
	struct http_client *client; /* NULL: not wanted any more */
	struct event_base *base;
	struct evdns_base *dns;
	struct evdns_getaddrinfo_request *question;
	bool asking; /* evdns_getaddrinfo() has not returned yet */
	bool done;
};

static void
keep_addresses(struct http_client *c, const struct evutil_addrinfo *list)
{
	c->naddrs = 0;
	for (; list != NULL && c->naddrs < CLIENT_MAX_ADDRS;
	     list = list->ai_next) {
		if (list->ai_addrlen > sizeof c->addrs[0].sock)
			continue;
		memcpy(
		    &c->addrs[c->naddrs].sock, list->ai_addr, list->ai_addrlen);
		c->addrs[c->naddrs++].len = list->ai_addrlen;
	}
	c->looked_up_ms = loop_now_ms(c->loop);
}

static void
free_lookup(evutil_socket_t fd, short what, void *arg)
{
	struct http_lookup *u = arg;

	(void)fd;
	(void)what;
	evdns_base_free(u->dns, 0);
	free(u);
}

/* A resolver must not be freed inside its own callback. */
static void
free_lookup_later(struct http_lookup *u)
{
	const struct timeval soon = { 0 };

	event_base_once(u->base, -1, EV_TIMEOUT, free_lookup, u, &soon);
}

static void
on_found(int rc, struct evutil_addrinfo *list, void *arg)
{
	struct http_lookup *u = arg;
	struct http_client *c = u->client;

	u->done = true;
	if (c != NULL) {
		c->lookup = NULL;
		c->naddrs = 0;
		c->why = rc == 0 ? NULL : evutil_gai_strerror(rc);
		if (rc == 0)
			keep_addresses(c, list);
	}
	if (list != NULL)
		evutil_freeaddrinfo(list);
	if (u->asking)
		return; /* client_resolve() goes on */
	free_lookup_later(u);
	if (c == NULL)
		return;
	client_enter(c);
	client_on_resolved(c, c->why);
	client_leave(c);
}

/* Asks; an answer from the hosts file is there at once. */
static void
ask(struct http_client *c)
{
	struct evutil_addrinfo hints = { .ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM };
	struct http_lookup *u = xcalloc(1, sizeof *u);

	c->lookup = u;
	u->client = c;
	u->base = loop_base(c->loop);
	u->dns = evdns_base_new(u->base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	if (u->dns == NULL) {
		c->why = "no resolver";
		c->lookup = NULL;
		free(u);
		return;
	}
	evdns_base_resolv_conf_parse(
	    u->dns, DNS_OPTIONS_ALL, "/etc/resolv.conf");
	u->asking = true;
	u->question = evdns_getaddrinfo(
	    u->dns, c->to.host, c->to.port, &hints, on_found, u);
	u->asking = false;
	if (u->done)
		free_lookup_later(u);
}

bool
client_resolve(struct http_client *c)
{
	uint64_t now_ms = loop_now_ms(c->loop);

	if (!c->to.is_name) {
		c->addrs[0].sock = c->to.sock;
		c->addrs[0].len = c->to.len;
		c->naddrs = 1;
		return true;
	}
	if (c->lookup != NULL)
		return false;
	if (c->naddrs > 0 && c->looked_up_ms != 0 &&
	    now_ms - c->looked_up_ms < CLIENT_LOOKUP_TTL)
		return true;
	ask(c);
	return c->lookup == NULL;
}

void
client_resolve_cancel(struct http_client *c)
{
	struct http_lookup *u = c->lookup;

	if (u == NULL)
		return;
	c->lookup = NULL;
	u->client = NULL;
	evdns_getaddrinfo_cancel(u->question);
}
