#include "cmd/nodeagent/serverlink.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/nodeagent/runner.h"
#include "common/log.h"
#include "common/mem.h"
#include "proto/msg.h"
#include "proto/nodemsg.h"

struct serverlink {
	struct nodeagent *na;
	char **servers;
	size_t nservers, at; /* the one that is asked */
	struct bus_peer *peer;
	struct loop_timer *lease_timer, *pull_timer, *push_timer, *follow_timer;
	unsigned nfailures; /* since a server last answered */
	bool registered, leasing, pulling, pushing, pushing_services, following,
	    redialling, complained;
	uint64_t index; /* of the newest allocations taken in */
	uint64_t ttl_ms, last_lease_ms;
	uint64_t seq;       /* of the last update sent */
	struct map dirty;   /* alloc id -> anything: to be told */
	struct map sent;    /* ... in the update under way */
	struct map stopped; /* ids that never ran here */
	struct map put;     /* service id -> owned service_instance */
	struct map removed; /* service id -> anything */
	struct map put_sent, removed_sent;
};

static int here; /* its address is a value for maps that are sets */

/* --- which server --- */

static int
dial(struct serverlink *l, struct err *err)
{
	bus_peer_free(l->peer);
	l->peer = bus_dial(l->na->loop, l->servers[l->at], err);
	return l->peer != NULL ? 0 : -1;
}

static void
on_redial(void *arg)
{
	struct serverlink *l = arg;
	struct err err;

	l->redialling = false;
	l->at = (l->at + 1) % l->nservers;
	if (dial(l, &err) == -1)
		log_error("server %s: %s", l->servers[l->at], err.text);
}

/* Twice as long after each failure, and up to half more by chance. */
static uint64_t
retry_ms(struct serverlink *l)
{
	uint64_t ms = (uint64_t)SERVERLINK_RETRY_MS << l->nfailures;

	if (ms >= SERVERLINK_RETRY_MAX_MS)
		ms = SERVERLINK_RETRY_MAX_MS;
	else
		l->nfailures++;
	return ms + rng_below(&l->na->rng, ms / 2 + 1);
}

/* What a failed call means for the server that we ask. Changing it frees
 * the peer, so not inside one of its own callbacks. */
static void
note_failure(struct serverlink *l, const struct err *err)
{
	/* A server that is just starting is no news. */
	if (!l->complained && l->nfailures >= SERVERLINK_PATIENCE) {
		log_warn("server not heard url=%s: %s", l->servers[l->at],
		    err->text);
		l->complained = true;
	}
	if (l->nservers == 1 || l->redialling ||
	    (err->code != ERR_GONE && err->code != ERR_TIMEOUT &&
		err->code != ERR_NOT_LEADER))
		return;
	l->redialling = true;
	loop_post(l->na->loop, on_redial, l);
}

static void
learn_servers(struct serverlink *l, const struct node_leased *leased)
{
	for (size_t i = 0; i < leased->nservers; i++) {
		bool known = false;

		for (size_t k = 0; k < l->nservers; k++)
			known |= strcmp(l->servers[k], leased->servers[i]) == 0;
		if (known || l->nservers >= SERVERLINK_MAX_SERVERS)
			continue;
		l->servers = xreallocarray(
		    l->servers, l->nservers + 1, sizeof *l->servers);
		l->servers[l->nservers++] = xstrdup(leased->servers[i]);
	}
}

/* --- registering, and the lease --- */

static void pull(void *arg);
static void push(void *arg);
static void follow(void *arg);

static void
begin_following(struct serverlink *l)
{
	if (!l->pulling)
		pull(l);
	if (!l->following)
		follow(l);
	loop_timer_set(l->push_timer, 0);
}

static void
on_leased(void *ctx, const struct err *err, const void *reply)
{
	struct serverlink *l = ctx;
	const struct node_leased *leased = reply;

	l->leasing = false;
	if (err != NULL) {
		note_failure(l, err);
		loop_timer_set(l->lease_timer, retry_ms(l));
		return;
	}
	if (!leased->known) {
		l->registered = false;
		loop_timer_set(l->lease_timer, 0);
		return;
	}
	if (!l->registered)
		log_info("registered node=%s server=%s ttl_ms=%" PRIu64,
		    l->na->node.id, l->servers[l->at], leased->ttl_ms);
	l->registered = true;
	l->complained = false;
	l->nfailures = 0;
	l->ttl_ms = leased->ttl_ms;
	l->last_lease_ms = loop_now_ms(l->na->loop);
	learn_servers(l, leased);
	if (l->seq < leased->seq)
		l->seq = leased->seq;
	begin_following(l);
	/* At a third to a half of the lease, so that one loss is borne. */
	loop_timer_set(l->lease_timer,
	    l->ttl_ms / 3 + rng_below(&l->na->rng, l->ttl_ms / 6 + 1));
}

