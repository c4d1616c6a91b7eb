/*
 * What a node's HTTP API says of files: logs in one or many of them, single
 * files, listings. A real server on a loop, with a directory of its own.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/nodeagent/allocdir.h"
#include "cmd/nodeagent/clientapi.h"
#include "cmd/nodeagent/logstream.h"
#include "cmd/nodeagent/rmtree.h"
#include "cmd/nodeagent/runner.h"
#include "common/log.h"
#include "common/mem.h"
#include "tests/lib/peer.h"
#include "tests/lib/unit.h"

#define ALLOC "a1"
#define BIG   ((off_t)70 << 20)

struct world {
	struct nodeagent na;
	struct http_server *server;
	struct peer peer;
	char dir[64];
	struct task task;
	struct task_group group;
	struct alloc alloc;
	struct task_run run_task;
	struct alloc_run run;
	struct runner runner;
};

static void
open_world(struct world *w)
{
	struct err err;

	log_set_level(LOG_ERROR);
	*w = (struct world){ .na.loop = loop_new() };
	snprintf(w->dir, sizeof w->dir, "%s/rove-test.XXXXXX", unit_tmp());
	ck_assert_ptr_nonnull(mkdtemp(w->dir));
	w->task.name = (char *)(uintptr_t) "t";
	w->group = (struct task_group){ .tasks = &w->task, .ntasks = 1 };
	w->alloc.id = (char *)(uintptr_t)ALLOC;
	ck_assert_int_eq(allocdir_make(w->dir, &w->alloc, &w->group, &err), 0);
	w->run_task = (struct task_run){
		.task = &w->task, .phase = TASK_RUNNING, .state.started_at = 1
	};
	w->run = (struct alloc_run){
		.alloc = &w->alloc, .tasks = &w->run_task, .ntasks = 1
	};
	w->runner = (struct runner){ .na = &w->na, .run = &w->run };
	w->na.alloc_dir = w->dir;
	map_put(&w->na.runners, ALLOC, &w->runner);
	w->server = http_server_new(
	    w->na.loop, "127.0.0.1:0", NULL, &nodeagent_http_ops, &w->na, &err);
	ck_assert_msg(w->server != NULL, "%s", err.text);
	peer_open(&w->peer, w->na.loop, http_server_addr(w->server));
}

static void
close_world(struct world *w)
{
	struct err err;

	peer_close(&w->peer);
	http_server_free(w->server);
	map_release(&w->na.runners);
	loop_free(w->na.loop);
	ck_assert_int_eq(rmtree(AT_FDCWD, w->dir, &err), 0);
}

static char *
path_of(const struct world *w, const char *name)
{
	return xasprintf("%s/" ALLOC "/%s", w->dir, name);
}

/* Adds to a file. */
static void
add(const struct world *w, const char *name, const char *text)
{
	char *path = path_of(w, name);
	FILE *f = fopen(path, "a");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
	free(path);
}

static void
cut(const struct world *w, const char *name, off_t size)
{
	char *path = path_of(w, name);

	ck_assert_int_eq(truncate(path, size), 0);
	free(path);
}

static void
ask(struct world *w, const char *what)
{
	char *text =
	    xasprintf("GET /v1/client/fs/%s HTTP/1.1\r\nHost: x\r\n\r\n", what);

	peer_forget(&w->peer);
	peer_send(&w->peer, text);
	free(text);
}

static void
expect(struct world *w, const char *text)
{
	ck_assert_msg(peer_expect(&w->peer, text), "no '%s' in '%.600s'", text,
	    w->peer.got.data);
}

/* The answer is a stream of these bytes alone. */
static void
expect_stream(struct world *w, const char *bytes)
{
	const char *body = "\r\n\r\n";
	struct buf got = { 0 };
	char *end;
	size_t n;

	expect(w, "200 OK");
	expect(w, "0\r\n\r\n");
	body = strstr(w->peer.got.data, body) + 4;
	while ((n = strtoul(body, &end, 16)) > 0) {
		buf_add(&got, end + 2, n);
		body = end + 2 + n + 2;
	}
	buf_addc(&got, '\0');
	ck_assert_str_eq(got.data, bytes);
	buf_release(&got);
}

static void
write_three(const struct world *w)
{
	add(w, "alloc/logs/t.stdout.3", "abc");
	add(w, "alloc/logs/t.stdout.4", "def");
	add(w, "alloc/logs/t.stdout.7", "ghi");
	add(w, "alloc/logs/t.stderr.9", "no");
	add(w, "alloc/logs/t.stdout.x", "no");
	add(w, "alloc/logs/tt.stdout.1", "no");
}

#define LOGS "logs/" ALLOC "?task=t&type=stdout"

START_TEST(logs_are_one_over_rotated_files)
{
	struct world w;

	open_world(&w);
	ask(&w, LOGS "&plain=true");
	expect_stream(&w, ""); /* there are none yet */
	write_three(&w);
	ask(&w, LOGS "&plain=true");
	expect_stream(&w, "abcdefghi");
	ask(&w, LOGS);
	expect(&w, "\"Data\":\"YWJj\"");
	expect(&w, "\"File\":\"alloc/logs/t.stdout.7\"");
	expect(&w, "\"Offset\":3");
	close_world(&w);
}
END_TEST

