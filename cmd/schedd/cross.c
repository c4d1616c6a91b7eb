#include "cmd/schedd/cross.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/cross_impl.h"
#include "cmd/schedd/forward.h"
#include "common/http/relay.h"
#include "common/mem.h"
#include "proto/blocking.h"
#include "proto/meter.h"

#define GLOBAL "global" /* any region, where none is called so */

/* --- who there is --- */

/* Its pending calls fail, and may look for another one at once: so this is
 * done when all is known. */
static void
drop_gone(struct crosses *c, struct map *m, enum region_via via)
{
	struct map_entry *next;

	for (struct map_entry *e = map_first(m); e != NULL; e = next) {
		void *to;

		next = map_next(e);
		if (regions_has_addr(&c->regions, via, map_key(e)))
			continue;
		to = map_remove(m, map_key(e));
		if (via == REGION_HTTP)
			http_client_free(to);
		else
			bus_peer_free(to);
	}
}

void
cross_learn(struct schedd *sd, const struct member_rows *rows)
{
	struct crosses *c = sd->crosses;

	regions_learn(&c->regions, rows, sd->config->region);
	drop_gone(c, &c->http, REGION_HTTP);
	drop_gone(c, &c->bus, REGION_RPC);
}

size_t
cross_count(const struct schedd *sd)
{
	return 1 + regions_count(&sd->crosses->regions);
}

const char *
cross_elsewhere(const struct schedd *sd)
{
	const struct regions *rs = &sd->crosses->regions;

	return rs->n > 0 ? rs->servers[0].region : NULL;
}

/* --- HTTP --- */

/* A request under way. */
struct crossing {
	struct schedd *sd;
	char *region;
	uint64_t until_ms; /* another server may be tried */
	struct region_tried tried;
};

static void
crossing_free(void *ctx)
{
	struct crossing *x = ctx;

	region_tried_release(&x->tried);
	free(x->region);
	free(x);
}

static struct http_client *
client_to(struct crosses *c, const char *addr, const char *region)
{
	struct http_client *to = map_find(&c->http, addr);
	struct http_client_opts o;
	char *name;

	if (to != NULL)
		return to;
	http_client_opts_init(&o);
	o.connect_ms = CROSS_CONNECT_MS;
	to = http_client_new(c->sd->loop, addr);
	http_client_set(to, &o);
	name = xasprintf("server.%s.nomad", region);
	http_client_tls(to, c->sd->tls.api_servers, name);
	free(name);
	map_put(&c->http, addr, to);
	return to;
}

static void step(struct crossing *x, struct http_req *r, const struct err *why);

static void
give_up(struct crossing *x, struct http_req *r, const struct err *err,
    const char *more)
{
	http_fail(r, 500, "region \"%s\" did not answer: %s%s", x->region,
	    err->text, more);
	crossing_free(x);
}

/* Whether the one that was asked last has answered. */
static void
note(const struct crossing *x, bool answered)
{
	regions_note(&x->sd->crosses->regions, x->tried.names[x->tried.n - 1],
	    answered, loop_now_ms(x->sd->loop));
}

static void
on_begin(void *ctx)
{
	note(ctx, true);
}

/* What was not sent, or changes nothing, is asked of the next one; what came
 * to its time's end was not. */
static void
on_lost(void *ctx, struct http_req *r, const struct err *err, bool sent)
{
	struct crossing *x = ctx;
	uint64_t now_ms = loop_now_ms(x->sd->loop);
	bool reads = http_is_read(r);

	note(x, false);
	if (sent && !reads)
		give_up(x, r, err, "; the request may have been carried out");
	else if (sent ? err->code == ERR_TIMEOUT : now_ms >= x->until_ms)
		give_up(x, r, err, "");
	else
		step(x, r, err);
}

/* why: what the last one said, NULL: this is the first. */
static void
step(struct crossing *x, struct http_req *r, const struct err *why)
{
	struct crosses *c = x->sd->crosses;
	struct http_relay_how how = { .extra = FORWARD_HOP ": 1\r\n",
		.begin_ms = blocking_begin_ms(r),
		.on_lost = on_lost,
		.on_begin = on_begin,
		.on_end = crossing_free,
		.ctx = x };
	struct region_server *s = regions_pick(&c->regions, x->region,
	    REGION_HTTP, &x->tried, loop_now_ms(x->sd->loop), &c->rng);
	struct err err;

	if (s == NULL && why != NULL) {
		give_up(x, r, why, "");
		return;
	}
	if (s == NULL) {
		regions_refuse(&c->regions, x->region, REGION_HTTP, &err);
		http_fail(r, 500, "%s", err.text);
		crossing_free(x);
		return;
	}
	region_tried_add(&x->tried, s->name);
	http_relay(client_to(c, s->http, x->region), r, &how);
}

