/*
 * Who the servers are: some leave and return, some lose their disk and come
 * back as others. The leader does what servers.c does, with the same
 * decisions (cluster.h): who waits is added and promoted when it has caught
 * up, who left, was replaced or is dead is removed.
 */
#include <inttypes.h>
#include <string.h>

#include "cmd/schedd/cluster.h"
#include "common/clock.h"
#include "proto/version.h"
#include "tests/sim/cluster.h"
#include "tests/sim/raft_shell.h"

#define LOOK_MS   500
#define STABLE_MS 1000
#define LOST_MAX  6 /* servers, in a seed */
#define STAYS_MIN 3 /* servers that do not leave */

/* What the pool shows of the servers. */
struct pool {
	struct cluster_server list[CLUSTER_SERVERS];
	char addr[CLUSTER_SERVERS][RAFT_ADDR_MAX + 1];
	size_t n;
};

static void
add(struct pool *p, const struct vserver *v)
{
	char *addr = p->addr[p->n];

	sim_addr(v->s->id, addr);
	p->list[p->n++] = (struct cluster_server){ .id = v->s->id,
		.uuid = addr,
		.name = addr,
		.raft = addr,
		.rpc = addr,
		.http = "",
		.status = v->left           ? CLUSTER_LEFT
			  : v->core != NULL ? CLUSTER_ALIVE
					    : CLUSTER_FAILED,
		.cluster = 1,
		.version = ROVE_VERSION,
		.level = ROVE_FEATURE_LEVEL,
		.in_force =
		    v->core != NULL ? sched_core_state(v->core)->level : 0 };
}

static void
look(struct vserver *v)
{
	struct cluster *c = v->c;
	struct pool p = { .n = 0 };
	struct raft_peer_status peers[RAFT_SERVERS_MAX];
	const struct autopilot_configuration pilot = { .cleanup_dead_servers =
							   true,
		.server_stabilization_time = STABLE_MS * CLOCK_NS_PER_MS };
	struct cluster_raft raft = { .cluster = 1,
		.config = &v->s->raft->config,
		.peers = peers,
		.npeers = raft_peers(v->s->raft, peers),
		.pilot = &pilot,
		.steady = &v->steady,
		.now_ms = c->w.now };
	struct cluster_view view = { .servers = p.list };
	struct cluster_change next;
	struct raft_event ev = { .type = RAFT_CHANGE };

	add(&p, v);
	for (size_t i = 0; i < c->w.o.nservers; i++)
		if (&c->servers[i] != v)
			add(&p, &c->servers[i]);
	view.n = p.n;
	if (raft.npeers == 0)
		return;
	steady_note(&v->steady, peers, raft.npeers, c->w.now, 0);
	if (!cluster_next(&view, &raft, &next)) {
		server_raise_level(v, cluster_level(&view, raft.config));
		return;
	}
	ev.change.what = next.what;
	ev.change.server = next.id;
	ev.change.addr = next.addr;
	sim_note(&c->w, "server %" PRIu64 " changes %" PRIu64 ": %d, %s",
	    v->s->id, next.id, (int)next.what, next.why);
	sim_step(&c->w, v->s, ev);
}

void
members_look(struct cluster *c)
{
	for (size_t i = 0; i < c->w.o.nservers; i++) {
		struct vserver *v = &c->servers[i];

		if (v->core != NULL && v->leads && v->raft_leads &&
		    v->s->paused_until <= c->w.now)
			look(v);
		else if (!v->leads)
			v->steady.n = 0;
	}
	cluster_later(c, LOOK_MS, EV_MEMBERS, 0, 0);
}

/* --- what happens to servers --- */

static void
restart_later(struct cluster *c, struct sim_server *s)
{
	sim_post(
	    &c->w, c->w.now + cluster_between(c, 1, 4000), SIM_RESTART, s, 0);
}

/* Whether most of all its servers are there without that one, learners too,
 * for one of them may be about to be promoted; and whether none of them is
 * about to be removed since it leaves. */
