/* /v1/agent/...: what programs on this machine register, and keep up. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/catalog/consul_impl.h"
#include "common/clock.h"
#include "common/mem.h"
#include "common/text.h"

/* The check that a registration of s describes; its id and name are owned,
 * the rest is borrowed. */
static struct entry_check
make_check(const struct entry_check_def *def, const struct entry_service *s,
    size_t number)
{
	struct entry_check check = { .status = text_is_set(def->status)
						   ? def->status
						   : text_borrow("critical"),
		.notes = def->notes,
		.service_id = s->id,
		.service_name = s->service,
		.type = text_borrow("ttl") };

	check.name = text_is_set(def->name)
			 ? xstrdup(def->name)
			 : xasprintf("Service '%s' check", s->service);
	check.check_id = text_is_set(def->check_id) ? xstrdup(def->check_id)
			 : text_is_set(def->id)     ? xstrdup(def->id)
			 : number == 0
			     ? xasprintf("service:%s", s->id)
			     : xasprintf("service:%s:%zu", s->id, number);
	return check;
}

static uint64_t
ms_of(int64_t ns)
{
	return ns > 0 ? (uint64_t)(ns / CLOCK_NS_PER_MS) : 0;
}

/* Puts the check, or only asks whether it could be put. Checks that would
 * have to ask somebody are not made here: of a local registration only those
 * count that hear of their state. */
static int
do_check_def(struct consul_call *c, const struct entry_check_def *def,
    const struct entry_service *s, size_t number, size_t *nnew, bool put,
    struct err *err)
{
	struct entry_check check;
	int rc;

	if (def->ttl <= 0)
		return 0;
	check = make_check(def, s, number);
	if (!put)
		rc = registry_check_check(c->r, consul_self_node(c), &check,
		    REGISTRY_LOCAL, nnew, err);
	else
		rc = registry_put_check(
		    c->r, c->r->self, &check, REGISTRY_LOCAL, err);
	if (put && rc == 0)
		registry_set_ttl(c->r, check.check_id, ms_of(def->ttl),
		    ms_of(def->deregister_after), c->ask->now_ms);
	free(check.name);
	free(check.check_id);
	return rc;
}

static int
do_check_defs(struct consul_call *c, const struct entry_local *l,
    const struct entry_service *s, bool put, struct err *err)
{
	size_t nnew = 0;

	if (l->check != NULL &&
	    do_check_def(c, l->check, s, 0, &nnew, put, err) == -1)
		return -1;
	for (size_t i = 0; i < l->nchecks; i++)
		if (do_check_def(c, &l->checks[i], s, i + 1, &nnew, put, err) ==
		    -1)
			return -1;
	return 0;
}

/* An address that is an IP stands for the network's addresses, too. */
static void
add_tagged(struct entry_service *s, const char *key)
{
	for (size_t i = 0; i < s->ntagged; i++)
		if (strcmp(s->tagged[i].key, key) == 0)
			return;
	s->tagged = xreallocarray(s->tagged, s->ntagged + 1, sizeof *s->tagged);
	s->tagged[s->ntagged++] = (struct entry_tagged){ xstrdup(key),
		{ xstrdup(s->address), s->port } };
}

static void
add_addresses(struct entry_service *s)
{
	struct in6_addr addr;
	const char *text = s->address == NULL ? "" : s->address;

	if (inet_pton(AF_INET, text, &addr) == 1) {
		add_tagged(s, "lan_ipv4");
		add_tagged(s, "wan_ipv4");
	} else if (inet_pton(AF_INET6, text, &addr) == 1) {
		add_tagged(s, "lan_ipv6");
		add_tagged(s, "wan_ipv6");
	}
	rec_sort_maps(&entry_service_type, s);
}

/* All of it or nothing: what is there stays when a part is refused. */
static int
put_local(struct consul_call *c, const struct entry_local *l, struct err *err)
{
	const struct entry_service given = { .id = text_is_set(l->id) ? l->id
								      : l->name,
		.service = l->name,
		.tags = l->tags,
		.ntags = l->ntags,
		.address = l->address,
		.port = l->port,
		.meta = l->meta,
		.nmeta = l->nmeta,
		.tagged = l->tagged,
		.ntagged = l->ntagged,
		.weights = l->weights,
		.enable_tag_override = l->enable_tag_override };
	struct entry_service s;
	size_t nnew = 0;
	int rc;

	rec_copy(&entry_service_type, &s, &given);
	add_addresses(&s);
	rc = registry_check_service(
	    c->r, consul_self_node(c), &s, REGISTRY_LOCAL, &nnew, err);
	if (rc == 0)
		rc = do_check_defs(c, l, &s, false, err);
	if (rc == 0)
		rc = registry_put_service(
		    c->r, c->r->self, &s, REGISTRY_LOCAL, err);
	if (rc == 0)
		rc = do_check_defs(c, l, &s, true, err);
	rec_clear(&entry_service_type, &s);
	return rc;
}

void
consul_service_register(struct consul_call *c)
{
	struct entry_local l = { 0 };
	struct err err;

	if (!consul_body(c, &entry_local_type, &l))
		return;
	if (put_local(c, &l, &err) == -1)
		consul_fail(
		    c, 400, "Invalid service registration: %s", err.text);
	else
		c->a->type = NULL;
	rec_clear(&entry_local_type, &l);
}

