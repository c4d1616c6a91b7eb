#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/jobdiff_impl.h"
#include "common/mem.h"

#define MAX_DIGITS 17 /* that tell one double from all others */
#define MAX_PLAIN  6  /* digits before the point without an exponent */

void
flat_add(struct flat *f, char *name, char *text)
{
	f->pairs = xgrow(f->pairs, f->n, &f->cap, sizeof *f->pairs);
	f->pairs[f->n++] = (struct flat_pair){ name, text };
}

void
flat_release(struct flat *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->pairs[i].name);
		free(f->pairs[i].text);
	}
	free(f->pairs);
	*f = (struct flat){ 0 };
}

static bool
is_listed(const char *const *list, const char *name)
{
	for (; list != NULL && *list != NULL; list++)
		if (strcmp(*list, name) == 0)
			return true;
	return false;
}

static char *
text_of(const struct rec_field *f, const void *v)
{
	switch (f->kind) {
	case REC_K_BOOL:
		return xstrdup(*(const bool *)v ? "true" : "false");
	case REC_K_I64:
	case REC_K_DUR:
	case REC_K_TIME:
		return xasprintf("%" PRId64, *(const int64_t *)v);
	case REC_K_U64:
		return xasprintf("%" PRIu64, *(const uint64_t *)v);
	case REC_K_STR:
		v = *(const char *const *)v;
		return xstrdup(v == NULL ? "" : v);
	case REC_K_F64:
	case REC_K_BYTES:
	case REC_K_TREE:
	case REC_K_REC:
	case REC_K_PTR:
		break;
	}
	return NULL;
}

/* A map of texts, numbers or booleans: "Meta[key]". */
static void
flat_map(struct flat *out, const struct rec_field *f, const char *rec)
{
	const char *elems = *(const char *const *)(rec + f->offset);
	size_t n = *(const size_t *)(rec + f->extra);
	const struct rec_field *value = &f->type->fields[1];

	if (!f->type->pair || value->shape != REC_ONE)
		return;
	for (size_t i = 0; i < n; i++) {
		const char *e = elems + i * f->type->size;
		char *text = text_of(value, e + value->offset);

		if (text != NULL)
			flat_add(out,
			    xasprintf("%s[%s]", f->json,
				*(char *const *)(e +
						 f->type->fields[0].offset)),
			    text);
	}
}

/* Links are shown under a name of their own. */
static const char *
shown_name(const struct rec_field *f)
{
	return strcmp(f->json, "URL") == 0 ? "Url" : f->json;
}

void
flat_record(struct flat *out, const struct rec_type *t, const void *rec,
    const char *const *skip, bool sparse)
{
	for (size_t i = 0; rec != NULL && i < t->nfields; i++) {
		const struct rec_field *f = &t->fields[i];
		const char *base = rec;
		char *text;

		if (*f->json == '\0' || is_listed(skip, f->json))
			continue;
		if (f->shape == REC_MAP_OF && f->kind == REC_K_REC)
			flat_map(out, f, base);
		if (f->shape != REC_ONE)
			continue;
		if (f->opt && f->extra != 0 &&
		    !*(const bool *)(base + f->extra)) {
			if (!sparse)
				flat_add(out, xstrdup(shown_name(f)),
				    xstrdup("nil"));
			continue;
		}
		text = text_of(f, base + f->offset);
		if (text != NULL)
			flat_add(out, xstrdup(shown_name(f)), text);
	}
}

/* The shortest digits that read back the same, as "2.5" or "1e+06". */
static char *
float_text(double v)
{
	char sci[40];
	int digits = 0, exp;
	struct buf b = { 0 };

	if (!isfinite(v))
		return xasprintf("%f", v);
	do
		snprintf(sci, sizeof sci, "%.*e", digits, v);
	while (memcmp(&(double){ strtod(sci, NULL) }, &v, sizeof v) != 0 &&
	       ++digits < MAX_DIGITS);
	exp = atoi(strchr(sci, 'e') + 1);
	if (exp < -4 || exp >= MAX_PLAIN)
		return xstrdup(sci);
	buf_addf(&b, "%.*f", digits > exp ? digits - exp : 0, v);
	return buf_take(&b);
}

