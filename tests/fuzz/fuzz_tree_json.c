/* Text as a tree: what is accepted reads back and then prints the same. (It
 * need not be equal: 2.0 prints as 2.) */
#include <stdlib.h>
#include <string.h>

#include "common/tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct err err;
	struct tree *t = tree_from_json((const char *)data, n, &err);

	if (t == NULL)
		return 0;
	for (int flags = 0; flags <= TREE_PRETTY; flags++) {
		struct buf out = { 0 }, again = { 0 };
		struct tree *back;

		tree_to_json(t, &out, flags);
		back = tree_from_json(out.data, out.len, &err);
		if (back == NULL)
			abort();
		tree_to_json(back, &again, flags);
		if (again.len != out.len ||
		    memcmp(again.data, out.data, out.len) != 0)
			abort();
		buf_release(&again);
		tree_free(back);
		back = tree_copy(t);
		if (!tree_equal(t, back))
			abort();
		tree_free(back);
		buf_release(&out);
	}
	tree_free(t);
	return 0;
}
