#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/hcl/expr.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/rec_hcl_impl.h"

/* What is being set: where it goes and what to say when it does not fit. */
struct setter {
	struct rec_hcl *h;
	const struct rec_field *f;
	struct hcl_range at;
};

static __attribute__((format(printf, 2, 3))) bool
refuse(const struct setter *s, const char *fmt, ...)
{
	struct buf text = { 0 };
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	hcl_diag_add(s->h->ev->diags, s->at, "Unsuitable value type", "%s",
	    buf_str(&text));
	buf_release(&text);
	return false;
}

static bool
set_int(const struct setter *s, void *v, const struct hcl_value *val)
{
	int64_t i;

	if (s->f->kind == REC_K_U64 && val->num >= 0 && val->num < 0x1p64L &&
	    val->num == truncl(val->num)) {
		*(uint64_t *)v = (uint64_t)val->num;
		return true;
	}
	if (s->f->kind == REC_K_U64)
		return refuse(s, "Unsuitable value: value must be a whole "
				 "number, between 0 and 18446744073709551615 "
				 "inclusive");
	if (!hcl_number_int64(val->num, &i))
		return refuse(s, "Unsuitable value: value must be a whole "
				 "number, between -9223372036854775808 and "
				 "9223372036854775807");
	*(int64_t *)v = i;
	return true;
}

static bool
set_dur(const struct setter *s, void *v, const struct hcl_value *val)
{
	struct buf why = { 0 };

	if (val->kind == HCL_V_NUMBER)
		return set_int(s, v, val);
	if (val->kind != HCL_V_STRING)
		return refuse(s,
		    "Unsuitable value: expected a string but found %s",
		    hcl_value_type(val));
	if (strlen(val->str) == val->len && clock_parse_dur(val->str, v) == 0)
		return true;
	clock_explain_dur(val->str, &why);
	refuse(s, "Unsuitable duration value: time: %s", buf_str(&why));
	buf_release(&why);
	return false;
}

/* --- scalars --- */

static bool
set_str(const struct setter *s, void *v, const struct hcl_value *val)
{
	if (memchr(val->str, '\0', val->len) != NULL)
		return refuse(s, "Unsuitable value: text holds a NUL");
	*(char **)v = xstrndup(val->str, val->len);
	return true;
}

static bool
set_time(const struct setter *s, void *v, const struct hcl_value *val)
{
	if (clock_parse_time(val->str, v) == 0)
		return true;
	return refuse(s, "Unsuitable value: expected a time such as "
			 "\"2006-01-02T15:04:05Z\"");
}

static bool
set_bytes(const struct setter *s, void *v, const struct hcl_value *val)
{
	struct rec_bytes *b = v;
	long len;

	b->data = xmalloc(val->len / 4 * 3 + 1);
	len = json_parse_base64(val->str, val->len, b->data);
	if (len < 0)
		return refuse(s, "Unsuitable value: not base64");
	b->len = (size_t)len;
	return true;
}

static enum hcl_value_kind
wanted_kind(const struct rec_field *f)
{
	switch (f->kind) {
	case REC_K_BOOL:
		return HCL_V_BOOL;
	case REC_K_I64:
	case REC_K_U64:
	case REC_K_F64:
		return HCL_V_NUMBER;
	case REC_K_STR:
	case REC_K_TIME:
	case REC_K_BYTES:
		return HCL_V_STRING;
	case REC_K_DUR:
	case REC_K_TREE:
	case REC_K_REC:
	case REC_K_PTR:
		break;
	}
	return HCL_V_UNKNOWN;
}

/* A known value, of the row's kind. */
static bool
set_scalar(const struct setter *s, void *v, const struct hcl_value *val)
{
	switch (s->f->kind) {
	case REC_K_BOOL:
		*(bool *)v = val->b;
		return true;
	case REC_K_I64:
	case REC_K_U64:
		return set_int(s, v, val);
	case REC_K_F64:
		*(double *)v = (double)val->num;
		return true;
	case REC_K_DUR:
		return set_dur(s, v, val);
	case REC_K_TIME:
		return set_time(s, v, val);
	case REC_K_STR:
		return set_str(s, v, val);
	case REC_K_BYTES:
		return set_bytes(s, v, val);
	case REC_K_TREE:
		*(struct tree **)v = hcl_value_tree(val);
		return true;
	case REC_K_REC:
	case REC_K_PTR:
		break;
	}
	return refuse(s, "Unsuitable value: a block is required");
}

