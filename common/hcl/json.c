/* JSON text into values with places. */
#include "common/hcl/internal.h"

#include <string.h>

#include "common/text.h"

struct json {
	struct hcl_file *file;
	struct arena *arena;
	const struct hcl_src *src;
	size_t at;
	size_t depth;
	size_t nvalues;
	struct hcl_diags *d;
};

static const struct hcl_json *parse_value(struct json *j);

static void
skip_blanks(struct json *j)
{
	while (j->at < j->src->n &&
	       strchr(" \t\r\n", j->src->text[j->at]) != NULL &&
	       j->src->text[j->at] != '\0')
		j->at++;
}

/* The next byte that is no blank; 0 at the end. */
static char
peek(struct json *j)
{
	skip_blanks(j);
	return j->at < j->src->n ? j->src->text[j->at] : '\0';
}

static struct hcl_range
range_here(const struct json *j, size_t len)
{
	size_t end = j->at + len > j->src->n ? j->src->n : j->at + len;

	return (struct hcl_range){ j->src, (uint32_t)j->at, (uint32_t)end };
}

static const struct hcl_json *
fail(struct json *j, const char *summary, const char *detail)
{
	hcl_diag_add(j->d, range_here(j, 1), summary, "%s", detail);
	return NULL;
}

static struct hcl_json *
new_value(struct json *j, enum hcl_json_kind kind)
{
	struct hcl_json *v = arena_alloc(j->arena, sizeof *v);

	v->kind = kind;
	v->range = range_here(j, 1);
	return v;
}

static struct hcl_json *
finish(struct json *j, struct hcl_json *v)
{
	v->range.end = (uint32_t)j->at;
	return v;
}

static bool
hex4(const struct json *j, size_t at, uint32_t *cp)
{
	*cp = 0;
	for (size_t i = at; i < at + 4; i++) {
		char c = i < j->src->n ? j->src->text[i] : '\0';
		int digit = text_hex(c);

		if (digit == -1)
			return false;
		*cp = *cp << 4 | (uint32_t)digit;
	}
	return true;
}

/* The escape behind a backslash at j->at; false when it is none. */
static bool
parse_escape(struct json *j, struct buf *out)
{
	static const char plain[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
	char c = j->at + 1 < j->src->n ? j->src->text[j->at + 1] : '\0';
	uint32_t cp, low;

	for (size_t i = 0; plain[i] != '\0'; i += 2)
		if (plain[i] == c) {
			buf_addc(out, plain[i + 1]);
			j->at += 2;
			return true;
		}
	if (c != 'u' || !hex4(j, j->at + 2, &cp))
		return false;
	j->at += 6;
	if (cp >= 0xd800 && cp < 0xdc00 && j->at + 1 < j->src->n &&
	    memcmp(j->src->text + j->at, "\\u", 2) == 0 &&
	    hex4(j, j->at + 2, &low) && low >= 0xdc00 && low < 0xe000) {
		cp = 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00);
		j->at += 6;
	}
	hcl_utf8_add(out, cp);
	return true;
}

static const struct hcl_json *
parse_string(struct json *j)
{
	struct hcl_json *v = new_value(j, J_STRING);
	struct buf text = { 0 };
	bool closed = false;

	j->at++;
	while (j->at < j->src->n) {
		char c = j->src->text[j->at];

		if (c == '"') {
			closed = true;
			j->at++;
			break;
		}
		if ((unsigned char)c < 0x20 ||
		    (c == '\\' && !parse_escape(j, &text)))
			break;
		if (c != '\\') {
			buf_addc(&text, c);
			j->at++;
		}
	}
	finish(j, v);
	v->str = arena_strndup(j->arena, buf_str(&text), text.len);
	v->len = text.len;
	buf_release(&text);
	if (!closed)
		hcl_diag_add(j->d, v->range, "Invalid JSON string",
		    "There is a syntax error in the given JSON string.");
	return closed ? v : NULL;
}

