/* What is put and removed, and which marks that moves. */
#include <stdlib.h>
#include <string.h>

#include "common/catalog/registry.h"
#include "common/catalog/registry_impl.h"
#include "common/mem.h"

/* --- names --- */

static void
name_add(struct registry *r, struct registry_service *s)
{
	char *low = registry_lower(s->s.service);
	struct registry_name *n = map_find(&r->names, low);

	if (n == NULL) {
		n = xcalloc(1, sizeof *n);
		map_put(&r->names, low, n);
	}
	if (n->n == n->cap) {
		n->cap = n->cap == 0 ? 4 : n->cap * 2;
		n->list = xreallocarray(n->list, n->cap, sizeof *n->list);
	}
	n->list[n->n++] = s;
	free(low);
}

static void
name_drop(struct registry *r, const struct registry_service *s)
{
	char *low = registry_lower(s->s.service);
	struct registry_name *n = map_find(&r->names, low);

	for (size_t i = 0; i < n->n; i++)
		if (n->list[i] == s)
			n->list[i] = n->list[--n->n];
	if (n->n == 0)
		registry_free_name(map_remove(&r->names, low));
	free(low);
}

/* --- nodes --- */

/* A node's address and its checks are part of its services' answers. */
static void
touch_services_of(
    struct registry *r, const struct registry_node *n, enum registry_mark kind)
{
	MAP_FOREACH (e, &n->services) {
		const struct registry_service *s = map_value(e);

		registry_touch(r, kind, s->s.service);
	}
}

int
registry_put_node(
    struct registry *r, const struct entry_node *node, struct err *err)
{
	struct registry_node *n;
	struct entry_node was;
	char *low;

	if (registry_check_name("node name", node->node, err) == -1)
		return -1;
	low = registry_lower(node->node);
	n = map_find(&r->nodes, low);
	if (n == NULL) {
		n = xcalloc(1, sizeof *n);
		map_put(&r->nodes, low, n);
		n->n.create_index = r->index + 1;
	}
	free(low);
	was = n->n;
	rec_copy(&entry_node_type, &n->n, node);
	n->n.create_index = was.create_index;
	n->n.modify_index = was.modify_index;
	if (!rec_equal(&entry_node_type, &was, &n->n)) {
		n->n.modify_index = registry_change(r);
		registry_touch(r, MARK_NODES, "");
		registry_touch(r, MARK_NODE, n->n.node);
		touch_services_of(r, n, MARK_SERVICE);
		touch_services_of(r, n, MARK_HEALTH);
	}
	rec_clear(&entry_node_type, &was);
	return 0;
}

bool
registry_remove_node(struct registry *r, const char *node)
{
	char *low = registry_lower(node);
	struct registry_node *n = map_find(&r->nodes, low);
	struct map_entry *e;

	if (n != NULL) {
		while ((e = map_first(&n->services)) != NULL)
			registry_remove_service(r, node, map_key(e));
		while ((e = map_first(&n->checks)) != NULL)
			registry_remove_check(r, node, map_key(e));
		map_remove(&r->nodes, low);
		registry_change(r);
		registry_touch(r, MARK_NODES, "");
		registry_touch(r, MARK_NODE, node);
		registry_free_node(n);
	}
	free(low);
	return n != NULL;
}

/* --- services --- */

static void
touch_service(struct registry *r, const struct registry_service *s)
{
	registry_touch(r, MARK_SERVICES, "");
	registry_touch(r, MARK_SERVICE, s->s.service);
	registry_touch(r, MARK_HEALTH, s->s.service);
	registry_touch(r, MARK_NODE, s->node->n.node);
}

/* Its tags are told with its checks, and whoever follows all checks asks for
 * services only when those change. */
static void
touch_checks_of(struct registry *r, const struct registry_service *s)
{
	MAP_FOREACH (e, &s->node->checks) {
		const struct registry_check *c = map_value(e);

		if (c->c.service_id == NULL ||
		    strcmp(c->c.service_id, s->s.id) != 0)
			continue;
		registry_touch(r, MARK_CHECKS, "");
		registry_touch(r, MARK_CHECKS, c->c.status);
		registry_touch(r, MARK_NODE_CHECKS, s->node->n.node);
	}
}

static int
check_service(const struct registry *r, const struct entry_service *s,
    bool is_new, bool local, struct err *err)
{
	if (registry_check_name("service name", s->service, err) == -1 ||
	    registry_check_name("service ID", s->id, err) == -1)
		return -1;
	if (is_new && (r->nservices >= REGISTRY_MAX_SERVICES ||
			  (local && r->nlocal_services >= REGISTRY_MAX_LOCAL)))
		return err_set(err, ERR_BUSY, "too many services");
	return 0;
}

