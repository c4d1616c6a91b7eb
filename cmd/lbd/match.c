#include "cmd/lbd/match.h"

#include <string.h>
#include <strings.h>

#include "common/text.h"

int
match_kind_parse(const char *text, enum match_kind *kind)
{
	static const char *const names[] = { "prefix", "iprefix", "glob" };

	for (int i = 0; i < 3; i++) {
		if (strcmp(text, names[i]) == 0) {
			*kind = (enum match_kind)i;
			return 0;
		}
	}
	return -1;
}

bool
match_path(enum match_kind kind, const char *route, const char *path, size_t n)
{
	size_t nroute;

	if (kind == MATCH_GLOB)
		return match_glob(route, path, n);
	nroute = strlen(route);
	if (nroute > n)
		return false;
	if (kind == MATCH_IPREFIX)
		return strncasecmp(route, path, nroute) == 0;
	return memcmp(route, path, nroute) == 0;
}

/* --- globs --- */

bool
match_is_glob(const char *pattern)
{
	return strpbrk(pattern, "*?[{\\") != NULL;
}

/* The byte after the class that starts at p ('['), NULL if it has no end. */
static const char *
class_end(const char *p)
{
	p++;
	if (*p == '!')
		p++;
	if (*p == ']')
		p++;
	while (*p != '\0' && *p != ']')
		p++;
	return *p == ']' ? p + 1 : NULL;
}

static bool
in_class(const char *p, const char *end, char c)
{
	bool negated = p[1] == '!', found = false;
	unsigned char u = (unsigned char)c;

	p += negated ? 2 : 1;
	end--;
	while (p < end) {
		unsigned char lo = (unsigned char)*p, hi = lo;

		if (p + 2 < end && p[1] == '-') {
			hi = (unsigned char)p[2];
			p += 2;
		}
		p++;
		found = found || (u >= lo && u <= hi);
	}
	return found != negated;
}

/* Whether the pattern's element at *p takes the byte c; moves *p past it. */
static bool
take_one(const char **p, char c)
{
	const char *q = *p, *end;

	if (*q == '?') {
		*p = q + 1;
		return true;
	}
	if (*q == '[' && (end = class_end(q)) != NULL) {
		*p = end;
		return in_class(q, end, c);
	}
	if (*q == '\\' && q[1] != '\0')
		q++;
	*p = q + 1;
	return *q != '\0' && *q == c;
}

/* A pattern without alternatives. Only the last star is ever gone back to,
 * so the work is bounded by the product of both lengths. */
static bool
match_plain(const char *p, const char *s, size_t n)
{
	const char *end = s + n, *star = NULL, *mark = NULL;

	while (s < end) {
		if (*p == '*') {
			while (*p == '*')
				p++;
			star = p;
			mark = s;
		} else if (*p != '\0' && take_one(&p, *s)) {
			s++;
		} else if (star != NULL) {
			p = star;
			s = ++mark;
		} else {
			return false;
		}
	}
	while (*p == '*')
		p++;
	return *p == '\0';
}

/* The first '{' outside classes and escapes, or NULL. */
static const char *
brace_open(const char *p)
{
	for (; *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '[' && class_end(p) != NULL)
			p = class_end(p) - 1;
		else if (*p == '{')
			return p;
	}
	return NULL;
}

/* The ',' or '}' that ends the alternative that starts at p, or NULL. */
static const char *
alt_end(const char *p)
{
	int depth = 0;

	for (; *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '{')
			depth++;
		else if (*p == '}' && depth-- == 0)
			return p;
		else if (*p == ',' && depth == 0)
			return p;
	}
	return NULL;
}

static bool
match_braces(
    const char *pattern, const char *s, size_t n, int depth, int *budget)
{
	const char *open = brace_open(pattern), *alt, *end, *close;
	char one[MATCH_MAX_GLOB + 1];

	if (--*budget < 0 || depth > MATCH_MAX_BRACE)
		return false;
	if (open == NULL)
		return match_plain(pattern, s, n);
	for (close = open + 1; (close = alt_end(close)) != NULL; close++)
		if (*close == '}')
			break;
	if (close == NULL || strlen(pattern) > MATCH_MAX_GLOB)
		return false;
	for (alt = open + 1;; alt = end + 1) {
		size_t a = (size_t)(open - pattern), b;

		end = alt_end(alt);
		b = (size_t)(end - alt);
		memcpy(one, pattern, a);
		memcpy(one + a, alt, b);
		memcpy(one + a + b, close + 1, strlen(close + 1) + 1);
		if (match_braces(one, s, n, depth + 1, budget))
			return true;
		if (end == close)
			return false;
	}
}

