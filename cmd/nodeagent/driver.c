#include "cmd/nodeagent/driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

static const struct driver *const drivers[] = { &driver_mock,
	&driver_raw_exec };

const struct driver *
driver_find(const char *name)
{
	for (size_t i = 0; i < sizeof drivers / sizeof drivers[0]; i++)
		if (strcmp(drivers[i]->name, name) == 0)
			return drivers[i];
	return NULL;
}

void
driver_fingerprint_all(const struct driver_host *host, struct node *node)
{
	for (size_t i = 0; i < sizeof drivers / sizeof drivers[0]; i++)
		drivers[i]->fingerprint(host, node);
	rec_sort_maps(&node_type, node);
}

void
driver_report(struct node *node, const char *name, bool detected, bool healthy,
    const char *description)
{
	char key[64];
	struct driver_info *d;

	node->drivers = xreallocarray(
	    node->drivers, node->ndrivers + 1, sizeof *node->drivers);
	d = &node->drivers[node->ndrivers++];
	*d = (struct driver_info){ .key = xstrdup(name),
		.detected = detected,
		.healthy = healthy,
		.health_description = xstrdup(description) };
	if (!healthy)
		return;
	snprintf(key, sizeof key, "driver.%s", name);
	rec_kv_set(&d->attributes, &d->nattributes, key, "1");
	rec_kv_set(&node->attributes, &node->nattributes, key, "1");
}
