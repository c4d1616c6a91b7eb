#include "cmd/nodeagent/logstream.h"

#include <ctype.h>
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
#include "cmd/nodeagent/fsapi.h"
#include "cmd/nodeagent/runner.h"
#include "common/mem.h"
#include "common/text.h"
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
	int64_t left;    /* bytes still wanted; INT64_MAX: all */
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

/* Pipes and devices, which a task may have made, are not read. */
static int
open_number(const struct logstream *s, uint64_t number, struct err *err)
{
	char *path = file_path(s, number);
	int fd = allocdir_open(
	    s->na->alloc_dir, s->alloc_id, path, O_RDONLY | O_NONBLOCK, err);
	struct stat st;

	if (fd != -1 && (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))) {
		err_set(err, ERR_BAD, "%s: not a regular file", path);
		close(fd);
		fd = -1;
	}
	free(path);
	return fd;
}

/* The N of "web.stdout.N", when that is the file's name. */
static bool
parse_number(const struct logstream *s, const char *file, uint64_t *number)
{
	const char *name = strrchr(s->base, '/') + 1;
	size_t n = strlen(name);
	char *end;

	if (strncmp(file, name, n) != 0 || file[n] != '.' ||
	    !isdigit((unsigned char)file[n + 1]))
		return false;
	*number = strtoull(file + n + 1, &end, 10);
	return *end == '\0';
}

static int
by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The numbers of all files from that one on, in order; to be freed. */
static uint64_t *
find_numbers(const struct logstream *s, uint64_t from, size_t *n)
{
	int fd = allocdir_open(s->na->alloc_dir, s->alloc_id, "alloc/logs",
	    O_RDONLY | O_DIRECTORY, NULL);
	DIR *d = fd != -1 ? fdopendir(fd) : NULL;
	uint64_t *list = NULL, number;
	struct dirent *e;
	size_t cap = 0;

	*n = 0;
	while (
	    d != NULL && *n < LOGSTREAM_MAX_FILES && (e = readdir(d)) != NULL) {
		if (!parse_number(s, e->d_name, &number) || number < from)
			continue;
		list = xgrow(list, *n, &cap, sizeof *list);
		list[(*n)++] = number;
	}
	if (d != NULL)
		closedir(d);
	else if (fd != -1)
		close(fd);
	if (*n > 0)
		qsort(list, *n, sizeof *list, by_number);
	return list;
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
seek_from_end(
    struct logstream *s, const uint64_t *numbers, size_t n, int64_t back)
{
	for (size_t i = n; i-- > 0;) {
		int64_t size = size_of(s, numbers[i]);

		s->number = numbers[i];
		s->offset = back < size ? size - back : 0;
		if (back <= size)
			return;
		back -= size;
	}
}

/* Never beyond what there is: a follower would miss what comes. */
static void
seek_from_start(
    struct logstream *s, const uint64_t *numbers, size_t n, int64_t to)
{
	for (size_t i = 0; i < n; i++) {
		int64_t size = size_of(s, numbers[i]);

		s->number = numbers[i];
		s->offset = to < size ? to : size;
		if (to < size)
			return;
		to -= size;
	}
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

/* What happened to the file, or NULL and bytes of it. False when the client
 * must first take what is queued. */
static bool
send_frame(struct logstream *s, const char *p, size_t n, const char *event)
{
	struct stream_frame f = { .offset = s->offset };
	struct buf out = { 0 };
	bool room;

	s->beat_ms = loop_now_ms(s->na->loop);
	if (s->plain)
		return http_write(s->req, p, n);
	f.data.data = (uint8_t *)(uintptr_t)p;
	f.data.len = n;
	f.file_event = text_borrow(event);
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

static bool
has_more(const struct logstream *s)
{
	struct stat st;

	return s->fd != -1 && fstat(s->fd, &st) == 0 && st.st_size > s->offset;
}

/* Goes on with the next file if there is one, but not before this one is
 * through: it may have grown until the next began. False: there is none. */
static bool
next_file(struct logstream *s)
{
	uint64_t *numbers;
	size_t n;
	int fd;

	if (!s->rotated)
		return false;
	numbers = find_numbers(s, s->number + 1, &n);
	fd = n > 0 ? open_number(s, numbers[0], NULL) : -1;
	if (fd != -1 && has_more(s)) {
		close(fd);
	} else if (fd != -1) {
		if (s->fd != -1)
			close(s->fd);
		s->fd = fd;
		s->number = numbers[0];
		s->offset = 0;
	}
	free(numbers);
	return fd != -1;
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
at_end(struct logstream *s, bool is_over)
{
	uint64_t now_ms = loop_now_ms(s->na->loop);

	if (!s->follow || is_over) {
		finish(s);
		return;
	}
	if (!s->plain && now_ms - s->beat_ms >= LOGSTREAM_HEARTBEAT_MS) {
		s->beat_ms = now_ms;
		http_write(s->req, "{}", 2);
	}
	loop_timer_set(s->timer, LOGSTREAM_POLL_MS);
}

/* Looks whether the one file is as it was. False: there is no more of it. */
static bool
check_file(struct logstream *s)
{
	struct stat st;

	if (!s->follow || s->fd == -1 || fstat(s->fd, &st) == -1)
		return true;
	if (st.st_size < s->offset) {
		s->offset = 0;
		send_frame(s, NULL, 0, "file truncated");
	} else if (!s->rotated && st.st_nlink == 0) {
		send_frame(s, NULL, 0, "file deleted");
		return false;
	}
	return true;
}

static ssize_t
read_some(struct logstream *s, char *chunk, size_t size)
{
	ssize_t n;

	if (s->fd == -1)
		return 0;
	if ((int64_t)size > s->left)
		size = (size_t)s->left;
	n = pread(s->fd, chunk, size, s->offset);
	if (n > 0) {
		s->offset += n;
		if (s->left != INT64_MAX)
			s->left -= n;
	}
	return n;
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
	for (size_t sent = 0; sent < LOGSTREAM_TURN; sent += (size_t)n) {
		n = read_some(s, chunk, sizeof chunk);
		if (n <= 0) {
			n = 0;
			if (s->left > 0 && next_file(s))
				continue;
			at_end(s, dead || s->left == 0 || !check_file(s));
			return;
		}
		if (!send_frame(s, chunk, (size_t)n, NULL)) {
			http_on_drained(s->req, on_drained, NULL);
			return;
		}
	}
	loop_timer_set(s->timer, 0);
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
	static const uint64_t only = 0;
	uint64_t *found = NULL;
	const uint64_t *numbers = &only;
	size_t n = 1;

	if (s->rotated)
		numbers = found = find_numbers(s, 0, &n);
	else if ((s->fd = open_number(s, 0, err)) == -1)
		return false;
	if (ask->from_end)
		seek_from_end(s, numbers, n, ask->offset);
	else
		seek_from_start(s, numbers, n, ask->offset);
	free(found);
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
	s->left = ask->has_limit ? ask->limit : INT64_MAX;
	s->beat_ms = loop_now_ms(na->loop);
	if (!locate(s, ask, &err)) {
		fsapi_refuse(r, &err);
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
