#include "common/rec_hcl.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/hcl/internal.h"
#include "common/mem.h"
#include "common/rec_hcl_impl.h"

/* --- blocks --- */

static void
set_labels(const struct rec_type *t, void *rec, const struct hcl_label *labels,
    size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct rec_field *f = hcl_label_row(t, i);
		char **to;

		if (f == NULL || f->kind != REC_K_STR)
			continue;
		to = rec_at(rec, f->offset);
		if (*to == NULL || strcmp(*to, labels[i].text) != 0) {
			free(*to);
			*to = xstrdup(labels[i].text);
		}
	}
}

void
rec_hcl_fill_block(struct rec_hcl *h, const struct rec_type *t, void *rec,
    const struct hcl_block *b)
{
	set_labels(t, rec, b->labels, b->nlabels);
	rec_hcl_fill(h, t, rec, b->body);
}

static void
told_twice(
    struct rec_hcl *h, const struct hcl_block *a, const struct hcl_block *b)
{
	struct buf where = { 0 }, summary = { 0 };

	hcl_range_format(hcl_block_range(a), &where);
	buf_addf(&summary, "Duplicate %s block", b->type);
	hcl_diag_add(h->ev->diags, hcl_block_range(b), buf_str(&summary),
	    "Only one %s block is allowed. Another was defined at %s.", b->type,
	    buf_str(&where));
	buf_release(&where);
	buf_release(&summary);
}

/* The element of a map with that key, or a new one. */
static void *
map_elem(struct rec_hcl *h, const struct rec_field *f, void *rec,
    const struct hcl_label *key)
{
	char *elems = rec_ptr(f, rec);
	size_t size = rec_value_size(f);
	void *e;

	for (size_t i = 0; i < *rec_count(f, rec); i++) {
		e = elems + i * size;
		if (strcmp(*(char **)e, key->text) == 0)
			return e;
	}
	e = hcl_add_elem(h, f, rec, key->range);
	if (e != NULL)
		*(char **)e = xstrdup(key->text);
	return e;
}

/* One block into one record, list or map of records. */
static void
fill_record(struct rec_hcl *h, const struct rec_field *f, void *rec,
    const struct hcl_block *b)
{
	void *e = rec_at(rec, f->offset);
	size_t skip = hcl_has_key_label(f);

	if (f->shape == REC_MAP_OF)
		e = map_elem(h, f, rec, &b->labels[0]);
	else if (f->shape == REC_LIST_OF)
		e = hcl_add_elem(h, f, rec, b->type_range);
	else if (f->kind == REC_K_PTR) {
		if (rec_ptr(f, rec) == NULL)
			*(void **)e = xcalloc(1, f->type->size);
		e = rec_ptr(f, rec);
	}
	if (e == NULL)
		return;
	if (b->nlabels > skip)
		set_labels(f->type, e, b->labels + skip, b->nlabels - skip);
	rec_hcl_fill(h, f->type, e, b->body);
}

static void
fill_block(struct rec_hcl *h, const struct rec_field *f, void *rec,
    const struct hcl_block *b)
{
	const struct hcl_scope *scope = h->ev->scope;

	if (b->body->scope != NULL)
		h->ev->scope = b->body->scope;
	if (hcl_is_record(f)) {
		fill_record(h, f, rec, b);
	} else if (f->kind == REC_K_TREE) {
		rec_row_clear(f, rec);
		*(struct tree **)rec_at(rec, f->offset) =
		    hcl_body_tree(h, b->body);
	} else if (f->shape == REC_MAP_OF) {
		hcl_add_to_map(h, f, rec, b->body);
	}
	h->ev->scope = scope;
}

static void
fill_blocks(
    struct rec_hcl *h, const struct hcl_name *e, const struct hcl_body *body)
{
	bool many = hcl_is_record(e->f) && e->f->shape != REC_ONE;
	const struct hcl_block *first = NULL;
	size_t n;
	const struct hcl_block **blocks =
	    hcl_blocks_of(body, e->name, hcl_count_labels(e->f), &n);

	/* A list that is written replaces what was there. */
	if (n > 0 && e->f->shape == REC_LIST_OF)
		rec_row_clear(e->f, e->rec);
	for (size_t i = 0; i < n; i++) {
		if (!hcl_check_labels(h, e->f, blocks[i]))
			continue;
		if (first != NULL && !many) {
			told_twice(h, first, blocks[i]);
			return;
		}
		first = blocks[i];
		fill_block(h, e->f, e->rec, blocks[i]);
	}
	if (e->f->shape == REC_MAP_OF && hcl_is_record(e->f))
		rec_sort_map(e->f, e->rec, true);
}

/* --- bodies --- */

static void
fill_attr(
    struct rec_hcl *h, const struct hcl_name *e, const struct hcl_body *body)
{
	const struct hcl_attr *attr = hcl_attr_of(body, e->name);

	if (attr == NULL)
		return;
	if (e->f->shape == REC_MAP_OF)
		hcl_set_map(h, e->f, e->rec, attr);
	else
		hcl_set_attr(h, e->f, e->rec, attr);
}

