#include "common/daemon_impl.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "proto/ctl.h"
#include "proto/msg.h"
#include "proto/version.h"

#define LINES_KEPT   256 /* log lines that monitor can still ask for */
#define MAX_MONITORS 32

/* --- log lines and who follows them --- */

struct kept_line {
	enum log_level level;
	char *text;
};

struct daemon_logs {
	pthread_mutex_t lock; /* of lines and last; any thread may log */
	struct kept_line lines[LINES_KEPT]; /* line n stands at n % KEPT */
	uint64_t last;                      /* number of the newest */

	struct loop *loop;
	atomic_bool waiting; /* somebody wants to know; the sink takes it */
	struct monitor {
		struct bus_req *req;
		uint64_t after;
		enum log_level level;
	} monitors[MAX_MONITORS];
	size_t nmonitors;
	/* Who else in this process follows, and what it has seen. */
	void (*follow)(void *ctx, enum log_level level, const char *line);
	void *follow_ctx;
	uint64_t followed;
};

/* There is one daemon in a process, and the log has one sink. */
static struct daemon_logs *the_logs;

static uint64_t
first_kept(const struct daemon_logs *logs)
{
	return logs->last > LINES_KEPT ? logs->last - LINES_KEPT : 0;
}

static void
send_lines(struct daemon_logs *logs, const struct monitor *m, bool even_none,
    bool *sent)
{
	struct ctl_log out[LINES_KEPT];
	struct ctl_logs reply = { .logs = out };
	uint64_t first;

	pthread_mutex_lock(&logs->lock);
	first = first_kept(logs);
	reply.next = logs->last;
	for (uint64_t i = m->after > first ? m->after : first; i < logs->last;
	     i++) {
		const struct kept_line *line =
		    &logs->lines[(i + 1) % LINES_KEPT];

		if (line->level >= m->level)
			out[reply.nlogs++] = (struct ctl_log){ .seq = i + 1,
				.line = line->text };
	}
	*sent = reply.nlogs > 0 || even_none;
	if (*sent)
		bus_reply(m->req, &reply);
	pthread_mutex_unlock(&logs->lock);
}

static void
tell_follower(struct daemon_logs *logs)
{
	if (logs->follow == NULL)
		return;
	pthread_mutex_lock(&logs->lock);
	if (logs->followed < first_kept(logs))
		logs->followed = first_kept(logs);
	while (logs->followed < logs->last) {
		const struct kept_line *line =
		    &logs->lines[++logs->followed % LINES_KEPT];

		logs->follow(logs->follow_ctx, line->level, line->text);
	}
	pthread_mutex_unlock(&logs->lock);
}

static void
on_lines(void *arg)
{
	struct daemon_logs *logs = arg;
	size_t left = 0;
	bool sent;

	if (logs != the_logs)
		return; /* it has been freed meanwhile */
	/* Said first, so that what is logged from here on comes back here. */
	atomic_store(
	    &logs->waiting, logs->nmonitors > 0 || logs->follow != NULL);
	tell_follower(logs);
	for (size_t i = 0; i < logs->nmonitors; i++) {
		send_lines(logs, &logs->monitors[i], false, &sent);
		if (!sent)
			logs->monitors[left++] = logs->monitors[i];
	}
	logs->nmonitors = left;
}

static void
on_line(void *ctx, enum log_level level, const char *line)
{
	struct daemon_logs *logs = ctx;
	struct kept_line *slot;

	pthread_mutex_lock(&logs->lock);
	slot = &logs->lines[++logs->last % LINES_KEPT];
	free(slot->text);
	slot->text = xstrdup(line);
	slot->level = level;
	pthread_mutex_unlock(&logs->lock);
	if (atomic_exchange(&logs->waiting, false))
		loop_post(logs->loop, on_lines, logs);
}

struct daemon_logs *
daemon_logs_new(struct loop *l)
{
	struct daemon_logs *logs = xcalloc(1, sizeof *logs);

	logs->loop = l;
	pthread_mutex_init(&logs->lock, NULL);
	the_logs = logs;
	log_set_sink(on_line, logs);
	return logs;
}

