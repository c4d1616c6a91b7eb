/*
 * A task's output on disk: BASE.0, BASE.1 ..., each up to a size; when one is
 * full the next begins and the oldest beyond the allowed number is removed.
 */
#ifndef SHIM_LOGFILE_H
#define SHIM_LOGFILE_H

#include <stddef.h>
#include <stdint.h>

struct logfile {
	char *base;
	uint64_t max_files, max_bytes;
	uint64_t number; /* of the file being written */
	uint64_t size;
	int fd; /* -1 when it could not be opened: tried again */
};

/* Goes on after the highest number that exists. Never fails: a full disk
 * loses output, not the task. */
void logfile_init(struct logfile *f, const char *base, uint64_t max_files,
    uint64_t max_bytes);
void logfile_write(struct logfile *f, const char *p, size_t n);
void logfile_release(struct logfile *f);

#endif
