/* What regex.c and regex_check.c share. */
#ifndef COMMON_REGEX_IMPL_H
#define COMMON_REGEX_IMPL_H

#include "common/regex.h"

/* -1 and err: Go would refuse this pattern, though PCRE2 may not. */
int regex_check(const char *pattern, size_t n, struct err *err);

#endif
