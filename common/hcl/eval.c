/* Names, templates and the walk over an expression. */
#include "common/hcl/func.h"

#include <string.h>

/* How deep the walk itself may go: a level of nesting may be a chain of
 * operators or steps, which is deep too. */
#define EVAL_MAX_DEPTH 1000

const struct hcl_value *
hcl_scope_find(const struct hcl_scope *scope, const char *name)
{
	for (; scope != NULL; scope = scope->outer)
		if (strcmp(scope->name, name) == 0)
			return scope->value;
	return NULL;
}

/* The bare name that an expression's steps start from, or NULL. */
static const struct hcl_expr *
traversal_root(const struct hcl_expr *e)
{
	while (e->kind == HCL_E_ATTR || (e->kind == HCL_E_INDEX && e->constant))
		e = e->one;
	return e->kind == HCL_E_ROOT ? e : NULL;
}

/* True for a reference to something that only the running task knows. */
static bool
is_runtime(struct hcl_eval *ev, const struct hcl_expr *e)
{
	const struct hcl_expr *root = traversal_root(e);

	return root != NULL && hcl_scope_find(ev->scope, root->name) == NULL;
}

/* What a text says at a range, within ${ and }. */
static const struct hcl_value *
source_text(struct hcl_eval *ev, struct hcl_range r)
{
	struct buf text = { 0 };
	const struct hcl_value *v;

	buf_adds(&text, "${");
	buf_add(&text, r.src->text + r.start, r.end - r.start);
	buf_adds(&text, "}");
	v = hcl_value_string(ev->arena, buf_str(&text), text.len);
	buf_release(&text);
	return v;
}

/* A runtime reference in a template, with the blanks it is written with. */
static const struct hcl_value *
runtime_part(struct hcl_eval *ev, const struct hcl_expr *e)
{
	struct hcl_range r = e->range;
	const char *s = r.src->text;

	while (r.start > 0 && strchr(" \t\r\n", s[r.start - 1]) != NULL)
		r.start--;
	while (r.end < r.src->n && strchr(" \t\r\n", s[r.end]) != NULL)
		r.end++;
	if (r.start < 2 || s[r.start - 1] != '{')
		r = e->range;
	return source_text(ev, r);
}

/* Adds a value's text. False when it is unknown; what has no text is told and
 * left out. */
static bool
add_part(struct hcl_eval *ev, const struct hcl_expr *part,
    const struct hcl_value *v, struct buf *out)
{
	const char *why;

	if (v->kind == HCL_V_UNKNOWN)
		return false;
	if (v->kind == HCL_V_NULL) {
		hcl_diag_add(ev->diags, part->range,
		    "Invalid template interpolation value",
		    "The expression result is null. Cannot include a null "
		    "value in a string template.");
		return true;
	}
	v = hcl_value_convert(ev->arena, v, HCL_V_STRING, &why);
	if (v == NULL) {
		hcl_diag_add(ev->diags, part->range,
		    "Invalid template interpolation value",
		    "Cannot include the given value in a string template: %s.",
		    why);
		return true;
	}
	buf_add(out, v->str, v->len);
	return true;
}

static const struct hcl_value *
eval_template(struct hcl_eval *ev, const struct hcl_expr *e)
{
	struct buf text = { 0 };
	const struct hcl_value *v = &hcl_value_unknown;
	bool good = true;

	/* What is longer is too large whatever follows. */
	for (size_t i = 0; i < e->nparts && text.len <= HCL_MAX_TEXT; i++) {
		const struct hcl_expr *part = e->parts[i];

		if (is_runtime(ev, part))
			v = runtime_part(ev, part);
		else
			v = hcl_eval(ev, part);
		good &= add_part(ev, part, v, &text);
	}
	v = good ? hcl_value_string(ev->arena, buf_str(&text), text.len)
		 : &hcl_value_unknown;
	buf_release(&text);
	return v;
}

/* The texts that a %{for} made, one behind the other. */
static const struct hcl_value *
eval_join(struct hcl_eval *ev, const struct hcl_expr *e)
{
	const struct hcl_value *list = hcl_eval(ev, e->one);
	struct buf text = { 0 };
	const struct hcl_value *v = &hcl_value_unknown;
	bool good = list->kind == HCL_V_TUPLE;

	for (size_t i = 0; good && i < list->n && text.len <= HCL_MAX_TEXT; i++)
		good = add_part(ev, e->one, list->items[i], &text);
	if (good)
		v = hcl_value_string(ev->arena, buf_str(&text), text.len);
	buf_release(&text);
	return v;
}

