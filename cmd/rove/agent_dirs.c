#include "cmd/rove/agent_dirs.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/rove/agent_tasks.h"
#include "common/daemon.h"
#include "common/log.h"
#include "common/mem.h"

#define MAX_FTW_FDS 16
#define TEMP_NAME   "rove-agent."

static const char *const daemons[AGENT_NDAEMONS] = { "metricsd", "gossipd",
	"schedd", "nodeagent", "lbd" };

/* --- making --- */

/* *made: whether the last part was not there before. */
static int
make_dir(const char *path, mode_t mode, bool *made, struct err *err)
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
	*made = rv == 0 && mkdir(copy, mode) == 0;
	if (rv == 0 && !*made && errno != EEXIST)
		rv = err_sys(err, "%s", copy);
	free(copy);
	return rv;
}

static const char *
temp_root(void)
{
	const char *tmp = getenv("TMPDIR");

	return tmp != NULL && *tmp == '/' ? tmp : "/tmp";
}

static int
make_temp(struct agent_dirs *d, struct err *err)
{
	d->temp = xasprintf("%s/" TEMP_NAME "XXXXXX", temp_root());
	if (mkdtemp(d->temp) == NULL ||
	    chmod(d->temp, 0711) == -1) { /* tasks of others pass through */
		err_sys(err, "%s", d->temp);
		free(d->temp);
		d->temp = NULL;
		return -1;
	}
	d->temp_lock = daemon_lock_dir("directory", d->temp, err);
	return d->temp_lock != -1 ? 0 : -1;
}

/* Its last holder may have removed the file that we locked: then the lock is
 * worth nothing, and there is a new one to be had. */
static int
lock_conf(struct agent_dirs *d, struct err *err)
{
	bool made;

	for (;;) {
		struct stat st;

		if (make_dir(d->conf, 0750, &made, err) == -1)
			return -1;
		d->conf_lock = daemon_lock_dir("run_dir", d->conf, err);
		if (d->conf_lock == -1)
			break;
		if (fstat(d->conf_lock, &st) == 0 && st.st_nlink > 0)
			return 0;
		close(d->conf_lock);
		d->conf_lock = -1;
	}
	if (err->code == ERR_CONFLICT)
		err_add(err, "another agent is here (-run-dir gives this one a "
			     "place of its own)");
	return -1;
}

/* --- removing --- */

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	remove(path);
	return 0;
}

