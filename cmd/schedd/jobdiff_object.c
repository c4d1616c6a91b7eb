#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/jobdiff_impl.h"
#include "common/mem.h"

/* --- sets of texts --- */

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorted, each once; the texts stay borrowed. */
static char **
sorted(char *const *list, size_t *n)
{
	char **s = xreallocarray(NULL, *n + 1, sizeof *s);
	size_t kept = 0;

	if (*n > 0)
		memcpy(s, list, *n * sizeof *s);
	qsort(s, *n, sizeof *s, by_text);
	for (size_t i = 0; i < *n; i++)
		if (kept == 0 || strcmp(s[kept - 1], s[i]) != 0)
			s[kept++] = s[i];
	*n = kept;
	return s;
}

void
diff_texts(const char *name, char *const *old, size_t nold, char *const *new,
    size_t nnew, bool ctx, struct objects *out)
{
	char **a = sorted(old, &nold), **b = sorted(new, &nnew);
	struct fields f = { 0 };
	struct object_diff o = { 0 };
	bool added = false, deleted = false;

	for (size_t i = 0, k = 0; i < nold || k < nnew;) {
		int order = i == nold ? 1 : k == nnew ? -1 : strcmp(a[i], b[k]);

		added = added || order > 0;
		deleted = deleted || order < 0;
		fields_add(&f, name, order > 0 ? "" : a[i],
		    order < 0 ? "" : b[k], ctx);
		i += order <= 0 ? 1 : 0;
		k += order >= 0 ? 1 : 0;
	}
	free(a);
	free(b);
	if (f.n == 0)
		return;
	fields_sort(&f);
	o.name = xstrdup(name);
	o.type = xstrdup(added && deleted ? "Edited"
			 : added          ? "Added"
			 : deleted        ? "Deleted"
					  : "None");
	o.fields = f.list;
	o.nfields = f.n;
	objects_add(out, &o);
}

/* --- records --- */

/* What the fields alone say; NULL when none of them changed. */
static const char *
type_by_fields(const struct fields *f)
{
	bool added = false, deleted = false;

	for (size_t i = 0; i < f->n; i++) {
		if (strcmp(f->list[i].type, "Edited") == 0)
			return "Edited";
		added = added || strcmp(f->list[i].type, "Added") == 0;
		deleted = deleted || strcmp(f->list[i].type, "Deleted") == 0;
	}
	if (added && deleted)
		return "Edited";
	return added ? "Added" : deleted ? "Deleted" : NULL;
}

void
diff_object(const struct diff_spec *s, const char *name, const void *old,
    const void *new, bool ctx, struct objects *out)
{
	struct flat a = { 0 }, b = { 0 };
	struct fields f = { 0 };
	struct objects parts = { 0 };
	struct object_diff o = { 0 };
	const char *type;

	if ((old == NULL && new == NULL) ||
	    (old != NULL && new != NULL &&rec_equal(s->type, old, new)))
		return;
	flat_record(&a, s->type, old, s->skip, s->sparse);
	flat_record(&b, s->type, new, s->skip, s->sparse);
	fields_flats(&f, &a, &b, ctx && !s->terse);
	diff_parts(s, old, new, ctx, &parts);
	type = s->by_fields ? type_by_fields(&f) : diff_type(old, new);
	o.fields = f.list;
	o.nfields = f.n;
	o.objects = parts.list;
	o.nobjects = parts.n;
	if (type == NULL) {
		rec_clear(&object_diff_type, &o);
		return;
	}
	o.name = xstrdup(name);
	o.type = xstrdup(type);
	objects_add(out, &o);
}

/* A list of records, or of pointers to them after sorting. */
struct list {
	const char *elems;
	size_t n;
};

static const struct rec_field *
find_row(const struct rec_type *t, const char *json)
{
	for (size_t i = 0; i < t->nfields; i++)
		if (strcmp(t->fields[i].json, json) == 0)
			return &t->fields[i];
	return NULL;
}

static struct list
list_of(const struct rec_field *f, const void *rec)
{
	const char *base = rec;

	if (rec == NULL)
		return (struct list){ NULL, 0 };
	return (struct list){ *(const char *const *)(base + f->offset),
		*(const size_t *)(base + f->extra) };
}

/* A record with what it is told by: its bytes or its name. */
struct known {
	char *key;
	size_t len;
	const void *rec;
};

static int
by_key(const void *a, const void *b)
{
	const struct known *x = a, *y = b;
	size_t n = x->len < y->len ? x->len : y->len;
	int order = n == 0 ? 0 : memcmp(x->key, y->key, n);

	if (order == 0 && x->len != y->len)
		order = x->len < y->len ? -1 : 1;
	return order;
}

