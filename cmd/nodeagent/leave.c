#include "cmd/nodeagent/leave.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/nodeagent/serverlink.h"
#include "common/clock.h"
#include "common/file.h"
#include "common/log.h"
#include "common/mem.h"
#include "proto/nodemsg.h"

struct leave {
	struct nodeagent *na;
	struct loop_timer *timer; /* of the next request */
	bool accepted;            /* the servers drain us */
	uint64_t by_ms;           /* then it ends anyway */
};

static char *
mark_path(const struct nodeagent *na)
{
	return xasprintf("%s/drained", na->config->common.data_dir);
}

static void
set_mark(const struct nodeagent *na)
{
	char *path = mark_path(na);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	struct err err;

	if (fd == -1 || fsync(fd) == -1)
		log_warn("%s: %s", path, strerror(errno));
	else if (file_sync_dir(na->config->common.data_dir, &err) == -1)
		log_warn("%s", err.text);
	if (fd != -1)
		close(fd);
	free(path);
}

/* --- leaving --- */

static void
end(struct leave *l)
{
	daemon_exit(l->na->daemon, 0);
}

static void
accepted(struct leave *l)
{
	const struct drain_options *o = &l->na->config->drain_on_shutdown;
	uint64_t now_ms = loop_now_ms(l->na->loop);

	l->accepted = true;
	l->by_ms = UINT64_MAX;
	if (o->deadline > 0 || o->force)
		l->by_ms =
		    now_ms + LEAVE_MORE_MS +
		    (o->force ? 0 : (uint64_t)(o->deadline / CLOCK_NS_PER_MS)) +
		    (uint64_t)(l->na->config->max_kill_timeout /
			       CLOCK_NS_PER_MS);
	log_info("draining before the end");
}

static void
on_answer(void *ctx, const struct err *err, const void *reply)
{
	const struct node_drain_answer *a = reply;
	struct leave *l = ctx;

	if (err == NULL && l->accepted && a->done) {
		log_info("drained");
		end(l);
		return;
	}
	if (err == NULL && !l->accepted)
		accepted(l);
	if (loop_now_ms(l->na->loop) >= l->by_ms) {
		log_warn("not drained in time%s%s", err != NULL ? ": " : "",
		    err != NULL ? err->text : "");
		end(l);
		return;
	}
	loop_timer_set(l->timer, err == NULL ? LEAVE_LOOK_MS : LEAVE_RETRY_MS);
}

static void
ask(void *arg)
{
	struct leave *l = arg;
	const struct drain_options *o = &l->na->config->drain_on_shutdown;
	struct node_drain_ask m = { .look = l->accepted,
		.deadline = o->force ? -1 : o->deadline,
		.ignore_system_jobs = o->ignore_system_jobs };

	serverlink_drain(
	    l->na->link, &m, SERVERLINK_LEASE_TIMEOUT_MS, on_answer, l);
}

void
leave_begin(struct nodeagent *na)
{
	struct leave *l = xcalloc(1, sizeof *l);

	na->leave = l;
	l->na = na;
	l->by_ms = loop_now_ms(na->loop) + LEAVE_ASK_MS;
	set_mark(na); /* first: an answer may be lost, and so may we */
	l->timer = loop_timer_new(na->loop, ask, l);
	loop_timer_set(l->timer, 0);
}

void
leave_release(struct nodeagent *na)
{
	if (na->leave == NULL)
		return;
	loop_timer_free(na->leave->timer);
	free(na->leave);
	na->leave = NULL;
}

/* --- coming back --- */

static void
on_back(void *ctx, const struct err *err, const void *reply)
{
	struct nodeagent *na = ctx;
	char *path;

	(void)reply;
	/* Where it fails, it is asked again with the next lease. One who
	 * leaves meanwhile needs the mark. */
	if (err != NULL || na->leave != NULL)
		return;
	path = mark_path(na);
	unlink(path);
	free(path);
}

void
leave_came_back(struct nodeagent *na)
{
	struct node_drain_ask m = { .back = true };
	char *path = mark_path(na);

	if (na->leave == NULL && access(path, F_OK) == 0)
		serverlink_drain(
		    na->link, &m, SERVERLINK_LEASE_TIMEOUT_MS, on_back, na);
	free(path);
}
