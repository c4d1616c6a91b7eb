/* The functions that there are, by what they work on. */
#include "common/hcl/func.h"

#include <string.h>

static const struct {
	const struct hcl_func *v;
	const size_t *n;
} groups[] = {
	{ hcl_string_funcs, &hcl_nstring_funcs },
	{ hcl_coll_funcs, &hcl_ncoll_funcs },
	{ hcl_map_funcs, &hcl_nmap_funcs },
	{ hcl_number_funcs, &hcl_nnumber_funcs },
	{ hcl_code_funcs, &hcl_ncode_funcs },
	{ hcl_format_funcs, &hcl_nformat_funcs },
	{ hcl_path_funcs, &hcl_npath_funcs },
	{ hcl_net_funcs, &hcl_nnet_funcs },
	{ hcl_time_funcs, &hcl_ntime_funcs },
	{ hcl_secret_funcs, &hcl_nsecret_funcs },
	{ hcl_csv_funcs, &hcl_ncsv_funcs },
	{ hcl_regex_funcs, &hcl_nregex_funcs },
	{ hcl_yaml_funcs, &hcl_nyaml_funcs },
};
#define NGROUPS (sizeof groups / sizeof groups[0])

const struct hcl_func *
hcl_func_find(const char *name)
{
	for (size_t g = 0; g < NGROUPS; g++)
		for (size_t i = 0; i < *groups[g].n; i++)
			if (strcmp(groups[g].v[i].name, name) == 0)
				return &groups[g].v[i];
	return NULL;
}

size_t
hcl_func_names(const char **out, size_t max)
{
	size_t n = 0;

	for (size_t g = 0; g < NGROUPS; g++)
		for (size_t i = 0; i < *groups[g].n && n < max; i++)
			out[n++] = groups[g].v[i].name;
	return n;
}
