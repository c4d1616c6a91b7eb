#include "cmd/lbd/consul.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cmd/lbd/consul_impl.h"
#include "common/clock.h"
#include "common/http/http.h"
#include "common/log.h"
#include "common/mem.h"

/* --- asking --- */

struct http_call *
consul_call(struct consul *c, const char *method, const char *target,
    const struct buf *body, uint64_t timeout_ms, http_on_answer *on_answer,
    void *ctx)
{
	const char *headers[2];
	size_t n = 0;

	if (body != NULL)
		headers[n++] = "Content-Type: application/json";
	if (c->token_line != NULL)
		headers[n++] = c->token_line;
	return http_call(c->client, method, target, headers, n,
	    body == NULL ? NULL : body->data, body == NULL ? 0 : body->len,
	    timeout_ms, on_answer, NULL, ctx);
}

/* Notes that the catalog answers, or does not; logs the change. */
static void
note(struct consul *c, const struct err *err)
{
	if (err == NULL && !c->up)
		log_info("catalog is there addr=%s", c->config->addr);
	if (err != NULL && c->up)
		log_warn("catalog does not answer: routes stay as they are "
			 "addr=%s error=\"%s\"",
		    c->config->addr, err->text);
	else if (err != NULL)
		log_debug("catalog does not answer error=\"%s\"", err->text);
	c->up = err == NULL;
}

/* --- requests that are held --- */

/* 0 when there is none or it is no number. */
static uint64_t
index_of(const struct http_answer *a)
{
	for (size_t i = 0; i < a->nfields; i++)
		if (strcasecmp(a->fields[i].name, "X-Consul-Index") == 0)
			return strtoull(a->fields[i].value, NULL, 10);
	return 0;
}

static void
on_polled(void *ctx, const struct err *err, const struct http_answer *a)
{
	struct consul_poll *p = ctx;
	struct err wrong;
	uint64_t index, was = p->index;

	p->call = NULL;
	if (err == NULL && a->status != 200 && a->status != 404) {
		err_set(&wrong, ERR_BAD, "%s: status %d", p->path, a->status);
		err = &wrong;
	}
	/* Routes come from the checks: keys may be missing or forbidden. */
	if (p == &p->c->checks)
		note(p->c, err);
	if (err != NULL) {
		log_debug("catalog: %s", err->text);
		consul_poll_next(p, false);
		return;
	}
	index = index_of(a);
	p->idle = index == was && loop_now_ms(p->c->lbd->daemon->loop) <
				      p->sent_ms + CONSUL_RETRY_MS;
	/* One that goes back begins anew. */
	p->index = index < was ? 0 : index;
	if (index != 0 && index == was)
		consul_poll_next(p, true);
	else
		p->on_news(p->c, a->status == 404 ? "" : a->body,
		    a->status == 404 ? 0 : a->len);
}

static void
send_poll(void *arg)
{
	struct consul_poll *p = arg;
	char *target = p->index == 0
			   ? xstrdup(p->path)
			   : xasprintf("%s&index=%" PRIu64, p->path, p->index);

	p->sent_ms = loop_now_ms(p->c->lbd->daemon->loop);
	p->call = consul_call(
	    p->c, "GET", target, NULL, CONSUL_HELD_MS, on_polled, p);
	free(target);
}

/* A catalog that does not hold requests, or tells no index, is asked now and
 * then. */
void
consul_poll_next(struct consul_poll *p, bool ok)
{
	uint64_t after_ms =
	    (uint64_t)(p->c->config->poll_interval / CLOCK_NS_PER_MS);

	if (!ok)
		p->index = 0;
	if ((p->index == 0 || p->idle) && after_ms < CONSUL_RETRY_MS)
		after_ms = CONSUL_RETRY_MS;
	if (after_ms > 0)
		loop_timer_set(p->timer, after_ms);
	else
		send_poll(p);
}