START_TEST(logs_begin_where_one_says)
{
	static const struct {
		const char *place, *want;
	} cases[] = {
		{ "&offset=0", "abcdefghi" },
		{ "&offset=2", "cdefghi" },
		{ "&offset=3", "defghi" },
		{ "&offset=8&origin=start", "i" },
		{ "&offset=9", "" },
		{ "&offset=900", "" },
		{ "&origin=end", "" },
		{ "&origin=end&offset=2", "hi" },
		{ "&origin=end&offset=3", "ghi" },
		{ "&origin=end&offset=5", "efghi" },
		{ "&origin=end&offset=9", "abcdefghi" },
		{ "&origin=end&offset=900", "abcdefghi" },
	};
	struct world w;

	open_world(&w);
	write_three(&w);
	/* Numbers that are missing have no bytes. */
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char *what = xasprintf(LOGS "&plain=true%s", cases[i].place);

		ask(&w, what);
		expect_stream(&w, cases[i].want);
		free(what);
	}
	close_world(&w);
}
END_TEST

START_TEST(a_follower_ends_when_the_task_is_dead_and_all_is_told)
{
	struct world w;

	open_world(&w);
	ask(&w, LOGS "&plain=true&follow=true");
	expect(&w, "200 OK");
	add(&w, "alloc/logs/t.stdout.0", "one");
	expect(&w, "one");
	add(&w, "alloc/logs/t.stdout.0", "two");
	add(&w, "alloc/logs/t.stdout.1", "three");
	expect(&w, "two");
	expect(&w, "three");
	/* Both in one turn: what was written first is told all the same. */
	add(&w, "alloc/logs/t.stdout.1", "last");
	w.run_task.phase = TASK_DEAD;
	expect(&w, "last");
	expect(&w, "0\r\n\r\n");
	close_world(&w);
}
END_TEST

START_TEST(a_follower_beyond_the_end_misses_nothing)
{
	struct world w;

	open_world(&w);
	add(&w, "alloc/logs/t.stdout.0", "one");
	ask(&w, LOGS "&plain=true&follow=true&offset=1000");
	expect(&w, "200 OK");
	peer_idle(&w.peer, 2 * LOGSTREAM_POLL_MS);
	add(&w, "alloc/logs/t.stdout.0", "two");
	w.run_task.phase = TASK_DEAD;
	expect_stream(&w, "two");
	close_world(&w);
}
END_TEST

START_TEST(a_quiet_follower_hears_a_heartbeat)
{
	struct world w;

	open_world(&w);
	add(&w, "t/local/f", "x");
	ask(&w, "stream/" ALLOC "?path=t/local/f");
	expect(&w, "\"Data\":\"eA==\"");
	expect(&w, "2\r\n{}\r\n");
	close_world(&w);
}
END_TEST

START_TEST(a_follower_hears_that_its_file_was_cut_or_deleted)
{
	struct world w;
	char *path;

	open_world(&w);
	add(&w, "t/local/f", "abc");
	path = path_of(&w, "t/local/f");
	ask(&w, "stream/" ALLOC "?path=t/local/f");
	expect(&w, "\"Data\":\"YWJj\"");
	cut(&w, "t/local/f", 0);
	expect(&w, "\"FileEvent\":\"file truncated\"");
	add(&w, "t/local/f", "z");
	expect(&w, "\"Data\":\"eg==\"");
	ck_assert_int_eq(unlink(path), 0);
	expect(&w, "\"FileEvent\":\"file deleted\"");
	expect(&w, "0\r\n\r\n");
	free(path);
	close_world(&w);
}
END_TEST

