/*
 * A container's output, from the engine's stream into the task's log files.
 *
 * The stream is that of GET /containers/ID/logs?follow=1&stdout=1&stderr=1
 * &timestamps=1&since=...: frames of a header of eight bytes and one record,
 * or, of a container with a terminal, records as they are. Each record has
 * its time before it, which goes no further; long lines come as several.
 *
 * No byte is lost or doubled when the stream breaks off, nor when nodeagent
 * is started anew: the position says which record was the last of each
 * output, and how long the files were after it. What the files have beyond
 * that, of records after it, is passed over when they come again. The clock
 * of the engine's machine must not have gone back meanwhile.
 */
#ifndef NODEAGENT_DOCKER_LOG_H
#define NODEAGENT_DOCKER_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/logfile.h"
#include "common/rec.h"

#define DOCKER_LOG_MAX_FRAME (16u << 20) /* bytes; longer is no frame */
#define DOCKER_LOG_MAX_STAMP 40          /* bytes of a time */
#define DOCKER_LOG_SLACK_NS  INT64_C(5000000000)
/* Records are asked for anew from so long before the newest: each output has
 * a time of its own, and they reach the stream in no strict order. */

enum { DOCKER_LOG_STDOUT, DOCKER_LOG_STDERR, DOCKER_LOG_NSTREAMS };

/* How far one output has come. */
struct docker_log_mark {
	int64_t time;     /* of the last whole record, ns since 1970 */
	uint64_t records; /* that have this very time */
	uint64_t file;    /* the number of the file after it, and its size */
	uint64_t size;
};

struct docker_log_pos {
	struct docker_log_mark out, err;
};
extern const struct rec_type docker_log_mark_type, docker_log_pos_type;

struct docker_log_stream {
	struct logfile file;
	struct docker_log_mark mark;
	uint64_t seen; /* records of mark.time that came again */
	uint64_t skip; /* bytes of what comes that the files have */
};

struct docker_log {
	bool tty;
	struct docker_log_stream streams[DOCKER_LOG_NSTREAMS];
	/* Where we are in the stream. */
	uint8_t header[8];
	size_t nheader;
	uint64_t left; /* bytes of the frame */
	size_t stream; /* of the record */
	char stamp[DOCKER_LOG_MAX_STAMP + 1];
	size_t nstamp;
	bool in_text;     /* the record's time has been read */
	bool passed_over; /* the record has come before */
	int64_t time;     /* of the record */
	uint64_t length;  /* of its text so far */
	bool changed;     /* since docker_log_changed() was asked */
};

/*
 * Goes on from pos; NULL: a container that has just been made, whose output
 * comes after what the files have. Files are LOG_DIR/TASK.stdout.N and
 * .stderr.N; see logfile.h. A full disk loses output, not the task.
 */
void docker_log_init(struct docker_log *l, const char *log_dir,
    const char *task, uint64_t max_files, uint64_t max_bytes, bool tty,
    const struct docker_log_pos *pos);
void docker_log_release(struct docker_log *l);

/* Adds the target of the GET for what has not come yet, of this container. A
 * stream that broke off is begun again so, and only so. */
void docker_log_begin(
    struct docker_log *l, const char *container, struct buf *b);

/* Bytes of the stream. -1: it is none, or the engine cannot read what it
 * keeps; begin again, after a while. */
int docker_log_feed(
    struct docker_log *l, const char *p, size_t n, struct err *err);

/* True if the position has moved since this was last asked, and at first:
 * then it is to be stored, so that whoever comes after us goes on there. */
bool docker_log_changed(struct docker_log *l);
void docker_log_tell(const struct docker_log *l, struct docker_log_pos *pos);

/* The position in a file of our own, in a directory that no task reaches. */
int docker_log_save(
    const char *path, const struct docker_log_pos *pos, struct err *err);
/* False, and all zero, when there is none, or none that can be read. */
bool docker_log_load(const char *path, struct docker_log_pos *pos);

#endif
