/*
 * Paths as text, and the files that a pattern names.
 */
#ifndef COMMON_HCL_GLOB_H
#define COMMON_HCL_GLOB_H

#include <stddef.h>

#include "common/err.h"

#define HCL_GLOB_MAX_FILES    10000  /* that one pattern names */
#define HCL_GLOB_MAX_ENTRIES  200000 /* of directories, looked at */
#define HCL_GLOB_MAX_PATTERNS 256    /* that {a,b} makes of one */

/*
 * The one under the other, with "." and ".." resolved as text and no slash
 * twice or at the end; "." when nothing is left. The caller frees.
 */
char *hcl_path_join(const char *dir, const char *path);

/* Zeroed: none. */
struct hcl_names {
	char **v;
	size_t n, cap;
};
void hcl_names_release(struct hcl_names *names);

/*
 * Adds the regular files below dir (a path that was joined) that match, as
 * paths from dir, in any order and maybe twice. In a pattern * and ? stand for
 * what a name may hold, [a-z] for one of these, {a,b} for either, and ** as a
 * whole name for any directories or none. -1 when the pattern is none or names
 * too much.
 */
int hcl_glob(const char *dir, const char *pattern, struct hcl_names *out,
    struct err *err);

#endif
