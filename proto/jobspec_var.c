/*
 * Values of variables: declared with a type and a default, set by the
 * environment, by files and by -var, the later one winning.
 */
#include "proto/jobspec_var.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hcl/expr.h"
#include "common/hcl/internal.h"
#include "common/mem.h"
#include "common/rec_hcl.h"

#define MAX_VARS   1000 /* of one file */
#define ENV_PREFIX "NOMAD_VAR_"

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

static const struct hcl_range nowhere;

static struct variable *
find(struct vars *s, const char *name, size_t n)
{
	for (size_t i = 0; i < s->n; i++)
		if (strlen(s->v[i].name) == n &&
		    memcmp(s->v[i].name, name, n) == 0)
			return &s->v[i];
	return NULL;
}

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
static const struct hcl_value *
eval_constant(struct hcl_eval *ev, const struct hcl_expr *e)
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

/* --- declaring --- */

static struct variable *
declare(struct vars *s, const char *name, struct hcl_range at)
{
	if (find(s, name, strlen(name)) != NULL) {
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
	const struct hcl_value *val = eval_constant(s->ev, attr->expr);
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

static void
read_declared(struct vars *s, const struct hcl_body *body)
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

/* --- setting --- */

/* A diagnostic of a text that has no place of its own. */
static void
refuse_text(struct vars *s, const char *name, const char *why)
{
	struct hcl_diags *d = s->ev->diags;
	size_t before = d->n;

	hcl_diag_add(d, nowhere, "Invalid argument value for -var variable",
	    "The received arg value for %s is not compatible with the "
	    "variable's type constraint: %s.",
	    name, why);
	if (d->n > before)
		d->v[before].file = xstrdup("");
}

/* Gives a value; what it was read from may go then. */
static void
assign(struct vars *s, struct variable *v, const struct hcl_value *val)
{
	v->value = hcl_value_copy(s->ev->arena, val);
}

/* An expression of a file of its own as the variable's value. */
static void
set_expr(struct vars *s, struct variable *v, const struct hcl_expr *e,
    const char *summary, const char *kind)
{
	const struct hcl_value *val = eval_constant(s->ev, e);
	const char *why = "";

	if (val->kind == HCL_V_UNKNOWN)
		return;
	val = hcl_type_convert(s->ev->arena, v->type, val, &why);
	if (val != NULL)
		assign(s, v, val);
	else
		hcl_diag_add(s->ev->diags, hcl_expr_range(e), summary,
		    "The %s for %s is not compatible with the variable's "
		    "type constraint: %s.",
		    kind, v->name, why);
}

static void
set_parsed(
    struct vars *s, struct variable *v, const char *text, const char *from)
{
	char *name = xasprintf("<value for var.%s from %s>", v->name, from);
	size_t before = s->ev->diags->n;
	struct hcl_file *file;
	struct hcl_expr *e =
	    hcl_parse_expr(&file, name, text, strlen(text), s->ev->diags);

	if (s->ev->diags->n == before)
		set_expr(s, v, e, "Invalid argument value for -var variable",
		    "received arg value");
	hcl_file_free(file);
	free(name);
}

/* From a text that the variable's type says how to read. */
static void
set_text(struct vars *s, struct variable *v, const char *text, const char *from)
{
	const struct hcl_value *val;
	const char *why = "";

	if (v->type != NULL && v->type->kind != HCL_V_STRING &&
	    v->type->kind != HCL_V_NUMBER) {
		set_parsed(s, v, text, from);
		return;
	}
	val = hcl_value_string(s->ev->arena, text, strlen(text));
	val = hcl_type_convert(s->ev->arena, v->type, val, &why);
	if (val == NULL)
		refuse_text(s, v->name, why);
	else
		assign(s, v, val);
}

static void
set_from_env(struct vars *s)
{
	size_t n = strlen(ENV_PREFIX);

	for (size_t i = 0; i < s->o->nenv; i++) {
		const char *e = s->o->env[i], *eq = strchr(e, '=');
		struct variable *v;

		if (eq == NULL || strncmp(e, ENV_PREFIX, n) != 0)
			continue;
		v = find(s, e + n, (size_t)(eq - e) - n);
		if (v != NULL)
			set_text(s, v, eq + 1, "environment");
	}
}

static void
set_from_args(struct vars *s)
{
	for (size_t i = 0; i < s->o->nvars; i++) {
		const char *e = s->o->vars[i], *eq = strchr(e, '=');
		struct variable *v;

		if (eq == NULL)
			continue;
		v = find(s, e, (size_t)(eq - e));
		if (v != NULL)
			set_text(s, v, eq + 1, "arguments");
		else if (!s->o->loose)
			hcl_diag_add(s->ev->diags, nowhere,
			    "Undefined -var variable",
			    "A \"%.*s\" variable was passed in the command "
			    "line but was not found in known variables. To "
			    "declare variable \"%.*s\", place this block in "
			    "your job files",
			    (int)(eq - e), e, (int)(eq - e), e);
	}
}

static void
refuse_declaration(struct vars *s, const struct hcl_file *file)
{
	size_t n;
	const struct hcl_block **b =
	    hcl_blocks_of(file->body, "variable", 1, &n);
	const char *name = n > 0 && b[0]->nlabels > 0 ? b[0]->labels[0].text
						      : "<variable_name>";

	if (n == 0)
		return;
	hcl_diag_add(s->ev->diags, b[0]->type_range,
	    "Variable declaration in a .var file",
	    "A .var file is used to assign values to variables that have "
	    "already been declared in job files, not to declare new "
	    "variables. To declare variable \"%s\", place this block in one "
	    "of your job files\n\nTo set a value for this variable in %s, use "
	    "the definition syntax instead:\n    %s = <value>",
	    name, file->src.name, name);
}

static void
set_from_attr(struct vars *s, const struct hcl_attr *attr)
{
	struct variable *v = find(s, attr->name, strlen(attr->name));

	if (v == NULL && !s->o->loose)
		hcl_diag_add(s->ev->diags, nowhere, "Undefined variable",
		    "A \"%s\" variable was set but was not found in known "
		    "variables. To declare variable \"%s\", place this block "
		    "in your job files",
		    attr->name, attr->name);
	if (v != NULL)
		set_expr(
		    s, v, attr->expr, "Invalid value for variable", "value");
}

static void
set_from_file(struct vars *s, const char *name, const char *text, size_t len)
{
	size_t n, before = s->ev->diags->n;
	struct hcl_file *file = hcl_parse(name, text, len, HCL_2, s->ev->diags);
	const struct hcl_attr *attrs;

	refuse_declaration(s, file);
	attrs = hcl_attrs_of(file->body, &n);
	for (size_t i = 0; s->ev->diags->n == before && i < n; i++)
		set_from_attr(s, &attrs[i]);
	hcl_file_free(file);
}

static int
read_file(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "re");
	size_t n = 0;
	int rc;

	if (f == NULL)
		return -1;
	do {
		out->len += n;
		n = fread(buf_reserve(out, 4096), 1, 4096, f);
	} while (n > 0 && out->len <= HCL_MAX_BYTES);
	rc = ferror(f) != 0 ? -1 : 0;
	fclose(f);
	return rc;
}

static void
set_from_path(struct vars *s, const char *path)
{
	struct buf text = { 0 };

	errno = 0;
	if (read_file(path, &text) == -1)
		hcl_diag_add(s->ev->diags, nowhere, "Failed to read file",
		    "failed to read \"%s\": open %s: %s", path, path,
		    errno == ENOENT ? "no such file or directory"
				    : strerror(errno));
	else
		set_from_file(s, path, buf_str(&text), text.len);
	buf_release(&text);
}

/* --- all together --- */

static void
add_vars(struct vars *s)
{
	const struct hcl_value **items =
	    arena_alloc(s->ev->arena, (s->n + 1) * sizeof(*items));
	const char **keys =
	    arena_alloc(s->ev->arena, (s->n + 1) * sizeof(*keys));

	for (size_t i = 0; i < s->n; i++) {
		keys[i] = s->v[i].name;
		items[i] = s->v[i].value;
		if (items[i] != NULL)
			continue;
		hcl_diag_add(s->ev->diags, nowhere, "Unset variable",
		    "The variable \"%s\" has no value: it has no default, and "
		    "nothing sets it.",
		    s->v[i].name);
		items[i] = &hcl_value_unknown;
	}
	jobspec_add_scope(s->ev, "var",
	    hcl_value_map(s->ev->arena, HCL_V_OBJECT, keys, items, s->n));
}

static void
read_values(struct vars *s)
{
	const char *text = s->o->var_text;

	set_from_env(s);
	for (size_t i = 0; i < s->o->nvar_files; i++)
		set_from_path(s, s->o->var_files[i]);
	if (text != NULL)
		set_from_file(s, "input.vars", text, strlen(text));
	set_from_args(s);
}

void
jobspec_scope(const struct hcl_body *body, const struct jobspec_options *o,
    struct hcl_eval *ev)
{
	struct vars s = { .ev = ev, .o = o };

	read_declared(&s, body);
	if (ev->diags->n == 0)
		read_values(&s);
	if (ev->diags->n == 0)
		add_vars(&s);
	for (size_t i = 0; ev->diags->n == 0 && i < s.n; i++)
		if (s.v[i].validation != NULL)
			jobspec_validate(
			    ev, s.v[i].name, s.v[i].validation->body);
	if (ev->diags->n == 0)
		jobspec_locals(body, ev);
	free(s.v);
}
