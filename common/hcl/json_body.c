/*
 * Bodies, native and JSON, as their readers ask for them.
 *
 * A JSON body keeps its value. Whether a member is an attribute or holds
 * blocks, and how many levels of objects are labels, only the reader knows,
 * so attributes and blocks are made when they are asked for.
 */
#include "common/hcl/internal.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

struct hcl_body *
hcl_parse_json(struct hcl_file *file, struct hcl_diags *d)
{
	const struct hcl_json *root = hcl_json_parse(file, d);
	struct hcl_body *body;

	if (root == NULL)
		return NULL;
	body = arena_alloc(&file->arena, sizeof *body);
	body->file = file;
	body->mode = HCL_JSON;
	body->json = root;
	body->range = root->range;
	return body;
}

/* --- JSON values as expressions --- */

static struct hcl_expr *json_expr(
    struct hcl_file *file, const struct hcl_json *j);

static struct hcl_expr *
new_expr(struct hcl_file *file, enum hcl_expr_kind kind, struct hcl_range range)
{
	struct hcl_expr *e = arena_alloc(&file->arena, sizeof *e);

	e->kind = kind;
	e->range = range;
	e->at = range;
	return e;
}

/* Text with ${ or %{ is a template, whose text starts behind the quote. */
static struct hcl_expr *
text_expr(struct hcl_file *file, const struct hcl_json *j)
{
	struct hcl_diags d = { 0 };
	struct hcl_expr *e;
	struct hcl_src *src;

	if (memmem(j->str, j->len, "${", 2) == NULL &&
	    memmem(j->str, j->len, "%{", 2) == NULL) {
		e = new_expr(file, HCL_E_LITERAL, j->range);
		e->value = hcl_value_string(&file->arena, j->str, j->len);
		return e;
	}
	src = arena_alloc(&file->arena, sizeof *src);
	*src = (struct hcl_src){ .name = file->src.name,
		.text = j->str,
		.n = j->len,
		.outer = &file->src,
		.outer_at = j->range.start + 1 };
	e = hcl_parse_template(file, src, &d);
	if (d.n > 0)
		e = new_expr(file, HCL_E_BAD, j->range);
	hcl_diags_release(&d);
	return e;
}

static struct hcl_expr *
items_expr(struct hcl_file *file, const struct hcl_json *j)
{
	struct hcl_expr *e = new_expr(
	    file, j->kind == J_OBJECT ? HCL_E_OBJECT : HCL_E_TUPLE, j->range);

	e->at.end = e->at.start + 1;
	e->parts = arena_alloc(&file->arena, (j->n + 1) * sizeof(*e->parts));
	e->keys = arena_alloc(&file->arena, (j->n + 1) * sizeof(*e->keys));
	e->nparts = j->n;
	for (size_t i = 0; i < j->n; i++) {
		e->parts[i] = json_expr(file, j->items[i]);
		if (j->kind == J_OBJECT) {
			struct hcl_json key = { .kind = J_STRING,
				.range = j->key_ranges[i],
				.str = j->keys[i],
				.len = strlen(j->keys[i]) };

			e->keys[i] = text_expr(file, &key);
		}
	}
	return e;
}

static struct hcl_expr *
json_expr(struct hcl_file *file, const struct hcl_json *j)
{
	struct hcl_expr *e;

	if (j->kind == J_STRING)
		return text_expr(file, j);
	if (j->kind == J_LIST || j->kind == J_OBJECT)
		return items_expr(file, j);
	e = new_expr(file, HCL_E_LITERAL, j->range);
	if (j->kind == J_BOOL)
		e->value = hcl_value_bool(&file->arena, j->b);
	else if (j->kind == J_NUMBER)
		e->value =
		    hcl_value_number(&file->arena, strtold(j->str, NULL));
	else
		e->value = &hcl_value_null;
	return e;
}

static struct hcl_attr
json_attr(struct hcl_file *file, const struct hcl_json *j, size_t i)
{
	return (struct hcl_attr){ .name = j->keys[i],
		.name_range = j->key_ranges[i],
		.range = hcl_range_over(j->key_ranges[i], j->items[i]->range),
		.expr = json_expr(file, j->items[i]) };
}

/* --- JSON values as blocks --- */

struct block_list {
	struct hcl_file *file;
	const char *type;
	struct hcl_range type_range;
	size_t nlabels;
	struct hcl_label *labels; /* so far */
	const struct hcl_block **v;
	size_t n;
	size_t cap;
};

