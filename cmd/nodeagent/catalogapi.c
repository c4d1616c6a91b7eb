#include "cmd/nodeagent/catalogapi.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/catalog/consul.h"
#include "common/clock.h"
#include "common/due.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include "proto/version.h"

#define INDEX_PER_S   1000 /* changes a second that the index has room for */
#define JITTER_DIVIDE 16   /* a wait is longer by up to this part of it */

/* A request that waits for news, or for its time to be over. */
struct held {
	LIST_ENTRY(held) entry;
	struct http_req *req;
	struct consul_watch watch;
	struct due due;
};

struct catalogapi {
	struct nodeagent *na;
	struct registry registry;
	struct http_server *server;
	LIST_HEAD(held_list, held) held;
	size_t nheld;
	struct dues dues;
	struct loop_timer *deadline; /* of the first of dues */
	struct loop_timer *wake;     /* something has changed */
	struct loop_timer *tick;     /* a local check expires */
};

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

static void
changed(struct catalogapi *api)
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
		changed(api);
}

/* --- the server --- */

static void
on_request(void *ctx, struct http_req *r)
{
	struct catalogapi *api = ctx;
	struct consul_answer a;
	struct consul_ask q;
	uint64_t was = api->registry.index;

	http_req_set_data(r, NULL);
	ask(api, r, false, &q);
	consul_answer(&api->registry, &q, &a);
	if (a.held)
		hold(api, r, &a.watch);
	else
		reply(r, &a);
	consul_answer_release(&a);
	if (api->registry.index != was)
		changed(api);
	if (strcmp(q.method, "PUT") == 0) /* a check may have a new time */
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

/* --- what the cluster knows --- */

static void
put_serf(struct catalogapi *api, const char *node)
{
	const struct entry_check serf = {
		.check_id = text_borrow(REGISTRY_SERF),
		.name = text_borrow("Serf Health Status"),
		.status = text_borrow("passing"),
		.output = text_borrow("Agent alive and reachable"),
	};

	registry_put_check(&api->registry, node, &serf, false, NULL);
}

static bool
is_ours(const struct catalogapi *api, const struct service_instance *i)
{
	return i->node_id != NULL && strcmp(i->node_id, api->na->node.id) == 0;
}

static const char *
node_of(const struct catalogapi *api, const struct service_instance *i)
{
	if (is_ours(api, i))
		return api->na->node.name;
	if (i->node_name != NULL && i->node_name[0] != '\0')
		return i->node_name;
	return i->node_id == NULL ? "" : i->node_id;
}

/* A node is there as long as one of its instances is. */
static void
put_node(struct catalogapi *api, const struct service_instance *i)
{
	struct entry_node n = { .id = i->node_id,
		.node = text_borrow(node_of(api, i)),
		.address = i->address,
		.datacenter = i->datacenter };

	if (is_ours(api, i) ||
	    registry_find_node(&api->registry, n.node) != NULL)
		return;
	if (registry_put_node(&api->registry, &n, NULL) == 0)
		put_serf(api, n.node);
}

static void
put_check(struct catalogapi *api, const struct service_instance *i,
    const struct instance_check *check)
{
	bool pending = strcmp(check->status, "pending") == 0;
	const struct entry_check c = { .check_id = check->id,
		.name = check->name,
		.status = pending ? text_borrow("critical") : check->status,
		.notes = check->notes,
		.output = check->output,
		.service_id = i->id,
		.service_name = i->service_name,
		.type = check->type };
	struct err err;

	if (registry_put_check(
		&api->registry, node_of(api, i), &c, false, &err) == -1)
		log_warn("catalog: a check is left out instance=%s "
			 "error=\"%s\"",
		    i->id, err.text);
}

/* Of an instance without checks, and of one whose node tells no more than
 * whether one of them fails. */
static void
put_own_check(struct catalogapi *api, const struct service_instance *i)
{
	char *id = xasprintf("service:%s", i->id);
	const struct instance_check check = { .id = id,
		.name = text_borrow("Service is running"),
		.type = text_borrow("ttl"),
		.status = text_borrow(i->critical ? "critical" : "passing") };

	put_check(api, i, &check);
	free(id);
}

static bool
has_check(const struct service_instance *i, const char *id)
{
	for (size_t k = 0; k < i->nchecks; k++)
		if (strcmp(i->checks[k].id, id) == 0)
			return true;
	return false;
}

/* Checks of an instance that it has no more. */
static void
drop_checks(struct catalogapi *api, const struct service_instance *i)
{
	struct registry_node *n =
	    registry_find_node(&api->registry, node_of(api, i));
	struct map_entry *next;

	for (struct map_entry *e = n == NULL ? NULL : map_first(&n->checks);
	     e != NULL; e = next) {
		const struct registry_check *c = map_value(e);

		next = map_next(e);
		if (c->c.service_id != NULL &&
		    strcmp(c->c.service_id, i->id) == 0 &&
		    !has_check(i, c->c.check_id))
			registry_remove_check(
			    &api->registry, n->n.node, c->c.check_id);
	}
}

void
catalogapi_put(struct catalogapi *api, const struct service_instance *i)
{
	const struct entry_service s = { .id = i->id,
		.service = i->service_name,
		.tags = i->tags,
		.ntags = i->ntags,
		.address = i->address,
		.port = i->port };
	struct err err;

	if (api == NULL)
		return;
	put_node(api, i);
	if (registry_put_service(
		&api->registry, node_of(api, i), &s, false, &err) == -1) {
		log_warn(
		    "catalog: an instance is left out error=\"%s\"", err.text);
		return;
	}
	if (i->nchecks > 0)
		drop_checks(api, i);
	for (size_t k = 0; k < i->nchecks; k++)
		put_check(api, i, &i->checks[k]);
	if (i->nchecks == 0)
		put_own_check(api, i);
	changed(api);
}

void
catalogapi_remove(struct catalogapi *api, const struct service_instance *i)
{
	const struct registry_node *n;
	const char *node;

	if (api == NULL)
		return;
	node = node_of(api, i);
	registry_remove_service(&api->registry, node, i->id);
	n = registry_find_node(&api->registry, node);
	if (n != NULL && !is_ours(api, i) && map_count(&n->services) == 0)
		registry_remove_node(&api->registry, node);
	changed(api);
}

/* --- the life --- */

static void
put_self(struct catalogapi *api)
{
	const struct node *own = &api->na->node;
	const char *ip = rec_kv_get(
	    own->attributes, own->nattributes, "unique.network.ip-address");
	const struct entry_node n = { .id = own->id,
		.node = own->name,
		.address =
		    text_borrow(ip != NULL && ip[0] != '\0' ? ip : "127.0.0.1"),
		.datacenter = own->datacenter,
		.meta = own->meta,
		.nmeta = own->nmeta };

	registry_put_node(&api->registry, &n, NULL);
	put_serf(api, own->name);
}

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
	put_self(api);
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