static const struct hcl_json *
parse_number(struct json *j)
{
	struct hcl_json *v = new_value(j, J_NUMBER);
	size_t start = j->at;

	while (j->at < j->src->n && j->src->text[j->at] != '\0' &&
	       strchr("0123456789+-.eE", j->src->text[j->at]) != NULL)
		j->at++;
	v->str = arena_strndup(j->arena, j->src->text + start, j->at - start);
	v->len = j->at - start;
	return finish(j, v);
}

static const struct hcl_json *
parse_keyword(struct json *j)
{
	static const char *const words[] = { "null", "false", "true" };
	size_t len = 0;
	struct hcl_json *v;

	while (j->at + len < j->src->n &&
	       hcl_is_id_continue((unsigned char)j->src->text[j->at + len]))
		len++;
	for (size_t i = 0; i < 3; i++)
		if (len == strlen(words[i]) &&
		    memcmp(j->src->text + j->at, words[i], len) == 0) {
			v = new_value(j, i == 0 ? J_NULL : J_BOOL);
			v->b = i == 2;
			j->at += len;
			return finish(j, v);
		}
	hcl_diag_add(j->d, range_here(j, len), "Invalid JSON keyword",
	    "\"%.*s\" is not a valid JSON keyword.", (int)len,
	    j->src->text + j->at);
	return NULL;
}

/* --- lists and objects --- */

static void
add_item(struct json *j, struct hcl_json *v, size_t *cap,
    const struct hcl_json *key, const struct hcl_json *item)
{
	if (v->n == *cap) {
		size_t bigger = *cap == 0 ? 4 : *cap * 2;
		struct hcl_json old = *v;

		v->items = arena_alloc(j->arena, bigger * sizeof(*v->items));
		v->keys = arena_alloc(j->arena, bigger * sizeof(*v->keys));
		v->key_ranges =
		    arena_alloc(j->arena, bigger * sizeof *v->key_ranges);
		if (v->n > 0) {
			memcpy(v->items, old.items, v->n * sizeof(*v->items));
			memcpy(v->keys, old.keys, v->n * sizeof(*v->keys));
			memcpy(v->key_ranges, old.key_ranges,
			    v->n * sizeof *v->key_ranges);
		}
		*cap = bigger;
	}
	if (key != NULL) {
		v->keys[v->n] = key->str;
		v->key_ranges[v->n] = key->range;
	}
	v->items[v->n++] = item;
}

static const struct hcl_json *
parse_key(struct json *j)
{
	const struct hcl_json *key = parse_value(j);
	char c;

	if (key == NULL)
		return NULL;
	if (key->kind != J_STRING) {
		hcl_diag_add(j->d, key->range, "Invalid object property name",
		    "A JSON object property name must be a string");
		return NULL;
	}
	c = peek(j);
	if (c == ':') {
		j->at++;
		return key;
	}
	if (c == '}' || c == ',')
		return fail(j, "Missing object value",
		    "A JSON object attribute must have a value, introduced by "
		    "a colon.");
	if (c == '=')
		return fail(j, "Missing property value colon",
		    "JSON uses a colon as its name/value delimiter, not an "
		    "equals sign.");
	return fail(j, "Missing property value colon",
	    "A colon must appear between an object property's name and its "
	    "value.");
}