static void
renew(void *arg)
{
	struct serverlink *l = arg;
	struct node *node = &l->na->node;
	struct node_register reg = { .node = *node };
	struct node_lease lease = { .node_id = node->id,
		.secret_id = node->secret_id,
		.status = node->status };

	if (l->leasing)
		return;
	l->leasing = true;
	if (l->registered)
		bus_call(l->peer, MSG_NODE_LEASE, &lease,
		    SERVERLINK_LEASE_TIMEOUT_MS, on_leased, l);
	else
		bus_call(l->peer, MSG_NODE_REGISTER, &reg,
		    SERVERLINK_LEASE_TIMEOUT_MS, on_leased, l);
}

/* --- allocations --- */

static void
take_alloc(struct serverlink *l, const struct alloc *news)
{
	struct runner *r = runner_find(l->na, news->id);
	struct alloc *own = xcalloc(1, sizeof *own);

	rec_copy(&alloc_type, own, news);
	if (r != NULL)
		runner_update(r, own);
	else
		runner_add(l->na, own);
}

static bool
is_listed(const struct node_allocs_news *news, const char *id)
{
	for (size_t i = 0; i < news->nallocs; i++)
		if (strcmp(news->allocs[i].id, id) == 0)
			return true;
	return false;
}

/* A full answer does not list what is gone. */
static void
forget_unlisted(struct serverlink *l, const struct node_allocs_news *news)
{
	struct map_entry *next;

	for (struct map_entry *e = map_first(&l->na->runners); e != NULL;
	     e = next) {
		next = map_next(e);
		if (!is_listed(news, map_key(e)))
			runner_forget(map_value(e));
	}
}

static void
on_allocs(void *ctx, const struct err *err, const void *reply)
{
	struct serverlink *l = ctx;
	const struct node_allocs_news *news = reply;

	l->pulling = false;
	if (err != NULL) {
		if (err->code != ERR_TIMEOUT)
			note_failure(l, err);
		if (err->code == ERR_NOT_FOUND) {
			l->registered = false;
			loop_timer_set(l->lease_timer, 0);
		}
		loop_timer_set(
		    l->pull_timer, err->code == ERR_TIMEOUT ? 0 : retry_ms(l));
		return;
	}
	l->index = news->index;
	for (size_t i = 0; i < news->nallocs; i++)
		take_alloc(l, &news->allocs[i]);
	for (size_t i = 0; i < news->ngone; i++) {
		struct runner *r = runner_find(l->na, news->gone[i]);

		if (r != NULL)
			runner_forget(r);
	}
	if (news->full)
		forget_unlisted(l, news);
	pull(l);
}

static void
pull(void *arg)
{
	struct serverlink *l = arg;
	struct node_allocs ask = { .node_id = l->na->node.id,
		.secret_id = l->na->node.secret_id,
		.index = l->index };

	if (l->pulling || !l->registered)
		return;
	l->pulling = true;
	bus_call(
	    l->peer, MSG_NODE_ALLOCS, &ask, SERVERLINK_HELD_MS, on_allocs, l);
}

/* --- what we tell of our allocations --- */

/* Nothing sent is forgotten before it is acknowledged. */
static void
move_all(struct map *from, struct map *to)
{
	MAP_FOREACH (e, from)
		map_put(to, map_key(e), map_value(e));
	map_release(from);
}

static void
on_pushed(void *ctx, const struct err *err, const void *reply)
{
	struct serverlink *l = ctx;

	(void)reply;
	l->pushing = false;
	if (err == NULL) {
		MAP_FOREACH (e, &l->sent)
			map_remove(&l->stopped, map_key(e));
		map_release(&l->sent);
		loop_timer_set(l->push_timer, 0);
		return;
	}
	note_failure(l, err);
	move_all(&l->sent, &l->dirty);
	loop_timer_set(l->push_timer, retry_ms(l));
}

static void
report_of(struct serverlink *l, const char *id, struct alloc *out)
{
	struct runner *r = runner_find(l->na, id);

	if (r != NULL) {
		alloc_run_report(r->run, out);
		return;
	}
	*out = (struct alloc){ .id = xstrdup(id),
		.client_status = xstrdup("complete"),
		.client_description = xstrdup("Never ran on this node") };
}

/* Grows for ever, over restarts too: by the clock, or else by what the
 * servers know. */
static uint64_t
next_seq(struct serverlink *l)
{
	uint64_t wall = (uint64_t)loop_wall_ns(l->na->loop);

	l->seq = wall > l->seq ? wall : l->seq + 1;
	return l->seq;
}

