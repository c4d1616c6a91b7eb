/*
 * A map keyed by string. Keys are copied; values are borrowed pointers that
 * the caller owns. Walking goes in order of first insertion, so two runs
 * that do the same see the same order. A zeroed struct map is an empty one.
 */
#ifndef COMMON_MAP_H
#define COMMON_MAP_H

#include <stdbool.h>
#include <stddef.h>

struct map_entry;

struct map {
	struct map_entry *head; /* uthash */
};

/* The value under the key, or NULL when there is none. */
void *map_find(const struct map *m, const char *key);

/* Puts a non-NULL value and returns the one it replaces, or NULL. */
void *map_put(struct map *m, const char *key, void *value);

/* Takes the key out and returns its value, or NULL when there was none. */
void *map_remove(struct map *m, const char *key);

/* A map that is a set of strings: its values mean nothing. False when the
 * string was there already. */
bool map_add(struct map *m, const char *key);
bool map_has(const struct map *m, const char *key);

size_t map_count(const struct map *m);

/* Frees the keys, not the values; the map is then an empty one. */
void map_release(struct map *m);

/*
 * for (struct map_entry *e = map_first(m); e; e = map_next(e)) ...
 * The current entry may be removed if its successor was taken before.
 */
struct map_entry *map_first(const struct map *m);
struct map_entry *map_next(const struct map_entry *e);
const char *map_key(const struct map_entry *e);
void *map_value(const struct map_entry *e);

#define MAP_FOREACH(e, m) \
	for (struct map_entry *e = map_first(m); e != NULL; e = map_next(e))

#endif
