/* The text of templates: escapes, and white space that is taken away. */
#include "common/hcl/template.h"

#include <string.h>

#include "common/text.h"

/* --- escapes --- */

static size_t
hex_digits(const char *s, size_t n, uint32_t *value)
{
	size_t i;

	*value = 0;
	for (i = 0; i < n; i++) {
		int digit = text_hex(s[i]);

		if (digit == -1)
			break;
		*value = *value << 4 | (uint32_t)digit;
	}
	return i;
}

static void
escape_error(
    struct hcl_parser *p, size_t at, size_t n, const char *fmt, const char *arg)
{
	struct hcl_range r = { p->src, (uint32_t)at, (uint32_t)(at + n) };
	struct buf text = { 0 };

	for (; *fmt != '\0'; fmt++)
		if (*fmt == '@')
			buf_adds(&text, arg);
		else
			buf_addc(&text, *fmt);
	hcl_diag_add(p->d, r, "Invalid escape sequence", "%s", buf_str(&text));
	buf_release(&text);
}

/* The escape at a place, of up to n bytes; returns how many it took. */
static size_t
unescape_one(struct hcl_parser *p, size_t at, size_t n, struct buf *out)
{
	static const char plain[] = "n\nr\rt\t\"\"\\\\";
	const char *s = p->src->text + at;
	size_t want, len, got;
	uint32_t cp;
	char symbol[8] = "";

	for (size_t i = 0; plain[i] != '\0'; i += 2)
		if (plain[i] == s[1]) {
			buf_addc(out, plain[i + 1]);
			return 2;
		}
	if (s[1] == 'u' || s[1] == 'U') {
		want = s[1] == 'u' ? 4 : 8;
		got = hex_digits(s + 2, n - 2 < want ? n - 2 : want, &cp);
		if (got < want)
			escape_error(p, at, 2 + got,
			    want == 4 ? "The \\u escape sequence must be "
					"followed by four hexadecimal digits."
				      : "The \\U escape sequence must be "
					"followed by eight hexadecimal digits.",
			    "");
		else
			hcl_utf8_add(out, cp);
		return 2 + got;
	}
	hcl_utf8(s + 1, n - 1, &len);
	memcpy(symbol, s + 1, len);
	escape_error(p, at, 1 + len,
	    "The symbol \"@\" is not a valid escape sequence selector.",
	    symbol);
	return 1 + len;
}

void
parser_unescape(struct hcl_parser *p, struct hcl_token t, struct buf *out)
{
	const char *s = p->src->text;
	size_t i = t.start;

	while (i < t.end) {
		if (s[i] == '\\' && t.type == T_QUOTED_LIT && i + 1 < t.end) {
			i += unescape_one(p, i, t.end - i, out);
		} else if ((s[i] == '$' || s[i] == '%') && i + 2 < t.end &&
			   s[i + 1] == s[i] && s[i + 2] == '{') {
			buf_add(out, s + i + 1, 2);
			i += 3;
		} else {
			buf_addc(out, s[i++]);
		}
	}
}

/* --- trimming --- */

static size_t
leading_space(const char *s, size_t n)
{
	size_t i = 0, len;

	while (i < n && hcl_is_space(hcl_utf8(s + i, n - i, &len)))
		i += len;
	return i;
}

void
template_trim_left(struct piece *piece)
{
	size_t n = leading_space(piece->text, piece->len);

	piece->text += n;
	piece->len -= n;
}

void
template_trim_right(struct piece *piece)
{
	while (piece->len > 0) {
		size_t i = piece->len - 1, len;

		while (i > 0 && ((unsigned char)piece->text[i] & 0xc0) == 0x80)
			i--;
		if (!hcl_is_space(
			hcl_utf8(piece->text + i, piece->len - i, &len)))
			break;
		piece->len = i;
	}
}

static size_t
count_clusters(const char *s, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i += hcl_cluster(s + i, n - i))
		count++;
	return count;
}

static bool
ends_line(const struct piece *piece)
{
	return piece->kind == P_TEXT && piece->len > 0 &&
	       piece->text[piece->len - 1] == '\n';
}

/* The indent that all lines share; blank lines do not count. */
static size_t
shared_indent(const struct pieces *list)
{
	size_t least = SIZE_MAX;

	for (size_t i = 0; i < list->n; i++) {
		const struct piece *piece = &list->v[i];
		size_t n, indent = 0;

		if (i > 0 && !ends_line(piece - 1))
			continue;
		if (piece->kind == P_END)
			break;
		if (piece->kind == P_TEXT) {
			n = leading_space(piece->text, piece->len);
			if (n == piece->len && ends_line(piece))
				continue;
			indent = count_clusters(piece->text, n);
		}
		if (indent < least)
			least = indent;
	}
	return least == SIZE_MAX ? 0 : least;
}

void
template_flush(struct pieces *list)
{
	size_t indent = shared_indent(list);
	bool starts = true;

	for (size_t i = 0; i < list->n; i++) {
		struct piece *piece = &list->v[i];
		bool next = ends_line(piece);
		size_t cut = 0;

		if (starts && piece->kind == P_TEXT &&
		    !(next &&
			leading_space(piece->text, piece->len) == piece->len))
			for (size_t k = 0; k < indent && cut < piece->len; k++)
				cut += hcl_cluster(
				    piece->text + cut, piece->len - cut);
		if (cut > 0) {
			piece->text += cut;
			piece->len -= cut;
			piece->range.start += (uint32_t)cut;
		}
		starts = next;
	}
}

/* Neighbouring texts become one. */
void
template_join(struct hcl_parser *p, struct pieces *list)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n;) {
		struct piece *first = &list->v[i];
		struct buf text = { 0 };
		size_t j = i;

		for (; j < list->n && list->v[j].kind == P_TEXT; j++)
			buf_add(&text, list->v[j].text, list->v[j].len);
		if (j > i + 1) {
			first->text =
			    arena_strndup(p->arena, buf_str(&text), text.len);
			first->len = text.len;
			first->range =
			    hcl_range_over(first->range, list->v[j - 1].range);
		}
		buf_release(&text);
		list->v[n++] = *first;
		i = j > i ? j : i + 1;
	}
	list->n = n;
}
