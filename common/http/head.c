#include "common/http/head.h"

#include <string.h>
#include <strings.h>

#define LENGTH_DIGITS 18 /* fits 63 bits */

ssize_t
http_head_end(const char *p, size_t n, size_t *scanned)
{
	size_t at = *scanned;
	const char *lf;

	while (at < n && (lf = memchr(p + at, '\n', n - at)) != NULL) {
		size_t i = (size_t)(lf - p);

		if (i == 0 || p[i - 1] != '\r')
			return -1;
		if (i >= 3 && p[i - 2] == '\n')
			return (ssize_t)(i + 1);
		at = i + 1;
	}
	*scanned = n;
	return 0;
}

static int
fault(struct http_head *h, int status, const char *why)
{
	h->fault = status;
	h->why = why;
	return -1;
}

static bool
is(const struct http_field *f, const char *name, size_t n)
{
	return f->name_len == n && strncasecmp(f->name, name, n) == 0;
}

static bool
value_is(const struct http_field *f, const char *value)
{
	return f->value_len == strlen(value) &&
	       strncasecmp(f->value, value, f->value_len) == 0;
}

/* --- the first line --- */

/* "HTTP/1.0" or "HTTP/1.1", all of the n bytes. */
static int
parse_version(struct http_head *h, const char *p, size_t n)
{
	if (n != 8 || memcmp(p, "HTTP/", 5) != 0 || p[5] < '0' || p[5] > '9' ||
	    p[6] != '.' || p[7] < '0' || p[7] > '9')
		return fault(h, 400, "bad HTTP version");
	if (p[5] != '1' || p[7] > '1')
		return fault(h, 505, "HTTP version is not supported");
	h->minor = p[7] - '0';
	return 0;
}

/* METHOD SP target SP version */
static int
parse_request_line(struct http_head *h, const char *p, size_t n)
{
	size_t i = 0, start;

	while (i < n && http_is_token((unsigned char)p[i]))
		i++;
	if (i == 0 || i == n || p[i] != ' ')
		return fault(h, 400, "bad request line");
	h->method = p;
	h->method_len = i++;
	start = i;
	while (i < n && (unsigned char)p[i] > ' ' && p[i] != 127)
		i++;
	if (i == start || i == n || p[i] != ' ')
		return fault(h, 400, "bad request target");
	h->target = p + start;
	h->target_len = i++ - start;
	return parse_version(h, p + i, n - i);
}

/* version SP 3DIGIT [SP reason] */
static int
parse_status_line(struct http_head *h, const char *p, size_t n)
{
	if (n < 12 || p[8] != ' ' || (n > 12 && p[12] != ' '))
		return fault(h, 400, "bad status line");
	for (size_t i = 9; i < 12; i++) {
		if (p[i] < '0' || p[i] > '9')
			return fault(h, 400, "bad status");
		h->status = h->status * 10 + (p[i] - '0');
	}
	if (h->status < 100)
		return fault(h, 400, "bad status");
	for (size_t i = 12; i < n; i++)
		if (!http_is_text((unsigned char)p[i]))
			return fault(h, 400, "bad reason phrase");
	return parse_version(h, p, 8);
}

/* --- the fields --- */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* One line without its CRLF. */
static int
parse_field(struct http_head *h, const char *p, size_t n)
{
	struct http_field *f = &h->fields[h->nfields++];
	size_t i = 0, end = n;

	while (i < n && http_is_token((unsigned char)p[i]))
		i++;
	if (i == 0 && n > 0 && is_blank(p[0]))
		return fault(h, 400, "folded field line");
	if (i == 0 || i == n || p[i] != ':')
		return fault(h, 400, "bad field name");
	f->name = p;
	f->name_len = i++;
	while (i < end && is_blank(p[i]))
		i++;
	while (end > i && is_blank(p[end - 1]))
		end--;
	f->value = p + i;
	f->value_len = end - i;
	for (; i < end; i++)
		if (!http_is_text((unsigned char)p[i]))
			return fault(h, 400, "control byte in a field value");
	return 0;
}

