/* What ctl.c, ctl_print.c and ctl_verbs.c share; nobody else includes it. */
#ifndef COMMON_CTL_IMPL_H
#define COMMON_CTL_IMPL_H

#include "common/ctl.h"

/* The verbs that every control program has. */
const struct ctl_verb *ctl_common_verbs(size_t *n);

/* Of a noun's reply, the list that is shown: the first one of records; NULL
 * when there is none. Other rows may stand in front of it. */
const struct rec_field *ctl_list(const struct rec_type *reply);

#endif
