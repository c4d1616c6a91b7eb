#include "cmd/nodeagent/logstream.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/nodeagent/allocdir.h"
#include "cmd/nodeagent/runner.h"
#include "common/mem.h"
#include "proto/stats.h"

struct logstream {
	void (*gone)(struct http_req *r); /* first: see clientapi.c */
	struct nodeagent *na;
	struct http_req *req;
	struct loop_timer *timer;
	char *alloc_id, *task;
	char *base;   /* "alloc/logs/web.stdout" or the one file's path */
	bool rotated; /* base has numbers after it */
	bool follow, plain, waiting;
	uint64_t number; /* of the file that is read */
	int64_t offset;  /* in it */
	int fd;
	uint64_t beat_ms; /* when something was last sent */
};

/* --- which files --- */

static char *
file_path(const struct logstream *s, uint64_t number)
{
	return s->rotated ? xasprintf("%s.%" PRIu64, s->base, number)
			  : xstrdup(s->base);
}

static int
open_number(const struct logstream *s, uint64_t number, struct err *err)
{
	char *path = file_path(s, number);
	int fd = allocdir_open(
	    s->na->alloc_dir, s->alloc_id, path, O_RDONLY | O_NONBLOCK, err);

	free(path);
	return fd;
}

/* The lowest and highest N of BASE.N; false when there is none. */
static bool
find_numbers(const struct logstream *s, uint64_t *low, uint64_t *high)
{
	const char *name = strrchr(s->base, '/') + 1;
	size_t n = strlen(name);
	int fd = allocdir_open(s->na->alloc_dir, s->alloc_id, "alloc/logs",
	    O_RDONLY | O_DIRECTORY, NULL);
	DIR *d = fd != -1 ? fdopendir(fd) : NULL;
	struct dirent *e;
	bool found = false;

	while (d != NULL && (e = readdir(d)) != NULL) {
		char *end;
		uint64_t v;

		if (strncmp(e->d_name, name, n) != 0 || e->d_name[n] != '.')
			continue;
		v = strtoull(e->d_name + n + 1, &end, 10);
		if (*end != '\0' || end == e->d_name + n + 1)
			continue;
		*low = !found || v < *low ? v : *low;
		*high = !found || v > *high ? v : *high;
		found = true;
	}
	if (d != NULL)
		closedir(d);
	return found;
}

static int64_t
size_of(const struct logstream *s, uint64_t number)
{
	struct stat st;
	int fd = open_number(s, number, NULL);
	int64_t size = fd != -1 && fstat(fd, &st) == 0 ? st.st_size : 0;

	if (fd != -1)
		close(fd);
	return size;
}

/* Goes `back` bytes back from the end of the newest file, over older ones. */
static void
seek_from_end(struct logstream *s, uint64_t low, uint64_t high, int64_t back)
{
	for (s->number = high;; s->number--) {
		int64_t size = size_of(s, s->number);

		if (back <= size || s->number == low) {
			s->offset = back < size ? size - back : 0;
			return;
		}
		back -= size;
	}
}

static void
seek_from_start(struct logstream *s, uint64_t low, uint64_t high, int64_t to)
{
	for (s->number = low; s->number < high; s->number++) {
		int64_t size = size_of(s, s->number);

		if (to < size)
			break;
		to -= size;
	}
	s->offset = to;
}

/* --- telling --- */

static void
stream_free(struct logstream *s)
{
	if (s->fd != -1)
		close(s->fd);
	loop_timer_free(s->timer);
	free(s->alloc_id);
	free(s->task);
	free(s->base);
	free(s);
}

static void
finish(struct logstream *s)
{
	struct http_req *r = s->req;

	http_req_set_data(r, NULL);
	stream_free(s);
	http_end(r);
}

/* False when the client must first take what is queued. */
static bool
send_bytes(struct logstream *s, const char *p, size_t n)
{
	struct stream_frame f = { .offset = s->offset };
	struct buf out = { 0 };
	bool room;

	s->beat_ms = loop_now_ms(s->na->loop);
	if (s->plain)
		return http_write(s->req, p, n);
	f.data.data = (uint8_t *)(uintptr_t)p;
	f.data.len = n;
	f.file = file_path(s, s->number);
	rec_to_json(&stream_frame_type, &f, &out, 0);
	room = http_write(s->req, out.data, out.len);
	buf_release(&out);
	free(f.file);
	return room;
}

