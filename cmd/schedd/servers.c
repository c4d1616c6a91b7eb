#include "cmd/schedd/servers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/api.h"
#include "cmd/schedd/cross.h"
#include "cmd/schedd/forward.h"
#include "cmd/schedd/gossip.h"
#include "cmd/schedd/misfits.h"
#include "cmd/schedd/peersfile.h"
#include "common/arena.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/raft/node.h"
#include "proto/version.h"

#define LOOK_MS           500 /* between two looks at who the servers are */
#define STEP_DOWN_LOOK_MS 10
#define AGAIN_MS          1000 /* after a change that was not taken */
#define FOUND_MS          1000 /* the pool may show that there is a cluster already */

struct servers {
	struct schedd *sd;
	struct arena arena; /* of the list and its text */
	struct cluster_server *list;
	size_t n;
	bool is_known; /* the pool was heard */
	struct raft_config config;
	uint64_t cluster; /* the one we are in; 0: none yet */
	uint64_t ready;   /* the one we are ready to form */
	char said[CLUSTER_WHY_MAX];
	struct misfits misfits; /* told already */
	struct loop_timer *found;
	bool may_found; /* alone, where one is enough */

	struct loop_timer *look;
	bool is_changing;
	uint64_t again_ms;           /* not before */
	struct cluster_change tried; /* and not taken yet; id 0: none */

	struct loop_timer *patience; /* of stepping down */
	void (*stepped_down)(struct schedd *sd);
	uint64_t step_down_ms; /* then it has been waited for long enough */
};

/* --- the list --- */

static char *
text(struct servers *s, const char *a)
{
	return arena_strndup(&s->arena, a, strlen(a));
}

static char *
join_text(struct servers *s, const char *a, const char *between, const char *b)
{
	char *all = xasprintf("%s%s%s", a, between, b);
	char *kept = text(s, all);

	free(all);
	return kept;
}

static const char *
told_raft(const struct schedd_config *c)
{
	return *c->advertise_raft != '\0' ? c->advertise_raft
					  : schedd_config_raft(c);
}

/* Where others reach the API: when it listens everywhere, at the address
 * that they know us by. "": at the loopback of this machine only. */
static char *
told_http(const struct schedd *sd)
{
	const char *http = sd->config->http, *rpc = api_rpc_addr(sd);
	const char *port = strrchr(http, ':'), *colon = strrchr(rpc, ':');

	if (colon != NULL && (strncmp(http, "0.0.0.0:", 8) == 0 ||
				 strncmp(http, "[::]:", 5) == 0))
		return xasprintf("%.*s%s", (int)(colon - rpc), rpc, port);
	return xstrdup(
	    daemon_is_loopback(http) && !daemon_is_loopback(rpc) ? "" : http);
}

static void
put_self(struct servers *s)
{
	struct schedd *sd = s->sd;
	const struct schedd_config *c = sd->config;
	char *http = told_http(sd);

	s->list[0] = (struct cluster_server){
		.id = schedd_raft_id(sd->server_id),
		.uuid = sd->server_id,
		.name = join_text(s, c->name, ".", c->region),
		.raft = servers_are_alone(sd)
			    ? ""
			    : join_text(s, "tcp://", "", told_raft(c)),
		.rpc = text(s, api_rpc_addr(sd)),
		.http = text(s, http),
		.status = CLUSTER_ALIVE,
		.expect = c->bootstrap_expect,
		.cluster = s->cluster,
		.ready = s->ready,
		.version = ROVE_VERSION,
		.level = sched_core_state(sd->core)->level_known,
		.in_force = sched_core_state(sd->core)->level,
	};
	free(http);
	s->n = 1;
}

static const char *
tag(const struct member *m, const char *name)
{
	const char *v = rec_kv_get(m->tags, m->ntags, name);

	return v != NULL ? v : "";
}

