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

static int
check_size(
    const char *id, const struct rec_type *t, const void *rec, struct err *err)
{
	struct buf packed = { 0 };
	size_t n;

	rec_pack(t, rec, &packed);
	n = packed.len;
	buf_release(&packed);
	if (n > REGISTRY_MAX_ENTRY)
		return err_set(err, ERR_BAD, "%s: more than %u bytes", id,
		    REGISTRY_MAX_ENTRY);
	return 0;
}

int
registry_check_node(
    const struct registry *r, const struct entry_node *n, struct err *err)
{
	char *low;
	bool is_new;

	if (registry_check_name("node name", n->node, err) == -1 ||
	    check_size(n->node, &entry_node_type, n, err) == -1)
		return -1;
	low = registry_lower(n->node);
	is_new = map_find(&r->nodes, low) == NULL;
	free(low);
	if (is_new && map_count(&r->nodes) >= REGISTRY_MAX_NODES)
		return err_set(err, ERR_BUSY, "too many nodes");
	return 0;
}

int
registry_put_node(
    struct registry *r, const struct entry_node *node, struct err *err)
{
	struct registry_node *n;
	struct entry_node was;
	char *low;

	if (registry_check_node(r, node, err) == -1)
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

static int
check_owner(const char *what, const char *id, enum registry_owner was,
    enum registry_owner owner, struct err *err)
{
	static const char *const kept[] = { [REGISTRY_CLUSTER] =
						"kept by the cluster",
		[REGISTRY_LOCAL] = "registered with this agent",
		[REGISTRY_CATALOG] = "registered with the catalog" };

	if (was == owner)
		return 0;
	return err_set(err, ERR_BAD, "%s %s is %s", what, id, kept[was]);
}

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

/* n: of `max`, each of an owner's own too; nnew are about to be put. */
static int
check_room(const char *what, size_t n, size_t max, size_t nlocal,
    enum registry_owner owner, size_t nnew, struct err *err)
{
	if (n + nnew >= max ||
	    (owner == REGISTRY_LOCAL && nlocal + nnew >= REGISTRY_MAX_LOCAL))
		return err_set(err, ERR_BUSY, "too many %s", what);
	return 0;
}

int
registry_check_service(const struct registry *r, const struct registry_node *n,
    const struct entry_service *s, enum registry_owner owner, size_t *nnew,
    struct err *err)
{
	const struct registry_service *old;

	if (registry_check_name("service name", s->service, err) == -1 ||
	    registry_check_name("service ID", s->id, err) == -1 ||
	    check_size(s->id, &entry_service_type, s, err) == -1)
		return -1;
	old = n == NULL ? NULL : map_find(&n->services, s->id);
	if (old != NULL)
		return check_owner("service ID", s->id, old->owner, owner, err);
	return check_room("services", r->nservices, REGISTRY_MAX_SERVICES,
	    r->nlocal_services, owner, (*nnew)++, err);
}

int
registry_put_service(struct registry *r, const char *node,
    const struct entry_service *service, enum registry_owner owner,
    struct err *err)
{
	struct registry_node *n = registry_find_node(r, node);
	struct registry_service *s;
	struct entry_service was;
	size_t nnew = 0;

	if (n == NULL)
		return err_set(err, ERR_BAD, "no node is called %s", node);
	if (registry_check_service(r, n, service, owner, &nnew, err) == -1)
		return -1;
	s = map_find(&n->services, service->id);
	if (s == NULL) {
		s = xcalloc(1, sizeof *s);
		s->node = n;
		s->owner = owner;
		s->s.service = xstrdup(service->service);
		s->s.create_index = r->index + 1;
		map_put(&n->services, service->id, s);
		r->nservices++;
		r->nlocal_services += owner == REGISTRY_LOCAL;
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
	r->nlocal_services -= s->owner == REGISTRY_LOCAL;
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

int
registry_check_check(const struct registry *r, const struct registry_node *n,
    const struct entry_check *c, enum registry_owner owner, size_t *nnew,
    struct err *err)
{
	const struct registry_check *old;

	if (registry_check_name("check ID", c->check_id, err) == -1 ||
	    check_size(c->check_id, &entry_check_type, c, err) == -1)
		return -1;
	if (c->status == NULL || (strcmp(c->status, "passing") != 0 &&
				     strcmp(c->status, "warning") != 0 &&
				     strcmp(c->status, "critical") != 0))
		return err_set(err, ERR_BAD, "Invalid check status: \"%s\"",
		    c->status == NULL ? "" : c->status);
	old = n == NULL ? NULL : map_find(&n->checks, c->check_id);
	if (old != NULL)
		return check_owner(
		    "check ID", c->check_id, old->owner, owner, err);
	return check_room("checks", r->nchecks, REGISTRY_MAX_CHECKS,
	    r->nlocal_checks, owner, (*nnew)++, err);
}

int
registry_put_check(struct registry *r, const char *node,
    const struct entry_check *check, enum registry_owner owner, struct err *err)
{
	struct registry_node *n = registry_find_node(r, node);
	struct registry_check *c;
	struct entry_check was;
	size_t nnew = 0;

	if (n == NULL)
		return err_set(err, ERR_BAD, "no node is called %s", node);
	if (registry_check_check(r, n, check, owner, &nnew, err) == -1)
		return -1;
	c = map_find(&n->checks, check->check_id);
	if (c == NULL) {
		c = xcalloc(1, sizeof *c);
		c->owner = owner;
		c->c.create_index = r->index + 1;
		map_put(&n->checks, check->check_id, c);
		r->nchecks++;
		r->nlocal_checks += owner == REGISTRY_LOCAL;
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
	r->nlocal_checks -= c->owner == REGISTRY_LOCAL;
	registry_free_check(c);
	return true;
}
