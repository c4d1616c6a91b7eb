#include "common/hcl/internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

const struct hcl_value hcl_value_null = { .kind = HCL_V_NULL };
const struct hcl_value hcl_value_unknown = { .kind = HCL_V_UNKNOWN };

const struct hcl_value *
hcl_value_bool(struct arena *a, bool b)
{
	struct hcl_value *v = arena_alloc(a, sizeof *v);

	v->kind = HCL_V_BOOL;
	v->b = b;
	return v;
}

const struct hcl_value *
hcl_value_number(struct arena *a, hcl_number num)
{
	struct hcl_value *v = arena_alloc(a, sizeof *v);

	v->kind = HCL_V_NUMBER;
	v->num = num == 0 ? 0 : num; /* there is no minus zero */
	return v;
}

const struct hcl_value *
hcl_value_string(struct arena *a, const char *s, size_t n)
{
	struct hcl_value *v = arena_alloc(a, sizeof *v);

	v->kind = HCL_V_STRING;
	v->str = arena_strndup(a, s, n);
	v->len = n;
	v->text = n;
	return v;
}

/* An order over all values, for sets; what it is does not matter but for
 * strings, which stand bytewise. */
static int
compare(const struct hcl_value *a, const struct hcl_value *b)
{
	int c = (int)a->kind - (int)b->kind;

	if (c != 0)
		return c;
	if (a->kind == HCL_V_STRING) {
		c = memcmp(a->str, b->str, a->len < b->len ? a->len : b->len);
		return c != 0 ? c : (a->len > b->len) - (a->len < b->len);
	}
	if (a->kind == HCL_V_NUMBER)
		return (a->num > b->num) - (a->num < b->num);
	if (a->kind == HCL_V_BOOL)
		return (int)a->b - (int)b->b;
	for (size_t i = 0; i < a->n && i < b->n; i++) {
		if (a->keys != NULL &&
		    (c = strcmp(a->keys[i], b->keys[i])) != 0)
			return c;
		if ((c = compare(a->items[i], b->items[i])) != 0)
			return c;
	}
	return (a->n > b->n) - (a->n < b->n);
}

bool
hcl_value_equal(const struct hcl_value *a, const struct hcl_value *b)
{
	return compare(a, b) == 0;
}

static int
by_value(const void *a, const void *b)
{
	return compare(*(const struct hcl_value *const *)a,
	    *(const struct hcl_value *const *)b);
}

/* Parts are shared, so a few lines can make a value of billions: it is known
 * at once. */
static void
weigh(struct hcl_value *v)
{
	v->weight = v->n;
	for (size_t i = 0; i < v->n && v->weight <= HCL_MAX_WEIGHT &&
			   v->text <= HCL_MAX_VALUE_BYTES;
	     i++) {
		v->weight += v->items[i]->weight;
		v->text += v->items[i]->text;
		if (v->keys != NULL)
			v->text += strlen(v->keys[i]);
	}
}

const struct hcl_value *
hcl_value_seq(struct arena *a, enum hcl_value_kind kind,
    const struct hcl_value **items, size_t n)
{
	struct hcl_value *v = arena_alloc(a, sizeof *v);
	size_t unique = 0;

	v->kind = kind;
	v->items = items;
	v->n = n;
	weigh(v);
	if (kind != HCL_V_SET || n == 0 || v->weight > HCL_MAX_WEIGHT ||
	    v->text > HCL_MAX_VALUE_BYTES)
		return v;
	qsort(items, n, sizeof(*items), by_value);
	for (size_t i = 0; i < n; i++)
		if (unique == 0 || compare(items[unique - 1], items[i]) != 0)
			items[unique++] = items[i];
	v->n = unique;
	return v;
}

struct member {
	const char *key;
	const struct hcl_value *value;
	size_t at;
};

static int
by_key(const void *a, const void *b)
{
	const struct member *ma = a, *mb = b;
	int c = strcmp(ma->key, mb->key);

	return c != 0 ? c : (ma->at > mb->at) - (ma->at < mb->at);
}

const struct hcl_value *
hcl_value_map(struct arena *a, enum hcl_value_kind kind, const char **keys,
    const struct hcl_value **items, size_t n)
{
	struct hcl_value *v = arena_alloc(a, sizeof *v);
	struct member *m = xcalloc(n, sizeof *m);

	v->kind = kind;
	v->keys = keys;
	v->items = items;
	for (size_t i = 0; i < n; i++)
		m[i] = (struct member){ keys[i], items[i], i };
	if (n > 0)
		qsort(m, n, sizeof *m, by_key);
	for (size_t i = 0; i < n; i++) {
		if (v->n > 0 && strcmp(keys[v->n - 1], m[i].key) == 0)
			v->n--;
		keys[v->n] = m[i].key;
		items[v->n++] = m[i].value;
	}
	free(m);
	weigh(v);
	return v;
}

