/*
 * What the values of a job file depend on: the rules that variables keep, and
 * locals, which may use each other in any order.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hcl/expr.h"
#include "common/mem.h"
#include "common/rec_hcl.h"
#include "proto/jobspec_var.h"

#define MAX_LOCALS 1000 /* of one file */

/* --- looking into expressions --- */

/* The first expression inside, or e itself, that fn says yes to; or NULL. */
const struct hcl_expr *
jobspec_search(const struct hcl_expr *e, jobspec_expr_fn *fn, void *ctx)
{
	const struct hcl_expr *found = NULL;

	if (e == NULL || fn(e, ctx))
		return e;
	for (size_t i = 0; found == NULL && i < e->nparts; i++) {
		if (e->keys != NULL && hcl_expr_keyword(e->keys[i]) == NULL)
			found = jobspec_search(e->keys[i], fn, ctx);
		if (found == NULL)
			found = jobspec_search(e->parts[i], fn, ctx);
	}
	if (found == NULL && e->loop != NULL)
		found = jobspec_search(e->loop->key, fn, ctx);
	if (found == NULL)
		found = jobspec_search(e->one, fn, ctx);
	if (found == NULL)
		found = jobspec_search(e->two, fn, ctx);
	return found != NULL ? found : jobspec_search(e->three, fn, ctx);
}

void
jobspec_add_scope(
    struct hcl_eval *ev, const char *name, const struct hcl_value *value)
{
	struct hcl_scope *scope = arena_alloc(ev->arena, sizeof *scope);

	*scope = (struct hcl_scope){ ev->scope, name, value };
	ev->scope = scope;
}

/* --- rules that values keep --- */

/* Whether an expression refers to var.<ctx>. */
static bool
is_own(const struct hcl_expr *e, void *ctx)
{
	return e->kind == HCL_E_ATTR && e->one->kind == HCL_E_ROOT &&
	       strcmp(e->one->name, "var") == 0 && strcmp(e->name, ctx) == 0;
}

/* Whether it refers to what is set or computed, but not to var.<ctx>. */
static bool
is_foreign(const struct hcl_expr *e, void *ctx)
{
	while (e->kind == HCL_E_INDEX ||
	       (e->kind == HCL_E_ATTR && e->one->kind != HCL_E_ROOT))
		e = e->one;
	return e->kind == HCL_E_ATTR && !is_own(e, ctx) &&
	       (strcmp(e->one->name, "var") == 0 ||
		   strcmp(e->one->name, "local") == 0);
}

static void
check_references(
    struct hcl_eval *ev, const char *var, const struct hcl_expr *cond)
{
	char name[256];
	const struct hcl_expr *e;

	snprintf(name, sizeof name, "%s", var);
	e = jobspec_search(cond, is_foreign, name);
	if (e != NULL)
		hcl_diag_add(ev->diags, hcl_expr_range(e),
		    "Invalid reference in variable validation",
		    "The condition for variable \"%s\" can only refer to the "
		    "variable itself, using var.%s.",
		    var, var);
	if (jobspec_search(cond, is_own, name) == NULL)
		hcl_diag_add(ev->diags, hcl_expr_range(cond),
		    "Invalid variable validation condition",
		    "The condition for variable \"%s\" must refer to var.%s in "
		    "order to test incoming values.",
		    var, var);
}

static void
require_condition(struct hcl_eval *ev, const struct hcl_block *rule)
{
	rec_hcl_require(&(struct rec_hcl){ .ev = ev }, rule->body, "condition");
	hcl_diag_add(ev->diags, hcl_block_range(rule),
	    "Invalid variable validation specification",
	    "validation requires a condition.");
}

void
jobspec_validate(
    struct hcl_eval *ev, const char *var, const struct hcl_block *rule)
{
	const struct hcl_attr *cond = hcl_attr_of(rule->body, "condition");
	const struct hcl_attr *text = hcl_attr_of(rule->body, "error_message");
	const struct hcl_value *val;
	const char *why = "";

