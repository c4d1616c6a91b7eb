/* What the cluster knows, as the catalog's entries. */
#include <stdlib.h>
#include <string.h>

#include "cmd/nodeagent/catalogapi.h"
#include "cmd/nodeagent/catalogapi_impl.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"

static void
put_serf(struct catalogapi *api, const char *node)
{
	const struct entry_check serf = {
		.check_id = text_borrow(REGISTRY_SERF),
		.name = text_borrow("Serf Health Status"),
		.status = text_borrow("passing"),
		.output = text_borrow("Agent alive and reachable"),
	};

	registry_put_check(&api->registry, node, &serf, REGISTRY_CLUSTER, NULL);
}

static bool
is_ours(const struct catalogapi *api, const struct service_instance *i)
{
	return i->node_id != NULL && strcmp(i->node_id, api->na->node.id) == 0;
}

static const char *
node_of(const struct catalogapi *api, const struct service_instance *i)
{
	if (is_ours(api, i))
		return api->na->node.name;
	if (i->node_name != NULL && i->node_name[0] != '\0')
		return i->node_name;
	return i->node_id == NULL ? "" : i->node_id;
}

/* A node is there as long as one of its instances is. */
static void
put_node(struct catalogapi *api, const struct service_instance *i)
{
	struct entry_node n = { .id = i->node_id,
		.node = text_borrow(node_of(api, i)),
		.address = i->address,
		.datacenter = i->datacenter };

	if (is_ours(api, i) ||
	    registry_find_node(&api->registry, n.node) != NULL)
		return;
	if (registry_put_node(&api->registry, &n, NULL) == 0)
		put_serf(api, n.node);
}

static void
put_check(struct catalogapi *api, const struct service_instance *i,
    const struct instance_check *check)
{
	bool pending = strcmp(check->status, "pending") == 0;
	const struct entry_check c = { .check_id = check->id,
		.name = check->name,
		.status = pending ? text_borrow("critical") : check->status,
		.notes = check->notes,
		.output = check->output,
		.service_id = i->id,
		.service_name = i->service_name,
		.type = check->type };
	struct err err;

	if (registry_put_check(&api->registry, node_of(api, i), &c,
		REGISTRY_CLUSTER, &err) == -1)
		log_warn("catalog: a check is left out instance=%s "
			 "error=\"%s\"",
		    i->id, err.text);
}

/* Of an instance without checks, and of one whose node tells no more than
 * whether one of them fails. */
static void
put_own_check(struct catalogapi *api, const struct service_instance *i)
{
	char *id = xasprintf("service:%s", i->id);
	const struct instance_check check = { .id = id,
		.name = text_borrow("Service is running"),
		.type = text_borrow("ttl"),
		.status = text_borrow(i->critical ? "critical" : "passing") };

	put_check(api, i, &check);
	free(id);
}

static bool
has_check(const struct service_instance *i, const char *id)
{
	for (size_t k = 0; k < i->nchecks; k++)
		if (strcmp(i->checks[k].id, id) == 0)
			return true;
	return false;
}

/* Checks of an instance that it has no more. */
static void
drop_checks(struct catalogapi *api, const struct service_instance *i)
{
	struct registry_node *n =
	    registry_find_node(&api->registry, node_of(api, i));
	struct map_entry *next;

	for (struct map_entry *e = n == NULL ? NULL : map_first(&n->checks);
	     e != NULL; e = next) {
		const struct registry_check *c = map_value(e);

		next = map_next(e);
		if (c->c.service_id != NULL &&
		    strcmp(c->c.service_id, i->id) == 0 &&
		    !has_check(i, c->c.check_id))
			registry_remove_check(
			    &api->registry, n->n.node, c->c.check_id);
	}
}

void
catalogapi_put(struct catalogapi *api, const struct service_instance *i)
{
	const struct entry_service s = { .id = i->id,
		.service = i->service_name,
		.tags = i->tags,
		.ntags = i->ntags,
		.address = i->address,
		.port = i->port };
	struct err err;

	if (api == NULL)
		return;
	put_node(api, i);
	if (registry_put_service(&api->registry, node_of(api, i), &s,
		REGISTRY_CLUSTER, &err) == -1) {
		log_warn(
		    "catalog: an instance is left out error=\"%s\"", err.text);
		return;
	}
	if (i->nchecks > 0)
		drop_checks(api, i);
	for (size_t k = 0; k < i->nchecks; k++)
		put_check(api, i, &i->checks[k]);
	if (i->nchecks == 0)
		put_own_check(api, i);
	catalogapi_changed(api);
}

void
catalogapi_remove(struct catalogapi *api, const struct service_instance *i)
{
	const struct registry_node *n;
	const char *node;

	if (api == NULL)
		return;
	node = node_of(api, i);
	registry_remove_service(&api->registry, node, i->id);
	n = registry_find_node(&api->registry, node);
	if (n != NULL && !is_ours(api, i) && map_count(&n->services) == 0)
		registry_remove_node(&api->registry, node);
	catalogapi_changed(api);
}

void
catalogapi_put_self(struct catalogapi *api)
{
	const struct node *own = &api->na->node;
	const char *ip = rec_kv_get(
	    own->attributes, own->nattributes, "unique.network.ip-address");
	const struct entry_node n = { .id = own->id,
		.node = own->name,
		.address =
		    text_borrow(ip != NULL && ip[0] != '\0' ? ip : "127.0.0.1"),
		.datacenter = own->datacenter,
		.meta = own->meta,
		.nmeta = own->nmeta };

	registry_put_node(&api->registry, &n, NULL);
	put_serf(api, own->name);
}
