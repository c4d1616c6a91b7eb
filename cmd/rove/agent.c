#include "cmd/rove/agent.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/rove/agent_conf.h"
#include "cmd/rove/agent_dirs.h"
#include "cmd/rove/agent_tasks.h"
#include "cmd/rove/children.h"
#include "cmd/rove/commands.h"
#include "common/log.h"
#include "common/mem.h"
#include "proto/agent_refuse.h"

/* A signal so soon after the first is the same wish, told twice: a terminal's
 * to the whole group, and that of the script that started us. */
#define SAME_SIGNAL_MS 1000

struct agent {
	struct agent_args args;
	struct agent_config config;
	struct plan plan;
	struct agent_dirs dirs;
	struct loop *loop;
	struct children *children;
	struct loop_signal *sig_int, *sig_term, *sig_hup, *sig_pipe;
	uint64_t started_ms;
	uint64_t stop_ms; /* when it began to stop */
	bool stopping, stopped;
	int status;
};

/* --- life --- */

static void
on_stopped(void *ctx)
{
	struct agent *a = ctx;

	a->stopped = true;
	loop_stop(a->loop);
}

static void
begin_stop(struct agent *a, int signo)
{
	a->stopping = true;
	a->stop_ms = loop_now_ms(a->loop);
	children_stop(a->children, signo, on_stopped, a);
}

/* The daemons are told by the same signal: some end otherwise by another. */
static void
stop(struct agent *a, int signo, const char *signal_name)
{
	char line[64];

	if (a->stopping) {
		if (loop_now_ms(a->loop) - a->stop_ms < SAME_SIGNAL_MS)
			return;
		children_say(a->children, "==> Not waiting any longer...");
		children_stop(a->children, signo, on_stopped, a);
		return;
	}
	snprintf(line, sizeof line, "==> Caught signal: %s", signal_name);
	children_say(a->children, line);
	children_say(a->children, "==> Gracefully shutting down agent...");
	begin_stop(a, signo);
}

static void
on_int(void *arg)
{
	stop(arg, SIGINT, "interrupt");
}

static void
on_term(void *arg)
{
	stop(arg, SIGTERM, "terminated");
}

/* Who read our log is gone, as with "| head": there is nobody to say it to. */
static void
on_pipe(void *arg)
{
	struct agent *a = arg;

	if (a->stopping)
		return;
	a->status = 1;
	begin_stop(a, SIGTERM);
}

static void
on_ready(void *ctx)
{
	struct agent *a = ctx;

	log_info("all daemons serve after_ms=%llu",
	    (unsigned long long)(loop_now_ms(a->loop) - a->started_ms));
}

/* What a daemon says before it has a log begins with its name. */
static const char *
without_name(const char *said, const char *name)
{
	size_t n = strlen(name);

	if (strncmp(said, name, n) == 0 && strncmp(said + n, ": ", 2) == 0)
		return said + n + 2;
	return said;
}

static void
on_failed(void *ctx, const char *name, int status, const char *said)
{
	struct agent *a = ctx;

	log_error("%s cannot start status=%d", name, status);
	fprintf(stderr, "==> Error starting agent: %s: %s\n", name,
	    said[0] != '\0' ? without_name(said, name)
			    : "it ended without a word");
	a->status = 1;
	begin_stop(a, SIGTERM);
}

/* New files for the daemons, which read them all or, where one is wrong,
 * none. */
static int
reload(struct agent *a, struct buf *ui)
{
	struct agent_config next = { 0 };
	struct plan plan;
	struct err err;

	if (agent_conf_read(&next, &a->args, ui) == -1 ||
	    agent_refuse(&next, ui) == -1) {
		rec_clear(&agent_config_type, &next);
		return -1;
	}
	plan_make(&plan, &next, a->dirs.data, a->dirs.run);
	if (agent_conf_write(&plan, a->dirs.conf, &err) == -1) {
		buf_addf(ui, "%s\n", err.text);
		plan_release(&plan);
		rec_clear(&agent_config_type, &next);
		return -1;
	}
	if (plan.ndaemons != a->plan.ndaemons)
		log_warn("which daemons run changes only with a new start");
	plan_release(&a->plan);
	a->plan = plan;
	rec_clear(&agent_config_type, &a->config);
	a->config = next;
	return 0;
}

static void
on_hup(void *arg)
{
	struct agent *a = arg;
	struct buf ui = { 0 };

	if (a->stopping)
		return;
	children_say(a->children, "==> Caught signal: hangup");
	children_say(a->children, "==> Reloading agent configuration...");
	if (reload(a, &ui) == 0) {
		children_signal(a->children, SIGHUP);
	} else {
		children_say(a->children, "==> Failed to reload configs:");
		if (ui.len > 0) /* its last line end */
			ui.data[ui.len - 1] = '\0';
		children_say(a->children, buf_str(&ui));
	}
	buf_release(&ui);
}

