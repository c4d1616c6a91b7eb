#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/hcl1/impl.h"
#include "common/mem.h"
#include "common/rec_impl.h"

/*
 * What a row is filled from: a value, or the items that name it with labels
 * still on them, or one such item.
 */
struct source {
	const struct hcl1_node *node; /* NULL: items or item */
	struct hcl1_items items;
	const struct hcl1_item *item;
};

static const char *
source_name(const struct source *s)
{
	static const char *const kinds[] = { "*ast.LiteralType",
		"*ast.ListType", "*ast.ObjectType" };

	if (s->node != NULL)
		return kinds[s->node->kind];
	return s->item != NULL ? "*ast.ObjectItem" : "*ast.ObjectList";
}

static struct hcl1_pos
source_pos(const struct source *s)
{
	const struct hcl1_item *item = s->item;

	if (s->node != NULL)
		return s->node->pos;
	if (item == NULL && s->items.n > 0)
		item = s->items.v[0];
	if (item == NULL)
		return (struct hcl1_pos){ 0 };
	return item->nkeys > 0 ? item->keys[0].pos : item->value->pos;
}

/* --- where we are, for messages --- */

static int
enter(struct hcl1_fill *f, const char *name, struct err *err)
{
	if (f->depth == HCL1_MAX_DEPTH)
		return err_set(err, ERR_BAD,
		    "more than %d names inside each "
		    "other",
		    HCL1_MAX_DEPTH);
	f->path[f->depth++] = name;
	return 0;
}

static void
add_path(const struct hcl1_fill *f, struct buf *b)
{
	for (size_t i = 0; i < f->depth; i++)
		buf_addf(b, "%s%s", i > 0 ? "." : "", f->path[i]);
}

/* "At 2:13: root.client.x: sentence"; with no name, only the sentence. */
static int
refuse(const struct hcl1_fill *f, const struct source *s, bool named,
    struct err *err, const char *what)
{
	struct hcl1_pos pos = source_pos(s);
	struct buf b = { 0 };

	if (named) {
		buf_adds(&b, "root.");
		add_path(f, &b);
		buf_adds(&b, ": ");
	}
	err_set(err, ERR_BAD, "At %" PRIu32 ":%" PRIu32 ": %s%s %s", pos.line,
	    pos.col, buf_str(&b), what, source_name(s));
	buf_release(&b);
	return -1;
}

static int
refuse_object(const struct hcl1_fill *f, const struct source *s,
    const char *what, struct err *err)
{
	struct hcl1_pos pos = source_pos(s);
	struct buf b = { 0 };

	add_path(f, &b);
	err_set(err, ERR_BAD,
	    "At %" PRIu32 ":%" PRIu32
	    ": root.%s: not an object type for %s (%s)",
	    pos.line, pos.col, buf_str(&b), what, source_name(s));
	buf_release(&b);
	return -1;
}

/* --- single values --- */

static int
fill_bool(
    struct hcl1_fill *f, const struct source *s, bool *out, struct err *err)
{
	const struct hcl1_node *n = s->node;

	if (n == NULL || n->kind != HCL1_LITERAL || n->type == HCL1_FLOAT ||
	    n->type == HCL1_HEREDOC)
		return refuse(f, s, true, err, "unknown type");
	*out = strcmp(n->text, "1") == 0 || strcasecmp(n->text, "true") == 0;
	if (*out || strcmp(n->text, "0") == 0 ||
	    strcasecmp(n->text, "false") == 0)
		return 0;
	return err_set(
	    err, ERR_BAD, "decodeBool: Unknown value for boolean: %s", n->raw);
}

static int
no_number(const char *fn, const char *text, const char *why, struct err *err)
{
	return err_set(
	    err, ERR_BAD, "strconv.%s: parsing \"%s\": %s", fn, text, why);
}

static int
fill_int(
    struct hcl1_fill *f, const struct source *s, int64_t *out, struct err *err)
{
	const struct hcl1_node *n = s->node;
	char *end;

	if (n == NULL || n->kind != HCL1_LITERAL ||
	    (n->type != HCL1_NUMBER && n->type != HCL1_STRING))
		return refuse(f, s, true, err, "unknown type");
	errno = 0;
	*out = strtoll(n->text, &end, 0);
	if (n->text[0] == '\0' || *end != '\0' || n->text[0] == ' ')
		return no_number("ParseInt", n->text, "invalid syntax", err);
	if (errno == ERANGE)
		return no_number(
		    "ParseInt", n->text, "value out of range", err);
	return 0;
}

static int
fill_float(
    struct hcl1_fill *f, const struct source *s, double *out, struct err *err)
{
	const struct hcl1_node *n = s->node;
	char *end;

	if (n == NULL || n->kind != HCL1_LITERAL ||
	    (n->type != HCL1_NUMBER && n->type != HCL1_FLOAT))
		return refuse(f, s, true, err, "unknown type");
	*out = strtod(n->text, &end);
	if (*end != '\0')
		return no_number("ParseFloat", n->text, "invalid syntax", err);
	return 0;
}

/* Borrowed from the tree. */
static int
get_text(struct hcl1_fill *f, const struct source *s, const char **out,
    struct err *err)
{
	const struct hcl1_node *n = s->node;

	*out = "";
	if (n == NULL || n->kind != HCL1_LITERAL)
		return refuse(f, s, true, err, "unknown type for string");
	*out = n->text;
	return 0;
}

static int
fill_duration(
    struct hcl1_fill *f, const struct source *s, int64_t *out, struct err *err)
{
	const char *text;
	struct buf b = { 0 };

