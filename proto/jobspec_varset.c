/* What sets variables: the environment, files, and -var. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/hcl/expr.h"
#include "common/mem.h"
#include "proto/jobspec_var_impl.h"

#define ENV_PREFIX "NOMAD_VAR_"

static const struct hcl_range nowhere;
static const char bad_file[] = "unable to parse var file: ";

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
	const struct hcl_value *val = jobspec_var_eval(s->ev, e);
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
		v = jobspec_var_find(s, e + n, (size_t)(eq - e) - n);
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
		v = jobspec_var_find(s, e, (size_t)(eq - e));
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
	struct variable *v =
	    jobspec_var_find(s, attr->name, strlen(attr->name));

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

	if (s->ev->diags->n > before)
		s->ev->diags->lead = bad_file;
	refuse_declaration(s, file);
	attrs = hcl_attrs_of(file->body, &n);
	for (size_t i = 0; s->ev->diags->n == before && i < n; i++)
		set_from_attr(s, &attrs[i]);
	hcl_file_free(file);
}

static void
set_from_path(struct vars *s, const char *path)
{
	struct buf text = { 0 };

	if (file_read(path, HCL_MAX_BYTES, &text, NULL) == -1) {
		hcl_diag_add(s->ev->diags, nowhere, "Failed to read file",
		    "failed to read \"%s\": open %s: %s", path, path,
		    errno == ENOENT ? "no such file or directory"
				    : strerror(errno));
		s->ev->diags->lead = bad_file;
	} else {
		set_from_file(s, path, buf_str(&text), text.len);
	}
	buf_release(&text);
}

void
jobspec_var_set(struct vars *s)
{
	const char *text = s->o->var_text;

	set_from_env(s);
	for (size_t i = 0; i < s->o->nvar_files; i++)
		set_from_path(s, s->o->var_files[i]);
	if (text != NULL)
		set_from_file(s, "input.vars", text, strlen(text));
	set_from_args(s);
}
