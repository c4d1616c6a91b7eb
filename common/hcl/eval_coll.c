/* Objects, for expressions, splats, and steps into values. */
#include "common/hcl/func.h"

#include <string.h>

/* A map key as text, or NULL: null or of a type that is no key; told. */
static const char *
key_text(struct hcl_eval *ev, const struct hcl_expr *e,
    const struct hcl_value *v, const char *null_summary,
    const char *null_detail, const char *bad_summary, const char *bad_detail)
{
	const char *why;

	if (v->kind == HCL_V_UNKNOWN)
		return NULL;
	if (v->kind == HCL_V_NULL) {
		hcl_diag_add(
		    ev->diags, e->range, null_summary, "%s", null_detail);
		return NULL;
	}
	v = hcl_value_convert(ev->arena, v, HCL_V_STRING, &why);
	if (v == NULL) {
		hcl_diag_add(ev->diags, e->range, bad_summary, "%s: %s.",
		    bad_detail, why);
		return NULL;
	}
	return v->str;
}

static const char *
object_key(struct hcl_eval *ev, const struct hcl_expr *e)
{
	const char *word = hcl_expr_keyword(e);
	const struct hcl_expr *root = e;

	if (word != NULL)
		return word;
	while (root->kind == HCL_E_ATTR)
		root = root->one;
	if (root != e && root->kind == HCL_E_ROOT) {
		hcl_diag_add(ev->diags, e->range, "Ambiguous attribute key",
		    "If this expression is intended to be a reference, wrap it "
		    "in parentheses. If it's instead intended as a literal "
		    "name containing periods, wrap it in quotes to create a "
		    "string literal.");
		return NULL;
	}
	return key_text(ev, e, hcl_eval(ev, e), "Null value as key",
	    "Can't use a null value as a key.", "Incorrect key type",
	    "Can't use this value as a key");
}

const struct hcl_value *
hcl_eval_object(struct hcl_eval *ev, const struct hcl_expr *e)
{
	const struct hcl_value **items =
	    arena_alloc(ev->arena, (e->nparts + 1) * sizeof(*items));
	const char **keys =
	    arena_alloc(ev->arena, (e->nparts + 1) * sizeof(*keys));
	bool known = true;

	for (size_t i = 0; i < e->nparts; i++) {
		keys[i] = object_key(ev, e->keys[i]);
		items[i] = hcl_eval(ev, e->parts[i]);
		known &= keys[i] != NULL && items[i]->kind != HCL_V_UNKNOWN;
	}
	if (!known)
		return &hcl_value_unknown;
	return hcl_value_map(ev->arena, HCL_V_OBJECT, keys, items, e->nparts);
}

/* --- for --- */

/* The result as it grows. */
struct gather {
	const struct hcl_value **items;
	const char **keys;
	size_t n;
	size_t cap;
	bool unknown;
};

static void
gather_add(struct hcl_eval *ev, struct gather *g, const char *key,
    const struct hcl_value *v)
{
	if (g->n == g->cap) {
		size_t cap = g->cap == 0 ? 8 : g->cap * 2;
		const struct hcl_value **items =
		    arena_alloc(ev->arena, cap * sizeof(*items));
		const char **keys = arena_alloc(ev->arena, cap * sizeof(*keys));

		if (g->n > 0) {
			memcpy(items, g->items, g->n * sizeof(*items));
			memcpy(keys, g->keys, g->n * sizeof(*keys));
		}
		g->items = items;
		g->keys = keys;
		g->cap = cap;
	}
	g->keys[g->n] = key;
	g->items[g->n++] = v;
}

/* Whether the item passes the "if"; what fails is told and does not. */
static bool
for_passes(struct hcl_eval *ev, const struct hcl_expr *e, struct gather *g)
{
	const struct hcl_value *v;
	const char *why;

	if (e->three == NULL)
		return true;
	v = hcl_eval(ev, e->three);
	if (v->kind == HCL_V_UNKNOWN) {
		g->unknown = true;
		return false;
	}
	if (v->kind == HCL_V_NULL) {
		hcl_diag_add(ev->diags, e->three->range, "Condition is null",
		    "The value of the 'if' clause must not be null.");
		return false;
	}
	v = hcl_value_convert(ev->arena, v, HCL_V_BOOL, &why);
	if (v == NULL) {
		hcl_diag_add(ev->diags, e->three->range,
		    "Invalid 'for' condition",
		    "The 'if' clause value is invalid: %s.", why);
		return false;
	}
	return v->b;
}