static void
unknown(struct consul_call *c, const char *what)
{
	consul_fail(
	    c, 404, "Unknown %s ID \"%s\"", what, consul_path(c, "name"));
}

void
consul_service_deregister(struct consul_call *c)
{
	c->a->type = NULL;
	if (consul_find_local(c) == NULL)
		unknown(c, "service");
	else
		registry_remove_service(
		    c->r, c->r->self, consul_path(c, "name"));
}

void
consul_service_maintenance(struct consul_call *c)
{
	const struct registry_service *s = consul_find_local(c);
	char enable[16], reason[CONSUL_MAX_PARAM];
	size_t at = 0;
	struct err err;
	char *id;

	if (!consul_param(c, "enable", &at, enable, sizeof enable)) {
		consul_fail(c, 400, "Missing value for enable");
		return;
	}
	if (s == NULL) {
		unknown(c, "service");
		return;
	}
	at = 0;
	if (!consul_param(c, "reason", &at, reason, sizeof reason))
		snprintf(reason, sizeof reason,
		    "Maintenance mode is enabled for this service");
	id = xasprintf(CONSUL_MAINTENANCE "%s", s->s.id);
	if (strcmp(enable, "true") == 0) {
		struct entry_check check = { .check_id = id,
			.name = text_borrow("Service Maintenance Mode"),
			.status = text_borrow("critical"),
			.notes = reason,
			.service_id = s->s.id,
			.service_name = s->s.service,
			.type = text_borrow("maintenance") };

		if (registry_put_check(
			c->r, c->r->self, &check, REGISTRY_LOCAL, &err) == -1)
			consul_fail(c, 400, "%s", err.text);
		else
			c->a->type = NULL;
	} else {
		registry_remove_check(c->r, c->r->self, id);
		c->a->type = NULL;
	}
	free(id);
}

/* A check of the node, or of a service that is registered here. */
void
consul_check_register(struct consul_call *c)
{
	struct entry_check_def def = { 0 };
	const struct registry_service *s = NULL;
	struct entry_check check = { 0 };
	struct err err;

	if (!consul_body(c, &entry_check_def_type, &def))
		return;
	if (text_is_set(def.service_id))
		s = map_find(&consul_self_node(c)->services, def.service_id);
	check = (struct entry_check){
		.check_id = text_is_set(def.id) ? def.id : def.name,
		.name = def.name,
		.status = text_is_set(def.status) ? def.status
						  : text_borrow("critical"),
		.notes = def.notes,
		.service_id = s == NULL ? NULL : s->s.id,
		.service_name = s == NULL ? NULL : s->s.service,
		.type = text_borrow("ttl"),
		.interval = text_borrow("0s"),
		.timeout = text_borrow("0s"),
	};
	if (def.ttl <= 0)
		consul_fail(c, 400,
		    "Invalid check: only checks with a TTL are kept here");
	else if (registry_put_check(
		     c->r, c->r->self, &check, REGISTRY_LOCAL, &err) == -1)
		consul_fail(c, 400, "Invalid check: %s", err.text);
	else {
		registry_set_ttl(
		    c->r, check.check_id, ms_of(def.ttl), 0, c->ask->now_ms);
		c->a->type = NULL;
	}
	rec_clear(&entry_check_def_type, &def);
}

static bool
is_local_check(const struct consul_call *c)
{
	const struct registry_check *check =
	    map_find(&consul_self_node(c)->checks, consul_path(c, "name"));

	return check != NULL && check->owner == REGISTRY_LOCAL;
}

void
consul_check_deregister(struct consul_call *c)
{
	c->a->type = NULL;
	if (!is_local_check(c))
		unknown(c, "check");
	else
		registry_remove_check(c->r, c->r->self, consul_path(c, "name"));
}

static void
update(struct consul_call *c, const char *status, const char *output)
{
	c->a->type = NULL;
	if (!registry_update_check(
		c->r, consul_path(c, "name"), status, output, c->ask->now_ms))
		unknown(c, "check");
}

static void
update_with_note(struct consul_call *c, const char *status)
{
	char note[CONSUL_MAX_PARAM];
	size_t at = 0;

	consul_param(c, "note", &at, note, sizeof note);
	update(c, status, note);
}

void
consul_check_pass(struct consul_call *c)
{
	update_with_note(c, "passing");
}

void
consul_check_warn(struct consul_call *c)
{
	update_with_note(c, "warning");
}

void
consul_check_fail(struct consul_call *c)
{
	update_with_note(c, "critical");
}

void
consul_check_update(struct consul_call *c)
{
	struct entry_status s = { 0 };
	const char *status;

	if (!consul_body(c, &entry_status_type, &s))
		return;
	status = s.status == NULL ? "" : s.status;
	if (strcmp(status, "passing") != 0 && strcmp(status, "warning") != 0 &&
	    strcmp(status, "critical") != 0)
		consul_fail(c, 400, "Invalid check status: '%s'", status);
	else
		update(c, status, s.output == NULL ? "" : s.output);
	rec_clear(&entry_status_type, &s);
}
