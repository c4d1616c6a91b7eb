/*
 * The difference of two jobs, as a plan shows it.
 */
#ifndef PROTO_JOBDIFF_H
#define PROTO_JOBDIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/rec.h"

struct field_diff {
	char *type;
	char *name;
	char *old;
	char *new;
	char **annotations;
	size_t nannotations;
};

struct object_diff {
	char *type;
	char *name;
	struct field_diff *fields;
	size_t nfields;
	struct object_diff *objects;
	size_t nobjects;
};

struct task_diff {
	char *type;
	char *name;
	struct field_diff *fields;
	size_t nfields;
	struct object_diff *objects;
	size_t nobjects;
	char **annotations;
	size_t nannotations;
};

struct task_group_diff {
	char *type;
	char *name;
	struct field_diff *fields;
	size_t nfields;
	struct object_diff *objects;
	size_t nobjects;
	struct task_diff *tasks;
	size_t ntasks;
	struct rec_ki *updates;
	size_t nupdates;
};

struct job_diff {
	char *type;
	char *id;
	struct field_diff *fields;
	size_t nfields;
	struct object_diff *objects;
	size_t nobjects;
	struct task_group_diff *task_groups;
	size_t ntask_groups;
};

extern const struct rec_type field_diff_type, object_diff_type, task_diff_type,
    task_group_diff_type, job_diff_type;

#endif
