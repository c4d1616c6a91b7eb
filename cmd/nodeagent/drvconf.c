#include "cmd/nodeagent/drvconf.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

/* What all steps need; path is where we are: "config.mount". */
struct reading {
	const struct taskenv *env;
	const char *path;
	struct err *err;
};

static struct tree *shape_record(
    struct reading *r, const struct rec_type *type, const struct tree *t);

static struct tree *
wrong(const struct reading *r, const char *expected)
{
	err_set(r->err, ERR_BAD, "%s: expected %s", r->path, expected);
	return NULL;
}

/* --- scalars --- */

/* Any scalar as text, expanded; NULL: it is no scalar. Caller frees. */
static char *
text_of(const struct reading *r, const struct tree *t)
{
	struct buf b = { 0 };

	if (t->kind == TREE_LIST || t->kind == TREE_MAP || t->kind == TREE_NULL)
		return NULL;
	if (t->kind == TREE_STR)
		return r->env != NULL ? taskenv_expand(r->env, t->str)
				      : xstrdup(t->str);
	tree_to_json(t, &b, 0);
	return buf_take(&b);
}

static struct tree *
shape_bool(const struct reading *r, const char *text)
{
	if (strcmp(text, "true") == 0 || strcmp(text, "1") == 0)
		return tree_bool(true);
	if (strcmp(text, "false") == 0 || strcmp(text, "0") == 0)
		return tree_bool(false);
	return wrong(r, "true or false");
}

static struct tree *
shape_int(const struct reading *r, const char *text)
{
	char *end;
	double f;
	int64_t i;

	errno = 0;
	i = strtoll(text, &end, 10);
	if (*text != '\0' && *end == '\0' && errno == 0)
		return tree_int(i);
	f = strtod(text, &end);
	if (*text != '\0' && *end == '\0' && fabs(f) < 9e15 && f == floor(f))
		return tree_int((int64_t)f);
	return wrong(r, "a whole number");
}

/* Before its references are expanded a text may stand for a number. */
static bool
is_open(const struct reading *r, const char *text)
{
	return r->env == NULL && strstr(text, "${") != NULL;
}

static struct tree *
shape_scalar(const struct reading *r, enum rec_kind kind, const struct tree *t)
{
	char *text = text_of(r, t);
	struct tree *made;

	if (text == NULL)
		return wrong(r, kind == REC_K_BOOL  ? "true or false"
				: kind == REC_K_I64 ? "a whole number"
						    : "text");
	if (kind == REC_K_STR)
		made = tree_str(text);
	else if (is_open(r, text))
		made = kind == REC_K_BOOL ? tree_bool(false) : tree_int(0);
	else
		made = kind == REC_K_BOOL ? shape_bool(r, text)
					  : shape_int(r, text);
	free(text);
	return made;
}

/* --- lists and maps --- */

static struct tree *
shape_element(
    struct reading *r, const struct rec_field *f, const struct tree *t)
{
	return f->type != NULL ? shape_record(r, f->type, t)
			       : shape_scalar(r, f->kind, t);
}

static struct tree *
shape_list(struct reading *r, const struct rec_field *f, const struct tree *t)
{
	struct tree *list = tree_list();
	struct tree *one = NULL;

	if (t->kind == TREE_MAP && f->type != NULL) {
		if ((one = shape_record(r, f->type, t)) != NULL)
			tree_push(list, one);
	} else if (t->kind == TREE_LIST) {
		one = list;
		for (size_t i = 0; i < t->nitems && one != NULL; i++)
			if ((one = shape_element(r, f, t->items[i])) != NULL)
				tree_push(list, one);
	} else {
		wrong(r, f->type != NULL ? "blocks" : "a list");
	}
	if (one != NULL)
		return list;
	tree_free(list);
	return NULL;
}

static int
put_pairs(struct reading *r, const struct rec_field *value, struct tree *map,
    const struct tree *t)
{
	if (t->kind != TREE_MAP)
		return wrong(r, "names with values") == NULL ? -1 : 0;
	for (size_t i = 0; i < t->nmembers; i++) {
		struct tree *v =
		    shape_scalar(r, value->kind, t->members[i].value);

		if (v == NULL)
			return -1;
		tree_set(map, t->members[i].key, v);
	}
	return 0;
}

/* One map, or blocks that together are one. */
static struct tree *
shape_map(struct reading *r, const struct rec_field *f, const struct tree *t)
{
	const struct rec_field *value = &f->type->fields[1];
	struct tree *map = tree_map();
	int rv = 0;

	if (t->kind == TREE_LIST)
		for (size_t i = 0; i < t->nitems && rv == 0; i++)
			rv = put_pairs(r, value, map, t->items[i]);
	else
		rv = put_pairs(r, value, map, t);
	if (rv == 0)
		return map;
	tree_free(map);
	return NULL;
}

/* --- records --- */

static struct tree *
shape_one(struct reading *r, const struct rec_field *f, const struct tree *t)
{
	if (f->type == NULL)
		return shape_scalar(r, f->kind, t);
	if (t->kind != TREE_LIST)
		return shape_record(r, f->type, t);
	if (t->nitems == 0)
		return tree_null();
	if (t->nitems > 1)
		return wrong(r, "at most one block");
	return shape_record(r, f->type, t->items[0]);
}

static struct tree *
shape_member(struct reading *r, const struct rec_field *f, const struct tree *t)
{
	const char *outer = r->path;
	char *path = xasprintf("%s.%s", outer, f->json);
	struct tree *made;

	r->path = path;
	if (t->kind == TREE_NULL)
		made = tree_null();
	else if (f->shape == REC_MAP_OF)
		made = shape_map(r, f, t);
	else if (f->shape == REC_LIST_OF)
		made = shape_list(r, f, t);
	else
		made = shape_one(r, f, t);
	r->path = outer;
	free(path);
	return made;
}

static const struct rec_field *
find_field(const struct rec_type *type, const char *name)
{
	for (size_t i = 0; i < type->nfields; i++)
		if (strcmp(type->fields[i].json, name) == 0)
			return &type->fields[i];
	return NULL;
}

static struct tree *
shape_record(
    struct reading *r, const struct rec_type *type, const struct tree *t)
{
	struct tree *map;

	if (t->kind != TREE_MAP)
		return wrong(r, "a block");
	map = tree_map();
	for (size_t i = 0; i < t->nmembers; i++) {
		const char *key = t->members[i].key;
		const struct rec_field *f = find_field(type, key);
		struct tree *v = NULL;

		if (f == NULL)
			err_set(r->err, ERR_BAD, "%s has no option \"%s\"",
			    r->path, key);
		else
			v = shape_member(r, f, t->members[i].value);
		if (v == NULL) {
			tree_free(map);
			return NULL;
		}
		tree_set(map, key, v);
	}
	return map;
}

int
drvconf_read(const struct rec_type *type, void *rec, const struct tree *config,
    const struct taskenv *env, struct err *err)
{
	struct reading r = { env, "config", err };
	struct tree *empty = tree_map();
	struct tree *shaped =
	    shape_record(&r, type, config != NULL ? config : empty);
	int rv = -1;

	memset(rec, 0, type->size);
	if (shaped != NULL)
		rv = rec_from_tree(type, rec, shaped, err);
	tree_free(shaped);
	tree_free(empty);
	return rv;
}