/* What follows an item: 1 for another one, 0 for the end, -1 and told. */
static int
parse_separator(struct json *j, const struct hcl_json *v, char closing)
{
	bool object = closing == '}';
	char c = peek(j);

	if (c == closing)
		return 0;
	if (c == ',') {
		j->at++;
		if (peek(j) != closing)
			return 1;
		j->at--;
		fail(j,
		    object ? "Trailing comma in object"
			   : "Trailing comma in array",
		    object ? "JSON does not permit a trailing comma after the "
			     "final property in an object."
			   : "JSON does not permit a trailing comma after the "
			     "final value in an array.");
	} else if (j->at >= j->src->n) {
		struct hcl_range open = v->range;

		open.end = open.start + 1;
		hcl_diag_add(j->d, open,
		    object ? "Unclosed object" : "Unclosed array", "%s",
		    object ? "No closing brace was found for this JSON object."
			   : "No closing bracket was found for this JSON "
			     "array.");
	} else if (c == (object ? ']' : '}')) {
		fail(j, object ? "Mismatched braces" : "Mismatched brackets",
		    object ? "A JSON object must be closed with a brace, not a "
			     "bracket."
			   : "A JSON array must be closed with a bracket, not "
			     "a brace.");
	} else {
		fail(j,
		    object ? "Missing attribute separator comma"
			   : "Missing element separator comma",
		    object ? "A comma must appear between each property "
			     "definition in an object."
			   : "A comma must appear between each element of an "
			     "array.");
	}
	return -1;
}

static const struct hcl_json *
parse_items(struct json *j, enum hcl_json_kind kind)
{
	struct hcl_json *v = new_value(j, kind);
	char closing = kind == J_OBJECT ? '}' : ']';
	const struct hcl_json *key = NULL, *item;
	size_t cap = 0;
	int more = 1;

	j->at++;
	while (peek(j) != closing) {
		if (kind == J_OBJECT && (key = parse_key(j)) == NULL)
			return NULL;
		item = parse_value(j);
		if (item != NULL)
			add_item(j, v, &cap, key, item);
		else if (peek(j) != '\0')
			return NULL;
		more = parse_separator(j, v, closing);
		if (item == NULL || more == -1)
			return NULL;
		if (more == 0)
			break;
	}
	if (j->at < j->src->n)
		j->at++;
	return finish(j, v);
}

static const struct hcl_json *
parse_nested(struct json *j, enum hcl_json_kind kind)
{
	const struct hcl_json *v;

	if (j->depth == HCL_MAX_DEPTH)
		return fail(j, "Nesting too deep",
		    "JSON values may not be nested this deeply.");
	j->depth++;
	v = parse_items(j, kind);
	j->depth--;
	return v;
}

static const struct hcl_json *
parse_value(struct json *j)
{
	char c = peek(j);

	if (j->nvalues++ == HCL_MAX_JSON_VALUES)
		return fail(j, "Too many values",
		    "The file holds more values than a file may have.");
	if (c == '{')
		return parse_nested(j, J_OBJECT);
	if (c == '[')
		return parse_nested(j, J_LIST);
	if (c == '"')
		return parse_string(j);
	if (c == '-' || (c >= '0' && c <= '9'))
		return parse_number(j);
	if (hcl_is_id_start((unsigned char)c))
		return parse_keyword(j);
	if (j->at >= j->src->n)
		return fail(
		    j, "Missing value", "The JSON data ends prematurely.");
	if (c == '}' || c == ']' || c == ',')
		return fail(j, "Missing value",
		    "A JSON value must start with a brace, a bracket, a "
		    "number, a string, or a keyword.");
	return fail(j, "Invalid start of value",
	    "A JSON value must start with a brace, a bracket, a number, a "
	    "string, or a keyword.");
}

const struct hcl_json *
hcl_json_parse(struct hcl_file *file, struct hcl_diags *d)
{
	struct json j = {
		.file = file, .arena = &file->arena, .src = &file->src, .d = d
	};
	struct hcl_range start;
	const struct hcl_json *v;

	skip_blanks(&j);
	start = range_here(&j, 1);
	v = parse_value(&j);
	if (v != NULL && peek(&j) != '\0') {
		fail(&j, "Extraneous data after value",
		    "Extra characters appear after the JSON value.");
		return NULL;
	}
	if (v == NULL || (v->kind != J_OBJECT && v->kind != J_LIST)) {
		hcl_diag_add(d, start, "Root value must be object",
		    "The root value in a JSON-based configuration must be "
		    "either a JSON object or a JSON array of objects.");
		return NULL;
	}
	return v;
}
