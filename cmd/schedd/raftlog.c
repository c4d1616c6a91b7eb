/* What the log tells: entries, who leads, states to keep and to restore. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/schedd/query.h"
#include "cmd/schedd/schedd.h"
#include "cmd/schedd/servers.h"
#include "common/clock.h"
#include "common/fnv.h"
#include "common/identity.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/raft/node.h"
#include "common/wal/hard.h"
#include "proto/msg.h"

#define SNAPSHOT_CHUNK 65536

static void
on_apply(void *ctx, uint64_t index, uint64_t term, const void *bytes, size_t n)
{
	struct schedd *sd = ctx;
	uint64_t level = sched_core_state(sd->core)->level;
	struct err err;

	(void)term;
	schedd_enter(sd);
	if (sched_core_applied(sd->core, index, bytes, n, &err) == -1)
		log_fatal("log entry %" PRIu64 ": %s", index, err.text);
	schedd_leave(sd);
	if (sched_core_state(sd->core)->level != level)
		servers_leveled(sd);
}

static void
on_leader(void *ctx, bool leads, uint64_t term)
{
	struct schedd *sd = ctx;
	int64_t began_ns = clock_wall_ns();

	log_info("%s term=%" PRIu64, leads ? "leading" : "following", term);
	sd->leading = leads;
	schedd_enter(sd);
	sched_core_lead(sd->core, leads);
	schedd_metrics_led(sd, leads, clock_wall_ns() - began_ns);
	schedd_leave(sd);
	if (leads)
		query_run_led(sd);
	else if (!servers_are_alone(sd))
		query_run_lost(sd);
	servers_led(sd);
	schedd_ready(sd);
}

static void
on_follow(void *ctx, uint64_t leader, uint64_t term)
{
	(void)leader;
	(void)term;
	servers_led(ctx);
}

static void
on_config(void *ctx, uint64_t index, const struct raft_config *config)
{
	(void)index;
	servers_configured(ctx, config);
}

static void
on_fatal(void *ctx, const struct err *err)
{
	(void)ctx;
	log_fatal("the log failed, so this server stops: %s", err->text);
}

static long
read_fd(void *ctx, void *p, size_t n)
{
	const int *fd = ctx;
	ssize_t got;

	do
		got = read(*fd, p, n);
	while (got == -1 && errno == EINTR);
	return got;
}

static int
on_restore(void *ctx, int fd, uint64_t size, uint64_t index, struct err *err)
{
	struct schedd *sd = ctx;

	int rv;

	(void)size;
	/* Those who watch the old state are woken. */
	schedd_enter(sd);
	rv = sched_core_restore(sd->core, read_fd, &fd, err);
	schedd_leave(sd);
	if (rv == -1)
		return -1;
	log_info("snapshot restored index=%" PRIu64, index);
	servers_leveled(sd);
	return 0;
}

/* Few large writes; used in a forked child only. */
struct writer {
	int fd;
	size_t len;
	char bytes[SNAPSHOT_CHUNK];
};

static int
flush(struct writer *w)
{
	size_t at = 0;

	while (at < w->len) {
		ssize_t n = write(w->fd, w->bytes + at, w->len - at);

		if (n <= 0 && errno != EINTR)
			return -1;
		at += n > 0 ? (size_t)n : 0;
	}
	w->len = 0;
	return 0;
}

static int
write_some(void *ctx, const void *p, size_t n)
{
	struct writer *w = ctx;
	const char *from = p;

	while (n > 0) {
		size_t room = sizeof w->bytes - w->len;
		size_t part = n < room ? n : room;

		memcpy(w->bytes + w->len, from, part);
		w->len += part;
		from += part;
		n -= part;
		if (w->len == sizeof w->bytes && flush(w) == -1)
			return -1;
	}
	return 0;
}

static int
on_snapshot(void *ctx, int fd)
{
	static struct writer w;
	struct schedd *sd = ctx;

	w.fd = fd;
	w.len = 0;
	if (sched_snapshot_write(sched_core_state(sd->core), write_some, &w) ==
	    -1)
		return -1;
	return flush(&w);
}

uint64_t
schedd_raft_id(const char *s)
{
	uint64_t h = fnv_add(FNV_BEGIN, s, strlen(s));

	return h != 0 ? h : 1;
}

bool
schedd_has_raft(const struct schedd *sd)
{
	char *path =
	    xasprintf("%s/raft/" WAL_HARD_NAME, sd->config->common.data_dir);
	bool there = access(path, F_OK) == 0;

	free(path);
	return there;
}

/* A file beside the log that says whose it is. */
#define LOG_OF "log-of"

/* One that is of neither what is there nor us goes: it would be taken for
 * that of the log which is begun now. */
static int
check_log_of(const struct schedd *sd, const char *path, struct err *err)
{
	const char *dir = sd->config->common.data_dir;
	bool there = schedd_has_raft(sd), ours;
	char of[IDENTITY_SIZE];

	if (identity_keep(dir, LOG_OF, sd->server_id, of, err) == -1)
		return -1;
	ours = strcmp(of, sd->server_id) == 0;
	if (there && !ours)
		return err_set(err, ERR_CONFLICT,
		    "%s/raft is the log of server %s, and server-id says %s: "
		    "put back what belongs together, or move all of %s away "
		    "to begin anew",
		    dir, of, sd->server_id, dir);
	if (!there && ours)
		return err_set(err, ERR_CONFLICT,
		    "%s/raft is gone, and with it what server %s has voted "
		    "and acknowledged: put it back, or move all of %s away "
		    "to begin anew",
		    dir, of, dir);
	if (!there && unlink(path) == -1)
		return err_sys(err, "%s", path);
	return 0;
}

int
schedd_check_raft(const struct schedd *sd, struct err *err)
{
	char *path = xasprintf("%s/" LOG_OF, sd->config->common.data_dir);
	int rv = 0;

	if (access(path, F_OK) == 0)
		rv = check_log_of(sd, path, err);
	free(path);
	return rv;
}

int
schedd_open_raft(struct schedd *sd, const struct raft_config *first,
    uint64_t cluster, struct err *err)
{
	char *dir = xasprintf("%s/raft", sd->config->common.data_dir);
	const struct cluster_server *self = servers_self(sd);
	struct raft_node_opts o = { .dir = dir,
		.server_id = self->id,
		.cluster_id = cluster,
		.first = first,
		.mail_number = MSG_RAFT_MAIL,
		.loop = sd->loop,
		.ctx = sd,
		.restore = on_restore,
		.apply = on_apply,
		.snapshot_write = on_snapshot,
		.on_leader = on_leader,
		.on_follow = on_follow,
		.on_config = on_config,
		.on_fatal = on_fatal,
		.snapshot_entries = (uint64_t)sd->config->snapshot_entries,
		.trailing_entries = (uint64_t)sd->config->trailing_entries };
	char *listen = NULL, of[IDENTITY_SIZE];
	int rv;

	if (!servers_are_alone(sd)) {
		o.listen = listen =
		    xasprintf("tcp://%s", schedd_config_raft(sd->config));
		o.advertise = self->raft;
		o.tls = sd->tls.raft;
		if (sd->tls.raft == NULL)
			daemon_warn_if_open(
			    "raft", schedd_config_raft(sd->config));
	}
	rv = raft_node_open(&sd->raft, &o, err);
	if (rv == 0)
		rv = identity_keep(sd->config->common.data_dir, LOG_OF,
		    sd->server_id, of, err);
	free(listen);
	free(dir);
	return rv;
}