void
cross_note(struct schedd *sd, const char *region)
{
	char *name;

	if (!regions_has(&sd->crosses->regions, region))
		return;
	name = xasprintf("nomad.nomad.rpc.cross-region.%s", region);
	meter_count(&sd->meter, name, 1, NULL, 0);
	free(name);
}

static void
carry(struct schedd *sd, struct http_req *r, const char *region)
{
	struct crossing *x;

	if (forward_hops(r) >= FORWARD_HOPS) {
		http_fail(r, 500,
		    "No path to region \"%s\": the request came back", region);
		return;
	}
	cross_note(sd, region);
	x = xcalloc(1, sizeof *x);
	x->sd = sd;
	x->region = xstrdup(region);
	x->until_ms = loop_now_ms(sd->loop) + CROSS_TRY_MS;
	step(x, r, NULL);
}

/* What each agent answers for itself, whichever region is asked for. */
static bool
is_of_agent(const char *path)
{
	static const char *const own[] = { "/v1/agent/", "/v1/regions",
		"/v1/metrics", "/v1/jobs/parse" };

	return forward_is_among(path, own, sizeof own / sizeof own[0]);
}

static bool
is_of_job(const struct http_req *r)
{
	const char *path = http_path(r);

	return !http_is_read(r) && (strncmp(path, "/v1/job/", 8) == 0 ||
				       strcmp(path, "/v1/jobs") == 0 ||
				       strcmp(path, "/v1/validate/job") == 0);
}

bool
cross_is_ours(const struct schedd *sd, const char *region)
{
	return *region == '\0' || strcmp(region, sd->config->region) == 0;
}

static bool
is_no_region(const struct schedd *sd, const char *region)
{
	return strcmp(region, GLOBAL) == 0 &&
	       !regions_has(&sd->crosses->regions, region);
}

/* "" when none is named. */
static void
read_region(const struct http_req *r, char out[REGION_NAME_MAX + 2])
{
	*out = '\0';
	http_param(r, "region", out, REGION_NAME_MAX + 2);
}

bool
cross_is_elsewhere(struct schedd *sd, const struct http_req *r)
{
	char region[REGION_NAME_MAX + 2];

	read_region(r, region);
	return !cross_is_ours(sd, region) && !is_of_agent(http_path(r)) &&
	       !(is_of_job(r) && is_no_region(sd, region));
}

bool
cross_http(struct schedd *sd, struct http_req *r)
{
	char region[REGION_NAME_MAX + 2];

	if (!cross_is_elsewhere(sd, r))
		return false;
	read_region(r, region);
	carry(sd, r, region);
	return true;
}

bool
cross_job(struct schedd *sd, struct http_req *r, char **job_region)
{
	const char *wanted = *job_region != NULL ? *job_region : "";
	char region[REGION_NAME_MAX + 2];

	read_region(r, region);
	if (*region == '\0' && !cross_is_ours(sd, wanted) &&
	    !is_no_region(sd, wanted)) {
		carry(sd, r, wanted);
		return true;
	}
	free(*job_region);
	*job_region = xstrdup(sd->config->region);
	return false;
}

/* --- life --- */

void
cross_open(struct schedd *sd)
{
	struct crosses *c = sd->crosses = xcalloc(1, sizeof *c);
	uint64_t seed;

	c->sd = sd;
	rng_secret(&seed, sizeof seed);
	rng_init(&c->rng, seed);
}

void
cross_close(struct schedd *sd)
{
	struct crosses *c = sd->crosses;

	if (c == NULL)
		return;
	regions_release(&c->regions);
	drop_gone(c, &c->http, REGION_HTTP);
	drop_gone(c, &c->bus, REGION_RPC);
	map_release(&c->http);
	map_release(&c->bus);
	free(c);
	sd->crosses = NULL;
}