static int
note_length(struct http_head *h, const struct http_field *f)
{
	int64_t v = 0;

	if (h->length >= 0)
		return fault(h, 400, "two Content-Length fields");
	if (f->value_len == 0 || f->value_len > LENGTH_DIGITS)
		return fault(h, 400, "bad Content-Length");
	for (size_t i = 0; i < f->value_len; i++) {
		if (f->value[i] < '0' || f->value[i] > '9')
			return fault(h, 400, "bad Content-Length");
		v = v * 10 + (f->value[i] - '0');
	}
	h->length = v;
	return 0;
}

static int
note_coding(struct http_head *h, const struct http_field *f)
{
	if (h->chunked)
		return fault(h, 400, "two Transfer-Encoding fields");
	if (!value_is(f, "chunked"))
		return fault(h, 400, "Transfer-Encoding is not chunked");
	if (h->minor == 0)
		return fault(h, 400, "Transfer-Encoding in HTTP/1.0");
	h->chunked = true;
	return 0;
}

static int
note_host(struct http_head *h, const struct http_field *f)
{
	if (h->host != NULL)
		return fault(h, 400, "two Host fields");
	for (size_t i = 0; i < f->value_len; i++)
		if (strchr(" \t/\\@?#<>\"", f->value[i]) != NULL)
			return fault(h, 400, "bad Host");
	h->host = f->value;
	return 0;
}

/* Fields that decide where a message ends or whom it is for. */
static int
note(struct http_head *h, const struct http_field *f)
{
	bool request = h->kind == HTTP_KIND_REQUEST;

	switch (f->name_len) {
	case 4:
		return request && is(f, "Host", 4) ? note_host(h, f) : 0;
	case 6:
		if (!request || !is(f, "Expect", 6) || h->minor == 0)
			return 0;
		if (!value_is(f, "100-continue"))
			return fault(h, 417, "unknown expectation");
		h->expect = true;
		return 0;
	case 14:
		return is(f, "Content-Length", 14) ? note_length(h, f) : 0;
	case 17:
		return is(f, "Transfer-Encoding", 17) ? note_coding(h, f) : 0;
	default:
		return 0;
	}
}

static int
parse_lines(struct http_head *h, const char *p, const char *end, size_t max)
{
	while (p < end) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)(lf - p) - 1;

		if (h->nfields == max)
			return fault(h, 431, "too many fields");
		if (parse_field(h, p, n) == -1 ||
		    note(h, &h->fields[h->nfields - 1]) == -1)
			return -1;
		p = lf + 1;
	}
	return 0;
}

int
http_head_parse(
    struct http_head *h, const char *text, size_t n, size_t max_fields)
{
	const char *lf = memchr(text, '\n', n);
	size_t line;

	h->length = -1;
	h->fault = 0;
	if (lf == NULL || n < 4)
		return fault(h, 400, "bad first line");
	line = (size_t)(lf - text) - 1;
	if (h->kind == HTTP_KIND_REQUEST
		? parse_request_line(h, text, line) == -1
		: parse_status_line(h, text, line) == -1)
		return -1;
	if (parse_lines(h, lf + 1, text + n - 2, max_fields) == -1)
		return -1;
	if (h->chunked && h->length >= 0)
		return fault(
		    h, 400, "both Content-Length and Transfer-Encoding");
	if (h->kind == HTTP_KIND_REQUEST && h->minor == 1 && h->host == NULL)
		return fault(h, 400, "no Host field");
	return 0;
}

void
http_head_terminate(struct http_head *h, char *text)
{
	if (h->kind == HTTP_KIND_REQUEST) {
		text[h->method - text + (ssize_t)h->method_len] = '\0';
		text[h->target - text + (ssize_t)h->target_len] = '\0';
	}
	for (size_t i = 0; i < h->nfields; i++) {
		const struct http_field *f = &h->fields[i];

		text[f->name - text + (ssize_t)f->name_len] = '\0';
		text[f->value - text + (ssize_t)f->value_len] = '\0';
	}
}

const struct http_field *
http_head_find(const struct http_field *fields, size_t n, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < n; i++)
		if (is(&fields[i], name, len))
			return &fields[i];
	return NULL;
}