static bool
bears_loss(struct cluster *c, const struct raft_config *config, size_t lost)
{
	size_t n = 0;

	for (size_t i = 0; i < config->n; i++) {
		uint64_t id = config->servers[i].id;
		size_t place = sim_place(id);

		if (!sim_is_there(&c->w, id) || place == lost)
			continue;
		if (c->servers[place].left)
			return false;
		n++;
	}
	return n > config->n / 2;
}

/*
 * Nobody loses more disks than a cluster can do without. A leader that removes
 * or promotes somebody in the moment of the loss does not know of it, and could
 * not: such losses are beyond what a cluster bears.
 */
static bool
may_lose(struct cluster *c, size_t lost)
{
	unsigned rest = ((1U << c->w.o.nservers) - 1) & ~(1U << lost);

	if (c->w.ngraves >= LOST_MAX || !sim_is_enough(&c->w, rest) ||
	    !bears_loss(c, &c->w.agreed, lost))
		return false;
	for (size_t i = 0; i < c->w.o.nservers; i++)
		if (c->w.servers[i].up &&
		    !bears_loss(c, &c->w.servers[i].raft->config, lost))
			return false;
	return true;
}

static bool
lose(struct cluster *c, size_t i)
{
	if (!may_lose(c, i))
		return false;
	c->lost_ms = c->w.now;
	c->stats.losses++;
	sim_server_wipe(&c->w, &c->w.servers[i]);
	restart_later(c, &c->w.servers[i]);
	return true;
}

/* What a failed fsync was to write may be there or not; and some of these
 * disks are thrown away. */
static void
fail_disk(struct cluster *c, size_t i)
{
	struct sim_server *s = &c->w.servers[i];

	if (!s->up || s->paused_until > c->w.now)
		return;
	c->stats.bad_disks++;
	sim_server_fail(&c->w, s);
	if (!c->o.losses || cluster_chance(c, 500) || !lose(c, i))
		restart_later(c, s);
}

/* Who leads hands over first, as stepdown_begin() has it. */
static void
leave(struct cluster *c, size_t i)
{
	struct vserver *v = &c->servers[i];
	size_t nstay = 0;

	for (size_t k = 0; k < c->w.o.nservers; k++)
		nstay += !c->servers[k].left;
	/* It is noticed within an election time, by whatever clock. */
	if (v->left || v->core == NULL || nstay <= STAYS_MIN ||
	    (c->lost_ms > 0 && c->w.now < c->lost_ms + 2 * c->w.o.election_ms))
		return;
	sim_note(&c->w, "server %" PRIu64 " leaves", v->s->id);
	c->stats.departures++;
	v->left = true;
	if (v->s->paused_until <= c->w.now)
		sim_step(
		    &c->w, v->s, (struct raft_event){ .type = RAFT_TRANSFER });
	cluster_later(c, cluster_between(c, 500, 8000), EV_AWAY, i, 0);
}

void
members_event(struct cluster *c, struct event *ev)
{
	struct vserver *v = &c->servers[ev->who];

	if (ev->kind == EV_MEMBERS) {
		members_look(c);
		return;
	}
	if (!v->left)
		return;
	if (ev->kind == EV_AWAY) {
		sim_server_crash(&c->w, v->s);
		cluster_later(
		    c, cluster_between(c, 500, 8000), EV_BACK, ev->who, 0);
		return;
	}
	v->left = false;
	sim_server_start(&c->w, v->s);
}

bool
members_trouble(struct cluster *c)
{
	size_t i = (size_t)cluster_between(c, 0, c->w.o.nservers - 1);

	if (c->o.losses && cluster_chance(c, 100))
		lose(c, i);
	else if (c->o.bad_disks && cluster_chance(c, 100))
		fail_disk(c, i);
	else if (c->o.leaves && cluster_chance(c, 200))
		leave(c, i);
	else
		return false;
	return true;
}

bool
members_are_all(const struct cluster *c)
{
	const struct raft_config *agreed = &c->w.agreed;

	for (size_t i = 0; i < c->w.o.nservers; i++) {
		size_t k = raft_config_slot(agreed, c->w.servers[i].id);

		if (k == agreed->n || agreed->servers[k].voice != RAFT_VOTER)
			return false;
	}
	return agreed->n == c->w.o.nservers;
}
