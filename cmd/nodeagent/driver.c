#include "cmd/nodeagent/driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"

#define DEFAULT_LOG_FILES 10
#define DEFAULT_LOG_MB    10

static const struct driver *const drivers[] = { &driver_docker, &driver_mock,
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
driver_log_limits(
    const struct log_config *logs, uint64_t *max_files, uint64_t *max_bytes)
{
	int64_t mb = DEFAULT_LOG_MB, files = DEFAULT_LOG_FILES;

	if (logs != NULL && logs->has_max_file_size_mb)
		mb = logs->max_file_size_mb;
	if (logs != NULL && logs->has_max_files)
		files = logs->max_files;
	*max_files = files > 0 ? (uint64_t)files : 1;
	*max_bytes = (uint64_t)(mb > 0 ? mb : 1) << 20;
}

void
driver_fingerprint_all(const struct driver_host *host, struct node *node)
{
	for (size_t i = 0; i < sizeof drivers / sizeof drivers[0]; i++)
		drivers[i]->fingerprint(host, node);
	rec_sort_maps(&node_type, node);
}

/* Takes out what begins with "driver.NAME". */
static void
forget_attributes(struct rec_kv **kv, size_t *n, const char *name)
{
	char key[64];
	int len = snprintf(key, sizeof key, "driver.%s", name);
	size_t kept = 0;

	for (size_t i = 0; i < *n; i++) {
		const char *k = (*kv)[i].key;

		if (strncmp(k, key, (size_t)len) == 0 &&
		    (k[len] == '\0' || k[len] == '.'))
			rec_clear(&rec_kv_type, &(*kv)[i]);
		else
			(*kv)[kept++] = (*kv)[i];
	}
	*n = kept;
}

static struct driver_info *
entry_of(struct node *node, const char *name)
{
	struct driver_info *d;

	for (size_t i = 0; i < node->ndrivers; i++)
		if (strcmp(node->drivers[i].key, name) == 0)
			return &node->drivers[i];
	node->drivers = xreallocarray(
	    node->drivers, node->ndrivers + 1, sizeof *node->drivers);
	d = &node->drivers[node->ndrivers++];
	*d = (struct driver_info){ 0 };
	return d;
}

struct driver_info *
driver_report(struct node *node, const char *name, bool detected, bool healthy,
    const char *description)
{
	struct driver_info *d = entry_of(node, name);
	bool is_news = d->key == NULL || d->detected != detected ||
		       d->healthy != healthy ||
		       strcmp(d->health_description, description) != 0;
	int64_t updated = is_news ? clock_wall_ns() : d->update_time;

	rec_clear(&driver_info_type, d);
	*d = (struct driver_info){ .key = xstrdup(name),
		.detected = detected,
		.healthy = healthy,
		.health_description = xstrdup(description),
		.update_time = updated };
	forget_attributes(&node->attributes, &node->nattributes, name);
	if (healthy)
		driver_attribute(node, d, "", "1");
	return d;
}

void
driver_attribute(struct node *node, struct driver_info *d, const char *what,
    const char *value)
{
	char key[96];

	if (*value == '\0')
		return;
	snprintf(key, sizeof key, "driver.%s%s%s", d->key,
	    *what != '\0' ? "." : "", what);
	rec_kv_set(&d->attributes, &d->nattributes, key, value);
	rec_kv_set(&node->attributes, &node->nattributes, key, value);
}