/* Any known value but null into one place. */
static bool
set_value(const struct setter *s, void *v, const struct hcl_value *val)
{
	enum hcl_value_kind want = wanted_kind(s->f);
	const char *why = NULL;

	if (want != HCL_V_UNKNOWN)
		val = hcl_value_convert(s->h->ev->arena, val, want, &why);
	if (val == NULL)
		return refuse(s, "Unsuitable value: %s", why);
	return set_scalar(s, v, val);
}

/* --- rows --- */

void *
hcl_add_elem(struct rec_hcl *h, const struct rec_field *f, void *rec,
    struct hcl_range at)
{
	size_t n = *rec_count(f, rec), size = rec_value_size(f);
	char *elems = rec_ptr(f, rec);

	if (n >= REC_HCL_MAX_ELEMS) {
		hcl_diag_add(h->ev->diags, at, "Too many values",
		    "There may be %d of these at most.", REC_HCL_MAX_ELEMS);
		return NULL;
	}
	elems = xreallocarray(elems, n + 1, size);
	memset(elems + n * size, 0, size);
	*(void **)rec_at(rec, f->offset) = elems;
	*rec_count(f, rec) = n + 1;
	return elems + n * size;
}

static const char *
elem_name(const struct rec_field *f)
{
	enum hcl_value_kind kind = wanted_kind(f);

	if (kind == HCL_V_BOOL)
		return "bool";
	return kind == HCL_V_NUMBER ? "number" : "string";
}

static void
set_list(const struct setter *s, void *rec, const struct hcl_value *val)
{
	const struct hcl_value *const *items = val->items;
	size_t n = val->n;

	if (val->kind > HCL_V_SET) {
		refuse(s, "Unsuitable value: list of %s required",
		    elem_name(s->f));
		return;
	}
	if (val->kind < HCL_V_TUPLE) {
		refuse(s, "Unsuitable value: list of %s required, but have %s",
		    elem_name(s->f), hcl_value_type(val));
		return;
	}
	rec_row_clear(s->f, rec);
	*(void **)rec_at(rec, s->f->offset) = xcalloc(0, 1);
	for (size_t i = 0; i < n; i++) {
		void *v = hcl_add_elem(s->h, s->f, rec, s->at);

		if (v == NULL)
			return;
		if (items[i]->kind == HCL_V_NULL)
			refuse(s, "Unsuitable value: null value is not "
				  "allowed");
		else
			set_value(s, v, items[i]);
	}
}

void
hcl_set_attr(struct rec_hcl *h, const struct rec_field *f, void *rec,
    const struct hcl_attr *attr)
{
	struct setter s = { h, f, hcl_expr_start(attr->expr) };
	const struct hcl_value *val = hcl_eval_kept(h->ev, attr->expr);

	if (val->kind == HCL_V_UNKNOWN || val->kind == HCL_V_NULL)
		return;
	if (f->shape == REC_LIST_OF) {
		set_list(&s, rec, val);
		return;
	}
	rec_row_clear(f, rec);
	if (set_value(&s, rec_at(rec, f->offset), val) && rec_is_flagged(f))
		*rec_has(f, rec) = true;
}

/* --- maps of pairs --- */

static void
set_pair(const struct setter *s, void *rec, const char *key,
    const struct hcl_value *val)
{
	const struct rec_field *value = &s->f->type->fields[1];
	struct setter inner = { s->h, value, s->at };
	char *e;

	if (val->kind == HCL_V_UNKNOWN)
		return;
	if (val->kind == HCL_V_NULL) {
		refuse(s, "Unsuitable value: null value is not allowed");
		return;
	}
	e = hcl_add_elem(s->h, s->f, rec, s->at);
	if (e == NULL)
		return;
	*(char **)(void *)e = xstrdup(key);
	if (value->shape == REC_LIST_OF)
		set_list(&inner, e, val);
	else
		set_value(&inner, e + value->offset, val);
}

