/*
 * Bytes as one of the small files and packets that our own programs leave
 * for each other; the first byte says which. What is accepted has one
 * encoding and prints in every form.
 */
#include "common/mem.h"
#include "proto/alloc.h"
#include "proto/cmd.h"
#include "proto/node.h"
#include "proto/saved.h"
#include "proto/shim.h"
#include "tests/lib/roundtrip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct rec_type *const types[] = { &shim_spec_type,
		&shim_status_type, &shim_order_type, &alloc_saved_type,
		&task_saved_type, &alloc_type, &node_type, &cmd_type };
	const struct rec_type *type;

	if (n == 0)
		return 0;
	type = types[data[0] % (sizeof types / sizeof types[0])];
	roundtrip_packed(type, data + 1, n - 1);
	return 0;
}