void
consul_poll_init(struct consul_poll *p, struct consul *c, char *path,
    void (*on_news)(struct consul *c, const char *body, size_t n))
{
	*p = (struct consul_poll){ .c = c, .path = path, .on_news = on_news };
	p->timer = loop_timer_new(c->lbd->daemon->loop, send_poll, p);
}

void
consul_poll_release(struct consul_poll *p)
{
	if (p->call != NULL)
		http_call_cancel(p->call);
	loop_timer_free(p->timer);
	free(p->path);
	*p = (struct consul_poll){ 0 };
}

/* --- a round --- */

static void ask_services(struct consul *c);

static void
forget_round(struct consul *c)
{
	for (size_t i = 0; i < c->nfound; i++)
		rec_clear(&service_instance_type, &c->found[i]);
	free(c->found);
	c->found = NULL;
	c->nfound = 0;
	consuldoc_checks_release(&c->wanted);
}

/* A round that is not complete changes nothing. */
static void
end_round(struct consul *c)
{
	struct err err;

	if (!c->failed) {
		if (sources_replace(
			&c->lbd->sources, c->found, c->nfound, &err) == -1)
			log_error(
			    "services are incomplete error=\"%s\"", err.text);
		if (c->lbd->sources.changed)
			lbd_changed(c->lbd);
		else
			lbd_open(c->lbd);
		log_debug("services known ninstances=%zu", c->nfound);
	}
	forget_round(c);
	consul_poll_next(&c->checks, !c->failed);
}

static struct consul_asked *
slot_of(struct consul *c)
{
	for (size_t i = 0; i < CONSUL_MAX_ASKED; i++)
		if (c->asked[i].call == NULL)
			return &c->asked[i];
	return NULL;
}

static void
on_service(void *ctx, const struct err *err, const struct http_answer *a)
{
	struct consul_asked *asked = ctx;
	struct consul *c = asked->c;
	struct err wrong;

	asked->call = NULL;
	c->nasked--;
	if (err == NULL && a->status != 200) {
		err_set(
		    &wrong, ERR_BAD, "catalog/service: status %d", a->status);
		err = &wrong;
	}
	if (err == NULL && consuldoc_instances_read(&c->wanted, a->body, a->len,
			       &c->found, &c->nfound, &wrong) == -1)
		err = &wrong;
	if (err != NULL) {
		c->failed = true;
		c->next = NULL;
		note(c, err);
	}
	ask_services(c);
}

static void
ask_service(struct consul *c, struct consul_asked *slot, const char *name)
{
	struct buf target = { 0 };

	buf_adds(&target, "/v1/catalog/service/");
	http_escape(name, &target);
	buf_adds(&target, "?consistent=");
	c->nasked++;
	slot->c = c;
	slot->call = consul_call(
	    c, "GET", buf_str(&target), NULL, CONSUL_ASK_MS, on_service, slot);
	buf_release(&target);
}

static void
ask_services(struct consul *c)
{
	struct consul_asked *slot;

	while (c->next != NULL && (slot = slot_of(c)) != NULL) {
		const char *name = map_key(c->next);

		c->next = map_next(c->next);
		ask_service(c, slot, name);
	}
	if (c->nasked == 0)
		end_round(c);
}

static void
on_checks(struct consul *c, const char *body, size_t n)
{
	struct consuldoc_rule rule = { .tag_prefix = c->lbd->config->tag_prefix,
		.statuses = c->config->service_status,
		.strict = strcmp(c->config->checks_required, "all") == 0 };
	struct err err;

	c->failed = false;
	if (consuldoc_checks_read(&c->wanted, body, n, &rule, &err) == -1) {
		note(c, &err);
		consul_poll_next(&c->checks, false);
		return;
	}
	c->next = map_first(&c->wanted.services);
	ask_services(c);
}

/* --- keys --- */

static void
on_routes(struct consul *c, const char *body, size_t n)
{
	struct buf text = { 0 };
	struct err err;

	if ((n > 0 && consuldoc_keys_read(body, n, true, &text, &err) == -1) ||
	    lbd_set_more_routes(c->lbd, buf_str(&text), &err) == -1)
		log_warn("the catalog's route commands are refused, the old "
			 "ones stay error=\"%s\"",
		    err.text);
	buf_release(&text);
	consul_poll_next(&c->routes, true);
}