static enum cluster_status
status_of(const struct member *m)
{
	if (strcmp(m->status, MEMBER_ALIVE) == 0)
		return CLUSTER_ALIVE;
	return strcmp(m->status, MEMBER_LEFT) == 0 ? CLUSTER_LEFT
						   : CLUSTER_FAILED;
}

/* Programs that tell none are from before there were levels. */
static uint64_t
level_of(const struct member *m, const char *name)
{
	uint64_t level = strtoull(tag(m, name), NULL, 10);

	return level > 0 ? level : 1;
}

static void
put_other(struct servers *s, const struct member *m)
{
	const char *raft = tag(m, "raft_addr");

	s->list[s->n++] = (struct cluster_server){
		.id = schedd_raft_id(tag(m, "id")),
		.uuid = text(s, tag(m, "id")),
		.name = text(s, m->name),
		.raft = *raft != '\0' &&
				strlen(raft) + strlen("tcp://") <= RAFT_ADDR_MAX
			    ? join_text(s, "tcp://", "", raft)
			    : "",
		.rpc = join_text(s, tag(m, "rpc_addr"), ":", tag(m, "port")),
		.http = text(s, tag(m, "http_addr")),
		.status = status_of(m),
		.expect = *tag(m, "bootstrap") != '\0'
			      ? 1
			      : strtoll(tag(m, "expect"), NULL, 10),
		.cluster = strtoull(tag(m, "cluster"), NULL, 16),
		.ready = strtoull(tag(m, "ready"), NULL, 16),
		.version = *tag(m, "rove") != '\0' ? text(s, tag(m, "rove"))
						   : "of an unknown version",
		.level = level_of(m, "level"),
		.in_force = level_of(m, "in_force"),
	};
}

static void
list(struct servers *s, const struct member_rows *rows)
{
	const char *region = s->sd->config->region;

	arena_release(&s->arena);
	s->list =
	    arena_alloc(&s->arena, (1 + rows->nmembers) * sizeof *s->list);
	put_self(s);
	for (size_t i = 0; i < rows->nmembers; i++) {
		const struct member *m = &rows->members[i];

		if (gossip_is_server(m) && *tag(m, "id") != '\0' &&
		    strcmp(tag(m, "region"), region) == 0 &&
		    strcmp(tag(m, "id"), s->sd->server_id) != 0)
			put_other(s, m);
	}
}

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
			urls[n++] = join_text(s, "tcp://", "", c->rpc);
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
		log_info("forming a cluster of %zu servers", how->first.n);
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

static void
look(void *arg)
{
	struct servers *s = arg;
	struct schedd *sd = s->sd;
	struct cluster_view v = servers_view(sd);
	struct raft_node_info info;
	struct cluster_change next;
	struct cluster_raft raft;

	if (!sd->leading)
		return;
	if (servers_are_alone(sd)) {
		raise_level(sd, v.servers[0].level);
		if (v.servers[0].in_force < v.servers[0].level)
			loop_timer_set(s->look, LOOK_MS);
		return;
	}
	loop_timer_set(s->look, LOOK_MS);
	if (!s->is_known || s->is_changing ||
	    loop_now_ms(sd->loop) < s->again_ms)
		return;
	raft_node_info(sd->raft, &info);
	raft = (struct cluster_raft){ .cluster = s->cluster,
		.config = &info.raft.config,
		.peers = info.peers,
		.npeers = info.npeers };
	if (cluster_next(&v, &raft, &next))
		change(s, &next);
	else
		raise_level(sd, cluster_level(&v, raft.config));
	say_outdated(s, cluster_outdated(&v, &raft));
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
	list(s, rows);
	tell_core(s);
	if (sd->raft == NULL)
		try_to_begin(s);
	else
		look_for_misfits(s);
	servers_led(sd);
}