void
daemon_logs_free(struct daemon_logs *logs)
{
	if (logs == NULL)
		return;
	log_set_sink(NULL, NULL);
	the_logs = NULL;
	for (size_t i = 0; i < LINES_KEPT; i++)
		free(logs->lines[i].text);
	pthread_mutex_destroy(&logs->lock);
	free(logs);
}

static uint64_t
last_of(struct daemon_logs *logs)
{
	uint64_t last;

	pthread_mutex_lock(&logs->lock);
	last = logs->last;
	pthread_mutex_unlock(&logs->lock);
	return last;
}

void
daemon_follow_log(struct daemon *d,
    void (*fn)(void *ctx, enum log_level level, const char *line), void *ctx)
{
	struct daemon_logs *logs = d->impl->logs;

	logs->follow = fn;
	logs->follow_ctx = ctx;
	logs->followed = last_of(logs);
	if (fn != NULL)
		loop_post(d->loop, on_lines, logs);
}

static void
on_quiet(void *ctx, struct bus_req *req)
{
	struct daemon_logs *logs = ctx;
	bool sent;

	for (size_t i = 0; i < logs->nmonitors; i++)
		if (logs->monitors[i].req == req) {
			send_lines(logs, &logs->monitors[i], true, &sent);
			logs->monitors[i] = logs->monitors[--logs->nmonitors];
			return;
		}
}

static void
on_ctl_monitor(void *ctx, struct bus_req *req, const void *body)
{
	struct daemon *d = ctx;
	struct daemon_logs *logs = d->impl->logs;
	const struct ctl_monitor *ask = body;
	struct monitor m = { .req = req, .after = ask->after };
	bool sent;

	if (ask->level != NULL && ask->level[0] != '\0' &&
	    log_level_parse(ask->level, &m.level) == -1) {
		bus_refusef(req, ERR_BAD, "%s is no log level", ask->level);
		return;
	}
	send_lines(logs, &m, false, &sent);
	if (sent)
		return;
	/* From now on, or asked of an earlier life of this daemon. */
	if (m.after > last_of(logs))
		m.after = last_of(logs);
	if (logs->nmonitors == MAX_MONITORS) {
		bus_refusef(req, ERR_BUSY, "%d follow already", MAX_MONITORS);
		return;
	}
	bus_on_expire(req, on_quiet, logs);
	logs->monitors[logs->nmonitors++] = m;
	/* What was logged since send_lines() looked is not to wait. */
	loop_post(d->loop, on_lines, logs);
}

/* --- the other messages --- */

static void
on_ctl_ping(void *ctx, struct bus_req *req, const void *body)
{
	struct daemon *d = ctx;
	char version[] = ROVE_VERSION;
	char *name = xstrdup(d->def->name);
	struct ctl_pong pong = { .name = name, .version = version };

	(void)body;
	pong.pid = getpid();
	pong.uptime_ms = clock_mono_ms() - d->impl->started_ms;
	bus_reply(req, &pong);
	free(name);
}

static void
add_line(void *ctx, const char *name, const char *value)
{
	struct ctl_info *info = ctx;

	/* Room is made by doubling at each power of two. */
	if ((info->nlines & (info->nlines - 1)) == 0)
		info->lines = xreallocarray(info->lines,
		    info->nlines == 0 ? 1 : 2 * info->nlines,
		    sizeof *info->lines);
	info->lines[info->nlines].name = xstrdup(name);
	info->lines[info->nlines++].value = xstrdup(value);
}

static void
add_number(struct ctl_info *info, const char *name, uint64_t n)
{
	char text[24];

	snprintf(text, sizeof text, "%" PRIu64, n);
	add_line(info, name, text);
}

static void
add_server(struct ctl_info *info, const char *name, struct bus_server *s)
{
	const struct bus_stats *stats;
	char text[64];

	if (s == NULL)
		return;
	stats = bus_server_stats(s);
	snprintf(text, sizeof text, "%s_requests", name);
	add_number(info, text, stats->requests);
	snprintf(text, sizeof text, "%s_refused", name);
	add_number(info, text, stats->refused);
}