static void
on_page(struct consul *c, const char *body, size_t n)
{
	struct buf page = { 0 };
	struct err err;

	if (n > 0 && consuldoc_keys_read(body, n, false, &page, &err) == -1)
		log_warn("the catalog's page for no route is refused "
			 "error=\"%s\"",
		    err.text);
	else
		lbd_set_page(c->lbd, &page);
	buf_release(&page);
	consul_poll_next(&c->page, true);
}

/* --- the first question --- */

static void
ask_all(struct consul *c)
{
	loop_timer_set(c->checks.timer, 0);
	loop_timer_set(c->routes.timer, 0);
	loop_timer_set(c->page.timer, 0);
	if (c->config->enable_register)
		c->reg = consul_register_new(c);
}

static void
on_self(void *ctx, const struct err *err, const struct http_answer *a)
{
	struct consul *c = ctx;
	char *datacenter = NULL;
	struct err wrong;

	c->self = NULL;
	if (err == NULL && a->status == 200)
		datacenter = consuldoc_datacenter(a->body, a->len);
	if (err == NULL && datacenter == NULL) {
		err_set(&wrong, ERR_BAD, "agent/self names no data centre");
		err = &wrong;
	}
	note(c, err);
	if (err != NULL) {
		loop_timer_set(c->start, CONSUL_RETRY_MS);
		return;
	}
	sources_set_datacenter(&c->lbd->sources, datacenter);
	free(datacenter);
	ask_all(c);
}

static void
on_start(void *arg)
{
	struct consul *c = arg;

	c->self = consul_call(
	    c, "GET", "/v1/agent/self", NULL, CONSUL_ASK_MS, on_self, c);
}

/* --- the life --- */

/* A key's path, with or without a slash before it. */
static char *
key_target(const char *key)
{
	return xasprintf(
	    "/v1/kv/%s?consistent=&recurse=", key + strspn(key, "/"));
}

struct consul *
consul_new(struct lbd *l)
{
	struct consul *c = xcalloc(1, sizeof *c);
	struct http_client_opts opts;

	c->lbd = l;
	c->config = &l->config->consul;
	c->up = true; /* so that the first failure is told */
	c->client = http_client_new(l->daemon->loop, c->config->addr);
	http_client_opts_init(&opts);
	opts.max_body = CONSUL_MAX_ANSWER;
	http_client_set(c->client, &opts);
	if (c->config->token[0] != '\0')
		c->token_line =
		    xasprintf("X-Consul-Token: %s", c->config->token);
	consul_poll_init(&c->checks, c,
	    xstrdup("/v1/health/state/any?consistent="), on_checks);
	consul_poll_init(
	    &c->routes, c, key_target(c->config->kv_path), on_routes);
	consul_poll_init(
	    &c->page, c, key_target(c->config->no_route_path), on_page);
	c->start = loop_timer_new(l->daemon->loop, on_start, c);
	loop_timer_set(c->start, 0);
	return c;
}

void
consul_free(struct consul *c)
{
	if (c == NULL)
		return;
	if (c->self != NULL)
		http_call_cancel(c->self);
	loop_timer_free(c->start);
	consul_register_free(c->reg);
	consul_poll_release(&c->checks);
	consul_poll_release(&c->routes);
	consul_poll_release(&c->page);
	for (size_t i = 0; i < CONSUL_MAX_ASKED; i++)
		if (c->asked[i].call != NULL)
			http_call_cancel(c->asked[i].call);
	http_client_free(c->client);
	forget_round(c);
	free(c->token_line);
	free(c);
}

bool
consul_is_up(const struct consul *c)
{
	return c != NULL && c->up;
}

void
consul_leave(struct consul *c, void (*done)(void *ctx), void *ctx)
{
	if (c->reg == NULL)
		done(ctx);
	else
		consul_register_leave(c->reg, done, ctx);
}
