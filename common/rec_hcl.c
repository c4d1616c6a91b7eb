#include "common/rec_hcl.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/hcl/internal.h"
#include "common/mem.h"
#include "common/rec_hcl_impl.h"

#define MAX_NAMES 160 /* that one body may know */

bool
hcl_is_lax(const struct hcl_body *body)
{
	return body->file->mode == HCL_1;
}

/* --- what a body may hold --- */

struct name {
	const char *name;
	const struct rec_field *f;
	void *rec; /* whose row it is */
};

struct names {
	struct name v[MAX_NAMES];
	size_t n;
	bool any;
};

/* A label's row is no name of the body. */
static bool
is_named(const struct rec_field *f)
{
	return (f->flags & (REC_NOHCL | REC_LABEL)) == 0;
}

static const struct name *
find_name(const struct names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (strcmp(names->v[i].name, name) == 0)
			return &names->v[i];
	return NULL;
}

static void
add_names(struct names *names, const struct rec_type *t, void *rec)
{
	for (size_t i = 0; i < t->nfields; i++) {
		const struct rec_field *f = &t->fields[i];
		void *at = rec_at(rec, f->offset);

		if ((f->flags & REC_INLINE) != 0 && f->kind == REC_K_REC &&
		    f->shape == REC_ONE)
			add_names(names, f->type, at);
		else if (is_named(f) && names->n < MAX_NAMES &&
			 find_name(names, rec_file_name(f)) == NULL)
			names->v[names->n++] =
			    (struct name){ rec_file_name(f), f, rec };
	}
}

static bool
is_record(const struct rec_field *f)
{
	return f->type != NULL && !f->type->pair;
}

static bool
is_block(const struct rec_field *f)
{
	return is_record(f) || (f->flags & REC_BLOCK) != 0;
}

static bool
is_attr(const struct rec_field *f)
{
	return !is_block(f) || (f->flags & REC_EITHER) != 0;
}

/* A map's elements are named by a label of their own. */
static bool
has_key_label(const struct rec_field *f)
{
	return f->shape == REC_MAP_OF && is_record(f);
}

static const struct rec_field *
label_row(const struct rec_type *t, size_t i)
{
	for (size_t k = 0; k < t->nfields; k++)
		if ((t->fields[k].flags & REC_LABEL) != 0 && i-- == 0)
			return &t->fields[k];
	return NULL;
}

static size_t
count_labels(const struct rec_field *f)
{
	size_t n = has_key_label(f);

	if (!is_record(f))
		return 0;
	while (label_row(f->type, n - has_key_label(f)) != NULL)
		n++;
	return n;
}

/* --- names that are wrong --- */

/* The closest name among those of attributes or of blocks, or NULL. */
static const char *
closest(const struct names *names, const struct hcl_body *body,
    const char *given, bool blocks)
{
	const char *list[MAX_NAMES];
	size_t n = 0;

	for (size_t i = 0; i < names->n; i++) {
		const struct name *e = &names->v[i];

		if (blocks
			? !is_block(e->f)
			: !is_attr(e->f) || hcl_attr_of(body, e->name) != NULL)
			continue;
		list[n++] = e->name;
	}
	return hcl_closest(given, list, n);
}

static void
unknown_attr(struct rec_hcl *h, const struct names *names,
    const struct hcl_body *body, const struct hcl_attr *attr)
{
	const char *near = closest(names, body, attr->name, false);
	const struct name *e = find_name(names, attr->name);

	if (near != NULL)
		hcl_diag_add(h->ev->diags, attr->name_range,
		    "Unsupported argument",
		    "An argument named \"%s\" is not expected here. Did you "
		    "mean \"%s\"?",
		    attr->name, near);
	else
		hcl_diag_add(h->ev->diags, attr->name_range,
		    "Unsupported argument",
		    "An argument named \"%s\" is not expected here.%s%s%s",
		    attr->name,
		    e != NULL ? " Did you mean to define a block of type \""
			      : "",
		    e != NULL ? e->name : "", e != NULL ? "\"?" : "");
}

