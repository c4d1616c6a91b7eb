/* /v1/agent/... and /v1/status/...: the agent's own services and checks. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/catalog/consul_impl.h"
#include "common/mem.h"

struct registry_node *
consul_self_node(const struct consul_call *c)
{
	return registry_find_node(c->r, c->r->self);
}

static void
put_member(struct buf *out, const char *before, const char *text)
{
	buf_adds(out, before);
	consul_put_text(out, text);
}

/* --- the agent --- */

static void
put_self_member(struct buf *out, const struct entry_node *n)
{
	put_member(out, "{\"Name\":", n->node);
	put_member(out, ",\"Addr\":", n->address);
	put_member(out, ",\"Port\":8301,\"Tags\":{\"dc\":", n->datacenter);
	put_member(out, ",\"id\":", n->id);
	buf_adds(out, ",\"role\":\"consul\",\"segment\":\"\"},\"Status\":1,"
		      "\"ProtocolMin\":1,\"ProtocolMax\":5,\"ProtocolCur\":2,"
		      "\"DelegateMin\":2,\"DelegateMax\":5,"
		      "\"DelegateCur\":4}");
}

void
consul_self(struct consul_call *c)
{
	const struct entry_node *n = &consul_self_node(c)->n;
	struct buf *out = &c->a->body;

	put_member(out, "{\"Config\":{\"Datacenter\":", n->datacenter);
	put_member(out, ",\"PrimaryDatacenter\":", n->datacenter);
	put_member(out, ",\"NodeName\":", n->node);
	put_member(out, ",\"NodeID\":", n->id);
	put_member(out,
	    ",\"Revision\":\"\",\"Server\":true,\"Version\":", c->r->version);
	buf_adds(out, "},\"DebugConfig\":{},\"Coord\":null,\"Member\":");
	put_self_member(out, n);
	buf_adds(out, ",\"Stats\":{},\"Meta\":{}}");
}

void
consul_members(struct consul_call *c)
{
	buf_addc(&c->a->body, '[');
	put_self_member(&c->a->body, &consul_self_node(c)->n);
	buf_addc(&c->a->body, ']');
}

static void
put_server(struct consul_call *c)
{
	const char *address = consul_self_node(c)->n.address;
	char *server;

	if (address == NULL)
		address = "127.0.0.1";
	server = xasprintf(
	    strchr(address, ':') != NULL ? "[%s]:8300" : "%s:8300", address);
	consul_put_text(&c->a->body, server);
	free(server);
}

void
consul_leader(struct consul_call *c)
{
	put_server(c);
}

void
consul_peers(struct consul_call *c)
{
	buf_addc(&c->a->body, '[');
	put_server(c);
	buf_addc(&c->a->body, ']');
}

/* --- what is registered here --- */

void
consul_agent_services(struct consul_call *c)
{
	struct buf *out = &c->a->body;
	size_t n;
	void **services;

	if (!consul_check_filter(c))
		return;
	services = consul_sorted(&consul_self_node(c)->services, &n);
	for (size_t i = 0; i < n; i++) {
		const struct registry_service *s = services[i];

		if (s->owner != REGISTRY_LOCAL)
			continue;
		buf_addc(out, out->len == 0 ? '{' : ',');
		consul_put_text(out, s->s.id);
		buf_addc(out, ':');
		consul_put_service(out, s, true);
	}
	buf_adds(out, out->len == 0 ? "{}" : "}");
	free(services);
}

void
consul_agent_checks(struct consul_call *c)
{
	const struct registry_node *self = consul_self_node(c);
	struct buf *out = &c->a->body;
	size_t n;
	void **checks;

	if (!consul_check_filter(c))
		return;
	checks = consul_sorted(&self->checks, &n);
	for (size_t i = 0; i < n; i++) {
		const struct registry_check *check = checks[i];

		if (check->owner != REGISTRY_LOCAL)
			continue;
		buf_addc(out, out->len == 0 ? '{' : ',');
		consul_put_text(out, check->c.check_id);
		buf_addc(out, ':');
		consul_put_check(out, self, check, CONSUL_AGENT);
	}
	buf_adds(out, out->len == 0 ? "{}" : "}");
	free(checks);
}

