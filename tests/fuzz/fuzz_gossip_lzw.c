/* Any bytes as LZW; and compressed, they must come back. */
#include <stdlib.h>

#include "cmd/gossipd/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct buf plain = { 0 }, packed = { 0 }, again = { 0 };

	wire_lzw_decode(&plain, wire_bytes(data, n), WIRE_PACKET_MAX, NULL);
	wire_lzw_encode(&packed, wire_bytes(data, n));
	if (wire_lzw_decode(
		&again, wire_bytes(packed.data, packed.len), n, NULL) == -1 ||
	    !wire_is(wire_bytes(again.data, again.len), wire_bytes(data, n)))
		abort();
	buf_release(&plain);
	buf_release(&packed);
	buf_release(&again);
	return 0;
}
