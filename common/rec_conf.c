#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <libconfig.h>

#include "common/clock.h"
#include "common/conf_impl.h"
#include "common/file.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/rec_impl.h"

struct conf {
	const char *path;
	struct err *err;
};

/* "path:line: ...", and always -1. */
static __attribute__((format(printf, 3, 4))) int
refuse(const struct conf *c, const config_setting_t *s, const char *fmt, ...)
{
	struct buf text = { 0 };
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	err_set(c->err, ERR_BAD, "%s:%u: %s", c->path,
	    (unsigned)config_setting_source_line(s), buf_str(&text));
	buf_release(&text);
	return -1;
}

static const char *
found(const config_setting_t *s)
{
	switch (config_setting_type(s)) {
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return "an integer";
	case CONFIG_TYPE_FLOAT:
		return "a number with a fraction";
	case CONFIG_TYPE_STRING:
		return "text";
	case CONFIG_TYPE_BOOL:
		return "a boolean";
	case CONFIG_TYPE_GROUP:
		return "a group";
	default:
		return "a list";
	}
}

/* The member's name, or its list's. */
static const char *
name_of(const config_setting_t *s)
{
	while (config_setting_name(s) == NULL && !config_setting_is_root(s))
		s = config_setting_parent(s);
	return config_setting_name(s) != NULL ? config_setting_name(s) : "";
}

static int
mismatch(const struct conf *c, const config_setting_t *s, const char *wanted)
{
	return refuse(
	    c, s, "%s: expected %s, found %s", name_of(s), wanted, found(s));
}

/* --- scalars --- */

static bool
is_int(const config_setting_t *s)
{
	return config_setting_type(s) == CONFIG_TYPE_INT ||
	       config_setting_type(s) == CONFIG_TYPE_INT64;
}

/* Integers beyond INT64_MAX come as hexadecimal: see conf_mend(). */
static bool
is_above_int64(const config_setting_t *s)
{
	return is_int(s) && config_setting_get_int64(s) < 0 &&
	       config_setting_get_format(s) == CONFIG_FORMAT_HEX;
}

static int
set_int(const struct conf *c, const struct rec_field *f, void *v,
    const config_setting_t *s)
{
	bool above = is_above_int64(s), is_u64 = f->kind == REC_K_U64;
	int64_t i;

	if (!is_int(s))
		return mismatch(c, s, "an integer");
	i = config_setting_get_int64(s);
	if (is_u64 ? i < 0 && !above : above)
		return refuse(c, s, "%s: integer is out of range", name_of(s));
	memcpy(v, &i, sizeof i);
	return 0;
}

static int
set_float(const struct conf *c, void *v, const config_setting_t *s)
{
	double *d = v;

	if (is_above_int64(s))
		*d = (double)(uint64_t)config_setting_get_int64(s);
	else if (is_int(s))
		*d = (double)config_setting_get_int64(s);
	else if (config_setting_type(s) == CONFIG_TYPE_FLOAT)
		*d = config_setting_get_float(s);
	else
		return mismatch(c, s, "a number");
	if (!isfinite(*d))
		return refuse(c, s, "%s: number is out of range", name_of(s));
	return 0;
}

static int
set_dur(const struct conf *c, void *v, const config_setting_t *s)
{
	const char *text = config_setting_get_string(s);
	const char *wanted = "a duration such as \"30s\"";

	if (text == NULL)
		return mismatch(c, s, wanted);
	if (clock_parse_dur(text, v) == -1)
		return refuse(c, s, "%s: expected %s, found \"%s\"", name_of(s),
		    wanted, text);
	return 0;
}

static int
set_time(const struct conf *c, void *v, const config_setting_t *s)
{
	const char *text = config_setting_get_string(s);
	const char *wanted = "a time such as \"2006-01-02T15:04:05Z\"";

	if (text == NULL)
		return mismatch(c, s, wanted);
	if (clock_parse_time(text, v) == -1)
		return refuse(c, s, "%s: expected %s, found \"%s\"", name_of(s),
		    wanted, text);
	return 0;
}

static int
set_bytes(const struct conf *c, void *v, const config_setting_t *s)
{
	const char *text = config_setting_get_string(s);
	struct rec_bytes *b = v;
	long len;

	if (text == NULL)
		return mismatch(c, s, "base64 text");
	b->data = xmalloc(strlen(text) / 4 * 3);
	len = json_parse_base64(text, strlen(text), b->data);
	if (len < 0)
		return refuse(c, s, "%s: not base64", name_of(s));
	b->len = (size_t)len;
	return 0;
}