static void
on_ctl_info(void *ctx, struct bus_req *req, const void *body)
{
	struct daemon *d = ctx;
	const struct daemon_config *c = d->config;
	struct ctl_info info = { 0 };
	char started[CLOCK_TIME_SIZE];

	(void)body;
	clock_format_time(d->impl->started_ns, started);
	add_line(&info, "name", d->def->name);
	add_line(&info, "version", ROVE_VERSION);
	add_number(&info, "pid", (uint64_t)getpid());
	add_line(&info, "started", started);
	add_line(&info, "state",
	    d->stopping      ? "stopping"
	    : d->impl->ready ? "ready"
			     : "starting");
	add_line(&info, "config", d->config_path ? d->config_path : "");
	add_line(&info, "run_dir", c->run_dir);
	add_line(&info, "data_dir", c->data_dir);
	add_line(&info, "log_level", log_level_name(log_get_level()));
	add_server(&info, "ctl", d->ctl);
	add_server(&info, "msg", d->msg);
	add_number(&info, "published", bus_pub_stats(d->pub)->published);
	if (d->def->info != NULL)
		d->def->info(d, add_line, &info);
	bus_reply(req, &info);
	rec_clear(&ctl_info_type, &info);
}

static void
on_ctl_config(void *ctx, struct bus_req *req, const void *body)
{
	struct daemon *d = ctx;
	struct buf b = { 0 };
	struct ctl_text text;

	(void)body;
	rec_to_conf(d->def->config_type, d->config, &b);
	text.text = buf_take(&b);
	bus_reply(req, &text);
	free(text.text);
}

static void
on_ctl_log_level(void *ctx, struct bus_req *req, const void *body)
{
	const struct ctl_level *ask = body;
	struct ctl_level reply;
	enum log_level level;

	(void)ctx;
	if (ask->level != NULL && ask->level[0] != '\0') {
		if (log_level_parse(ask->level, &level) == -1) {
			bus_refusef(req, ERR_BAD,
			    "%s is none of trace, debug, info, warn, error",
			    ask->level);
			return;
		}
		log_set_level(level);
		log_info("log level changed level=%s", log_level_name(level));
	}
	reply.level = xstrdup(log_level_name(log_get_level()));
	bus_reply(req, &reply);
	free(reply.level);
}

static void
stop_now(void *arg)
{
	daemon_begin_stop(arg);
}

static void
on_ctl_stop(void *ctx, struct bus_req *req, const void *body)
{
	struct daemon *d = ctx;

	(void)body;
	bus_reply(req, NULL);
	loop_post(d->loop, stop_now, d);
}

static void
on_ctl_reload(void *ctx, struct bus_req *req, const void *body)
{
	struct err err;

	(void)body;
	if (daemon_reload(ctx, &err) == -1)
		bus_refuse(req, &err);
	else
		bus_reply(req, NULL);
}

static const struct bus_route common_routes[] = {
	{ MSG_CTL_PING, on_ctl_ping },
	{ MSG_CTL_INFO, on_ctl_info },
	{ MSG_CTL_CONFIG, on_ctl_config },
	{ MSG_CTL_LOG_LEVEL, on_ctl_log_level },
	{ MSG_CTL_MONITOR, on_ctl_monitor },
	{ MSG_CTL_STOP, on_ctl_stop },
	{ MSG_CTL_RELOAD, on_ctl_reload },
};
#define NCOMMON (sizeof common_routes / sizeof common_routes[0])

struct bus_route *
daemon_ctl_routes(const struct daemon_def *def, size_t *nroutes)
{
	struct bus_route *routes;

	*nroutes = NCOMMON + def->nctl_routes + def->nroutes;
	routes = xcalloc(*nroutes, sizeof *routes);
	memcpy(routes, common_routes, sizeof common_routes);
	if (def->nctl_routes > 0)
		memcpy(routes + NCOMMON, def->ctl_routes,
		    def->nctl_routes * sizeof *routes);
	if (def->nroutes > 0)
		memcpy(routes + NCOMMON + def->nctl_routes, def->routes,
		    def->nroutes * sizeof *routes);
	return routes;
}
