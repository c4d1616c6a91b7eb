#include "cmd/nodeagent/docker_log.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/file.h"
#include "common/mem.h"
#include "tests/lib/unit.h"

#define MAX_FILES 50
#define MAX_BYTES 100

struct desk {
	char dir[128];
	struct docker_log log;
};

static void
desk_init(struct desk *d)
{
	snprintf(d->dir, sizeof d->dir, "%s/docker-log-XXXXXX", unit_tmp());
	ck_assert_ptr_nonnull(mkdtemp(d->dir));
}

static void
desk_open(struct desk *d, bool tty, const struct docker_log_pos *pos)
{
	struct buf target = { 0 };

	docker_log_init(&d->log, d->dir, "web", MAX_FILES, MAX_BYTES, tty, pos);
	docker_log_begin(&d->log, DOCKER_LOG_KEPT, "c", &target);
	buf_release(&target);
}

/* All that an output's files hold, one after the other; with it they go. */
static void
desk_take(const struct desk *d, const char *output, struct buf *b)
{
	for (int i = 0; i < MAX_FILES; i++) {
		char *path = xasprintf("%s/web.%s.%d", d->dir, output, i);

		if (file_read(path, 1 << 20, b, NULL) == 0)
			unlink(path);
		free(path);
	}
}

static void
desk_release(struct desk *d)
{
	struct buf b = { 0 };

	docker_log_release(&d->log);
	desk_take(d, "stdout", &b);
	desk_take(d, "stderr", &b);
	buf_release(&b);
	ck_assert_int_eq(rmdir(d->dir), 0);
}

static void
put_frame(struct buf *b, int stream, int ms, const char *text)
{
	char stamp[64];
	size_t n;

	snprintf(stamp, sizeof stamp, "2026-01-02T03:04:05.%03d000000Z ", ms);
	n = strlen(stamp) + strlen(text);
	buf_add(b, (char[]){ (char)stream, 0, 0, 0, 0, 0, 0, (char)n }, 8);
	buf_addf(b, "%s%s", stamp, text);
}

static const struct line {
	int stream, ms;
	const char *text;
} lines[] = {
	{ 1, 0, "one\n" },
	{ 2, 1, "bad one\n" },
	{ 1, 1, "half of a long line, " },
	{ 1, 1, "and its end\n" },
	{ 1, 1, "at the same time\n" },
	{ 2, 3,
	    "bad two, which is long enough to turn the file over at least "
	    "once, for it has more than a hundred bytes in it\n" },
	{ 1, 2, "late\n" },
	{ 1, 9, "last without end" },
};

static void
put_lines(struct buf *stream, struct buf *out, struct buf *err)
{
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		put_frame(stream, lines[i].stream, lines[i].ms, lines[i].text);
		buf_adds(lines[i].stream == 1 ? out : err, lines[i].text);
	}
}

static void
expect_files(const struct desk *d, const struct buf *out, const struct buf *err)
{
	struct buf got_out = { 0 }, got_err = { 0 };

	desk_take(d, "stdout", &got_out);
	desk_take(d, "stderr", &got_err);
	ck_assert_str_eq(buf_str(&got_out), buf_str(out));
	ck_assert_str_eq(buf_str(&got_err), buf_str(err));
	buf_release(&got_out);
	buf_release(&got_err);
}

/* Whoever stops after `written` bytes had stored what was true after
 * `saved`; who comes next is told the stream from its beginning. */
static void
break_off(const struct buf *stream, const struct buf *out,
    const struct buf *err, size_t saved, size_t written)
{
	struct docker_log_pos pos;
	struct desk d;
	struct err e;

	desk_init(&d);
	desk_open(&d, false, NULL);
	ck_assert_int_eq(docker_log_feed(&d.log, stream->data, saved, &e), 0);
	docker_log_tell(&d.log, &pos);
	ck_assert_int_eq(
	    docker_log_feed(&d.log, stream->data + saved, written - saved, &e),
	    0);
	docker_log_release(&d.log);
	desk_open(&d, false, &pos);
	ck_assert_int_eq(
	    docker_log_feed(&d.log, stream->data, stream->len, &e), 0);
	expect_files(&d, out, err);
	desk_release(&d);
}

START_TEST(no_byte_is_lost_or_doubled_wherever_it_breaks_off)
{
	struct buf stream = { 0 }, out = { 0 }, err = { 0 };

	put_lines(&stream, &out, &err);
	for (size_t written = 0; written <= stream.len; written += 3) {
		break_off(&stream, &out, &err, written, written);
		break_off(&stream, &out, &err, written / 2, written);
		break_off(&stream, &out, &err, 0, written);
	}
	buf_release(&stream);
	buf_release(&out);
	buf_release(&err);
}
END_TEST

