#include "common/hcl/func.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hcl/type.h"
#include "common/json.h"
#include "common/mem.h"

const struct hcl_value *
hcl_func_fail(struct hcl_call *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(c->why, sizeof c->why, fmt, ap);
	va_end(ap);
	c->bad_arg = SIZE_MAX;
	return NULL;
}

const struct hcl_value *
hcl_func_blame(struct hcl_call *c, size_t arg, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(c->why, sizeof c->why, fmt, ap);
	va_end(ap);
	c->bad_arg = arg;
	return NULL;
}

bool
hcl_func_afford(struct hcl_call *c, size_t nsteps)
{
	size_t steps = c->ev->steps;

	if (steps > HCL_MAX_STEPS || nsteps > HCL_MAX_STEPS - steps) {
		hcl_func_fail(c, "this takes too long for a job file");
		return false;
	}
	c->ev->steps += nsteps;
	return true;
}

bool
hcl_func_fits(struct hcl_call *c, size_t nbytes)
{
	if (nbytes > HCL_MAX_TEXT)
		hcl_func_fail(c, "the text is too long");
	return nbytes <= HCL_MAX_TEXT;
}

bool
hcl_func_has_room(struct hcl_call *c, size_t nvalues)
{
	if (nvalues <= HCL_MAX_WEIGHT &&
	    c->ev->arena->used <= HCL_MAX_VALUE_BYTES)
		return true;
	hcl_func_fail(c, "this makes too many values");
	return false;
}

const struct hcl_value *
hcl_func_text(struct hcl_call *c, struct buf *text)
{
	const struct hcl_value *v =
	    hcl_value_string(c->ev->arena, buf_str(text), text->len);

	buf_release(text);
	return v;
}

const struct hcl_value *
hcl_func_base64(struct hcl_call *c, const char *s, size_t n)
{
	struct buf out = { 0 };
	const struct hcl_value *v;

	json_put_bytes(&out, (const uint8_t *)s, n); /* quotes and all */
	v = hcl_value_string(c->ev->arena, out.data + 1, out.len - 2);
	buf_release(&out);
	return v;
}

bool
hcl_func_is_utf8(const char *s, size_t n)
{
	size_t len;

	for (size_t i = 0; i < n; i += len)
		if (hcl_utf8(s + i, n - i, &len) < 0)
			return false;
	return true;
}

static const struct hcl_value *
unknown_func(struct hcl_eval *ev, const struct hcl_expr *e)
{
	const char *names[128], *close, *scope_end;
	struct hcl_range r = e->at;
	size_t n = 0;

	r.end = r.start + (uint32_t)strlen(e->name);
	scope_end = strstr(e->name, "::");
	if (scope_end != NULL) {
		hcl_diag_add(ev->diags, r, "Call to unknown function",
		    "There are no functions in namespace \"%.*s::\".",
		    (int)(scope_end - e->name), e->name);
		return &hcl_value_unknown;
	}
	n = hcl_func_names(names, sizeof names / sizeof names[0]);
	close = hcl_closest(e->name, names, n);
	if (close != NULL)
		hcl_diag_add(ev->diags, r, "Call to unknown function",
		    "There is no function named \"%s\". Did you mean \"%s\"?",
		    e->name, close);
	else
		hcl_diag_add(ev->diags, r, "Call to unknown function",
		    "There is no function named \"%s\".", e->name);
	return &hcl_value_unknown;
}

/* --- can, try and convert, whose arguments are no plain values --- */

static const struct hcl_value *
attempt(struct hcl_eval *ev, const struct hcl_expr *e, struct hcl_diags *d)
{
	struct hcl_diags *told = ev->diags;
	const struct hcl_value *v;

	*d = (struct hcl_diags){ 0 };
	ev->diags = d;
	v = hcl_eval(ev, e);
	ev->diags = told;
	return v;
}

static const struct hcl_value *
call_can(struct hcl_eval *ev, const struct hcl_expr *e)
{
	struct hcl_diags d;
	bool good;

	attempt(ev, e->parts[0], &d);
	good = d.n == 0;
	hcl_diags_release(&d);
	return hcl_value_bool(ev->arena, good);
}

