/*
 * Streams a task's log, or one file of an allocation, to an HTTP client; also
 * what only wants to have read a file comes here, as nothing is read faster
 * than the client takes it.
 *
 * Frames are Nomad's: {"Data": base64, "File": ..., "Offset": n} one after the
 * other and {} as a heartbeat each second; or, plain, the bytes alone. A
 * follower waits for more and ends when the task is dead and all is told, or
 * when its one file is deleted. A file that became shorter is begun again.
 */
#ifndef NODEAGENT_LOGSTREAM_H
#define NODEAGENT_LOGSTREAM_H

#include "cmd/nodeagent/nodeagent.h"

#define LOGSTREAM_FRAME        65536 /* most bytes of one frame */
#define LOGSTREAM_POLL_MS      100   /* how soon a follower sees more */
#define LOGSTREAM_HEARTBEAT_MS 1000
#define LOGSTREAM_MAX_FILES    4096 /* of one log; more are not looked at */
#define LOGSTREAM_TURN         (1 << 20) /* bytes, then others get a turn */

struct logstream_ask {
	const char *alloc_id;
	const char *task; /* with type: the rotated files of a log */
	const char *type; /* "stdout" or "stderr" */
	const char *path; /* else: one file */
	bool follow, plain, from_end;
	int64_t offset; /* from the start, or back from the end */
	bool has_limit;
	int64_t limit; /* bytes */
};

/* Answers r, now and later; http_req_data() of r is then the stream's. ask is
 * only looked at during the call. */
void logstream_start(
    struct nodeagent *na, struct http_req *r, const struct logstream_ask *ask);

#endif
