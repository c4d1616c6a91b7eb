/*
 * Bytes as what comes from a socket of the bus: an envelope, and behind it
 * the body or the reply of the message that it names. What is accepted has
 * one encoding and prints in every form.
 */
#include <stdlib.h>
#include <string.h>

#include "common/envelope.h"
#include "proto/msg.h"
#include "tests/lib/roundtrip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
check_envelope(const struct envelope *e, const uint8_t *data, size_t n)
{
	struct buf out = { 0 };

	if ((const uint8_t *)e->region < data || e->body + e->nbody != data + n)
		abort();
	envelope_pack(e, &out);
	buf_add(&out, e->body, e->nbody);
	if (out.len != n || memcmp(out.data, data, n) != 0)
		abort();
	buf_release(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static bool begun;
	const struct msg_def *def;
	const struct rec_type *type;
	struct envelope e;
	struct err err;

	if (!begun)
		bus_use(msg_defs, msg_ndefs);
	begun = true;
	if (envelope_unpack(&e, data, n, &err) == -1)
		return 0;
	check_envelope(&e, data, n);
	def = bus_def(e.number);
	if (def == NULL)
		return 0;
	type = e.flags & ENVELOPE_REPLY ? def->reply : def->body;
	if (type != NULL)
		roundtrip_packed(type, e.body, e.nbody);
	return 0;
}