bool
match_glob(const char *pattern, const char *text, size_t n)
{
	int budget = MATCH_MAX_ALTS;

	return match_braces(pattern, text, n, 0, &budget);
}

int
match_glob_check(const char *pattern, struct err *err)
{
	int depth = 0;

	if (strlen(pattern) > MATCH_MAX_GLOB)
		return err_set(err, ERR_BAD, "pattern is longer than %d bytes",
		    MATCH_MAX_GLOB);
	for (const char *p = pattern; *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '\0') {
			p++;
		} else if (*p == '[') {
			if (class_end(p) == NULL)
				return err_set(err, ERR_BAD,
				    "pattern %s: a '[' without its ']'",
				    pattern);
			p = class_end(p) - 1;
		} else if (*p == '{') {
			if (++depth > MATCH_MAX_BRACE)
				return err_set(err, ERR_BAD,
				    "pattern %s: alternatives are nested too "
				    "deeply",
				    pattern);
		} else if (*p == '}' && depth > 0) {
			depth--;
		}
	}
	if (depth > 0)
		return err_set(
		    err, ERR_BAD, "pattern %s: a '{' without its '}'", pattern);
	return 0;
}

/* --- hosts and paths --- */

size_t
match_host_len(const char *host, size_t n, bool tls)
{
	const char *port = tls ? ":443" : ":80";
	size_t nport = strlen(port);

	if (n >= nport && memcmp(host + n - nport, port, nport) == 0)
		return n - nport;
	return n;
}

/* Decodes in place; the length, or -1 when an escape is wrong or gives NUL. */
static long
unescape(char *p, size_t n)
{
	size_t to = 0;

	if (memchr(p, '%', n) == NULL)
		return (long)n;
	for (size_t i = 0; i < n; i++) {
		int hi, lo;

		if (p[i] != '%') {
			p[to++] = p[i];
			continue;
		}
		if (n - i < 3 || (hi = text_hex(p[i + 1])) < 0 ||
		    (lo = text_hex(p[i + 2])) < 0 || (hi == 0 && lo == 0))
			return -1;
		p[to++] = (char)(hi * 16 + lo);
		i += 2;
	}
	return (long)to;
}

/* Drops "//", "." and ".." of a path that starts with '/', in place. */
static size_t
clean(char *p, size_t n)
{
	bool slash = p[n - 1] == '/';
	size_t to = 0, i = 0;

	while (i < n) {
		size_t start, len;

		while (i < n && p[i] == '/')
			i++;
		start = i;
		while (i < n && p[i] != '/')
			i++;
		len = i - start;
		if (len == 0 || (len == 1 && p[start] == '.'))
			continue;
		if (len == 2 && p[start] == '.' && p[start + 1] == '.') {
			while (to > 0 && p[--to] != '/')
				;
			continue;
		}
		p[to++] = '/';
		memmove(p + to, p + start, len);
		to += len;
	}
	if (to == 0 || slash)
		p[to++] = '/';
	return to;
}

/* Nothing to decode and nothing to clean: what most requests look like. */
static bool
is_plain(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '%')
			return false;
		if (p[i] == '/' && i + 1 < n &&
		    (p[i + 1] == '/' || p[i + 1] == '.'))
			return false;
	}
	return true;
}

int
match_clean_path(const char *raw, size_t n, struct buf *norm, bool *same)
{
	size_t start = norm->len, nonce;
	char *p;
	long len;

	*same = true;
	buf_add(norm, raw, n);
	if (is_plain(raw, n) || *raw != '/')
		return 0;
	p = norm->data + start;
	len = unescape(p, n);
	if (len <= 0)
		return -1;
	nonce = (size_t)len;
	norm->len = start + nonce;
	/* The text as decoded once, behind the one that is worked on. */
	buf_add(norm, norm->data + start, 0);
	buf_reserve(norm, nonce);
	p = norm->data + start;
	memcpy(p + nonce, p, nonce);
	len = unescape(p, nonce);
	if (len <= 0) {
		memcpy(p, p + nonce, nonce);
		len = (long)nonce;
	}
	len = (long)clean(p, (size_t)len);
	*same = (size_t)len == nonce && memcmp(p, p + nonce, nonce) == 0;
	norm->len = start + (size_t)len;
	p[len] = '\0';
	return 0;
}

void
match_escape_path(struct buf *out, const char *path, size_t n)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)path[i];

		if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
		    (c >= 'A' && c <= 'Z') ||
		    (c != '\0' && strchr("-_.~$&+,/:;=@", c) != NULL)) {
			buf_addc(out, (char)c);
		} else {
			buf_addc(out, '%');
			buf_addc(out, hex[c >> 4]);
			buf_addc(out, hex[c & 15]);
		}
	}
}
