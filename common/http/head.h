/*
 * The strict check of a message's head, and its table of fields.
 *
 * Every line ends in CRLF, a field name is a token right before its colon,
 * no line is folded, no byte is a control but TAB inside a value. A request
 * has one Host (an HTTP/1.0 one may have none). A message has one
 * Content-Length of digits, or one "Transfer-Encoding: chunked" in HTTP/1.1,
 * never both. All else is a fault: the bytes could mean one thing here and
 * another at the next hop.
 */
#ifndef COMMON_HTTP_HEAD_H
#define COMMON_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/http/http.h"

enum http_kind { HTTP_KIND_REQUEST, HTTP_KIND_ANSWER };

struct http_head {
	enum http_kind kind;
	const char *method, *target; /* of a request */
	size_t method_len, target_len;
	int minor;
	int status;                /* of an answer */
	struct http_field *fields; /* the caller's room */
	size_t nfields;
	const char *host; /* NULL when there is none */
	int64_t length;   /* Content-Length, or -1 */
	bool chunked;
	bool expect; /* "Expect: 100-continue" */
	int fault;   /* status to refuse with: 400, 417, 431, 505 */
	const char *why;
};

/* Of a method or field name: one bit for each ASCII character that RFC 9110,
 * 5.6.2 lists. */
static inline bool
http_is_token(unsigned char c)
{
	static const uint32_t bits[4] = { 0, 0x03ff6cfa, 0xc7fffffe,
		0x57ffffff };

	return c < 128 && (bits[c >> 5] >> (c & 31) & 1) != 0;
}

/* TAB, or no control. */
static inline bool
http_is_text(unsigned char c)
{
	return (c >= ' ' && c != 127) || c == '\t';
}

/*
 * Looks for the head's end in the n bytes so far. *scanned is where to go
 * on, 0 at first. Returns the head's length with its empty line; 0 when more
 * bytes are needed; -1 when a line ends in a bare LF.
 */
ssize_t http_head_end(const char *p, size_t n, size_t *scanned);

/*
 * Reads a complete head. The table's strings point into text; they are not
 * terminated until http_head_terminate() has changed the text. h->kind,
 * h->fields are set by the caller. Returns -1 with h->fault and h->why.
 */
int http_head_parse(
    struct http_head *h, const char *text, size_t n, size_t max_fields);
/* text is what was parsed; NULs go over the byte after each string. */
void http_head_terminate(struct http_head *h, char *text);

/* The first field of that name (its case is ignored), or NULL. */
const struct http_field *http_head_find(
    const struct http_field *fields, size_t n, const char *name);

#endif
