#include "common/catalog/catalog.h"

#include <stdlib.h>

#include "common/mem.h"

static void
forget(const struct rec_type *type, void *instance)
{
	if (instance == NULL)
		return;
	rec_clear(type, instance);
	free(instance);
}

void
catalog_init(struct catalog *c, const struct rec_type *type)
{
	*c = (struct catalog){ .type = type };
}

void
catalog_release(struct catalog *c)
{
	MAP_FOREACH (e, &c->by_id)
		forget(c->type, map_value(e));
	map_release(&c->by_id);
	*c = (struct catalog){ 0 };
}

bool
catalog_put(struct catalog *c, const char *id, const void *instance)
{
	const void *old = map_find(&c->by_id, id);
	void *copy;

	if (old != NULL && rec_equal(c->type, old, instance))
		return false;
	copy = xcalloc(1, c->type->size);
	rec_copy(c->type, copy, instance);
	forget(c->type, map_put(&c->by_id, id, copy));
	return true;
}

void *
catalog_take(struct catalog *c, const char *id)
{
	return map_remove(&c->by_id, id);
}
