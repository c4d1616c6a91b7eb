/* Type constraints: reading them, and making values fit them. */
#include "common/hcl/type.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static __attribute__((format(printf, 3, 4))) const struct hcl_type *
fail(struct hcl_eval *ev, struct hcl_range at, const char *fmt, ...)
{
	struct buf text = { 0 };
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	hcl_diag_add(
	    ev->diags, at, "Invalid type specification", "%s", buf_str(&text));
	buf_release(&text);
	return NULL;
}

static struct hcl_type *
new_type(struct hcl_eval *ev, enum hcl_value_kind kind, size_t n)
{
	struct hcl_type *t = arena_alloc(ev->arena, sizeof *t);

	t->kind = kind;
	t->n = n;
	t->items = arena_alloc(ev->arena, (n + 1) * sizeof(*t->items));
	t->keys = arena_alloc(ev->arena, (n + 1) * sizeof(*t->keys));
	return t;
}

static const struct {
	const char *name;
	enum hcl_value_kind kind;
} simple[] = { { "string", HCL_V_STRING }, { "number", HCL_V_NUMBER },
	{ "bool", HCL_V_BOOL } },
  nested[] = { { "list", HCL_V_LIST }, { "set", HCL_V_SET },
	  { "map", HCL_V_MAP } };

#define ONE_ELEMENT                                                     \
	"The %s type constructor requires one argument specifying the " \
	"element "                                                      \
	"type."

static const struct hcl_type *
word_type(struct hcl_eval *ev, const struct hcl_expr *e)
{
	struct hcl_range at = hcl_expr_range(e);

	for (size_t i = 0; i < 3; i++)
		if (strcmp(e->name, simple[i].name) == 0)
			return new_type(ev, simple[i].kind, 0);
	for (size_t i = 0; i < 3; i++)
		if (strcmp(e->name, nested[i].name) == 0)
			return fail(ev, at, ONE_ELEMENT, e->name);
	if (strcmp(e->name, "any") == 0)
		return fail(ev, at,
		    "The keyword \"any\" cannot be used in this type "
		    "specification: an exact type is required.");
	if (strcmp(e->name, "object") == 0)
		return fail(ev, at,
		    "The object type constructor requires one argument "
		    "specifying the attribute types and values as a map.");
	if (strcmp(e->name, "tuple") == 0)
		return fail(ev, at,
		    "The tuple type constructor requires one argument "
		    "specifying the element types as a list.");
	return fail(ev, at,
	    "The keyword \"%s\" is not a valid type specification.", e->name);
}

/* Where a call's name stands. */
static struct hcl_range
call_name(const struct hcl_expr *e)
{
	struct hcl_range r = e->at;

	r.end = r.start + (uint32_t)strlen(e->name);
	return r;
}

static const struct hcl_type *
tuple_type(struct hcl_eval *ev, const struct hcl_expr *arg)
{
	struct hcl_type *t;

	if (arg->kind != HCL_E_TUPLE)
		return fail(ev, hcl_expr_range(arg),
		    "Tuple type constructor requires a list of element "
		    "types.");
	t = new_type(ev, HCL_V_TUPLE, arg->nparts);
	for (size_t i = 0; i < t->n; i++) {
		t->items[i] = hcl_type_of(ev, arg->parts[i]);
		if (t->items[i] == NULL)
			return NULL;
	}
	return t;
}

/* Puts a member among the others by its name. */
static void
insert(
    struct hcl_type *t, size_t n, const char *key, const struct hcl_type *item)
{
	for (; n > 0 && strcmp(t->keys[n - 1], key) > 0; n--) {
		t->keys[n] = t->keys[n - 1];
		t->items[n] = t->items[n - 1];
	}
	t->keys[n] = key;
	t->items[n] = item;
}

