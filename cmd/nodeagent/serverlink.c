#include "cmd/nodeagent/serverlink.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/nodeagent/serverlink_impl.h"
#include "common/log.h"
#include "common/mem.h"
#include "proto/msg.h"
#include "proto/nodemsg.h"

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

	l->at = (l->at + 1) % l->nservers;
	if (dial(l, &err) == -1)
		log_error("server %s: %s", l->servers[l->at], err.text);
	/* Last: what was under way fails as the old peer goes. */
	l->redialling = false;
}

/* Twice as long after each failure, and up to half more by chance. */
uint64_t
link_retry_ms(struct serverlink *l, struct link_retry *r)
{
	uint64_t ms = (uint64_t)SERVERLINK_RETRY_MS << r->nfailures;

	if (ms >= SERVERLINK_RETRY_MAX_MS)
		ms = SERVERLINK_RETRY_MAX_MS;
	else
		r->nfailures++;
	return ms + rng_below(&l->na->rng, ms / 2 + 1);
}

void
link_note_success(struct link_retry *r)
{
	r->nfailures = 0;
	r->complained = false;
}

/*
 * Whether a failed call is a reason to dial: the next server, or the same one
 * when there is no other. For a connection that the network has swallowed does
 * not end, nor does the attempt at a new one: TCP waits about as long again as
 * the network was away before it tries once more.
 */
static bool
wants_redial(const struct serverlink *l, const struct err *err)
{
	return err->code == ERR_TIMEOUT || err->code == ERR_GONE ||
	       (err->code == ERR_NOT_LEADER && l->nservers > 1);
}

/* What a failed call means for the server that we ask. Changing it frees
 * the peer, so not inside one of its own callbacks. */
