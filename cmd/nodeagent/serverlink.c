#include "cmd/nodeagent/serverlink.h"

#include <inttypes.h>
#include <stdlib.h>

#include "cmd/nodeagent/fence.h"
#include "cmd/nodeagent/leave.h"
#include "cmd/nodeagent/serverlink_impl.h"
#include "common/log.h"
#include "common/mem.h"
#include "proto/msg.h"
#include "proto/nodemsg.h"

/* --- how calls fare --- */

uint64_t
link_backoff_ms(struct rng *rng, unsigned n)
{
	uint64_t ms = n < 32 ? (uint64_t)SERVERLINK_RETRY_MS << n
			     : SERVERLINK_RETRY_MAX_MS;

	if (ms > SERVERLINK_RETRY_MAX_MS)
		ms = SERVERLINK_RETRY_MAX_MS;
	return ms + rng_below(rng, ms / 2 + 1);
}

uint64_t
link_retry_ms(struct serverlink *l, struct link_retry *r)
{
	uint64_t ms = link_backoff_ms(&l->na->rng, r->nfailures);

	if ((uint64_t)SERVERLINK_RETRY_MS << r->nfailures <
	    SERVERLINK_RETRY_MAX_MS)
		r->nfailures++;
	return ms;
}

void
link_note_success(struct serverlink *l, struct link_retry *r)
{
	r->nfailures = 0;
	r->complained = false;
	l->nmoves = 0;
}

void
link_note_failure(
    struct serverlink *l, struct link_retry *r, const struct err *err)
{
	/* A server that is just starting is no news, nor that we end. */
	if (!r->complained && r->nfailures >= SERVERLINK_PATIENCE &&
	    !l->ending) {
		log_warn("server does not serve us call=%s url=%s: %s", r->what,
		    serverset_current(&l->set), err->text);
		r->complained = true;
	}
	if (err->code == ERR_TIMEOUT || err->code == ERR_GONE ||
	    (err->code == ERR_NOT_LEADER && l->set.n > 1))
		link_move_on(l);
}

/* --- what is to be told --- */

void
link_move_all(struct map *from, struct map *to)
{
	MAP_FOREACH (e, from)
		map_put(to, map_key(e), map_value(e));
	map_release(from);
}

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
	link_pull(l);
	link_follow(l);
	loop_timer_set(l->push_timer, 0);
}

/* What the servers say with a lease. */
static void
learn(struct serverlink *l, const struct node_leased *leased, bool is_new)
{
	link_hear_index(l, leased->index, is_new);
	l->ttl_ms = leased->ttl_ms;
	l->last_lease_ms = loop_now_ms(l->na->loop);
	fence_heard(l->na->fence, l->asked_ms, l->ttl_ms);
	link_learn_api(l, leased->http_port);
	link_learn_servers(l, leased);
	if (l->seq < leased->seq)
		l->seq = leased->seq;
}

/*
 * At a half to two thirds of the lease: what is left, and the servers' grace,
 * bear one loss. At once when the answer was long in coming: from when on it
 * holds is not known.
 */
static uint64_t
renew_in_ms(struct serverlink *l)
{
	if (l->changed || l->last_lease_ms - l->asked_ms > l->ttl_ms / 2)
		return 0;
	return l->ttl_ms / 2 + rng_below(&l->na->rng, l->ttl_ms / 6 + 1);
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
		    l->na->node.id, serverset_current(&l->set), leased->ttl_ms);
	l->registered = true;
	link_note_success(l, &l->lease);
	learn(l, leased, is_new);
	if (is_new)
		begin_following(l);
	leave_came_back(l->na);
	loop_timer_set(l->lease_timer, renew_in_ms(l));
}

/*
 * A server that hangs is left in time to renew the lease elsewhere; where
 * there is no other, it may take its time.
 */
static uint64_t
lease_timeout_ms(const struct serverlink *l)
{
	uint64_t ms = l->ttl_ms / 4;

	if (l->set.n == 1 || l->ttl_ms == 0 || ms > SERVERLINK_LEASE_TIMEOUT_MS)
		return SERVERLINK_LEASE_TIMEOUT_MS;
	return ms > SERVERLINK_CONNECT_MS ? ms : SERVERLINK_CONNECT_MS;
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
	l->asked_ms = loop_now_ms(l->na->loop);
	l->registering = !l->registered || l->changed;
	if (!l->registering) {
		bus_call(l->peer, MSG_NODE_LEASE, &lease, lease_timeout_ms(l),
		    on_leased, l);
		return;
	}
	l->changed = false;
	bus_call(l->peer, MSG_NODE_REGISTER, &reg, lease_timeout_ms(l),
	    on_leased, l);
}

void
link_resume(struct serverlink *l)
{
	if (!l->started)
		return;
	if (l->lease.nfailures > 0)
		renew(l);
	begin_following(l);
}

/* --- from outside --- */

struct serverlink *
serverlink_new(struct nodeagent *na, struct err *err)
{
	struct serverlink *l = xcalloc(1, sizeof *l);

	l->na = na;
	l->lease.what = "lease";
	l->pull.what = "allocations";
	l->push.what = "update";
	l->push_services.what = "services";
	l->push_events.what = "events";
	l->follow.what = "catalog";
	l->lease_timer = loop_timer_new(na->loop, renew, l);
	l->pull_timer = loop_timer_new(na->loop, link_pull, l);
	l->push_timer = loop_timer_new(na->loop, push, l);
	l->follow_timer = loop_timer_new(na->loop, link_follow, l);
	if (link_open_servers(l, err) == -1) {
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
serverlink_drain(struct serverlink *l, const struct node_drain_ask *ask,
    uint64_t timeout_ms, bus_on_reply *on_answer, void *ctx)
{
	struct node_drain_ask full = *ask;

	full.node_id = l->na->node.id;
	full.secret_id = l->na->node.secret_id;
	bus_call(l->peer, MSG_NODE_DRAIN, &full, timeout_ms, on_answer, ctx);
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
	link_close_servers(l);
	free(l);
}

struct serverlink_state
serverlink_state(const struct serverlink *l)
{
	return (struct serverlink_state){ .registered = l->registered,
		.up = bus_peer_is_up(l->peer),
		.server = serverset_current(&l->set),
		.servers = l->set.urls,
		.index = l->allocs.index,
		.ttl_ms = l->ttl_ms,
		.last_lease_ms = l->last_lease_ms,
		.nservers = l->set.n };
}
