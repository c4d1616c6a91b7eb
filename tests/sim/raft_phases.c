/* The phases of a run: trouble, and peace in which all must agree. */
#include <inttypes.h>
#include <unistd.h>

#include "tests/sim/raft_shell.h"
#include "tests/sim/raft_world.h"

enum { STILL_MAX = 15, HAND_OVERS = 5 };

/* --- events --- */

static void
random_step(struct sim_world *w, bool read)
{
	uint64_t mean = read ? w->o.read_every_ms : w->o.client_every_ms;
	struct sim_server *s =
	    &w->servers[rng_below(&w->people, w->o.nservers)];

	for (size_t i = 0; i < w->o.nservers; i++)
		if (w->servers[i].up && w->servers[i].role == RAFT_LEADER &&
		    sim_chance(&w->people, 700))
			s = &w->servers[i];
	if (s->up && s->paused_until <= w->now) {
		if (sim_chance(&w->people, 20))
			sim_reconnect(w, s);
		else if (read)
			sim_read(w, s);
		else
			sim_propose(w, s);
	}
	if (!w->calm)
		sim_post(w, w->now + sim_spread(&w->people, mean),
		    read ? SIM_READ : SIM_CLIENT, NULL, 0);
}

static void
crash_and_return(struct sim_world *w, struct sim_server *s)
{
	sim_server_crash(w, s);
	sim_post(w, w->now + rng_below(&w->chance, 2 * w->o.election_ms),
	    SIM_RESTART, s, 0);
}

static void
to_server(struct sim_world *w, struct sim_event *ev)
{
	struct sim_server *s = &w->servers[ev->server];
	bool mail = ev->type == SIM_MESSAGE;

	if (!s->up || (!mail && ev->life != s->life)) {
		sim_message_free(ev->msg);
		return;
	}
	if (s->paused_until > w->now) {
		sim_requeue(w, *ev, s->paused_until);
		return;
	}
	sim_server_event(w, s, ev);
	sim_message_free(ev->msg);
}

void
sim_handle(struct sim_world *w, struct sim_event *ev)
{
	struct sim_server *s = &w->servers[ev->server];

	switch (ev->type) {
	case SIM_CRASH:
		if (!w->calm && s->up && ev->life == s->life)
			crash_and_return(w, s);
		break;
	case SIM_RESTART:
		if (!w->calm)
			sim_server_start(w, s);
		break;
	case SIM_CLIENT:
	case SIM_READ:
		random_step(w, ev->type == SIM_READ);
		break;
	case SIM_FAULT:
		sim_fault(w);
		break;
	case SIM_TICK:
	case SIM_MESSAGE:
	case SIM_SYNC:
	case SIM_APPLIED:
	case SIM_TAKEN:
	case SIM_STORED:
		to_server(w, ev);
		break;
	}
}

static void
run_for(struct sim_world *w, uint64_t ms)
{
	uint64_t until = w->now + ms;
	struct sim_event ev;

	while (sim_next(w, until, &ev))
		sim_handle(w, &ev);
	w->now = until;
	w->stats.server_ms += ms * w->o.nservers;
}

/* --- phases --- */

void
sim_trouble(struct sim_world *w)
{
	uint64_t e = w->o.election_ms;

	w->calm = false;
	for (size_t i = 0; i < w->o.nservers; i++)
		sim_server_start(w, &w->servers[i]);
	sim_post(w, w->now + 1, SIM_CLIENT, NULL, 0);
	sim_post(w, w->now + 1, SIM_READ, NULL, 0);
	sim_post(w, w->now + 1, SIM_FAULT, NULL, 0);
	run_for(w, e * (20 + rng_below(&w->chance, 60)));
}

static bool
is_member(const struct sim_world *w, size_t i)
{
	return raft_config_slot(&w->agreed, w->servers[i].id) < w->agreed.n;
}

/*
 * The only leader among the servers of a set, of the highest term there, if
 * it is there to stay: it is a voter. Who was removed may have any term.
 */