	if (cond == NULL) {
		require_condition(ev, rule);
		return;
	}
	check_references(ev, var, cond->expr);
	val = hcl_eval(ev, cond->expr);
	if (val->kind == HCL_V_UNKNOWN)
		return;
	val = hcl_value_convert(ev->arena, val, HCL_V_BOOL, &why);
	if (val == NULL || val->kind != HCL_V_BOOL) {
		hcl_diag_add(ev->diags, hcl_expr_range(cond->expr),
		    "Invalid variable validation result",
		    "Invalid validation condition result value: %s.", why);
	} else if (!val->b) {
		val = text != NULL ? hcl_eval(ev, text->expr) : NULL;
		hcl_diag_add(ev->diags, hcl_expr_range(cond->expr),
		    "Invalid value for variable", "%s",
		    val != NULL && val->kind == HCL_V_STRING
			? val->str
			: "The variable's validation refuses it.");
	}
}

/* --- locals --- */

struct locals {
	const struct hcl_attr *attrs[MAX_LOCALS];
	const struct hcl_value *values[MAX_LOCALS]; /* NULL: not known yet */
	bool busy[MAX_LOCALS];                      /* being resolved */
	size_t n;
};

static bool
waits_for(const struct hcl_expr *e, void *ctx)
{
	const struct locals *l = ctx;

	if (e->kind != HCL_E_ATTR || e->one->kind != HCL_E_ROOT ||
	    strcmp(e->one->name, "local") != 0)
		return false;
	for (size_t i = 0; i < l->n; i++)
		if (l->values[i] == NULL &&
		    strcmp(l->attrs[i]->name, e->name) == 0)
			return true;
	return false;
}

/* Those that are known so far. */
static const struct hcl_value *
known_locals(struct arena *a, const struct locals *l)
{
	const struct hcl_value **items =
	    arena_alloc(a, (l->n + 1) * sizeof(*items));
	const char **keys = arena_alloc(a, (l->n + 1) * sizeof(*keys));
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		if (l->values[i] != NULL) {
			keys[n] = l->attrs[i]->name;
			items[n++] = l->values[i];
		}
	return hcl_value_map(a, HCL_V_OBJECT, keys, items, n);
}

static void
eval_local(struct hcl_eval *ev, struct locals *l, size_t i)
{
	const struct hcl_scope *outer = ev->scope;

	jobspec_add_scope(ev, "local", known_locals(ev->arena, l));
	l->values[i] = hcl_eval(ev, l->attrs[i]->expr);
	ev->scope = outer;
}

/* Which local an expression that waits_for() found is. */
static size_t
index_of(const struct locals *l, const char *name)
{
	size_t i = 0;

	while (l->values[i] != NULL || strcmp(l->attrs[i]->name, name) != 0)
		i++;
	return i;
}

/* First what it needs, then itself; in a circle it is told. */
static void
resolve(struct hcl_eval *ev, struct locals *l, size_t i)
{
	const struct hcl_expr *e;

	l->busy[i] = true;
	while (ev->diags->n == 0 &&
	       (e = jobspec_search(l->attrs[i]->expr, waits_for, l)) != NULL) {
		size_t k = index_of(l, e->name);

		if (l->busy[k])
			break;
		resolve(ev, l, k);
	}
	if (ev->diags->n == 0)
		eval_local(ev, l, i);
	l->busy[i] = false;
}

static void
add_local(struct hcl_eval *ev, struct locals *l, const struct hcl_attr *attr)
{
	if (l->n < MAX_LOCALS)
		l->attrs[l->n++] = attr;
	else
		hcl_diag_add(ev->diags, attr->name_range, "Too many locals",
		    "A file may have %d locals.", MAX_LOCALS);
}

void
jobspec_locals(const struct hcl_body *body, struct hcl_eval *ev)
{
	struct locals *l = xcalloc(1, sizeof *l);
	size_t n, nattrs;
	const struct hcl_block **blocks = hcl_blocks_of(body, "locals", 0, &n);

	for (size_t i = 0; i < n; i++) {
		const struct hcl_attr *attrs =
		    hcl_attrs_of(blocks[i]->body, &nattrs);

		for (size_t k = 0; k < nattrs; k++)
			add_local(ev, l, &attrs[k]);
	}
	for (size_t i = 0; i < l->n && ev->diags->n == 0; i++)
		if (l->values[i] == NULL)
			resolve(ev, l, i);
	jobspec_add_scope(ev, "local", known_locals(ev->arena, l));
	free(l);
}
