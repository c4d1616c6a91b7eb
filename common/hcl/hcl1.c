#include "common/hcl/internal.h"
struct hcl_body *
hcl_parse_hcl1(struct hcl_file *file, struct hcl_diags *d)
{
	(void)file;
	(void)d;
	return NULL;
}
