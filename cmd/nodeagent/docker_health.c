#include "cmd/nodeagent/docker_health.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/nodeagent/docker_answer.h"
#include "common/log.h"
#include "common/mem.h"

struct docker_health {
	struct docker_engine *engine;
	struct loop_timer *timer;
	struct docker_call *version, *info, *bridge; /* asked; NULL */
	struct docker_facts facts, told;
	uint64_t away_ms; /* until the next look at one that is not there */
	struct docker_health_ops ops;
	void *ctx;
};

static void
tell(struct docker_health *h)
{
	if (memcmp(&h->facts, &h->told, sizeof h->facts) == 0)
		return;
	h->told = h->facts;
	h->ops.on_change(h->ctx);
}

/* The whole member is written, so that facts compare as bytes. */
static void
set_text(char *out, size_t size, const char *text)
{
	memset(out, 0, size);
	snprintf(out, size, "%s", text != NULL ? text : "");
}

/* --- not there --- */

static void
on_away(struct docker_health *h, const char *why)
{
	struct docker_facts *f = &h->facts;

	if (f->up)
		log_warn("docker: engine lost: %s", why);
	else if (!f->detected && strncmp(f->why, why, sizeof f->why - 1) != 0)
		log_info("docker: no engine: %s", why);
	f->asked = true;
	f->up = false;
	set_text(f->why, sizeof f->why, why);
	if (h->away_ms == 0)
		h->away_ms = DOCKER_AWAY_FIRST_MS;
	else if (h->away_ms < DOCKER_AWAY_MS)
		h->away_ms *= 2;
	loop_timer_set(h->timer,
	    h->away_ms < DOCKER_AWAY_MS ? h->away_ms : DOCKER_AWAY_MS);
	tell(h);
}

/* --- there --- */

static void
ask(struct docker_health *h, struct docker_call **call, const char *path,
    bool unversioned, docker_on_reply *on_reply)
{
	struct docker_ask ask = { .method = "GET",
		.path = path,
		.timeout_ms = DOCKER_ASK_MS,
		.unversioned = unversioned,
		.on_reply = on_reply,
		.ctx = h };

	if (*call == NULL)
		*call = docker_engine_ask(h->engine, &ask);
}

static void
take_runtimes(struct docker_facts *f, const struct tree *runtimes)
{
	struct buf b = { 0 };

	for (size_t i = 0; runtimes != NULL && runtimes->kind == TREE_MAP &&
			   i < runtimes->nmembers && b.len < sizeof f->runtimes;
	     i++)
		buf_addf(
		    &b, "%s%s", b.len > 0 ? "," : "", runtimes->members[i].key);
	set_text(f->runtimes, sizeof f->runtimes, buf_str(&b));
	buf_release(&b);
}

/* What the engine is has all been asked. */
static void
on_asked(struct docker_health *h)
{
	if (h->info == NULL && h->bridge == NULL && h->facts.up) {
		h->facts.asked = true;
		tell(h);
	}
}

static void
on_info(void *ctx, const struct docker_reply *r)
{
	struct docker_health *h = ctx;
	struct docker_info info;

	h->info = NULL;
	if (r->why == NULL && rec_from_json(&docker_info_type, &info, r->body,
				  r->len, NULL) == 0) {
		set_text(
		    h->facts.os_type, sizeof h->facts.os_type, info.os_type);
		take_runtimes(&h->facts, info.runtimes);
		rec_clear(&docker_info_type, &info);
	}
	on_asked(h);
}

static void
on_bridge(void *ctx, const struct docker_reply *r)
{
	struct docker_health *h = ctx;
	char ip[64] = "";

	h->bridge = NULL;
	if (r->why == NULL)
		docker_bridge_ip(r->body, r->len, ip);
	if (r->status != 0)
		set_text(h->facts.bridge_ip, sizeof h->facts.bridge_ip, ip);
	on_asked(h);
}

/* Our newest, unless that is not within what the engine speaks. NULL: no. */
static const char *
choose_api(const struct docker_version *v)
{
	unsigned newest = docker_api_number(v->api_version);
	unsigned oldest = docker_api_number(v->min_api_version);

	if (newest < docker_api_number(DOCKER_API_OLDEST))
		return NULL;
	if (newest <= docker_api_number(DOCKER_API_NEWEST))
		return v->api_version;
	return oldest > docker_api_number(DOCKER_API_NEWEST)
		   ? v->min_api_version
		   : DOCKER_API_NEWEST;
}

static void
take_version(struct docker_health *h, const struct docker_version *v)
{
	struct docker_facts *f = &h->facts;
	const char *api = choose_api(v);
	char why[128];

	if (api == NULL) {
		snprintf(why, sizeof why,
		    "the engine's API version \"%.16s\" is "
		    "below " DOCKER_API_OLDEST,
		    v->api_version != NULL ? v->api_version : "");
		on_away(h, why);
		return;
	}
	docker_engine_set_api(h->engine, api);
	if (!f->up)
		log_info("docker: engine found version=%s api=%s",
		    v->version != NULL ? v->version : "", api);
	set_text(f->version, sizeof f->version, v->version);
	h->away_ms = 0;
	f->detected = f->up = true;
	set_text(f->why, sizeof f->why, "");
	loop_timer_set(h->timer, DOCKER_HEALTH_MS);
	ask(h, &h->info, "/info", false, on_info);
	ask(h, &h->bridge, "/networks/bridge", false, on_bridge);
	if (f->asked)
		tell(h); /* the rest is known from before, mostly */
	h->ops.on_answer(h->ctx);
}

static void
on_version(void *ctx, const struct docker_reply *r)
{
	struct docker_health *h = ctx;
	struct docker_version v;
	struct err err;

	h->version = NULL;
	if (r->why != NULL) {
		on_away(h, r->why);
	} else if (rec_from_json(
		       &docker_version_type, &v, r->body, r->len, &err) == -1) {
		on_away(h, err.text);
	} else {
		take_version(h, &v);
		rec_clear(&docker_version_type, &v);
	}
}

static void
on_timer(void *arg)
{
	struct docker_health *h = arg;

	ask(h, &h->version, "/version", true, on_version);
}

/* --- from outside --- */

struct docker_health *
docker_health_new(struct loop *l, struct docker_engine *e,
    const struct docker_health_ops *ops, void *ctx)
{
	struct docker_health *h = xcalloc(1, sizeof *h);

	h->engine = e;
	h->ops = *ops;
	h->ctx = ctx;
	h->timer = loop_timer_new(l, on_timer, h);
	loop_timer_set(h->timer, 0);
	return h;
}

void
docker_health_free(struct docker_health *h)
{
	if (h == NULL)
		return;
	docker_call_cancel(h->version);
	docker_call_cancel(h->info);
	docker_call_cancel(h->bridge);
	loop_timer_free(h->timer);
	free(h);
}

void
docker_health_doubt(struct docker_health *h)
{
	if (h->version == NULL && h->facts.up)
		loop_timer_set(h->timer, DOCKER_DOUBT_MS);
}

const struct docker_facts *
docker_health_facts(const struct docker_health *h)
{
	return &h->facts;
}
