#include "cmd/schedd/forward.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cmd/schedd/api.h"
#include "cmd/schedd/nodes_http.h"
#include "cmd/schedd/servers.h"
#include "cmd/schedd/stepdown.h"
#include "common/http/relay.h"
#include "common/mem.h"
#include "proto/blocking.h"

#define TOKEN "forwarded" /* of a node's request that was handed on once */

/* One that is kept until somebody leads. */
struct kept {
	void (*gone)(struct http_req *r); /* first: see api.c */
	struct schedd *sd;
	struct http_req *req;
	uint64_t until_ms;
	TAILQ_ENTRY(kept) entry;
};

struct forwards {
	struct schedd *sd;
	TAILQ_HEAD(kept_list, kept) kept; /* by their time, oldest first */
	size_t nkept;
	size_t nwrites; /* handed on and not answered yet */
	struct loop_timer *timer;
	char *leader;                /* HTTP address of the last one known */
	char *old;                   /* of the one before, for a while */
	struct loop_timer *patience; /* with that one */
	struct bus_peer *bus;        /* to bus_addr; NULL: none yet */
	char *bus_addr;
};

/* --- what is the leader's --- */

bool
forward_is_among(const char *path, const char *const *begins, size_t n)
{
	if (strncmp(path, "/v1/", 4) != 0)
		return true;
	for (size_t i = 0; i < n; i++)
		if (strncmp(path, begins[i], strlen(begins[i])) == 0)
			return true;
	return false;
}

/* What each server answers for itself. */
static bool
is_own_path(const char *path)
{
	static const char *const own[] = { "/v1/agent/", "/v1/status/",
		"/v1/regions", "/v1/metrics", "/v1/jobs/parse", "/v1/client/",
		"/v1/acl/" };

	return forward_is_among(path, own, sizeof own / sizeof own[0]);
}

static bool
is_stale_read(const struct http_req *r)
{
	char text[16];

	return http_is_read(r) && http_param(r, "stale", text, sizeof text) &&
	       strcmp(text, "false") != 0 && strcmp(text, "0") != 0;
}

size_t
forward_hops(const struct http_req *r)
{
	size_t nfields, n = 0;
	const struct http_field *f = http_fields(r, &nfields);

	for (size_t i = 0; i < nfields; i++)
		n += strcasecmp(f[i].name, FORWARD_HOP) == 0;
	return n;
}

/* --- keeping --- */

static void
drop(struct kept *k)
{
	struct forwards *f = k->sd->forwards;

	TAILQ_REMOVE(&f->kept, k, entry);
	f->nkept--;
	http_req_set_data(k->req, NULL);
	free(k);
}

static void
on_kept_gone(struct http_req *r)
{
	drop(http_req_data(r));
}

static void
refuse(struct http_req *r)
{
	struct err err;

	err_set(&err, ERR_NOT_LEADER, "nobody leads");
	api_refuse(r, &err);
}

static void
set_timer(struct forwards *f)
{
	const struct kept *k = TAILQ_FIRST(&f->kept);
	uint64_t now = loop_now_ms(f->sd->loop);

	if (k == NULL)
		loop_timer_cancel(f->timer);
	else
		loop_timer_set(
		    f->timer, k->until_ms > now ? k->until_ms - now : 0);
}

static void
on_timer(void *arg)
{
	struct forwards *f = arg;
	struct kept *k;

	while ((k = TAILQ_FIRST(&f->kept)) != NULL &&
	       k->until_ms <= loop_now_ms(f->sd->loop)) {
		struct http_req *r = k->req;

		drop(k);
		refuse(r);
	}
	set_timer(f);
}

static void
keep(struct schedd *sd, struct http_req *r)
{
	struct forwards *f = sd->forwards;
	struct kept *k;

	if (f->nkept >= FORWARD_MAX) {
		refuse(r);
		return;
	}
	k = xcalloc(1, sizeof *k);
	*k = (struct kept){ .gone = on_kept_gone,
		.sd = sd,
		.req = r,
		.until_ms = loop_now_ms(sd->loop) + FORWARD_WAIT_MS };
	http_req_set_data(r, k);
	TAILQ_INSERT_TAIL(&f->kept, k, entry);
	f->nkept++;
	set_timer(f);
}

/* --- who led before --- */

static void
drop_old(void *arg)
{
	struct forwards *f = arg;
	char *old = f->old;

	loop_timer_cancel(f->patience);
	f->old = NULL;
	if (strcmp(old, f->leader) != 0)
		nodes_http_drop(f->sd->servers_http, old);
	free(old);
	forward_run(f->sd);
}

static void
note_leader(struct forwards *f, const struct cluster_server *leader)
{
	char *before = f->leader;

	if (before != NULL && strcmp(before, leader->http) == 0)
		return;
	f->leader = xstrdup(leader->http);
	if (f->old != NULL)
		drop_old(f);
	f->old = before;
	if (before != NULL)
		loop_timer_set(f->patience, FORWARD_OLD_MS);
}

/* --- handing on --- */

/* What was not sent, or changes nothing, may be asked once more. */
static void
on_lost(void *ctx, struct http_req *r, const struct err *err, bool sent)
{
	struct schedd *sd = ctx;

	if (sent && !http_is_read(r))
		http_fail(r, 500,
		    "rpc error: %s: the leader went away before it answered "
		    "(%s); the request may have been carried out",
		    err->code == ERR_TIMEOUT ? "timed out" : "EOF", err->text);
	else
		keep(sd, r);
}