static const struct hcl_value *
call_try(struct hcl_eval *ev, const struct hcl_expr *e)
{
	struct buf text = { 0 };

	if (e->nparts == 0) {
		hcl_diag_add(ev->diags, e->at, "Error in function call",
		    "Call to function \"try\" failed: at least one argument is "
		    "required.");
		return &hcl_value_unknown;
	}
	for (size_t i = 0; i < e->nparts; i++) {
		struct hcl_diags d;
		const struct hcl_value *v = attempt(ev, e->parts[i], &d);
		bool good = d.n == 0;

		for (size_t k = 0; k < d.n; k++)
			buf_addf(&text, "\n- %s (at %s:%u,%u-%u)\n  %s",
			    d.v[k].summary,
			    d.v[k].file == NULL ? "" : d.v[k].file,
			    d.v[k].start.line, d.v[k].start.col, d.v[k].end.col,
			    d.v[k].detail);
		hcl_diags_release(&d);
		if (good) {
			buf_release(&text);
			return v;
		}
	}
	hcl_diag_add(ev->diags, e->at, "Error in function call",
	    "Call to function \"try\" failed: no expression succeeded:%s\n\nAt "
	    "least one expression must produce a successful result.",
	    buf_str(&text));
	buf_release(&text);
	return &hcl_value_unknown;
}

/* convert(value, type): the type is no value but a constraint. */
static const struct hcl_value *
call_convert(struct hcl_eval *ev, const struct hcl_expr *e)
{
	const struct hcl_type *type = hcl_type_of(ev, e->parts[1]);
	const struct hcl_value *v = hcl_eval(ev, e->parts[0]);
	const char *why = "";

	if (type == NULL || v->kind == HCL_V_UNKNOWN)
		return &hcl_value_unknown;
	v = hcl_type_convert(ev->arena, type, v, &why);
	if (v != NULL)
		return v;
	hcl_diag_add(ev->diags, hcl_expr_start(e->parts[0]),
	    "Invalid function argument",
	    "Invalid value for \"value\" parameter: %s.", why);
	return &hcl_value_unknown;
}

/* --- arguments --- */

/* The parameter that an argument is for; NULL when there are too many. */
static const struct hcl_param *
param_of(const struct hcl_func *f, size_t i)
{
	if (i < f->nparams)
		return &f->params[i];
	return f->rest.name == NULL ? NULL : &f->rest;
}

static bool
count_is_right(struct hcl_eval *ev, const struct hcl_expr *e,
    const struct hcl_func *f, size_t nargs)
{
	struct hcl_range end = e->range;
	const char *more = f->rest.name == NULL ? "" : "at least ";

	if (nargs < f->nparams) {
		end.start = end.end > end.start ? end.end - 1 : end.end;
		hcl_diag_add(ev->diags, end, "Not enough function arguments",
		    "Function \"%s\" expects %s%zu argument(s). Missing value "
		    "for \"%s\".",
		    f->name, more, f->nparams, f->params[nargs].name);
		return false;
	}
	if (f->rest.name == NULL && nargs > f->nparams) {
		hcl_diag_add(ev->diags,
		    hcl_expr_start(
			e->parts[f->nparams < e->nparts ? f->nparams
							: e->nparts - 1]),
		    "Too many function arguments",
		    "Function \"%s\" expects only %zu argument(s).", f->name,
		    f->nparams);
		return false;
	}
	return true;
}

static const struct hcl_value *
string_list(struct hcl_call *c, const struct hcl_value *v, const char **why)
{
	const struct hcl_value **items;

	if (v->kind < HCL_V_TUPLE || v->kind > HCL_V_SET) {
		char text[64];

		snprintf(text, sizeof text,
		    "list of string required, but have %s", hcl_value_type(v));
		*why = arena_strndup(c->ev->arena, text, strlen(text));
		return NULL;
	}
	items = arena_alloc(c->ev->arena, (v->n + 1) * sizeof(*items));
	for (size_t i = 0; i < v->n; i++) {
		items[i] = hcl_value_convert(
		    c->ev->arena, v->items[i], HCL_V_STRING, why);
		if (items[i] == NULL)
			return NULL;
	}
	return hcl_value_seq(c->ev->arena, HCL_V_LIST, items, v->n);
}

/* The argument as the parameter takes it, or NULL and why not. */
static const struct hcl_value *
fit(struct hcl_call *c, const struct hcl_param *param,
    const struct hcl_value *v, const char **why)
{
	static const enum hcl_value_kind kinds[] = {
		[HCL_P_STRING] = HCL_V_STRING,
		[HCL_P_NUMBER] = HCL_V_NUMBER,
		[HCL_P_BOOL] = HCL_V_BOOL,
	};

	if (v->kind == HCL_V_NULL && !param->null) {
		*why = "argument must not be null";
		return NULL;
	}
	if (v->kind == HCL_V_NULL || param->kind == HCL_P_ANY)
		return v;
	if (param->kind == HCL_P_STRINGS)
		return string_list(c, v, why);
	return hcl_value_convert(c->ev->arena, v, kinds[param->kind], why);
}