static struct sim_server *
leader_of(struct sim_world *w, unsigned set)
{
	struct sim_server *leader = NULL;
	uint64_t term = 0;

	for (size_t i = 0; i < w->o.nservers; i++) {
		struct sim_server *s = &w->servers[i];

		if (!((set >> i) & 1) || !is_member(w, i))
			continue;
		if (s->raft->term > term)
			term = s->raft->term;
		if (s->role == RAFT_LEADER &&
		    (leader == NULL || s->raft->term > leader->raft->term))
			leader = s;
	}
	if (leader == NULL || leader->raft->term != term)
		return NULL;
	return raft_is_voter(leader->raft, leader->id) ? leader : NULL;
}

static bool
agree(struct sim_world *w, unsigned set)
{
	for (size_t i = 0; i < w->o.nservers; i++)
		if (((set >> i) & 1) && is_member(w, i) &&
		    (w->servers[i].applied != w->ncommitted ||
			w->servers[i].raft->commit != w->ncommitted))
			return false;
	return true;
}

/* --- who must be well for the cluster to be well --- */

static bool
is_majority_of(
    const struct sim_world *w, const struct raft_config *c, unsigned set)
{
	size_t nvoters = 0, n = 0;

	for (size_t i = 0; i < c->n; i++) {
		if (c->servers[i].voice != RAFT_VOTER)
			continue;
		nvoters++;
		if (sim_is_there(w, c->servers[i].id))
			n += (set >> sim_place(c->servers[i].id)) & 1;
	}
	return n >= nvoters / 2 + 1;
}

/* The last config on a server's disk; returns its index. */
static uint64_t
config_on_disk(const struct sim_server *s, struct raft_config *c)
{
	for (uint64_t i = sim_log_last(&s->disk); i > s->disk.base; i--) {
		const struct raft_entry *e =
		    &s->disk.v[s->disk.off + (i - s->disk.base) - 1].e;

		if (e->type != RAFT_CONFIG)
			continue;
		raft_config_parse(c, e->data->data, e->data->len);
		return i;
	}
	*c = s->disk_snap.meta.config;
	return s->disk_snap.meta.config_index;
}

bool
sim_is_enough(const struct sim_world *w, unsigned set)
{
	if (!is_majority_of(w, &w->agreed, set))
		return false;
	for (size_t i = 0; i < w->o.nservers; i++) {
		const struct sim_server *s = &w->servers[i];
		struct raft_config c;

		if (s->up && s->raft->config_index > w->agreed_index &&
		    !is_majority_of(w, &s->raft->config, set))
			return false;
		if (config_on_disk(s, &c) > w->agreed_index &&
		    !is_majority_of(w, &c, set))
			return false;
	}
	return true;
}

/* Outside the core some are down, some deaf, some mute, some cut off. */
static void
choose_core(struct sim_world *w, unsigned *core)
{
	*core = 0;
	while (!sim_is_enough(w, *core))
		*core |= 1U << rng_below(&w->chance, w->o.nservers);
	sim_heal_links(w);
	for (size_t i = 0; i < w->o.nservers; i++) {
		uint64_t how = rng_below(&w->chance, 4);

		if ((*core >> i) & 1)
			continue;
		if (how == 0)
			sim_server_crash(w, &w->servers[i]);
		for (size_t k = 0; k < w->o.nservers; k++) {
			w->blocked[i][k] = i != k && how != 1;
			w->blocked[k][i] = i != k && how != 2;
		}
	}
}

void
sim_end_trouble(struct sim_world *w, unsigned set)
{
	w->calm = true;
	for (size_t i = 0; i < w->o.nservers; i++) {
		w->servers[i].paused_until = 0;
		w->servers[i].slow_until = 0;
		if ((set >> i) & 1)
			sim_server_start(w, &w->servers[i]);
	}
}

/*
 * How many election times it may take. Where the jitter is less than a round
 * of votes, servers that begin together split the votes again and again, and
 * only the luck of the network parts them.
 */
static int
patience(const struct sim_opts *o)
{
	return o->jitter_ms > 2 * o->delay_ms + o->sync_ms ? 10 : 50;
}

