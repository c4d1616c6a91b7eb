#include "common/hcl/func.h"

#include <ctype.h>
#include <string.h>

static const struct hcl_value *
fn_upper(struct hcl_call *c)
{
	struct buf out = { 0 };
	const struct hcl_value *v;

	for (size_t i = 0; i < c->args[0]->len; i++)
		buf_addc(
		    &out, (char)toupper((unsigned char)c->args[0]->str[i]));
	v = hcl_value_string(c->ev->arena, buf_str(&out), out.len);
	buf_release(&out);
	return v;
}

const struct hcl_func hcl_funcs[] = {
	{ "upper", fn_upper, { { "str", HCL_P_STRING, false } }, 1,
	    { NULL, HCL_P_ANY, false } },
};
const size_t hcl_nfuncs = sizeof hcl_funcs / sizeof hcl_funcs[0];
