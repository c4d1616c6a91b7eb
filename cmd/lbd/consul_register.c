/* lbd in the catalog: registered, kept up, taken out. */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/lbd/consul_impl.h"
#include "common/clock.h"
#include "common/http/addr.h"
#include "common/json.h"
#include "common/log.h"
#include "common/mem.h"

#define TOKEN_CHARS "/?#% "

struct consul_register {
	struct consul *c;
	char *id, *check_id;
	char *host;
	uint16_t port;
	struct http_call *call;
	struct loop_timer *timer;
	bool registered;
	void (*done)(void *ctx); /* when it is leaving */
	void *done_ctx;
};

/* --- who we are --- */

/* The machine's first address that others can reach. */
static char *
own_address(void)
{
	struct ifaddrs *all = NULL;
	char text[INET_ADDRSTRLEN] = "127.0.0.1";

	if (getifaddrs(&all) == -1)
		return xstrdup(text);
	for (const struct ifaddrs *i = all; i != NULL; i = i->ifa_next) {
		struct sockaddr_in in;

		if (i->ifa_addr == NULL || !(i->ifa_flags & IFF_UP) ||
		    i->ifa_flags & IFF_LOOPBACK ||
		    i->ifa_addr->sa_family != AF_INET)
			continue;
		memcpy(&in, i->ifa_addr, sizeof in);
		inet_ntop(AF_INET, &in.sin_addr, text, sizeof text);
		break;
	}
	freeifaddrs(all);
	return xstrdup(text);
}

/* The UI's address answers /health; without a host it is the machine's. */
static void
find_address(struct consul_register *r)
{
	const char *addr = r->c->config->register_addr;
	const char *bound = ui_addr(r->c->lbd->ui);
	const char *from, *colon;
	size_t n;

	if (addr[0] == '\0')
		addr = r->c->lbd->config->ui_addr;
	colon = strrchr(addr, ':');
	n = colon == NULL ? strlen(addr) : (size_t)(colon - addr);
	from = addr + (addr[0] == '[');
	n -= addr[0] == '[' ? 2 : 0;
	r->host = n == 0 || strncmp(from, "0.0.0.0", n) == 0
		      ? own_address()
		      : xasprintf("%.*s", (int)n, from);
	r->port = (uint16_t)strtoul(colon == NULL ? "" : colon + 1, NULL, 10);
	if (r->port == 0 && (colon = strrchr(bound, ':')) != NULL)
		r->port = (uint16_t)strtoul(colon + 1, NULL, 10);
}

static void
add_tags(struct buf *out, const char *list)
{
	char *text = xstrdup(list), *rest = text, *one;
	bool first = true;

	buf_adds(out, ",\"Tags\":[");
	while ((one = strsep(&rest, ",")) != NULL) {
		one += strspn(one, " ");
		if (one[0] == '\0')
			continue;
		if (!first)
			buf_addc(out, ',');
		first = false;
		json_put_text(out, one, strlen(one));
	}
	buf_addc(out, ']');
	free(text);
}

static void
add_text(struct buf *out, const char *before, const char *text)
{
	buf_adds(out, before);
	json_put_text(out, text, strlen(text));
}

static void
registration(const struct consul_register *r, struct buf *out)
{
	const struct lbd_consul *c = r->c->config;
	bool v6 = strchr(r->host, ':') != NULL;
	char *url =
	    xasprintf(v6 ? "http://[%s]:%u/health" : "http://%s:%u/health",
		r->host, (unsigned)r->port);
	char interval[CLOCK_DUR_SIZE], timeout[CLOCK_DUR_SIZE];

	clock_format_dur(c->check_interval, interval);
	clock_format_dur(c->check_timeout, timeout);
	add_text(out, "{\"ID\":", r->id);
	add_text(out, ",\"Name\":", c->register_name);
	add_text(out, ",\"Address\":", r->host);
	buf_addf(out, ",\"Port\":%u", (unsigned)r->port);
	add_tags(out, c->register_tags);
	add_text(out, ",\"Checks\":[{\"CheckID\":", r->check_id);
	buf_addf(out,
	    ",\"TTL\":\"%s\",\"DeregisterCriticalServiceAfter\":\"%s\"},",
	    CONSUL_TTL, CONSUL_FORGET);
	add_text(out, "{\"HTTP\":", url);
	add_text(out, ",\"Interval\":", interval);
	add_text(out, ",\"Timeout\":", timeout);
	buf_adds(out, "}]}");
	free(url);
}

