#include "cmd/schedd/servers_impl.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/cross.h"
#include "cmd/schedd/forward.h"
#include "cmd/schedd/gossip.h"
#include "cmd/schedd/peersfile.h"
#include "cmd/schedd/stepdown.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/raft/node.h"

#define LOOK_MS  500  /* between two looks at who the servers are */
#define AGAIN_MS 1000 /* after a change that was not taken */
#define FOUND_MS 1000 /* the pool may show that there is a cluster already */

/* --- what nodes are told --- */

/* Who is asked answers first; then those that decide. */
static void
tell_core(struct servers *s)
{
	char *urls[RAFT_SERVERS_MAX + 1];
	size_t n = 0;

	for (size_t i = 0; i < s->n && n <= RAFT_SERVERS_MAX; i++) {
		const struct cluster_server *c = &s->list[i];

		if (c->status == CLUSTER_ALIVE && *c->rpc != '\0')
			urls[n++] = servers_join_text(s, "tcp://", "", c->rpc);
	}
	sched_core_servers(s->sd->core, urls, servers_are_alone(s->sd) ? 0 : n);
}

/* --- a server without a log --- */

/* Whether it was not the last thing said. */
static bool
is_new(struct servers *s, const char *what)
{
	if (strcmp(s->said, what) == 0)
		return false;
	snprintf(s->said, sizeof s->said, "%s", what);
	return true;
}

static void
note_cluster(struct servers *s)
{
	struct raft_node_info info;

	raft_node_info(s->sd->raft, &info);
	s->cluster = s->list[0].cluster = info.cluster_id;
	s->ready = s->list[0].ready = 0;
	log_info("server of cluster %016" PRIx64 " id=%016" PRIx64, s->cluster,
	    s->list[0].id);
	gossip_tell(s->sd);
}

static void
begin(struct servers *s, const struct cluster_start *how)
{
	static const struct raft_config none;
	struct err err;

	if (how->how == CLUSTER_FORM)
		log_info("forming a cluster of %zu server%s", how->first.n,
		    how->first.n == 1 ? "" : "s");
	else
		log_info("joining a cluster: its leader will add this server");
	if (schedd_open_raft(s->sd,
		how->how == CLUSTER_FORM ? &how->first : &none,
		how->how == CLUSTER_FORM && how->first.n == 1 ? 0
							      : how->cluster,
		&err) == -1)
		log_fatal("%s", err.text);
	note_cluster(s);
}

static void
try_to_begin(struct servers *s)
{
	struct cluster_view v = servers_view(s->sd);
	struct cluster_start how;

	cluster_start(&v, &how);
	if (how.how == CLUSTER_FORM && how.first.n == 1 && !s->may_found)
		return;
	if (how.how != CLUSTER_WAIT) {
		begin(s, &how);
		return;
	}
	if (is_new(s, how.why)) {
		if (how.is_wrong)
			log_error(
			    "no cluster is formed or joined: %s", how.why);
		else
			log_info("no cluster yet: waiting for %s", how.why);
	}
	if (how.cluster == s->ready)
		return;
	s->ready = s->list[0].ready = how.cluster;
	gossip_tell(s->sd);
}

static void
on_found(void *arg)
{
	struct servers *s = arg;

	s->may_found = true;
	if (s->sd->raft == NULL)
		try_to_begin(s);
}

/* --- the leader --- */

static const char *
name_of(const struct servers *s, uint64_t id)
{
	struct cluster_view v = servers_view(s->sd);
	const struct cluster_server *c = cluster_find(&v, id);

	return c != NULL ? c->name : "unknown";
}

static void
on_changed(void *ctx, const struct err *err, uint64_t index)
{
	struct servers *s = ctx;

	(void)index;
	s->is_changing = false;
	if (err == NULL) {
		s->tried.id = 0;
		return;
	}
	log_debug("servers not changed yet: %s", err->text);
	s->again_ms = loop_now_ms(s->sd->loop) + AGAIN_MS;
}

static void
change(struct servers *s, const struct cluster_change *c)
{
	static const char *const verbs[] = { "", "added", "promoted", "demoted",
		"removed", "readdressed" };
	struct err err;

	if (s->tried.id != c->id || s->tried.what != c->what)
		log_info("server to be %s name=%s id=%016" PRIx64 " why=\"%s\"",
		    verbs[c->what], name_of(s, c->id), c->id, c->why);
	s->tried = *c;
	s->tried.addr = NULL;
	s->is_changing = true;
	if (raft_node_change(s->sd->raft, c->what, c->id, c->addr, on_changed,
		s, &err) == -1)
		on_changed(s, &err, 0);
}

