/*
 * One HTTP message out of bytes: our strict check first, http-parser behind
 * it. Both must agree on where the message ends; where they do not, it is
 * refused. There is no I/O here: the engine's halves and the fuzzers feed it.
 *
 *	http_msg_begin(), http_msg_head() once with the whole head, then
 *	http_msg_body() until done is set.
 */
#ifndef COMMON_HTTP_MSG_H
#define COMMON_HTTP_MSG_H

#include <http_parser.h>

#include "common/http/chunk.h"
#include "common/http/head.h"

enum http_framing { HTTP_SIZED, HTTP_CHUNKED, HTTP_TO_EOF };

struct http_msg {
	http_parser parser;
	enum http_framing framing;
	uint64_t left; /* of a sized body */
	struct http_chunks chunks;
	bool done;       /* the last byte has been seen */
	bool keep_alive; /* another message may follow */
	bool upgrade;    /* Connection and Upgrade ask for one, or 101 */
	int fault;       /* status to refuse with, and why */
	const char *why;
	/* between the calls of http-parser and ours */
	char *out;
	bool saw_head, saw_end, bodiless;
};

void http_msg_begin(struct http_msg *m, enum http_kind kind);

/*
 * Reads a complete head (as http_head_end() found it) and knows the body's
 * framing. to_head: the message answers a HEAD request. Returns -1 with
 * m->fault and m->why; the text is unchanged (see http_head_terminate()).
 */
int http_msg_head(struct http_msg *m, struct http_head *h, const char *text,
    size_t n, size_t max_fields, bool to_head);

/*
 * Decodes body bytes in place: p[0] to p[*nout - 1] are then content.
 * Returns how many bytes it took (all, until done), or -1 with fault, why.
 */
ssize_t http_msg_body(struct http_msg *m, char *p, size_t n, size_t *nout);

/* The stream has ended: is the message whole? Sets done for one that lasts
 * until then. */
bool http_msg_eof(struct http_msg *m);

#endif