static void
unknown_block(struct rec_hcl *h, const struct names *names,
    const struct hcl_body *body, const struct hcl_block *b)
{
	const char *near = closest(names, body, b->type, true);
	const struct name *e = find_name(names, b->type);

	if (near != NULL)
		hcl_diag_add(h->ev->diags, b->type_range,
		    "Unsupported block type",
		    "Blocks of type \"%s\" are not expected here. Did you "
		    "mean \"%s\"?",
		    b->type, near);
	else
		hcl_diag_add(h->ev->diags, b->type_range,
		    "Unsupported block type",
		    "Blocks of type \"%s\" are not expected here.%s%s%s",
		    b->type,
		    e != NULL ? " Did you mean to define argument \"" : "",
		    e != NULL ? e->name : "",
		    e != NULL ? "\"? If so, use the equals sign to assign it "
				"a value."
			      : "");
}

static void
unknown_member(struct rec_hcl *h, const struct names *names,
    const struct hcl_body *body, const struct hcl_attr *attr)
{
	const char *near = closest(names, body, attr->name, false);

	if (near == NULL)
		near = closest(names, body, attr->name, true);
	hcl_diag_add(h->ev->diags, attr->name_range,
	    hcl_is_lax(body) ? "Unsupported name"
			     : "Extraneous JSON object property",
	    "No argument or block type is named \"%s\".%s%s%s", attr->name,
	    near != NULL ? " Did you mean \"" : "", near != NULL ? near : "",
	    near != NULL ? "\"?" : "");
}

/* "name" or "name, other": how messages list a block's labels. */
static const char *
label_name(const struct rec_field *f, size_t i)
{
	if (has_key_label(f)) {
		if (i == 0)
			return "name";
		i--;
	}
	return rec_file_name(label_row(f->type, i));
}

static void
put_label_names(const struct rec_field *f, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++)
		buf_addf(out, "%s%s", i > 0 ? ", " : "", label_name(f, i));
}

static bool
check_labels(
    struct rec_hcl *h, const struct rec_field *f, const struct hcl_block *b)
{
	size_t n = count_labels(f);
	struct buf list = { 0 }, summary = { 0 };

	if (b->nlabels == n)
		return true;
	put_label_names(f, n, &list);
	if (b->nlabels < n) {
		buf_addf(&summary, "Missing %s for %s",
		    label_name(f, b->nlabels), b->type);
		hcl_diag_add(h->ev->diags, b->open_range, buf_str(&summary),
		    "All %s blocks must have %zu labels (%s).", b->type, n,
		    buf_str(&list));
	} else {
		buf_addf(&summary, "Extraneous label for %s", b->type);
		if (n == 0)
			hcl_diag_add(h->ev->diags, b->labels[0].range,
			    buf_str(&summary),
			    "No labels are expected for %s blocks.", b->type);
		else
			hcl_diag_add(h->ev->diags, b->labels[n].range,
			    buf_str(&summary),
			    "Only %zu labels (%s) are expected for %s blocks.",
			    n, buf_str(&list), b->type);
	}
	buf_release(&list);
	buf_release(&summary);
	return false;
}

static void
check_names(
    struct rec_hcl *h, const struct names *names, const struct hcl_body *body)
{
	size_t n;
	const struct hcl_attr *attrs = hcl_attrs_of(body, &n);

	for (size_t i = 0; i < n && !names->any; i++) {
		const struct name *e = find_name(names, attrs[i].name);

		if (body->json != NULL && e == NULL)
			unknown_member(h, names, body, &attrs[i]);
		else if (body->json == NULL && (e == NULL || !is_attr(e->f)))
			unknown_attr(h, names, body, &attrs[i]);
	}
	for (size_t i = 0; i < body->nblocks; i++) {
		const struct hcl_block *b = &body->blocks[i];
		const struct name *e = find_name(names, b->type);

		if (e == NULL || !is_block(e->f))
			unknown_block(h, names, body, b);
	}
}

/* --- blocks --- */

static void
set_labels(const struct rec_type *t, void *rec, const struct hcl_label *labels,
    size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct rec_field *f = label_row(t, i);
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
	size_t skip = has_key_label(f);

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
	set_labels(f->type, e, b->labels + skip, b->nlabels - skip);
	rec_hcl_fill(h, f->type, e, b->body);
}

static void
fill_block(struct rec_hcl *h, const struct rec_field *f, void *rec,
    const struct hcl_block *b)
{
	if (is_record(f)) {
		fill_record(h, f, rec, b);
	} else if (f->kind == REC_K_TREE) {
		rec_row_clear(f, rec);
		*(struct tree **)rec_at(rec, f->offset) =
		    hcl_body_tree(h, b->body);
	} else if (f->shape == REC_MAP_OF) {
		hcl_add_to_map(h, f, rec, b->body);
	}
}

