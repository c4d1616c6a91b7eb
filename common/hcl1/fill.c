#include <stdlib.h>
#include <string.h>

#include "common/hcl1/impl.h"
#include "common/mem.h"
#include "common/rec_impl.h"

static int fill_row(struct hcl1_fill *f, const struct rec_field *row, void *rec,
    const struct hcl1_source *s, struct err *err);
static int fill_struct(struct hcl1_fill *f, const struct rec_type *t, void *rec,
    const struct hcl1_source *s, struct err *err);

/* The items of what stands for an object; false when nothing does. */
static bool
as_items(const struct hcl1_source *s, struct hcl1_items *out)
{
	if (s->node != NULL && s->node->kind != HCL1_OBJECT)
		return false;
	*out = s->node != NULL ? s->node->items : s->items;
	return true;
}

static int
fill_text_map(struct hcl1_fill *f, const struct rec_field *row, void *rec,
    const struct hcl1_source *s, struct err *err)
{
	struct rec_kv **kv = rec_at(rec, row->offset);
	struct hcl1_items items;

	if (!as_items(s, &items))
		return hcl1_refuse_object(f, s, "map", err);
	for (size_t i = 0; i < items.n; i++) {
		const struct hcl1_item *item = items.v[i];
		struct hcl1_source value = { .node = item->value };
		const char *text;

		if (item->nkeys > 1)
			value = (struct hcl1_source){ .items = hcl1_filter(
							  f->arena, items,
							  item->keys[0].text) };
		if (hcl1_enter_name(f, item->keys[0].text, err) == -1 ||
		    hcl1_get_text(f, &value, &text, err) == -1)
			return -1;
		rec_kv_set(kv, rec_count(row, rec), item->keys[0].text, text);
		f->depth--;
	}
	return 0;
}

/* Room for one more at the end of a list, zeroed. */
static void *
add_elem(const struct rec_field *row, void *rec)
{
	void **list = rec_at(rec, row->offset);
	size_t *n = rec_count(row, rec), size = rec_value_size(row);
	char *elem;

	*list = xreallocarray(*list, *n + 1, size);
	elem = (char *)*list + size * (*n)++;
	memset(elem, 0, size);
	return elem;
}

static int
fill_elem(struct hcl1_fill *f, const struct rec_field *row, void *rec,
    const struct hcl1_source *s, struct err *err)
{
	void *elem = add_elem(row, rec);
	const char *text;

	if (row->kind == REC_K_REC)
		return fill_struct(f, row->type, elem, s, err);
	if (hcl1_get_text(f, s, &text, err) == -1)
		return -1;
	*(char **)elem = xstrdup(text);
	return 0;
}

static int
fill_list(struct hcl1_fill *f, const struct rec_field *row, void *rec,
    const struct hcl1_source *s, struct err *err)
{
	const struct hcl1_node *n = s->node;
	struct hcl1_source one = { 0 };

	if (n != NULL && n->kind == HCL1_LITERAL)
		return hcl1_refuse(f, s, false, err, "unknown slice type:");
	if (n != NULL && n->kind == HCL1_OBJECT)
		return fill_elem(f, row, rec, s, err);
	if (n != NULL) {
		for (size_t i = 0; i < n->nlist; i++) {
			one.node = n->list[i];
			if (fill_elem(f, row, rec, &one, err) == -1)
				return -1;
		}
		return 0;
	}
	for (size_t i = 0; i < s->items.n; i++) {
		one.item = s->items.v[i];
		if (fill_elem(f, row, rec, &one, err) == -1)
			return -1;
	}
	return 0;
}

static int
fill_ptr(struct hcl1_fill *f, const struct rec_field *row, void *rec,
    const struct hcl1_source *s, struct err *err)
{
	void **p = rec_at(rec, row->offset);

	if (*p == NULL)
		*p = xcalloc(1, row->type->size);
	return fill_struct(f, row->type, *p, s, err);
}

static int
fill_row(struct hcl1_fill *f, const struct rec_field *row, void *rec,
    const struct hcl1_source *s, struct err *err)
{
	if (row->kind == REC_K_TREE) {
		struct tree **tree = rec_at(rec, row->offset);
		struct hcl1_items items;

		if (!as_items(s, &items))
			return hcl1_refuse_object(f, s, "map", err);
		if (*tree == NULL)
			*tree = tree_map();
		hcl1_tree(f->arena, items, *tree);
		return 0;
	}
	if (row->kind == REC_K_REC && row->type == &rec_kv_type)
		return fill_text_map(f, row, rec, s, err);
	if (row->shape != REC_ONE)
		return fill_list(f, row, rec, s, err);
	if (row->kind == REC_K_REC)
		return fill_struct(
		    f, row->type, rec_at(rec, row->offset), s, err);
	if (row->kind == REC_K_PTR)
		return fill_ptr(f, row, rec, s, err);
	return hcl1_fill_scalar(f, row, rec, s, err);
}

/* --- records --- */

static bool
is_skipped(const struct hcl1_fill *f, const char *name)
{
	for (size_t i = 0; i < f->nskip && f->depth == 0; i++)
		if (strcmp(f->skip[i], name) == 0)
			return true;
	return false;
}

