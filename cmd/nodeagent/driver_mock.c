/*
 * mock_driver: pretends to run a task, for tests and load. Its config says
 * how it behaves: run_for, exit_code, exit_signal, exit_err_msg, start_error,
 * start_error_recoverable, start_block_for, kill_after, stdout_string,
 * stdout_repeat, stdout_repeat_duration.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/nodeagent/driver.h"
#include "common/clock.h"
#include "common/mem.h"

struct mock_proc {
	struct taskproc proc;
	struct loop *loop;
	struct loop_timer *timer;
	struct loop_timer *output;
	char *start_error, *stdout_text, *log_path;
	bool recoverable, started, recovering, over;
	uint64_t run_ms, kill_after_ms, repeat_ms;
	int64_t repeats;
	int64_t exit_code, exit_signal;
	int killed_by;      /* 0: ends by itself */
	int64_t ends_at_ns; /* when it ended while nobody looked; 0 */
};

static uint64_t
dur_ms(const struct tree *config, const char *name)
{
	const struct tree *t = tree_get(config, name);
	int64_t ns = 0;

	if (t == NULL)
		return 0;
	if (t->kind == TREE_STR && clock_parse_dur(t->str, &ns) == -1)
		return 0;
	if (t->kind == TREE_INT)
		ns = t->i;
	return ns > 0 ? (uint64_t)(ns / CLOCK_NS_PER_MS) : 0;
}

static int64_t
number(const struct tree *config, const char *name)
{
	const struct tree *t = tree_get(config, name);

	return t != NULL && t->kind == TREE_INT ? t->i : 0;
}

static void
tell_end(struct mock_proc *p)
{
	struct proc_event e = { .kind = PROC_ENDED };

	e.end.exit_code = p->killed_by != 0 ? 0 : p->exit_code;
	e.end.signal = p->killed_by != 0 ? p->killed_by : p->exit_signal;
	e.end.finished_at_ns = p->ends_at_ns;
	p->over = true;
	p->proc.on_event(p->proc.ctx, &p->proc, &e);
}

static void
write_output(struct mock_proc *p)
{
	int fd =
	    open(p->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	if (fd == -1)
		return;
	/* A full disk loses the pretended output, nothing else. */
	if (write(fd, p->stdout_text, strlen(p->stdout_text)) == -1)
		p->repeats = 0;
	close(fd);
}

static void
on_output(void *arg)
{
	struct mock_proc *p = arg;

	write_output(p);
	if (p->repeats-- > 0 && !p->over)
		loop_timer_set(p->output, p->repeat_ms);
}

static void
on_mock_timer(void *arg)
{
	struct mock_proc *p = arg;
	struct proc_event e = { 0 };

	if (p->started) {
		tell_end(p);
		return;
	}
	if (p->start_error != NULL) {
		e.kind = PROC_FAILED;
		e.why = p->start_error;
		e.unrecoverable = !p->recoverable;
		p->over = true;
		p->proc.on_event(p->proc.ctx, &p->proc, &e);
		return;
	}
	p->started = true;
	loop_timer_set(p->timer, p->run_ms);
	if (p->stdout_text != NULL && !p->recovering)
		loop_timer_set(p->output, 0);
	e.kind = p->recovering ? PROC_FOUND : PROC_STARTED;
	p->proc.on_event(p->proc.ctx, &p->proc, &e);
}

static char *
copy_text(const struct tree *config, const char *name)
{
	const char *s = tree_get_str(config, name);

	return s != NULL && *s != '\0' ? xstrdup(s) : NULL;
}

static struct mock_proc *
mock_new(const struct driver_host *host, const struct driver_task *t,
    proc_event_fn *fn, void *ctx)
{
	const struct tree *c = t->task->config;
	const struct tree *rec = tree_get(c, "start_error_recoverable");
	struct mock_proc *p = xcalloc(1, sizeof *p);

	p->proc = (struct taskproc){
		.driver = &driver_mock, .on_event = fn, .ctx = ctx
	};
	p->loop = host->loop;
	p->timer = loop_timer_new(host->loop, on_mock_timer, p);
	p->output = loop_timer_new(host->loop, on_output, p);
	p->start_error = copy_text(c, "start_error");
	p->recoverable = rec != NULL && rec->kind == TREE_BOOL && rec->b;
	p->stdout_text = copy_text(c, "stdout_string");
	p->log_path = xasprintf("%s/%s.stdout.0", t->log_dir, t->task->name);
	p->repeats = number(c, "stdout_repeat");
	p->repeat_ms = dur_ms(c, "stdout_repeat_duration");
	p->run_ms = dur_ms(c, "run_for");
	p->kill_after_ms = dur_ms(c, "kill_after");
	p->exit_code = number(c, "exit_code");
	p->exit_signal = number(c, "exit_signal");
	return p;
}

static struct taskproc *
mock_start(const struct driver_host *host, const struct driver_task *t,
    proc_event_fn *fn, void *ctx)
{
	struct mock_proc *p = mock_new(host, t, fn, ctx);

	loop_timer_set(p->timer, dur_ms(t->task->config, "start_block_for"));
	return &p->proc;
}

/* A pretended task goes on without us: only the clock tells how far. */
static struct taskproc *
mock_recover(const struct driver_host *host, const struct driver_task *t,
    proc_event_fn *fn, void *ctx)
{
	struct mock_proc *p = mock_new(host, t, fn, ctx);
	int64_t end_ns =
	    t->started_at_ns + (int64_t)p->run_ms * CLOCK_NS_PER_MS;
	int64_t now_ns = loop_wall_ns(host->loop);

	p->recovering = true;
	if (now_ns >= end_ns) {
		p->started = true;
		p->ends_at_ns = end_ns;
	} else {
		p->run_ms = (uint64_t)((end_ns - now_ns) / CLOCK_NS_PER_MS);
	}
	loop_timer_set(p->timer, 0);
	return &p->proc;
}

static void
mock_signal(struct taskproc *proc, int signal, uint64_t kill_after_ms)
{
	struct mock_proc *p = (struct mock_proc *)proc;

	if (kill_after_ms == 0 || p->over)
		return; /* a pretended task has no handlers */
	p->killed_by = signal != 0 ? signal : SIGINT;
	p->started = true;
	loop_timer_set(p->timer, p->kill_after_ms < kill_after_ms
				     ? p->kill_after_ms
				     : kill_after_ms);
}

static void
mock_release(struct taskproc *proc)
{
	struct mock_proc *p = (struct mock_proc *)proc;

	loop_timer_free(p->timer);
	loop_timer_free(p->output);
	free(p->start_error);
	free(p->stdout_text);
	free(p->log_path);
	free(p);
}

static pid_t
mock_pid(const struct taskproc *proc)
{
	(void)proc;
	return 0;
}

static int
mock_check(const struct tree *config, struct err *err)
{
	(void)config;
	(void)err;
	return 0; /* whatever it does not know it ignores, as Nomad's does */
}

static void
mock_fingerprint(const struct driver_host *host, struct node *node)
{
	(void)host;
	driver_report(node, "mock_driver", true, true, "Healthy");
}

const struct driver driver_mock = {
	.name = "mock_driver",
	.fingerprint = mock_fingerprint,
	.check = mock_check,
	.start = mock_start,
	.recover = mock_recover,
	.signal = mock_signal,
	.release = mock_release,
	.pid = mock_pid,
};