void
hcl_set_map(struct rec_hcl *h, const struct rec_field *f, void *rec,
    const struct hcl_attr *attr)
{
	struct setter s = { h, f, hcl_expr_start(attr->expr) };
	const struct hcl_value *val = hcl_eval_kept(h->ev, attr->expr);

	if (val->kind == HCL_V_UNKNOWN || val->kind == HCL_V_NULL)
		return;
	if (val->kind != HCL_V_OBJECT && val->kind != HCL_V_MAP) {
		refuse(&s, "Unsuitable value: map of %s required, but have %s",
		    elem_name(&f->type->fields[1]), hcl_value_type(val));
		return;
	}
	rec_row_clear(f, rec);
	*(void **)rec_at(rec, f->offset) = xcalloc(0, 1);
	for (size_t i = 0; i < val->n; i++)
		set_pair(&s, rec, val->keys[i], val->items[i]);
	rec_sort_map(f, rec, true);
}

void
hcl_add_to_map(struct rec_hcl *h, const struct rec_field *f, void *rec,
    const struct hcl_body *body)
{
	size_t n;
	const struct hcl_attr *attrs = hcl_attrs_of(body, &n);

	if (rec_ptr(f, rec) == NULL)
		*(void **)rec_at(rec, f->offset) = xcalloc(0, 1);
	if (body->nblocks > 0)
		hcl_diag_add(h->ev->diags, body->blocks[0].type_range,
		    "Unexpected block", "Blocks are not allowed here.");
	for (size_t i = 0; i < n; i++) {
		struct setter s = { h, f, hcl_expr_start(attrs[i].expr) };

		set_pair(&s, rec, attrs[i].name,
		    hcl_eval_kept(h->ev, attrs[i].expr));
	}
	rec_sort_map(f, rec, true);
}

/* --- trees --- */

/* Dividing by zero makes a number that no document can hold. */
static bool
has_infinity(const struct hcl_value *v)
{
	if (v->kind == HCL_V_NUMBER)
		return isinf(v->num);
	for (size_t i = 0; i < v->n; i++)
		if (has_infinity(v->items[i]))
			return true;
	return false;
}

/* An object that was written with braces is data like a block, which there
 * may be several of: a list of one. */
static struct tree *
attr_tree(
    struct rec_hcl *h, const struct hcl_body *body, const struct hcl_attr *attr)
{
	const struct hcl_value *val = hcl_eval_kept(h->ev, attr->expr);
	struct tree *t = hcl_value_tree(val), *list;

	if (val->kind == HCL_V_UNKNOWN)
		hcl_diag_add(h->ev->diags, hcl_expr_start(attr->expr),
		    "unsuitable value type",
		    "Unsuitable value: value is not known");
	if (has_infinity(val))
		hcl_diag_add(h->ev->diags, hcl_expr_start(attr->expr),
		    "Unsuitable value type",
		    "Unsuitable value: the number is infinite");
	if (attr->expr->kind != HCL_E_OBJECT || body->json != NULL)
		return t;
	list = tree_list();
	tree_push(list, t);
	return list;
}

/* The list of a type's blocks, made where there is none. */
static struct tree *
block_list(struct tree *to, const char *type)
{
	const struct tree *found = tree_get(to, type);

	for (size_t i = 0; found != NULL && i < to->nmembers; i++)
		if (to->members[i].value == found)
			return to->members[i].value;
	tree_set(to, type, tree_list());
	return block_list(to, type);
}

static void
add_block_tree(struct rec_hcl *h, struct tree *to, const struct hcl_block *b)
{
	struct tree *t = hcl_body_tree(h, b->body);

	for (size_t i = b->nlabels; i > 0; i--) {
		struct tree *outer = tree_map(), *list = tree_list();

		tree_push(list, t);
		tree_set(outer, b->labels[i - 1].text, list);
		t = outer;
	}
	tree_push(block_list(to, b->type), t);
}

/* A block wins over an attribute of its name. */
struct tree *
hcl_body_tree(struct rec_hcl *h, const struct hcl_body *body)
{
	struct tree *t = tree_map();
	size_t n;
	const struct hcl_attr *attrs = hcl_attrs_of(body, &n);

	for (size_t i = 0; i < body->nblocks; i++)
		add_block_tree(h, t, &body->blocks[i]);
	for (size_t i = 0; i < n; i++)
		if (body->nblocks == 0 || tree_get(t, attrs[i].name) == NULL)
			tree_set(
			    t, attrs[i].name, attr_tree(h, body, &attrs[i]));
	return t;
}
