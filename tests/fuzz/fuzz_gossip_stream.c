/*
 * Any bytes as a stream: the scanner must say the same however they arrive,
 * and what is whole is taken apart.
 */
#include <stdlib.h>

#include "tests/lib/gossip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
scan(const uint8_t *data, size_t n)
{
	struct wire_scan once = { 0 }, steps = { 0 };
	enum wire_scanned all, some = WIRE_MORE;
	size_t nall = 0, nsome = 0;

	all = wire_scan(&once, wire_bytes(data, n), &nall);
	for (size_t i = 1; i <= n && some == WIRE_MORE; i++)
		some = wire_scan(&steps, wire_bytes(data, i), &nsome);
	if (all != some || nall != nsome || nall > n)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct wire_bytes message, user;
	struct buf room = { 0 }, out = { 0 };
	struct err err = { 0 };

	scan(data, n);
	if (wire_peel_stream(
		NULL, wire_bytes(data, n), &room, &message, &err) == 0) {
		gossip_remake(&out, message);
		if (message.data[0] == WIRE_USER)
			wire_stream_user_get(
			    wire_from(message, 1), &user, &err);
	}
	gossip_drop();
	buf_release(&out);
	buf_release(&room);
	return 0;
}
