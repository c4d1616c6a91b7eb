/* Functions of lists and sets. */
#include "common/hcl/func.h"

#include <stdlib.h>
#include <string.h>

typedef const struct hcl_value *value;

#define RANGE_MAX 1024 /* values that range() gives */

static bool
is_seq(value v)
{
	return v->kind >= HCL_V_TUPLE && v->kind <= HCL_V_SET;
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
fn_length(struct hcl_call *c)
{
	value v = c->args[0];

	if (!is_seq(v) && v->kind != HCL_V_MAP)
		return hcl_func_fail(
		    c, "collection must be a list, a map or a tuple");
	return hcl_value_number(c->ev->arena, (hcl_number)v->n);
}

static value
fn_index(struct hcl_call *c)
{
	value v = c->args[0], key = c->args[1], found = NULL;
	int64_t i;

	if (v->kind != HCL_V_TUPLE && v->kind != HCL_V_LIST &&
	    v->kind != HCL_V_MAP)
		return hcl_func_fail(
		    c, "collection must be a list, a map or a tuple");
	if (v->kind == HCL_V_MAP) {
		if (key->kind == HCL_V_STRING)
			found = hcl_value_get(v, key->str);
		return found != NULL
			   ? found
			   : hcl_func_fail(c, "the given key does not "
					      "identify an element in this "
					      "collection value");
	}
	if (key->kind != HCL_V_NUMBER || !hcl_number_int64(key->num, &i))
		return hcl_func_fail(c, "key must be a whole number");
	if (i < 0 || (size_t)i >= v->n)
		return hcl_func_fail(
		    c, "key must be between 0 and %zu inclusive", v->n);
	return v->items[i];
}

static value
fn_element(struct hcl_call *c)
{
	value v = c->args[0];
	int64_t i;

	if (v->kind != HCL_V_TUPLE && v->kind != HCL_V_LIST)
		return hcl_func_blame(
		    c, 0, "cannot read elements from %s", hcl_value_type(v));
	if (!hcl_number_int64(c->args[1]->num, &i))
		return hcl_func_blame(c, 1, "a whole number is required");
	if (i < 0)
		return hcl_func_fail(
		    c, "cannot use element function with a negative index");
	if (v->n == 0)
		return hcl_func_fail(
		    c, "cannot use element function with an empty list");
	return v->items[(size_t)i % v->n];
}

static value
fn_concat(struct hcl_call *c)
{
	const struct hcl_value **items;
	size_t n = 0;

	if (c->nargs == 0)
		return hcl_func_fail(c, "at least one argument is required");
	for (size_t i = 0; i < c->nargs; i++) {
		if (!is_seq(c->args[i]))
			return hcl_func_blame(c, i,
			    "all arguments must be lists or tuples; got %s",
			    hcl_value_type(c->args[i]));
		n += c->args[i]->n;
	}
	if (!hcl_func_has_room(c, n))
		return NULL;
	items = room(c, n);
	n = 0;
	for (size_t i = 0; i < c->nargs; i++)
		for (size_t k = 0; k < c->args[i]->n; k++)
			items[n++] = c->args[i]->items[k];
	return tuple(c, items, n);
}

static bool
has(const struct hcl_value *const *items, size_t n, value v)
{
	for (size_t i = 0; i < n; i++)
		if (hcl_value_equal(items[i], v))
			return true;
	return false;
}

static value
fn_contains(struct hcl_call *c)
{
	value v = c->args[0];

	if (!is_seq(v))
		return hcl_func_fail(c, "argument must be list, tuple, or set");
	return hcl_value_bool(c->ev->arena, has(v->items, v->n, c->args[1]));
}

static value
fn_distinct(struct hcl_call *c)
{
	value v = c->args[0];
	const struct hcl_value **items;
	size_t n = 0;

	if (!is_seq(v))
		return hcl_func_blame(c, 0, "list of any type required");
	items = room(c, v->n);
	for (size_t i = 0; i < v->n; i++) {
		c->ev->steps += n;
		if (c->ev->steps > HCL_MAX_STEPS)
			return hcl_func_fail(c, "the list is too long");
		if (!has(items, n, v->items[i]))
			items[n++] = v->items[i];
	}
	return tuple(c, items, n);
}

static size_t
count_flat(value v)
{
	size_t n = 0;

	if (!is_seq(v))
		return 1;
	for (size_t i = 0; i < v->n; i++)
		n += count_flat(v->items[i]);
	return n;
}

static size_t
add_flat(value v, const struct hcl_value **items, size_t n)
{
	if (!is_seq(v)) {
		items[n] = v;
		return n + 1;
	}
	for (size_t i = 0; i < v->n; i++)
		n = add_flat(v->items[i], items, n);
	return n;
}

static value
fn_flatten(struct hcl_call *c)
{
	const struct hcl_value **items;

	if (!is_seq(c->args[0]))
		return hcl_func_fail(
		    c, "can only flatten lists, sets and tuples");
	items = room(c, count_flat(c->args[0]));
	return tuple(c, items, add_flat(c->args[0], items, 0));
}

static value
fn_compact(struct hcl_call *c)
{
	value v = c->args[0];
	const struct hcl_value **items = room(c, v->n);
	size_t n = 0;

	for (size_t i = 0; i < v->n; i++)
		if (v->items[i]->kind == HCL_V_STRING && v->items[i]->len > 0)
			items[n++] = v->items[i];
	return tuple(c, items, n);
}

static int
by_text(const void *a, const void *b)
{
	value x = *(const value *)a, y = *(const value *)b;
	int diff = memcmp(x->str, y->str, x->len < y->len ? x->len : y->len);

	return diff != 0 ? diff : (x->len > y->len) - (x->len < y->len);
}

static value
fn_sort(struct hcl_call *c)
{
	value v = c->args[0];
	const struct hcl_value **items = room(c, v->n);

	for (size_t i = 0; i < v->n; i++) {
		if (v->items[i]->kind != HCL_V_STRING)
			return hcl_func_fail(c,
			    "given list element %zu is null; a null string "
			    "cannot be sorted",
			    i);
		items[i] = v->items[i];
	}
	if (v->n > 0)
		qsort(items, v->n, sizeof(*items), by_text);
	return tuple(c, items, v->n);
}

static value
fn_slice(struct hcl_call *c)
{
	value v = c->args[0];
	int64_t from, to;

	if (v->kind != HCL_V_TUPLE && v->kind != HCL_V_LIST)
		return hcl_func_blame(c, 0, "must be a list or tuple value");
	if (!hcl_number_int64(c->args[1]->num, &from) || from < 0)
		return hcl_func_blame(
		    c, 1, "start index must not be less than zero");
	if (!hcl_number_int64(c->args[2]->num, &to) || to < 0)
		return hcl_func_blame(
		    c, 2, "end index must not be less than zero");
	if ((size_t)from > v->n)
		return hcl_func_blame(c, 1,
		    "start index must not be greater than the length of the "
		    "list");
	if ((size_t)to > v->n)
		return hcl_func_blame(c, 2,
		    "end index must not be greater than the length of the "
		    "list");
	if (from > to)
		return hcl_func_blame(
		    c, 1, "start index must not be greater than end index");
	return tuple(c, v->items + from, (size_t)(to - from));
}

static value
fn_chunklist(struct hcl_call *c)
{
	value v = c->args[0];
	const struct hcl_value **chunks;
	size_t n = 0;
	int64_t size;

	if (v->kind != HCL_V_TUPLE && v->kind != HCL_V_LIST)
		return hcl_func_blame(c, 0, "list of any type required");
	if (!hcl_number_int64(c->args[1]->num, &size))
		return hcl_func_blame(c, 1, "a whole number is required");
	if (size < 0)
		return hcl_func_fail(c, "the size argument must be positive");
	if (size == 0)
		size = v->n > 0 ? (int64_t)v->n : 1;
	chunks = room(c, v->n);
	for (size_t i = 0; i < v->n; i += (size_t)size) {
		size_t left = v->n - i;

		if (left > (size_t)size)
			left = (size_t)size;
		chunks[n++] = tuple(c, v->items + i, left);
	}
	return tuple(c, chunks, n);
}

static value
fn_range(struct hcl_call *c)
{
	hcl_number from = 0, to, step = 1, at;
	const struct hcl_value **items = room(c, RANGE_MAX);
	size_t n = 0;

	if (c->nargs == 0 || c->nargs > 3)
		return hcl_func_fail(
		    c, "must have one, two, or three arguments");
	to = c->args[c->nargs == 1 ? 0 : 1]->num;
	if (c->nargs > 1)
		from = c->args[0]->num;
	if (c->nargs == 3)
		step = c->args[2]->num;
	else if (to < from)
		step = -1;
	if (step == 0)
		return hcl_func_fail(c, "step must not be zero");
	if (step > 0 ? to < from : to > from)
		return hcl_func_fail(
		    c, step > 0 ? "end must be greater than start when step is "
				  "positive"
				: "end must be less than start when step is "
				  "negative");
	for (at = from; step > 0 ? at < to : at > to; at += step) {
		if (n == RANGE_MAX)
			return hcl_func_fail(c,
			    "more than %d values were generated; either "
			    "decrease the difference between start and end or "
			    "use a smaller step",
			    RANGE_MAX);
		items[n++] = hcl_value_number(c->ev->arena, at);
	}
	return tuple(c, items, n);
}

/* The first that is not null, as the type that all of them have: text beside
 * numbers makes text of them. */
static value
fn_coalesce(struct hcl_call *c)
{
	enum hcl_value_kind kind = HCL_V_NULL;
	value first = NULL, v;
	const char *why;

	for (size_t i = 0; i < c->nargs; i++) {
		v = c->args[i];
		if (v->kind == HCL_V_NULL)
			continue;
		if (first == NULL)
			first = v;
		if (kind == HCL_V_NULL || v->kind == HCL_V_STRING)
			kind = v->kind;
	}
	if (first == NULL)
		return hcl_func_fail(c, "no non-null arguments");
	if (kind != HCL_V_STRING)
		return first;
	v = hcl_value_convert(c->ev->arena, first, kind, &why);
	return v != NULL
		   ? v
		   : hcl_func_fail(c, "all arguments must have the same type");
}

static value
fn_coalescelist(struct hcl_call *c)
{
	for (size_t i = 0; i < c->nargs; i++) {
		if (c->args[i]->kind == HCL_V_NULL)
			continue;
		if (!is_seq(c->args[i]))
			return hcl_func_fail(c,
			    "coalescelist arguments must be lists or "
			    "tuples");
		if (c->args[i]->n > 0)
			return c->args[i];
	}
	return hcl_func_fail(c, "no non-null arguments");
}

/* --- sets --- */

static value
fn_setunion(struct hcl_call *c)
{
	value all = fn_concat(c);

	if (all == NULL)
		return NULL;
	return hcl_value_seq(c->ev->arena, HCL_V_SET, all->items, all->n);
}

static value
fn_setintersection(struct hcl_call *c)
{
	const struct hcl_value **items;
	size_t n = 0;

	if (fn_concat(c) == NULL)
		return NULL;
	items = room(c, c->args[0]->n);
	for (size_t i = 0; i < c->args[0]->n; i++) {
		bool everywhere = true;

		for (size_t k = 1; k < c->nargs && everywhere; k++) {
			c->ev->steps += c->args[k]->n;
			if (c->ev->steps > HCL_MAX_STEPS)
				return hcl_func_fail(c, "the sets are too "
							"large");
			everywhere = has(c->args[k]->items, c->args[k]->n,
			    c->args[0]->items[i]);
		}
		if (everywhere)
			items[n++] = c->args[0]->items[i];
	}
	return hcl_value_seq(c->ev->arena, HCL_V_SET, items, n);
}

/* All ways to take one of each. */
static value
fn_setproduct(struct hcl_call *c)
{
	const struct hcl_value **items, **one;
	size_t n = 1;

	if (c->nargs < 2)
		return hcl_func_fail(c, "at least two arguments are required");
	if (fn_concat(c) == NULL)
		return NULL;
	for (size_t i = 0; i < c->nargs; i++) {
		n *= c->args[i]->n;
		if (n > HCL_MAX_WEIGHT / c->nargs)
			return hcl_func_fail(c, "the product is too large");
	}
	items = room(c, n);
	for (size_t i = 0; i < n; i++) {
		size_t left = i;

		one = room(c, c->nargs);
		for (size_t k = c->nargs; k > 0; k--) {
			one[k - 1] =
			    c->args[k - 1]->items[left % c->args[k - 1]->n];
			left /= c->args[k - 1]->n;
		}
		items[i] = tuple(c, one, c->nargs);
	}
	return tuple(c, items, n);
}

#define NUMBER(n)                      \
	{                              \
		n, HCL_P_NUMBER, false \
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

const struct hcl_func hcl_coll_funcs[] = {
	{ "chunklist", fn_chunklist, { ANY("list"), NUMBER("size") }, 2, NONE },
	{ "coalesce", fn_coalesce, { NONE }, 0, NULLS("vals") },
	{ "coalescelist", fn_coalescelist, { NONE }, 0, NULLS("vals") },
	{ "compact", fn_compact, { STRINGS("list") }, 1, NONE },
	{ "concat", fn_concat, { NONE }, 0, ANY("seqs") },
	{ "contains", fn_contains, { ANY("list"), NULLS("value") }, 2, NONE },
	{ "distinct", fn_distinct, { ANY("list") }, 1, NONE },
	{ "element", fn_element, { ANY("list"), NUMBER("index") }, 2, NONE },
	{ "flatten", fn_flatten, { ANY("list") }, 1, NONE },
	{ "index", fn_index, { ANY("collection"), ANY("key") }, 2, NONE },
	{ "length", fn_length, { ANY("collection") }, 1, NONE },
	{ "range", fn_range, { NONE }, 0, NUMBER("params") },
	{ "setintersection", fn_setintersection, { NONE }, 0, ANY("sets") },
	{ "setproduct", fn_setproduct, { NONE }, 0, ANY("sets") },
	{ "setunion", fn_setunion, { NONE }, 0, ANY("sets") },
	{ "slice", fn_slice,
	    { ANY("list"), NUMBER("start_index"), NUMBER("end_index") }, 3,
	    NONE },
	{ "sort", fn_sort, { STRINGS("list") }, 1, NONE },
};
const size_t hcl_ncoll_funcs = sizeof hcl_coll_funcs / sizeof hcl_coll_funcs[0];
