#include <stdlib.h>
#include <string.h>

#include "common/hcl/internal.h"
#include "common/rec_hcl_impl.h"

/* --- what a body may hold --- */

/* A label's row is no name of the body. */
static bool
is_named(const struct rec_field *f)
{
	return (f->flags & (REC_NOHCL | REC_LABEL)) == 0;
}

const struct hcl_name *
hcl_find_name(const struct hcl_names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (strcmp(names->v[i].name, name) == 0)
			return &names->v[i];
	return NULL;
}

void
hcl_add_names(struct hcl_names *names, const struct rec_type *t, void *rec)
{
	for (size_t i = 0; i < t->nfields; i++) {
		const struct rec_field *f = &t->fields[i];
		void *at = rec_at(rec, f->offset);

		if ((f->flags & REC_INLINE) != 0 && f->kind == REC_K_REC &&
		    f->shape == REC_ONE)
			hcl_add_names(names, f->type, at);
		else if (is_named(f) && names->n < HCL_MAX_NAMES &&
			 hcl_find_name(names, rec_file_name(f)) == NULL)
			names->v[names->n++] =
			    (struct hcl_name){ rec_file_name(f), f, rec };
	}
}

bool
hcl_is_record(const struct rec_field *f)
{
	return f->type != NULL && !f->type->pair;
}

bool
hcl_is_block(const struct rec_field *f)
{
	return hcl_is_record(f) || (f->flags & REC_BLOCK) != 0;
}

bool
hcl_is_attr(const struct rec_field *f)
{
	return !hcl_is_block(f) || (f->flags & REC_EITHER) != 0;
}

/* A map's elements are named by a label of their own. */
bool
hcl_has_key_label(const struct rec_field *f)
{
	return f->shape == REC_MAP_OF && hcl_is_record(f);
}

const struct rec_field *
hcl_label_row(const struct rec_type *t, size_t i)
{
	for (size_t k = 0; k < t->nfields; k++)
		if ((t->fields[k].flags & REC_LABEL) != 0 && i-- == 0)
			return &t->fields[k];
	return NULL;
}

size_t
hcl_count_labels(const struct rec_field *f)
{
	size_t n = hcl_has_key_label(f);

	if (!hcl_is_record(f))
		return 0;
	while (hcl_label_row(f->type, n - hcl_has_key_label(f)) != NULL)
		n++;
	return n;
}

/* --- names that are wrong --- */

/* The closest name among those of attributes or of blocks, or NULL. */
static const char *
closest(const struct rec_hcl *h, const struct hcl_names *names,
    const struct hcl_body *body, const char *given, bool blocks)
{
	const char *list[HCL_MAX_NAMES];
	size_t n = 0;

	if (h->ev->diags->n == HCL_MAX_DIAGS) /* nobody would read it */
		return NULL;
	for (size_t i = 0; i < names->n; i++) {
		const struct hcl_name *e = &names->v[i];

		if (blocks ? !hcl_is_block(e->f)
			   : !hcl_is_attr(e->f) ||
				 (body->json == NULL &&
				     hcl_attr_of(body, e->name) != NULL))
			continue;
		list[n++] = e->name;
	}
	return hcl_closest(given, list, n);
}

static void
unknown_attr(struct rec_hcl *h, const struct hcl_names *names,
    const struct hcl_body *body, const struct hcl_attr *attr)
{
	const char *near = closest(h, names, body, attr->name, false);
	const struct hcl_name *e = hcl_find_name(names, attr->name);

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
unknown_block(struct rec_hcl *h, const struct hcl_names *names,
    const struct hcl_body *body, const struct hcl_block *b)
{
	const char *near = closest(h, names, body, b->type, true);
	const struct hcl_name *e = hcl_find_name(names, b->type);

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
unknown_member(struct rec_hcl *h, const struct hcl_names *names,
    const struct hcl_body *body, const char *name, struct hcl_range at)
{
	const char *near = closest(h, names, body, name, false);

	if (near == NULL)
		near = closest(h, names, body, name, true);
	hcl_diag_add(h->ev->diags, at, "Extraneous JSON object property",
	    "No argument or block type is named \"%s\".%s%s%s", name,
	    near != NULL ? " Did you mean \"" : "", near != NULL ? near : "",
	    near != NULL ? "\"?" : "");
}

/* "name" or "name, other": how messages list a block's labels. */
static const char *
label_name(const struct rec_field *f, size_t i)
{
	if (hcl_has_key_label(f)) {
		if (i == 0)
			return "name";
		i--;
	}
	return rec_file_name(hcl_label_row(f->type, i));
}

static void
put_label_names(const struct rec_field *f, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++)
		buf_addf(out, "%s%s", i > 0 ? ", " : "", label_name(f, i));
}

bool
hcl_check_labels(
    struct rec_hcl *h, const struct rec_field *f, const struct hcl_block *b)
{
	size_t n = hcl_count_labels(f);
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

/* Only the names: a value may be large, and is looked at once. */
static void
check_members(struct rec_hcl *h, const struct hcl_names *names,
    const struct hcl_body *body)
{
	const struct hcl_json *j = body->json;

	for (size_t i = 0; j->kind == J_OBJECT && i < j->n; i++)
		if (hcl_find_name(names, j->keys[i]) == NULL &&
		    !(h->dynamic && strcmp(j->keys[i], "dynamic") == 0))
			unknown_member(
			    h, names, body, j->keys[i], j->key_ranges[i]);
}

void
hcl_check_names(struct rec_hcl *h, const struct hcl_names *names,
    const struct hcl_body *body)
{
	for (size_t i = 0; !names->any && i < body->nattrs; i++) {
		const struct hcl_name *e =
		    hcl_find_name(names, body->attrs[i].name);

		if (e == NULL || !hcl_is_attr(e->f))
			unknown_attr(h, names, body, &body->attrs[i]);
	}
	if (!names->any && body->json != NULL)
		check_members(h, names, body);
	for (size_t i = 0; i < body->nblocks; i++) {
		const struct hcl_block *b = &body->blocks[i];
		const struct hcl_name *e = hcl_find_name(names, b->type);

		if (e == NULL || !hcl_is_block(e->f))
			unknown_block(h, names, body, b);
	}
}
