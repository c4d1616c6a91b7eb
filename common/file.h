/*
 * Files that are read whole.
 */
#ifndef COMMON_FILE_H
#define COMMON_FILE_H

#include "common/buf.h"
#include "common/err.h"

/*
 * Adds a file's bytes to out. -1 when it cannot be read (ERR_SYSTEM), or when
 * more than max bytes are in out then (ERR_BAD); errno tells which, EFBIG
 * being the latter. Of what was read something may be in out.
 */
int file_read(const char *path, size_t max, struct buf *out, struct err *err);

#endif
