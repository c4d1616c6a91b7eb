#include "common/catalog/consul.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/catalog/consul_impl.h"
#include "common/http/route.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/tree.h"

#define TEXT_TYPE "text/plain; charset=utf-8"

/* --- what was asked --- */

const char *
consul_path(const struct consul_call *c, const char *name)
{
	const char *p = buf_str(&c->params), *end = p + c->params.len;

	while (p < end) {
		const char *value = p + strlen(p) + 1;

		if (strcmp(p, name) == 0)
			return value;
		p = value + strlen(value) + 1;
	}
	return "";
}

bool
consul_param(const struct consul_call *c, const char *name, size_t *at,
    char *out, size_t size)
{
	const char *q = c->ask->query + *at;
	size_t nname = strlen(name);

	out[0] = '\0';
	while (*q != '\0') {
		size_t n = strcspn(q, "&"), nkey = strcspn(q, "=&");
		const char *value = q + nkey + (nkey < n);
		bool is_it = nkey == nname && strncmp(q, name, nname) == 0;

		n -= (size_t)(value - q);
		q = value + n;
		q += *q == '&';
		*at = (size_t)(q - c->ask->query);
		if (!is_it)
			continue;
		if (n >= size)
			n = size - 1;
		if (http_unescape(value, n, out, size, true) == -1)
			out[0] = '\0';
		return true;
	}
	return false;
}

bool
consul_has_param(const struct consul_call *c, const char *name)
{
	char value[8];
	size_t at = 0;

	return consul_param(c, name, &at, value, sizeof value);
}

void
consul_fail(struct consul_call *c, int status, const char *fmt, ...)
{
	va_list ap;

	c->a->status = status;
	c->a->type = TEXT_TYPE;
	buf_reset(&c->a->body);
	va_start(ap, fmt);
	buf_vaddf(&c->a->body, fmt, ap);
	va_end(ap);
}

bool
consul_body(struct consul_call *c, const struct rec_type *t, void *rec)
{
	struct err err;

	if (rec_from_json(t, rec, c->ask->body, c->ask->nbody, &err) == 0)
		return true;
	consul_fail(c, 400, "Request decode failed: %s", err.text);
	return false;
}

/* --- who answers which path --- */

struct row {
	unsigned method; /* one */
	const char *pattern;
	void (*fn)(struct consul_call *c);
	unsigned flags;
	enum registry_mark mark;
};

