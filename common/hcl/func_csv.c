/* csvdecode(): tables as text, RFC 4180. */
#include "common/hcl/func.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

typedef const struct hcl_value *value;

struct csv {
	struct hcl_call *c;
	const char *s, *end;
	size_t line;  /* that s is in, from 1 */
	size_t start; /* the line that the record begins in */
	struct buf field;
	const struct hcl_value **fields; /* of the record */
	size_t n, cap;
	size_t nall; /* of all records */
};

static bool
fail(struct csv *t, size_t line, const char *why)
{
	hcl_func_fail(t->c, "CSV parse error on line %zu: %s", line, why);
	return false;
}

/* The length of the line feed here, CR and all; 0: none. */
static size_t
line_feed(const struct csv *t)
{
	if (t->s < t->end && *t->s == '\n')
		return 1;
	return t->end - t->s >= 2 && memcmp(t->s, "\r\n", 2) == 0 ? 2 : 0;
}

static bool
is_end(const struct csv *t)
{
	return t->s == t->end || line_feed(t) > 0;
}

static bool
end_field(struct csv *t)
{
	if (!hcl_func_has_room(t->c, ++t->nall))
		return false;
	if (t->n == t->cap)
		t->fields = xgrow(t->fields, t->n, &t->cap, sizeof *t->fields);
	t->fields[t->n++] =
	    hcl_value_string(t->c->ev->arena, buf_str(&t->field), t->field.len);
	buf_reset(&t->field);
	return true;
}

static bool
read_plain(struct csv *t)
{
	for (; !is_end(t) && *t->s != ','; t->s++) {
		if (*t->s == '"')
			return fail(t, t->line, "bare \" in non-quoted field");
		buf_addc(&t->field, *t->s);
	}
	return true;
}

/* Behind the first quote; a line feed inside is the field's. */
static bool
read_quoted(struct csv *t)
{
	static const char why[] = "extraneous or missing \" in quoted-field";

	while (t->s < t->end) {
		size_t feed = line_feed(t);

		if (feed > 0) {
			buf_addc(&t->field, '\n');
			t->s += feed;
			t->line++;
		} else if (*t->s != '"') {
			buf_addc(&t->field, *t->s++);
		} else if (t->end - t->s > 1 && t->s[1] == '"') {
			buf_addc(&t->field, '"');
			t->s += 2;
		} else {
			t->s++;
			return is_end(t) || *t->s == ',' ||
			       fail(t, t->line, why);
		}
	}
	return fail(t, t->line, why);
}

/* Reads the next record; false at the end, or when one is wrong. */
static bool
read_record(struct csv *t)
{
	t->n = 0;
	while (line_feed(t) > 0) {
		t->s += line_feed(t);
		t->line++;
	}
	t->start = t->line;
	if (t->s == t->end)
		return false;
	for (;;) {
		bool quoted = t->s < t->end && *t->s == '"';

		t->s += quoted;
		if (!(quoted ? read_quoted(t) : read_plain(t)) || !end_field(t))
			return false;
		if (is_end(t))
			break;
		t->s++;
	}
	if (t->s < t->end) {
		t->s += line_feed(t);
		t->line++;
	}
	return true;
}

/* The first record: the names of the columns. */
static const char **
read_header(struct csv *t, size_t *n)
{
	const char **names;

	if (!read_record(t)) {
		if (t->c->why[0] == '\0')
			hcl_func_fail(t->c, "missing header line");
		return NULL;
	}
	*n = t->n;
	names = arena_alloc(t->c->ev->arena, t->n * sizeof(*names));
	for (size_t i = 0; i < t->n; i++) {
		names[i] = t->fields[i]->str;
		for (size_t k = 0; k < i; k++)
			if (strcmp(names[k], names[i]) == 0) {
				hcl_func_fail(t->c,
				    "duplicate column name \"%s\"", names[i]);
				return NULL;
			}
	}
	return names;
}

static value
make_row(struct csv *t, const char *const *names)
{
	struct arena *a = t->c->ev->arena;
	const char **keys = arena_alloc(a, t->n * sizeof(*keys));
	const struct hcl_value **items = arena_alloc(a, t->n * sizeof(*items));

	memcpy(keys, names, t->n * sizeof(*keys));
	memcpy(items, t->fields, t->n * sizeof(*items));
	return hcl_value_map(a, HCL_V_OBJECT, keys, items, t->n);
}

static value
read_table(struct csv *t)
{
	struct arena *a = t->c->ev->arena;
	const struct hcl_value **rows = NULL, **items;
	size_t nnames, n = 0, cap = 0;
	const char **names = read_header(t, &nnames);

	while (names != NULL && read_record(t)) {
		if (t->n != nnames) {
			fail(t, t->start, "wrong number of fields");
			break;
		}
		if (n == cap)
			rows = xgrow(rows, n, &cap, sizeof *rows);
		rows[n++] = make_row(t, names);
	}
	items = arena_alloc(a, (n + 1) * sizeof(*items));
	if (n > 0)
		memcpy(items, rows, n * sizeof(*items));
	free(rows);
	return t->c->why[0] != '\0' ? NULL
				    : hcl_value_seq(a, HCL_V_LIST, items, n);
}

static value
fn_csvdecode(struct hcl_call *c)
{
	struct csv t = { .c = c,
		.s = c->args[0]->str,
		.end = c->args[0]->str + c->args[0]->len,
		.line = 1 };
	value v = read_table(&t);

	buf_release(&t.field);
	free(t.fields);
	return v;
}

const struct hcl_func hcl_csv_funcs[] = {
	{ "csvdecode", fn_csvdecode, { { "str", HCL_P_STRING, false } }, 1,
	    { NULL, HCL_P_ANY, false } },
};
const size_t hcl_ncsv_funcs = sizeof hcl_csv_funcs / sizeof hcl_csv_funcs[0];
