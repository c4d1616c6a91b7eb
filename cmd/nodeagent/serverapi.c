#include "cmd/nodeagent/serverapi.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/nodeagent/serverlink.h"
#include "common/http/relay.h"
#include "common/mem.h"
#include "proto/blocking.h"

/* A request under way. */
struct handed {
	struct nodeagent *na;
	uint64_t until_ms; /* another server may be tried */
	char *tried[SERVERAPI_TRIES];
	size_t ntried;
};

static struct http_client *
client_to(struct nodeagent *na, const char *addr)
{
	struct http_client *c = map_find(&na->server_apis, addr);
	struct http_client_opts o;
	struct map_entry *oldest;

	if (c != NULL)
		return c;
	if (map_count(&na->server_apis) == SERVERAPI_CLIENTS) {
		oldest = map_first(&na->server_apis);
		http_client_free(map_remove(&na->server_apis, map_key(oldest)));
	}
	http_client_opts_init(&o);
	o.connect_ms = SERVERAPI_CONNECT_MS;
	c = http_client_new(na->loop, addr);
	http_client_set(c, &o);
	http_client_tls(c, na->tls.api_servers, NULL);
	map_put(&na->server_apis, addr, c);
	return c;
}

/* What is under way to the former one looks for another. */
void
serverapi_set(struct nodeagent *na, const char *addr)
{
	char *was = na->server_api;

	if (was != NULL && strcmp(was, addr) == 0)
		return;
	na->server_api = xstrdup(addr);
	if (was != NULL)
		http_client_free(map_remove(&na->server_apis, was));
	free(was);
}

void
serverapi_release(struct nodeagent *na)
{
	MAP_FOREACH (e, &na->server_apis)
		http_client_free(map_value(e));
	map_release(&na->server_apis);
	free(na->server_api);
	na->server_api = NULL;
}

/* --- choosing --- */

static bool
is_among(const char *addr, char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i], addr) == 0)
			return true;
	return false;
}

char *
serverapi_next(const char *first, char *const *urls, size_t n,
    char *const *tried, size_t ntried)
{
	const char *port = strrchr(first, ':');

	if (!is_among(first, tried, ntried))
		return xstrdup(first);
	for (size_t i = 0; i < n && port != NULL; i++) {
		const char *host = strstr(urls[i], "://"), *colon;
		char *addr;

		if (host == NULL || strncmp(urls[i], "tcp:", 4) != 0)
			continue;
		host += 3;
		if ((colon = strrchr(host, ':')) == NULL)
			continue;
		addr = xasprintf("%.*s%s", (int)(colon - host), host, port);
		if (!is_among(addr, tried, ntried))
			return addr;
		free(addr);
	}
	return NULL;
}

/* --- handing on --- */

static void
handed_free(void *ctx)
{
	struct handed *h = ctx;

	while (h->ntried > 0)
		free(h->tried[--h->ntried]);
	free(h);
}

static bool step(struct handed *h, struct http_req *r);

/* What was not sent, or changes nothing, is asked of the next one; what came
 * to its time's end was not. */
static void
on_lost(void *ctx, struct http_req *r, const struct err *err, bool sent)
{
	struct handed *h = ctx;
	bool reads = http_is_read(r);
	bool again = sent ? reads && err->code != ERR_TIMEOUT
			  : loop_now_ms(h->na->loop) < h->until_ms;

	if (again && step(h, r))
		return;
	http_fail(r, 500, "no server answers: %s%s", err->text,
	    sent && !reads ? "; the request may have been carried out" : "");
	handed_free(h);
}

/* False: all were tried. */
static bool
step(struct handed *h, struct http_req *r)
{
	struct nodeagent *na = h->na;
	struct serverlink_state link = serverlink_state(na->link);
	/* One that the configuration names is the only one. */
	size_t n = *na->config->server_http != '\0' ? 0 : link.nservers;
	struct http_relay_how how = { .begin_ms = blocking_begin_ms(r),
		.on_lost = on_lost,
		.on_end = handed_free,
		.ctx = h };
	char *addr;

	if (h->ntried == SERVERAPI_TRIES ||
	    (addr = serverapi_next(
		 na->server_api, link.servers, n, h->tried, h->ntried)) == NULL)
		return false;
	h->tried[h->ntried++] = addr;
	http_relay(client_to(na, addr), r, &how);
	return true;
}

void
serverapi_hand_on(struct nodeagent *na, struct http_req *r)
{
	struct handed *h;

	if (na->server_api == NULL) {
		http_fail(r, 500, "No path to a server");
		return;
	}
	h = xcalloc(1, sizeof *h);
	h->na = na;
	h->until_ms = loop_now_ms(na->loop) + SERVERAPI_TRY_MS;
	step(h, r);
}
