#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/nodeagent/driver.h"
#include "common/mem.h"
#include "tests/lib/unit.h"

#define WAIT_MS 10000

struct world {
	struct loop *loop;
	char dir[64], logs[128], shims[128], shim[PATH_MAX];
	struct driver_host host;
	struct taskenv env;
	struct task task;
	struct driver_task dt;
	struct taskproc *proc;
	struct proc_event last;
	char why[256];
	bool seen;
};

static void
on_event(void *ctx, struct taskproc *proc, const struct proc_event *e)
{
	struct world *w = ctx;

	(void)proc;
	w->last = *e;
	snprintf(w->why, sizeof w->why, "%s", e->why != NULL ? e->why : "");
	w->seen = true;
}

/* A world whose task is a shell script. */
static void
open_world(struct world *w, const char *script)
{
	ssize_t n;

	memset(w, 0, sizeof *w);
	w->loop = loop_new();
	snprintf(w->dir, sizeof w->dir, "%s/rove-test.XXXXXX", unit_tmp());
	ck_assert_ptr_nonnull(mkdtemp(w->dir));
	snprintf(w->logs, sizeof w->logs, "%s/logs", w->dir);
	snprintf(w->shims, sizeof w->shims, "%s/shims", w->dir);
	ck_assert_int_eq(mkdir(w->logs, 0700), 0);
	ck_assert_int_eq(mkdir(w->shims, 0700), 0);
	n = readlink("/proc/self/exe", w->shim, sizeof w->shim - 1);
	ck_assert_int_gt(n, 0);
	w->shim[n] = '\0';
	strcpy(strstr(w->shim, "/tests/unit/"), "/bin/shim");
	w->host = (struct driver_host){ .loop = w->loop,
		.shim_path = w->shim,
		.shim_dir = w->shims,
		.raw_exec = true };
	rec_kv_set(&w->env.vars, &w->env.nvars, "WORD", "hello");
	rec_kv_set(&w->env.vars, &w->env.nvars, "PATH", "/usr/bin:/bin");
	w->task.name = xstrdup("t");
	w->task.driver = xstrdup("raw_exec");
	w->task.config = tree_map();
	tree_set(w->task.config, "command", tree_str("/bin/sh"));
	tree_set(w->task.config, "args", tree_list());
	tree_push((struct tree *)(uintptr_t)tree_get(w->task.config, "args"),
	    tree_str("-c"));
	tree_push((struct tree *)(uintptr_t)tree_get(w->task.config, "args"),
	    tree_str(script));
	w->dt = (struct driver_task){ .alloc_id = "a1",
		.task = &w->task,
		.env = &w->env,
		.task_dir = w->dir,
		.log_dir = w->logs,
		.life = 1 };
}

static void
close_world(struct world *w)
{
	char cmd[128];

	if (w->proc != NULL)
		driver_raw_exec.release(w->proc);
	rec_clear(&task_type, &w->task);
	taskenv_release(&w->env);
	loop_free(w->loop);
	snprintf(cmd, sizeof cmd, "rm -rf %s", w->dir);
	ck_assert_int_eq(system(cmd), 0);
}

static void
expect(struct world *w, enum proc_event_kind kind)
{
	ck_assert(loop_wait(w->loop, &w->seen, WAIT_MS));
	ck_assert_msg(
	    w->last.kind == kind, "event %d: %s", w->last.kind, w->why);
	w->seen = false;
}

static void
expect_log(const struct world *w, const char *name, const char *want)
{
	char path[256], got[4096] = "";
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", w->logs, name);
	f = fopen(path, "r");
	ck_assert_msg(f != NULL, "%s", path);
	got[fread(got, 1, sizeof got - 1, f)] = '\0';
	fclose(f);
	ck_assert_str_eq(got, want);
}

/* The script has said something, so its traps are set. */
static void
wait_for_output(struct world *w)
{
	bool never = false;
	struct stat st;
	char path[256];

	snprintf(path, sizeof path, "%s/t.stdout.0", w->logs);
	for (int i = 0; i < 500; i++) {
		if (stat(path, &st) == 0 && st.st_size > 0)
			return;
		loop_wait(w->loop, &never, 20);
	}
	ck_abort_msg("no output");
}

START_TEST(raw_exec_keeps_output_and_exit_code)
{
	struct world w;

	open_world(&w, "echo $WORD ${WORD}; echo oops >&2; exit 3");
	w.proc = driver_raw_exec.start(&w.host, &w.dt, on_event, &w);
	expect(&w, PROC_STARTED);
	expect(&w, PROC_ENDED);
	ck_assert_int_eq(w.last.end.exit_code, 3);
	ck_assert_int_eq(w.last.end.signal, 0);
	expect_log(&w, "t.stdout.0", "hello hello\n");
	expect_log(&w, "t.stderr.0", "oops\n");
	close_world(&w);
}
END_TEST