static void
for_member(struct hcl_eval *ev, const struct hcl_expr *e, struct gather *g)
{
	const char *key = key_text(ev, e->loop->key, hcl_eval(ev, e->loop->key),
	    "Invalid object key",
	    "Key expression in 'for' expression must not produce a null value.",
	    "Invalid object key",
	    "The key expression produced an invalid result");
	const struct hcl_value *v = hcl_eval(ev, e->two);

	if (key == NULL || v->kind == HCL_V_UNKNOWN) {
		g->unknown = true;
		return;
	}
	ev->steps += g->n / 64; /* looking for the key takes time, too */
	for (size_t i = 0; !e->loop->group && i < g->n; i++)
		if (strcmp(g->keys[i], key) == 0) {
			hcl_diag_add(ev->diags, e->loop->key->range,
			    "Duplicate object key",
			    "Two different items produced the key \"%s\" in "
			    "this 'for' expression. If duplicates are "
			    "expected, use the ellipsis (...) after the value "
			    "expression to enable grouping by key.",
			    key);
			return;
		}
	gather_add(ev, g, key, v);
}

/* One turn, with the loop's names in scope. */
static void
for_turn(struct hcl_eval *ev, const struct hcl_expr *e, struct gather *g,
    const struct hcl_value *key, const struct hcl_value *value)
{
	const struct hcl_scope *outer = ev->scope;
	struct hcl_scope ks = { outer, e->loop->key_name, key };
	struct hcl_scope vs = { e->loop->key_name == NULL ? outer : &ks,
		e->loop->val_name, value };
	const struct hcl_value *v;

	ev->scope = &vs;
	if (for_passes(ev, e, g)) {
		if (e->loop->object) {
			for_member(ev, e, g);
		} else {
			v = hcl_eval(ev, e->two);
			g->unknown |= v->kind == HCL_V_UNKNOWN;
			gather_add(ev, g, NULL, v);
		}
	}
	ev->scope = outer;
}

/* { for ... : key => value... }: the values of each key as a tuple. */
static const struct hcl_value *
grouped(struct hcl_eval *ev, struct gather *g)
{
	struct gather out = { 0 };

	for (size_t i = 0; i < g->n; i++) {
		struct gather same = { 0 };

		ev->steps += (g->n - i) / 64;
		if (g->keys[i] == NULL)
			continue;
		for (size_t j = i + 1; j < g->n; j++)
			if (g->keys[j] != NULL &&
			    strcmp(g->keys[j], g->keys[i]) == 0) {
				if (same.n == 0)
					gather_add(
					    ev, &same, NULL, g->items[i]);
				gather_add(ev, &same, NULL, g->items[j]);
				g->keys[j] = NULL;
			}
		if (same.n == 0)
			gather_add(ev, &same, NULL, g->items[i]);
		gather_add(ev, &out, g->keys[i],
		    hcl_value_seq(ev->arena, HCL_V_TUPLE, same.items, same.n));
	}
	return hcl_value_map(
	    ev->arena, HCL_V_OBJECT, out.keys, out.items, out.n);
}

/* The collection of a for; NULL and told when it is none. */
static const struct hcl_value *
for_collection(struct hcl_eval *ev, const struct hcl_expr *e)
{
	const struct hcl_value *coll = hcl_eval(ev, e->one);

	if (coll->kind == HCL_V_UNKNOWN)
		return NULL;
	if (coll->kind == HCL_V_NULL)
		hcl_diag_add(ev->diags, e->one->range,
		    "Iteration over null value",
		    "A null value cannot be used as the collection in a 'for' "
		    "expression.");
	else if (coll->kind < HCL_V_TUPLE)
		hcl_diag_add(ev->diags, e->one->range,
		    "Iteration over non-iterable value",
		    "A value of type %s cannot be used as the collection in a "
		    "'for' expression.",
		    hcl_value_type(coll));
	else
		return coll;
	return NULL;
}

const struct hcl_value *
hcl_eval_for(struct hcl_eval *ev, const struct hcl_expr *e)
{
	const struct hcl_value *coll = for_collection(ev, e), *key;
	struct gather g = { 0 };

	if (coll == NULL)
		return &hcl_value_unknown;
	for (size_t i = 0; i < coll->n && !ev->exhausted; i++) {
		if (coll->keys != NULL)
			key = hcl_value_string(
			    ev->arena, coll->keys[i], strlen(coll->keys[i]));
		else if (coll->kind == HCL_V_SET)
			key = coll->items[i];
		else
			key = hcl_value_number(ev->arena, (hcl_number)i);
		for_turn(ev, e, &g, key, coll->items[i]);
	}
	if (g.unknown || ev->exhausted)
		return &hcl_value_unknown;
	if (!e->loop->object)
		return hcl_value_seq(ev->arena, HCL_V_TUPLE, g.items, g.n);
	if (e->loop->group)
		return grouped(ev, &g);
	return hcl_value_map(ev->arena, HCL_V_OBJECT, g.keys, g.items, g.n);
}

