/*
 * A container's output, from the engine's stream into the task's log files.
 *
 * It is heard live, from before the container starts: the engine then holds
 * the container back while we are slow, and nothing is lost however much it
 * says at once. What the engine keeps is asked for only after we were away:
 * its files are few, and it tells of them too slowly to keep up.
 *
 *   LIVE  POST /containers/ID/attach: bytes as they were written
 *   FIND  GET /containers/ID/logs&timestamps=1: which record did the files
 *         end with? Nothing is written
 *   KEPT  the same with follow=1: what came after that
 *
 * Both come in frames of a header of eight bytes and a text, or, of a
 * container with a terminal, as they are. In FIND and KEPT a text is a record
 * with its time before it, which goes no further; long lines come as several.
 *
 * The position says which record was the last of each output, and how long
 * the files were after it. What KEPT has written beyond that is passed over
 * when it comes again; where LIVE has written, FIND looks for the files' last
 * bytes among the records: after as many as we have written, if the engine has
 * dropped none, and else nearest to when they were written. The clock of the
 * engine's machine must not have gone back meanwhile.
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
#define DOCKER_LOG_PIECE     16384       /* the longest record of the engine */
#define DOCKER_LOG_TAIL      20480       /* bytes that FIND looks for at most */
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
	bool live; /* the files have what came live after that: FIND first */
};
extern const struct rec_type docker_log_mark_type, docker_log_pos_type;

/* What FIND knows of one output. */
struct docker_log_search {
	char tail[DOCKER_LOG_TAIL];        /* the files' last bytes */
	uint16_t shorter[DOCKER_LOG_TAIL]; /* of a match that breaks off */
	size_t length, matched;
	uint64_t pending; /* bytes after it that may be no record yet */
	uint64_t written_bytes, passed; /* since the mark: by us, by it */
	int64_t written_ns;             /* when, since 1970 */
	struct docker_log_mark after;   /* the last whole record so far */
	struct docker_log_mark found;   /* the last one before the match */
	bool has_found, is_exact;
	int64_t found_time;
};

struct docker_log_stream {
	struct logfile file;
	struct docker_log_mark mark;
	struct docker_log_search *search; /* in FIND */
	uint64_t seen; /* records of mark.time that came again */
	uint64_t skip; /* bytes of what comes that the files have */
};

enum docker_log_way { DOCKER_LOG_LIVE, DOCKER_LOG_FIND, DOCKER_LOG_KEPT };

struct docker_log {
	bool tty;
	enum docker_log_way way;
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
	bool brought;     /* something new, since it was begun */
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

/* Adds the target of the request for what has not come yet, of this container.
 * A stream that broke off is begun again so, and only so; a live one with
 * FIND, and after that and docker_log_found() with KEPT. */
void docker_log_begin(struct docker_log *l, enum docker_log_way way,
    const char *container, struct buf *b);
/* The stream of FIND has come to its end. False: the engine no longer keeps
 * what the files end with, and what it dropped meanwhile is lost. */
bool docker_log_found(struct docker_log *l);

/* Bytes of the stream. -1: it is none, or the engine cannot read what it
 * keeps; begin again, after a while. */
int docker_log_feed(
    struct docker_log *l, const char *p, size_t n, struct err *err);

/* True if the position has moved since this was last asked, and at first:
 * then it is to be stored, so that whoever comes after us goes on there. */
bool docker_log_changed(struct docker_log *l);
/* Something new has come since the stream was begun. */
bool docker_log_brought(const struct docker_log *l);
void docker_log_tell(const struct docker_log *l, struct docker_log_pos *pos);

/* The position in a file of our own, in a directory that no task reaches. */
int docker_log_save(
    const char *path, const struct docker_log_pos *pos, struct err *err);
/* False, and all zero, when there is none, or none that can be read. */
bool docker_log_load(const char *path, struct docker_log_pos *pos);

#endif
