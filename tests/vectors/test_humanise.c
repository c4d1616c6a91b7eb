/*
 * Recorded texts for people: times, sizes, identifiers, columns.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/rove/table.h"
#include "cmd/rove/text.h"
#include "common/clock.h"
#include "tests/lib/vectors.h"

static int64_t
time_of(const struct tree *t, const char *name)
{
	int64_t ns = 0;

	return clock_parse_time(vector_str(t, name), &ns) == -1 ? 0 : ns;
}

static int64_t
int_of(const struct tree *t, const char *name)
{
	const struct tree *v = tree_get(t, name);

	return v != NULL && v->kind == TREE_INT ? v->i : 0;
}

static double
float_of(const struct tree *t, const char *name)
{
	const struct tree *v = tree_get(t, name);

	return v != NULL && v->kind == TREE_FLOAT ? v->f
						  : (double)int_of(t, name);
}

/* The bytes of "68c3". */
static void
unhex(const char *hex, struct buf *out)
{
	for (; hex[0] != '\0' && hex[1] != '\0'; hex += 2) {
		char pair[3] = { hex[0], hex[1], '\0' };

		buf_addc(out, (char)strtol(pair, NULL, 16));
	}
}

/* Compares what came out, and releases it. */
static bool
same(const struct tree *t, struct buf *got, struct buf *why)
{
	struct buf want = { 0 };
	bool ok;

	if (tree_get_str(t, "out_hex") != NULL)
		unhex(vector_str(t, "out_hex"), &want);
	else
		buf_adds(&want, vector_str(t, "out"));
	ok = strcmp(buf_str(&want), buf_str(got)) == 0 &&
	     tree_get(t, "error") == NULL;
	if (!ok)
		buf_addf(
		    why, "want '%s', got '%s'", buf_str(&want), buf_str(got));
	buf_release(&want);
	buf_release(got);
	return ok;
}

static bool
run_ago(const struct tree *t, struct buf *why)
{
	struct buf out = { 0 };

	text_ago(time_of(t, "then"), time_of(t, "now"), &out);
	return same(t, &out, why);
}

static bool
run_difference(const struct tree *t, struct buf *why)
{
	struct buf out = { 0 };
	int64_t unit = 1;

	clock_parse_dur(vector_str(t, "unit"), &unit);
	text_difference(time_of(t, "first"), time_of(t, "second"), unit, &out);
	return same(t, &out, why);
}

static bool
run_time(const struct tree *t, struct buf *why)
{
	struct buf out = { 0 };

	text_time(time_of(t, "time"), &out);
	return same(t, &out, why);
}

static bool
run_unixnano(const struct tree *t, struct buf *why)
{
	struct buf out = { 0 };

	text_time(strtoll(vector_str(t, "nano"), NULL, 10), &out);
	return same(t, &out, why);
}

static bool
run_limit(const struct tree *t, struct buf *why)
{
	struct buf out = { 0 };

	buf_adds(
	    &out, text_id(vector_str(t, "in"), (size_t)int_of(t, "length")));
	return same(t, &out, why);
}

static bool
run_sanitize(const struct tree *t, struct buf *why)
{
	const char *in = vector_str(t, "in");
	struct buf out = { 0 };

	buf_add(&out, in, text_id_prefix(in));
	return same(t, &out, why);
}

static bool
run_ibytes(const struct tree *t, struct buf *why)
{
	struct buf out = { 0 };

	text_bytes(strtoull(vector_str(t, "n"), NULL, 10), &out);
	return same(t, &out, why);
}

/* Where an error is recorded it is enough to refuse. */
static bool
refused(const struct tree *t, struct buf *why)
{
	if (tree_get(t, "error") != NULL)
		return true;
	buf_adds(why, "refused");
	return false;
}

