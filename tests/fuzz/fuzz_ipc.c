/*
 * Any bytes as what a client of the RPC sends: heads and bodies, with all
 * that is in them walked.
 */
#include "cmd/gossipd/ipc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static size_t nseen; /* so that nothing is optimised away */

static void
walk_pairs(struct wire_list l)
{
	struct wire_bytes key, value;

	while (wire_next_pair(&l, &key, &value))
		nseen += key.n + value.n;
}

static void
walk(const struct ipc_body *b)
{
	struct wire_list lists[] = { b->existing, b->deleted, b->filter_nodes };
	struct wire_bytes one;

	walk_pairs(b->tags);
	walk_pairs(b->filter_tags);
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
		while (wire_next_bytes(&lists[i], &one))
			nseen += one.n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct wire_bytes in = wire_bytes(data, n);
	struct ipc_head head = { 0 };
	bool has_head = false;

	for (;;) {
		struct wire_scan s = { 0 };
		struct ipc_body body;
		struct err err;
		size_t len;

		if (ipc_scan(&s, in, &len) != WIRE_WHOLE)
			return 0;
		if (has_head) {
			if (ipc_body_get(head.verb, wire_bytes(in.data, len),
				&body, &err) == 0)
				walk(&body);
			has_head = false;
		} else if (ipc_head_get(
			       wire_bytes(in.data, len), &head, &err) == 0) {
			has_head = ipc_has_body(head.verb);
		}
		in = wire_from(in, len);
	}
}
