/*
 * A task's output on disk: BASE.0, BASE.1 ..., each up to a size; when one is
 * full the next begins and the oldest beyond the allowed number is removed.
 *
 * We write as whoever we are, mostly root, where tasks of other users may be
 * able to put things. So the folder is held open from before the task starts
 * and never looked up again, and what is opened in it must be a regular file
 * with no other name: no link leads us elsewhere.
 */
#ifndef COMMON_LOGFILE_H
#define COMMON_LOGFILE_H

#include <stddef.h>
#include <stdint.h>

struct logfile {
	char *base; /* without the folder */
	int dir;    /* the folder; -1: none, and no output is kept */
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

/* Which file's which byte is so many before the end of all of them: where a
 * writer who is to be started anew goes on. */
void logfile_place(
    const struct logfile *f, uint64_t before, uint64_t *number, uint64_t *size);

/* How many bytes the files have after such a place; those that were removed
 * meanwhile do not count. */
uint64_t logfile_bytes_after(
    const struct logfile *f, uint64_t number, uint64_t size);

/* The last bytes that the files have, at most n: how many, and in *written_ns
 * when the newest file was written. */
size_t logfile_tail(
    const struct logfile *f, char *out, size_t n, int64_t *written_ns);

#endif