static void
fill_names(struct rec_hcl *h, const struct hcl_names *names,
    const struct hcl_body *body)
{
	for (size_t i = 0; i < names->n; i++) {
		const struct hcl_name *e = &names->v[i];
		bool blocks = hcl_is_block(e->f);

		if (blocks)
			fill_blocks(h, e, body);
		if (hcl_is_attr(e->f) && !(blocks && body->json != NULL))
			fill_attr(h, e, body);
	}
}

static const struct rec_hcl_more *
find_more(const struct rec_hcl *h, const struct rec_type *t)
{
	for (size_t i = 0; i < h->nmore; i++)
		if (h->more[i].of == t)
			return &h->more[i];
	return NULL;
}

static void
run_after(struct rec_hcl *h, const struct rec_type *t, void *rec,
    const struct hcl_body *body)
{
	struct err err;

	if (t->after != NULL && t->after(rec, &err) == -1)
		hcl_diag_add(h->ev->diags, hcl_body_start(body),
		    "Invalid configuration", "%s", err.text);
}

static void
fill_body(struct rec_hcl *h, const struct rec_type *t, void *rec,
    const struct hcl_body *body)
{
	const struct rec_hcl_more *more = find_more(h, t);
	struct hcl_names *names = xcalloc(1, sizeof *names);
	void *side = NULL;

	if (more != NULL && more->more != NULL) {
		side = xcalloc(1, more->more->size);
		hcl_add_names(names, more->more, side);
	}
	names->any = more != NULL && more->any_name;
	hcl_add_names(names, t, rec);
	if (h->dynamic)
		body = hcl_expand(h, names, body);
	hcl_check_names(h, names, body);
	fill_names(h, names, body);
	if (more != NULL && more->fold != NULL)
		more->fold(h, rec, side, body);
	run_after(h, t, rec, body);
	if (side != NULL)
		rec_clear(more->more, side);
	free(side);
	free(names);
}

void
rec_hcl_fill(struct rec_hcl *h, const struct rec_type *t, void *rec,
    const struct hcl_body *body)
{
	if (h->depth == REC_MAX_DEPTH) {
		hcl_diag_add(h->ev->diags, hcl_body_start(body),
		    "Nested too deeply", "Blocks may stand in %d others.",
		    REC_MAX_DEPTH);
		return;
	}
	h->depth++;
	fill_body(h, t, rec, body);
	h->depth--;
}

void
rec_hcl_check(
    struct rec_hcl *h, const struct rec_type *t, const struct hcl_body *body)
{
	struct hcl_names *names = xcalloc(1, sizeof *names);
	size_t n;

	hcl_add_names(names, t, NULL);
	hcl_check_names(h, names, body);
	for (size_t i = 0; i < names->n; i++) {
		const struct hcl_name *e = &names->v[i];
		const struct hcl_block **blocks;

		if (!hcl_is_block(e->f))
			continue;
		blocks =
		    hcl_blocks_of(body, e->name, hcl_count_labels(e->f), &n);
		for (size_t k = 0; k < n; k++)
			hcl_check_labels(h, e->f, blocks[k]);
	}
	free(names);
}

/* --- what fold() says --- */

void
rec_hcl_refuse(struct rec_hcl *h, const struct hcl_body *body, const char *attr,
    const char *summary, const char *fmt, ...)
{
	const struct hcl_attr *a = hcl_attr_of(body, attr);
	struct buf text = { 0 };
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	hcl_diag_add(h->ev->diags,
	    a != NULL ? hcl_expr_range(a->expr) : hcl_body_start(body), summary,
	    "%s", buf_str(&text));
	buf_release(&text);
}

void
rec_hcl_require(
    struct rec_hcl *h, const struct hcl_body *body, const char *attr)
{
	if (hcl_attr_of(body, attr) == NULL)
		hcl_diag_add(h->ev->diags, hcl_body_start(body),
		    "Missing required argument",
		    "The argument \"%s\" is required, but no definition was "
		    "found.",
		    attr);
}

/* --- whole files --- */

int
rec_hcl_err(const struct hcl_diags *d, struct err *err)
{
	struct buf text = { 0 };

	if (d->n == 0)
		return 0;
	hcl_diags_print(d, &text);
	while (text.len > 0 && text.data[text.len - 1] == '\n')
		text.data[--text.len] = '\0';
	err_set(err, ERR_BAD, "%s", buf_str(&text));
	buf_release(&text);
	return -1;
}

int
rec_from_hcl_text(const struct rec_type *t, void *rec, const char *name,
    const char *text, size_t n, enum hcl_mode mode,
    const struct rec_hcl_more *more, size_t nmore, struct err *err)
{
	struct hcl_diags d = { 0 };
	struct hcl_file *file = hcl_parse(name, text, n, mode, &d);
	struct hcl_eval ev = {
		.arena = &file->arena, .diags = &d, .no_files = true
	};
	struct rec_hcl h = { .ev = &ev, .more = more, .nmore = nmore };
	int rc;

	if (d.n == 0)
		rec_hcl_fill(&h, t, rec, file->body);
	rc = rec_hcl_err(&d, err);
	hcl_diags_release(&d);
	hcl_file_free(file);
	return rc;
}
