/*
 * Fabio's way to write maps in one line: "a=b;c=d,e=f". Maps are separated
 * by commas, their pairs by semicolons; a first pair without "=" has the key
 * "". Values may stand in quotes of either kind, where a backslash keeps the
 * byte after it. Blanks around keys go; what is empty is skipped.
 */
#ifndef LBD_KVSLICE_H
#define LBD_KVSLICE_H

#include <stddef.h>

#include "common/rec.h"

#define KVSLICE_MAX 64 /* maps, and pairs of each; the rest is left out */

struct kvslice_map {
	struct rec_kv *kv; /* sorted by key */
	size_t nkv;
};

struct kvslice {
	struct kvslice_map maps[KVSLICE_MAX];
	size_t nmaps;
};

/* Fills a zeroed one. Any text is fine. */
void kvslice_parse(struct kvslice *s, const char *text);
void kvslice_release(struct kvslice *s);

/* A map's value; NULL when it has none. */
const char *kvslice_get(const struct kvslice_map *m, const char *key);

#endif
