/*
 * What the files of the shared life share; nobody else includes this.
 * daemon.c is the life itself, daemon_conf.c reads options and config,
 * daemon_os.c speaks to the system, daemon_rights.c gives up what root may,
 * daemon_ctl.c answers the control socket.
 */
#ifndef COMMON_DAEMON_IMPL_H
#define COMMON_DAEMON_IMPL_H

#include <pwd.h>

#include "common/daemon.h"

#define DAEMON_MAX_OPTIONS 64 /* of -o */

struct daemon_opts {
	const char *path; /* of the config; NULL: defaults */
	const char *level, *run_dir;
	const char *sets[DAEMON_MAX_OPTIONS]; /* NAME=VALUE */
	size_t nsets;
	int ready_fd; /* -1: none */
	bool check_only, verbose;
	pid_t parent; /* to die with it; 0: with none */
	bool done;    /* -h or -V has been served */
};

/* What only the life itself needs. */
struct daemon_impl {
	struct daemon_opts opts;
	struct loop_signal *on_term, *on_int, *on_hup;
	struct loop_timer *metrics_timer;
	struct bus_route *ctl_routes; /* ours, then the daemon's */
	struct daemon_logs *logs;
	int run_lock, data_lock; /* descriptors, or -1 */
	int status;
	bool ready;
	uint64_t started_ms;
	int64_t started_ns;
};

/* --- daemon_conf.c --- */

int daemon_opts_parse(
    struct daemon_opts *o, int argc, char **argv, const struct daemon_def *def);

/* A new config, checked: defaults, then the file, then options. NULL: err. */
void *daemon_config_load(const struct daemon_def *def,
    const struct daemon_opts *opts, struct err *err);
void daemon_config_free(const struct daemon_def *def, void *config);

/* --- daemon_os.c --- */

/* Makes run_dir/name and data_dir, and locks both. */
int daemon_dirs_open(struct daemon *d, struct err *err);
void daemon_dirs_close(struct daemon *d);

char *daemon_run_dir(const struct daemon *d); /* its own; caller frees */

/* The control socket's group is `group`, that of the others our own. */
void daemon_set_group(struct daemon *d, const char *path);
void daemon_set_own_group(const char *path);
/* A change of user undoes it: once more after that. parent: who started us,
 * for one that died before this call leaves no trace but another getppid(). */
int daemon_die_with_parent(pid_t parent, struct err *err);
void daemon_notify(const char *what); /* to systemd, if it listens */

/* --- daemon_rights.c --- */

/* The user to become, or NULL to stay who we are. */
int daemon_user_find(
    const struct daemon *d, const struct passwd **pw, struct err *err);

/*
 * Comes before the first thread, for threads have these each for itself: no
 * program that we start can gain a right (no_new_privs, an empty bounding
 * set). A daemon that needs root, or that root runs as no user, is spared.
 */
int daemon_seal(struct daemon *d, struct err *err);
/* The run directory, and we with it, become `user`'s; who is not root keeps
 * no capability, but the one for low ports where def says so. */
int daemon_become_user(struct daemon *d, struct err *err);

/* --- daemon_ctl.c --- */

struct bus_route *daemon_ctl_routes(
    const struct daemon_def *def, size_t *nroutes);
struct daemon_logs *daemon_logs_new(struct loop *l);
void daemon_logs_free(struct daemon_logs *logs);

/* --- daemon.c --- */

int daemon_reload(struct daemon *d, struct err *err);
void daemon_begin_stop(struct daemon *d);

#endif