/* What all servers know comes into force. */
static void
raise_level(struct schedd *sd, uint64_t level)
{
	schedd_enter(sd);
	sched_core_raise_level(sd->core, level);
	schedd_leave(sd);
}

static void
say_outdated(struct servers *s, const struct cluster_server *c)
{
	char why[CLUSTER_WHY_MAX];

	if (c == NULL)
		return;
	snprintf(why, sizeof why,
	    "server %s is not added: its program, rove %s, knows feature level "
	    "%" PRIu64 ", and the cluster is at %" PRIu64,
	    c->name, c->version, c->level, s->list[0].in_force);
	if (is_new(s, why))
		log_error("%s", why);
}

/* The pool and Raft are looked at, and what they ask for is done. */
static void
look_at_servers(struct servers *s, const struct raft_node_info *info)
{
	struct schedd *sd = s->sd;
	uint64_t now_ms = loop_now_ms(sd->loop);
	struct cluster_view v = servers_view(sd);
	struct cluster_change next;
	struct cluster_raft raft;

	if (!s->is_known || s->is_changing || now_ms < s->again_ms)
		return;
	raft = (struct cluster_raft){ .cluster = s->cluster,
		.config = &info->raft.config,
		.peers = info->peers,
		.npeers = info->npeers,
		.pilot = &sched_core_state(sd->core)->autopilot,
		.steady = &s->steady,
		.now_ms = now_ms };
	if (cluster_next(&v, &raft, &next))
		change(s, &next);
	else
		raise_level(sd, cluster_level(&v, raft.config));
	say_outdated(s, cluster_outdated(&v, &raft));
}

static void
look(void *arg)
{
	struct servers *s = arg;
	struct schedd *sd = s->sd;
	const struct cluster_server *self = servers_self(sd);
	struct raft_node_info info;

	if (!sd->leading) {
		s->steady.n = 0;
		return;
	}
	raft_node_info(sd->raft, &info);
	steady_note(&s->steady, info.peers, info.npeers, loop_now_ms(sd->loop),
	    loop_wall_ns(sd->loop));
	if (!servers_are_alone(sd)) {
		loop_timer_set(s->look, LOOK_MS);
		look_at_servers(s, &info);
		return;
	}
	raise_level(sd, self->level);
	if (self->in_force < self->level)
		loop_timer_set(s->look, LOOK_MS);
}

static void
look_for_misfits(struct servers *s)
{
	struct cluster_view v = servers_view(s->sd);
	struct misfits now, news;

	misfits_find(&v, &now);
	misfits_new(&now, &s->misfits, &news);
	for (size_t i = 0; i < news.n; i++)
		log_error("%s", news.text[i]);
	s->misfits = now;
}

/* --- what is heard --- */

void
servers_learn(struct schedd *sd, const struct member_rows *rows)
{
	struct servers *s = sd->servers;

	s->is_known = true;
	servers_list(s, rows);
	tell_core(s);
	if (sd->raft == NULL)
		try_to_begin(s);
	else
		look_for_misfits(s);
	servers_led(sd);
}

void
servers_reaped(struct schedd *sd, const char *id)
{
	struct servers *s = sd->servers;

	if (s->nreaped == RAFT_SERVERS_MAX)
		memmove(
		    s->reaped, s->reaped + 1, --s->nreaped * sizeof *s->reaped);
	s->reaped[s->nreaped++] = schedd_raft_id(id);
}

void
servers_led(struct schedd *sd)
{
	if (sd->servers != NULL)
		look(sd->servers);
	forward_run(sd);
	stepdown_led(sd);
}

void
servers_configured(struct schedd *sd, const struct raft_config *config)
{
	sd->servers->config = *config;
}

void
servers_leveled(struct schedd *sd)
{
	struct servers *s = sd->servers;
	uint64_t level = sched_core_state(sd->core)->level;

	/* Told by the snapshot that is read while the log is opened. */
	if (s == NULL || s->n == 0 || s->list[0].in_force == level)
		return;
	log_info("feature level in_force=%" PRIu64 " before=%" PRIu64, level,
	    s->list[0].in_force);
	s->list[0].in_force = level;
	gossip_tell(sd);
}