static const struct hcl_value *
eval_tuple(struct hcl_eval *ev, const struct hcl_expr *e)
{
	const struct hcl_value **items =
	    arena_alloc(ev->arena, (e->nparts + 1) * sizeof(*items));
	bool known = true;

	for (size_t i = 0; i < e->nparts; i++) {
		items[i] = hcl_eval(ev, e->parts[i]);
		known &= items[i]->kind != HCL_V_UNKNOWN;
	}
	if (!known)
		return &hcl_value_unknown;
	return hcl_value_seq(ev->arena, HCL_V_TUPLE, items, e->nparts);
}

static const struct hcl_value *
eval_traversal(struct hcl_eval *ev, const struct hcl_expr *e)
{
	const struct hcl_value *v;

	if (is_runtime(ev, e))
		return source_text(ev, e->range);
	if (e->kind == HCL_E_ROOT)
		return hcl_scope_find(ev->scope, e->name);
	v = hcl_eval(ev, e->one);
	if (e->kind == HCL_E_ATTR)
		return hcl_eval_get_attr(ev, v, e->name, e->at);
	return hcl_eval_get_index(ev, v, hcl_eval(ev, e->two), e->at);
}

static const struct hcl_value *
eval_kind(struct hcl_eval *ev, const struct hcl_expr *e)
{
	switch (e->kind) {
	case HCL_E_LITERAL:
		return e->value;
	case HCL_E_TEMPLATE:
		return eval_template(ev, e);
	case HCL_E_WRAP:
		if (is_runtime(ev, e->one))
			return runtime_part(ev, e->one);
		return hcl_eval(ev, e->one);
	case HCL_E_JOIN:
		return eval_join(ev, e);
	case HCL_E_ROOT:
	case HCL_E_ATTR:
	case HCL_E_INDEX:
		return eval_traversal(ev, e);
	case HCL_E_SPLAT:
		return hcl_eval_splat(ev, e);
	case HCL_E_ITEM:
		return ev->item == NULL ? &hcl_value_unknown : ev->item;
	case HCL_E_CALL:
		return hcl_call(ev, e);
	case HCL_E_COND:
		return hcl_eval_cond(ev, e);
	case HCL_E_BINARY:
		return hcl_eval_binary(ev, e);
	case HCL_E_UNARY:
		return hcl_eval_unary(ev, e);
	case HCL_E_PAREN:
		return hcl_eval(ev, e->one);
	case HCL_E_TUPLE:
		return eval_tuple(ev, e);
	case HCL_E_OBJECT:
		return hcl_eval_object(ev, e);
	case HCL_E_FOR:
		return hcl_eval_for(ev, e);
	case HCL_E_BAD:
		break;
	}
	return &hcl_value_unknown;
}

/* Said once; the value is unknown. */
static const struct hcl_value *
too_large(struct hcl_eval *ev, const struct hcl_expr *e)
{
	if (!ev->exhausted)
		hcl_diag_add(ev->diags, e->range, "Evaluation too large",
		    "The expressions of this file need more time or memory "
		    "than they may take.");
	ev->exhausted = true;
	return &hcl_value_unknown;
}

static bool
is_too_large(const struct hcl_value *v)
{
	return v->weight > HCL_MAX_WEIGHT || v->text > HCL_MAX_VALUE_BYTES ||
	       v->len > HCL_MAX_TEXT;
}

const struct hcl_value *
hcl_eval(struct hcl_eval *ev, const struct hcl_expr *e)
{
	const struct hcl_value *v;

	if (ev->steps++ > HCL_MAX_STEPS || ev->depth == EVAL_MAX_DEPTH ||
	    ev->arena->used > HCL_MAX_VALUE_BYTES)
		return too_large(ev, e);
	ev->depth++;
	v = eval_kind(ev, e);
	ev->depth--;
	ev->steps += v->weight / 8;
	return is_too_large(v) ? too_large(ev, e) : v;
}

const struct hcl_value *
hcl_eval_kept(struct hcl_eval *ev, const struct hcl_expr *e)
{
	const struct hcl_value *v = hcl_eval(ev, e);

	ev->steps += v->text / HCL_KEPT_PER_STEP;
	return v;
}
