/*
 * What goes before each body on the wire. wire(7) has the bytes.
 *
 * Plain functions on bytes: the bus sends and receives them (bus_peer.c with
 * bus_call.c, bus_server.c with bus_answer.c, bus_pub.c, bus_sub.c), and a
 * fuzzer feeds envelope_unpack() whatever it likes.
 */
#ifndef COMMON_ENVELOPE_H
#define COMMON_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"

#define ENVELOPE_VERSION  1
#define ENVELOPE_HEAD     20  /* bytes that every envelope has */
#define ENVELOPE_TEXT_MAX 255 /* of a region and of a token */

enum envelope_flag {
	ENVELOPE_REPLY = 1 << 0,   /* answers the request with this id */
	ENVELOPE_FAILURE = 1 << 1, /* a reply whose body is a failure */
	ENVELOPE_REPEAT = 1 << 2,  /* a request that may have come before */
	ENVELOPE_TOPIC = 1 << 3,   /* a publication */
};

struct envelope {
	uint8_t flags;
	uint16_t number;
	uint64_t id; /* of the request; a publication's sequence number */
	/* How long the asker waits; a publication's start number. */
	uint32_t deadline_ms;
	/* Borrowed from the bytes and not terminated when unpacked. */
	const char *region, *token;
	size_t nregion, ntoken;
	const uint8_t *body;
	size_t nbody;
};

/* Appends all but the body, which the caller appends after it. */
void envelope_pack(const struct envelope *e, struct buf *out);

/* Reads n bytes; e borrows from them. -1 when they are no envelope. */
int envelope_unpack(
    struct envelope *e, const void *data, size_t n, struct err *err);

#endif