static const struct hcl_type *
object_type(struct hcl_eval *ev, const struct hcl_expr *arg)
{
	struct hcl_type *t;

	if (arg->kind != HCL_E_OBJECT)
		return fail(ev, hcl_expr_range(arg),
		    "Object type constructor requires a map whose keys are "
		    "attribute names and whose values are the corresponding "
		    "attribute types.");
	t = new_type(ev, HCL_V_OBJECT, arg->nparts);
	for (size_t i = 0; i < t->n; i++) {
		const struct hcl_expr *value = arg->parts[i];
		const char *key = hcl_expr_keyword(arg->keys[i]);
		const struct hcl_type *item;

		if (key == NULL)
			return fail(ev, hcl_expr_range(arg->keys[i]),
			    "Object constructor map keys must be attribute "
			    "names.");
		if (value->kind == HCL_E_CALL &&
		    strcmp(value->name, "optional") == 0)
			return fail(ev, call_name(value),
			    "Optional attribute modifier is only for type "
			    "constraints, not for exact types.");
		item = hcl_type_of(ev, value);
		if (item == NULL)
			return NULL;
		insert(t, i, key, item);
	}
	return t;
}

static const struct hcl_type *
call_type(struct hcl_eval *ev, const struct hcl_expr *e)
{
	struct hcl_type *t;

	for (size_t i = 0; i < 3; i++)
		if (strcmp(e->name, simple[i].name) == 0)
			return fail(ev, hcl_expr_range(e),
			    "Primitive type keyword \"%s\" does not expect "
			    "arguments.",
			    e->name);
	for (size_t i = 0; i < 3; i++) {
		if (strcmp(e->name, nested[i].name) != 0)
			continue;
		if (e->nparts != 1)
			return fail(
			    ev, hcl_expr_range(e), ONE_ELEMENT, e->name);
		t = new_type(ev, nested[i].kind, 1);
		t->items[0] = hcl_type_of(ev, e->parts[0]);
		return t->items[0] != NULL ? t : NULL;
	}
	if (strcmp(e->name, "object") == 0 && e->nparts == 1)
		return object_type(ev, e->parts[0]);
	if (strcmp(e->name, "tuple") == 0 && e->nparts == 1)
		return tuple_type(ev, e->parts[0]);
	if (strcmp(e->name, "object") == 0 || strcmp(e->name, "tuple") == 0)
		return word_type(ev, e);
	return fail(ev, hcl_expr_range(e),
	    "Keyword \"%s\" is not a valid type constructor.", e->name);
}

const struct hcl_type *
hcl_type_of(struct hcl_eval *ev, const struct hcl_expr *e)
{
	if (e->kind == HCL_E_ROOT)
		return word_type(ev, e);
	if (e->kind == HCL_E_CALL)
		return call_type(ev, e);
	return fail(ev, hcl_expr_range(e),
	    "A type specification is either a primitive type keyword (bool, "
	    "number, string) or a complex type constructor call, like "
	    "list(string).");
}

/* --- values --- */

static void
put_type(const struct hcl_type *t, struct buf *out)
{
	static const char *const names[] = { "dynamic", "dynamic", "bool",
		"number", "string", "tuple", "list", "set", "object", "map" };

	buf_adds(out, names[t->kind]);
	if (t->kind == HCL_V_LIST || t->kind == HCL_V_SET ||
	    t->kind == HCL_V_MAP) {
		buf_adds(out, " of ");
		put_type(t->items[0], out);
	}
}

static const struct hcl_value *
mismatch(struct arena *a, const struct hcl_type *t, const struct hcl_value *v,
    const char **why)
{
	struct buf text = { 0 };

	put_type(t, &text);
	buf_addf(&text, " required, but have %s", hcl_value_type(v));
	*why = arena_strndup(a, buf_str(&text), text.len);
	buf_release(&text);
	return NULL;
}

static const struct hcl_value *
convert_seq(struct arena *a, const struct hcl_type *t,
    const struct hcl_value *v, const char **why)
{
	const struct hcl_value **items;

	if (v->kind < HCL_V_TUPLE || v->kind > HCL_V_SET ||
	    (t->kind == HCL_V_TUPLE && v->n != t->n))
		return mismatch(a, t, v, why);
	items = arena_alloc(a, (v->n + 1) * sizeof(*items));
	for (size_t i = 0; i < v->n; i++) {
		items[i] = hcl_type_convert(a,
		    t->items[t->kind == HCL_V_TUPLE ? i : 0], v->items[i], why);
		if (items[i] == NULL)
			return NULL;
	}
	return hcl_value_seq(a, t->kind, items, v->n);
}

