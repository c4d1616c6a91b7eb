#include "proto/jobdiff.h"

static const struct rec_field field_diff_fields[] = {
	REC_STR(struct field_diff, 1, type, "Type"),
	REC_STR(struct field_diff, 2, name, "Name"),
	REC_STR(struct field_diff, 3, old, "Old"),
	REC_STR(struct field_diff, 4, new, "New"),
	REC_STRS(struct field_diff, 5, annotations, "Annotations"),
};
const struct rec_type field_diff_type = REC_TYPE(field_diff, field_diff_fields);

static const struct rec_field object_diff_fields[] = {
	REC_STR(struct object_diff, 1, type, "Type"),
	REC_STR(struct object_diff, 2, name, "Name"),
	REC_LIST(struct object_diff, 3, fields, field_diff, "Fields"),
	REC_LIST(struct object_diff, 4, objects, object_diff, "Objects"),
};
const struct rec_type object_diff_type =
    REC_TYPE(object_diff, object_diff_fields);

static const struct rec_field task_diff_fields[] = {
	REC_STR(struct task_diff, 1, type, "Type"),
	REC_STR(struct task_diff, 2, name, "Name"),
	REC_LIST(struct task_diff, 3, fields, field_diff, "Fields"),
	REC_LIST(struct task_diff, 4, objects, object_diff, "Objects"),
	REC_STRS(struct task_diff, 5, annotations, "Annotations"),
};
const struct rec_type task_diff_type = REC_TYPE(task_diff, task_diff_fields);

static const struct rec_field task_group_diff_fields[] = {
	REC_STR(struct task_group_diff, 1, type, "Type"),
	REC_STR(struct task_group_diff, 2, name, "Name"),
	REC_LIST(struct task_group_diff, 3, fields, field_diff, "Fields"),
	REC_LIST(struct task_group_diff, 4, objects, object_diff, "Objects"),
	REC_LIST(struct task_group_diff, 5, tasks, task_diff, "Tasks"),
	REC_MAP(struct task_group_diff, 6, updates, rec_ki, "Updates"),
};
const struct rec_type task_group_diff_type =
    REC_TYPE(task_group_diff, task_group_diff_fields);

static const struct rec_field job_diff_fields[] = {
	REC_STR(struct job_diff, 1, type, "Type"),
	REC_STR(struct job_diff, 2, id, "ID"),
	REC_LIST(struct job_diff, 3, fields, field_diff, "Fields"),
	REC_LIST(struct job_diff, 4, objects, object_diff, "Objects"),
	REC_LIST(
	    struct job_diff, 5, task_groups, task_group_diff, "TaskGroups"),
};
const struct rec_type job_diff_type = REC_TYPE(job_diff, job_diff_fields);
