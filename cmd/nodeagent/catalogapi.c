#include "cmd/nodeagent/catalogapi.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/nodeagent/catalogapi_impl.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "proto/version.h"

#define INDEX_PER_S   1000 /* changes a second that the index has room for */
#define JITTER_DIVIDE 16   /* a wait is longer by up to this part of it */

/* --- answering --- */

static void
add_number(struct http_req *r, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof text, "%" PRIu64, value);
	http_add(r, name, text);
}

static void
add_fields(struct http_req *r, const struct consul_answer *a)
{
	struct buf allow = { 0 };

	if (a->is_known) {
		http_add(r, "Vary", "Accept-Encoding");
		http_add(r, "X-Consul-Default-Acl-Policy", "allow");
	}
	if (a->index != 0) {
		add_number(r, "X-Consul-Index", a->index);
		http_add(r, "X-Consul-Knownleader", "true");
		http_add(r, "X-Consul-Lastcontact", "0");
		http_add(r, "X-Consul-Query-Backend", "blocking-query");
		if (a->consistency != NULL)
			http_add(r, "X-Consul-Effective-Consistency",
			    a->consistency);
	}
	if (a->reason != NULL)
		http_add(r, "X-Consul-Reason", a->reason);
	if (a->location != NULL)
		http_add(r, "Location", a->location);
	if (a->allow != 0) {
		consul_add_methods(&allow, a->allow);
		http_add(r, "Allow", buf_str(&allow));
		buf_release(&allow);
	}
}

static size_t
host_len(const char *addr)
{
	const char *colon = strrchr(addr, ':');

	return colon == NULL ? strlen(addr) : (size_t)(colon - addr);
}

/* From the machine itself: from loopback, or from where it came to. */
static bool
is_from_here(const struct http_req *r)
{
	const char *peer = http_peer(r), *local = http_local(r);
	size_t n = host_len(peer);

	return daemon_is_loopback(peer) ||
	       (n == host_len(local) && strncmp(peer, local, n) == 0);
}

static void
ask(const struct catalogapi *api, const struct http_req *r, bool now,
    struct consul_ask *q)
{
	*q = (struct consul_ask){ .method = http_method(r),
		.path = http_path(r),
		.query = http_query(r),
		.trusted = is_from_here(r),
		.now = now,
		.now_ms = loop_now_ms(api->na->loop) };
	q->body = http_body(r, &q->nbody);
	if (q->body == NULL)
		q->body = "";
}

static void
reply(struct http_req *r, const struct consul_answer *a)
{
	add_fields(r, a);
	http_reply(r, a->status, a->type, a->body.data, a->body.len);
}

/* --- requests that are held --- */

static void
set_deadline(struct catalogapi *api)
{
	const struct due *first = due_first(&api->dues);
	uint64_t now_ms = loop_now_ms(api->na->loop);

	if (first == NULL)
		loop_timer_cancel(api->deadline);
	else
		loop_timer_set(api->deadline,
		    first->at_ms > now_ms ? first->at_ms - now_ms : 0);
}

static void
forget(struct catalogapi *api, struct held *h)
{
	LIST_REMOVE(h, entry);
	due_remove(&api->dues, &h->due);
	consul_watch_release(&h->watch);
	api->nheld--;
	free(h);
}

static void
hold(struct catalogapi *api, struct http_req *r, struct consul_watch *w)
{
	struct held *h;
	uint64_t jitter =
	    rng_below(&api->na->rng, w->wait_ms / JITTER_DIVIDE + 1);

	if (api->nheld >= CATALOGAPI_MAX_HELD) {
		http_fail(r, 429, "too many requests are held\n");
		return;
	}
	h = xcalloc(1, sizeof *h);
	h->req = r;
	h->watch = *w;
	*w = (struct consul_watch){ 0 };
	LIST_INSERT_HEAD(&api->held, h, entry);
	api->nheld++;
	due_add(&api->dues, &h->due,
	    loop_now_ms(api->na->loop) + h->watch.wait_ms + jitter);
	http_req_set_data(r, h);
	if (due_first(&api->dues) == &h->due)
		set_deadline(api);
}

static void
answer_held(struct catalogapi *api, struct held *h)
{
	struct http_req *r = h->req;
	struct consul_answer a;
	struct consul_ask q;

	forget(api, h);
	http_req_set_data(r, NULL);
	ask(api, r, true, &q);
	consul_answer(&api->registry, &q, &a);
	reply(r, &a);
	consul_answer_release(&a);
}

