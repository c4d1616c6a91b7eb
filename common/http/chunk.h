/*
 * The strict check of a chunked body's framing (RFC 9112, 7.1), run before
 * http-parser sees the bytes, whose Debian build takes a bare CR or LF for a
 * line end. Sizes are hex digits and nothing else; extensions and trailer
 * fields are bounded, checked and otherwise ignored.
 */
#ifndef COMMON_HTTP_CHUNK_H
#define COMMON_HTTP_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define HTTP_CHUNK_DIGITS  15    /* a size has at most so many hex digits */
#define HTTP_CHUNK_EXT_MAX 16384 /* bytes of all extensions in one body */
#define HTTP_TRAILER_MAX   16384 /* bytes of all trailer fields */

struct http_chunks {
	int state;
	unsigned digits;
	uint64_t left; /* of the current chunk's data */
	size_t ext, trailer;
	bool done;
};

/* A zeroed struct is ready for a body's first byte. Returns how many of the
 * n bytes belong to the body (all, until done is set), or -1 with a word on
 * what is wrong. */
ssize_t http_chunks_check(
    struct http_chunks *k, const char *p, size_t n, const char **why);

#endif
