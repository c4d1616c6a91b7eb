/*
 * What the files of jobdiff share.
 *
 * Most of a job is compared by tables: an object's scalar members come from
 * its record, flattened to names and texts; its parts stand in a table here,
 * in the order in which they are shown.
 */
#ifndef SCHEDD_JOBDIFF_IMPL_H
#define SCHEDD_JOBDIFF_IMPL_H

#include "proto/job.h"
#include "proto/jobdiff.h"

/* --- names and texts (jobdiff_flat.c) --- */

struct flat {
	struct flat_pair {
		char *name;
		char *text;
	} * pairs;
	size_t n;
	size_t cap;
};

void flat_add(struct flat *f, char *name, char *text);
/* The scalar members and maps of a record but those in skip, which NULL ends
 * (skip may be NULL). rec may be NULL: nothing. Members that are absent are
 * "nil" or, if sparse, left out. */
void flat_record(struct flat *f, const struct rec_type *t, const void *rec,
    const char *const *skip, bool sparse);
/* A tree's leaves: "args[0]", "labels[a]". NULL: nothing. */
void flat_tree(struct flat *f, const struct tree *t);
void flat_release(struct flat *f);

/* --- lists of differences --- */

struct fields {
	struct field_diff *list;
	size_t n;
};
struct objects {
	struct object_diff *list;
	size_t n;
};

/* Adds a field unless both texts are the same and ctx is false. */
void fields_add(struct fields *out, const char *name, const char *old,
    const char *new, bool ctx);
/* Adds what two flats differ in, by name. Empties both. */
void fields_flats(
    struct fields *out, struct flat *old, struct flat *new, bool ctx);
void fields_sort(struct fields *out);

/* Adds an object, taking over what is in it. */
void objects_add(struct objects *out, struct object_diff *o);
void objects_sort(struct objects *out, size_t from);

/* "Added", "Deleted" or "Edited" by what there is. */
const char *diff_type(const void *old, const void *new);

/* --- objects by table (jobdiff_object.c) --- */

struct diff_spec;

enum diff_part_kind {
	DIFF_TEXTS, /* a set of texts */
	DIFF_SET,   /* records without a name: equal or not */
	DIFF_NAMED, /* records that have one, key being its member */
	DIFF_ONE,   /* one record, which may be absent */
	DIFF_TREE,  /* a tree, shown flat */
	DIFF_LISTS, /* a map of lists, shown flat */
	DIFF_CALL,  /* a function of its own */
};

typedef void diff_part_fn(
    const void *old, const void *new, bool ctx, struct objects *out);

struct diff_part {
	enum diff_part_kind kind;
	const char *member; /* by its name in JSON */
	const char *name;   /* of the object shown; NULL: the member's */
	const struct diff_spec *spec;
	const char *key;
	diff_part_fn *call; /* on the records themselves */
};

struct diff_spec {
	const struct rec_type *type;
	const char *const *skip; /* members that are not compared */
	const struct diff_part *parts;
	size_t nparts;
	bool sparse;    /* absent members are not shown at all */
	bool terse;     /* unchanged members are never shown */
	bool by_fields; /* Added, Deleted or Edited is told by the fields */
};

/* Adds the object if there is a difference. Either record may be NULL. */
void diff_object(const struct diff_spec *s, const char *name, const void *old,
    const void *new, bool ctx, struct objects *out);
/* Only the parts. */
void diff_parts(const struct diff_spec *s, const void *old, const void *new,
    bool ctx, struct objects *out);
/* Two flats as an object; empties both. */
void diff_flats(const char *name, struct flat *old, struct flat *new, bool ctx,
    struct objects *out);
void diff_texts(const char *name, char *const *old, size_t nold,
    char *const *new, size_t nnew, bool ctx, struct objects *out);

/* --- the tables (jobdiff_spec.c) and services (jobdiff_service.c) --- */

extern const struct diff_spec diff_job_spec, diff_group_spec, diff_task_spec;
diff_part_fn diff_group_services, diff_task_services;

#endif