static size_t
count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	ck_assert_ptr_nonnull(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

START_TEST(who_leaves_or_lists_leaves_no_descriptor_open)
{
	struct world w;
	size_t before;

	open_world(&w);
	add(&w, "t/local/f", "abc");
	ask(&w, "ls/" ALLOC "?path=t/local");
	expect(&w, "\"Name\":\"f\"");
	before = count_fds();
	for (int i = 0; i < 3; i++) {
		ask(&w, "ls/" ALLOC "?path=t/local");
		expect(&w, "\"Name\":\"f\"");
		ask(&w, "stat/" ALLOC "?path=t/local/f");
		expect(&w, "\"Size\":3");
		ask(&w, "cat/" ALLOC "?path=t/local/f");
		expect_stream(&w, "abc");
	}
	ask(&w, "stream/" ALLOC "?path=t/local/f");
	expect(&w, "\"Data\"");
	ck_assert_uint_eq(count_fds(), before + 1);
	peer_close(&w.peer);
	peer_open(&w.peer, w.na.loop, http_server_addr(w.server));
	ask(&w, "ls/" ALLOC "?path=t/local");
	expect(&w, "\"Name\":\"f\"");
	ck_assert_uint_eq(count_fds(), before);
	close_world(&w);
}
END_TEST

START_TEST(only_regular_files_are_read)
{
	struct world w;
	char *path;

	open_world(&w);
	path = path_of(&w, "t/local/pipe");
	ck_assert_int_eq(mkfifo(path, 0666), 0);
	ask(&w, "cat/" ALLOC "?path=t/local/pipe");
	expect(&w, "400 Bad Request");
	ask(&w, "stream/" ALLOC "?path=t/local/pipe");
	expect(&w, "not a regular file");
	ask(&w, "readat/" ALLOC "?path=t/local&offset=0&limit=10");
	expect(&w, "not a regular file");
	ask(&w, "cat/" ALLOC "?path=t/secrets/x");
	expect(&w, "404 ");
	ask(&w, "ls/" ALLOC "?path=t/secrets");
	expect(&w, "403 ");
	free(path);
	close_world(&w);
}
END_TEST

START_TEST(readat_stays_within_its_bounds)
{
	static const struct {
		const char *place, *want;
	} cases[] = {
		{ "&offset=0&limit=4", "0123" },
		{ "&offset=4&limit=3", "456" },
		{ "&offset=8&limit=100", "89" },
		{ "&offset=10&limit=1", "" },
		{ "&offset=9223372036854775807&limit=1", "" },
		{ "&offset=0&limit=9223372036854775807", "0123456789" },
		{ "&offset=3&limit=0", "" },
	};
	struct world w;

	open_world(&w);
	add(&w, "t/local/f", "0123456789");
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char *what = xasprintf(
		    "readat/" ALLOC "?path=t/local/f%s", cases[i].place);

		ask(&w, what);
		expect_stream(&w, cases[i].want);
		free(what);
	}
	ask(&w, "readat/" ALLOC "?path=t/local/f&offset=-1&limit=1");
	expect(&w, "400 Bad Request");
	ask(&w, "readat/" ALLOC
		"?path=t/local/f&offset=99999999999999999999&limit=1");
	expect(&w, "400 Bad Request");
	ask(&w, "readat/" ALLOC "?path=t/local/f&offset=1");
	expect(&w, "error parsing limit");
	close_world(&w);
}
END_TEST

START_TEST(a_big_file_keeps_nobody_waiting)
{
	struct world w;
	struct peer other;

	open_world(&w);
	add(&w, "t/local/big", "x");
	cut(&w, "t/local/big", BIG);
	/* Its reader is slow: reads nothing. */
	ask(&w, "cat/" ALLOC "?path=t/local/big");
	peer_idle(&w.peer, 100);
	peer_open(&other, w.na.loop, http_server_addr(w.server));
	peer_send(&other, "GET /v1/client/fs/stat/" ALLOC
			  "?path=t/local/big HTTP/1.1\r\nHost: x\r\n\r\n");
	ck_assert(peer_expect(&other, "\"Size\":73400320"));
	peer_close(&other);
	/* And gets all of it when it does. */
	ck_assert(peer_expect_bytes(&w.peer, (size_t)BIG));
	expect(&w, "200 OK");
	close_world(&w);
}
END_TEST

START_TEST(ls_and_stat_tell_what_is_there)
{
	struct world w;
	char *path;

	open_world(&w);
	add(&w, "t/local/b.txt", "text\n");
	add(&w, "t/local/c.bin", "\x01\x02");
	path = path_of(&w, "t/local/a");
	ck_assert_int_eq(symlink("/etc/passwd", path), 0);
	ask(&w, "ls/" ALLOC "?path=t/local");
	expect(&w, "\"ContentType\":\"text/plain; charset=utf-8\"");
	expect(&w, "\"ContentType\":\"application/octet-stream\"");
	expect(&w, "\"FileMode\":\"Lrwxrwxrwx\"");
	ck_assert(strstr(w.peer.got.data, "\"a\"") <
		  strstr(w.peer.got.data, "\"b.txt\""));
	ask(&w, "stat/" ALLOC "?path=/alloc/tmp/");
	expect(&w, "\"FileMode\":\"dtrwxrwxrwx\"");
	expect(&w, "\"Name\":\"tmp\"");
	ask(&w, "stat/" ALLOC "?path=t/local/a");
	expect(&w, "404 "); /* the link leads to nothing in here */
	ask(&w, "ls/" ALLOC "?path=t/local/b.txt");
	expect(&w, "404 ");
	free(path);
	close_world(&w);
}
END_TEST

UNIT_MAIN("logstream", logs_are_one_over_rotated_files,
    logs_begin_where_one_says,
    a_follower_ends_when_the_task_is_dead_and_all_is_told,
    a_follower_beyond_the_end_misses_nothing,
    a_quiet_follower_hears_a_heartbeat,
    a_follower_hears_that_its_file_was_cut_or_deleted,
    who_leaves_or_lists_leaves_no_descriptor_open, only_regular_files_are_read,
    readat_stays_within_its_bounds, a_big_file_keeps_nobody_waiting,
    ls_and_stat_tell_what_is_there)