static bool
is_strict(const struct hcl1_fill *f, const struct rec_type *t)
{
	for (size_t i = 0; i < f->nstrict; i++)
		if (f->strict[i] == t)
			return true;
	return false;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Says which names no row has taken; the innermost record comes first. */
static void
tell_unknown(struct hcl1_fill *f, const char **names, size_t n)
{
	struct buf b = { 0 };

	for (size_t i = f->depth; i > 0; i--)
		buf_addf(&b, "%s%s", f->path[i - 1], i > 1 ? "." : " ");
	buf_adds(&b, "unexpected keys ");
	qsort(names, n, sizeof *names, compare_names);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || strcmp(names[i], names[i - 1]) != 0)
			buf_addf(&b, "%s%s", i > 0 ? ", " : "", names[i]);
	f->unknown = buf_take(&b);
}

/* A row with the items that name it: first those that have labels left, all
 * together, then each of the others. */
static int
fill_named(struct hcl1_fill *f, const struct rec_field *row, void *rec,
    struct hcl1_items named, struct err *err)
{
	struct hcl1_source labelled = { 0 };

	labelled.items.v =
	    arena_alloc(f->arena, (named.n + 1) * sizeof(void *));
	for (size_t i = 0; i < named.n; i++)
		if (named.v[i]->nkeys > 0)
			labelled.items.v[labelled.items.n++] = named.v[i];
	if (hcl1_enter_name(f, rec_file_name(row), err) == -1)
		return -1;
	if (labelled.items.n > 0 && fill_row(f, row, rec, &labelled, err) == -1)
		return -1;
	for (size_t i = 0; i < named.n; i++) {
		struct hcl1_source s = { .node = named.v[i]->value };

		if (named.v[i]->nkeys > 0)
			continue;
		if (s.node->kind == HCL1_OBJECT)
			s = (struct hcl1_source){ .items = s.node->items };
		if (fill_row(f, row, rec, &s, err) == -1)
			return -1;
	}
	f->depth--;
	return 0;
}

/* A name that is given twice with a plain value is as wrong as one that
 * nobody knows. */
static bool
is_doubled(struct hcl1_items named)
{
	size_t n = 0;

	for (size_t i = 0; i < named.n; i++)
		if (named.v[i]->nkeys == 0 &&
		    named.v[i]->value->kind != HCL1_OBJECT)
			n++;
	return n > 1;
}

static int
fill_rows(struct hcl1_fill *f, const struct rec_type *t, void *rec,
    struct hcl1_items items, struct err *err)
{
	const char **unknown = xcalloc(items.n + 1, sizeof *unknown);
	bool *known = xcalloc(items.n + 1, sizeof *known);
	size_t nunknown = 0;
	int rv = 0;

	for (size_t i = 0; i < t->nfields && rv == 0; i++) {
		const struct rec_field *row = &t->fields[i];
		const char *name = rec_file_name(row);
		struct hcl1_items named;

		if ((row->flags & (REC_NOHCL | REC_LABEL)) != 0 &&
		    !is_skipped(f, name))
			continue;
		named = hcl1_filter(f->arena, items, name);
		if (named.n == 0)
			continue;
		for (size_t k = 0; k < items.n; k++)
			known[k] |=
			    strcasecmp(items.v[k]->keys[0].text, name) == 0;
		if (is_skipped(f, name))
			continue;
		if (is_doubled(named))
			unknown[nunknown++] = name;
		rv = fill_named(f, row, rec, named, err);
	}
	for (size_t k = 0; k < items.n && rv == 0; k++)
		if (!known[k] && nunknown < items.n)
			unknown[nunknown++] = items.v[k]->keys[0].text;
	if (rv == 0 && nunknown > 0 && f->unknown == NULL && is_strict(f, t))
		tell_unknown(f, unknown, nunknown);
	free(known);
	free(unknown);
	return rv;
}

/* The row that takes the label, or NULL. */
static const struct rec_field *
label_row(const struct rec_type *t)
{
	for (size_t i = 0; i < t->nfields; i++)
		if ((t->fields[i].flags & REC_LABEL) != 0)
			return &t->fields[i];
	return NULL;
}

static int
fill_struct(struct hcl1_fill *f, const struct rec_type *t, void *rec,
    const struct hcl1_source *s, struct err *err)
{
	const struct rec_field *label = label_row(t);
	struct hcl1_items items;
	struct hcl1_source inner = *s;

	if (s->item != NULL) {
		inner = (struct hcl1_source){ .node = s->item->value };
		if (label != NULL && s->item->nkeys > 0) {
			char **name = rec_at(rec, label->offset);

			free(*name);
			*name = xstrdup(s->item->keys[0].text);
		}
		if (inner.node->kind == HCL1_LITERAL) {
			/* What should be a block is an argument. */
			const struct hcl1_item **v =
			    arena_alloc(f->arena, sizeof(void *));

			v[0] = s->item;
			inner = (struct hcl1_source){ .items = { v, 1 } };
		} else if (s->item->nkeys > 1) {
			/* JSON put a label and a name together. */
			struct hcl1_item *rest =
			    arena_alloc(f->arena, sizeof *rest);
			const struct hcl1_item **v =
			    arena_alloc(f->arena, sizeof(void *));

			*rest = *s->item;
			rest->keys++;
			rest->nkeys--;
			v[0] = rest;
			inner = (struct hcl1_source){ .items = { v, 1 } };
		}
	}
	if (!as_items(&inner, &items))
		return hcl1_refuse_object(f, &inner, "struct", err);
	return fill_rows(f, t, rec, items, err);
}

int
hcl1_fill(struct hcl1_fill *f, const struct rec_type *t, void *rec,
    struct hcl1_items items, struct err *err)
{
	f->depth = 0;
	return fill_rows(f, t, rec, items, err);
}