const struct registry_service *
consul_find_local(const struct consul_call *c)
{
	const struct registry_service *s =
	    map_find(&consul_self_node(c)->services, consul_path(c, "name"));

	return s != NULL && s->owner == REGISTRY_LOCAL ? s : NULL;
}

void
consul_agent_service(struct consul_call *c)
{
	const struct registry_service *s = consul_find_local(c);

	if (s == NULL)
		consul_fail(
		    c, 404, "unknown service ID: %s", consul_path(c, "name"));
	else
		consul_put_service(&c->a->body, s, true);
}

/* --- health of a service, as a status code --- */

static bool
concerns(const struct registry_check *check, const struct registry_service *s)
{
	const char *id = check->c.service_id;

	if (check->owner != REGISTRY_LOCAL)
		return false;
	return id == NULL || id[0] == '\0' || strcmp(id, s->s.id) == 0;
}

/* The worst of its checks; maintenance is worse than all. */
static const char *
aggregate(const struct registry_service *s)
{
	const char *worst = "passing";

	MAP_FOREACH (e, &s->node->checks) {
		const struct registry_check *check = map_value(e);

		if (!concerns(check, s))
			continue;
		if (strncmp(check->c.check_id, CONSUL_MAINTENANCE,
			strlen(CONSUL_MAINTENANCE)) == 0)
			return "maintenance";
		if (strcmp(check->c.status, "critical") == 0 ||
		    (strcmp(check->c.status, "warning") == 0 &&
			strcmp(worst, "passing") == 0))
			worst = check->c.status;
	}
	return worst;
}

static int
status_of(const char *aggregated)
{
	if (strcmp(aggregated, "passing") == 0)
		return 200;
	return strcmp(aggregated, "warning") == 0 ? 429 : 503;
}

static void
put_health(struct buf *out, const struct registry_service *s)
{
	size_t n;
	void **checks = consul_sorted(&s->node->checks, &n);
	bool first = true;

	put_member(out, "{\"AggregatedStatus\":", aggregate(s));
	buf_adds(out, ",\"Service\":");
	consul_put_service(out, s, true);
	buf_adds(out, ",\"Checks\":[");
	for (size_t i = 0; i < n; i++) {
		if (!concerns(checks[i], s))
			continue;
		if (!first)
			buf_addc(out, ',');
		first = false;
		consul_put_check(out, s->node, checks[i], CONSUL_BARE);
	}
	buf_adds(out, "]}");
	free(checks);
}

void
consul_health_by_id(struct consul_call *c)
{
	const struct registry_service *s = consul_find_local(c);

	if (s == NULL) {
		c->a->status = 404;
		c->a->reason =
		    xasprintf("ServiceId %s Not Found", consul_path(c, "name"));
		buf_adds(&c->a->body, "null");
		return;
	}
	c->a->reason = xstrdup(aggregate(s));
	c->a->status = status_of(c->a->reason);
	put_health(&c->a->body, s);
}

void
consul_health_by_name(struct consul_call *c)
{
	const char *asked = consul_path(c, "name");
	const struct registry_name *name = registry_find_name(c->r, asked);
	struct buf *out = &c->a->body;
	const char *worst = NULL;

	for (size_t i = 0; name != NULL && i < name->n; i++) {
		const struct registry_service *s = name->list[i];

		if (s->owner != REGISTRY_LOCAL)
			continue;
		buf_addc(out, out->len == 0 ? '[' : ',');
		put_health(out, s);
		if (worst == NULL || status_of(aggregate(s)) > status_of(worst))
			worst = aggregate(s);
	}
	buf_adds(out, out->len == 0 ? "[]" : "]");
	c->a->status = worst == NULL ? 404 : status_of(worst);
	c->a->reason = worst == NULL
			   ? xasprintf("ServiceName %s Not Found", asked)
			   : xstrdup(worst);
}