static bool
run_parsebytes(const struct tree *t, struct buf *why)
{
	struct buf out = { 0 };
	uint64_t n;

	if (text_parse_bytes(vector_str(t, "in"), &n) == -1)
		return refused(t, why);
	buf_addf(&out, "%" PRIu64, n);
	return same(t, &out, why);
}

static bool
run_float(const struct tree *t, struct buf *why)
{
	struct buf out = { 0 };

	text_float(float_of(t, "v"), &out);
	return same(t, &out, why);
}

static bool
run_ordinal(const struct tree *t, struct buf *why)
{
	struct buf out = { 0 };

	text_ordinal(int_of(t, "n"), &out);
	return same(t, &out, why);
}

static bool
run_duration(const struct tree *t, struct buf *why)
{
	char text[CLOCK_DUR_SIZE];
	struct buf out = { 0 };

	clock_format_dur(strtoll(vector_str(t, "nano"), NULL, 10), text);
	buf_adds(&out, text);
	return same(t, &out, why);
}

static bool
run_parseduration(const struct tree *t, struct buf *why)
{
	struct buf out = { 0 };
	int64_t ns;

	if (clock_parse_dur(vector_str(t, "in"), &ns) == -1)
		return refused(t, why);
	buf_addf(&out, "%" PRId64, ns);
	return same(t, &out, why);
}

static bool
run_columns(const struct tree *t, enum table_form form, struct buf *why)
{
	const struct tree *in = tree_get(t, "in");
	struct buf rows = { 0 }, out = { 0 };

	for (size_t i = 0; i < vector_count(in); i++)
		table_row(&rows, "%s", in->items[i]->str);
	table_format(buf_str(&rows), form, &out);
	buf_release(&rows);
	return same(t, &out, why);
}

static bool
run_list(const struct tree *t, struct buf *why)
{
	return run_columns(t, TABLE_LIST, why);
}

static bool
run_list_spaces(const struct tree *t, struct buf *why)
{
	return run_columns(t, TABLE_SPACES, why);
}

static bool
run_kv(const struct tree *t, struct buf *why)
{
	return run_columns(t, TABLE_KV, why);
}

static bool
run_indent(const struct tree *t, struct buf *why)
{
	struct buf out = { 0 };

	table_indent(vector_str(t, "in"), (size_t)int_of(t, "pad"), &out);
	return same(t, &out, why);
}

static bool
run_wrap(const struct tree *t, struct buf *why)
{
	struct buf out = { 0 };

	table_wrap(vector_str(t, "in"), (size_t)int_of(t, "pad"), &out);
	return same(t, &out, why);
}

static const struct vector_kind kinds[] = {
	{ "ago", run_ago, VECTOR_ALL },
	{ "difference", run_difference, VECTOR_ALL },
	{ "time", run_time, 5 },
	{ "unixnano", run_unixnano, VECTOR_ALL },
	{ "limit", run_limit, VECTOR_ALL },
	{ "sanitize", run_sanitize, VECTOR_ALL },
	{ "ibytes", run_ibytes, VECTOR_ALL },
	{ "parsebytes", run_parsebytes, VECTOR_ALL },
	{ "float", run_float, VECTOR_ALL },
	{ "ordinal", run_ordinal, VECTOR_ALL },
	{ "duration", run_duration, VECTOR_ALL },
	{ "parseduration", run_parseduration, VECTOR_ALL },
	{ "list", run_list, VECTOR_ALL },
	{ "list_spaces", run_list_spaces, VECTOR_ALL },
	{ "kv", run_kv, VECTOR_ALL },
	{ "indent", run_indent, VECTOR_ALL },
	{ "wrap", run_wrap, VECTOR_ALL },
};

int
main(int argc, char **argv)
{
	/* The recorded times were printed there. */
	setenv("TZ", "UTC", 1);
	tzset();
	return vectors_run("humanise", "tests/vectors/humanise/cases.jsonl",
	    kinds, sizeof kinds / sizeof kinds[0], argc, argv);
}
