/* Which server is asked, and when it is another. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/nodeagent/serverapi.h"
#include "cmd/nodeagent/serverlink_impl.h"
#include "cmd/nodeagent/store.h"
#include "common/log.h"
#include "common/mem.h"

/* --- dialling --- */

/* A lost connection is the end of a server that has others beside it. */
static void
on_link(void *ctx, bool up)
{
	struct serverlink *l = ctx;

	if (up) {
		loop_timer_cancel(l->connect_timer);
		link_resume(l);
	} else if (l->set.n > 1) {
		link_move_on(l);
	}
}

/*
 * The old peer goes last, for what was under way fails as it goes. Where
 * there is one server only the bus goes on trying by itself.
 */
static int
dial(struct serverlink *l, struct err *err)
{
	struct bus_peer *old = l->peer;
	struct bus_peer *new =
	    bus_dial(l->na->loop, serverset_current(&l->set), err);

	if (new == NULL)
		return -1;
	l->peer = new;
	bus_peer_set_region(new, l->na->config->region);
	bus_peer_on_link(new, on_link, l);
	if (l->set.n > 1)
		loop_timer_set(l->connect_timer,
		    SERVERLINK_CONNECT_MS +
			rng_below(&l->na->rng, SERVERLINK_CONNECT_MS / 4));
	bus_peer_free(old);
	return 0;
}

/* The set's current one may be another already, by what was told. */
static void
on_move(void *arg)
{
	struct serverlink *l = arg;
	struct err err;
	bool failed;

	if (strcmp(bus_peer_url(l->peer), serverset_current(&l->set)) == 0)
		serverset_next(&l->set);
	log_debug("server tried url=%s", serverset_current(&l->set));
	failed = dial(l, &err) == -1;
	/* Not before: what failed just now is no reason to move once more. */
	l->moving = false;
	if (failed) {
		log_error(
		    "server %s: %s", serverset_current(&l->set), err.text);
		serverset_next(&l->set);
		link_move_on(l);
	}
}

static void
on_not_connected(void *arg)
{
	link_move_on(arg);
}

/*
 * A connection that the network has swallowed does not end, nor does the
 * attempt at a new one: TCP waits about as long again as the network was away
 * before it tries once more. So a single server is dialled anew, too.
 */
void
link_move_on(struct serverlink *l)
{
	unsigned nrounds = l->nmoves / (unsigned)l->set.n;

	if (l->moving || l->ending)
		return;
	l->moving = true;
	l->nmoves++;
	loop_timer_cancel(l->connect_timer);
	/* Not at once: not inside a callback of the peer that goes. */
	loop_timer_set(l->move_timer,
	    nrounds == 0 ? 0 : link_backoff_ms(&l->na->rng, nrounds));
}

/* --- learning --- */

/* The ring has changed: keeps it, and asks the one that is current now. */
static void
take_ring(struct serverlink *l)
{
	struct servers_saved saved = { .urls = l->set.urls, .nurls = l->set.n };

	store_put_servers(l->na->store, &saved);
	if (strcmp(bus_peer_url(l->peer), serverset_current(&l->set)) == 0 ||
	    l->moving)
		return;
	l->moving = true;
	loop_timer_set(l->move_timer, 0);
}

void
link_learn_servers(struct serverlink *l, const struct node_leased *leased)
{
	if (serverset_learn(
		&l->set, leased->servers, leased->nservers, &l->na->rng)) {
		log_info("servers changed count=%zu", l->set.n);
		take_ring(l);
	}
}

int
serverlink_set_servers(
    struct serverlink *l, char *const *addrs, size_t n, struct err *err)
{
	if (serverset_set(&l->set, addrs, n, &l->na->rng, err) == -1)
		return -1;
	take_ring(l);
	return 0;
}

void
link_learn_api(struct serverlink *l, uint64_t http_port)
{
	struct nodeagent *na = l->na;
	const char *url = bus_peer_url(l->peer);
	const char *host = strstr(url, "://") + 3;
	const char *colon = strrchr(host, ':');
	char *addr;

	if (*na->config->server_http != '\0' || http_port == 0)
		return;
	if (strncmp(url, "ipc:", 4) == 0 || colon == NULL)
		addr = xasprintf("127.0.0.1:%" PRIu64, http_port);
	else
		addr = xasprintf(
		    "%.*s:%" PRIu64, (int)(colon - host), host, http_port);
	serverapi_set(na, addr);
	free(addr);
}

/* --- how far the servers are --- */

void
link_hear_index(struct serverlink *l, uint64_t index, bool is_new)
{
	uint64_t heard = l->past.heard_index;

	if (!link_past_hear(&l->past, index, is_new))
		return;
	if (!is_new)
		log_warn("the servers have lost their past index=%" PRIu64
			 " heard_index=%" PRIu64,
		    index, heard);
	link_cursor_release(&l->allocs);
	link_cursor_release(&l->services);
}

bool
link_accept(struct serverlink *l, struct link_retry *r,
    const struct link_cursor *c, uint64_t index, bool full)
{
	uint64_t least = full ? l->past.heard_index : c->index;
	enum link_verdict v = link_past_judge(&l->past, c, index, full);
	struct err err;

	if (v != LINK_BEHIND)
		return v == LINK_NEWS;
	err_set(&err, ERR_BUSY,
	    "it is behind: index %" PRIu64 " is before %" PRIu64, index, least);
	link_note_failure(l, r, &err);
	if (r->complained && l->set.n > 1)
		link_move_on(l);
	return false;
}

/* --- beginning and end --- */

int
link_open_servers(struct serverlink *l, struct err *err)
{
	const struct nodeagent_config *c = l->na->config;
	struct servers_saved kept;

	serverset_init(&l->set, c->servers, c->nservers, &l->na->rng);
	store_get_servers(l->na->store, &kept);
	serverset_learn(&l->set, kept.urls, kept.nurls, &l->na->rng);
	rec_clear(&servers_saved_type, &kept);
	l->move_timer = loop_timer_new(l->na->loop, on_move, l);
	l->connect_timer = loop_timer_new(l->na->loop, on_not_connected, l);
	return dial(l, err);
}

void
link_close_servers(struct serverlink *l)
{
	loop_timer_free(l->move_timer);
	loop_timer_free(l->connect_timer);
	serverset_release(&l->set);
}