static const struct hcl_value *
convert_map(struct arena *a, const struct hcl_type *t,
    const struct hcl_value *v, const char **why)
{
	const struct hcl_value **items;
	const char **keys;

	items = arena_alloc(a, (v->n + 1) * sizeof(*items));
	keys = arena_alloc(a, (v->n + 1) * sizeof(*keys));
	for (size_t i = 0; i < v->n; i++) {
		keys[i] = v->keys[i];
		items[i] = hcl_type_convert(a, t->items[0], v->items[i], why);
		if (items[i] == NULL)
			return NULL;
	}
	return hcl_value_map(a, HCL_V_MAP, keys, items, v->n);
}

static const struct hcl_value *
convert_object(struct arena *a, const struct hcl_type *t,
    const struct hcl_value *v, const char **why)
{
	const struct hcl_value **items;
	const char **keys;
	char text[256];

	items = arena_alloc(a, (t->n + 1) * sizeof(*items));
	keys = arena_alloc(a, (t->n + 1) * sizeof(*keys));
	for (size_t i = 0; i < t->n; i++) {
		const struct hcl_value *item = hcl_value_get(v, t->keys[i]);

		keys[i] = t->keys[i];
		if (item == NULL) {
			snprintf(text, sizeof text,
			    "attribute \"%s\" is required", keys[i]);
			*why = arena_strndup(a, text, strlen(text));
			return NULL;
		}
		items[i] = hcl_type_convert(a, t->items[i], item, why);
		if (items[i] == NULL)
			return NULL;
	}
	return hcl_value_map(a, HCL_V_OBJECT, keys, items, t->n);
}

const struct hcl_value *
hcl_type_convert(struct arena *a, const struct hcl_type *t,
    const struct hcl_value *v, const char **why)
{
	if (v->kind <= HCL_V_NULL || t == NULL || t->kind == HCL_V_UNKNOWN)
		return v;
	if (t->kind <= HCL_V_STRING)
		return hcl_value_convert(a, v, t->kind, why);
	if (t->kind <= HCL_V_SET)
		return convert_seq(a, t, v, why);
	if (v->kind != HCL_V_OBJECT && v->kind != HCL_V_MAP)
		return mismatch(a, t, v, why);
	return t->kind == HCL_V_MAP ? convert_map(a, t, v, why)
				    : convert_object(a, t, v, why);
}

const struct hcl_value *
hcl_value_copy(struct arena *a, const struct hcl_value *v)
{
	const struct hcl_value **items;
	const char **keys = NULL;

	switch (v->kind) {
	case HCL_V_UNKNOWN:
		return &hcl_value_unknown;
	case HCL_V_NULL:
		return &hcl_value_null;
	case HCL_V_BOOL:
		return hcl_value_bool(a, v->b);
	case HCL_V_NUMBER:
		return hcl_value_number(a, v->num);
	case HCL_V_STRING:
		return hcl_value_string(a, v->str, v->len);
	case HCL_V_TUPLE:
	case HCL_V_LIST:
	case HCL_V_SET:
	case HCL_V_OBJECT:
	case HCL_V_MAP:
		break;
	}
	items = arena_alloc(a, (v->n + 1) * sizeof(*items));
	if (v->kind >= HCL_V_OBJECT)
		keys = arena_alloc(a, (v->n + 1) * sizeof(*keys));
	for (size_t i = 0; i < v->n; i++) {
		items[i] = hcl_value_copy(a, v->items[i]);
		if (keys != NULL)
			keys[i] =
			    arena_strndup(a, v->keys[i], strlen(v->keys[i]));
	}
	if (keys != NULL)
		return hcl_value_map(a, v->kind, keys, items, v->n);
	return hcl_value_seq(a, v->kind, items, v->n);
}