START_TEST(a_stream_that_breaks_off_is_begun_again)
{
	struct buf stream = { 0 }, out = { 0 }, err = { 0 }, target = { 0 };
	struct desk d;
	struct err e;

	put_lines(&stream, &out, &err);
	desk_init(&d);
	docker_log_init(
	    &d.log, d.dir, "web", MAX_FILES, MAX_BYTES, false, NULL);
	docker_log_begin(&d.log, DOCKER_LOG_KEPT, "c", &target);
	ck_assert_str_eq(target.data,
	    "/containers/c/logs?follow=1&stdout=1&stderr=1&timestamps=1"
	    "&since=0.000000000");
	for (size_t n = 0; n < stream.len; n += 17) {
		ck_assert_int_eq(
		    docker_log_feed(&d.log, stream.data, n, &e), 0);
		buf_reset(&target);
		docker_log_begin(&d.log, DOCKER_LOG_KEPT, "c", &target);
	}
	ck_assert_int_eq(
	    docker_log_feed(&d.log, stream.data, stream.len, &e), 0);
	buf_reset(&target);
	docker_log_begin(&d.log, DOCKER_LOG_KEPT, "c", &target);
	/* Five seconds before the newest. */
	ck_assert_ptr_nonnull(strstr(target.data, "&since=1767323040.009"));
	expect_files(&d, &out, &err);
	desk_release(&d);
	buf_release(&stream);
	buf_release(&out);
	buf_release(&err);
	buf_release(&target);
}
END_TEST

START_TEST(what_an_engine_tells_twice_in_one_stream_comes_once)
{
	struct buf stream = { 0 }, out = { 0 }, err = { 0 };
	struct desk d;

	put_lines(&stream, &out, &err);
	desk_init(&d);
	desk_open(&d, false, NULL);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(
		    docker_log_feed(&d.log, stream.data, stream.len, NULL), 0);
	expect_files(&d, &out, &err);
	desk_release(&d);
	buf_release(&stream);
	buf_release(&out);
	buf_release(&err);
}
END_TEST

START_TEST(a_new_container_writes_after_what_is_there)
{
	struct buf stream = { 0 }, out = { 0 }, err = { 0 };
	struct desk d;
	struct err e;

	put_lines(&stream, &out, &err);
	put_lines(&stream, &out, &err);
	desk_init(&d);
	for (int life = 0; life < 2; life++) {
		desk_open(&d, false, NULL);
		ck_assert(docker_log_changed(&d.log));
		ck_assert(!docker_log_changed(&d.log));
		ck_assert_int_eq(
		    docker_log_feed(&d.log, stream.data, stream.len / 2, &e),
		    0);
		ck_assert(docker_log_changed(&d.log));
		docker_log_release(&d.log);
	}
	expect_files(&d, &out, &err);
	desk_release(&d);
	buf_release(&stream);
	buf_release(&out);
	buf_release(&err);
}
END_TEST

/* A terminal's records have no frames, and long lines a time at each piece. */
START_TEST(a_terminals_lines_lose_their_times)
{
	struct buf stream = { 0 }, out = { 0 }, none = { 0 }, target = { 0 };
	char *long_line = xcalloc(1, 16384 + 1);
	struct desk d;
	struct err e;

	memset(long_line, 'x', 16384);
	buf_addf(&stream,
	    "2026-01-02T03:04:05.000000001Z a\r\n"
	    "2026-01-02T03:04:05.000000002Z %s"
	    "2026-01-02T03:04:05.000000003Z end\r\n"
	    "no time\n2026-01-02T03:04:05.1Z z",
	    long_line);
	buf_addf(&out, "a\r\n%send\r\nno time\n", long_line);
	desk_init(&d);
	docker_log_init(&d.log, d.dir, "web", MAX_FILES, 1 << 20, true, NULL);
	docker_log_begin(&d.log, DOCKER_LOG_KEPT, "c", &target);
	buf_release(&target);
	for (size_t i = 0; i < stream.len; i++)
		ck_assert_int_eq(
		    docker_log_feed(&d.log, stream.data + i, 1, &e), 0);
	buf_adds(&out, "z");
	expect_files(&d, &out, &none);
	desk_release(&d);
	free(long_line);
	buf_release(&stream);
	buf_release(&out);
}
END_TEST

START_TEST(what_is_no_stream_is_refused)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *why;
	} cases[] = {
		{ "HTTP/1.1", 8, "the output is not in frames" },
		{ "\1\0\0\0\x7f\0\0\0", 8,
		    "a frame of 2130706432 bytes is larger than 16777216" },
		{ "\1\0\0\0\0\0\0\3abc", 11,
		    "a frame has no time before its text" },
		{ "\1\0\0\0\0\0\0\4abc ", 12,
		    "a record has no time before it" },
		{ "\3\0\0\0\0\0\0\4oops", 12,
		    "the engine could not read the output" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct desk d;
		struct err e;

		desk_init(&d);
		desk_open(&d, false, NULL);
		ck_assert_int_eq(
		    docker_log_feed(&d.log, cases[i].bytes, cases[i].n, &e),
		    -1);
		ck_assert_str_eq(e.text, cases[i].why);
		desk_release(&d);
	}
}
END_TEST

