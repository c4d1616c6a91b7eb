#include "common/http/compose.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "common/http/head.h"

void
http_compose_line(struct buf *b, const char *method, const char *target)
{
	buf_adds(b, method);
	buf_addc(b, ' ');
	for (const char *p = target; *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p;

		if (c <= ' ' || c == 127)
			buf_addf(b, "%%%02X", c);
		else
			buf_addc(b, *p);
	}
	buf_adds(b, " HTTP/1.1\r\n");
}

static void
add_line(struct buf *b, const char *line)
{
	size_t at = b->len;

	buf_adds(b, line);
	for (; at < b->len; at++)
		if (!http_is_text((unsigned char)b->data[at]))
			b->data[at] = ' ';
	buf_adds(b, "\r\n");
}

void
http_compose_fields(struct buf *b, const char *host, const char *const *headers,
    size_t nheaders)
{
	bool has_host = false;

	for (size_t i = 0; i < nheaders; i++)
		if (strncasecmp(headers[i], "Host:", 5) == 0)
			has_host = true;
	if (!has_host) {
		buf_adds(b, "Host: ");
		add_line(b, host);
	}
	for (size_t i = 0; i < nheaders; i++)
		add_line(b, headers[i]);
}

void
http_compose_end(struct buf *b, const char *method, int64_t length)
{
	static const char *const bodied[] = { "POST", "PUT", "PATCH" };
	bool wants = length > 0;

	for (size_t i = 0; i < sizeof bodied / sizeof bodied[0]; i++)
		wants = wants || strcmp(method, bodied[i]) == 0;
	if (length < 0)
		buf_adds(b, "Transfer-Encoding: chunked\r\n");
	else if (wants)
		buf_addf(b, "Content-Length: %" PRId64 "\r\n", length);
	buf_adds(b, "\r\n");
}

bool
http_is_safe(const char *method)
{
	static const char *const names[] = { "GET", "HEAD", "OPTIONS",
		"TRACE" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(method, names[i]) == 0)
			return true;
	return false;
}
