#include <string.h>

#include "common/hcl1/impl.h"
#include "common/text.h"

/* Appends a code point as UTF-8. */
static char *
put_utf8(char *w, uint32_t cp)
{
	if (cp < 0x80) {
		*w++ = (char)cp;
		return w;
	}
	if (cp < 0x800) {
		*w++ = (char)(0xc0 | cp >> 6);
	} else if (cp < 0x10000) {
		*w++ = (char)(0xe0 | cp >> 12);
		*w++ = (char)(0x80 | (cp >> 6 & 0x3f));
	} else {
		*w++ = (char)(0xf0 | cp >> 18);
		*w++ = (char)(0x80 | (cp >> 12 & 0x3f));
		*w++ = (char)(0x80 | (cp >> 6 & 0x3f));
	}
	*w++ = (char)(0x80 | (cp & 0x3f));
	return w;
}

/* n digits of the base from *p on; false when there are fewer. */
static bool
digits(const char **p, const char *end, int base, size_t n, uint32_t *out)
{
	for (*out = 0; n > 0; n--, (*p)++) {
		int v = *p < end ? text_hex(**p) : -1;

		if (v < 0 || v >= base)
			return false;
		*out = *out * (uint32_t)base + (uint32_t)v;
	}
	return true;
}

/* The other half of a surrogate pair, as JSON writes what lies beyond. */
static uint32_t
join_surrogates(const char **p, const char *end, uint32_t high)
{
	const char *q = *p;
	uint32_t low;

	if (high < 0xd800 || high >= 0xe000)
		return high;
	if (high >= 0xdc00 || end - q < 6 || q[0] != '\\' || q[1] != 'u')
		return 0xfffd;
	q += 2;
	if (!digits(&q, end, 16, 4, &low) || low < 0xdc00 || low >= 0xe000)
		return 0xfffd;
	*p = q;
	return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

/* The escape after a backslash; NULL when it is none, or NUL. */
static char *
unescape(char *w, const char **p, const char *end, bool json)
{
	static const char from[] = "abfnrtv\\\"'/",
			  to[] = "\a\b\f\n\r\t\v\\\"'/";
	char c = *(*p)++;
	const char *at = c == '\0' ? NULL : strchr(from, c);
	uint32_t cp;

	if (at != NULL) {
		*w++ = to[at - from];
		return w;
	}
	if (c >= '0' && c <= '7') {
		(*p)--;
		if (!digits(p, end, 8, 3, &cp) || cp == 0 || cp > 255)
			return NULL;
		*w++ = (char)cp;
		return w;
	}
	if (c == 'x') {
		if (!digits(p, end, 16, 2, &cp) || cp == 0)
			return NULL;
		*w++ = (char)cp;
		return w;
	}
	if ((c != 'u' && c != 'U') ||
	    !digits(p, end, 16, c == 'u' ? 4 : 8, &cp))
		return NULL;
	if (json)
		cp = join_surrogates(p, end, cp);
	if (cp == 0 || cp > 0x10ffff || (cp >= 0xd800 && cp < 0xe000))
		return NULL;
	return put_utf8(w, cp);
}

const char *
hcl1_unquote(struct arena *a, const char *text, size_t n, bool json)
{
	const char *p = text + 1, *end = text + n - 1;
	char *out, *w;
	int braces = 0;

	if (n < 2 || text[0] != '"' || *end != '"')
		return NULL;
	w = out = arena_alloc(a, n + 1);
	while (p < end) {
		/* What stands in ${ } is not looked into. */
		if (!json && braces == 0 && *p == '$' && end - p > 1 &&
		    p[1] == '{') {
			*w++ = *p++;
			*w++ = *p++;
			braces = 1;
			continue;
		}
		if (braces > 0) {
			braces += *p == '{' ? 1 : *p == '}' ? -1 : 0;
			if (*p == '\\' && end - p > 1 && p[1] == '"')
				p++;
			*w++ = *p++;
			continue;
		}
		if (*p != '\\') {
			*w++ = *p++;
			continue;
		}
		if (++p == end || (w = unescape(w, &p, end, json)) == NULL)
			return NULL;
	}
	return out;
}

/* The blanks that all lines between text and end begin with. */
static size_t
common_indent(const char *text, const char *end)
{
	const char *first = text, *nl;
	size_t n = strspn(text, " \t");

	for (const char *p = text; p < end; p = nl + 1) {
		size_t same = 0;

		nl = memchr(p, '\n', (size_t)(end - p));
		if (nl == NULL)
			nl = end;
		while (same < n && p + same < nl && p[same] == first[same])
			same++;
		n = same;
	}
	return n;
}

const char *
hcl1_heredoc(struct arena *a, const char *text, size_t n)
{
	const char *end = text + n, *p = memchr(text, '\n', n), *nl;
	bool indented = n > 2 && text[2] == '-';
	size_t indent;
	char *out, *w;

	if (p == NULL)
		return NULL;
	p++;
	/* The last line is the anchor. */
	while (end > p && end[-1] != '\n')
		end--;
	w = out = arena_alloc(a, (size_t)(end - p) + 1);
	/* The anchor's own blanks count: it is indented as deep. */
	indent = indented && end > p ? common_indent(p, end) : 0;
	for (; p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		memcpy(w, p + indent, (size_t)(nl + 1 - p) - indent);
		w += (size_t)(nl + 1 - p) - indent;
	}
	return out;
}