static const struct row rows[] = {
	{ ROUTE_GET, "/v1/agent/self", consul_self, 0, 0 },
	{ ROUTE_GET, "/v1/agent/members", consul_members, 0, 0 },
	{ ROUTE_GET, "/v1/agent/services", consul_agent_services, 0, 0 },
	{ ROUTE_GET, "/v1/agent/checks", consul_agent_checks, 0, 0 },
	{ ROUTE_GET, "/v1/agent/service/*name", consul_agent_service, 0, 0 },
	{ ROUTE_GET, "/v1/agent/health/service/id/*name", consul_health_by_id,
	    0, 0 },
	{ ROUTE_GET, "/v1/agent/health/service/name/*name",
	    consul_health_by_name, 0, 0 },
	{ ROUTE_PUT, "/v1/agent/service/register", consul_service_register,
	    CONSUL_WRITES, 0 },
	{ ROUTE_PUT, "/v1/agent/service/deregister/*name",
	    consul_service_deregister, CONSUL_WRITES, 0 },
	{ ROUTE_PUT, "/v1/agent/service/maintenance/*name",
	    consul_service_maintenance, CONSUL_WRITES, 0 },
	{ ROUTE_PUT, "/v1/agent/check/register", consul_check_register,
	    CONSUL_WRITES, 0 },
	{ ROUTE_PUT, "/v1/agent/check/deregister/*name",
	    consul_check_deregister, CONSUL_WRITES, 0 },
	{ ROUTE_PUT, "/v1/agent/check/pass/*name", consul_check_pass,
	    CONSUL_WRITES, 0 },
	{ ROUTE_PUT, "/v1/agent/check/warn/*name", consul_check_warn,
	    CONSUL_WRITES, 0 },
	{ ROUTE_PUT, "/v1/agent/check/fail/*name", consul_check_fail,
	    CONSUL_WRITES, 0 },
	{ ROUTE_PUT, "/v1/agent/check/update/*name", consul_check_update,
	    CONSUL_WRITES, 0 },
	{ ROUTE_GET, "/v1/status/leader", consul_leader, 0, 0 },
	{ ROUTE_GET, "/v1/status/peers", consul_peers, 0, 0 },
	{ ROUTE_GET, "/v1/catalog/datacenters", consul_datacenters, 0, 0 },
	{ ROUTE_GET, "/v1/catalog/nodes", consul_nodes, CONSUL_QUERY,
	    MARK_NODES },
	{ ROUTE_GET, "/v1/catalog/services", consul_services, CONSUL_QUERY,
	    MARK_SERVICES },
	{ ROUTE_GET, "/v1/catalog/service/*name", consul_service,
	    CONSUL_QUERY | CONSUL_NAMED, MARK_SERVICE },
	{ ROUTE_GET, "/v1/catalog/connect/*name", consul_nothing,
	    CONSUL_QUERY | CONSUL_NAMED, MARK_SERVICE },
	{ ROUTE_GET, "/v1/catalog/node/*name", consul_node,
	    CONSUL_QUERY | CONSUL_NAMED, MARK_NODE },
	{ ROUTE_GET, "/v1/catalog/node-services/*name", consul_node_services,
	    CONSUL_QUERY | CONSUL_NAMED, MARK_NODE },
	{ ROUTE_PUT, "/v1/catalog/register", consul_register, CONSUL_WRITES,
	    0 },
	{ ROUTE_PUT, "/v1/catalog/deregister", consul_deregister, CONSUL_WRITES,
	    0 },
	{ ROUTE_GET, "/v1/health/service/*name", consul_health_service,
	    CONSUL_QUERY | CONSUL_NAMED, MARK_HEALTH },
	{ ROUTE_GET, "/v1/health/connect/*name", consul_nothing,
	    CONSUL_QUERY | CONSUL_NAMED, MARK_HEALTH },
	{ ROUTE_GET, "/v1/health/state/*name", consul_health_state,
	    CONSUL_QUERY | CONSUL_NAMED, MARK_CHECKS },
	{ ROUTE_GET, "/v1/health/checks/*name", consul_health_checks,
	    CONSUL_QUERY | CONSUL_NAMED, MARK_HEALTH },
	{ ROUTE_GET, "/v1/health/node/*name", consul_health_node,
	    CONSUL_QUERY | CONSUL_NAMED, MARK_NODE_CHECKS },
	{ ROUTE_GET, "/v1/kv/", consul_key_read, CONSUL_QUERY | CONSUL_KV,
	    MARK_KEYS },
	{ ROUTE_GET, "/v1/kv/*name", consul_key_read,
	    CONSUL_QUERY | CONSUL_NAMED | CONSUL_KV, MARK_KEY },
	{ ROUTE_PUT, "/v1/kv/*name", consul_key_write, CONSUL_WRITES, 0 },
	{ ROUTE_DELETE, "/v1/kv/*name", consul_key_delete, CONSUL_WRITES, 0 },
};

static const struct {
	unsigned bit;
	const char *name;
} methods[] = {
	{ ROUTE_GET, "GET" },
	{ ROUTE_PUT, "PUT" },
	{ ROUTE_DELETE, "DELETE" },
};

void
consul_add_methods(struct buf *out, unsigned bits)
{
	buf_adds(out, "OPTIONS");
	for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
		if (bits & methods[i].bit)
			buf_addf(out, ",%s", methods[i].name);
}

static unsigned
method_bit(const char *method)
{
	for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
		if (strcmp(method, methods[i].name) == 0)
			return methods[i].bit;
	return 0;
}

/* The row with the most literal bytes; its method decides among equals. */
static const struct row *
row_find(struct consul_call *c)
{
	unsigned bit = method_bit(c->ask->method);
	const struct row *best = NULL;
	int most = -1;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int n =
		    http_route_match(rows[i].pattern, c->ask->path, &c->params);

		if (n == -1 || n < most) {
			buf_reset(&c->params);
			continue;
		}
		buf_reset(&c->params);
		if (n > most)
			c->a->allow = 0;
		c->a->allow |= rows[i].method;
		if (n > most || rows[i].method == bit)
			best = &rows[i];
		most = n;
	}
	if (best != NULL)
		http_route_match(best->pattern, c->ask->path, &c->params);
	return best;
}

