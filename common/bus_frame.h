/*
 * What goes before each message on a connection of the bus, and before the
 * first: as nng's sockets say it. Plain functions on bytes.
 */
#ifndef COMMON_BUS_FRAME_H
#define COMMON_BUS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What kinds of sockets say of themselves in the greeting. */
enum { BUS_PUB = 0x20, BUS_SUB = 0x21, BUS_REQ = 0x30, BUS_REP = 0x31 };

#define BUS_GREETING 8 /* bytes */

void bus_frame_greet(uint8_t to[BUS_GREETING], uint16_t kind);
bool bus_frame_is_greeting(const uint8_t p[BUS_GREETING], uint16_t kind);

/* A message's head goes before a request and, unchanged, before its reply; the
 * highest bit is set, for the others would be of relays between. */
#define BUS_FRAME_HEAD     4
#define BUS_FRAME_HEAD_END UINT32_C(0x80000000)
/* What stands before a message: on a machine's own sockets a byte that says
 * so, the length, and the head if it has one. */
#define BUS_FRAME_LEAD_MAX (1 + 8 + BUS_FRAME_HEAD)

/* How many bytes it writes, for a message of n bytes. head: NULL for none. */
size_t bus_frame_lead(uint8_t to[BUS_FRAME_LEAD_MAX], bool is_ipc,
    const uint32_t *head, size_t n);

struct bus_frame {
	size_t lead, len;  /* bytes before it, and of it; 0: not known yet */
	const char *wrong; /* what it is not; NULL: it is fine so far */
};

/* Looks at the n bytes that have come: true if they begin with a whole
 * message. One that is too large is wrong. */
bool bus_frame_look(
    const uint8_t *p, size_t n, bool is_ipc, struct bus_frame *f);

/* Takes a message's head off. False: it has none. */
bool bus_frame_take_head(const uint8_t **p, size_t *n, uint32_t *head);

#endif
