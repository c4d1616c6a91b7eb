#include "common/daemon.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/daemon_impl.h"
#include "common/log.h"
#include "common/mem.h"
#include "proto/msg.h"
#include "proto/version.h"

#define FIRST_METRICS_MS 500

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_WRONG = 2 };

char *
daemon_url(const char *run_dir, const char *name, const char *kind)
{
	return xasprintf("ipc://%s/%s/%s.sock", run_dir, name, kind);
}

/* --- reload and stop --- */

static int
check_unmoved(const struct daemon_config *old, const struct daemon_config *new,
    struct err *err)
{
	const struct {
		const char *name, *was, *is;
	} fixed[] = {
		{ "run_dir", old->run_dir, new->run_dir },
		{ "data_dir", old->data_dir, new->data_dir },
		{ "user", old->user, new->user },
		{ "group", old->group, new->group },
	};

	for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
		if (strcmp(fixed[i].was, fixed[i].is) != 0)
			return err_set(err, ERR_BAD,
			    "%s changes only with a restart", fixed[i].name);
	return 0;
}

/* The new config's values go to where the old one's are. */
static void
take_config(struct daemon *d, void *new)
{
	const struct daemon_config *was = d->config, *is = new;
	size_t size = d->def->config_type->size;
	void *tmp = xmalloc(size);
	enum log_level level;

	if (strcmp(was->log_level, is->log_level) != 0 &&
	    log_level_parse(is->log_level, &level) == 0)
		log_set_level(level);
	memcpy(tmp, d->config, size);
	memcpy(d->config, new, size);
	memcpy(new, tmp, size);
	free(tmp);
	daemon_config_free(d->def, new);
}

/* What every daemon takes while it runs. */
static bool
only_level_differs(const struct daemon *d, void *new)
{
	const struct daemon_config *was = d->config;
	struct daemon_config *is = new;
	char *kept = is->log_level;
	bool same;

	is->log_level = was->log_level;
	same = rec_equal(d->def->config_type, d->config, new);
	is->log_level = kept;
	return same;
}

int
daemon_reload(struct daemon *d, struct err *err)
{
	void *new = daemon_config_load(d->def, &d->impl->opts, err);

	if (new == NULL)
		return -1;
	if (!d->def->rereads &&
	    rec_equal(d->def->config_type, d->config, new)) {
		daemon_config_free(d->def, new);
		log_info("config unchanged");
		return 0;
	}
	if (check_unmoved(d->config, new, err) == -1)
		goto refused;
	if (d->def->reload == NULL && !only_level_differs(d, new)) {
		err_set(err, ERR_BAD,
		    "of %s only log_level changes without a "
		    "restart",
		    d->def->name);
		goto refused;
	}
	if (d->def->reload != NULL && d->def->reload(d, new, err) == -1)
		goto refused;
	take_config(d, new);
	log_info("config reloaded");
	return 0;
refused:
	daemon_config_free(d->def, new);
	return -1;
}

void
daemon_begin_stop(struct daemon *d)
{
	if (d->stopping) {
		loop_stop(d->loop);
		return;
	}
	d->stopping = true;
	log_info("stopping");
	daemon_notify("STOPPING=1");
	if (d->def->stop != NULL)
		d->def->stop(d);
	else
		daemon_exit(d, EXIT_DONE);
}

void
daemon_exit(struct daemon *d, int status)
{
	d->impl->status = status;
	loop_stop(d->loop);
}

/* Sent by whoever started us, or because that died: nobody asked us to. */
static void
on_term_signal(void *arg)
{
	struct daemon *d = arg;
	pid_t parent = d->impl->opts.parent;

	if (parent == 0 || getppid() == parent)
		d->stop_signal = SIGTERM;
	daemon_begin_stop(d);
}

static void
on_int_signal(void *arg)
{
	struct daemon *d = arg;

	d->stop_signal = SIGINT;
	daemon_begin_stop(d);
}