	if (get_text(f, s, &text, err) == -1)
		return -1;
	if (text[0] == '\0' || clock_parse_dur(text, out) == 0)
		return 0;
	if (f->bad_duration != NULL)
		return 0;
	add_path(f, &b);
	buf_addf(&b, " can't parse time duration %s", text);
	f->bad_duration = buf_take(&b);
	return 0;
}

static int
fill_scalar(struct hcl1_fill *f, const struct rec_field *row, void *rec,
    const struct source *s, struct err *err)
{
	void *at = rec_at(rec, row->offset);
	const char *text;
	int rv = 0;

	switch ((int)row->kind) {
	case REC_K_BOOL:
		rv = fill_bool(f, s, at, err);
		break;
	case REC_K_I64:
	case REC_K_U64: /* agent files have no number beyond */
		rv = fill_int(f, s, at, err);
		break;
	case REC_K_F64:
		rv = fill_float(f, s, at, err);
		break;
	case REC_K_DUR:
		rv = fill_duration(f, s, at, err);
		break;
	case REC_K_STR:
		rv = get_text(f, s, &text, err);
		if (rv == 0) {
			free(*(char **)at);
			*(char **)at = xstrdup(text);
		}
		break;
	default:
		return err_set(err, ERR_INTERNAL, "%s: no such row in HCL 1",
		    rec_file_name(row));
	}
	if (rv == 0 && rec_is_flagged(row))
		*rec_has(row, rec) = true;
	return rv;
}

/* --- what holds others --- */

static int fill_row(struct hcl1_fill *f, const struct rec_field *row, void *rec,
    const struct source *s, struct err *err);
static int fill_struct(struct hcl1_fill *f, const struct rec_type *t, void *rec,
    const struct source *s, struct err *err);

/* The items of what stands for an object; false when nothing does. */
static bool
as_items(const struct source *s, struct hcl1_items *out)
{
	if (s->node != NULL && s->node->kind != HCL1_OBJECT)
		return false;
	*out = s->node != NULL ? s->node->items : s->items;
	return true;
}

static int
fill_text_map(struct hcl1_fill *f, const struct rec_field *row, void *rec,
    const struct source *s, struct err *err)
{
	struct rec_kv **kv = rec_at(rec, row->offset);
	struct hcl1_items items;

	if (!as_items(s, &items))
		return refuse_object(f, s, "map", err);
	for (size_t i = 0; i < items.n; i++) {
		const struct hcl1_item *item = items.v[i];
		struct source value = { .node = item->value };
		const char *text;

		if (item->nkeys > 1)
			value =
			    (struct source){ .items = hcl1_filter(f->arena,
						 items, item->keys[0].text) };
		if (enter(f, item->keys[0].text, err) == -1 ||
		    get_text(f, &value, &text, err) == -1)
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
    const struct source *s, struct err *err)
{
	void *elem = add_elem(row, rec);
	const char *text;

	if (row->kind == REC_K_REC)
		return fill_struct(f, row->type, elem, s, err);
	if (get_text(f, s, &text, err) == -1)
		return -1;
	*(char **)elem = xstrdup(text);
	return 0;
}

static int
fill_list(struct hcl1_fill *f, const struct rec_field *row, void *rec,
    const struct source *s, struct err *err)
{
	const struct hcl1_node *n = s->node;
	struct source one = { 0 };

	if (n != NULL && n->kind == HCL1_LITERAL)
		return refuse(f, s, false, err, "unknown slice type:");
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
    const struct source *s, struct err *err)
{
	void **p = rec_at(rec, row->offset);

	if (*p == NULL)
		*p = xcalloc(1, row->type->size);
	return fill_struct(f, row->type, *p, s, err);
}

static int
fill_row(struct hcl1_fill *f, const struct rec_field *row, void *rec,
    const struct source *s, struct err *err)
{
	if (row->kind == REC_K_TREE) {
		struct tree **tree = rec_at(rec, row->offset);
		struct hcl1_items items;

		if (!as_items(s, &items))
			return refuse_object(f, s, "map", err);
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
	return fill_scalar(f, row, rec, s, err);
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
	struct source labelled = { 0 };

	labelled.items.v =
	    arena_alloc(f->arena, (named.n + 1) * sizeof(void *));
	for (size_t i = 0; i < named.n; i++)
		if (named.v[i]->nkeys > 0)
			labelled.items.v[labelled.items.n++] = named.v[i];
	if (enter(f, rec_file_name(row), err) == -1)
		return -1;
	if (labelled.items.n > 0 && fill_row(f, row, rec, &labelled, err) == -1)
		return -1;
	for (size_t i = 0; i < named.n; i++) {
		struct source s = { .node = named.v[i]->value };

		if (named.v[i]->nkeys > 0)
			continue;
		if (s.node->kind == HCL1_OBJECT)
			s = (struct source){ .items = s.node->items };
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
    const struct source *s, struct err *err)
{
	const struct rec_field *label = label_row(t);
	struct hcl1_items items;
	struct source inner = *s;

	if (s->item != NULL) {
		inner = (struct source){ .node = s->item->value };
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
			inner = (struct source){ .items = { v, 1 } };
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
			inner = (struct source){ .items = { v, 1 } };
		}
	}
	if (!as_items(&inner, &items))
		return refuse_object(f, &inner, "struct", err);
	return fill_rows(f, t, rec, items, err);
}

int
hcl1_fill(struct hcl1_fill *f, const struct rec_type *t, void *rec,
    struct hcl1_items items, struct err *err)
{
	f->depth = 0;
	return fill_rows(f, t, rec, items, err);
}