static void
push_allocs(struct serverlink *l)
{
	struct node_update update = { .node_id = l->na->node.id,
		.secret_id = l->na->node.secret_id };
	struct map_entry *e, *next;

	update.allocs = xcalloc(SERVERLINK_MAX_BATCH, sizeof *update.allocs);
	for (e = map_first(&l->dirty);
	     e != NULL && update.nallocs < SERVERLINK_MAX_BATCH; e = next) {
		next = map_next(e);
		if (runner_find(l->na, map_key(e)) != NULL ||
		    map_find(&l->stopped, map_key(e)) != NULL) {
			report_of(
			    l, map_key(e), &update.allocs[update.nallocs++]);
			map_put(&l->sent, map_key(e), &here);
		}
		map_remove(&l->dirty, map_key(e));
	}
	if (update.nallocs > 0) {
		l->pushing = true;
		update.seq = next_seq(l);
		bus_call(l->peer, MSG_NODE_UPDATE, &update,
		    SERVERLINK_LEASE_TIMEOUT_MS, on_pushed, l);
	}
	for (size_t i = 0; i < update.nallocs; i++)
		rec_clear(&alloc_type, &update.allocs[i]);
	free(update.allocs);
}

static void
free_service(struct service_instance *s)
{
	if (s == NULL)
		return;
	rec_clear(&service_instance_type, s);
	free(s);
}

static void
forget_services(struct map *m)
{
	MAP_FOREACH (e, m)
		free_service(map_value(e));
	map_release(m);
}

static void
on_services_pushed(void *ctx, const struct err *err, const void *reply)
{
	struct serverlink *l = ctx;

	(void)reply;
	l->pushing_services = false;
	if (err == NULL) {
		forget_services(&l->put_sent);
		map_release(&l->removed_sent);
		loop_timer_set(l->push_timer, 0);
		return;
	}
	note_failure(l, err);
	/* What came meanwhile is newer than what could not be sent. */
	MAP_FOREACH (e, &l->put_sent)
		if (map_find(&l->put, map_key(e)) == NULL &&
		    map_find(&l->removed, map_key(e)) == NULL)
			map_put(&l->put, map_key(e), map_value(e));
		else
			free_service(map_value(e));
	map_release(&l->put_sent);
	MAP_FOREACH (e, &l->removed_sent)
		if (map_find(&l->put, map_key(e)) == NULL)
			map_put(&l->removed, map_key(e), &here);
	map_release(&l->removed_sent);
	loop_timer_set(l->push_timer, retry_ms(l));
}

static void
push_services(struct serverlink *l)
{
	struct services_update u = { .node_id = l->na->node.id,
		.secret_id = l->na->node.secret_id };

	if (map_count(&l->put) + map_count(&l->removed) == 0)
		return;
	move_all(&l->put, &l->put_sent);
	move_all(&l->removed, &l->removed_sent);
	u.put = xcalloc(map_count(&l->put_sent), sizeof *u.put);
	MAP_FOREACH (e, &l->put_sent)
		u.put[u.nput++] =
		    *(const struct service_instance *)map_value(e);
	u.remove = xcalloc(map_count(&l->removed_sent), sizeof *u.remove);
	MAP_FOREACH (e, &l->removed_sent)
		u.remove[u.nremove++] = xstrdup(map_key(e));
	l->pushing_services = true;
	u.seq = next_seq(l);
	bus_call(l->peer, MSG_SERVICES_UPDATE, &u, SERVERLINK_LEASE_TIMEOUT_MS,
	    on_services_pushed, l);
	for (size_t i = 0; i < u.nremove; i++)
		free(u.remove[i]);
	free(u.remove);
	free(u.put); /* its parts belong to put_sent */
}

static void
push(void *arg)
{
	struct serverlink *l = arg;

	if (!l->registered)
		return;
	if (!l->pushing)
		push_allocs(l);
	if (!l->pushing_services)
		push_services(l);
}

/* --- the catalog --- */

static void
publish_service(
    struct serverlink *l, const struct service_instance *s, bool gone)
{
	struct service_event e = { .gone = gone, .instance = *s };
	char topic[BUS_TOPIC_MAX + 1];

	snprintf(topic, sizeof topic, "service.%s", s->service_name);
	bus_publish(l->na->daemon->pub, topic, MSG_SERVICE, &e);
}

static void
take_service_out(struct serverlink *l, const char *id)
{
	struct service_instance *s = catalog_take(&l->na->catalog, id);

	if (s == NULL)
		return;
	publish_service(l, s, true);
	free_service(s);
}