static void
on_reload_signal(void *arg)
{
	struct err err;

	if (daemon_reload(arg, &err) == -1)
		log_error("config stays as it is reason=\"%s\"", err.text);
}

static void
on_metrics(void *arg)
{
	struct daemon *d = arg;
	const struct daemon_config *c = d->config;

	d->def->metrics(d);
	loop_timer_set(d->impl->metrics_timer,
	    (uint64_t)(c->collection_interval / CLOCK_NS_PER_MS));
}

/* --- start --- */

void
daemon_ready(struct daemon *d)
{
	int fd = d->impl->opts.ready_fd;

	if (d->impl->ready)
		return;
	d->impl->ready = true;
	log_info("ready pid=%d version=%s", getpid(), ROVE_VERSION);
	daemon_notify("READY=1");
	if (fd == -1)
		return;
	if (write(fd, "\n", 1) != 1)
		log_warn("nobody hears that we are ready");
	close(fd);
}

static char *
url_of(const struct daemon *d, const char *kind)
{
	const struct daemon_config *c = d->config;

	return daemon_url(c->run_dir, d->def->name, kind);
}

/* Without a run_dir: nobody speaks to us but by what start() opens. */
static bool
is_alone(const struct daemon *d)
{
	const struct daemon_config *c = d->config;

	return c->run_dir[0] == '\0';
}

/* Made while we may still give it to a group that we are not in. */
static int
open_ctl(struct daemon *d, struct err *err)
{
	char *url = url_of(d, "ctl");
	size_t nroutes;

	d->impl->ctl_routes = daemon_ctl_routes(d->def, &nroutes);
	d->ctl = bus_serve(d->loop, url, d->impl->ctl_routes, nroutes, d, err);
	if (d->ctl != NULL)
		daemon_set_group(d, url + strlen("ipc://"));
	free(url);
	return d->ctl != NULL ? 0 : -1;
}

static int
open_sockets(struct daemon *d, struct err *err)
{
	char *pub = url_of(d, "pub"), *msg = url_of(d, "msg");
	int rv = -1;

	d->pub = bus_publish_at(d->loop, pub, err);
	if (d->pub == NULL)
		goto out;
	daemon_set_own_group(pub + strlen("ipc://"));
	if (d->def->nroutes > 0) {
		d->msg = bus_serve(
		    d->loop, msg, d->def->routes, d->def->nroutes, d, err);
		if (d->msg == NULL)
			goto out;
		daemon_set_own_group(msg + strlen("ipc://"));
	}
	rv = 0;
out:
	free(pub);
	free(msg);
	return rv;
}

static void
watch_signals(struct daemon *d)
{
	struct daemon_impl *i = d->impl;

	signal(SIGPIPE, SIG_IGN);
	i->on_term = loop_signal_new(d->loop, SIGTERM, on_term_signal, d);
	i->on_int = loop_signal_new(d->loop, SIGINT, on_int_signal, d);
	i->on_hup = loop_signal_new(d->loop, SIGHUP, on_reload_signal, d);
	if (d->def->metrics != NULL && !is_alone(d)) {
		i->metrics_timer = loop_timer_new(d->loop, on_metrics, d);
		loop_timer_set(i->metrics_timer, FIRST_METRICS_MS);
	}
}

static int
end_with_parent(const struct daemon *d, struct err *err)
{
	pid_t parent = d->impl->opts.parent;

	return parent == 0 ? 0 : daemon_die_with_parent(parent, err);
}

/* Root's part comes first: directories, the control socket, then the user. */
static int
start(struct daemon *d, struct err *err)
{
	bool alone = is_alone(d);

	if (end_with_parent(d, err) == -1 || daemon_seal(d, err) == -1)
		return -1;
	if (!alone && daemon_dirs_open(d, err) == -1)
		return -1;
	watch_signals(d);
	d->impl->logs = daemon_logs_new(d->loop);
	if (!alone && open_ctl(d, err) == -1)
		return -1;
	if (daemon_become_user(d, err) == -1 || end_with_parent(d, err) == -1)
		return -1;
	if (!alone && open_sockets(d, err) == -1)
		return -1;
	if (d->def->start(d, err) == -1 || daemon_ports_bound(d, err) == -1)
		return -1;
	if (!d->def->defers_ready)
		daemon_ready(d);
	return 0;
}

