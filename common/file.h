/*
 * Files that are read whole, and directories that are there to stay.
 */
#ifndef COMMON_FILE_H
#define COMMON_FILE_H

#include <sys/types.h>

#include "common/buf.h"
#include "common/err.h"

/*
 * Adds a file's bytes to out. -1 when it cannot be read (ERR_SYSTEM), or when
 * more than max bytes are in out then (ERR_BAD); errno tells which, EFBIG
 * being the latter. Of what was read something may be in out.
 */
int file_read(const char *path, size_t max, struct buf *out, struct err *err);

/* Makes durable what was created, renamed and removed in the directory. One
 * that we may not read is its owner's to sync. */
int file_sync_dir(const char *path, struct err *err);

/* Makes the directory with that mode, and with 0755 those above it that are
 * missing, durably; one that is there is fine. */
int file_make_dirs(const char *path, mode_t mode, struct err *err);

#endif