static void
list_block(struct block_list *list, const struct hcl_block *block)
{
	if (list->n == list->cap) {
		size_t cap = list->cap == 0 ? 4 : list->cap * 2;
		const struct hcl_block **v =
		    arena_alloc(&list->file->arena, cap * sizeof(*v));

		if (list->n > 0)
			memcpy(v, list->v, list->n * sizeof(*v));
		list->v = v;
		list->cap = cap;
	}
	list->v[list->n++] = block;
}

static void
json_block(struct block_list *list, const struct hcl_json *j)
{
	struct arena *a = &list->file->arena;
	struct hcl_block *block = arena_alloc(a, sizeof *block);
	struct hcl_body *body = arena_alloc(a, sizeof *body);

	body->file = list->file;
	body->mode = HCL_JSON;
	body->json = j;
	body->range = j->range;
	block->type = list->type;
	block->type_range = list->type_range;
	block->open_range = j->range;
	block->nlabels = list->nlabels;
	block->labels =
	    arena_alloc(a, (list->nlabels + 1) * sizeof *block->labels);
	if (list->nlabels > 0)
		memcpy(block->labels, list->labels,
		    list->nlabels * sizeof *block->labels);
	block->body = body;
	list_block(list, block);
}

/* Levels of objects are labels first; what is left is a block's body, or a
 * list of them. */
static void
json_blocks(struct block_list *list, const struct hcl_json *j, size_t label)
{
	if (j->kind == J_LIST) {
		for (size_t i = 0; i < j->n; i++)
			json_blocks(list, j->items[i], label);
	} else if (j->kind != J_OBJECT) {
		return;
	} else if (label == list->nlabels) {
		json_block(list, j);
	} else {
		for (size_t i = 0; i < j->n; i++) {
			list->labels[label] =
			    (struct hcl_label){ j->keys[i], j->key_ranges[i] };
			json_blocks(list, j->items[i], label + 1);
		}
	}
}

/* Calls for each member of a JSON body, which is an object or a list. */
static void
json_members(struct block_list *list, const struct hcl_json *j)
{
	if (j->kind == J_LIST)
		for (size_t i = 0; i < j->n; i++)
			json_members(list, j->items[i]);
	for (size_t i = 0; j->kind == J_OBJECT && i < j->n; i++)
		if (strcmp(j->keys[i], list->type) == 0) {
			list->type_range = j->key_ranges[i];
			json_blocks(list, j->items[i], 0);
		}
}

/* --- what readers ask --- */

static const struct hcl_json *
find_member(const struct hcl_json *j, const char *name, size_t *at)
{
	const struct hcl_json *found = NULL;

	if (j->kind == J_LIST)
		for (size_t i = 0; found == NULL && i < j->n; i++)
			found = find_member(j->items[i], name, at);
	for (size_t i = 0; j->kind == J_OBJECT && i < j->n; i++)
		if (strcmp(j->keys[i], name) == 0) {
			*at = i;
			return j;
		}
	return found;
}

const struct hcl_attr *
hcl_attr_of(const struct hcl_body *body, const char *name)
{
	const struct hcl_json *j;
	struct hcl_attr *attr;
	size_t at;

	for (size_t i = 0; i < body->nattrs; i++)
		if (strcmp(body->attrs[i].name, name) == 0)
			return &body->attrs[i];
	if (body->json == NULL ||
	    (j = find_member(body->json, name, &at)) == NULL)
		return NULL;
	attr = arena_alloc(&body->file->arena, sizeof *attr);
	*attr = json_attr(body->file, j, at);
	return attr;
}

const struct hcl_attr *
hcl_attrs_of(const struct hcl_body *body, size_t *n)
{
	const struct hcl_json *j = body->json;
	struct hcl_attr *attrs;

	*n = body->nattrs;
	if (j == NULL || j->kind != J_OBJECT)
		return body->attrs;
	attrs = arena_alloc(&body->file->arena, (j->n + 1) * sizeof *attrs);
	for (size_t i = 0; i < j->n; i++)
		attrs[i] = json_attr(body->file, j, i);
	*n = j->n;
	return attrs;
}

const struct hcl_block **
hcl_blocks_of(
    const struct hcl_body *body, const char *type, size_t nlabels, size_t *n)
{
	struct hcl_label labels[HCL_MAX_DEPTH];
	struct block_list list = { .file = body->file,
		.type = type,
		.nlabels = nlabels,
		.labels = labels };

	for (size_t i = 0; i < body->nblocks; i++)
		if (strcmp(body->blocks[i].type, type) == 0)
			list_block(&list, &body->blocks[i]);
	if (body->json != NULL && nlabels < HCL_MAX_DEPTH)
		json_members(&list, body->json);
	*n = list.n;
	return list.v;
}
