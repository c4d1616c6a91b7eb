/* /v1/catalog/...: what is there. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/catalog/consul_impl.h"
#include "common/mem.h"

/* --- filters that the query asks for --- */

/* Names and values of maps are compared as they stand; "key" alone asks for
 * an empty value. */
static bool
has_meta(const struct entry_node *n, char *pair)
{
	char *colon = strchr(pair, ':');
	const char *value;

	if (colon != NULL)
		*colon = '\0';
	value = rec_kv_get(n->meta, n->nmeta, pair);
	return value != NULL &&
	       strcmp(value, colon == NULL ? "" : colon + 1) == 0;
}

/* Each node-meta= must hold. */
bool
consul_node_fits(const struct consul_call *c, const struct entry_node *n)
{
	char value[CONSUL_MAX_PARAM];
	size_t at = 0;

	for (size_t i = 0; i < CONSUL_MAX_TAGS; i++) {
		if (!consul_param(c, "node-meta", &at, value, sizeof value))
			return true;
		if (!has_meta(n, value))
			return false;
	}
	return true;
}

static bool
has_tag(const struct entry_service *s, const char *tag)
{
	for (size_t i = 0; i < s->ntags; i++)
		if (strcasecmp(s->tags[i], tag) == 0)
			return true;
	return false;
}

/* Each tag= must be there, whatever its case. */
static bool
service_fits(const struct consul_call *c, const struct registry_service *s)
{
	char value[CONSUL_MAX_PARAM];
	size_t at = 0;

	for (size_t i = 0; i < CONSUL_MAX_TAGS; i++) {
		if (!consul_param(c, "tag", &at, value, sizeof value))
			break;
		if (!has_tag(&s->s, value))
			return false;
	}
	return consul_node_fits(c, &s->node->n);
}

/* --- lists --- */

static int
compare_services(const void *a, const void *b)
{
	const struct registry_service *x = *(struct registry_service *const *)a;
	const struct registry_service *y = *(struct registry_service *const *)b;
	int order = strcmp(x->node->n.node, y->node->n.node);

	return order != 0 ? order : strcmp(x->s.id, y->s.id);
}

/* The instances of the service in the path that the query wants, by node
 * and id; the caller frees. */
struct registry_service **
consul_instances(const struct consul_call *c, size_t *n)
{
	const struct registry_name *name =
	    registry_find_name(c->r, consul_path(c, "name"));
	struct registry_service **list;

	*n = 0;
	list = xcalloc(name == NULL ? 1 : name->n, sizeof *list);
	/* There are no peers to ask. */
	if (consul_has_param(c, "peer"))
		return list;
	for (size_t i = 0; name != NULL && i < name->n; i++)
		if (service_fits(c, name->list[i]))
			list[(*n)++] = name->list[i];
	qsort(list, *n, sizeof *list, compare_services);
	return list;
}

void
consul_begin_item(struct buf *out)
{
	buf_addc(out, out->len == 0 ? '[' : ',');
}

void
consul_end_list(struct buf *out)
{
	buf_adds(out, out->len == 0 ? "[]" : "]");
}

void
consul_nothing(struct consul_call *c)
{
	consul_end_list(&c->a->body);
}

/* --- catalog --- */

void
consul_datacenters(struct consul_call *c)
{
	const struct registry_node *self = registry_find_node(c->r, c->r->self);

	consul_begin_item(&c->a->body);
	consul_put_text(&c->a->body, self == NULL ? "" : self->n.datacenter);
	consul_end_list(&c->a->body);
}

void
consul_nodes(struct consul_call *c)
{
	size_t n;
	void **nodes = consul_sorted(&c->r->nodes, &n);

	for (size_t i = 0; i < n; i++) {
		const struct registry_node *node = nodes[i];

		if (!consul_node_fits(c, &node->n))
			continue;
		consul_begin_item(&c->a->body);
		consul_put_node(&c->a->body, &node->n);
	}
	consul_end_list(&c->a->body);
	free(nodes);
}

