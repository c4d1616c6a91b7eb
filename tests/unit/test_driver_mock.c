#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/nodeagent/driver.h"
#include "common/clock.h"
#include "common/mem.h"
#include "tests/lib/unit.h"

#define WAIT_MS 5000

struct world {
	struct loop *loop;
	char dir[64];
	struct driver_host host;
	struct task task;
	struct driver_task dt;
	struct taskproc *proc;
	struct proc_event last;
	char why[128];
	size_t nevents;
	bool seen;
};

static void
on_event(void *ctx, struct taskproc *proc, const struct proc_event *e)
{
	struct world *w = ctx;

	ck_assert_ptr_eq(proc, w->proc);
	w->last = *e;
	snprintf(w->why, sizeof w->why, "%s", e->why != NULL ? e->why : "");
	w->nevents++;
	w->seen = true;
}

static void
open_world(struct world *w)
{
	*w = (struct world){ .loop = loop_new() };
	snprintf(w->dir, sizeof w->dir, "%s/rove-test.XXXXXX", unit_tmp());
	ck_assert_ptr_nonnull(mkdtemp(w->dir));
	w->host = (struct driver_host){ .loop = w->loop };
	w->task.name = (char *)(uintptr_t) "t";
	w->task.config = tree_map();
	w->dt = (struct driver_task){
		.alloc_id = "a1", .task = &w->task, .log_dir = w->dir, .life = 1
	};
}

static void
say(struct world *w, const char *name, const char *value)
{
	tree_set(w->task.config, name, tree_str(value));
}

static void
start(struct world *w)
{
	w->proc = driver_mock.start(&w->host, &w->dt, on_event, w);
	ck_assert(!w->seen); /* never from inside the call */
}

/* The next event is this one. */
static void
expect(struct world *w, enum proc_event_kind kind)
{
	w->seen = false;
	ck_assert(loop_wait(w->loop, &w->seen, WAIT_MS));
	ck_assert_int_eq(w->last.kind, kind);
}

static void
close_world(struct world *w)
{
	char *log = xasprintf("%s/t.stdout.0", w->dir);

	driver_mock.release(w->proc);
	unlink(log);
	free(log);
	ck_assert_int_eq(rmdir(w->dir), 0);
	tree_free(w->task.config);
	loop_free(w->loop);
}

START_TEST(mock_runs_as_long_and_ends_as_it_is_told)
{
	struct world w;
	uint64_t begin_ms;

	open_world(&w);
	say(&w, "run_for", "60ms");
	tree_set(w.task.config, "exit_code", tree_int(7));
	start(&w);
	expect(&w, PROC_STARTED);
	begin_ms = loop_now_ms(w.loop);
	expect(&w, PROC_ENDED);
	ck_assert_uint_ge(loop_now_ms(w.loop) - begin_ms, 55);
	ck_assert_int_eq(w.last.end.exit_code, 7);
	ck_assert_int_eq(w.last.end.signal, 0);
	ck_assert_uint_eq(w.nevents, 2);
	close_world(&w);
}
END_TEST

START_TEST(mock_fails_to_start_when_it_is_told)
{
	struct world w;

	open_world(&w);
	say(&w, "start_error", "no way");
	start(&w);
	expect(&w, PROC_FAILED);
	ck_assert_str_eq(w.why, "no way");
	ck_assert(w.last.unrecoverable);
	driver_mock.release(w.proc);
	tree_set(w.task.config, "start_error_recoverable", tree_bool(true));
	w.seen = false;
	start(&w);
	expect(&w, PROC_FAILED);
	ck_assert(!w.last.unrecoverable);
	close_world(&w);
}
END_TEST

START_TEST(mock_is_killed_after_a_while)
{
	struct world w;
	uint64_t begin_ms;

	open_world(&w);
	say(&w, "run_for", "1h");
	say(&w, "kill_after", "50ms");
	start(&w);
	expect(&w, PROC_STARTED);
	driver_mock.signal(w.proc, SIGHUP, 0); /* it has no handlers */
	begin_ms = loop_now_ms(w.loop);
	driver_mock.signal(w.proc, SIGINT, 10000);
	expect(&w, PROC_ENDED);
	ck_assert_uint_ge(loop_now_ms(w.loop) - begin_ms, 45);
	ck_assert_int_eq(w.last.end.signal, SIGINT);
	ck_assert_int_eq(w.last.end.exit_code, 0);
	close_world(&w);
}
END_TEST

START_TEST(mock_is_not_waited_for_beyond_the_kill_timeout)
{
	struct world w;

	open_world(&w);
	say(&w, "run_for", "1h");
	say(&w, "kill_after", "1h");
	start(&w);
	expect(&w, PROC_STARTED);
	driver_mock.signal(w.proc, SIGINT, 30);
	expect(&w, PROC_ENDED);
	close_world(&w);
}
END_TEST

START_TEST(mock_says_its_lines)
{
	struct world w;
	char text[64] = "";
	char *path;
	int fd;

	open_world(&w);
	path = xasprintf("%s/t.stdout.0", w.dir);
	say(&w, "run_for", "200ms");
	say(&w, "stdout_string", "hi\n");
	tree_set(w.task.config, "stdout_repeat", tree_int(2));
	say(&w, "stdout_repeat_duration", "10ms");
	start(&w);
	expect(&w, PROC_STARTED);
	expect(&w, PROC_ENDED);
	fd = open(path, O_RDONLY);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_gt(read(fd, text, sizeof text - 1), 0);
	close(fd);
	ck_assert_str_eq(text, "hi\nhi\nhi\n");
	free(path);
	close_world(&w);
}
END_TEST

START_TEST(mock_is_found_again_and_ends_when_it_would_have)
{
	struct world w;
	int64_t now_ns;

	open_world(&w);
	say(&w, "run_for", "1h");
	say(&w, "stdout_string", "once\n");
	now_ns = loop_wall_ns(w.loop);
	w.dt.started_at_ns =
	    now_ns - 3600LL * CLOCK_NS_PER_S + 80 * (int64_t)CLOCK_NS_PER_MS;
	w.proc = driver_mock.recover(&w.host, &w.dt, on_event, &w);
	ck_assert(!w.seen);
	expect(&w, PROC_FOUND);
	expect(&w, PROC_ENDED);
	ck_assert_int_ge(
	    loop_wall_ns(w.loop) - now_ns, 70 * (int64_t)CLOCK_NS_PER_MS);
	close_world(&w);
}
END_TEST

START_TEST(mock_that_ended_unseen_tells_when)
{
	struct world w;

	open_world(&w);
	say(&w, "run_for", "1s");
	tree_set(w.task.config, "exit_code", tree_int(3));
	w.dt.started_at_ns = 5 * (int64_t)CLOCK_NS_PER_S;
	w.proc = driver_mock.recover(&w.host, &w.dt, on_event, &w);
	expect(&w, PROC_ENDED);
	ck_assert_int_eq(w.last.end.exit_code, 3);
	ck_assert_int_eq(
	    w.last.end.finished_at_ns, 6 * (int64_t)CLOCK_NS_PER_S);
	ck_assert_uint_eq(w.nevents, 1);
	close_world(&w);
}
END_TEST

UNIT_MAIN("driver_mock", mock_runs_as_long_and_ends_as_it_is_told,
    mock_fails_to_start_when_it_is_told, mock_is_killed_after_a_while,
    mock_is_not_waited_for_beyond_the_kill_timeout, mock_says_its_lines,
    mock_is_found_again_and_ends_when_it_would_have,
    mock_that_ended_unseen_tells_when)
