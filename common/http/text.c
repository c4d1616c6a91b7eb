/* The small text of HTTP: escapes, query parameters, lists, phrases. */
#include <string.h>
#include <strings.h>

#include "common/http/inner.h"
#include "common/mem.h"
#include "common/text.h"

/* The next byte, decoded, and *p moved past it; -1 when it is wrong. */
static int
next_byte(const char **p, const char *end, bool query)
{
	const char *s = *p;

	if (*s == '+' && query) {
		*p = s + 1;
		return ' ';
	}
	if (*s != '%') {
		*p = s + 1;
		return *s == '\0' ? -1 : (unsigned char)*s;
	}
	if (end - s < 3 || text_hex(s[1]) == -1 || text_hex(s[2]) == -1)
		return -1;
	*p = s + 3;
	if (s[1] == '0' && s[2] == '0')
		return -1;
	return text_hex(s[1]) << 4 | text_hex(s[2]);
}

void
http_escape(const char *text, struct buf *out)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-._~";

	for (; *text != '\0'; text++)
		if (strchr(plain, *text) != NULL)
			buf_addc(out, *text);
		else
			buf_addf(out, "%%%02X", (unsigned char)*text);
}

int
http_unescape(const char *s, size_t n, char *out, size_t size, bool query)
{
	const char *end = s + n;
	size_t len = 0;

	while (s < end) {
		int c = next_byte(&s, end, query);

		if (c == -1 || len + 1 >= size)
			return -1;
		out[len++] = (char)c;
	}
	if (size == 0)
		return -1;
	out[len] = '\0';
	return (int)len;
}

/* Is the pair [p, end) "name=..." or just "name"? Sets where its value is. */
static bool
pair_is(const char *p, const char *end, const char *name, const char **value)
{
	while (p < end && *p != '=') {
		int c = next_byte(&p, end, true);

		if (c == -1 || c != (unsigned char)*name)
			return false;
		name++;
	}
	*value = p < end ? p + 1 : end;
	return *name == '\0';
}

/* The first pair of that name; false when there is none. */
static bool
find_pair(
    const char *query, const char *name, const char **value, const char **end)
{
	for (const char *p = query; *p != '\0';) {
		*end = strchrnul(p, '&');
		if (*end > p && pair_is(p, *end, name, value))
			return true;
		p = **end == '&' ? *end + 1 : *end;
	}
	return false;
}

bool
http_param(const struct http_req *r, const char *name, char *out, size_t size)
{
	const char *p, *end;
	size_t len = 0;

	if (!find_pair(http_query(r), name, &p, &end))
		return false;
	while (p < end && len + 1 < size) {
		int c = next_byte(&p, end, true);

		if (c == -1)
			return false;
		out[len++] = (char)c;
	}
	if (size > 0)
		out[len] = '\0';
	return true;
}

size_t
http_params(const struct http_req *r, const char *name, char **out, size_t max)
{
	const char *at = http_query(r), *value, *end;
	size_t n = 0;

	while (n < max && find_pair(at, name, &value, &end)) {
		size_t len = (size_t)(end - value);
		char *text = xmalloc(len + 1);

		if (http_unescape(value, len, text, len + 1, true) > 0)
			out[n++] = text;
		else
			free(text);
		at = end;
		at += *at == '&';
	}
	return n;
}

bool
http_has_param(const struct http_req *r, const char *name)
{
	const char *p, *end;

	return find_pair(http_query(r), name, &p, &end);
}

bool
http_list_has(const char *list, const char *token)
{
	size_t n = strlen(token);

	while (*list != '\0') {
		size_t len;

		list += strspn(list, " \t,");
		len = strcspn(list, ",");
		if (len >= n && strncasecmp(list, token, n) == 0 &&
		    strspn(list + n, " \t") == len - n)
			return true;
		list += len;
	}
	return false;
}

const char *
http_reason(int status)
{
#define REASON(number, name, text) \
	case number:               \
		return #text;
	switch (status) {
		HTTP_STATUS_MAP(REASON)
	default:
		return "Status";
	}
#undef REASON
}