int
registry_put_service(struct registry *r, const char *node,
    const struct entry_service *service, bool local, struct err *err)
{
	struct registry_node *n = registry_find_node(r, node);
	struct registry_service *s;
	struct entry_service was;

	if (n == NULL)
		return err_set(err, ERR_BAD, "no node is called %s", node);
	s = map_find(&n->services, service->id == NULL ? "" : service->id);
	if (check_service(r, service, s == NULL, local, err) == -1)
		return -1;
	if (s == NULL) {
		s = xcalloc(1, sizeof *s);
		s->node = n;
		s->local = local;
		s->s.service = xstrdup(service->service);
		s->s.create_index = r->index + 1;
		map_put(&n->services, service->id, s);
		r->nservices++;
		r->nlocal_services += local;
	} else
		name_drop(r, s);
	was = s->s;
	rec_copy(&entry_service_type, &s->s, service);
	s->s.create_index = was.create_index;
	s->s.modify_index = was.modify_index;
	name_add(r, s);
	if (!rec_equal(&entry_service_type, &was, &s->s)) {
		s->s.modify_index = registry_change(r);
		touch_service(r, s);
		touch_checks_of(r, s);
		registry_touch(r, MARK_SERVICE, was.service);
		registry_touch(r, MARK_HEALTH, was.service);
	}
	rec_clear(&entry_service_type, &was);
	return 0;
}

bool
registry_remove_service(struct registry *r, const char *node, const char *id)
{
	struct registry_node *n = registry_find_node(r, node);
	struct registry_service *s =
	    n == NULL ? NULL : map_remove(&n->services, id);
	struct map_entry *next;

	if (s == NULL)
		return false;
	for (struct map_entry *e = map_first(&n->checks); e != NULL; e = next) {
		const struct registry_check *c = map_value(e);

		next = map_next(e);
		if (c->c.service_id != NULL &&
		    strcmp(c->c.service_id, s->s.id) == 0)
			registry_remove_check(r, node, map_key(e));
	}
	registry_change(r);
	touch_service(r, s);
	name_drop(r, s);
	r->nservices--;
	r->nlocal_services -= s->local;
	registry_free_service(s);
	return true;
}

/* --- checks --- */

static bool
is_of_service(const struct entry_check *c)
{
	return c->service_id != NULL && c->service_id[0] != '\0';
}

static void
touch_check(struct registry *r, const struct registry_node *n,
    const struct entry_check *c)
{
	registry_touch(r, MARK_CHECKS, "");
	registry_touch(r, MARK_CHECKS, c->status == NULL ? "" : c->status);
	registry_touch(r, MARK_NODE_CHECKS, n->n.node);
	if (is_of_service(c))
		registry_touch(r, MARK_HEALTH,
		    c->service_name == NULL ? "" : c->service_name);
	else
		touch_services_of(r, n, MARK_HEALTH);
}

static int
check_check(const struct registry *r, const struct entry_check *c, bool is_new,
    bool local, struct err *err)
{
	if (registry_check_name("check ID", c->check_id, err) == -1)
		return -1;
	if (c->status == NULL || (strcmp(c->status, "passing") != 0 &&
				     strcmp(c->status, "warning") != 0 &&
				     strcmp(c->status, "critical") != 0))
		return err_set(err, ERR_BAD, "Invalid check status: \"%s\"",
		    c->status == NULL ? "" : c->status);
	if (is_new && (r->nchecks >= REGISTRY_MAX_CHECKS ||
			  (local && r->nlocal_checks >= REGISTRY_MAX_LOCAL)))
		return err_set(err, ERR_BUSY, "too many checks");
	return 0;
}

int
registry_put_check(struct registry *r, const char *node,
    const struct entry_check *check, bool local, struct err *err)
{
	struct registry_node *n = registry_find_node(r, node);
	struct registry_check *c;
	struct entry_check was;

	if (n == NULL)
		return err_set(err, ERR_BAD, "no node is called %s", node);
	c = map_find(
	    &n->checks, check->check_id == NULL ? "" : check->check_id);
	if (check_check(r, check, c == NULL, local, err) == -1)
		return -1;
	if (c == NULL) {
		c = xcalloc(1, sizeof *c);
		c->local = local;
		c->c.create_index = r->index + 1;
		map_put(&n->checks, check->check_id, c);
		r->nchecks++;
		r->nlocal_checks += local;
	}
	was = c->c;
	rec_copy(&entry_check_type, &c->c, check);
	c->c.create_index = was.create_index;
	c->c.modify_index = was.modify_index;
	if (!rec_equal(&entry_check_type, &was, &c->c)) {
		c->c.modify_index = registry_change(r);
		touch_check(r, n, &c->c);
		if (was.check_id != NULL)
			touch_check(r, n, &was);
	}
	rec_clear(&entry_check_type, &was);
	return 0;
}

bool
registry_remove_check(struct registry *r, const char *node, const char *id)
{
	struct registry_node *n = registry_find_node(r, node);
	struct registry_check *c =
	    n == NULL ? NULL : map_remove(&n->checks, id);

	if (c == NULL)
		return false;
	registry_change(r);
	touch_check(r, n, &c->c);
	r->nchecks--;
	r->nlocal_checks -= c->local;
	registry_free_check(c);
	return true;
}