START_TEST(raw_exec_hides_what_the_task_denies_itself)
{
	static const char globs[] = "[\"AWS_*\",\"TOKEN\"]";
	struct world w;
	struct err err;

	open_world(&w, "echo $WORD-$TOKEN-$AWS_KEY");
	rec_kv_set(&w.env.vars, &w.env.nvars, "AWS_KEY", "1");
	rec_kv_set(&w.env.vars, &w.env.nvars, "TOKEN", "2");
	tree_set(w.task.config, "denied_envvars", tree_str("TOKEN"));
	ck_assert_int_eq(driver_raw_exec.check(w.task.config, &err), -1);
	tree_set(w.task.config, "denied_envvars",
	    tree_from_json(globs, strlen(globs), &err));
	ck_assert_int_eq(driver_raw_exec.check(w.task.config, &err), 0);
	w.proc = driver_raw_exec.start(&w.host, &w.dt, on_event, &w);
	expect(&w, PROC_STARTED);
	expect(&w, PROC_ENDED);
	expect_log(&w, "t.stdout.0", "hello--\n");
	close_world(&w);
}
END_TEST

START_TEST(raw_exec_says_why_a_program_does_not_start)
{
	struct world w;

	open_world(&w, "");
	tree_set(w.task.config, "command", tree_str("/no/such/program"));
	w.proc = driver_raw_exec.start(&w.host, &w.dt, on_event, &w);
	expect(&w, PROC_FAILED);
	ck_assert_str_eq(
	    w.why, "exec /no/such/program: No such file or directory");
	close_world(&w);
}
END_TEST

START_TEST(raw_exec_is_off_unless_enabled)
{
	struct world w;

	open_world(&w, "exit 0");
	w.host.raw_exec = false;
	w.proc = driver_raw_exec.start(&w.host, &w.dt, on_event, &w);
	expect(&w, PROC_FAILED);
	ck_assert_str_eq(w.why, "driver raw_exec is not enabled");
	close_world(&w);
}
END_TEST

START_TEST(raw_exec_kills_what_does_not_listen)
{
	struct world w;

	open_world(&w, "trap '' INT; echo ready; while :; do sleep 1; done");
	w.proc = driver_raw_exec.start(&w.host, &w.dt, on_event, &w);
	expect(&w, PROC_STARTED);
	wait_for_output(&w);
	driver_raw_exec.signal(w.proc, SIGINT, 200);
	expect(&w, PROC_ENDED);
	ck_assert_int_eq(w.last.end.signal, SIGKILL);
	close_world(&w);
}
END_TEST

START_TEST(raw_exec_finds_its_task_again)
{
	struct world w;
	pid_t pid;

	open_world(
	    &w, "trap 'exit 7' INT; echo ready; while :; do sleep 0.05; done");
	w.proc = driver_raw_exec.start(&w.host, &w.dt, on_event, &w);
	expect(&w, PROC_STARTED);
	wait_for_output(&w);
	pid = driver_raw_exec.pid(w.proc);
	driver_raw_exec.release(w.proc);
	w.proc = driver_raw_exec.recover(&w.host, &w.dt, on_event, &w);
	expect(&w, PROC_FOUND);
	ck_assert_int_eq(driver_raw_exec.pid(w.proc), pid);
	driver_raw_exec.signal(w.proc, SIGINT, 5000);
	expect(&w, PROC_ENDED);
	ck_assert_int_eq(w.last.end.exit_code, 7);
	close_world(&w);
}
END_TEST

/* The shim of a task that ended while nobody looked has left its word. */
START_TEST(raw_exec_reports_what_ended_meanwhile)
{
	struct world w;
	bool never = false;
	char status[256];

	open_world(&w, "sleep 0.1; exit 5");
	w.proc = driver_raw_exec.start(&w.host, &w.dt, on_event, &w);
	expect(&w, PROC_STARTED);
	driver_raw_exec.release(w.proc);
	snprintf(status, sizeof status, "%s/a1.t.1/ctl", w.shims);
	for (int i = 0; i < 200 && access(status, F_OK) == 0; i++)
		loop_wait(w.loop, &never, 20);
	w.proc = driver_raw_exec.recover(&w.host, &w.dt, on_event, &w);
	expect(&w, PROC_ENDED);
	ck_assert_int_eq(w.last.end.exit_code, 5);
	ck_assert_int_ne(w.last.end.finished_at_ns, 0);
	close_world(&w);
}
END_TEST