const struct hcl_value *
hcl_value_get(const struct hcl_value *v, const char *key)
{
	size_t low = 0, high = v->keys == NULL ? 0 : v->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int c = strcmp(v->keys[mid], key);

		if (c == 0)
			return v->items[mid];
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

const char *
hcl_value_type(const struct hcl_value *v)
{
	static const char *const names[] = { "dynamic", "dynamic", "bool",
		"number", "string", "tuple", "list", "set", "object", "map" };

	return names[v->kind];
}

bool
hcl_number_int64(hcl_number num, int64_t *i)
{
	const hcl_number limit = ldexpl(1, 63);

	if (num < -limit || num >= limit || num != truncl(num))
		return false;
	*i = (int64_t)num;
	return true;
}

/* The fewest digits that read back as the same double, without exponent. */
static void
format_fraction(double d, struct buf *out)
{
	char text[64];
	int digits, exponent, decimals;

	for (digits = 1; digits < 17; digits++) {
		snprintf(text, sizeof text, "%.*e", digits - 1, d);
		if (strtod(text, NULL) == d)
			break;
	}
	snprintf(text, sizeof text, "%.*e", digits - 1, d);
	exponent = atoi(strchr(text, 'e') + 1);
	decimals = digits - 1 - exponent;
	buf_addf(out, "%.*f", decimals > 0 ? decimals : 0, d);
}

void
hcl_number_format(hcl_number num, struct buf *out)
{
	if (isnan(num) || isinf(num))
		return;
	if (num == truncl(num) && fabsl(num) < 1e300L)
		buf_addf(out, "%.0Lf", num);
	else
		format_fraction((double)num, out);
}

static const struct hcl_value *
to_string(struct arena *a, const struct hcl_value *v)
{
	struct buf text = { 0 };
	const struct hcl_value *s;

	if (v->kind == HCL_V_BOOL)
		return hcl_value_string(
		    a, v->b ? "true" : "false", v->b ? 4 : 5);
	if (v->kind != HCL_V_NUMBER)
		return NULL;
	hcl_number_format(v->num, &text);
	s = hcl_value_string(a, buf_str(&text), text.len);
	buf_release(&text);
	return s;
}

static const struct hcl_value *
to_number(struct arena *a, const struct hcl_value *v)
{
	char *end;
	hcl_number num;

	if (v->len == 0 || v->len > 64 ||
	    strspn(v->str, "0123456789+-.eE") != v->len)
		return NULL;
	num = strtold(v->str, &end);
	return *end == '\0' && !isinf(num) ? hcl_value_number(a, num) : NULL;
}

static const struct hcl_value *
to_bool(struct arena *a, const struct hcl_value *v)
{
	if (strcmp(v->str, "true") == 0 || strcmp(v->str, "1") == 0)
		return hcl_value_bool(a, true);
	if (strcmp(v->str, "false") == 0 || strcmp(v->str, "0") == 0)
		return hcl_value_bool(a, false);
	return NULL;
}

const struct hcl_value *
hcl_value_convert(struct arena *a, const struct hcl_value *v,
    enum hcl_value_kind to, const char **why)
{
	const struct hcl_value *r = NULL;
	char text[64];

	if (v->kind == to || v->kind <= HCL_V_NULL)
		return v;
	snprintf(text, sizeof text, "%s required, but have %s",
	    to == HCL_V_STRING ? "string"
	    : to == HCL_V_BOOL ? "bool"
			       : "number",
	    hcl_value_type(v));
	if (to == HCL_V_STRING) {
		r = to_string(a, v);
	} else if (v->kind == HCL_V_STRING && to == HCL_V_NUMBER) {
		r = to_number(a, v);
		snprintf(text, sizeof text, "a number is required");
	} else if (v->kind == HCL_V_STRING && to == HCL_V_BOOL) {
		r = to_bool(a, v);
		snprintf(text, sizeof text, "a bool is required");
	}
	if (r == NULL)
		*why = arena_strndup(a, text, strlen(text));
	return r;
}

static struct tree *
number_tree(hcl_number num)
{
	int64_t i;

	return hcl_number_int64(num, &i) ? tree_int(i)
					 : tree_float((double)num);
}

/* Deeper than any tree may be, values turn to null. */
static struct tree *
value_tree(const struct hcl_value *v, size_t depth)
{
	struct tree *t;

	if (depth == TREE_MAX_DEPTH)
		return tree_null();
	switch (v->kind) {
	case HCL_V_BOOL:
		return tree_bool(v->b);
	case HCL_V_NUMBER:
		return number_tree(v->num);
	case HCL_V_STRING:
		return tree_bytes(v->str, v->len);
	case HCL_V_TUPLE:
	case HCL_V_LIST:
	case HCL_V_SET:
		t = tree_list();
		for (size_t i = 0; i < v->n; i++)
			tree_push(t, value_tree(v->items[i], depth + 1));
		return t;
	case HCL_V_OBJECT:
	case HCL_V_MAP:
		t = tree_map();
		for (size_t i = 0; i < v->n; i++)
			tree_set(
			    t, v->keys[i], value_tree(v->items[i], depth + 1));
		return t;
	case HCL_V_UNKNOWN:
	case HCL_V_NULL:
		break;
	}
	return tree_null();
}

struct tree *
hcl_value_tree(const struct hcl_value *v)
{
	return value_tree(v, 0);
}
