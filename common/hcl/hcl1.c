/*
 * HCL 1, the language of agent files, into the values that JSON gives too:
 * `a = 1`, `a { ... }`, `a = { ... }` and `a "label" { ... }` are members of
 * objects, and a name may stand several times. Readers ask the body for
 * attributes and blocks as they do with JSON.
 *
 * Line ends mean nothing here: several arguments may stand on one line.
 * References such as ${x} are text like any other.
 */
#include "common/hcl/internal.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

struct hcl1 {
	struct hcl_file *file;
	const struct hcl_src *src;
	struct hcl_diags *d;
	size_t at;
	size_t depth;
	size_t nvalues;
};

static const struct hcl_json *parse_value(struct hcl1 *p);

/* --- text --- */

static char
ahead(const struct hcl1 *p, size_t n)
{
	return p->at + n < p->src->n ? p->src->text[p->at + n] : '\0';
}

static struct hcl_range
range_from(const struct hcl1 *p, size_t start)
{
	return (struct hcl_range){ p->src, (uint32_t)start, (uint32_t)p->at };
}

static const struct hcl_json *
fail(struct hcl1 *p, size_t at, const char *sentence)
{
	size_t end = at < p->src->n ? at + 1 : at;

	hcl_diag_add(p->d,
	    (struct hcl_range){ p->src, (uint32_t)at, (uint32_t)end },
	    "Invalid syntax", "%s", sentence);
	return NULL;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Skips blanks and comments; false and told when one has no end. */
static bool
skip_blanks(struct hcl1 *p)
{
	while (p->at < p->src->n) {
		size_t start = p->at;
		const char *end;

		if (is_blank(ahead(p, 0))) {
			p->at++;
		} else if (ahead(p, 0) == '#' ||
			   (ahead(p, 0) == '/' && ahead(p, 1) == '/')) {
			while (p->at < p->src->n && ahead(p, 0) != '\n')
				p->at++;
		} else if (ahead(p, 0) == '/' && ahead(p, 1) == '*') {
			end = memmem(p->src->text + start + 2,
			    p->src->n - start - 2, "*/", 2);
			if (end == NULL) {
				fail(p, start, "This comment has no end.");
				return false;
			}
			p->at = (size_t)(end - p->src->text) + 2;
		} else {
			return true;
		}
	}
	return true;
}

static bool
is_word_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       (unsigned char)c >= 0x80;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void
skip_word(struct hcl1 *p)
{
	while (is_word_start(ahead(p, 0)) || is_digit(ahead(p, 0)) ||
	       ahead(p, 0) == '-' || ahead(p, 0) == '.')
		p->at++;
}

/* --- values --- */

static struct hcl_json *
new_value(struct hcl1 *p, enum hcl_json_kind kind, size_t start)
{
	struct hcl_json *v = arena_alloc(&p->file->arena, sizeof *v);

	v->kind = kind;
	v->range = range_from(p, start);
	return v;
}

static struct hcl_json *
text_value(struct hcl1 *p, size_t start, const struct buf *text)
{
	struct hcl_json *v = new_value(p, J_STRING, start);

	v->str = arena_strndup(&p->file->arena, buf_str(text), text->len);
	v->len = text->len;
	return v;
}

/* Room for one more member of a list or an object in the arena. */
static void
add_item(struct hcl1 *p, struct hcl_json *v, const char *key,
    struct hcl_range key_range, const struct hcl_json *item)
{
	struct arena *a = &p->file->arena;
	size_t n = v->n;

	if ((n & (n - 1)) == 0) {
		size_t cap = n == 0 ? 1 : 2 * n;
		const struct hcl_json **items =
		    arena_alloc(a, cap * sizeof(*items));
		const char **keys = arena_alloc(a, cap * sizeof(*keys));
		struct hcl_range *ranges = arena_alloc(a, cap * sizeof *ranges);

		if (n > 0) {
			memcpy(items, v->items, n * sizeof(*items));
			memcpy(keys, v->keys, n * sizeof(*keys));
			memcpy(ranges, v->key_ranges, n * sizeof *ranges);
		}
		v->items = items;
		v->keys = keys;
		v->key_ranges = ranges;
	}
	v->items[n] = item;
	v->keys[n] = key;
	v->key_ranges[n] = key_range;
	v->n++;
}

/* --- strings --- */

static bool
hex_escape(struct hcl1 *p, size_t digits, struct buf *out)
{
	uint32_t cp = 0;

	for (size_t i = 0; i < digits; i++) {
		char c = ahead(p, 2 + i);

		if (is_digit(c))
			cp = cp << 4 | (uint32_t)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			cp = cp << 4 | (uint32_t)((c | 0x20) - 'a' + 10);
		else
			return false;
	}
	if (cp == 0 || cp > 0x10ffff)
		return false;
	p->at += 2 + digits;
	if (digits == 2)
		buf_addc(out, (char)cp);
	else
		hcl_utf8_add(out, cp);
	return true;
}

static bool
unescape(struct hcl1 *p, struct buf *out)
{
	static const char plain[] = "\"\"\\\\a\ab\bf\fn\nr\rt\tv\v";
	char c = ahead(p, 1);

	for (size_t i = 0; plain[i] != '\0'; i += 2)
		if (plain[i] == c) {
			buf_addc(out, plain[i + 1]);
			p->at += 2;
			return true;
		}
	return (c == 'x' && hex_escape(p, 2, out)) ||
	       (c == 'u' && hex_escape(p, 4, out)) ||
	       (c == 'U' && hex_escape(p, 8, out));
}

/* ${...} is kept as it is written, quotes and line ends too. */
static void
copy_reference(struct hcl1 *p, struct buf *out)
{
	size_t depth = 0, start = p->at;

	p->at++;
	do {
		depth += ahead(p, 0) == '{';
		depth -= ahead(p, 0) == '}';
		p->at++;
	} while (depth > 0 && p->at < p->src->n);
	buf_add(out, p->src->text + start, p->at - start);
}

/* The text at an opening quote into out. */
static bool
read_string(struct hcl1 *p, struct buf *out)
{
	size_t start = p->at++;

	while (p->at < p->src->n && ahead(p, 0) != '\n') {
		size_t at = p->at;

		if (ahead(p, 0) == '"') {
			p->at++;
			return true;
		}
		if (ahead(p, 0) == '$' && ahead(p, 1) == '{') {
			copy_reference(p, out);
		} else if (ahead(p, 0) != '\\') {
			buf_addc(out, ahead(p, 0));
			p->at++;
		} else if (!unescape(p, out)) {
			fail(p, at, "No such escape is known.");
			return false;
		}
	}
	fail(p, start, "This text has no closing quote.");
	return false;
}

/* --- heredocs --- */

/* True when the line at start holds nothing but the marker. */
static bool
is_marker(const struct hcl1 *p, size_t start, size_t end, const char *marker,
    size_t n)
{
	const char *s = p->src->text;

	while (start < end && (s[start] == ' ' || s[start] == '\t'))
		start++;
	while (end > start && s[end - 1] == '\r')
		end--;
	return end - start == n && memcmp(s + start, marker, n) == 0;
}

/* Takes the marker's own indent from all lines, where all have it. */
static void
unindent(struct buf *text, size_t indent)
{
	struct buf out = { 0 };
	size_t at = 0;

	while (at < text->len) {
		const char *line = text->data + at;
		const char *nl = memchr(line, '\n', text->len - at);
		size_t n =
		    nl != NULL ? (size_t)(nl - line) + 1 : text->len - at;

		if (n > 1 && strspn(line, " \t") < indent) {
			buf_release(&out);
			return;
		}
		if (n > indent)
			buf_add(&out, line + indent, n - indent);
		else
			buf_addc(&out, '\n');
		at += n;
	}
	buf_release(text);
	*text = out;
}

static const struct hcl_json *
parse_heredoc(struct hcl1 *p)
{
	size_t start = p->at, marker, n, line;
	const char *s = p->src->text;
	struct buf text = { 0 };
	const struct hcl_json *v;
	bool flush = ahead(p, 2) == '-';

	p->at += flush ? 3 : 2;
	marker = p->at;
	skip_word(p);
	n = p->at - marker;
	if (ahead(p, 0) == '\r')
		p->at++;
	if (n == 0 || ahead(p, 0) != '\n')
		return fail(p, start,
		    "A heredoc starts with a word and the "
		    "end of its line.");
	for (line = ++p->at; line < p->src->n; line = ++p->at) {
		while (p->at < p->src->n && s[p->at] != '\n')
			p->at++;
		if (is_marker(p, line, p->at, s + marker, n)) {
			if (flush)
				unindent(&text, strspn(s + line, " \t"));
			v = text_value(p, start, &text);
			buf_release(&text);
			return v;
		}
		buf_add(&text, s + line, p->at - line);
		buf_addc(&text, '\n');
	}
	buf_release(&text);
	p->at = p->src->n;
	return fail(p, start, "This heredoc has no end.");
}

/* --- numbers, words, lists, objects --- */

static const struct hcl_json *
parse_number(struct hcl1 *p)
{
	size_t start = p->at, n;
	struct hcl_json *v;
	char text[64], *end;

	p->at += ahead(p, 0) == '-';
	while (is_digit(ahead(p, 0)) || is_word_start(ahead(p, 0)) ||
	       ahead(p, 0) == '.' ||
	       ((ahead(p, 0) == '-' || ahead(p, 0) == '+') &&
		   (p->src->text[p->at - 1] | 0x20) == 'e'))
		p->at++;
	n = p->at - start;
	if (n >= sizeof text)
		return fail(p, start, "This number is too long.");
	memcpy(text, p->src->text + start, n);
	text[n] = '\0';
	strtold(text, &end);
	if (end != text + n || strpbrk(text, "iInN") != NULL)
		return fail(p, start, "This is not a number.");
	v = new_value(p, J_NUMBER, start);
	v->str = arena_strndup(&p->file->arena, text, n);
	v->len = n;
	return v;
}

static const struct hcl_json *
parse_word(struct hcl1 *p)
{
	size_t start = p->at, n;
	const char *s = p->src->text + start;
	struct hcl_json *v;

	skip_word(p);
	n = p->at - start;
	if ((n != 4 || memcmp(s, "true", 4) != 0) &&
	    (n != 5 || memcmp(s, "false", 5) != 0))
		return fail(p, start,
		    "A value is expected here: text stands "
		    "in quotes.");
	v = new_value(p, J_BOOL, start);
	v->b = n == 4;
	return v;
}

static const struct hcl_json *
parse_list(struct hcl1 *p)
{
	size_t start = p->at++;
	struct hcl_json *v = new_value(p, J_LIST, start);

	for (;;) {
		const struct hcl_json *item;

		if (!skip_blanks(p))
			return NULL;
		if (ahead(p, 0) == ']') {
			p->at++;
			v->range = range_from(p, start);
			return v;
		}
		item = parse_value(p);
		if (item == NULL || !skip_blanks(p))
			return NULL;
		add_item(p, v, "", item->range, item);
		if (ahead(p, 0) == ',')
			p->at++;
		else if (ahead(p, 0) != ']')
			return fail(p, p->at,
			    "A comma or the end of the list "
			    "is expected here.");
	}
}

/* A name: a word, or text in quotes. NULL and told when it is neither. */
static const char *
parse_key(struct hcl1 *p, struct hcl_range *range)
{
	size_t start = p->at;
	struct buf text = { 0 };
	const char *key;

	if (ahead(p, 0) == '"') {
		if (!read_string(p, &text)) {
			buf_release(&text);
			return NULL;
		}
	} else if (is_word_start(ahead(p, 0))) {
		skip_word(p);
		buf_add(&text, p->src->text + start, p->at - start);
	} else {
		fail(p, start,
		    p->at >= p->src->n
			? "A closing brace is missing before the end of the "
			  "file."
			: "A name is expected here, then = or {.");
		return NULL;
	}
	key = arena_strndup(&p->file->arena, buf_str(&text), text.len);
	*range = range_from(p, start);
	buf_release(&text);
	return key;
}

static const struct hcl_json *parse_members(
    struct hcl1 *p, size_t start, bool braces);

/* What follows a name: a value, or labels and an object. */
static const struct hcl_json *
parse_member(struct hcl1 *p)
{
	struct hcl_range range;
	struct hcl_json *outer;
	const struct hcl_json *inner;
	const char *label;

	if (!skip_blanks(p))
		return NULL;
	if (ahead(p, 0) == '=') {
		p->at++;
		return skip_blanks(p) ? parse_value(p) : NULL;
	}
	if (ahead(p, 0) == '{')
		return parse_value(p);
	label = parse_key(p, &range);
	if (label == NULL || !skip_blanks(p))
		return NULL;
	if (ahead(p, 0) == '=')
		return fail(p, p->at,
		    "A block is expected behind its label, "
		    "not a value.");
	if (p->depth == HCL_MAX_DEPTH)
		return fail(p, p->at, "This is nested too deeply.");
	p->depth++;
	outer = new_value(p, J_OBJECT, range.start);
	inner = parse_member(p);
	p->depth--;
	if (inner == NULL)
		return NULL;
	add_item(p, outer, label, range, inner);
	outer->range = range_from(p, range.start);
	return outer;
}

/* The members of an object, or of the file. */
static const struct hcl_json *
parse_members(struct hcl1 *p, size_t start, bool braces)
{
	struct hcl_json *v = new_value(p, J_OBJECT, start);

	for (;;) {
		struct hcl_range range;
		const struct hcl_json *value;
		const char *key;

		if (!skip_blanks(p))
			return NULL;
		if (braces ? ahead(p, 0) == '}' : p->at >= p->src->n) {
			p->at += braces;
			v->range = range_from(p, start);
			return v;
		}
		key = parse_key(p, &range);
		value = key != NULL ? parse_member(p) : NULL;
		if (value == NULL || !skip_blanks(p))
			return NULL;
		if (v->n == HCL_MAX_ATTRS)
			return fail(p, range.start,
			    "There are too many names "
			    "here.");
		add_item(p, v, key, range, value);
		if (ahead(p, 0) == ',')
			p->at++;
	}
}

static const struct hcl_json *
parse_string(struct hcl1 *p)
{
	size_t start = p->at;
	struct buf text = { 0 };
	const struct hcl_json *v = NULL;

	if (read_string(p, &text))
		v = text_value(p, start, &text);
	buf_release(&text);
	return v;
}

static const struct hcl_json *
parse_nested(struct hcl1 *p)
{
	const struct hcl_json *v;

	if (p->depth == HCL_MAX_DEPTH)
		return fail(p, p->at, "This is nested too deeply.");
	p->depth++;
	if (ahead(p, 0) == '[') {
		v = parse_list(p);
	} else {
		p->at++;
		v = parse_members(p, p->at - 1, true);
	}
	p->depth--;
	return v;
}

static const struct hcl_json *
parse_value(struct hcl1 *p)
{
	char c = ahead(p, 0);

	if (p->nvalues++ == HCL_MAX_TOKENS)
		return fail(p, p->at, "The file holds too many values.");
	if (c == '"')
		return parse_string(p);
	if (c == '{' || c == '[')
		return parse_nested(p);
	if (c == '<' && ahead(p, 1) == '<')
		return parse_heredoc(p);
	if (is_digit(c) || c == '-')
		return parse_number(p);
	if (is_word_start(c))
		return parse_word(p);
	return fail(p, p->at, "A value is expected here.");
}

struct hcl_body *
hcl_parse_hcl1(struct hcl_file *file, struct hcl_diags *d)
{
	struct hcl1 p = { .file = file, .src = &file->src, .d = d };
	const struct hcl_json *root;
	struct hcl_body *body;

	if (hcl_looks_json(file->src.text, file->src.n)) {
		root = hcl_json_parse(file, true, d);
	} else {
		if (file->src.n >= 3 &&
		    memcmp(file->src.text, "\xef\xbb\xbf", 3) == 0)
			p.at = 3;
		root = parse_members(&p, p.at, false);
	}
	if (root == NULL)
		return NULL;
	body = arena_alloc(&file->arena, sizeof *body);
	body->file = file;
	body->json = root;
	body->range = root->range;
	return body;
}
