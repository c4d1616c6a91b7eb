/*
 * Dynamic blocks: one that is written stands for as many as its for_each has
 * elements. The body that they stand in is copied, with blocks in their place
 * whose bodies are the content, each in a scope that knows its element.
 */
#include <stdlib.h>
#include <string.h>

#include "common/hcl/expr.h"
#include "common/hcl/internal.h"
#include "common/rec_hcl_impl.h"

struct block_list {
	struct hcl_block *v;
	size_t n;
	size_t cap;
};

static struct hcl_block *
push(struct arena *a, struct block_list *list)
{
	if (list->n == list->cap) {
		size_t cap = list->cap == 0 ? 8 : 2 * list->cap;
		struct hcl_block *v = arena_alloc(a, cap * sizeof *v);

		if (list->n > 0)
			memcpy(v, list->v, list->n * sizeof *v);
		list->v = v;
		list->cap = cap;
	}
	return &list->v[list->n++];
}

/* What a dynamic block says of itself. */
struct dynamic {
	const struct hcl_block *block;
	const struct hcl_block *content;
	const char *type;
	const char *iterator;
	const struct hcl_expr *labels; /* NULL for none */
	size_t nlabels;
	const struct hcl_value *each;
	const struct hcl_expr *each_expr;
};

static bool
fail(struct rec_hcl *h, struct hcl_range at, const char *summary,
    const char *sentence)
{
	hcl_diag_add(h->ev->diags, at, summary, "%s", sentence);
	return false;
}

static bool
missing(struct rec_hcl *h, const struct hcl_body *body, const char *name)
{
	rec_hcl_require(h, body, name);
	return false;
}

/* The names that may stand beside content. */
static bool
check_args(struct rec_hcl *h, const struct dynamic *d)
{
	static const char *const known[] = { "for_each", "iterator", "labels",
		"content" };
	size_t n, nbefore = h->ev->diags->n;
	const struct hcl_attr *attrs = hcl_attrs_of(d->block->body, &n);

	for (size_t i = 0; i < n; i++) {
		bool found = false;

		for (size_t k = 0; k < 4; k++)
			found |= strcmp(attrs[i].name, known[k]) == 0;
		if (!found)
			hcl_diag_add(h->ev->diags, attrs[i].name_range,
			    "Unsupported argument",
			    "An argument named \"%s\" is not expected here.",
			    attrs[i].name);
	}
	return h->ev->diags->n == nbefore;
}

static bool
read_iterator(struct rec_hcl *h, struct dynamic *d)
{
	const struct hcl_attr *attr = hcl_attr_of(d->block->body, "iterator");

	d->iterator = d->type;
	if (attr == NULL)
		return true;
	if (attr->expr->kind == HCL_E_ROOT)
		d->iterator = attr->expr->name;
	else if (attr->expr->kind == HCL_E_LITERAL &&
		 attr->expr->value->kind == HCL_V_STRING)
		d->iterator = attr->expr->value->str;
	else
		return fail(h, hcl_expr_range(attr->expr), "Invalid expression",
		    "A single static variable reference is required.");
	return true;
}

static bool
read_each(struct rec_hcl *h, struct dynamic *d, const struct hcl_attr *attr)
{
	d->each_expr = attr->expr;
	d->each = hcl_eval(h->ev, attr->expr);
	if (d->each->kind == HCL_V_UNKNOWN)
		return false;
	if (d->each->kind == HCL_V_NULL)
		return fail(h, hcl_expr_range(attr->expr),
		    "Invalid dynamic for_each value",
		    "Cannot use a null value in for_each.");
	if (d->each->kind >= HCL_V_TUPLE)
		return true;
	hcl_diag_add(h->ev->diags, hcl_expr_range(attr->expr),
	    "Invalid dynamic for_each value",
	    "Cannot use a %s value in for_each. An iterable collection is "
	    "required.",
	    hcl_value_type(d->each));
	return false;
}

static bool
read_labels(struct rec_hcl *h, struct dynamic *d)
{
	const struct hcl_attr *attr = hcl_attr_of(d->block->body, "labels");

	if (attr == NULL)
		return d->nlabels == 0 || missing(h, d->block->body, "labels");
	d->labels = attr->expr;
	if (d->labels->kind != HCL_E_TUPLE)
		return fail(h, hcl_expr_range(d->labels), "Invalid expression",
		    "A static list expression is required.");
	if (d->labels->nparts == d->nlabels)
		return true;
	hcl_diag_add(h->ev->diags, hcl_expr_range(d->labels),
	    d->labels->nparts < d->nlabels ? "Insufficient dynamic block labels"
					   : "Extraneous dynamic block label",
	    "Blocks of type \"%s\" require %zu label(s).", d->type, d->nlabels);
	return false;
}

static bool
read_dynamic(struct rec_hcl *h, struct dynamic *d)
{
	const struct hcl_body *body = d->block->body;
	const struct hcl_attr *each = hcl_attr_of(body, "for_each");
	size_t n;
	const struct hcl_block **content =
	    hcl_blocks_of(body, "content", 0, &n);

	if (!check_args(h, d))
		return false;
	if (each == NULL)
		return missing(h, body, "for_each");
	if (!read_labels(h, d))
		return false;
	if (n == 0)
		return fail(h, hcl_body_start(body),
		    "Missing dynamic content block",
		    "A dynamic block must have a nested block of type "
		    "\"content\" to describe the body of each generated "
		    "block.");
	if (n > 1)
		return fail(h, hcl_block_range(content[1]),
		    "Extraneous dynamic content block",
		    "Only one nested content block is allowed for each "
		    "dynamic block.");
	d->content = content[0];
	return read_iterator(h, d) && read_each(h, d, each);
}