static void
fill_blocks(
    struct rec_hcl *h, const struct name *e, const struct hcl_body *body)
{
	bool many = is_record(e->f) && e->f->shape != REC_ONE;
	const struct hcl_block *first = NULL;
	size_t n;
	const struct hcl_block **blocks =
	    hcl_blocks_of(body, e->name, count_labels(e->f), &n);

	/* A list that is written replaces what was there. */
	if (n > 0 && e->f->shape == REC_LIST_OF)
		rec_row_clear(e->f, e->rec);
	for (size_t i = 0; i < n; i++) {
		if (!check_labels(h, e->f, blocks[i]))
			continue;
		if (first != NULL && !many && !hcl_is_lax(body)) {
			told_twice(h, first, blocks[i]);
			return;
		}
		first = blocks[i];
		fill_block(h, e->f, e->rec, blocks[i]);
	}
	if (e->f->shape == REC_MAP_OF && is_record(e->f))
		rec_sort_map(e->f, e->rec, true);
}

/* --- bodies --- */

/* In HCL 1 a name may be given several times; the last one stays. */
static void
fill_attr(struct rec_hcl *h, const struct name *e, const struct hcl_body *body)
{
	const struct hcl_attr *attr = hcl_attr_of(body, e->name);

	if (attr == NULL)
		return;
	if (hcl_is_lax(body)) {
		size_t n;
		const struct hcl_attr *attrs = hcl_attrs_of(body, &n);

		for (size_t i = 0; i < n; i++)
			if (strcmp(attrs[i].name, e->name) == 0)
				attr = &attrs[i];
	}
	if (e->f->shape == REC_MAP_OF)
		hcl_set_map(h, e->f, e->rec, attr, hcl_is_lax(body));
	else
		hcl_set_attr(h, e->f, e->rec, attr, hcl_is_lax(body));
}

/* True where the name is read as blocks: JSON does not tell by itself. */
static bool
reads_blocks(const struct rec_field *f, const struct hcl_body *body)
{
	if (body->json != NULL)
		return is_block(f) ||
		       (hcl_is_lax(body) && f->shape == REC_MAP_OF);
	return is_block(f);
}

static void
fill_names(
    struct rec_hcl *h, const struct names *names, const struct hcl_body *body)
{
	for (size_t i = 0; i < names->n; i++) {
		const struct name *e = &names->v[i];
		bool blocks = reads_blocks(e->f, body);

		if (blocks)
			fill_blocks(h, e, body);
		if (is_attr(e->f) && !(blocks && body->json != NULL))
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
	struct names *names = xcalloc(1, sizeof *names);
	void *side = NULL;

	if (more != NULL && more->more != NULL) {
		side = xcalloc(1, more->more->size);
		add_names(names, more->more, side);
	}
	names->any = more != NULL && more->any_name;
	add_names(names, t, rec);
	check_names(h, names, body);
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
	const struct hcl_scope *scope = h->ev->scope;

	if (h->depth == REC_MAX_DEPTH) {
		hcl_diag_add(h->ev->diags, hcl_body_start(body),
		    "Nested too deeply", "Blocks may stand in %d others.",
		    REC_MAX_DEPTH);
		return;
	}
	if (body->scope != NULL)
		h->ev->scope = body->scope;
	h->depth++;
	fill_body(h, t, rec, body);
	h->depth--;
	h->ev->scope = scope;
}

void
rec_hcl_check(
    struct rec_hcl *h, const struct rec_type *t, const struct hcl_body *body)
{
	struct names *names = xcalloc(1, sizeof *names);
	size_t n;

	add_names(names, t, NULL);
	check_names(h, names, body);
	for (size_t i = 0; i < names->n; i++) {
		const struct name *e = &names->v[i];
		const struct hcl_block **blocks;

		if (!is_block(e->f))
			continue;
		blocks = hcl_blocks_of(body, e->name, count_labels(e->f), &n);
		for (size_t k = 0; k < n; k++)
			check_labels(h, e->f, blocks[k]);
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

int
rec_from_hcl(const struct rec_type *t, void *rec, const struct hcl_body *body,
    struct err *err)
{
	struct hcl_diags d = { 0 };
	struct hcl_eval ev = {
		.arena = &body->file->arena, .diags = &d, .no_files = true
	};
	struct rec_hcl h = { .ev = &ev };
	int rc;

	rec_hcl_fill(&h, t, rec, body);
	rc = rec_hcl_err(&d, err);
	hcl_diags_release(&d);
	return rc;
}
