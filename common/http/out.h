/*
 * Bytes on their way out of a socket: written at once where the socket
 * takes them, queued where it does not.
 */
#ifndef COMMON_HTTP_OUT_H
#define COMMON_HTTP_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

#include "common/buf.h"

#define HTTP_OUT_SOON 16384 /* so many queued bytes are not kept waiting */

struct http_out {
	struct buf queue;
	size_t off;   /* of queue: what is sent already */
	bool blocked; /* the socket took less than it was given */
};

static inline size_t
http_out_pending(const struct http_out *o)
{
	return o->queue.len - o->off;
}

/* Sends the queue, then the pieces; what does not go is queued. -1 when the
 * socket has failed (never by a signal). At most HTTP_OUT_PIECES pieces. */
#define HTTP_OUT_PIECES 4
int http_out_send(
    struct http_out *o, int fd, const struct iovec *pieces, size_t n);
/* Sends the queue. */
int http_out_flush(struct http_out *o, int fd);
/* Moves what is queued to the end of another buf. */
void http_out_take(struct http_out *o, struct buf *to);
void http_out_release(struct http_out *o);

/* This thread's room for one read. */
#define HTTP_READ_SIZE 65536
char *http_read_room(void);

#endif