static bool
task_is_dead(const struct logstream *s)
{
	struct runner *r = runner_find(s->na, s->alloc_id);

	if (r == NULL)
		return true;
	if (s->task == NULL)
		return runner_is_done(r);
	for (size_t i = 0; i < r->run->ntasks; i++)
		if (strcmp(r->run->tasks[i].task->name, s->task) == 0)
			return r->run->tasks[i].phase == TASK_DEAD;
	return true;
}

/* Goes on with the next file if there is one. */
static bool
next_file(struct logstream *s)
{
	uint64_t low, high;
	int fd;

	if (!s->rotated || !find_numbers(s, &low, &high) || high <= s->number)
		return false;
	s->number = s->number + 1 > low ? s->number + 1 : low;
	if ((fd = open_number(s, s->number, NULL)) == -1)
		return false;
	if (s->fd != -1)
		close(s->fd);
	s->fd = fd;
	s->offset = 0;
	return true;
}

static void pump(struct logstream *s);

static void
on_drained(void *ctx, struct http_req *r)
{
	(void)ctx;
	pump(http_req_data(r));
}

/* Nothing more for now: ends, or looks again soon. */
static void
at_end(struct logstream *s, bool was_dead)
{
	uint64_t now_ms = loop_now_ms(s->na->loop);

	if (!s->follow || was_dead) {
		finish(s);
		return;
	}
	if (!s->plain && now_ms - s->beat_ms >= LOGSTREAM_HEARTBEAT_MS) {
		s->beat_ms = now_ms;
		http_write(s->req, "{}", 2);
	}
	loop_timer_set(s->timer, LOGSTREAM_POLL_MS);
}

static void
pump(struct logstream *s)
{
	static char chunk[LOGSTREAM_FRAME];
	/* Asked before reading: what it wrote before it died is then there. */
	bool dead = task_is_dead(s);
	ssize_t n;

	if (s->fd == -1)
		s->fd = open_number(s, s->number, NULL);
	for (;;) {
		n = s->fd != -1 ? pread(s->fd, chunk, sizeof chunk, s->offset)
				: 0;
		if (n <= 0) {
			if (next_file(s))
				continue;
			at_end(s, dead);
			return;
		}
		s->offset += n;
		if (!send_bytes(s, chunk, (size_t)n)) {
			http_on_drained(s->req, on_drained, NULL);
			return;
		}
	}
}

static void
on_poll(void *arg)
{
	pump(arg);
}

/* --- starting --- */

static bool
locate(struct logstream *s, const struct logstream_ask *ask, struct err *err)
{
	uint64_t low = 0, high = 0;

	if (s->rotated && !find_numbers(s, &low, &high))
		return true; /* nothing was written yet */
	if (!s->rotated && (s->fd = open_number(s, 0, err)) == -1)
		return false;
	if (ask->from_end)
		seek_from_end(s, low, high, ask->offset);
	else
		seek_from_start(s, low, high, ask->offset);
	return true;
}

static void
on_gone(struct http_req *r)
{
	stream_free(http_req_data(r));
}

void
logstream_start(
    struct nodeagent *na, struct http_req *r, const struct logstream_ask *ask)
{
	struct logstream *s = xcalloc(1, sizeof *s);
	struct err err;

	s->gone = on_gone;
	s->na = na;
	s->req = r;
	s->fd = -1;
	s->alloc_id = xstrdup(ask->alloc_id);
	s->rotated = ask->task != NULL;
	s->task = ask->task != NULL ? xstrdup(ask->task) : NULL;
	s->base = s->rotated
		      ? xasprintf("alloc/logs/%s.%s", ask->task, ask->type)
		      : xstrdup(ask->path);
	s->follow = ask->follow;
	s->plain = ask->plain;
	s->beat_ms = loop_now_ms(na->loop);
	if (!locate(s, ask, &err)) {
		http_fail(r,
		    err.code == ERR_NOT_FOUND ? 404
		    : err.code == ERR_DENIED  ? 403
					      : 500,
		    "%s", err.text);
		stream_free(s);
		return;
	}
	s->timer = loop_timer_new(na->loop, on_poll, s);
	http_req_set_data(r, s);
	http_add(
	    r, "Content-Type", s->plain ? "text/plain" : "application/json");
	http_begin(r, 200, -1);
	pump(s);
}