/* --- trees --- */

static struct tree *tree_of(const config_setting_t *s);

static struct tree *
tree_of_many(const config_setting_t *s)
{
	bool is_map = config_setting_is_group(s);
	struct tree *t = is_map ? tree_map() : tree_list();
	unsigned n = (unsigned)config_setting_length(s);

	for (unsigned i = 0; i < n; i++) {
		const config_setting_t *e = config_setting_get_elem(s, i);

		if (is_map)
			tree_set(t, config_setting_name(e), tree_of(e));
		else
			tree_push(t, tree_of(e));
	}
	return t;
}

static struct tree *
tree_of(const config_setting_t *s)
{
	switch (config_setting_type(s)) {
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		if (is_above_int64(s))
			return tree_float(
			    (double)(uint64_t)config_setting_get_int64(s));
		return tree_int(config_setting_get_int64(s));
	case CONFIG_TYPE_FLOAT:
		return tree_float(config_setting_get_float(s));
	case CONFIG_TYPE_STRING:
		return tree_str(config_setting_get_string(s));
	case CONFIG_TYPE_BOOL:
		return tree_bool(config_setting_get_bool(s) != 0);
	default:
		return tree_of_many(s);
	}
}

/* --- values --- */

static int fill_rec(const struct conf *c, const struct rec_type *t, void *rec,
    const struct rec_field *but, const config_setting_t *s);

static int
set_value(const struct conf *c, const struct rec_field *f, void *v,
    const config_setting_t *s)
{
	switch (f->kind) {
	case REC_K_BOOL:
		if (config_setting_type(s) != CONFIG_TYPE_BOOL)
			return mismatch(c, s, "true or false");
		*(bool *)v = config_setting_get_bool(s) != 0;
		return 0;
	case REC_K_I64:
	case REC_K_U64:
		return set_int(c, f, v, s);
	case REC_K_F64:
		return set_float(c, v, s);
	case REC_K_DUR:
		return set_dur(c, v, s);
	case REC_K_TIME:
		return set_time(c, v, s);
	case REC_K_STR:
		if (config_setting_type(s) != CONFIG_TYPE_STRING)
			return mismatch(c, s, "text");
		*(char **)v = xstrdup(config_setting_get_string(s));
		return 0;
	case REC_K_BYTES:
		return set_bytes(c, v, s);
	case REC_K_TREE:
		*(struct tree **)v = tree_of(s);
		return 0;
	case REC_K_REC:
		return fill_rec(c, f->type, v, NULL, s);
	case REC_K_PTR:
		if (*(void **)v == NULL)
			*(void **)v = xcalloc(1, f->type->size);
		return fill_rec(c, f->type, *(void **)v, NULL, s);
	}
	return -1;
}

/* Zeroed elements for all that the list or group holds. */
static char *
make_room(const struct rec_field *f, void *rec, const config_setting_t *s)
{
	size_t n = (size_t)config_setting_length(s);
	char *elems = xcalloc(n, rec_value_size(f));

	*(void **)rec_at(rec, f->offset) = elems;
	*rec_count(f, rec) = n;
	return elems;
}

static int
set_list(const struct conf *c, const struct rec_field *f, void *rec,
    const config_setting_t *s)
{
	size_t size = rec_value_size(f);
	char *e;

	if (!config_setting_is_array(s) && !config_setting_is_list(s))
		return mismatch(c, s, "a list");
	e = make_room(f, rec, s);
	for (unsigned i = 0; i < *rec_count(f, rec); i++)
		if (set_value(c, f, e + i * size,
			config_setting_get_elem(s, i)) == -1)
			return -1;
	return 0;
}

static int set_row(const struct conf *c, const struct rec_field *f, void *rec,
    const config_setting_t *s);

/* A map's element, from a group's member or from a group that names the key. */
static int
set_elem(const struct conf *c, const struct rec_type *t, void *e,
    const config_setting_t *s, bool named)
{
	if (!named)
		return fill_rec(c, t, e, NULL, s);
	*(char **)e = xstrdup(config_setting_name(s));
	if (t->pair)
		return set_row(c, &t->fields[1], e, s);
	return fill_rec(c, t, e, &t->fields[0], s);
}