static void
drop_unlisted_services(struct serverlink *l, const struct services_news *news)
{
	struct map_entry *next;

	for (struct map_entry *e = map_first(&l->na->catalog.by_id); e != NULL;
	     e = next) {
		bool listed = false;

		next = map_next(e);
		for (size_t i = 0; i < news->nput && !listed; i++)
			listed = strcmp(news->put[i].id, map_key(e)) == 0;
		if (!listed)
			take_service_out(l, map_key(e));
	}
}

static void
on_services(void *ctx, const struct err *err, const void *reply)
{
	struct serverlink *l = ctx;
	const struct services_news *news = reply;

	l->following = false;
	if (err != NULL) {
		if (err->code != ERR_TIMEOUT)
			note_failure(l, err);
		loop_timer_set(l->follow_timer,
		    err->code == ERR_TIMEOUT ? 0 : retry_ms(l));
		return;
	}
	for (size_t i = 0; i < news->nput; i++)
		if (catalog_put(
			&l->na->catalog, news->put[i].id, &news->put[i]))
			publish_service(l, &news->put[i], false);
	for (size_t i = 0; i < news->nremove; i++)
		take_service_out(l, news->remove[i]);
	if (news->full)
		drop_unlisted_services(l, news);
	l->na->catalog.index = news->index;
	follow(l);
}

static void
follow(void *arg)
{
	struct serverlink *l = arg;
	struct services_ask ask = { .index = l->na->catalog.index };

	if (l->following || !l->registered)
		return;
	l->following = true;
	bus_call(l->peer, MSG_SERVICES_FOLLOW, &ask, SERVERLINK_HELD_MS,
	    on_services, l);
}

/* --- from outside --- */

struct serverlink *
serverlink_new(struct nodeagent *na, struct err *err)
{
	const struct nodeagent_config *c = na->config;
	struct serverlink *l = xcalloc(1, sizeof *l);

	l->na = na;
	l->servers = xcalloc(c->nservers, sizeof *l->servers);
	for (size_t i = 0; i < c->nservers; i++)
		l->servers[l->nservers++] = xstrdup(c->servers[i]);
	l->lease_timer = loop_timer_new(na->loop, renew, l);
	l->pull_timer = loop_timer_new(na->loop, pull, l);
	l->push_timer = loop_timer_new(na->loop, push, l);
	l->follow_timer = loop_timer_new(na->loop, follow, l);
	if (dial(l, err) == -1) {
		serverlink_free(l);
		return NULL;
	}
	return l;
}

void
serverlink_start(struct serverlink *l)
{
	loop_timer_set(l->lease_timer, 0);
}

void
serverlink_free(struct serverlink *l)
{
	if (l == NULL)
		return;
	l->complained = true; /* calls that end now are no loss */
	bus_peer_free(l->peer);
	loop_timer_free(l->lease_timer);
	loop_timer_free(l->pull_timer);
	loop_timer_free(l->push_timer);
	loop_timer_free(l->follow_timer);
	map_release(&l->dirty);
	map_release(&l->sent);
	map_release(&l->stopped);
	map_release(&l->removed);
	map_release(&l->removed_sent);
	forget_services(&l->put);
	forget_services(&l->put_sent);
	for (size_t i = 0; i < l->nservers; i++)
		free(l->servers[i]);
	free(l->servers);
	free(l);
}

void
serverlink_mark_dirty(struct serverlink *l, const char *alloc_id)
{
	map_put(&l->dirty, alloc_id, &here);
	if (!l->pushing)
		loop_timer_set(l->push_timer, 0);
}

bool
serverlink_is_dirty(const struct serverlink *l, const char *alloc_id)
{
	return map_find(&l->dirty, alloc_id) != NULL ||
	       map_find(&l->sent, alloc_id) != NULL;
}

void
serverlink_report_stopped(struct serverlink *l, const char *alloc_id)
{
	map_put(&l->stopped, alloc_id, &here);
	serverlink_mark_dirty(l, alloc_id);
}

void
serverlink_put_service(struct serverlink *l, const struct service_instance *s)
{
	struct service_instance *own = xcalloc(1, sizeof *own);

	rec_copy(&service_instance_type, own, s);
	free_service(map_put(&l->put, s->id, own));
	map_remove(&l->removed, s->id);
	loop_timer_set(l->push_timer, 0);
}

void
serverlink_remove_service(struct serverlink *l, const char *id)
{
	free_service(map_remove(&l->put, id));
	map_put(&l->removed, id, &here);
	loop_timer_set(l->push_timer, 0);
}

struct serverlink_state
serverlink_state(const struct serverlink *l)
{
	return (struct serverlink_state){ .registered = l->registered,
		.up = bus_peer_is_up(l->peer),
		.server = l->servers[l->at],
		.index = l->index,
		.ttl_ms = l->ttl_ms,
		.last_lease_ms = l->last_lease_ms,
		.nservers = l->nservers };
}
