/*
 * What the two halves of a record's config form share: rec_conf.c reads,
 * rec_conf_out.c writes; conf_mend.c helps libconfig with integers.
 */
#ifndef COMMON_CONF_IMPL_H
#define COMMON_CONF_IMPL_H

#include "common/rec.h"

#define CONF_MAX_BYTES (1 << 20) /* of a config file */
#define CONF_MAX_DEPTH 64        /* groups and lists inside each other */

/* The row's members stand among those of the record that it is in. */
static inline bool
conf_is_inline(const struct rec_field *f)
{
	return (f->flags & REC_INLINE) != 0 && f->kind == REC_K_REC &&
	       f->shape == REC_ONE;
}

/*
 * Appends the text with an L behind each integer: libconfig cuts those over
 * 32 bits that have none. Decimal ones over INT64_MAX become hexadecimal,
 * which keeps their bits. Lines stay where they are. Refuses integers over 64
 * bits, depth, @include and NUL, with "path:line: ".
 */
int conf_mend(const char *path, const char *text, size_t n, struct buf *out,
    struct err *err);

#endif