static int
set_map(const struct conf *c, const struct rec_field *f, void *rec,
    const config_setting_t *s)
{
	bool named = config_setting_is_group(s);
	size_t size = f->type->size;
	char *e;

	if (!named && !config_setting_is_list(s))
		return mismatch(c, s, "a group");
	e = make_room(f, rec, s);
	for (unsigned i = 0; i < *rec_count(f, rec); i++)
		if (set_elem(c, f->type, e + i * size,
			config_setting_get_elem(s, i), named) == -1)
			return -1;
	rec_sort_map(f, rec, true);
	return 0;
}

static int
set_row(const struct conf *c, const struct rec_field *f, void *rec,
    const config_setting_t *s)
{
	bool is_rec = f->shape == REC_ONE && f->type != NULL;

	if (!is_rec) /* else it is filled over what is there */
		rec_row_clear(f, rec);
	if (f->shape == REC_LIST_OF)
		return set_list(c, f, rec, s);
	if (f->shape == REC_MAP_OF)
		return set_map(c, f, rec, s);
	if (rec_is_flagged(f))
		*rec_has(f, rec) = true;
	return set_value(c, f, rec_at(rec, f->offset), s);
}

/* --- records --- */

/* The row of the name, in *rec or in what is inlined there; *rec follows. */
static const struct rec_field *
find_row(const struct rec_type *t, void **rec, const struct rec_field *but,
    const char *name)
{
	for (size_t i = 0; i < t->nfields; i++) {
		const struct rec_field *f = &t->fields[i], *inner;
		void *at;

		if (f == but || (f->flags & REC_NOHCL) != 0)
			continue;
		if (conf_is_inline(f)) {
			at = rec_at(*rec, f->offset);
			inner = find_row(f->type, &at, NULL, name);
			if (inner != NULL) {
				*rec = at;
				return inner;
			}
		} else if (strcmp(rec_file_name(f), name) == 0) {
			return f;
		}
	}
	return NULL;
}

static int
run_after(const struct conf *c, const struct rec_type *t, void *rec,
    const config_setting_t *s)
{
	for (size_t i = 0; i < t->nfields; i++)
		if (conf_is_inline(&t->fields[i]) &&
		    run_after(c, t->fields[i].type,
			rec_at(rec, t->fields[i].offset), s) == -1)
			return -1;
	if (t->after == NULL || t->after(rec, c->err) == 0)
		return 0;
	if (config_setting_is_root(s))
		return err_add(c->err, "%s", c->path);
	return err_add(
	    c->err, "%s:%u", c->path, (unsigned)config_setting_source_line(s));
}

static int
fill_rec(const struct conf *c, const struct rec_type *t, void *rec,
    const struct rec_field *but, const config_setting_t *s)
{
	unsigned n;

	if (!config_setting_is_group(s))
		return mismatch(c, s, "a group");
	n = (unsigned)config_setting_length(s);
	for (unsigned i = 0; i < n; i++) {
		const config_setting_t *m = config_setting_get_elem(s, i);
		const struct rec_field *f;
		void *at = rec;

		f = find_row(t, &at, but, config_setting_name(m));
		if (f == NULL)
			return refuse(c, m, "unknown name %s in %s",
			    config_setting_name(m),
			    config_setting_is_root(s) ? "this file"
						      : name_of(s));
		if (set_row(c, f, at, m) == -1)
			return -1;
	}
	return run_after(c, t, rec, s);
}

int
rec_from_conf_text(const struct rec_type *t, void *rec, const char *path,
    const char *text, size_t n, struct err *err)
{
	struct conf c = { path, err };
	struct buf mended = { 0 };
	config_t conf;
	int rc = -1;

	config_init(&conf);
	if (conf_mend(path, text, n, &mended, err) == -1)
		goto out;
	if (config_read_string(&conf, buf_str(&mended)) == CONFIG_TRUE)
		rc = fill_rec(&c, t, rec, NULL, config_root_setting(&conf));
	else
		err_set(err, ERR_BAD, "%s:%d: %s", path,
		    config_error_line(&conf), config_error_text(&conf));
out:
	config_destroy(&conf);
	buf_release(&mended);
	return rc;
}

int
rec_from_conf(
    const struct rec_type *t, void *rec, const char *path, struct err *err)
{
	struct buf text = { 0 };
	int rc = file_read(path, CONF_MAX_BYTES, &text, err);

	if (rc == 0)
		rc = rec_from_conf_text(t, rec, path, text.data, text.len, err);
	buf_release(&text);
	return rc;
}