/* The tags of all instances together, each once. */
static void
put_union(struct buf *out, const struct consul_call *c,
    const struct registry_name *name)
{
	struct map seen = { 0 };

	for (size_t i = 0; i < name->n; i++) {
		const struct entry_service *s = &name->list[i]->s;

		for (size_t k = 0; k < s->ntags; k++)
			if (consul_node_fits(c, &name->list[i]->node->n) &&
			    map_find(&seen, s->tags[k]) == NULL)
				map_put(&seen, s->tags[k], s->tags[k]);
	}
	buf_addc(out, '[');
	MAP_FOREACH (e, &seen) {
		if (e != map_first(&seen))
			buf_addc(out, ',');
		consul_put_text(out, map_key(e));
	}
	buf_addc(out, ']');
	map_release(&seen);
}

static bool
name_fits(const struct consul_call *c, const struct registry_name *name)
{
	for (size_t i = 0; i < name->n; i++)
		if (consul_node_fits(c, &name->list[i]->node->n))
			return true;
	return false;
}

void
consul_services(struct consul_call *c)
{
	struct buf *out = &c->a->body;
	size_t n;
	void **names = consul_sorted(&c->r->names, &n);

	for (size_t i = 0; i < n; i++) {
		const struct registry_name *name = names[i];

		if (!name_fits(c, name))
			continue;
		buf_addc(out, out->len == 0 ? '{' : ',');
		consul_put_text(out, name->list[0]->s.service);
		buf_addc(out, ':');
		put_union(out, c, name);
	}
	buf_adds(out, out->len == 0 ? "{}" : "}");
	free(names);
}

void
consul_service(struct consul_call *c)
{
	size_t n;
	struct registry_service **list = consul_instances(c, &n);

	for (size_t i = 0; i < n; i++) {
		consul_begin_item(&c->a->body);
		consul_put_instance(&c->a->body, list[i]);
	}
	consul_end_list(&c->a->body);
	free(list);
}

static void
put_services_of(
    struct buf *out, const struct registry_node *node, bool with_keys)
{
	size_t n;
	void **services = consul_sorted(&node->services, &n);

	for (size_t i = 0; i < n; i++) {
		const struct registry_service *s = services[i];

		if (i > 0)
			buf_addc(out, ',');
		if (with_keys) {
			consul_put_text(out, s->s.id);
			buf_addc(out, ':');
		}
		consul_put_service(out, s, false);
	}
	free(services);
}

static void
put_node_and_services(struct consul_call *c, const char *none, bool with_keys)
{
	const struct registry_node *node =
	    registry_find_node(c->r, consul_path(c, "name"));
	struct buf *out = &c->a->body;

	if (node == NULL) {
		buf_adds(out, none);
		return;
	}
	buf_adds(out, "{\"Node\":");
	consul_put_node(out, &node->n);
	buf_adds(out, with_keys ? ",\"Services\":{" : ",\"Services\":[");
	put_services_of(out, node, with_keys);
	buf_adds(out, with_keys ? "}}" : "]}");
}

void
consul_node(struct consul_call *c)
{
	put_node_and_services(c, "null", true);
}

void
consul_node_services(struct consul_call *c)
{
	put_node_and_services(c, "{\"Node\":null,\"Services\":null}", false);
}

/* --- registrations with the catalog --- */

/* Puts a check of the registration, or only asks whether it could be put. */
static int
do_check(struct consul_call *c, const struct entry_register *reg,
    const struct entry_check *check, size_t *nnew, bool put, struct err *err)
{
	const struct registry_node *n = registry_find_node(c->r, reg->node);
	struct entry_check own = *check;
	const struct registry_service *s =
	    n == NULL || own.service_id == NULL
		? NULL
		: map_find(&n->services, own.service_id);

	if (s != NULL)
		own.service_name = s->s.service;
	if (!put)
		return registry_check_check(
		    c->r, n, &own, REGISTRY_CATALOG, nnew, err);
	return registry_put_check(c->r, n->n.node, &own, REGISTRY_CATALOG, err);
}

static int
do_checks(struct consul_call *c, const struct entry_register *reg, bool put,
    struct err *err)
{
	size_t nnew = 0;

