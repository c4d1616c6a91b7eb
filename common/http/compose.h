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

/* Does the method only ask (RFC 9110, 9.2.1)? Then it may be sent twice. Not
 * so PUT and DELETE, although twice is as good as once: in between somebody
 * else may have had a turn, which the second one would undo. */
bool http_is_safe(const char *method);

#endif
