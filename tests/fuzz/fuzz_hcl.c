/* Any bytes as an HCL file: the first says in which mode. */
#include <stdint.h>

#include "common/hcl/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
eval_body(struct hcl_eval *ev, const struct hcl_body *body)
{
	for (size_t i = 0; i < body->nattrs; i++)
		tree_free(hcl_value_tree(hcl_eval(ev, body->attrs[i].expr)));
	for (size_t i = 0; i < body->nblocks; i++)
		eval_body(ev, body->blocks[i].body);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct hcl_diags d = { 0 };
	struct buf out = { 0 };
	struct hcl_file *file;
	struct hcl_eval ev = { .diags = &d, .no_files = true };
	size_t nblocks;

	if (n == 0)
		return 0;
	file = hcl_parse("fuzz", (const char *)data + 1, n - 1,
	    (enum hcl_mode)(data[0] % 2), &d);
	ev.arena = &file->arena;
	eval_body(&ev, file->body);
	hcl_blocks_of(file->body, "job", 1, &nblocks);
	hcl_diags_line(&d, &out);
	hcl_diags_print(&d, &out);
	buf_release(&out);
	hcl_diags_release(&d);
	hcl_file_free(file);
	return 0;
}