void
servers_led(struct schedd *sd)
{
	struct servers *s = sd->servers;

	if (sd->leading)
		look(s);
	forward_run(sd);
	if (s->stepped_down != NULL && !sd->leading)
		loop_timer_set(s->patience, 0);
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

/* --- stepping down --- */

/* What came meanwhile has had its answer from who leads now. */
static bool
is_handed_over(struct schedd *sd)
{
	return !sd->leading && servers_leader(sd) != NULL &&
	       forward_is_over(sd);
}

static void
on_patience(void *arg)
{
	struct servers *s = arg;
	void (*done)(struct schedd *) = s->stepped_down;

	if (done != NULL && loop_now_ms(s->sd->loop) < s->step_down_ms &&
	    !is_handed_over(s->sd)) {
		loop_timer_set(s->patience, STEP_DOWN_LOOK_MS);
		return;
	}

	s->stepped_down = NULL;
	if (done != NULL)
		done(s->sd);
}

static void
on_transferred(void *ctx, const struct err *err, uint64_t index)
{
	struct servers *s = ctx;

	(void)index;
	if (err != NULL) {
		log_warn("nobody takes the lead over: %s", err->text);
		s->step_down_ms = 0;
	}
	if (s->stepped_down != NULL)
		loop_timer_set(s->patience, 0);
}

void
servers_step_down(struct schedd *sd, void (*done)(struct schedd *sd))
{
	struct servers *s = sd->servers;
	struct err err;

	if (!sd->leading || !servers_may_disagree(sd)) {
		done(sd);
		return;
	}
	s->stepped_down = done;
	s->step_down_ms = loop_now_ms(sd->loop) + SERVERS_STEP_DOWN_MS;
	loop_timer_set(s->patience, SERVERS_STEP_DOWN_MS);
	if (raft_node_transfer(sd->raft, 0, on_transferred, s, &err) == -1)
		on_transferred(s, &err, 0);
}

bool
servers_step_down_began(const struct schedd *sd)
{
	return sd->servers->stepped_down != NULL;
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
		.elsewhere = cross_elsewhere(sd) };
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

static void
set_hex(struct rec_kv **tags, size_t *n, const char *name, uint64_t v)
{
	char text[24];

	if (v == 0)
		return;
	snprintf(text, sizeof text, "%016" PRIx64, v);
	rec_kv_set(tags, n, name, text);
}

static void
set_level(struct rec_kv **tags, size_t *n, const char *name, uint64_t v)
{
	char number[24];

	snprintf(number, sizeof number, "%" PRIu64, v);
	rec_kv_set(tags, n, name, number);
}

void
servers_tags(const struct schedd *sd, struct rec_kv **tags, size_t *n)
{
	const struct cluster_server *self = servers_self(sd);
	char expect[24];

	if (self->http[0] != '\0')
		rec_kv_set(tags, n, "http_addr", self->http);
	set_level(tags, n, "level", self->level);
	set_level(tags, n, "in_force", self->in_force);
	if (self->raft[0] == '\0')
		return;
	if (self->expect > 1) {
		snprintf(expect, sizeof expect, "%" PRId64, self->expect);
		rec_kv_set(tags, n, "expect", expect);
	}
	rec_kv_set(tags, n, "raft_addr", self->raft + strlen("tcp://"));
	set_hex(tags, n, "cluster", self->cluster);
	set_hex(tags, n, "ready", self->ready);
}

/* --- life --- */

/* If an operator says that the other servers are lost. */
static int
recover(struct schedd *sd, struct err *err)
{
	char *dir = xasprintf("%s/raft", sd->config->common.data_dir);
	struct peersfile_self self = { .id = sd->server_id,
		.addr = servers_are_alone(sd) ? "" : told_raft(sd->config) };
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

	if (recover(sd, err) == -1)
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
	s->patience = loop_timer_new(sd->loop, on_patience, s);
	s->found = loop_timer_new(sd->loop, on_found, s);
	list(s, &none);
	return open_log(s, err);
}

void
servers_close(struct schedd *sd)
{
	struct servers *s = sd->servers;

	if (s == NULL)
		return;
	loop_timer_free(s->look);
	loop_timer_free(s->patience);
	loop_timer_free(s->found);
	arena_release(&s->arena);
	free(s);
	sd->servers = NULL;
}