void
link_note_failure(
    struct serverlink *l, struct link_retry *r, const struct err *err)
{
	/* A server that is just starting is no news, nor that we end. */
	if (!r->complained && r->nfailures >= SERVERLINK_PATIENCE &&
	    !l->ending) {
		log_warn("server does not serve us call=%s url=%s: %s", r->what,
		    l->servers[l->at], err->text);
		r->complained = true;
	}
	if (l->redialling || !wants_redial(l, err))
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

/* The server that answers us has the rest of the HTTP API, on its host. */
static void
learn_api(struct serverlink *l, const struct node_leased *leased)
{
	struct nodeagent *na = l->na;
	const char *url = l->servers[l->at], *host = strstr(url, "://") + 3;
	const char *colon = strrchr(host, ':');
	char *addr;

	if (*na->config->server_http != '\0' || leased->http_port == 0)
		return;
	if (strncmp(url, "ipc:", 4) == 0 || colon == NULL)
		addr = xasprintf("127.0.0.1:%" PRIu64, leased->http_port);
	else
		addr = xasprintf("%.*s:%" PRIu64, (int)(colon - host), host,
		    leased->http_port);
	if (na->server_api_addr == NULL ||
	    strcmp(na->server_api_addr, addr) != 0)
		nodeagent_set_server_api(na, addr);
	free(addr);
}

/* --- what is to be told --- */

/* Nothing sent is forgotten before it is acknowledged. */
void
link_move_all(struct map *from, struct map *to)
{
	MAP_FOREACH (e, from)
		map_put(to, map_key(e), map_value(e));
	map_release(from);
}

/* Grows for ever, over restarts too: by the clock, or else by what the
 * servers know. */
uint64_t
link_next_seq(struct serverlink *l)
{
	uint64_t wall = (uint64_t)loop_wall_ns(l->na->loop);

	l->seq = wall > l->seq ? wall : l->seq + 1;
	return l->seq;
}

static void
push(void *arg)
{
	struct serverlink *l = arg;

	if (!l->registered)
		return;
	if (!l->pushing)
		link_push_allocs(l);
	if (!l->pushing_services)
		link_push_services(l);
	if (!l->pushing_events)
		link_push_events(l);
}

/* --- registering, and the lease --- */

/* From here on each call goes on by itself, failures included. */
static void
begin_following(struct serverlink *l)
{
	if (!l->pulling)
		link_pull(l);
	if (!l->following)
		link_follow(l);
	loop_timer_set(l->push_timer, 0);
}

static void
on_leased(void *ctx, const struct err *err, const void *reply)
{
	struct serverlink *l = ctx;
	const struct node_leased *leased = reply;
	bool is_new = !l->registered;

	l->leasing = false;
	if (err != NULL) {
		l->changed |= l->registering;
		link_note_failure(l, &l->lease, err);
		loop_timer_set(l->lease_timer, link_retry_ms(l, &l->lease));
		return;
	}
	if (!leased->known) {
		l->registered = false;
		loop_timer_set(l->lease_timer, 0);
		return;
	}
	if (is_new)
		log_info("registered node=%s server=%s ttl_ms=%" PRIu64,
		    l->na->node.id, l->servers[l->at], leased->ttl_ms);
	l->registered = true;
	link_note_success(&l->lease);
	l->ttl_ms = leased->ttl_ms;
	l->last_lease_ms = loop_now_ms(l->na->loop);
	learn_servers(l, leased);
	learn_api(l, leased);
	if (l->seq < leased->seq)
		l->seq = leased->seq;
	if (is_new)
		begin_following(l);
	/* At a third to a half of the lease, so that one loss is borne. */
	loop_timer_set(l->lease_timer,
	    l->changed
		? 0
		: l->ttl_ms / 3 + rng_below(&l->na->rng, l->ttl_ms / 6 + 1));
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
	l->registering = !l->registered || l->changed;
	if (!l->registering) {
		bus_call(l->peer, MSG_NODE_LEASE, &lease,
		    SERVERLINK_LEASE_TIMEOUT_MS, on_leased, l);
		return;
	}
	l->changed = false;
	bus_call(l->peer, MSG_NODE_REGISTER, &reg, SERVERLINK_LEASE_TIMEOUT_MS,
	    on_leased, l);
}

/* --- from outside --- */

struct serverlink *
serverlink_new(struct nodeagent *na, struct err *err)
{
	const struct nodeagent_config *c = na->config;
	struct serverlink *l = xcalloc(1, sizeof *l);

	l->na = na;
	l->lease.what = "lease";
	l->pull.what = "allocations";
	l->push.what = "update";
	l->push_services.what = "services";
	l->push_events.what = "events";
	l->follow.what = "catalog";
	l->servers = xcalloc(c->nservers, sizeof *l->servers);
	for (size_t i = 0; i < c->nservers; i++)
		l->servers[l->nservers++] = xstrdup(c->servers[i]);
	l->lease_timer = loop_timer_new(na->loop, renew, l);
	l->pull_timer = loop_timer_new(na->loop, link_pull, l);
	l->push_timer = loop_timer_new(na->loop, push, l);
	l->follow_timer = loop_timer_new(na->loop, link_follow, l);
	if (dial(l, err) == -1) {
		serverlink_free(l);
		return NULL;
	}
	return l;
}

void
serverlink_start(struct serverlink *l)
{
	l->started = true;
	loop_timer_set(l->lease_timer, 0);
}

void
serverlink_node_changed(struct serverlink *l)
{
	l->changed = true;
	if (l->started)
		loop_timer_set(l->lease_timer, 0);
}

void
serverlink_free(struct serverlink *l)
{
	if (l == NULL)
		return;
	l->ending = true; /* calls that end now are no loss */
	bus_peer_free(l->peer);
	loop_timer_free(l->lease_timer);
	loop_timer_free(l->pull_timer);
	loop_timer_free(l->push_timer);
	loop_timer_free(l->follow_timer);
	map_release(&l->dirty);
	map_release(&l->sent);
	link_forget_unrun(l);
	map_release(&l->removed);
	map_release(&l->removed_sent);
	link_cursor_release(&l->allocs);
	link_cursor_release(&l->services);
	link_forget_services(&l->put);
	link_forget_services(&l->put_sent);
	link_forget_events(l, l->nevents);
	for (size_t i = 0; i < l->nservers; i++)
		free(l->servers[i]);
	free(l->servers);
	free(l);
}

struct serverlink_state
serverlink_state(const struct serverlink *l)
{
	return (struct serverlink_state){ .registered = l->registered,
		.up = bus_peer_is_up(l->peer),
		.server = l->servers[l->at],
		.index = l->allocs.index,
		.ttl_ms = l->ttl_ms,
		.last_lease_ms = l->last_lease_ms,
		.nservers = l->nservers };
}
