#include "common/catalog/registry.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/catalog/registry_impl.h"
#include "common/mem.h"

/* --- marks --- */

char *
registry_lower(const char *text)
{
	char *low = xstrdup(text);

	for (char *p = low; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	return low;
}

uint64_t
registry_change(struct registry *r)
{
	return ++r->index;
}

static char *
mark_name(enum registry_mark kind, const char *name)
{
	char *low, *mark;

	if (kind == MARK_KEY)
		return xstrdup(name);
	low = registry_lower(name);
	mark = xasprintf("%c%s", (int)kind, low);
	free(low);
	return mark;
}

/* Names that are long gone keep their marks until there are too many. */
void
registry_touch(struct registry *r, enum registry_mark kind, const char *name)
{
	struct map *marks = kind == MARK_KEY ? &r->key_marks : &r->marks;
	char *mark = mark_name(kind, name);

	if (map_count(marks) >= REGISTRY_MAX_MARKS) {
		map_release(marks);
		r->floor = r->index;
	}
	map_put(marks, mark, (void *)(uintptr_t)r->index);
	free(mark);
}

static uint64_t
newest_below(const struct map *marks, const char *prefix)
{
	size_t n = strlen(prefix);
	uint64_t newest = 0;

	MAP_FOREACH (e, marks) {
		uint64_t index = (uintptr_t)map_value(e);

		if (index > newest && strncmp(map_key(e), prefix, n) == 0)
			newest = index;
	}
	return newest;
}

uint64_t
registry_mark(
    const struct registry *r, enum registry_mark kind, const char *name)
{
	const struct map *marks = kind == MARK_KEY ? &r->key_marks : &r->marks;
	char *mark;
	uint64_t index;

	if (kind == MARK_KEYS)
		return newest_below(&r->key_marks, name);
	mark = mark_name(kind, name);
	index = (uintptr_t)map_find(marks, mark);
	free(mark);
	return index;
}

/* --- the whole --- */

void
registry_init(struct registry *r, const char *self, uint64_t index)
{
	*r = (struct registry){ .self = xstrdup(self),
		.version = "",
		.index = index == 0 ? 1 : index,
		.floor = index == 0 ? 1 : index };
}

void
registry_free_check(struct registry_check *c)
{
	rec_clear(&entry_check_type, &c->c);
	free(c->output);
	free(c);
}

void
registry_free_service(struct registry_service *s)
{
	rec_clear(&entry_service_type, &s->s);
	free(s);
}

void
registry_free_node(struct registry_node *n)
{
	MAP_FOREACH (e, &n->services)
		registry_free_service(map_value(e));
	MAP_FOREACH (e, &n->checks)
		registry_free_check(map_value(e));
	map_release(&n->services);
	map_release(&n->checks);
	rec_clear(&entry_node_type, &n->n);
	free(n);
}

void
registry_free_name(struct registry_name *n)
{
	if (n == NULL)
		return;
	free(n->list);
	free(n);
}

void
registry_release(struct registry *r)
{
	MAP_FOREACH (e, &r->nodes)
		registry_free_node(map_value(e));
	MAP_FOREACH (e, &r->names)
		registry_free_name(map_value(e));
	map_release(&r->nodes);
	map_release(&r->names);
	map_release(&r->marks);
	map_release(&r->key_marks);
	registry_free_keys(r);
	free(r->self);
	*r = (struct registry){ 0 };
}

int
registry_check_name(const char *what, const char *name, struct err *err)
{
	size_t n = name == NULL ? 0 : strlen(name);

	if (n == 0)
		return err_set(err, ERR_BAD, "Missing %s", what);
	if (n > REGISTRY_MAX_NAME)
		return err_set(err, ERR_BAD, "%s is longer than %d bytes", what,
		    REGISTRY_MAX_NAME);
	for (const char *p = name; *p != '\0'; p++)
		if (iscntrl((unsigned char)*p))
			return err_set(
			    err, ERR_BAD, "%s has a control byte", what);
	return 0;
}

/* --- finding --- */

struct registry_node *
registry_find_node(const struct registry *r, const char *node)
{
	char *low = registry_lower(node);
	struct registry_node *n = map_find(&r->nodes, low);

	free(low);
	if (n != NULL)
		return n;
	MAP_FOREACH (e, &r->nodes) {
		struct registry_node *other = map_value(e);

		if (other->n.id != NULL && other->n.id[0] != '\0' &&
		    strcasecmp(other->n.id, node) == 0)
			return other;
	}
	return NULL;
}

const struct registry_name *
registry_find_name(const struct registry *r, const char *service)
{
	char *low = registry_lower(service);
	const struct registry_name *n = map_find(&r->names, low);

	free(low);
	return n;
}
