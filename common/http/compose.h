/* The text of a request, as both client halves send it. */
#ifndef COMMON_HTTP_COMPOSE_H
#define COMMON_HTTP_COMPOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

/* "METHOD target HTTP/1.1" and its line end. Bytes that could end the line
 * or split it are sent percent-encoded. */
void http_compose_line(struct buf *b, const char *method, const char *target);
/* Host (unless a header names one) and "Name: value" lines; a line break
 * inside one becomes a blank. */
void http_compose_fields(struct buf *b, const char *host,
    const char *const *headers, size_t nheaders);
/* The body's framing (length -1: chunked) and the empty line. A method that
 * has no body by nature says nothing of a length of 0. */
void http_compose_end(struct buf *b, const char *method, int64_t length);

/* May the method be sent twice without doing more than once? */
bool http_is_idempotent(const char *method);

#endif