/* As in a power cut: the task dies with its shim, and is told as vanished. */
START_TEST(raw_exec_tells_a_task_lost_with_its_shim)
{
	struct world w;
	char cmd[256];
	pid_t pid;

	open_world(&w, "while :; do sleep 0.05; done");
	w.proc = driver_raw_exec.start(&w.host, &w.dt, on_event, &w);
	expect(&w, PROC_STARTED);
	pid = driver_raw_exec.pid(w.proc);
	snprintf(cmd, sizeof cmd, "pkill -9 -f '[s]him %s/'", w.shims);
	ck_assert_int_eq(system(cmd), 0);
	expect(&w, PROC_VANISHED);
	for (int i = 0; i < 200 && kill(pid, 0) == 0; i++)
		usleep(10000);
	ck_assert_int_eq(kill(pid, 0), -1);
	driver_raw_exec.release(w.proc);
	w.proc = driver_raw_exec.recover(&w.host, &w.dt, on_event, &w);
	expect(&w, PROC_VANISHED);
	close_world(&w);
}
END_TEST

START_TEST(raw_exec_rotates_logs_and_drops_the_oldest)
{
	struct world w;
	char path[256];
	struct stat st;

	open_world(&w, "for i in 1 2 3 4 5; do head -c 700000 /dev/zero; done");
	w.task.log_config = xcalloc(1, sizeof *w.task.log_config);
	w.task.log_config->has_max_files = true;
	w.task.log_config->max_files = 2;
	w.task.log_config->has_max_file_size_mb = true;
	w.task.log_config->max_file_size_mb = 1;
	w.proc = driver_raw_exec.start(&w.host, &w.dt, on_event, &w);
	expect(&w, PROC_STARTED);
	expect(&w, PROC_ENDED);
	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof path, "%s/t.stdout.%d", w.logs, i);
		ck_assert_int_eq(stat(path, &st), i < 2 ? -1 : 0);
	}
	ck_assert_int_eq(st.st_size, 3500000 - 3 * (1 << 20));
	close_world(&w);
}
END_TEST

/* Whoever opened it and forgot to have it closed. */
START_TEST(raw_exec_passes_no_descriptor_on)
{
	struct world w;
	int fds[8];

	open_world(&w, "ls /proc/$$/fd; exit 0");
	for (int i = 0; i < 8; i++)
		fds[i] = open("/dev/null", O_RDWR);
	w.proc = driver_raw_exec.start(&w.host, &w.dt, on_event, &w);
	for (int i = 0; i < 8; i++)
		close(fds[i]);
	expect(&w, PROC_STARTED);
	expect(&w, PROC_ENDED);
	expect_log(&w, "t.stdout.0", "0\n1\n2\n");
	close_world(&w);
}
END_TEST

/* The folder is not looked up again: a link in its place leads nowhere. */
START_TEST(raw_exec_logs_go_where_they_went)
{
	struct world w;
	char other[160], path[256];

	open_world(&w, "mv logs was; mkdir other; ln -s other logs; "
		       "head -c 2000000 /dev/zero; rm logs; mv was logs");
	w.task.log_config = xcalloc(1, sizeof *w.task.log_config);
	w.task.log_config->has_max_file_size_mb = true;
	w.task.log_config->max_file_size_mb = 1;
	w.proc = driver_raw_exec.start(&w.host, &w.dt, on_event, &w);
	expect(&w, PROC_STARTED);
	expect(&w, PROC_ENDED);
	snprintf(other, sizeof other, "%s/other", w.dir);
	ck_assert_int_eq(rmdir(other), 0); /* it is empty */
	snprintf(path, sizeof path, "%s/t.stdout.1", w.logs);
	ck_assert_int_eq(access(path, F_OK), 0);
	close_world(&w);
}
END_TEST

/* Where a file would go there is a folder: as good as a full disk. */
static void
block_status(struct world *w, bool block)
{
	char path[256];

	snprintf(path, sizeof path, "%s/a1.t.1", w->shims);
	if (block)
		mkdir(path, 0700);
	strcat(path, "/status.new");
	ck_assert_int_eq(block ? mkdir(path, 0700) : rmdir(path), 0);
}

static bool
shim_listens(const struct world *w)
{
	char path[256];

	snprintf(path, sizeof path, "%s/a1.t.1/ctl", w->shims);
	return access(path, F_OK) == 0;
}

static void
wait_for_shim_to_go(struct world *w)
{
	bool never = false;

	for (int i = 0; i < 500 && shim_listens(w); i++)
		loop_wait(w->loop, &never, 20);
	ck_assert(!shim_listens(w));
}