/* --- splats and steps --- */

const struct hcl_value *
hcl_eval_splat(struct hcl_eval *ev, const struct hcl_expr *e)
{
	const struct hcl_value *from = hcl_eval(ev, e->one), *outer = ev->item;
	bool list = from->kind >= HCL_V_TUPLE && from->kind <= HCL_V_SET;
	bool unknown = false;
	const struct hcl_value **items;
	size_t n = list ? from->n : 1;

	if (from->kind == HCL_V_UNKNOWN)
		return from;
	if (from->kind == HCL_V_NULL)
		return hcl_value_seq(ev->arena, HCL_V_TUPLE, NULL, 0);
	items = arena_alloc(ev->arena, (n + 1) * sizeof(*items));
	for (size_t i = 0; i < n; i++) {
		ev->item = list ? from->items[i] : from;
		items[i] = hcl_eval(ev, e->two);
		unknown |= items[i]->kind == HCL_V_UNKNOWN;
	}
	ev->item = outer;
	return unknown ? &hcl_value_unknown
		       : hcl_value_seq(ev->arena, HCL_V_TUPLE, items, n);
}

const struct hcl_value *
hcl_eval_get_attr(struct hcl_eval *ev, const struct hcl_value *v,
    const char *name, struct hcl_range at)
{
	static const char unsupported[] = "Unsupported attribute";
	const struct hcl_value *member = hcl_value_get(v, name);

	if (v->kind == HCL_V_UNKNOWN)
		return v;
	if (member != NULL)
		return member;
	if (v->kind == HCL_V_NULL)
		hcl_diag_add(ev->diags, at,
		    "Attempt to get attribute from null value",
		    "This value is null, so it does not have any attributes.");
	else if (v->kind == HCL_V_OBJECT)
		hcl_diag_add(ev->diags, at, unsupported,
		    "This object does not have an attribute named \"%s\".",
		    name);
	else if (v->kind == HCL_V_MAP)
		hcl_diag_add(ev->diags, at, "Missing map element",
		    "This map does not have an element with the key \"%s\".",
		    name);
	else if (v->kind < HCL_V_TUPLE)
		hcl_diag_add(ev->diags, at, unsupported,
		    "Can't access attributes on a primitive-typed value (%s).",
		    hcl_value_type(v));
	else
		hcl_diag_add(ev->diags, at, unsupported,
		    "This value does not have any attributes.");
	return &hcl_value_unknown;
}

static const struct hcl_value *
index_error(struct hcl_eval *ev, struct hcl_range at, const char *why)
{
	if (why == NULL)
		hcl_diag_add(ev->diags, at, "Invalid index",
		    "The given key does not identify an element in this "
		    "collection value.");
	else
		hcl_diag_add(ev->diags, at, "Invalid index", "%s", why);
	return &hcl_value_unknown;
}

const struct hcl_value *
hcl_eval_get_index(struct hcl_eval *ev, const struct hcl_value *v,
    const struct hcl_value *key, struct hcl_range at)
{
	const struct hcl_value *k, *member;
	const char *why;
	int64_t i;
	bool map = v->kind == HCL_V_OBJECT || v->kind == HCL_V_MAP;

	if (v->kind == HCL_V_UNKNOWN || key->kind == HCL_V_UNKNOWN)
		return &hcl_value_unknown;
	if (v->kind == HCL_V_NULL) {
		hcl_diag_add(ev->diags, at, "Attempt to index null value",
		    "This value is null, so it does not have any indices.");
		return &hcl_value_unknown;
	}
	if (key->kind == HCL_V_NULL)
		return index_error(
		    ev, at, "Can't use a null value as an indexing key.");
	if (!map && v->kind != HCL_V_TUPLE && v->kind != HCL_V_LIST)
		return index_error(
		    ev, at, "This value does not have any indices.");
	k = hcl_value_convert(
	    ev->arena, key, map ? HCL_V_STRING : HCL_V_NUMBER, &why);
	if (k == NULL) {
		hcl_diag_add(ev->diags, at, "Invalid index",
		    "The given key does not identify an element in this "
		    "collection value: %s.",
		    why);
		return &hcl_value_unknown;
	}
	if (map)
		member = hcl_value_get(v, k->str);
	else if (hcl_number_int64(k->num, &i) && i >= 0 && (size_t)i < v->n)
		member = v->items[i];
	else
		member = NULL;
	return member == NULL ? index_error(ev, at, NULL) : member;
}
