/* What ctl.c, ctl_print.c and ctl_verbs.c share; nobody else includes it. */
#ifndef COMMON_CTL_IMPL_H
#define COMMON_CTL_IMPL_H

#include "common/ctl.h"

/* The verbs that every control program has. */
const struct ctl_verb *ctl_common_verbs(size_t *n);

#endif
