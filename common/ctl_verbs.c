#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/bus.h"
#include "common/ctl_impl.h"
#include "common/mem.h"
#include "proto/ctl.h"
#include "proto/msg.h"

#define HOLD_MS 60000 /* monitor asks anew after so long without a line */

static const struct ctl_column info_columns[] = {
	{ "Name", "name" },
	{ "Value", "value" },
};

static int
do_info(struct ctl *c, int argc, char **argv)
{
	struct ctl_info info = { 0 };
	struct err err;

	if (argc != 1)
		return ctl_usage(c, argv[0]);
	if (ctl_ask(c, MSG_CTL_INFO, NULL, &info, &err) == -1)
		return ctl_fail(c, &err);
	ctl_print(c, &ctl_line_type, info.lines, info.nlines, info_columns, 2);
	rec_clear(&ctl_info_type, &info);
	return CTL_DONE;
}

static const struct ctl_column ping_columns[] = {
	{ "Name", "name" },
	{ "Version", "version" },
	{ "Pid", "pid" },
	{ "Uptime (ms)", "uptime_ms" },
};

static int
do_ping(struct ctl *c, int argc, char **argv)
{
	struct ctl_pong pong = { 0 };
	struct err err;

	if (argc != 1)
		return ctl_usage(c, argv[0]);
	if (ctl_ask(c, MSG_CTL_PING, NULL, &pong, &err) == -1)
		return ctl_fail(c, &err);
	ctl_print(c, &ctl_pong_type, &pong, 1, ping_columns, 4);
	rec_clear(&ctl_pong_type, &pong);
	return CTL_DONE;
}

static int
do_config(struct ctl *c, int argc, char **argv)
{
	struct ctl_text text = { 0 };
	struct buf b = { 0 };
	struct err err;

	if (argc != 1)
		return ctl_usage(c, argv[0]);
	if (ctl_ask(c, MSG_CTL_CONFIG, NULL, &text, &err) == -1)
		return ctl_fail(c, &err);
	if (c->json) {
		rec_to_json(&ctl_text_type, &text, &b, 0);
		puts(buf_str(&b));
	} else {
		fputs(text.text == NULL ? "" : text.text, stdout);
	}
	buf_release(&b);
	rec_clear(&ctl_text_type, &text);
	return CTL_DONE;
}

static const struct ctl_column level_columns[] = { { "Level", "level" } };

static int
do_log_level(struct ctl *c, int argc, char **argv)
{
	struct ctl_level ask = { 0 }, level = { 0 };
	struct err err;
	int rv;

	if (argc > 2)
		return ctl_usage(c, argv[0]);
	ask.level = argc == 2 ? argv[1] : NULL;
	if (ctl_ask(c, MSG_CTL_LOG_LEVEL, &ask, &level, &err) == -1)
		return ctl_fail(c, &err);
	ctl_print(c, &ctl_level_type, &level, 1, level_columns, 1);
	rv = CTL_DONE;
	rec_clear(&ctl_level_type, &level);
	return rv;
}

static int
do_simple(struct ctl *c, int argc, char **argv, uint16_t number)
{
	struct err err;

	if (argc != 1)
		return ctl_usage(c, argv[0]);
	if (ctl_ask(c, number, NULL, NULL, &err) == -1)
		return ctl_fail(c, &err);
	return CTL_DONE;
}

static int
do_stop(struct ctl *c, int argc, char **argv)
{
	return do_simple(c, argc, argv, MSG_CTL_STOP);
}

static int
do_reload(struct ctl *c, int argc, char **argv)
{
	return do_simple(c, argc, argv, MSG_CTL_RELOAD);
}

/* --- monitor --- */

struct monitor {
	struct ctl *ctl;
	struct bus_peer *peer;
	struct ctl_monitor ask;
	bool done;
	int status;
};

static const struct ctl_column log_columns[] = { { "Line", "line" } };

static void on_lines(void *ctx, const struct err *err, const void *reply);

static void
ask_lines(struct monitor *m, uint64_t timeout_ms)
{
	bus_call(m->peer, MSG_CTL_MONITOR, &m->ask, timeout_ms, on_lines, m);
}

static void
on_lines(void *ctx, const struct err *err, const void *reply)
{
	struct monitor *m = ctx;
	const struct ctl_logs *logs = reply;

	if (err != NULL && err->code == ERR_TIMEOUT) {
		ask_lines(m, HOLD_MS);
		return;
	}
	if (err != NULL) {
		m->status = ctl_fail(m->ctl, err);
		m->done = true;
		return;
	}
	ctl_print(
	    m->ctl, &ctl_log_type, logs->logs, logs->nlogs, log_columns, 1);
	if (fflush(stdout) != 0) {
		m->done = true; /* nobody reads any more */
		return;
	}
	m->ask.after = logs->next;
	ask_lines(m, HOLD_MS);
}

static int
follow(struct ctl *c, struct monitor *m)
{
	struct loop *l = loop_new();
	struct ctl_pong pong = { 0 };
	struct err err;

	/* Says at once, and not after a minute, that nobody is there. */
	if (ctl_ask(c, MSG_CTL_PING, NULL, &pong, &err) == -1 ||
	    (m->peer = bus_dial(l, c->url, &err)) == NULL) {
		loop_free(l);
		return ctl_fail(c, &err);
	}
	rec_clear(&ctl_pong_type, &pong);
	ask_lines(m, HOLD_MS);
	while (!m->done)
		loop_wait(l, &m->done, HOLD_MS);
	bus_peer_free(m->peer);
	loop_free(l);
	return m->status;
}

int
ctl_follow_log(struct ctl *c, int argc, char **argv)
{
	/* A number that no line has: what comes from now on. */
	struct monitor m = { .ctl = c, .ask = { .after = UINT64_MAX } };
	struct ctl plain = *c;
	int o;

	while ((o = getopt(argc, argv, "+al:")) != -1) {
		if (o == 'a')
			m.ask.after = 0;
		else if (o == 'l')
			m.ask.level = optarg;
		else
			return ctl_usage(c, argv[0]);
	}
	if (optind < argc)
		return ctl_usage(c, argv[0]);
	plain.head = plain.is_terminal = false;
	m.ctl = &plain;
	return follow(&plain, &m);
}

static const struct ctl_verb verbs[] = {
	{ "info", "", "what the daemon says of itself", do_info },
	{ "ping", "", "whether it answers", do_ping },
	{ "config", "", "the config in force, as a file", do_config },
	{ "log-level", "[LEVEL]", "the log level, or a new one", do_log_level },
	{ "monitor", "[-a] [-l LEVEL]", "follow its log; -a: from the past",
	    ctl_follow_log },
	{ "reload", "", "read the config anew", do_reload },
	{ "stop", "", "stop the daemon", do_stop },
};

const struct ctl_verb *
ctl_common_verbs(size_t *n)
{
	*n = sizeof verbs / sizeof verbs[0];
	return verbs;
}