	if (reg->check != NULL &&
	    do_check(c, reg, reg->check, &nnew, put, err) == -1)
		return -1;
	for (size_t i = 0; i < reg->nchecks; i++)
		if (do_check(c, reg, &reg->checks[i], &nnew, put, err) == -1)
			return -1;
	return 0;
}

/* n: what is put of the node, or NULL; s: of its service. */
static int
check_registration(struct consul_call *c, const struct entry_register *reg,
    const struct entry_node *n, const struct entry_service *s, struct err *err)
{
	size_t nnew = 0;

	if (n != NULL && registry_check_node(c->r, n, err) == -1)
		return -1;
	if (s != NULL &&
	    registry_check_service(c->r, registry_find_node(c->r, reg->node), s,
		REGISTRY_CATALOG, &nnew, err) == -1)
		return -1;
	return do_checks(c, reg, false, err);
}

/* All of it or nothing. */
static int
put_registration(
    struct consul_call *c, const struct entry_register *reg, struct err *err)
{
	const struct registry_node *self = registry_find_node(c->r, c->r->self);
	struct entry_node n = { .id = reg->id,
		.node = reg->node,
		.address = reg->address,
		.datacenter = self == NULL ? NULL : self->n.datacenter,
		.tagged = reg->tagged,
		.ntagged = reg->ntagged,
		.meta = reg->node_meta,
		.nmeta = reg->nnode_meta };
	struct entry_service own, *s = NULL;
	bool with_node = reg->node == NULL || !reg->skip_node_update ||
			 registry_find_node(c->r, reg->node) == NULL;

	if (reg->service != NULL) {
		own = *reg->service;
		if (own.id == NULL || own.id[0] == '\0')
			own.id = own.service;
		s = &own;
	}
	if (check_registration(c, reg, with_node ? &n : NULL, s, err) == -1)
		return -1;
	if (with_node && registry_put_node(c->r, &n, err) == -1)
		return -1;
	if (s != NULL && registry_put_service(
			     c->r, reg->node, s, REGISTRY_CATALOG, err) == -1)
		return -1;
	return do_checks(c, reg, true, err);
}

void
consul_register(struct consul_call *c)
{
	struct entry_register reg = { 0 };
	struct err err;

	if (!consul_body(c, &entry_register_type, &reg))
		return;
	if (put_registration(c, &reg, &err) == -1)
		consul_fail(c, 400, "%s", err.text);
	else
		buf_adds(&c->a->body, "true");
	rec_clear(&entry_register_type, &reg);
}

/* What the cluster keeps goes when the cluster says so. */
static bool
is_kept(const struct consul_call *c, const struct entry_deregister *d)
{
	const struct registry_node *n = registry_find_node(c->r, d->node);
	const struct registry_service *s;
	const struct registry_check *check;

	if (n == NULL)
		return false;
	if (d->service_id != NULL && d->service_id[0] != '\0') {
		s = map_find(&n->services, d->service_id);
		return s != NULL && s->owner == REGISTRY_CLUSTER;
	}
	if (d->check_id != NULL && d->check_id[0] != '\0') {
		check = map_find(&n->checks, d->check_id);
		return check != NULL && check->owner == REGISTRY_CLUSTER;
	}
	check = map_find(&n->checks, REGISTRY_SERF);
	return check != NULL && check->owner == REGISTRY_CLUSTER;
}

void
consul_deregister(struct consul_call *c)
{
	struct entry_deregister d = { 0 };

	if (!consul_body(c, &entry_deregister_type, &d))
		return;
	if (d.node == NULL)
		consul_fail(c, 400, "Missing node name");
	else if (is_kept(c, &d))
		consul_fail(c, 400, "It is kept by the cluster");
	else {
		if (d.service_id != NULL && d.service_id[0] != '\0')
			registry_remove_service(c->r, d.node, d.service_id);
		else if (d.check_id != NULL && d.check_id[0] != '\0')
			registry_remove_check(c->r, d.node, d.check_id);
		else if (strcasecmp(d.node, c->r->self) != 0)
			registry_remove_node(c->r, d.node);
		buf_adds(&c->a->body, "true");
	}
	rec_clear(&entry_deregister_type, &d);
}
