/*
 * Variables and locals of a job file: what is declared, what is set from
 * outside, and the scope that the job's expressions see.
 */
#ifndef PROTO_JOBSPEC_VAR_H
#define PROTO_JOBSPEC_VAR_H

#include "common/hcl/type.h"
#include "proto/jobspec.h"

/* The first expression inside, or e itself, that fn says yes to; or NULL. */
typedef bool jobspec_expr_fn(const struct hcl_expr *e, void *ctx);
const struct hcl_expr *jobspec_search(
    const struct hcl_expr *e, jobspec_expr_fn *fn, void *ctx);

/* Puts a name before those that are in scope. */
void jobspec_add_scope(
    struct hcl_eval *ev, const char *name, const struct hcl_value *value);

/* Asks a variable's validation block, with var in scope. */
void jobspec_validate(
    struct hcl_eval *ev, const char *var, const struct hcl_block *rule);

/* Reads the file's locals into the scope. */
void jobspec_locals(const struct hcl_body *body, struct hcl_eval *ev);

/*
 * Reads the file's variables and locals, and puts var and local into the
 * scope of ev. What is wrong is in its diagnostics.
 */
void jobspec_scope(const struct hcl_body *body, const struct jobspec_options *o,
    struct hcl_eval *ev);

#endif