static void
on_written(void *ctx)
{
	struct schedd *sd = ctx;

	if (sd->forwards != NULL)
		sd->forwards->nwrites--;
}

static void
on_write_lost(void *ctx, struct http_req *r, const struct err *err, bool sent)
{
	on_written(ctx);
	on_lost(ctx, r, err, sent);
}

static void
hand_on(struct schedd *sd, struct http_req *r)
{
	const struct cluster_server *leader = servers_leader(sd);
	bool writes = !http_is_read(r);

	if (leader == NULL || leader->http[0] == '\0') {
		keep(sd, r);
		return;
	}
	sd->forwards->nwrites += writes;
	http_relay(nodes_http_client(sd->servers_http, leader->http), r,
	    &(struct http_relay_how){ .extra = FORWARD_HOP ": 1\r\n",
		.begin_ms = blocking_begin_ms(r),
		.on_lost = writes ? on_write_lost : on_lost,
		.on_end = writes ? on_written : NULL,
		.ctx = sd });
}

bool
forward_is_over(const struct schedd *sd)
{
	const struct forwards *f = sd->forwards;

	return f->nwrites == 0 && TAILQ_EMPTY(&f->kept);
}

bool
forward_http(struct schedd *sd, struct http_req *r)
{
	if (servers_are_alone(sd) || is_own_path(http_path(r)) ||
	    is_stale_read(r))
		return false;
	if (sd->leading && !stepdown_began(sd))
		return false;
	if (sd->leading || forward_hops(r) >= FORWARD_HOPS)
		keep(sd, r);
	else
		hand_on(sd, r);
	return true;
}

void
forward_http_lost(struct schedd *sd, struct http_req *r)
{
	if (!sd->leading && servers_leader(sd) != NULL &&
	    forward_hops(r) < FORWARD_HOPS)
		hand_on(sd, r);
	else
		keep(sd, r);
}

void
forward_run(struct schedd *sd)
{
	struct forwards *f = sd->forwards;
	struct kept *k;

	if (f == NULL || servers_leader(sd) == NULL)
		return;
	note_leader(f, servers_leader(sd));
	for (size_t n = f->nkept; n > 0; n--) {
		struct http_req *r;

		k = TAILQ_FIRST(&f->kept);
		r = k->req;
		drop(k);
		api_dispatch(sd, r);
	}
	set_timer(f);
}

void
forward_end_all(struct schedd *sd)
{
	struct forwards *f = sd->forwards;
	struct kept *k;

	while ((k = TAILQ_FIRST(&f->kept)) != NULL) {
		struct http_req *r = k->req;

		drop(k);
		refuse(r);
	}
	set_timer(f);
}

/* --- nodes --- */

struct handed {
	struct bus_req *req; /* NULL when its time is over */
};

static void
on_expire(void *ctx, struct bus_req *req)
{
	((struct handed *)ctx)->req = NULL;
	bus_refusef(req, ERR_TIMEOUT, "the leader did not answer in time");
}

static void
on_answer(void *ctx, const struct err *err, const void *reply)
{
	struct handed *h = ctx;

	if (h->req != NULL && err == NULL)
		bus_reply(h->req, reply);
	else if (h->req != NULL)
		bus_refuse(h->req, err);
	free(h);
}

static struct bus_peer *
peer_to(struct forwards *f, const char *addr, struct err *err)
{
	char *url;

	if (f->bus != NULL && strcmp(f->bus_addr, addr) == 0)
		return f->bus;
	bus_peer_free(f->bus);
	free(f->bus_addr);
	f->bus_addr = xstrdup(addr);
	url = xasprintf("tcp://%s", addr);
	f->bus = bus_dial_keen(f->sd->loop, url, err);
	free(url);
	if (f->bus != NULL)
		bus_peer_set_token(f->bus, TOKEN);
	return f->bus;
}

bool
forward_bus(
    struct schedd *sd, struct bus_req *req, uint16_t number, const void *body)
{
	const struct cluster_server *leader = servers_leader(sd);
	struct bus_peer *peer;
	struct handed *h;
	struct err err;

	if (sd->leading || servers_are_alone(sd))
		return false;
	if (leader == NULL || *leader->rpc == '\0' ||
	    strcmp(bus_token(req), TOKEN) == 0) {
		bus_refusef(req, ERR_NOT_LEADER, "this server does not lead");
		return true;
	}
	peer = peer_to(sd->forwards, leader->rpc, &err);
	if (peer == NULL) {
		bus_refuse(req, &err);
		return true;
	}
	h = xcalloc(1, sizeof *h);
	h->req = req;
	bus_on_expire(req, on_expire, h);
	bus_call(peer, number, body, FORWARD_BUS_MS, on_answer, h);
	return true;
}

/* --- life --- */

void
forwards_open(struct schedd *sd)
{
	struct forwards *f = sd->forwards = xcalloc(1, sizeof *f);

	f->sd = sd;
	TAILQ_INIT(&f->kept);
	f->timer = loop_timer_new(sd->loop, on_timer, f);
	f->patience = loop_timer_new(sd->loop, drop_old, f);
}

void
forwards_close(struct schedd *sd)
{
	struct forwards *f = sd->forwards;

	if (f == NULL)
		return;
	bus_peer_free(f->bus);
	loop_timer_free(f->timer);
	loop_timer_free(f->patience);
	free(f->leader);
	free(f->old);
	free(f->bus_addr);
	free(f);
	sd->forwards = NULL;
}
