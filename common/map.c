#include "common/map.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/table.h"

struct map_entry {
	char *key;
	void *value;
	UT_hash_handle hh;
};

static struct map_entry *
find_entry(const struct map *m, const char *key)
{
	struct map_entry *e;

	HASH_FIND_STR(m->head, key, e);
	return e;
}

void *
map_find(const struct map *m, const char *key)
{
	struct map_entry *e = find_entry(m, key);

	return e != NULL ? e->value : NULL;
}

void *
map_put(struct map *m, const char *key, void *value)
{
	struct map_entry *e = find_entry(m, key);
	void *old;

	assert(value != NULL);
	if (e != NULL) {
		old = e->value;
		e->value = value;
		return old;
	}
	e = xcalloc(1, sizeof *e);
	e->key = xstrdup(key);
	e->value = value;
	HASH_ADD_KEYPTR(hh, m->head, e->key, strlen(e->key), e);
	return NULL;
}

void *
map_remove(struct map *m, const char *key)
{
	struct map_entry *e = find_entry(m, key);
	void *value;

	if (e == NULL)
		return NULL;
	value = e->value;
	HASH_DEL(m->head, e);
	free(e->key);
	free(e);
	return value;
}

bool
map_add(struct map *m, const char *key)
{
	static char member; /* its address is every one's value */

	return map_put(m, key, &member) == NULL;
}

bool
map_has(const struct map *m, const char *key)
{
	return find_entry(m, key) != NULL;
}

size_t
map_count(const struct map *m)
{
	return HASH_COUNT(m->head);
}

void
map_release(struct map *m)
{
	struct map_entry *e = m->head, *after;

	/* The table as a whole, not entry by entry. */
	HASH_CLEAR(hh, m->head);
	for (; e != NULL; e = after) {
		after = e->hh.next;
		free(e->key);
		free(e);
	}
}

struct map_entry *
map_first(const struct map *m)
{
	return m->head;
}

struct map_entry *
map_next(const struct map_entry *e)
{
	return e->hh.next;
}

const char *
map_key(const struct map_entry *e)
{
	return e->key;
}

void *
map_value(const struct map_entry *e)
{
	return e->value;
}