static void
on_deadline(void *arg)
{
	struct catalogapi *api = arg;
	uint64_t now_ms = loop_now_ms(api->na->loop);
	struct due *d;

	while ((d = due_first(&api->dues)) != NULL && d->at_ms <= now_ms)
		answer_held(api, DUE_OF(d, struct held, due));
	set_deadline(api);
}

static void
on_wake(void *arg)
{
	struct catalogapi *api = arg;
	struct held *h, *next;

	for (h = LIST_FIRST(&api->held); h != NULL; h = next) {
		next = LIST_NEXT(h, entry);
		if (consul_watch_is_due(&api->registry, &h->watch))
			answer_held(api, h);
	}
	set_deadline(api);
}

void
catalogapi_changed(struct catalogapi *api)
{
	if (!loop_timer_is_set(api->wake))
		loop_timer_set(api->wake, CATALOGAPI_SETTLE_MS);
}

static void
on_tick(void *arg)
{
	struct catalogapi *api = arg;
	uint64_t now_ms = loop_now_ms(api->na->loop), was = api->registry.index;
	uint64_t next_ms = registry_tick(&api->registry, now_ms);

	if (next_ms != 0)
		loop_timer_set(
		    api->tick, next_ms > now_ms ? next_ms - now_ms : 0);
	else
		loop_timer_cancel(api->tick);
	if (api->registry.index != was)
		catalogapi_changed(api);
}

/* --- the server --- */

static void
on_request(void *ctx, struct http_req *r)
{
	struct catalogapi *api = ctx;
	struct consul_answer a;
	struct consul_ask q;
	uint64_t was = api->registry.index;
	bool puts;

	http_req_set_data(r, NULL);
	ask(api, r, false, &q);
	puts = strcmp(q.method, "PUT") == 0; /* r may be gone once answered */
	consul_answer(&api->registry, &q, &a);
	if (a.held)
		hold(api, r, &a.watch);
	else
		reply(r, &a);
	consul_answer_release(&a);
	if (api->registry.index != was)
		catalogapi_changed(api);
	if (puts) /* a check may have a new time */
		on_tick(api);
}

static void
on_gone(void *ctx, struct http_req *r)
{
	struct catalogapi *api = ctx;
	struct held *h = http_req_data(r);

	if (h != NULL)
		forget(api, h);
}

/* --- the life --- */

/* Clients keep the index over a restart of ours: a new one must not begin
 * below what an old one has told. */
static uint64_t
first_index(const struct nodeagent *na)
{
	int64_t s = loop_wall_ns(na->loop) / CLOCK_NS_PER_S;

	return (uint64_t)s * INDEX_PER_S;
}

struct catalogapi *
catalogapi_new(struct nodeagent *na, const char *addr, struct err *err)
{
	static const struct http_ops ops = { .on_request = on_request,
		.on_gone = on_gone };
	struct catalogapi *api = xcalloc(1, sizeof *api);
	struct http_limits limits;

	http_limits_init(&limits);
	limits.max_per_client = CATALOGAPI_PER_CLIENT;
	limits.max_body = CATALOGAPI_MAX_BODY;
	api->na = na;
	LIST_INIT(&api->held);
	registry_init(&api->registry, na->node.name, first_index(na));
	api->registry.version = ROVE_VERSION;
	api->deadline = loop_timer_new(na->loop, on_deadline, api);
	api->wake = loop_timer_new(na->loop, on_wake, api);
	api->tick = loop_timer_new(na->loop, on_tick, api);
	catalogapi_put_self(api);
	api->server = http_server_new(na->loop, addr, &limits, &ops, api, err);
	if (api->server == NULL) {
		catalogapi_free(api);
		return NULL;
	}
	return api;
}

void
catalogapi_free(struct catalogapi *api)
{
	if (api == NULL)
		return;
	http_server_free(api->server);
	while (!LIST_EMPTY(&api->held))
		forget(api, LIST_FIRST(&api->held));
	dues_release(&api->dues);
	loop_timer_free(api->deadline);
	loop_timer_free(api->wake);
	loop_timer_free(api->tick);
	registry_release(&api->registry);
	free(api);
}

const char *
catalogapi_addr(const struct catalogapi *api)
{
	return http_server_addr(api->server);
}

size_t
catalogapi_nheld(const struct catalogapi *api)
{
	return api->nheld;
}