/* Paths that lack their last part have a sentence of their own. */
static bool
refuse_nameless(struct consul_call *c)
{
	static const struct {
		const char *path, *what;
	} paths[] = {
		{ "/v1/catalog/service/", "service name" },
		{ "/v1/catalog/connect/", "service name" },
		{ "/v1/health/service/", "service name" },
		{ "/v1/health/connect/", "service name" },
		{ "/v1/health/checks/", "service name" },
		{ "/v1/health/node/", "node name" },
		{ "/v1/catalog/node/", "node name" },
		{ "/v1/catalog/node-services/", "node name" },
		{ "/v1/health/state/", "check state" },
	};

	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
		if (strcmp(c->ask->path, paths[i].path) == 0) {
			c->a->is_known = true;
			consul_fail(c, 400, "Missing %s", paths[i].what);
			return true;
		}
	return false;
}

/* --- the answer --- */

/* "//" in a path: the client is sent to the clean one. */
static bool
redirect(struct consul_call *c)
{
	struct buf clean = { 0 };

	if (strstr(c->ask->path, "//") == NULL)
		return false;
	for (const char *p = c->ask->path; *p != '\0'; p++)
		if (p[0] != '/' || p[1] != '/')
			buf_addc(&clean, *p);
	if (c->ask->query[0] != '\0')
		buf_addf(&clean, "?%s", c->ask->query);
	c->a->location = buf_take(&clean);
	c->a->status = 307;
	return true;
}

/* "?pretty", whatever its value, indents. */
static void
make_pretty(struct consul_call *c)
{
	struct tree *t =
	    tree_from_json(buf_str(&c->a->body), c->a->body.len, NULL);

	if (t == NULL)
		return;
	buf_reset(&c->a->body);
	tree_to_json(t, &c->a->body, TREE_PRETTY);
	tree_free(t);
}

static void
no_row(struct consul_call *c)
{
	c->a->allow = 0;
	if (refuse_nameless(c))
		return;
	consul_fail(c, 404,
	    strncmp(c->ask->path, "/v1/", 4) == 0
		? "Invalid URL path: not a recognized HTTP API endpoint\n"
		: "Invalid URL path: if attempting to use the HTTP API, "
		  "ensure the path starts with '/v1/'\n");
}

static void
answer_row(struct consul_call *c, const struct row *row)
{
	bool is_head = strcmp(c->ask->method, "HEAD") == 0;

	c->a->is_known = true;
	if (strcmp(c->ask->method, "OPTIONS") == 0) {
		consul_fail(c, 200, "%s", "");
		return;
	}
	if (method_bit(c->ask->method) != row->method) {
		consul_fail(c, 405, is_head ? "%.0s" : "method %s not allowed",
		    c->ask->method);
		return;
	}
	c->a->allow = 0;
	if (row->flags & CONSUL_WRITES && !c->ask->trusted) {
		consul_fail(c, 403,
		    "Permission denied: only programs on this machine may "
		    "write");
		return;
	}
	c->a->status = 200;
	c->a->type = "application/json";
	if (row->flags & CONSUL_QUERY &&
	    consul_begin_query(c, row->flags, row->mark))
		return;
	if (row->flags & CONSUL_KV)
		c->a->consistency = NULL;
	row->fn(c);
	if (c->a->status == 200 && consul_has_param(c, "pretty"))
		make_pretty(c);
}

void
consul_answer(struct registry *r, const struct consul_ask *ask,
    struct consul_answer *answer)
{
	struct consul_call c = { .r = r, .ask = ask, .a = answer };
	const struct row *row;

	*answer = (struct consul_answer){ 0 };
	if (redirect(&c))
		return;
	row = row_find(&c);
	if (row == NULL)
		no_row(&c);
	else
		answer_row(&c, row);
	buf_release(&c.params);
}

void
consul_watch_release(struct consul_watch *w)
{
	free(w->name);
	*w = (struct consul_watch){ 0 };
}

void
consul_answer_release(struct consul_answer *answer)
{
	consul_watch_release(&answer->watch);
	buf_release(&answer->body);
	free(answer->location);
	free(answer->reason);
	*answer = (struct consul_answer){ 0 };
}

bool
consul_watch_is_due(const struct registry *r, const struct consul_watch *w)
{
	return registry_mark(r, w->kind, w->name) != w->mark;
}
