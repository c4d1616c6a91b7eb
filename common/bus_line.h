/*
 * Inside the bus's own files: a connection that carries messages, whoever has
 * opened it. A line is part of what its owner makes of it, which begins with
 * it and comes from xcalloc(); bus_line_free() frees that.
 */
#ifndef COMMON_BUS_LINE_H
#define COMMON_BUS_LINE_H

#include <sys/types.h>

#include <nng/nng.h>

#include "common/buf.h"
#include "common/bus_frame.h"
#include "common/bus_nng.h"

#define BUS_LINE_UNSENT_MAX (64u << 20) /* bytes; then it is cut */

struct bus_line;
struct bus_out;

/* What the owner is told; it may free the line in each of them. */
struct bus_line_type {
	uint16_t self, peer; /* kinds of sockets */
	bool is_patient;     /* reads no more while much is unsent */
	void (*on_up)(struct bus_line *l); /* greeted: it may send; or NULL */
	/* Borrowed until it returns. */
	void (*on_message)(struct bus_line *l, const uint8_t *p, size_t n);
	void (*on_drained)(struct bus_line *l); /* all is sent; or NULL */
	/* Once, and the last: the owner frees the line. why is what was wrong
	 * with what came, borrowed until it returns; NULL: it has ended. */
	void (*on_gone)(struct bus_line *l, const char *why);
};

/* Thousands of lines are idle: what they have received has a small room, in
 * which a lease fits. */
#define BUS_LINE_ROOM 192

struct bus_line {
	const struct bus_line_type *type;
	nng_stream *stream;
	struct bus_op rx;
	struct bus_out *out; /* NULL: all is sent */
	const char *why;
	uint8_t *in;
	size_t in_len, in_cap;
	size_t room;       /* of it, as the hub counts it */
	uint64_t heard_ms; /* when anything came, or it began */
	unsigned busy;     /* callbacks under way: do not destroy */
	bool is_ipc, is_up, is_cut, paused, dead;
	uint8_t small[BUS_LINE_ROOM];
};

/* Greets and receives. The stream is the line's; it came from the URL. */
void bus_line_start(struct bus_line *l, const struct bus_line_type *type,
    struct bus_hub *hub, const char *url, nng_stream *stream);
void bus_line_free(struct bus_line *l); /* NULL is fine */

/* Sends a message with that head (NULL: none), or keeps what the socket does
 * not take. Nothing is told of a line that breaks but on_gone(), later. */
void bus_line_send(
    struct bus_line *l, const uint32_t *head, const struct buf *message);
size_t bus_line_unsent(const struct bus_line *l); /* bytes */
/* Hangs up; on_gone() follows, and is told why: borrowed until then. */
void bus_line_cut(struct bus_line *l, const char *why);

#endif