/* Sorted, each key once: of equal keys the last one stays. */
static struct known *
known_of(const struct list *list, const struct rec_type *t,
    const struct rec_field *key, size_t *n)
{
	struct known *k = xcalloc(list->n + 1, sizeof *k);
	size_t kept = 0;

	for (size_t i = 0; i < list->n; i++) {
		struct buf b = { 0 };

		k[i].rec = list->elems + i * t->size;
		if (key == NULL)
			rec_pack(t, k[i].rec, &b);
		else if (*(char *const *)((const char *)k[i].rec +
					  key->offset) != NULL)
			buf_adds(&b, *(char *const *)((const char *)k[i].rec +
						      key->offset));
		k[i].len = b.len;
		k[i].key = buf_take(&b);
	}
	qsort(k, list->n, sizeof *k, by_key);
	for (size_t i = 0; i < list->n; i++) {
		if (kept > 0 && by_key(&k[kept - 1], &k[i]) == 0)
			free(k[--kept].key);
		k[kept++] = k[i];
	}
	*n = kept;
	return k;
}

static void
known_free(struct known *k, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(k[i].key);
	free(k);
}

/* Records that are told apart by their bytes, or by a member if key. */
static void
diff_list(const struct diff_part *p, const struct list *old,
    const struct list *new, const char *name, bool ctx, struct objects *out)
{
	const struct rec_type *t = p->spec->type;
	const struct rec_field *key =
	    p->kind == DIFF_NAMED ? find_row(t, p->key) : NULL;
	size_t na, nb, from = out->n;
	struct known *a = known_of(old, t, key, &na);
	struct known *b = known_of(new, t, key, &nb);

	for (size_t i = 0, k = 0; i < na || k < nb;) {
		int order = i == na ? 1 : k == nb ? -1 : by_key(&a[i], &b[k]);

		if (order != 0 || p->kind == DIFF_NAMED)
			diff_object(p->spec, name, order > 0 ? NULL : a[i].rec,
			    order < 0 ? NULL : b[k].rec, ctx, out);
		i += order <= 0 ? 1 : 0;
		k += order >= 0 ? 1 : 0;
	}
	objects_sort(out, from);
	known_free(a, na);
	known_free(b, nb);
}

static void
flat_lists(struct flat *out, const struct list *l)
{
	const struct rec_kvs *kvs = (const void *)l->elems;

	for (size_t i = 0; i < l->n; i++)
		for (size_t k = 0; k < kvs[i].nvalues; k++)
			flat_add(out, xasprintf("%s[%zu]", kvs[i].key, k),
			    xstrdup(kvs[i].values[k]));
}

void
diff_flats(const char *name, struct flat *old, struct flat *new, bool ctx,
    struct objects *out)
{
	struct object_diff o = { 0 };
	struct fields f = { 0 };
	const char *type = old->n == 0   ? "Added"
			   : new->n == 0 ? "Deleted"
					 : "Edited";

	fields_flats(&f, old, new, ctx);
	o.fields = f.list;
	o.nfields = f.n;
	if (type_by_fields(&f) == NULL) {
		rec_clear(&object_diff_type, &o);
		return;
	}
	o.name = xstrdup(name);
	o.type = xstrdup(type);
	objects_add(out, &o);
}

static const void *
one_of(const struct rec_field *f, const void *rec)
{
	if (rec == NULL)
		return NULL;
	return *(const void *const *)((const char *)rec + f->offset);
}

static void
diff_part(const struct rec_type *t, const struct diff_part *p, const void *old,
    const void *new, bool ctx, struct objects *out)
{
	const struct rec_field *f = find_row(t, p->member);
	const char *name = p->name == NULL ? p->member : p->name;
	struct list a = { NULL, 0 }, b = { NULL, 0 };
	struct flat x = { 0 }, y = { 0 };

	if (f->shape != REC_ONE) {
		a = list_of(f, old);
		b = list_of(f, new);
	}
	switch (p->kind) {
	case DIFF_TEXTS:
		diff_texts(name, (char *const *)(const void *)a.elems, a.n,
		    (char *const *)(const void *)b.elems, b.n, ctx, out);
		break;
	case DIFF_SET:
	case DIFF_NAMED:
		diff_list(p, &a, &b, name, ctx, out);
		break;
	case DIFF_ONE:
		diff_object(
		    p->spec, name, one_of(f, old), one_of(f, new), ctx, out);
		break;
	case DIFF_TREE:
		flat_tree(&x, one_of(f, old));
		flat_tree(&y, one_of(f, new));
		diff_flats(name, &x, &y, ctx, out);
		break;
	case DIFF_LISTS:
		flat_lists(&x, &a);
		flat_lists(&y, &b);
		diff_flats(name, &x, &y, ctx, out);
		break;
	case DIFF_CALL:
		p->call(old, new, ctx, out);
		break;
	}
}

void
diff_parts(const struct diff_spec *s, const void *old, const void *new,
    bool ctx, struct objects *out)
{
	for (size_t i = 0; i < s->nparts; i++)
		diff_part(
		    s->type, &s->parts[i], old, new, ctx && !s->terse, out);
}
