#include "cmd/schedd/regions.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/gossip.h"
#include "common/mem.h"

#define ADDR_MAX 255

void
regions_release(struct regions *rs)
{
	arena_release(&rs->arena);
	*rs = (struct regions){ 0 };
}

/* --- learning --- */

static const char *
copy(struct arena *a, const char *text, size_t max)
{
	if (text == NULL || strlen(text) > max)
		text = "";
	return arena_strndup(a, text, strlen(text));
}

static const char *
tag(const struct member *m, const char *name)
{
	return rec_kv_get(m->tags, m->ntags, name);
}

static const char *
rpc_of(struct arena *a, const struct member *m)
{
	const char *host = tag(m, "rpc_addr"), *port = tag(m, "port");
	char *rpc;
	const char *kept;

	if (host == NULL || *host == '\0')
		return "";
	rpc = xasprintf("%s:%s", host, port);
	kept = copy(a, rpc, ADDR_MAX);
	free(rpc);
	return kept;
}

static const struct region_server *
find(const struct regions *rs, const char *name)
{
	for (size_t i = 0; i < rs->n; i++)
		if (strcmp(rs->servers[i].name, name) == 0)
			return &rs->servers[i];
	return NULL;
}

static void
put(struct regions *now, const struct regions *was, const struct member *m)
{
	struct region_server *s = &now->servers[now->n];
	const struct region_server *old;

	*s = (struct region_server){
		.name = copy(&now->arena, m->name, ADDR_MAX),
		.region = copy(&now->arena, tag(m, "region"), REGION_NAME_MAX),
		.http = copy(&now->arena, tag(m, "http_addr"), ADDR_MAX),
		.rpc = rpc_of(&now->arena, m),
		.is_alive = strcmp(m->status, MEMBER_ALIVE) == 0,
	};
	if (*s->name == '\0' || *s->region == '\0')
		return;
	old = find(was, s->name);
	if (old != NULL && old->is_alive && strcmp(old->http, s->http) == 0 &&
	    strcmp(old->rpc, s->rpc) == 0)
		s->bad_until_ms = old->bad_until_ms;
	now->n++;
}

void
regions_learn(
    struct regions *rs, const struct member_rows *rows, const char *own)
{
	struct regions was = *rs;

	*rs = (struct regions){ 0 };
	rs->servers =
	    arena_alloc(&rs->arena, (rows->nmembers + 1) * sizeof *rs->servers);
	for (size_t i = 0; i < rows->nmembers && rs->n < REGIONS_MAX; i++) {
		const struct member *m = &rows->members[i];

		if (gossip_is_server(m) &&
		    strcmp(m->status, MEMBER_LEFT) != 0 &&
		    strcmp(tag(m, "region"), own) != 0)
			put(rs, &was, m);
	}
	regions_release(&was);
}

/* --- choosing --- */

void
region_tried_add(struct region_tried *t, const char *name)
{
	if (t->n < REGION_TRIES)
		t->names[t->n++] = xstrdup(name);
}

void
region_tried_release(struct region_tried *t)
{
	while (t->n > 0)
		free(t->names[--t->n]);
}

static bool
was_tried(const struct region_tried *t, const char *name)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->names[i], name) == 0)
			return true;
	return false;
}

static const char *
addr_of(const struct region_server *s, enum region_via via)
{
	return via == REGION_HTTP ? s->http : s->rpc;
}

static bool
may_be_asked(
    const struct region_server *s, const char *region, enum region_via via)
{
	return s->is_alive && *addr_of(s, via) != '\0' &&
	       strcmp(s->region, region) == 0;
}

/* Each one that is as good as the best so far takes its place by chance, so
 * that all are as likely. */
struct region_server *
regions_pick(struct regions *rs, const char *region, enum region_via via,
    const struct region_tried *tried, uint64_t now_ms, struct rng *rng)
{
	struct region_server *best = NULL;
	bool is_best_bad = true;
	uint64_t nequal = 0;

	if (tried->n == REGION_TRIES)
		return NULL;
	for (size_t i = 0; i < rs->n; i++) {
		struct region_server *s = &rs->servers[i];
		bool is_bad = s->bad_until_ms > now_ms;

		if (!may_be_asked(s, region, via) ||
		    was_tried(tried, s->name) || (is_bad && !is_best_bad))
			continue;
		if (best == NULL || (is_best_bad && !is_bad))
			nequal = 0;
		is_best_bad = is_bad;
		if (rng_below(rng, ++nequal) == 0)
			best = s;
	}
	return best;
}

/* --- asking --- */

bool
regions_has(const struct regions *rs, const char *region)
{
	for (size_t i = 0; i < rs->n; i++)
		if (strcmp(rs->servers[i].region, region) == 0)
			return true;
	return false;
}

static bool
is_first(const struct regions *rs, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (strcmp(rs->servers[j].region, rs->servers[i].region) == 0)
			return false;
	return true;
}

size_t
regions_count(const struct regions *rs)
{
	size_t n = 0;

	for (size_t i = 0; i < rs->n; i++)
		n += is_first(rs, i);
	return n;
}

int
regions_refuse(const struct regions *rs, const char *region,
    enum region_via via, struct err *err)
{
	size_t n = 0, nalive = 0;

	for (size_t i = 0; i < rs->n; i++)
		if (strcmp(rs->servers[i].region, region) == 0) {
			n++;
			nalive += rs->servers[i].is_alive;
		}
	if (n == 0)
		return err_set(err, ERR_NOT_FOUND, "No path to region");
	if (nalive == 0)
		return err_set(err, ERR_GONE,
		    "No path to region \"%s\": its servers (%zu) are down",
		    region, n);
	return err_set(err, ERR_GONE,
	    "No path to region \"%s\": its servers (%zu) do not tell others "
	    "where their %s is",
	    region, nalive, via == REGION_HTTP ? "HTTP API" : "RPC port");
}

bool
regions_has_addr(
    const struct regions *rs, enum region_via via, const char *addr)
{
	for (size_t i = 0; i < rs->n; i++)
		if (rs->servers[i].is_alive &&
		    strcmp(addr_of(&rs->servers[i], via), addr) == 0)
			return true;
	return false;
}

void
regions_note(
    struct regions *rs, const char *name, bool answered, uint64_t now_ms)
{
	for (size_t i = 0; i < rs->n; i++)
		if (strcmp(rs->servers[i].name, name) == 0)
			rs->servers[i].bad_until_ms =
			    answered ? 0 : now_ms + REGION_BAD_MS;
}
