/* What all queries have in common: consistency, data centre, index, wait. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/catalog/consul_impl.h"
#include "common/clock.h"
#include "common/mem.h"

static bool
check_consistency(struct consul_call *c)
{
	bool stale = consul_has_param(c, "stale"),
	     consistent = consul_has_param(c, "consistent");

	if (stale && consistent) {
		consul_fail(c, 400,
		    "Cannot specify ?stale with ?consistent, conflicting "
		    "semantics.");
		return false;
	}
	c->a->consistency = stale        ? "stale"
			    : consistent ? "consistent"
					 : "leader";
	return true;
}

static bool
check_place(struct consul_call *c, unsigned flags)
{
	const struct registry_node *self = registry_find_node(c->r, c->r->self);
	char value[CONSUL_MAX_PARAM];
	size_t at = 0;

	if (consul_has_param(c, "ns"))
		consul_fail(c, 400,
		    "Invalid query parameter: \"ns\" - Namespaces are a Consul "
		    "Enterprise feature");
	else if (consul_has_param(c, "partition"))
		consul_fail(c, 400,
		    "Invalid query parameter: \"partition\" - Partitions are a "
		    "Consul Enterprise feature");
	else if (consul_param(c, "dc", &at, value, sizeof value) &&
		 value[0] != '\0' &&
		 (self == NULL || strcmp(value, self->n.datacenter) != 0))
		c->a->index = flags & CONSUL_KV ? 0 : 1;
	else
		return true;
	if (c->a->status == 200) {
		consul_fail(c, 500, "No path to datacenter");
		c->a->consistency = NULL;
	}
	return false;
}

bool
consul_check_filter(struct consul_call *c)
{
	char value[CONSUL_MAX_PARAM];
	size_t at = 0;

	if (!consul_param(c, "filter", &at, value, sizeof value) ||
	    value[0] == '\0')
		return true;
	consul_fail(c, 500, "filter is not supported");
	return false;
}

/* index and wait; false when one is wrong. */
static bool
read_blocking(struct consul_call *c, uint64_t *index, uint64_t *wait_ms)
{
	char value[64], *end;
	size_t at = 0;
	int64_t ns;

	*index = 0;
	*wait_ms = CONSUL_WAIT_MS;
	if (consul_param(c, "wait", &at, value, sizeof value) &&
	    value[0] != '\0') {
		if (clock_parse_dur(value, &ns) == -1) {
			consul_fail(c, 400, "Invalid wait time");
			return false;
		}
		if (ns >= CLOCK_NS_PER_MS)
			*wait_ms = (uint64_t)(ns / CLOCK_NS_PER_MS);
		if (*wait_ms > CONSUL_MAX_WAIT_MS)
			*wait_ms = CONSUL_MAX_WAIT_MS;
	}
	at = 0;
	if (consul_param(c, "index", &at, value, sizeof value) &&
	    value[0] != '\0') {
		errno = 0;
		*index = strtoull(value, &end, 10);
		if (*end != '\0' || value[0] < '0' || value[0] > '9' ||
		    errno != 0) {
			consul_fail(c, 400, "Invalid index");
			return false;
		}
	}
	return true;
}

/* What a query watches: of "any" all checks, of a recursive one all below. */
static void
find_watch(const struct consul_call *c, unsigned flags, enum registry_mark mark,
    struct consul_watch *w)
{
	const char *name = flags & CONSUL_NAMED ? consul_path(c, "name") : "";

	w->kind = mark;
	if (mark == MARK_CHECKS && strcmp(name, "any") == 0)
		name = "";
	if (mark == MARK_KEY &&
	    (consul_has_param(c, "recurse") || consul_has_param(c, "keys")))
		w->kind = MARK_KEYS;
	w->name = xstrdup(name);
	w->mark = registry_mark(c->r, w->kind, w->name);
}

/* A thing that has never been there is as old as all things of its kind. */
static uint64_t
index_of(const struct registry *r, const struct consul_watch *w)
{
	uint64_t index = w->mark;

	if (index == 0 && (w->kind == MARK_SERVICE || w->kind == MARK_HEALTH))
		index = registry_mark(r, MARK_SERVICES, "");
	if (index == 0 && w->kind == MARK_KEY)
		index = registry_mark(r, MARK_KEYS, "");
	return index < r->floor ? r->floor : index;
}

bool
consul_begin_query(
    struct consul_call *c, unsigned flags, enum registry_mark mark)
{
	uint64_t index, wait_ms;

	if (!check_consistency(c) || !check_place(c, flags) ||
	    !consul_check_filter(c) || !read_blocking(c, &index, &wait_ms))
		return true;
	find_watch(c, flags, mark, &c->a->watch);
	c->a->watch.wait_ms = wait_ms;
	c->a->index = index_of(c->r, &c->a->watch);
	c->a->held = !c->ask->now && index > 0 && index >= c->a->index;
	return c->a->held;
}
