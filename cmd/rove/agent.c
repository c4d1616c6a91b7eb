#include "cmd/rove/agent.h"

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/rove/agent_conf.h"
#include "cmd/rove/children.h"
#include "cmd/rove/commands.h"
#include "common/daemon.h"
#include "common/log.h"
#include "common/mem.h"

#define MAX_FTW_FDS 16

struct agent {
	struct agent_args args;
	struct agent_config config;
	struct plan plan;
	char *temp_dir; /* NULL unless -dev made one */
	char *data_dir, *run_dir, *conf_dir;
	struct loop *loop;
	struct children *children;
	struct loop_signal *sig_int, *sig_term, *sig_hup;
	uint64_t started_ms;
	int status;
};

/* --- directories --- */

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	remove(path);
	return 0;
}

static int
make_dir(const char *path, mode_t mode, struct err *err)
{
	char *copy = xstrdup(path);
	int rv = 0;

	for (char *p = strchr(copy + 1, '/'); p != NULL && rv == 0;
	     p = strchr(p + 1, '/')) {
		*p = '\0';
		if (mkdir(copy, 0755) == -1 && errno != EEXIST)
			rv = err_sys(err, "%s", copy);
		*p = '/';
	}
	if (rv == 0 && mkdir(copy, mode) == -1 && errno != EEXIST)
		rv = err_sys(err, "%s", copy);
	free(copy);
	return rv;
}

static int
make_temp(struct agent *a, struct err *err)
{
	const char *tmp = getenv("TMPDIR");

	a->temp_dir = xasprintf(
	    "%s/rove-agent.XXXXXX", tmp != NULL && *tmp == '/' ? tmp : "/tmp");
	if (mkdtemp(a->temp_dir) != NULL &&
	    chmod(a->temp_dir, 0711) == 0) /* tasks of others pass through */
		return 0;
	err_sys(err, "%s", a->temp_dir);
	free(a->temp_dir);
	a->temp_dir = NULL;
	return -1;
}

/* Where things go: -dev has a directory for all of it. */
static int
make_dirs(struct agent *a, struct err *err)
{
	const char *data = a->config.data_dir;
	bool has_data = data != NULL && data[0] != '\0';

	if (a->config.dev_mode && make_temp(a, err) == -1)
		return -1;
	if (has_data)
		a->data_dir = xstrdup(data);
	else if (a->temp_dir != NULL)
		a->data_dir = xasprintf("%s/data", a->temp_dir);
	else /* a client that names each directory by itself */
		a->data_dir = xstrdup(a->config.client.state_dir);
	if (a->args.run_dir != NULL)
		a->run_dir = xstrdup(a->args.run_dir);
	else if (a->temp_dir != NULL)
		a->run_dir = xasprintf("%s/run", a->temp_dir);
	else
		a->run_dir = geteuid() == 0 ? xstrdup(DAEMON_RUN_DIR)
					    : xasprintf("%s/run", a->data_dir);
	a->conf_dir = xasprintf("%s/agent", a->run_dir);
	if (make_dir(a->data_dir, 0755, err) == -1 ||
	    make_dir(a->run_dir, 0755, err) == -1)
		return -1;
	return make_dir(a->conf_dir, 0750, err);
}

/* --- life --- */

static void
on_stopped(void *ctx)
{
	struct agent *a = ctx;

	loop_stop(a->loop);
}

static void
stop(struct agent *a, const char *signal_name)
{
	char line[64];

	snprintf(line, sizeof line, "==> Caught signal: %s", signal_name);
	children_say(a->children, line);
	children_say(a->children, "==> Gracefully shutting down agent...");
	children_stop(a->children, on_stopped, a);
}

static void
on_int(void *arg)
{
	stop(arg, "interrupt");
}

static void
on_term(void *arg)
{
	stop(arg, "terminated");
}

static void
on_ready(void *ctx)
{
	struct agent *a = ctx;

	log_info("all daemons serve after_ms=%llu",
	    (unsigned long long)(loop_now_ms(a->loop) - a->started_ms));
}

static void
on_failed(void *ctx, const char *name, int status)
{
	struct agent *a = ctx;

	log_error("%s cannot start status=%d", name, status);
	fprintf(
	    stderr, "==> Error starting agent: %s: see its log above\n", name);
	a->status = 1;
	children_stop(a->children, on_stopped, a);
}

/* New files for the daemons, which read them all or, where one is wrong,
 * none. */
static int
reload(struct agent *a, struct buf *ui)
{
	struct agent_config next = { 0 };
	struct plan plan;
	struct err err;

	if (agent_conf_read(&next, &a->args, ui) == -1) {
		rec_clear(&agent_config_type, &next);
		return -1;
	}
	plan_make(&plan, &next, a->data_dir, a->run_dir);
	if (agent_conf_write(&plan, a->conf_dir, &err) == -1) {
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

	for (size_t i = 0; i < a->plan.ndaemons; i++) {
		const struct plan_daemon *d = &a->plan.daemons[i];
		char *program = agent_conf_program(d->name);
		char *conf = xasprintf("%s/%s.conf", a->conf_dir, d->name);
		char *argv[] = { program, file_flag, conf, parent_flag, NULL };

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
	if (make_dirs(a, err) == -1)
		return -1;
	plan_make(&a->plan, &a->config, a->data_dir, a->run_dir);
	if (agent_conf_probe(&a->plan, err) == -1 ||
	    agent_conf_write(&a->plan, a->conf_dir, err) == -1)
		return -1;
	a->loop = loop_new();
	a->children = children_new(a->loop);
	return add_children(a, err);
}

static void
run(struct agent *a)
{
	struct buf banner = { 0 };

	agent_conf_banner(&a->config, &a->plan, a->run_dir, &banner);
	fputs(buf_str(&banner), stdout);
	fflush(stdout);
	buf_release(&banner);
	children_own_stderr(a->children);
	a->sig_int = loop_signal_new(a->loop, SIGINT, on_int, a);
	a->sig_term = loop_signal_new(a->loop, SIGTERM, on_term, a);
	a->sig_hup = loop_signal_new(a->loop, SIGHUP, on_hup, a);
	a->started_ms = loop_now_ms(a->loop);
	children_start(a->children, on_ready, on_failed, a);
	loop_run(a->loop);
	loop_signal_free(a->sig_int);
	loop_signal_free(a->sig_term);
	loop_signal_free(a->sig_hup);
}

static void
release(struct agent *a)
{
	children_free(a->children);
	if (a->loop != NULL)
		loop_free(a->loop);
	for (size_t i = 0; i < a->plan.ndaemons && a->conf_dir != NULL; i++) {
		char *path = xasprintf(
		    "%s/%s.conf", a->conf_dir, a->plan.daemons[i].name);

		unlink(path);
		free(path);
	}
	if (a->conf_dir != NULL)
		rmdir(a->conf_dir);
	if (a->temp_dir != NULL)
		nftw(a->temp_dir, remove_one, MAX_FTW_FDS,
		    FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	plan_release(&a->plan);
	rec_clear(&agent_config_type, &a->config);
	agent_args_release(&a->args);
	free(a->temp_dir);
	free(a->data_dir);
	free(a->run_dir);
	free(a->conf_dir);
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
	} else if (agent_conf_read(&a->config, &a->args, &ui) == -1) {
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
	struct agent a = { 0 };
	struct err err;
	int status = begin(&a, argc, argv);

	if (status != -1) {
		release(&a);
		return status;
	}
	log_init("agent", LOG_INFO);
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