/* Grows whenever a server of the set gets nearer to the others. */
static uint64_t
progress(const struct sim_world *w, unsigned set)
{
	uint64_t sum = w->ncommitted;

	for (size_t i = 0; i < w->o.nservers; i++) {
		const struct sim_server *s = &w->servers[i];

		if ((set >> i) & 1)
			sum += s->applied + s->partial_len +
			       raft_log_last(&s->raft->log);
	}
	return sum;
}

/* A passing leader, no voter any more, may first have much to send. */
static void
must_elect(struct sim_world *w, unsigned set, const char *who)
{
	int limit = patience(&w->o);
	uint64_t best = progress(w, set);

	for (int still = 0; still < limit; still++) {
		uint64_t sum;

		if (leader_of(w, set) != NULL)
			return;
		run_for(w, w->o.election_ms);
		sum = progress(w, set);
		if (sum > best) {
			best = sum;
			still = 0;
		}
	}
	sim_fail(
	    w, "L-LEAD: %s has no leader after %d election times", who, limit);
}

/* Small windows over long links take their time; standing still is a bug. */
static void
must_agree(struct sim_world *w, unsigned set, const char *who)
{
	struct sim_server *leader = leader_of(w, set);
	size_t before = w->ncommitted;
	uint64_t best = 0;

	if (leader == NULL)
		sim_fail(w, "L-STAB: %s lost its leader", who);
	sim_propose(w, leader);
	for (int still = 0; still < STILL_MAX; still++) {
		uint64_t sum;

		if (w->ncommitted > before && agree(w, set))
			return;
		run_for(w, w->o.election_ms);
		sum = progress(w, set);
		if (sum > best) {
			best = sum;
			still = 0;
		}
	}
	sim_fail(w, "L-CONV: %s %s", who,
	    w->ncommitted > before ? "does not come to one state"
				   : "does not commit");
}

static void
must_be_stable(struct sim_world *w, unsigned set, const char *who, uint64_t n)
{
	struct sim_server *leader = leader_of(w, set);
	uint64_t term = leader == NULL ? 0 : leader->raft->term;

	run_for(w, n * w->o.election_ms);
	if (leader == NULL || leader_of(w, set) != leader ||
	    leader->raft->term != term)
		sim_fail(w, "L-STAB: %s changed its leader for no reason", who);
}

/* Until all that was proposed has gone everywhere. */
static void
settle(struct sim_world *w, const struct sim_server *leader)
{
	size_t before;

	do {
		before = w->ncommitted;
		run_for(w, STILL_MAX * w->o.election_ms);
	} while (w->ncommitted > before);
	if (raft_log_last(&leader->raft->log) > w->ncommitted)
		sim_fail(w, "L-CONV: not all that was proposed commits");
}

/* Asked to, a leader in peace hands over, though it has just been busy. */
static void
must_hand_over(struct sim_world *w, unsigned set)
{
	struct sim_server *leader = leader_of(w, set);
	struct raft_event ev = { .type = RAFT_TRANSFER };
	size_t nvoters = 0;

	for (size_t i = 0; i < w->agreed.n; i++)
		nvoters += w->agreed.servers[i].voice == RAFT_VOTER;
	if (leader == NULL || nvoters == 1)
		return;
	settle(w, leader);
	for (int i = 0; i < HAND_OVERS && leader_of(w, set) == leader; i++) {
		sim_propose(w, leader);
		sim_step(w, leader, ev);
		run_for(w, 4 * w->o.election_ms);
	}
	if (leader_of(w, set) == leader)
		sim_fail(w, "L-MOVE: server %" PRIu64 " does not hand over",
		    leader->id);
	must_elect(w, set, "the cluster, after handing over,");
}

void
sim_peace(struct sim_world *w)
{
	unsigned core, all = (1U << w->o.nservers) - 1;

	choose_core(w, &core);
	sim_end_trouble(w, core);
	run_for(w, 5 * w->o.election_ms); /* what is late arrives */
	must_elect(w, core, "the core");
	must_agree(w, core, "the core");
	must_be_stable(w, core, "the core", 10);
	sim_heal_links(w);
	sim_end_trouble(w, all);
	run_for(w, 5 * w->o.election_ms);
	must_elect(w, all, "the cluster");
	must_agree(w, all, "the cluster");
	must_be_stable(w, all, "the cluster", 50);
	must_hand_over(w, all);
}
