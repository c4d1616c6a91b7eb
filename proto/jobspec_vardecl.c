/* Which variables there are: their types, defaults and rules. */
#include <string.h>

#include "common/hcl/expr.h"
#include "common/mem.h"
#include "common/rec_hcl.h"
#include "proto/jobspec_var.h"
#include "proto/jobspec_var_impl.h"

#define MAX_VARS 1000 /* of one file */

static const struct hcl_range nowhere;

/* Where a reference begins: a name that steps may follow. */
static bool
is_reference(const struct hcl_expr *e, void *ctx)
{
	(void)ctx;
	while (e->kind == HCL_E_ATTR || (e->kind == HCL_E_INDEX && e->constant))
		e = e->one;
	return e->kind == HCL_E_ROOT;
}

static bool
is_call(const struct hcl_expr *e, void *ctx)
{
	(void)ctx;
	return e->kind == HCL_E_CALL;
}

/* The value of an expression that may use neither names nor functions. */
const struct hcl_value *
jobspec_var_eval(struct hcl_eval *ev, const struct hcl_expr *e)
{
	const struct hcl_expr *bad = jobspec_search(e, is_reference, NULL);

	if (bad != NULL)
		hcl_diag_add(ev->diags, hcl_expr_range(bad),
		    "Variables not allowed", "Variables may not be used here.");
	else if ((bad = jobspec_search(e, is_call, NULL)) != NULL)
		hcl_diag_add(ev->diags, hcl_expr_range(bad),
		    "Function calls not allowed",
		    "Functions may not be called here.");
	return bad != NULL ? &hcl_value_unknown : hcl_eval(ev, e);
}

static struct variable *
declare(struct vars *s, const char *name, struct hcl_range at)
{
	if (jobspec_var_find(s, name, strlen(name)) != NULL) {
		hcl_diag_add(s->ev->diags, at, "Duplicate variable",
		    "Duplicate a variable definition found.");
		return NULL;
	}
	if (s->n == MAX_VARS) {
		hcl_diag_add(s->ev->diags, at, "Too many variables",
		    "A file may have %d variables.", MAX_VARS);
		return NULL;
	}
	s->v = xgrow(s->v, s->n, &s->cap, sizeof *s->v);
	s->v[s->n] = (struct variable){ .name = name };
	return &s->v[s->n++];
}

static void
read_default(struct vars *s, struct variable *v, const struct hcl_attr *attr)
{
	const struct hcl_value *val = jobspec_var_eval(s->ev, attr->expr);
	const char *why = "";

	if (val->kind == HCL_V_UNKNOWN)
		return;
	v->value = hcl_type_convert(s->ev->arena, v->type, val, &why);
	if (v->value == NULL)
		hcl_diag_add(s->ev->diags, hcl_expr_range(attr->expr),
		    "Invalid default value for variable",
		    "This default value is not compatible with the "
		    "variable's type constraint: %s.",
		    why);
}

/* A variable block as far as its names go. */
struct validation_names {
	char *condition;
	char *error_message;
};
struct variable_names {
	char *type;
	char *value;
	char *description;
	struct validation_names *validations;
	size_t nvalidations;
};

static const struct rec_field validation_names_fields[] = {
	REC_STR(struct validation_names, 1, condition, ""),
	REC_STR(struct validation_names, 2, error_message, ""),
};
static const struct rec_type validation_names_type =
    REC_TYPE(validation_names, validation_names_fields);

static const struct rec_field variable_names_fields[] = {
	REC_STR(struct variable_names, 1, type, ""),
	REC_STR(struct variable_names, 2, value, "", .hcl = "default"),
	REC_STR(struct variable_names, 3, description, ""),
	REC_LIST(struct variable_names, 4, validations, validation_names, "",
	    .hcl = "validation"),
};
static const struct rec_type variable_names_type =
    REC_TYPE(variable_names, variable_names_fields);

static void
read_variable(struct vars *s, const struct hcl_block *block)
{
	struct rec_hcl h = { .ev = s->ev };
	const struct hcl_attr *type = hcl_attr_of(block->body, "type");
	const struct hcl_attr *def = hcl_attr_of(block->body, "default");
	struct variable *v = declare(s, block->labels[0].text, nowhere);
	const struct hcl_block **rules;
	size_t n;

	if (v == NULL)
		return;
	rec_hcl_check(&h, &variable_names_type, block->body);
	if (type != NULL && (v->type = hcl_type_of(s->ev, type->expr)) == NULL)
		return;
	if (def != NULL)
		read_default(s, v, def);
	rules = hcl_blocks_of(block->body, "validation", 0, &n);
	for (size_t i = 0; i < n; i++)
		rec_hcl_check(&h, &validation_names_type, rules[i]->body);
	if (n > 0)
		v->validation = rules[0];
}

static void
read_short_variables(struct vars *s, const struct hcl_body *body)
{
	size_t n;
	const struct hcl_attr *attrs = hcl_attrs_of(body, &n);

	for (size_t i = 0; i < n; i++) {
		struct variable *v =
		    declare(s, attrs[i].name, attrs[i].name_range);

		if (v != NULL)
			read_default(s, v, &attrs[i]);
	}
}

void
jobspec_var_declare(struct vars *s, const struct hcl_body *body)
{
	size_t n;
	const struct hcl_block **blocks =
	    hcl_blocks_of(body, "variable", 1, &n);

	for (size_t i = 0; i < n; i++)
		read_variable(s, blocks[i]);
	blocks = hcl_blocks_of(body, "variables", 0, &n);
	for (size_t i = 0; i < n; i++)
		read_short_variables(s, blocks[i]->body);
}
