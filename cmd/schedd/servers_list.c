/* Who the servers are, as their tags tell of them, and our own tags. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/api.h"
#include "cmd/schedd/gossip.h"
#include "cmd/schedd/servers_impl.h"
#include "common/mem.h"
#include "proto/version.h"

/* --- the list --- */

static char *
text(struct servers *s, const char *a)
{
	return arena_strndup(&s->arena, a, strlen(a));
}

char *
servers_join_text(
    struct servers *s, const char *a, const char *between, const char *b)
{
	char *all = xasprintf("%s%s%s", a, between, b);
	char *kept = text(s, all);

	free(all);
	return kept;
}

const char *
servers_told_raft(const struct schedd_config *c)
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
		.name = servers_join_text(s, c->name, ".", c->region),
		.raft = servers_are_alone(sd) ? ""
					      : servers_join_text(s, "tcp://",
						    "", servers_told_raft(c)),
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
			    ? servers_join_text(s, "tcp://", "", raft)
			    : "",
		.rpc = servers_join_text(
		    s, tag(m, "rpc_addr"), ":", tag(m, "port")),
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

void
servers_list(struct servers *s, const struct member_rows *rows)
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

/* --- our tags --- */

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
