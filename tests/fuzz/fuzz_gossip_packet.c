/*
 * Any bytes as a datagram. What is understood is made anew, and that must be
 * understood again and come out as itself.
 */
#include <stdlib.h>

#include "tests/lib/gossip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
on_message(void *ctx, struct wire_bytes message)
{
	struct buf once = { 0 }, twice = { 0 };

	(void)ctx;
	if (gossip_remake(&once, message) &&
	    (!gossip_remake(&twice, wire_bytes(once.data, once.len)) ||
		!wire_is(wire_bytes(once.data, once.len),
		    wire_bytes(twice.data, twice.len))))
		abort();
	buf_release(&once);
	buf_release(&twice);
	gossip_drop();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct wire_ring ring = { .nkeys = 1, .keys[0].n = 16 };
	struct err err = { 0 };

	for (size_t i = 0; i < 16; i++)
		ring.keys[0].data[i] = (uint8_t)i;
	wire_peel_packet(NULL, wire_bytes(data, n), on_message, NULL, &err);
	wire_peel_packet(&ring, wire_bytes(data, n), on_message, NULL, &err);
	return 0;
}
