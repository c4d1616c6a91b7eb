/*
 * Inside jobspec_var.c and its siblings: the variables of one file.
 */
#ifndef PROTO_JOBSPEC_VAR_IMPL_H
#define PROTO_JOBSPEC_VAR_IMPL_H

#include "common/hcl/expr.h"
#include "common/hcl/internal.h"
#include "proto/jobspec_var.h"

struct variable {
	const char *name;
	const struct hcl_type *type;
	const struct hcl_value *value; /* NULL while it has none */
	const struct hcl_block *validation;
};

struct vars {
	struct hcl_eval *ev;
	const struct jobspec_options *o;
	struct variable *v;
	size_t n;
	size_t cap;
};

/* NULL when none has that name. */
struct variable *jobspec_var_find(struct vars *s, const char *name, size_t n);

/* The value of an expression that may use neither names nor functions. */
const struct hcl_value *jobspec_var_eval(
    struct hcl_eval *ev, const struct hcl_expr *e);
/* What the file declares, with defaults. */
void jobspec_var_declare(struct vars *s, const struct hcl_body *body);
/* What sets them, the later one winning. */
void jobspec_var_set(struct vars *s);

#endif