/* --- register, keep up --- */

static void
later(struct consul_register *r, uint64_t after_ms)
{
	r->call = NULL;
	loop_timer_set(r->timer, after_ms);
}

static bool
is_fine(struct consul_register *r, const struct err *err,
    const struct http_answer *a, const char *what)
{
	if (err == NULL && a->status == 200)
		return true;
	log_debug("catalog: %s failed status=%d error=\"%s\"", what,
	    err == NULL ? a->status : 0, err == NULL ? "" : err->text);
	r->registered = false;
	later(r, CONSUL_RETRY_MS);
	return false;
}

static void
on_passed(void *ctx, const struct err *err, const struct http_answer *a)
{
	struct consul_register *r = ctx;

	if (is_fine(r, err, a, "keeping up the registration"))
		later(r, CONSUL_PASS_MS);
}

static void
pass(struct consul_register *r)
{
	char *target = xasprintf("/v1/agent/check/update/%s", r->check_id);
	struct buf body = { 0 };

	buf_adds(&body, "{\"Status\":\"passing\",\"Output\":\"\"}");
	r->call = consul_call(
	    r->c, "PUT", target, &body, CONSUL_ASK_MS, on_passed, r);
	buf_release(&body);
	free(target);
}

static void
on_registered(void *ctx, const struct err *err, const struct http_answer *a)
{
	struct consul_register *r = ctx;

	if (!is_fine(r, err, a, "registration"))
		return;
	r->registered = true;
	log_info("registered in the catalog id=%s", r->id);
	pass(r);
}

static void
register_us(struct consul_register *r)
{
	struct buf body = { 0 };

	registration(r, &body);
	r->call = consul_call(r->c, "PUT", "/v1/agent/service/register", &body,
	    CONSUL_ASK_MS, on_registered, r);
	buf_release(&body);
}

/* An agent that has been started anew knows us no more. */
static void
on_services(void *ctx, const struct err *err, const struct http_answer *a)
{
	struct consul_register *r = ctx;

	if (!is_fine(r, err, a, "looking for the registration"))
		return;
	if (consuldoc_has_service(a->body, a->len, r->id))
		pass(r);
	else
		register_us(r);
}

static void
on_time(void *arg)
{
	struct consul_register *r = arg;

	if (r->done != NULL)
		r->done(r->done_ctx);
	else if (!r->registered)
		register_us(r);
	else
		r->call = consul_call(r->c, "GET", "/v1/agent/services", NULL,
		    CONSUL_ASK_MS, on_services, r);
}

/* --- the life --- */

/* Ids stand in paths: what would have to be escaped becomes "-". */
static char *
make_id(const struct consul_register *r)
{
	char host[256] = "localhost";
	char *id;

	gethostname(host, sizeof host - 1);
	id = xasprintf(
	    "%s-%s-%u", r->c->config->register_name, host, (unsigned)r->port);
	for (char *p = id; *p != '\0'; p++)
		if (strchr(TOKEN_CHARS, *p) != NULL || *p < ' ' || *p > '~')
			*p = '-';
	return id;
}

struct consul_register *
consul_register_new(struct consul *c)
{
	struct consul_register *r = xcalloc(1, sizeof *r);

	r->c = c;
	find_address(r);
	r->id = make_id(r);
	r->check_id = xasprintf("%s-ttl", r->id);
	r->timer = loop_timer_new(c->lbd->daemon->loop, on_time, r);
	loop_timer_set(r->timer, 0);
	return r;
}

void
consul_register_free(struct consul_register *r)
{
	if (r == NULL)
		return;
	if (r->call != NULL)
		http_call_cancel(r->call);
	loop_timer_free(r->timer);
	free(r->id);
	free(r->check_id);
	free(r->host);
	free(r);
}

static void
on_left(void *ctx, const struct err *err, const struct http_answer *a)
{
	struct consul_register *r = ctx;

	(void)err;
	(void)a;
	later(r, 0);
}

void
consul_register_leave(
    struct consul_register *r, void (*done)(void *ctx), void *ctx)
{
	char *target = xasprintf("/v1/agent/service/deregister/%s", r->id);

	if (r->call != NULL)
		http_call_cancel(r->call);
	loop_timer_cancel(r->timer);
	r->done = done;
	r->done_ctx = ctx;
	r->call =
	    consul_call(r->c, "PUT", target, NULL, CONSUL_LEAVE_MS, on_left, r);
	free(target);
}