START_TEST(a_full_disk_loses_output_and_nothing_else)
{
	struct buf stream = { 0 }, out = { 0 }, err = { 0 };
	struct desk d = { .dir = "/nonexistent" };
	struct err e;

	put_lines(&stream, &out, &err);
	desk_open(&d, false, NULL);
	ck_assert_int_eq(
	    docker_log_feed(&d.log, stream.data, stream.len, &e), 0);
	docker_log_release(&d.log);
	buf_release(&stream);
	buf_release(&out);
	buf_release(&err);
}
END_TEST

/* --- live, and what is found again --- */

static void
begin(struct desk *d, enum docker_log_way way)
{
	struct buf target = { 0 };

	docker_log_begin(&d->log, way, "c", &target);
	buf_release(&target);
}

/* As it is written, with no times; here in frames of a byte. */
static void
feed_live(struct desk *d, int stream, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char frame[] = { (char)stream, 0, 0, 0, 0, 0, 0, 1,
			text[i] };

		ck_assert_int_eq(
		    docker_log_feed(&d->log, frame, sizeof frame, NULL), 0);
	}
}

/* nodeagent is killed after some bytes of each output came live; whoever
 * comes after it is told all by what the engine has kept. */
static void
break_live(const struct buf *stream, const struct buf *out,
    const struct buf *err, size_t nout, size_t nerr)
{
	struct docker_log_pos pos;
	struct desk d;

	desk_init(&d);
	desk_open(&d, false, NULL);
	begin(&d, DOCKER_LOG_LIVE);
	docker_log_tell(&d.log, &pos);
	ck_assert(pos.live);
	feed_live(&d, 1, out->data, nout);
	feed_live(&d, 2, err->data, nerr);
	docker_log_release(&d.log);
	desk_open(&d, false, &pos);
	begin(&d, DOCKER_LOG_FIND);
	ck_assert_int_eq(
	    docker_log_feed(&d.log, stream->data, stream->len, NULL), 0);
	ck_assert(docker_log_found(&d.log));
	begin(&d, DOCKER_LOG_KEPT);
	docker_log_tell(&d.log, &pos);
	ck_assert(!pos.live);
	ck_assert_int_eq(
	    docker_log_feed(&d.log, stream->data, stream->len, NULL), 0);
	expect_files(&d, out, err);
	desk_release(&d);
}

START_TEST(what_came_live_is_found_among_what_is_kept)
{
	struct buf stream = { 0 }, out = { 0 }, err = { 0 };

	put_lines(&stream, &out, &err);
	for (size_t i = 0; i <= out.len; i++)
		break_live(&stream, &out, &err, i, i % (err.len + 1));
	for (size_t i = 0; i <= err.len; i++)
		break_live(&stream, &out, &err, i % (out.len + 1), i);
	buf_release(&stream);
	buf_release(&out);
	buf_release(&err);
}
END_TEST

/* Heard, and not yet kept: it is kept as a line when that has its end. */
static void
break_in_line(const char *before, const char *rest)
{
	struct buf stream = { 0 }, out = { 0 }, none = { 0 };
	size_t n;
	struct desk d;

	desk_init(&d);
	desk_open(&d, false, NULL);
	begin(&d, DOCKER_LOG_LIVE);
	feed_live(&d, 1, before, strlen(before));
	feed_live(&d, 1, "half", 4);
	if (*before != '\0')
		put_frame(&stream, 1, 1, before);
	n = stream.len;
	buf_addf(&out, "half%s", rest);
	put_frame(&stream, 1, 2, out.data);
	begin(&d, DOCKER_LOG_FIND);
	ck_assert_int_eq(docker_log_feed(&d.log, stream.data, n, NULL), 0);
	ck_assert(docker_log_found(&d.log));
	begin(&d, DOCKER_LOG_KEPT);
	ck_assert_int_eq(
	    docker_log_feed(&d.log, stream.data, stream.len, NULL), 0);
	buf_reset(&out);
	buf_addf(&out, "%shalf%s", before, rest);
	expect_files(&d, &out, &none);
	desk_release(&d);
	buf_release(&stream);
	buf_release(&out);
}

START_TEST(half_a_line_that_came_live_comes_once)
{
	break_in_line("one\n", " and half\n");
	break_in_line("", " and half\n");
	break_in_line("half\n", "");
}
END_TEST

