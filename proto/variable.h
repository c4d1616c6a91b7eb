/*
 * Variables: small maps of text that people and tasks keep with the servers,
 * by namespace and path.
 */
#ifndef PROTO_VARIABLE_H
#define PROTO_VARIABLE_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/rec.h"

#define VARIABLE_MAX_BYTES 65536 /* of its items, keys and values together */
#define VARIABLE_PATH_MAX  128

struct variable {
	char *ns;
	char *path;
	uint64_t create_index;
	uint64_t modify_index;
	int64_t create_time; /* ns since 1970 */
	int64_t modify_time;
	struct rec_kv *items;
	size_t nitems;
};

/* One without its items, as lists tell of it. */
struct variable_metadata {
	char *ns;
	char *path;
	uint64_t create_index;
	uint64_t modify_index;
	int64_t create_time;
	int64_t modify_time;
};

extern const struct rec_type variable_type, variable_metadata_type;

/*
 * Whether the path may be written: 1 to VARIABLE_PATH_MAX letters, digits and
 * "-_~/"; below "nomad/" only "nomad/jobs" and what is under it, and one name
 * under "nomad/job-templates".
 */
int variable_check_path(const char *path, struct err *err);

/* Whether it may be written: its path, and its items, of which there is at
 * least one. */
int variable_check(const struct variable *v, struct err *err);

#endif
