#include "cmd/nodeagent/docker_log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/nodeagent/docker_log_search.h"
#include "common/clock.h"
#include "common/file.h"
#include "common/mem.h"

#define MAX_POS_FILE 1024

enum { FRAME_STDIN, FRAME_STDOUT, FRAME_STDERR, FRAME_SYSTEM };

static const struct rec_field docker_log_mark_fields[] = {
	REC_I64(struct docker_log_mark, 1, time, "time"),
	REC_U64(struct docker_log_mark, 2, records, "records"),
	REC_U64(struct docker_log_mark, 3, file, "file"),
	REC_U64(struct docker_log_mark, 4, size, "size"),
};
const struct rec_type docker_log_mark_type =
    REC_TYPE(docker_log_mark, docker_log_mark_fields);

static const struct rec_field docker_log_pos_fields[] = {
	REC_REC(struct docker_log_pos, 1, out, docker_log_mark, "out"),
	REC_REC(struct docker_log_pos, 2, err, docker_log_mark, "err"),
	REC_BOOL(struct docker_log_pos, 3, live, "live"),
};
const struct rec_type docker_log_pos_type =
    REC_TYPE(docker_log_pos, docker_log_pos_fields);

/* --- life --- */

static void
stream_init(struct docker_log_stream *s, const char *log_dir, const char *task,
    const char *output, uint64_t max_files, uint64_t max_bytes,
    const struct docker_log_mark *mark)
{
	char *base = xasprintf("%s/%s.%s", log_dir, task, output);

	logfile_init(&s->file, base, max_files, max_bytes);
	if (mark != NULL)
		s->mark = *mark;
	else
		logfile_place(&s->file, 0, &s->mark.file, &s->mark.size);
	free(base);
}

void
docker_log_init(struct docker_log *l, const char *log_dir, const char *task,
    uint64_t max_files, uint64_t max_bytes, bool tty,
    const struct docker_log_pos *pos)
{
	*l = (struct docker_log){ .tty = tty, .changed = true };
	stream_init(&l->streams[DOCKER_LOG_STDOUT], log_dir, task, "stdout",
	    max_files, max_bytes, pos != NULL ? &pos->out : NULL);
	stream_init(&l->streams[DOCKER_LOG_STDERR], log_dir, task, "stderr",
	    max_files, max_bytes, pos != NULL ? &pos->err : NULL);
}

static void
stream_release(struct docker_log_stream *s)
{
	logfile_release(&s->file);
	free(s->search);
}

void
docker_log_release(struct docker_log *l)
{
	stream_release(&l->streams[DOCKER_LOG_STDOUT]);
	stream_release(&l->streams[DOCKER_LOG_STDERR]);
	*l = (struct docker_log){ 0 };
}

static void
stream_begin(struct docker_log_stream *s, enum docker_log_way way)
{
	free(s->search);
	s->search = NULL;
	s->seen = 0;
	if (way == DOCKER_LOG_LIVE)
		logfile_place(&s->file, 0, &s->mark.file, &s->mark.size);
	else if (way == DOCKER_LOG_FIND)
		s->search = docker_log_search_new(s);
	s->skip = logfile_bytes_after(&s->file, s->mark.file, s->mark.size);
}

void
docker_log_begin(struct docker_log *l, enum docker_log_way way,
    const char *container, struct buf *b)
{
	int64_t newest = 0, since;

	l->changed |= way != l->way;
	l->way = way;
	l->nheader = l->nstamp = 0;
	l->left = l->length = 0;
	l->in_text = l->brought = false;
	for (size_t i = 0; i < DOCKER_LOG_NSTREAMS; i++) {
		struct docker_log_stream *s = &l->streams[i];

		stream_begin(s, way);
		if (s->mark.time > newest)
			newest = s->mark.time;
	}
	buf_addf(b, "/containers/%s/%s&stdout=1&stderr=1", container,
	    way == DOCKER_LOG_LIVE   ? "attach?stream=1"
	    : way == DOCKER_LOG_FIND ? "logs?follow=0"
				     : "logs?follow=1");
	if (way == DOCKER_LOG_LIVE)
		return;
	since = newest > DOCKER_LOG_SLACK_NS ? newest - DOCKER_LOG_SLACK_NS : 0;
	buf_addf(b, "&timestamps=1&since=%" PRId64 ".%09" PRId64,
	    since / CLOCK_NS_PER_S, since % CLOCK_NS_PER_S);
}