static int
add_children(struct agent *a, struct err *err)
{
	static char file_flag[] = "-f", parent_flag[] = "-P";
	char us[12];

	snprintf(us, sizeof us, "%d", (int)getpid());
	for (size_t i = 0; i < a->plan.ndaemons; i++) {
		const struct plan_daemon *d = &a->plan.daemons[i];
		char *program = agent_conf_program(d->name);
		char *conf = xasprintf("%s/%s.conf", a->dirs.conf, d->name);
		char *argv[] = { program, file_flag, conf, parent_flag, us,
			NULL };

		if (program == NULL) {
			free(conf);
			return err_set(err, ERR_NOT_FOUND,
			    "%s: no such program beside this one or in PATH",
			    d->name);
		}
		children_add(a->children, d->name, argv, d->stop_ms);
		free(program);
		free(conf);
	}
	return 0;
}

static int
prepare(struct agent *a, struct err *err)
{
	if (agent_dirs_open(&a->dirs, &a->config, a->args.run_dir, err) == -1)
		return -1;
	plan_make(&a->plan, &a->config, a->dirs.data, a->dirs.run);
	if (agent_conf_probe(&a->plan, err) == -1 ||
	    agent_conf_write(&a->plan, a->dirs.conf, err) == -1)
		return -1;
	a->loop = loop_new();
	a->children = children_new(a->loop);
	return add_children(a, err);
}

static void
run(struct agent *a)
{
	struct buf banner = { 0 };

	agent_conf_banner(&a->config, &a->plan, a->dirs.run, &banner);
	fputs(buf_str(&banner), stdout);
	fflush(stdout);
	buf_release(&banner);
	children_own_stderr(a->children);
	a->sig_int = loop_signal_new(a->loop, SIGINT, on_int, a);
	a->sig_term = loop_signal_new(a->loop, SIGTERM, on_term, a);
	a->sig_hup = loop_signal_new(a->loop, SIGHUP, on_hup, a);
	a->sig_pipe = loop_signal_new(a->loop, SIGPIPE, on_pipe, a);
	a->started_ms = loop_now_ms(a->loop);
	children_start(a->children, on_ready, on_failed, a);
	if (!a->stopped) /* not one could be started */
		loop_run(a->loop);
	loop_signal_free(a->sig_int);
	loop_signal_free(a->sig_term);
	loop_signal_free(a->sig_hup);
	loop_signal_free(a->sig_pipe);
}

/* -dev is a throw-away: a nodeagent that was not given the time to stop its
 * tasks has left them to us. */
static void
end_tasks(const struct agent *a)
{
	char *client = plan_client_dir(&a->config, a->dirs.data);
	size_t n = agent_tasks_end(client);

	if (n > 0)
		log_warn("tasks were left and are killed n=%zu", n);
	free(client);
}

static void
release(struct agent *a)
{
	children_free(a->children);
	if (a->loop != NULL)
		loop_free(a->loop);
	if (a->children != NULL && a->config.dev_mode &&
	    a->config.client.enabled)
		end_tasks(a);
	agent_dirs_close(&a->dirs);
	plan_release(&a->plan);
	rec_clear(&agent_config_type, &a->config);
	agent_args_release(&a->args);
}

/* Reads flags and files; the exit status when that is the end of it. */
static int
begin(struct agent *a, int argc, char **argv)
{
	struct buf ui = { 0 };
	struct err err;
	int status = -1;

	if (agent_args_parse(&a->args, argc - 1, argv + 1, &err) == -1) {
		fprintf(stderr, "%s\nFor usage: rove agent -help\n", err.text);
		return 1;
	}
	if (a->args.help) {
		agent_args_usage(&ui);
		fputs(buf_str(&ui), stdout);
		status = 0;
	} else if (agent_conf_read(&a->config, &a->args, &ui) == -1 ||
		   agent_refuse(&a->config, &ui) == -1) {
		fprintf(stderr, "%s", buf_str(&ui));
		status = 1;
	} else {
		fprintf(stderr, "%s", buf_str(&ui));
	}
	buf_release(&ui);
	return status;
}

int
rove_agent(int argc, char **argv)
{
	struct agent a = { .dirs = { .temp_lock = -1, .conf_lock = -1 } };
	struct err err;
	int status = begin(&a, argc, argv);

	if (status != -1) {
		release(&a);
		return status;
	}
	log_init("agent", LOG_INFO);
	signal(SIGPIPE, SIG_IGN); /* where on_pipe() does not hear it */
	if (prepare(&a, &err) == -1) {
		fprintf(stderr, "==> Error starting agent: %s\n", err.text);
		a.status = 1;
	} else {
		run(&a);
	}
	status = a.status;
	release(&a);
	return status;
}

int
agent_run(const struct command *cmd, int argc, char **argv)
{
	(void)cmd;
	return rove_agent(argc, argv);
}
