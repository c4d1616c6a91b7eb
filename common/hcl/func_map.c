/* Functions of maps. */
#include "common/hcl/func.h"

#include <string.h>

typedef const struct hcl_value *value;

static bool
is_seq(value v)
{
	return v->kind >= HCL_V_TUPLE && v->kind <= HCL_V_SET;
}

static bool
is_map(value v)
{
	return v->kind >= HCL_V_OBJECT;
}

static const struct hcl_value **
room(struct hcl_call *c, size_t n)
{
	return arena_alloc(c->ev->arena, (n + 1) * sizeof(value));
}

static value
tuple(struct hcl_call *c, const struct hcl_value **items, size_t n)
{
	return hcl_value_seq(c->ev->arena, HCL_V_TUPLE, items, n);
}

static value
fn_keys(struct hcl_call *c)
{
	value v = c->args[0];
	const struct hcl_value **items;

	if (!is_map(v))
		return hcl_func_blame(c, 0, "must have map or object type");
	items = room(c, v->n);
	for (size_t i = 0; i < v->n; i++)
		items[i] = hcl_value_string(
		    c->ev->arena, v->keys[i], strlen(v->keys[i]));
	return tuple(c, items, v->n);
}

static value
fn_values(struct hcl_call *c)
{
	if (!is_map(c->args[0]))
		return hcl_func_blame(
		    c, 0, "values() requires a map as the first argument");
	return tuple(c, c->args[0]->items, c->args[0]->n);
}

static value
fn_lookup(struct hcl_call *c)
{
	value found;

	if (!is_map(c->args[0]))
		return hcl_func_fail(
		    c, "lookup() requires a map as the first argument");
	found = hcl_value_get(c->args[0], c->args[1]->str);
	return found != NULL ? found : c->args[2];
}

static value
fn_merge(struct hcl_call *c)
{
	const struct hcl_value **items;
	const char **keys;
	size_t n = 0;

	for (size_t i = 0; i < c->nargs; i++) {
		if (c->args[i]->kind == HCL_V_NULL)
			continue;
		if (!is_map(c->args[i]))
			return hcl_func_fail(c,
			    "arguments must be maps or objects, got \"%s\"",
			    hcl_value_type(c->args[i]));
		n += c->args[i]->n;
	}
	if (!hcl_func_has_room(c, n))
		return NULL;
	items = room(c, n);
	keys = arena_alloc(c->ev->arena, (n + 1) * sizeof(*keys));
	n = 0;
	for (size_t i = 0; i < c->nargs; i++)
		for (size_t k = 0; k < c->args[i]->n; k++) {
			keys[n] = c->args[i]->keys[k];
			items[n++] = c->args[i]->items[k];
		}
	return hcl_value_map(c->ev->arena, HCL_V_OBJECT, keys, items, n);
}

static value
fn_zipmap(struct hcl_call *c)
{
	value names = c->args[0], v = c->args[1];
	const struct hcl_value **items;
	const char **keys;

	if (!is_seq(v))
		return hcl_func_blame(
		    c, 1, "values argument must be a list or tuple value");
	if (names->n != v->n)
		return hcl_func_fail(c,
		    "number of keys (%zu) does not match number of values "
		    "(%zu)",
		    names->n, v->n);
	items = room(c, v->n);
	keys = arena_alloc(c->ev->arena, (v->n + 1) * sizeof(*keys));
	for (size_t i = 0; i < v->n; i++) {
		if (names->items[i]->kind != HCL_V_STRING)
			return hcl_func_blame(c, 0, "a key is null");
		keys[i] = names->items[i]->str;
		items[i] = v->items[i];
	}
	return hcl_value_map(c->ev->arena, HCL_V_OBJECT, keys, items, v->n);
}

#define ANY(n)                      \
	{                           \
		n, HCL_P_ANY, false \
	}
#define NULLS(n)                   \
	{                          \
		n, HCL_P_ANY, true \
	}
#define STRINGS(n)                      \
	{                               \
		n, HCL_P_STRINGS, false \
	}
#define NONE NULLS(NULL)

const struct hcl_func hcl_map_funcs[] = {
	{ "keys", fn_keys, { ANY("inputMap") }, 1, NONE },
	{ "lookup", fn_lookup,
	    { ANY("inputMap"), { "key", HCL_P_STRING, false },
		NULLS("default") },
	    3, NONE },
	{ "merge", fn_merge, { NONE }, 0, NULLS("maps") },
	{ "values", fn_values, { ANY("mapping") }, 1, NONE },
	{ "zipmap", fn_zipmap, { STRINGS("keys"), ANY("values") }, 2, NONE },
};
const size_t hcl_nmap_funcs = sizeof hcl_map_funcs / sizeof hcl_map_funcs[0];
