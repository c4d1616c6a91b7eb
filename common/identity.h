/*
 * What a program is called for ever: an id or a secret, made once and kept
 * in a file of its own in data_dir.
 */
#ifndef COMMON_IDENTITY_H
#define COMMON_IDENTITY_H

#include "common/err.h"

#define IDENTITY_SIZE   64 /* of the longest, with its NUL */
#define IDENTITY_FORMAT 1

/*
 * Fills out with what the file dir/name says. When there is none, or an
 * empty one, it becomes `fresh`, which is shorter than IDENTITY_SIZE. It is
 * durable when this returns: what goes by the name may be written then. A
 * file that is there and cannot be read is an error, not a reason for a new
 * name. The name is the first line; the second tells the file's format, and
 * one above IDENTITY_FORMAT is refused.
 */
int identity_keep(const char *dir, const char *name, const char *fresh,
    char out[IDENTITY_SIZE], struct err *err);

#endif