/* --- records --- */

/* Its time is known: whether it has come before. */
static void
record_begin(struct docker_log *l)
{
	struct docker_log_stream *s = &l->streams[l->stream];

	l->in_text = true;
	l->length = 0;
	l->passed_over = l->time < s->mark.time;
	/* An engine that begins another file while we follow may tell all of
	 * the one before once more. */
	if (l->passed_over)
		s->seen = 0;
	if (l->time == s->mark.time && s->seen < s->mark.records) {
		s->seen++;
		l->passed_over = true;
	}
}

static void
record_text(struct docker_log *l, const char *p, size_t n)
{
	struct docker_log_stream *s = &l->streams[l->stream];
	uint64_t skip;

	l->length += n;
	if (l->passed_over)
		return;
	if (l->way == DOCKER_LOG_FIND) {
		docker_log_search_text(s, l->time, l->length - n, p, n);
		return;
	}
	skip = n < s->skip ? n : s->skip;
	s->skip -= skip;
	logfile_write(&s->file, p + skip, n - (size_t)skip);
}

static void
record_end(struct docker_log *l)
{
	struct docker_log_stream *s = &l->streams[l->stream];
	struct docker_log_mark *mark =
	    l->way == DOCKER_LOG_FIND ? &s->search->after : &s->mark;

	l->in_text = false;
	l->nstamp = 0;
	if (l->passed_over)
		return;
	l->brought = true;
	mark->records = l->time == mark->time ? mark->records + 1 : 1;
	mark->time = l->time;
	if (l->way == DOCKER_LOG_FIND)
		return;
	s->seen = mark->records;
	/* What is still to be passed over lies after this record. */
	logfile_place(&s->file, s->skip, &s->mark.file, &s->mark.size);
	l->changed = true;
}

/* Takes bytes of a record's time, up to the blank after it. */
static int
take_stamp(struct docker_log *l, const char **p, size_t *n, struct err *err)
{
	while (*n > 0) {
		char c = *(*p)++;

		(*n)--;
		l->stamp[l->nstamp] = c == ' ' ? '\0' : c;
		if (c != ' ' && ++l->nstamp < DOCKER_LOG_MAX_STAMP)
			continue;
		l->stamp[l->nstamp] = '\0';
		if (c != ' ' || clock_parse_time(l->stamp, &l->time) == -1)
			return err_set(
			    err, ERR_BAD, "a record has no time before it");
		record_begin(l);
		break;
	}
	return 0;
}

/* --- frames --- */

static int
frame_begin(struct docker_log *l, struct err *err)
{
	const uint8_t *h = l->header;

	l->left = (uint64_t)h[4] << 24 | (uint64_t)h[5] << 16 |
		  (uint64_t)h[6] << 8 | h[7];
	l->nstamp = 0;
	if (h[0] > FRAME_SYSTEM || h[1] != 0 || h[2] != 0 || h[3] != 0)
		return err_set(err, ERR_BAD, "the output is not in frames");
	if (h[0] == FRAME_SYSTEM)
		return err_set(
		    err, ERR_GONE, "the engine could not read the output");
	if (l->left > DOCKER_LOG_MAX_FRAME)
		return err_set(err, ERR_BAD,
		    "a frame of %" PRIu64 " bytes is larger than %u", l->left,
		    DOCKER_LOG_MAX_FRAME);
	l->stream =
	    h[0] == FRAME_STDERR ? DOCKER_LOG_STDERR : DOCKER_LOG_STDOUT;
	if (l->left == 0)
		l->nheader = 0;
	return 0;
}

static int
frame_text(struct docker_log *l, const char *p, size_t n, struct err *err)
{
	l->left -= n;
	if (l->way == DOCKER_LOG_LIVE) {
		logfile_write(&l->streams[l->stream].file, p, n);
		if (l->left == 0)
			l->nheader = 0;
		return 0;
	}
	if (!l->in_text && take_stamp(l, &p, &n, err) == -1)
		return -1;
	if (n > 0)
		record_text(l, p, n);
	if (l->left > 0)
		return 0;
	l->nheader = 0;
	if (!l->in_text)
		return err_set(
		    err, ERR_BAD, "a frame has no time before its text");
	record_end(l);
	return 0;
}