static void
blame(struct hcl_eval *ev, const struct hcl_expr *e, const struct hcl_func *f,
    size_t i, const char *why)
{
	const struct hcl_param *param = param_of(f, i);

	if (i >= e->nparts)
		i = e->nparts - 1;
	hcl_diag_add(ev->diags, hcl_expr_start(e->parts[i]),
	    "Invalid function argument",
	    "Invalid value for \"%s\" parameter: %s.", param->name, why);
}

/* Evaluates all arguments, the last one spread out where it is marked so.
 * False when one is unknown or cannot be spread. */
static bool
eval_args(struct hcl_eval *ev, const struct hcl_expr *e, struct hcl_call *c)
{
	size_t n = e->nparts, fixed = e->expand && n > 0 ? n - 1 : n;
	const struct hcl_value *last = NULL;
	bool known = true;

	if (fixed < n) {
		last = hcl_eval(ev, e->parts[fixed]);
		if (last->kind == HCL_V_UNKNOWN)
			return false;
		if (last->kind < HCL_V_TUPLE || last->kind > HCL_V_SET) {
			hcl_diag_add(ev->diags, hcl_expr_start(e->parts[fixed]),
			    "Invalid expanding argument value",
			    "The expanding argument (indicated by ...) must be "
			    "of a tuple, list, or set type.");
			return false;
		}
	}
	c->nargs = fixed + (last == NULL ? 0 : last->n);
	c->args = arena_alloc(ev->arena, (c->nargs + 1) * sizeof(*c->args));
	for (size_t i = 0; i < c->nargs; i++)
		if (i >= fixed && last != NULL)
			c->args[i] = last->items[i - fixed];
	for (size_t i = 0; i < fixed; i++) {
		c->args[i] = hcl_eval(ev, e->parts[i]);
		known &= c->args[i]->kind != HCL_V_UNKNOWN;
	}
	return known;
}

static const struct hcl_value *
call_func(struct hcl_eval *ev, const struct hcl_expr *e,
    const struct hcl_func *f, struct hcl_call *c)
{
	const struct hcl_value *v;
	const char *why = "";
	bool good = true;

	for (size_t i = 0; i < c->nargs; i++) {
		c->args[i] = fit(c, param_of(f, i), v = c->args[i], &why);
		if (c->args[i] == NULL) {
			blame(ev, e, f, i, why);
			good = false;
		}
	}
	if (!good)
		return &hcl_value_unknown;
	v = f->fn(c);
	if (v != NULL)
		return v;
	if (c->bad_arg != SIZE_MAX && e->nparts > 0)
		blame(ev, e, f, c->bad_arg, c->why);
	else
		hcl_diag_add(ev->diags, e->at, "Error in function call",
		    "Call to function \"%s\" failed: %s.", f->name, c->why);
	return &hcl_value_unknown;
}

/* Those whose arguments are no plain values. */
static const struct special {
	struct hcl_func f; /* for its name and parameters */
	const struct hcl_value *(*call)(
	    struct hcl_eval *ev, const struct hcl_expr *e);
} specials[] = {
	{ { "can", NULL, { { "expression", HCL_P_ANY, true } }, 1,
	      { NULL, HCL_P_ANY, false } },
	    call_can },
	{ { "convert", NULL,
	      { { "value", HCL_P_ANY, true }, { "type", HCL_P_ANY, true } }, 2,
	      { NULL, HCL_P_ANY, false } },
	    call_convert },
	{ { "try", NULL, { { NULL, HCL_P_ANY, false } }, 0,
	      { "expressions", HCL_P_ANY, true } },
	    call_try },
};

/* NULL when the call is of none of them. */
static const struct hcl_value *
call_special(struct hcl_eval *ev, const struct hcl_expr *e)
{
	for (size_t i = 0; i < sizeof specials / sizeof specials[0]; i++) {
		if (strcmp(specials[i].f.name, e->name) != 0)
			continue;
		return count_is_right(ev, e, &specials[i].f, e->nparts)
			   ? specials[i].call(ev, e)
			   : &hcl_value_unknown;
	}
	return NULL;
}

const struct hcl_value *
hcl_call(struct hcl_eval *ev, const struct hcl_expr *e)
{
	const struct hcl_func *f;
	struct hcl_call c = { .ev = ev, .bad_arg = SIZE_MAX };

	const struct hcl_value *v = call_special(ev, e);

	if (v != NULL)
		return v;
	f = hcl_func_find(e->name);
	if (f == NULL)
		return unknown_func(ev, e);
	if (!e->expand && !count_is_right(ev, e, f, e->nparts))
		return &hcl_value_unknown;
	if (!eval_args(ev, e, &c) || !count_is_right(ev, e, f, c.nargs))
		return &hcl_value_unknown;
	return call_func(ev, e, f, &c);
}
