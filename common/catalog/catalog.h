/*
 * A copy of all service instances, kept fresh by whoever holds it.
 *
 * The one door to "who offers what, where": nodes keep one from the servers'
 * answers, and everything that asks for services asks a catalog. Records in
 * it are opaque here but for two names, which the holder gives along.
 */
#ifndef COMMON_CATALOG_CATALOG_H
#define COMMON_CATALOG_CATALOG_H

#include "common/map.h"
#include "common/rec.h"

struct catalog {
	const struct rec_type *type; /* of an instance */
	struct map by_id;            /* id -> owned record */
	uint64_t index;              /* of the newest change taken in */
};

void catalog_init(struct catalog *c, const struct rec_type *type);
void catalog_release(struct catalog *c);

/* Puts a copy of an instance. True when it is new or differs. */
bool catalog_put(struct catalog *c, const char *id, const void *instance);
/* Takes an instance out and gives it away (rec_clear() and free() it), or
 * NULL when there is none. */
void *catalog_take(struct catalog *c, const char *id);

#endif