static void
remove_tree(const char *path)
{
	nftw(path, remove_one, MAX_FTW_FDS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

static void
unlink_in(const char *dir, const char *name, const char *end)
{
	char *path = xasprintf("%s/%s%s", dir, name, end);

	unlink(path);
	free(path);
}

/* Whether a process holds the lock of dir; false where there is none. *fd:
 * the lock is now ours, or -1. */
static bool
is_held(const char *dir, int *fd)
{
	char *path = xasprintf("%s/lock", dir);
	bool held;

	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	free(path);
	held = *fd != -1 && flock(*fd, LOCK_EX | LOCK_NB) == -1;
	if (held) {
		close(*fd);
		*fd = -1;
	}
	return held;
}

/* What a daemon leaves of RUN/<daemon>: its lock, and when it was killed its
 * sockets. */
static void
remove_daemon_dir(const char *run, const char *name)
{
	static const char *const files[] = { "ctl.sock", "msg.sock", "pub.sock",
		"lock" };
	char *dir = xasprintf("%s/%s", run, name);
	int fd;

	if (!is_held(dir, &fd)) {
		for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
			unlink_in(dir, files[i], "");
		rmdir(dir);
		if (fd != -1)
			close(fd);
	}
	free(dir);
}

static void
remove_run(struct agent_dirs *d)
{
	for (size_t i = 0; i < AGENT_NDAEMONS; i++) {
		if (d->made_daemon[i])
			remove_daemon_dir(d->run, daemons[i]);
		unlink_in(d->conf, daemons[i], ".conf");
	}
	unlink_in(d->conf, "lock", "");
	rmdir(d->conf);
	if (d->made_run)
		rmdir(d->run);
}

/* --- what others have left --- */

/* A daemon of that agent may still be on its way out. */
static bool
is_used(const char *temp)
{
	static const char *const data[] = { "server", "client" };
	bool used = false;
	int fd;

	for (size_t i = 0; i < 2 + AGENT_NDAEMONS && !used; i++) {
		char *dir = i < 2
				? xasprintf("%s/data/%s", temp, data[i])
				: xasprintf("%s/run/%s", temp, daemons[i - 2]);

		used = is_held(dir, &fd);
		if (fd != -1)
			close(fd);
		free(dir);
	}
	return used;
}

/* Ours, with a lock that has its pid (until then it is being made) and that
 * nobody holds: its descriptor, else -1. */
static int
take_stale(const char *temp)
{
	struct stat st;
	char *lock = xasprintf("%s/lock", temp);
	int fd = -1;

	if (lstat(temp, &st) == 0 && S_ISDIR(st.st_mode) &&
	    st.st_uid == geteuid() && lstat(lock, &st) == 0 &&
	    S_ISREG(st.st_mode) && st.st_uid == geteuid() && st.st_size > 0)
		is_held(temp, &fd);
	free(lock);
	if (fd != -1 && is_used(temp)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static void
sweep(void)
{
	char *pattern = xasprintf("%s/" TEMP_NAME "??????", temp_root());
	glob_t found;

	if (glob(pattern, GLOB_NOSORT, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++) {
			const char *temp = found.gl_pathv[i];
			int fd = take_stale(temp);
			char *client;

			if (fd == -1)
				continue;
			client = xasprintf("%s/data/client", temp);
			agent_tasks_end(client);
			free(client);
			remove_tree(temp);
			close(fd);
			log_info("a killed agent's directory was removed "
				 "path=%s",
			    temp);
		}
		globfree(&found);
	}
	free(pattern);
}

/* --- the whole --- */

static void
name_dirs(
    struct agent_dirs *d, const struct agent_config *c, const char *run_dir)
{
	const char *data = c->data_dir;

	if (data != NULL && data[0] != '\0')
		d->data = xstrdup(data);
	else if (d->temp != NULL)
		d->data = xasprintf("%s/data", d->temp);
	else /* a client that names each directory by itself */
		d->data = xstrdup(c->client.state_dir);
	if (run_dir != NULL)
		d->run = xstrdup(run_dir);
	else if (d->temp != NULL)
		d->run = xasprintf("%s/run", d->temp);
	else
		d->run = geteuid() == 0 ? xstrdup(DAEMON_RUN_DIR)
					: xasprintf("%s/run", d->data);
	d->conf = xasprintf("%s/agent", d->run);
}

int
agent_dirs_open(struct agent_dirs *d, const struct agent_config *c,
    const char *run_dir, struct err *err)
{
	bool made;

	*d = (struct agent_dirs){ .temp_lock = -1, .conf_lock = -1 };
	if (c->dev_mode) {
		sweep();
		if (make_temp(d, err) == -1)
			return -1;
	}
	name_dirs(d, c, run_dir);
	if (make_dir(d->data, 0755, &made, err) == -1 ||
	    make_dir(d->run, 0755, &d->made_run, err) == -1 ||
	    lock_conf(d, err) == -1)
		return -1;
	for (size_t i = 0; i < AGENT_NDAEMONS; i++) {
		char *dir = xasprintf("%s/%s", d->run, daemons[i]);

		d->made_daemon[i] = access(dir, F_OK) == -1;
		free(dir);
	}
	return 0;
}

void
agent_dirs_close(struct agent_dirs *d)
{
	if (d->conf != NULL && d->conf_lock != -1)
		remove_run(d);
	else if (d->made_run)
		rmdir(d->run);
	if (d->conf_lock != -1)
		close(d->conf_lock);
	if (d->temp != NULL)
		remove_tree(d->temp);
	if (d->temp_lock != -1)
		close(d->temp_lock);
	free(d->temp);
	free(d->data);
	free(d->run);
	free(d->conf);
	*d = (struct agent_dirs){ .temp_lock = -1, .conf_lock = -1 };
}