START_TEST(what_the_engine_has_dropped_is_said_to_be_lost)
{
	struct buf stream = { 0 }, out = { 0 }, none = { 0 };
	struct desk d;

	put_frame(&stream, 1, 5, "new\n");
	buf_adds(&out, "old\nnew\n");
	desk_init(&d);
	desk_open(&d, false, NULL);
	begin(&d, DOCKER_LOG_LIVE);
	feed_live(&d, 1, "old\n", 4);
	begin(&d, DOCKER_LOG_FIND);
	ck_assert_int_eq(
	    docker_log_feed(&d.log, stream.data, stream.len, NULL), 0);
	ck_assert(!docker_log_found(&d.log));
	begin(&d, DOCKER_LOG_KEPT);
	ck_assert(!docker_log_brought(&d.log));
	ck_assert_int_eq(
	    docker_log_feed(&d.log, stream.data, stream.len, NULL), 0);
	ck_assert(docker_log_brought(&d.log));
	expect_files(&d, &out, &none);
	desk_release(&d);
	buf_release(&stream);
	buf_release(&out);
}
END_TEST

/* Of lines that are all alike, the one that was written when our file was. */
START_TEST(lines_that_are_alike_are_told_apart_by_their_times)
{
	struct buf stream = { 0 }, out = { 0 }, none = { 0 };
	struct timespec now;
	struct desk d;
	struct tm tm;

	desk_init(&d);
	docker_log_init(&d.log, d.dir, "web", 1, 1 << 20, false, NULL);
	begin(&d, DOCKER_LOG_LIVE);
	for (int i = 0; i < 10000; i++)
		feed_live(&d, 1, "tick\n", 5);
	clock_gettime(CLOCK_REALTIME, &now);
	for (int i = -9000; i < 4; i++) { /* it has dropped the oldest */
		time_t at = now.tv_sec + i;
		char text[64];

		gmtime_r(&at, &tm);
		strftime(text, sizeof text, "%FT%T", &tm);
		buf_add(&stream, "\1\0\0\0\0\0\0", 7);
		buf_addc(&stream, 31 + 5);
		buf_addf(&stream, "%s.%09ldZ tick\n", text, now.tv_nsec);
	}
	for (int i = 0; i < 10000 + 3; i++) /* three are later */
		buf_adds(&out, "tick\n");
	begin(&d, DOCKER_LOG_FIND);
	ck_assert_int_eq(
	    docker_log_feed(&d.log, stream.data, stream.len, NULL), 0);
	ck_assert(docker_log_found(&d.log));
	begin(&d, DOCKER_LOG_KEPT);
	ck_assert_int_eq(
	    docker_log_feed(&d.log, stream.data, stream.len, NULL), 0);
	expect_files(&d, &out, &none);
	desk_release(&d);
	buf_release(&stream);
	buf_release(&out);
}
END_TEST

START_TEST(a_position_is_stored_whole_or_not)
{
	struct docker_log_pos pos = { .live = true,
		.out = { 1, 2, 3, 4 },
		.err = { 5, 6, 7, 8 } },
			      back;
	char dir[128], *path;
	FILE *f;

	snprintf(dir, sizeof dir, "%s/docker-log-XXXXXX", unit_tmp());
	ck_assert_ptr_nonnull(mkdtemp(dir));
	path = xasprintf("%s/pos", dir);
	ck_assert(!docker_log_load(path, &back));
	ck_assert_int_eq(docker_log_save(path, &pos, NULL), 0);
	ck_assert(docker_log_load(path, &back));
	ck_assert(rec_equal(&docker_log_pos_type, &pos, &back));
	ck_assert_int_eq(docker_log_save("/nonexistent/p", &pos, NULL), -1);
	f = fopen(path, "a");
	fputs("more", f);
	fclose(f);
	ck_assert(!docker_log_load(path, &back));
	ck_assert(rec_covers(&docker_log_pos_type));
	ck_assert(rec_covers(&docker_log_mark_type));
	unlink(path);
	rmdir(dir);
	free(path);
}
END_TEST

UNIT_MAIN("docker_log", no_byte_is_lost_or_doubled_wherever_it_breaks_off,
    a_stream_that_breaks_off_is_begun_again,
    what_an_engine_tells_twice_in_one_stream_comes_once,
    a_new_container_writes_after_what_is_there,
    a_terminals_lines_lose_their_times, what_is_no_stream_is_refused,
    a_full_disk_loses_output_and_nothing_else,
    what_came_live_is_found_among_what_is_kept,
    half_a_line_that_came_live_comes_once,
    what_the_engine_has_dropped_is_said_to_be_lost,
    lines_that_are_alike_are_told_apart_by_their_times,
    a_position_is_stored_whole_or_not)