/* --- asking --- */

bool
servers_are_alone(const struct schedd *sd)
{
	return *schedd_config_raft(sd->config) == '\0';
}

struct cluster_view
servers_view(const struct schedd *sd)
{
	return (struct cluster_view){ .servers = sd->servers->list,
		.n = sd->servers->n,
		.elsewhere = cross_elsewhere(sd),
		.reaped = sd->servers->reaped,
		.nreaped = sd->servers->nreaped };
}

const struct cluster_server *
servers_self(const struct schedd *sd)
{
	return &sd->servers->list[0];
}

const struct cluster_server *
servers_leader(const struct schedd *sd)
{
	struct cluster_view v = servers_view(sd);

	if (sd->leading)
		return servers_self(sd);
	if (sd->raft == NULL || raft_node_leader(sd->raft) == v.servers[0].id)
		return NULL;
	return cluster_find(&v, raft_node_leader(sd->raft));
}

int64_t
servers_stable_since(const struct schedd *sd, uint64_t id)
{
	const struct steady_server *s = steady_find(&sd->servers->steady, id);

	return s != NULL ? s->since_ns : 0;
}

const struct raft_config *
servers_config(const struct schedd *sd)
{
	return &sd->servers->config;
}

bool
servers_may_disagree(const struct schedd *sd)
{
	const struct raft_config *c = servers_config(sd);
	size_t nvoters = 0;

	for (size_t i = 0; i < c->n; i++)
		nvoters += c->servers[i].voice == RAFT_VOTER;
	return nvoters > 1;
}

uint64_t
servers_last_contact_ms(const struct schedd *sd)
{
	uint64_t now_ms = loop_now_ms(sd->loop);
	struct raft_node_info info;

	if (sd->leading || sd->raft == NULL || servers_are_alone(sd))
		return 0;
	raft_node_info(sd->raft, &info);
	return now_ms > info.raft.heard_ms ? now_ms - info.raft.heard_ms : 0;
}

/* --- life --- */

/* If an operator says that the other servers are lost. */
static int
recover(struct schedd *sd, struct err *err)
{
	char *dir = xasprintf("%s/raft", sd->config->common.data_dir);
	struct peersfile_self self = { .id = sd->server_id,
		.addr = servers_are_alone(sd) ? ""
					      : servers_told_raft(sd->config) };
	int rc = peersfile_recover(dir, &self, err);

	free(dir);
	return rc;
}

/* A log is opened as it is, and who is alone waits for nobody. Who may found
 * a cluster by itself looks first whether there is one to join. */
static int
open_log(struct servers *s, struct err *err)
{
	const struct cluster_server *self = servers_self(s->sd);
	struct raft_config first = { 0 };
	struct schedd *sd = s->sd;

	if (recover(sd, err) == -1 || schedd_check_raft(sd, err) == -1)
		return -1;
	if (servers_are_alone(sd))
		return schedd_open_raft(sd, NULL, 0, err);
	if (!schedd_has_raft(sd)) {
		loop_timer_set(s->found, FOUND_MS);
		return 0;
	}
	/* It may have been killed before its log had a first entry. */
	if (self->expect == 1) {
		first.n = 1;
		first.servers[0] =
		    (struct raft_server){ .id = self->id, .voice = RAFT_VOTER };
		snprintf(first.servers[0].addr, sizeof first.servers[0].addr,
		    "%s", self->raft);
	}
	if (schedd_open_raft(sd, &first, 0, err) == -1)
		return -1;
	note_cluster(s);
	return 0;
}

int
servers_open(struct schedd *sd, struct err *err)
{
	static const struct member_rows none;
	struct servers *s = xcalloc(1, sizeof *s);

	sd->servers = s;
	s->sd = sd;
	s->look = loop_timer_new(sd->loop, look, s);
	s->found = loop_timer_new(sd->loop, on_found, s);
	servers_list(s, &none);
	return open_log(s, err);
}

void
servers_close(struct schedd *sd)
{
	struct servers *s = sd->servers;

	if (s == NULL)
		return;
	loop_timer_free(s->look);
	loop_timer_free(s->found);
	arena_release(&s->arena);
	free(s);
	sd->servers = NULL;
}