static int
feed_frames(struct docker_log *l, const char *p, size_t n, struct err *err)
{
	while (n > 0) {
		size_t take = n < l->left ? n : (size_t)l->left;

		if (l->nheader < sizeof l->header) {
			l->header[l->nheader++] = (uint8_t)*p++;
			n--;
			if (l->nheader == sizeof l->header &&
			    frame_begin(l, err) == -1)
				return -1;
			continue;
		}
		if (frame_text(l, p, take, err) == -1)
			return -1;
		p += take;
		n -= take;
	}
	return 0;
}

/* --- a terminal's --- */

/* A record ends with its line, or where the engine's piece does. */
static size_t
take_text(struct docker_log *l, const char *p, size_t n)
{
	size_t room = DOCKER_LOG_PIECE - (size_t)l->length;
	size_t take = n < room ? n : room;
	const char *end = memchr(p, '\n', take);

	if (end != NULL)
		take = (size_t)(end - p) + 1;
	record_text(l, p, take);
	if (end != NULL || l->length == DOCKER_LOG_PIECE)
		record_end(l);
	return take;
}

/* What has no time before it belongs to the record before: then the engine
 * cuts its pieces in another way than we think. */
static void
continue_record(struct docker_log *l, bool blank)
{
	char text[sizeof l->stamp];
	size_t n = l->nstamp;

	memcpy(text, l->stamp, n);
	if (blank)
		text[n++] = ' ';
	for (size_t i = 0; i < n;) {
		if (!l->in_text)
			record_begin(l);
		i += take_text(l, text + i, n - i);
	}
}

static void
feed_raw(struct docker_log *l, const char *p, size_t n)
{
	l->stream = DOCKER_LOG_STDOUT;
	while (n > 0) {
		if (!l->in_text && take_stamp(l, &p, &n, NULL) == -1)
			continue_record(l, p[-1] == ' ');
		if (l->in_text && n > 0) {
			size_t take = take_text(l, p, n);

			p += take;
			n -= take;
		}
	}
}

int
docker_log_feed(struct docker_log *l, const char *p, size_t n, struct err *err)
{
	if (!l->tty)
		return feed_frames(l, p, n, err);
	if (l->way == DOCKER_LOG_LIVE)
		logfile_write(&l->streams[DOCKER_LOG_STDOUT].file, p, n);
	else
		feed_raw(l, p, n);
	return 0;
}

/* --- the position --- */

bool
docker_log_changed(struct docker_log *l)
{
	bool changed = l->changed;

	l->changed = false;
	return changed;
}

bool
docker_log_brought(const struct docker_log *l)
{
	return l->brought;
}

void
docker_log_tell(const struct docker_log *l, struct docker_log_pos *pos)
{
	pos->out = l->streams[DOCKER_LOG_STDOUT].mark;
	pos->err = l->streams[DOCKER_LOG_STDERR].mark;
	pos->live = l->way != DOCKER_LOG_KEPT;
}

int
docker_log_save(
    const char *path, const struct docker_log_pos *pos, struct err *err)
{
	char *next = xasprintf("%s.new", path);
	struct buf b = { 0 };
	int rv = 0;
	int fd = open(
	    next, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	rec_pack(&docker_log_pos_type, pos, &b);
	if (fd == -1 || write(fd, b.data, b.len) != (ssize_t)b.len ||
	    rename(next, path) == -1)
		rv = err_sys(err, "%s", path);
	if (fd != -1)
		close(fd);
	buf_release(&b);
	free(next);
	return rv;
}

bool
docker_log_load(const char *path, struct docker_log_pos *pos)
{
	struct buf b = { 0 };
	bool good = file_read(path, MAX_POS_FILE, &b, NULL) == 0 &&
		    rec_unpack(&docker_log_pos_type, pos, b.data, b.len, NULL,
			NULL) == 0;

	if (!good)
		*pos = (struct docker_log_pos){ 0 };
	buf_release(&b);
	return good;
}