/* --- making blocks --- */

/* The scope of element i: the iterator with its key and value. */
static const struct hcl_scope *
scope_of(struct rec_hcl *h, const struct dynamic *d, size_t i)
{
	struct arena *a = h->ev->arena;
	const struct hcl_value *each = d->each, *value = each->items[i], *key;
	struct hcl_scope *scope = arena_alloc(a, sizeof *scope);
	const struct hcl_value **items = arena_alloc(a, 2 * sizeof(*items));
	const char **keys = arena_alloc(a, 2 * sizeof(*keys));

	if (each->kind >= HCL_V_OBJECT)
		key = hcl_value_string(a, each->keys[i], strlen(each->keys[i]));
	else if (each->kind == HCL_V_SET)
		key = value;
	else
		key = hcl_value_number(a, (hcl_number)i);
	keys[0] = "key";
	keys[1] = "value";
	items[0] = key;
	items[1] = value;
	scope->outer = h->ev->scope;
	scope->name = d->iterator;
	scope->value = hcl_value_map(a, HCL_V_OBJECT, keys, items, 2);
	return scope;
}

static bool
make_labels(struct rec_hcl *h, const struct dynamic *d, struct hcl_block *b)
{
	const char *why = NULL;

	b->nlabels = d->nlabels;
	b->labels =
	    arena_alloc(h->ev->arena, (d->nlabels + 1) * sizeof *b->labels);
	for (size_t i = 0; i < d->nlabels; i++) {
		struct hcl_expr *e = d->labels->parts[i];
		const struct hcl_value *v = hcl_eval(h->ev, e);

		if (v->kind == HCL_V_UNKNOWN)
			return false;
		if (v->kind == HCL_V_NULL)
			return fail(h, hcl_expr_range(e),
			    "Invalid dynamic block label",
			    "Cannot use a null value as a dynamic block "
			    "label.");
		v = hcl_value_convert(h->ev->arena, v, HCL_V_STRING, &why);
		if (v == NULL) {
			hcl_diag_add(h->ev->diags, hcl_expr_range(e),
			    "Invalid dynamic block label",
			    "Cannot use this value as a dynamic block label: "
			    "%s.",
			    why);
			return false;
		}
		b->labels[i] = (struct hcl_label){ v->str, hcl_expr_range(e) };
	}
	return true;
}

static bool
make_block(struct rec_hcl *h, const struct dynamic *d, size_t i,
    struct block_list *list)
{
	const struct hcl_scope *outer = h->ev->scope;
	struct hcl_body *body = arena_alloc(h->ev->arena, sizeof *body);
	struct hcl_block *b;
	bool good;

	if (h->nmade++ == REC_HCL_MAX_MADE)
		return fail(h, d->block->type_range, "Too many blocks",
		    "The dynamic blocks of this file stand for more blocks "
		    "than a file may have.");
	b = push(h->ev->arena, list);
	*body = *d->content->body;
	body->scope = h->ev->scope = scope_of(h, d, i);
	*b = (struct hcl_block){ .type = d->type,
		.type_range = d->block->labels[0].range,
		.open_range = d->content->open_range,
		.body = body };
	good = make_labels(h, d, b);
	h->ev->scope = outer;
	list->n -= !good;
	return good;
}

static void
expand_block(struct rec_hcl *h, const struct hcl_names *names,
    const struct hcl_block *block, struct block_list *list)
{
	struct dynamic d = { .block = block };
	const struct hcl_name *e;

	if (block->nlabels != 1) {
		fail(h, block->open_range, "Missing name for dynamic",
		    "All dynamic blocks must have 1 labels (type).");
		return;
	}
	d.type = block->labels[0].text;
	e = hcl_find_name(names, d.type);
	if (e == NULL || !hcl_is_block(e->f)) {
		hcl_diag_add(h->ev->diags, block->labels[0].range,
		    "Unsupported block type",
		    "Blocks of type \"%s\" are not expected here.", d.type);
		return;
	}
	d.nlabels = hcl_count_labels(e->f);
	if (!read_dynamic(h, &d))
		return;
	for (size_t i = 0; i < d.each->n; i++)
		if (!make_block(h, &d, i, list))
			return;
}

const struct hcl_body *
hcl_expand(struct rec_hcl *h, const struct hcl_names *names,
    const struct hcl_body *body)
{
	struct block_list list = { 0 };
	struct hcl_body *out;
	size_t n;
	const struct hcl_block **dynamic =
	    hcl_blocks_of(body, "dynamic", 1, &n);

	if (n == 0)
		return body;
	for (size_t i = 0; i < body->nblocks; i++)
		if (strcmp(body->blocks[i].type, "dynamic") == 0)
			expand_block(h, names, &body->blocks[i], &list);
		else
			*push(h->ev->arena, &list) = body->blocks[i];
	for (size_t i = 0; body->json != NULL && i < n; i++)
		expand_block(h, names, dynamic[i], &list);
	out = arena_alloc(h->ev->arena, sizeof *out);
	*out = *body;
	out->blocks = list.v;
	out->nblocks = list.n;
	return out;
}