static void
flat_leaf(struct flat *out, const char *name, const struct tree *t)
{
	char *text;

	if (t->kind == TREE_BOOL)
		text = xstrdup(t->b ? "true" : "false");
	else if (t->kind == TREE_INT)
		text = float_text((double)t->i);
	else if (t->kind == TREE_FLOAT)
		text = float_text(t->f);
	else
		text = xstrdup(t->kind == TREE_STR ? t->str : "nil");
	flat_add(out, xstrdup(name), text);
}

static void
flat_node(struct flat *out, const char *name, const struct tree *t)
{
	char *inner;

	if (t->kind == TREE_LIST) {
		for (size_t i = 0; i < t->nitems; i++) {
			inner = xasprintf("%s[%zu]", name, i);
			flat_node(out, inner, t->items[i]);
			free(inner);
		}
	} else if (t->kind == TREE_MAP) {
		for (size_t i = 0; i < t->nmembers; i++) {
			inner = *name == '\0' ? xstrdup(t->members[i].key)
					      : xasprintf("%s[%s]", name,
						    t->members[i].key);
			flat_node(out, inner, t->members[i].value);
			free(inner);
		}
	} else {
		flat_leaf(out, name, t);
	}
}

void
flat_tree(struct flat *out, const struct tree *t)
{
	if (t != NULL)
		flat_node(out, "", t);
}

/* --- lists --- */

const char *
diff_type(const void *old, const void *new)
{
	return old == NULL ? "Added" : new == NULL ? "Deleted" : "Edited";
}

void
fields_add(struct fields *out, const char *name, const char *old,
    const char *new, bool ctx)
{
	bool same = strcmp(old, new) == 0;
	struct field_diff *f;

	if (same && !ctx)
		return;
	out->list = xreallocarray(out->list, out->n + 1, sizeof *out->list);
	f = &out->list[out->n++];
	*f = (struct field_diff){
		.name = xstrdup(name), .old = xstrdup(old), .new = xstrdup(new)
	};
	f->type = xstrdup(same ? "None"
			       : diff_type(*old == '\0' ? NULL : old,
				     *new == '\0' ? NULL : new));
}

static int
by_name(const void *a, const void *b)
{
	const struct flat_pair *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void
flat_sort(struct flat *f)
{
	if (f->n > 0)
		qsort(f->pairs, f->n, sizeof *f->pairs, by_name);
}

void
fields_flats(struct fields *out, struct flat *old, struct flat *new, bool ctx)
{
	size_t i = 0, k = 0;

	flat_sort(old);
	flat_sort(new);
	while (i < old->n || k < new->n) {
		int order = i == old->n   ? 1
			    : k == new->n ? -1
					  : strcmp(old->pairs[i].name,
						new->pairs[k].name);
		const char *name =
		    order > 0 ? new->pairs[k].name : old->pairs[i].name;

		fields_add(out, name, order > 0 ? "" : old->pairs[i].text,
		    order < 0 ? "" : new->pairs[k].text, ctx);
		i += order <= 0 ? 1 : 0;
		k += order >= 0 ? 1 : 0;
	}
	flat_release(old);
	flat_release(new);
}

static int
by_field(const void *a, const void *b)
{
	const struct field_diff *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	if (order == 0)
		order = strcmp(x->old, y->old);
	return order == 0 ? strcmp(x->new, y->new) : order;
}

void
fields_sort(struct fields *out)
{
	if (out->n > 0)
		qsort(out->list, out->n, sizeof *out->list, by_field);
}

void
objects_add(struct objects *out, struct object_diff *o)
{
	out->list = xreallocarray(out->list, out->n + 1, sizeof *out->list);
	out->list[out->n++] = *o;
	*o = (struct object_diff){ 0 };
}

static int
by_object(const void *a, const void *b)
{
	const struct object_diff *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	/* Added, Deleted, Edited, None: the alphabet puts them right. */
	if (order == 0)
		order = strcmp(x->type, y->type);
	if (order == 0 && x->nfields != y->nfields)
		order = x->nfields < y->nfields ? -1 : 1;
	for (size_t i = 0; order == 0 && i < x->nfields; i++)
		order = by_field(&x->fields[i], &y->fields[i]);
	if (order == 0 && x->nobjects != y->nobjects)
		order = x->nobjects < y->nobjects ? -1 : 1;
	for (size_t i = 0; order == 0 && i < x->nobjects; i++)
		order = by_object(&x->objects[i], &y->objects[i]);
	return order;
}

void
objects_sort(struct objects *out, size_t from)
{
	if (out->n > from)
		qsort(out->list + from, out->n - from, sizeof *out->list,
		    by_object);
}
