/*
 * Type constraints: string, list(number), object({ a = bool }) ... as
 * variables declare them and convert() takes them.
 */
#ifndef COMMON_HCL_TYPE_H
#define COMMON_HCL_TYPE_H

#include "common/hcl/expr.h"
#include "common/hcl/value.h"

/* What a value must be: a type constraint as HCL writes them. */
struct hcl_type {
	enum hcl_value_kind kind;      /* HCL_V_UNKNOWN: anything */
	const struct hcl_type **items; /* of tuples and objects; else one */
	const char **keys;             /* of objects: sorted */
	size_t n;
};

/* The type that an expression such as list(string) stands for; in the arena.
 * NULL and told when it is none. */
const struct hcl_type *hcl_type_of(
    struct hcl_eval *ev, const struct hcl_expr *e);

/* The value as one of the type; NULL and why when it cannot be. */
const struct hcl_value *hcl_type_convert(struct arena *a,
    const struct hcl_type *type, const struct hcl_value *v, const char **why);

/* A deep copy in the arena. */
const struct hcl_value *hcl_value_copy(
    struct arena *a, const struct hcl_value *v);

#endif
