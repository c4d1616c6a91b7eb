#include "tests/lib/hclvalue.h"

#include <stdio.h>

#include "common/hcl/value.h"

const char *
hclvalue(const char *expr)
{
	static char out[1024];
	struct hcl_diags d = { 0 };
	struct buf text = { 0 };
	struct hcl_file *file;
	struct hcl_eval ev = { .diags = &d };
	const struct hcl_attr *v;

	buf_addf(&text, "v = %s\n", expr);
	file = hcl_parse("t", text.data, text.len, HCL_2, &d);
	v = hcl_attr_of(file->body, "v");
	buf_reset(&text);
	ev.arena = &file->arena;
	if (d.n == 0) {
		struct tree *t = hcl_value_tree(hcl_eval(&ev, v->expr));

		tree_to_json(t, &text, 0);
		tree_free(t);
	}
	if (d.n > 0) {
		buf_reset(&text);
		hcl_diags_line(&d, &text);
	}
	snprintf(out, sizeof out, "%s", buf_str(&text));
	buf_release(&text);
	hcl_diags_release(&d);
	hcl_file_free(file);
	return out;
}
