/* /v1/health/...: how what is there is. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/catalog/consul_impl.h"

static bool
is_of_node(const struct registry_check *check)
{
	return check->c.service_id == NULL || check->c.service_id[0] == '\0';
}

static bool
is_of(const struct registry_check *check, const struct registry_service *s)
{
	return !is_of_node(check) && strcmp(check->c.service_id, s->s.id) == 0;
}

/* The node's checks, then the service's own. */
static void
put_checks_of(struct buf *out, const struct registry_service *s)
{
	size_t n;
	void **checks = consul_sorted(&s->node->checks, &n);
	bool first = true;

	buf_addc(out, '[');
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < n; i++) {
			const struct registry_check *check = checks[i];

			if (pass == 0 ? !is_of_node(check) : !is_of(check, s))
				continue;
			if (!first)
				buf_addc(out, ',');
			first = false;
			consul_put_check(out, s->node, check, CONSUL_CATALOG);
		}
	buf_addc(out, ']');
	free(checks);
}

static bool
is_passing(const struct registry_service *s)
{
	MAP_FOREACH (e, &s->node->checks) {
		const struct registry_check *check = map_value(e);

		if ((is_of_node(check) || is_of(check, s)) &&
		    strcmp(check->c.status, "passing") != 0)
			return false;
	}
	return true;
}

/* ?passing, and the values that a boolean may have; -1 for another. */
static int
wants_passing(const struct consul_call *c)
{
	static const char *const yes[] = { "", "1", "t", "T", "true", "TRUE",
		"True" };
	static const char *const no[] = { "0", "f", "F", "false", "FALSE",
		"False" };
	char value[16];
	size_t at = 0;

	if (!consul_param(c, "passing", &at, value, sizeof value))
		return 0;
	for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
		if (strcmp(value, yes[i]) == 0)
			return 1;
	for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
		if (strcmp(value, no[i]) == 0)
			return 0;
	return -1;
}

void
consul_health_service(struct consul_call *c)
{
	int passing = wants_passing(c);
	struct buf *out = &c->a->body;
	struct registry_service **list;
	size_t n;

	if (passing == -1) {
		consul_fail(c, 400, "Invalid value for ?passing");
		c->a->index = 0;
		return;
	}
	list = consul_instances(c, &n);
	for (size_t i = 0; i < n; i++) {
		if (passing && !is_passing(list[i]))
			continue;
		consul_begin_item(out);
		buf_adds(out, "{\"Node\":");
		consul_put_node(out, &list[i]->node->n);
		buf_adds(out, ",\"Service\":");
		consul_put_service(out, list[i], false);
		buf_adds(out, ",\"Checks\":");
		put_checks_of(out, list[i]);
		buf_addc(out, '}');
	}
	consul_end_list(out);
	free(list);
}

/* All checks of a node that are wanted. */
static void
put_node_checks(struct consul_call *c, const struct registry_node *node,
    bool (*wanted)(const struct registry_check *check, const char *name))
{
	size_t n;
	void **checks = consul_sorted(&node->checks, &n);

	for (size_t i = 0; i < n; i++) {
		const struct registry_check *check = checks[i];

		if (!wanted(check, consul_path(c, "name")))
			continue;
		consul_begin_item(&c->a->body);
		consul_put_check(&c->a->body, node, check, CONSUL_CATALOG);
	}
	free(checks);
}

static void
put_checks(struct consul_call *c,
    bool (*wanted)(const struct registry_check *check, const char *name))
{
	size_t n;
	void **nodes = consul_sorted(&c->r->nodes, &n);

	for (size_t i = 0; i < n; i++) {
		const struct registry_node *node = nodes[i];

		if (consul_node_fits(c, &node->n))
			put_node_checks(c, node, wanted);
	}
	consul_end_list(&c->a->body);
	free(nodes);
}

static bool
has_state(const struct registry_check *check, const char *state)
{
	return strcmp(state, "any") == 0 || strcmp(check->c.status, state) == 0;
}

static bool
has_service_name(const struct registry_check *check, const char *name)
{
	return check->c.service_name != NULL &&
	       strcasecmp(check->c.service_name, name) == 0;
}

static bool
is_any(const struct registry_check *check, const char *name)
{
	(void)check;
	(void)name;
	return true;
}

void
consul_health_state(struct consul_call *c)
{
	put_checks(c, has_state);
}

void
consul_health_checks(struct consul_call *c)
{
	put_checks(c, has_service_name);
}

void
consul_health_node(struct consul_call *c)
{
	const struct registry_node *node =
	    registry_find_node(c->r, consul_path(c, "name"));

	if (node != NULL)
		put_node_checks(c, node, is_any);
	consul_end_list(&c->a->body);
}