START_TEST(raw_exec_starts_nothing_that_it_cannot_record)
{
	struct world w;
	char path[256];

	open_world(&w, "touch ran");
	block_status(&w, true);
	w.proc = driver_raw_exec.start(&w.host, &w.dt, on_event, &w);
	expect(&w, PROC_FAILED);
	ck_assert_str_eq(w.why, "status: Is a directory");
	block_status(&w, false);
	driver_raw_exec.release(w.proc);
	w.proc = NULL;
	wait_for_shim_to_go(&w);
	snprintf(path, sizeof path, "%s/ran", w.dir);
	ck_assert_int_eq(access(path, F_OK), -1);
	close_world(&w);
}
END_TEST

/* With nobody there to hear it, the shim stays to tell. */
START_TEST(raw_exec_loses_no_end_that_finds_no_room)
{
	struct world w;
	bool never = false;

	open_world(&w, "echo up; sleep 0.2; exit 5");
	w.proc = driver_raw_exec.start(&w.host, &w.dt, on_event, &w);
	expect(&w, PROC_STARTED);
	block_status(&w, true);
	driver_raw_exec.release(w.proc);
	loop_wait(w.loop, &never, 600);
	ck_assert(shim_listens(&w));
	w.proc = driver_raw_exec.recover(&w.host, &w.dt, on_event, &w);
	expect(&w, PROC_ENDED);
	ck_assert_int_eq(w.last.end.exit_code, 5);
	/* A late order finds no other process of that pid. */
	driver_raw_exec.signal(w.proc, SIGKILL, 1);
	ck_assert(shim_listens(&w));
	block_status(&w, false);
	driver_raw_exec.release(w.proc);
	w.proc = NULL;
	wait_for_shim_to_go(&w);
	close_world(&w);
}
END_TEST

/* ... and when there is room again, it goes by itself. */
START_TEST(raw_exec_records_an_end_when_there_is_room)
{
	struct world w;
	bool never = false;

	open_world(&w, "echo up; sleep 0.2; exit 6");
	w.proc = driver_raw_exec.start(&w.host, &w.dt, on_event, &w);
	expect(&w, PROC_STARTED);
	block_status(&w, true);
	driver_raw_exec.release(w.proc);
	loop_wait(w.loop, &never, 600);
	ck_assert(shim_listens(&w));
	block_status(&w, false);
	wait_for_shim_to_go(&w);
	w.proc = driver_raw_exec.recover(&w.host, &w.dt, on_event, &w);
	expect(&w, PROC_ENDED);
	ck_assert_int_eq(w.last.end.exit_code, 6);
	close_world(&w);
}
END_TEST

/* In milliseconds more than poll() can wait for. */
START_TEST(raw_exec_keeps_a_kill_that_is_far_away)
{
	struct world w;
	bool never = false;

	open_world(&w, "trap 'exit 8' INT; trap '' TERM; echo ready; "
		       "while :; do sleep 0.05; done");
	w.proc = driver_raw_exec.start(&w.host, &w.dt, on_event, &w);
	expect(&w, PROC_STARTED);
	wait_for_output(&w);
	driver_raw_exec.signal(w.proc, SIGTERM, (1ull << 32) + 1);
	loop_wait(w.loop, &never, 300);
	ck_assert(!w.seen);
	driver_raw_exec.signal(w.proc, SIGTERM, UINT64_MAX);
	loop_wait(w.loop, &never, 100);
	ck_assert(!w.seen);
	driver_raw_exec.signal(w.proc, SIGINT, 5000);
	expect(&w, PROC_ENDED);
	ck_assert_int_eq(w.last.end.exit_code, 8);
	close_world(&w);
}
END_TEST

UNIT_MAIN("raw_exec", raw_exec_keeps_output_and_exit_code,
    raw_exec_hides_what_the_task_denies_itself,
    raw_exec_says_why_a_program_does_not_start, raw_exec_is_off_unless_enabled,
    raw_exec_kills_what_does_not_listen, raw_exec_finds_its_task_again,
    raw_exec_reports_what_ended_meanwhile,
    raw_exec_tells_a_task_lost_with_its_shim,
    raw_exec_rotates_logs_and_drops_the_oldest,
    raw_exec_passes_no_descriptor_on, raw_exec_logs_go_where_they_went,
    raw_exec_starts_nothing_that_it_cannot_record,
    raw_exec_loses_no_end_that_finds_no_room,
    raw_exec_records_an_end_when_there_is_room,
    raw_exec_keeps_a_kill_that_is_far_away)