/* What on_stuck() says and how it exits; set before its alarm is. */
static char stuck_text[128];
static volatile sig_atomic_t stuck_status;

static void
on_stuck(int sig)
{
	(void)sig;
	if (write(STDERR_FILENO, stuck_text, strlen(stuck_text)) == -1)
		_exit(stuck_status);
	_exit(stuck_status);
}

/* Whatever it waits for, it does not wait for ever. */
static void
set_deadline(const struct daemon *d)
{
	struct sigaction sa = { .sa_handler = on_stuck };

	snprintf(stuck_text, sizeof stuck_text,
	    "[WARN]  %s: not released in %d s, exiting as it is\n",
	    d->def->name, DAEMON_STOP_S);
	stuck_status = d->impl->status;
	sigaction(SIGALRM, &sa, NULL);
	alarm(DAEMON_STOP_S);
}

static void
end(struct daemon *d)
{
	struct daemon_impl *i = d->impl;

	bus_server_free(d->msg);
	bus_server_free(d->ctl);
	if (d->def->release != NULL)
		d->def->release(d);
	bus_pub_free(d->pub);
	daemon_logs_free(i->logs);
	loop_timer_free(i->metrics_timer);
	loop_signal_free(i->on_term);
	loop_signal_free(i->on_int);
	loop_signal_free(i->on_hup);
	loop_free(d->loop);
	daemon_dirs_close(d);
	daemon_config_free(d->def, d->config);
	free(i->ctl_routes);
}

static int
live(struct daemon *d)
{
	struct err err;

	if (start(d, &err) == -1) {
		log_error("not started reason=\"%s\"", err.text);
		d->impl->status = EXIT_FAILED;
	} else if (!d->stopping) {
		loop_run(d->loop);
		log_info("stopped");
	}
	set_deadline(d);
	end(d);
	alarm(0);
	return d->impl->status;
}

static int
print_config(const struct daemon *d)
{
	struct buf b = { 0 };
	bool ok;

	if (d->impl->opts.verbose)
		rec_to_conf(d->def->config_type, d->config, &b);
	fputs(buf_str(&b), stdout);
	ok = fflush(stdout) == 0;
	buf_release(&b);
	daemon_config_free(d->def, d->config);
	return ok ? EXIT_DONE : EXIT_FAILED;
}

int
daemon_main(int argc, char **argv, const struct daemon_def *def)
{
	struct daemon_impl impl = { .run_lock = -1, .data_lock = -1 };
	struct daemon d = { .def = def, .impl = &impl };
	enum log_level level = LOG_INFO;
	struct err err;

	/* nng's threads hardly allocate; one arena keeps us small. */
	mallopt(M_ARENA_MAX, 1);
	if (daemon_opts_parse(&impl.opts, argc, argv, def) == -1)
		return EXIT_WRONG;
	if (impl.opts.done)
		return EXIT_DONE;
	log_init(def->name, level); /* until the config says more */
	d.config_path = impl.opts.path;
	d.config = daemon_config_load(def, &impl.opts, &err);
	if (d.config == NULL) {
		fprintf(stderr, "%s: %s\n", def->name, err.text);
		return EXIT_WRONG;
	}
	if (impl.opts.check_only)
		return print_config(&d);
	log_level_parse(((struct daemon_config *)d.config)->log_level, &level);
	log_init(def->name, level);
	bus_use(msg_defs, msg_ndefs);
	impl.started_ms = clock_mono_ms();
	impl.started_ns = clock_wall_ns();
	if (impl.opts.ready_fd != -1)
		fcntl(impl.opts.ready_fd, F_SETFD, FD_CLOEXEC);
	d.loop = loop_new();
	return live(&d);
}
