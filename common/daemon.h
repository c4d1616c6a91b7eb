/*
 * The life that all daemons share: options, config, start, ctl, reload, stop.
 *
 * main() of each daemon is a struct daemon_def and a call of daemon_main().
 * Options, the same for all: -f FILE (config; .hcl and .json are Nomad agent
 * files; without -f /etc/rove/<name>.conf if it is there), -n (check the
 * config and exit), -nv (print the config in force), -h, -V, -l LEVEL,
 * -r DIR (run_dir), -o NAME=VALUE (one config member, inner ones as a.b; may
 * repeat; wins over the file), -R FD (write a newline there when serving),
 * -P (die with the parent).
 *
 * Each daemon has, under run_dir/<name>/: ctl.sock (steering; the messages
 * ctl-* and its own), msg.sock (speaking; the daemon's own messages) and
 * pub.sock (its topics), all with mode 0660. The control socket belongs to
 * `group`; the others keep the group that the daemon runs with, which the
 * daemons of a machine share. A second daemon on the same run_dir or data_dir
 * is refused by a lock file.
 *
 * A daemon runs as `user` or as whoever started it, in the end without any
 * capability and without a way to get one; only nodeagent stays root. Its
 * data_dir is its user's alone (0700): one that was open is closed and that is
 * told, and one that is somebody else's is refused.
 *
 * This file, its siblings daemon_*.c and ctl.c are the only ones in common/
 * that use proto/: they answer and ask what proto/ctl.h describes.
 */
#ifndef COMMON_DAEMON_H
#define COMMON_DAEMON_H

#include <stdbool.h>
#include <stddef.h>

#include "common/bus.h"
#include "common/err.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/rec.h"

#define DAEMON_RUN_DIR        "/run/rove"
#define DAEMON_CONF_DIR       "/etc/rove"
#define DAEMON_MIN_COLLECTION INT64_C(100000000) /* ns, between numbers */
#define DAEMON_STOP_S         10                 /* how long release may take */

/* What every daemon's config begins with, as its first member:
 * struct schedd_config { struct daemon_config common; ... }; */
struct daemon_config {
	char *run_dir;   /* /run/rove */
	char *data_dir;  /* "": the daemon keeps nothing */
	char *log_level; /* "INFO" */
	char *user;      /* run as; "": stay who we are */
	char *group;     /* group of the control socket; "rove" if it exists */
	int64_t collection_interval; /* ns between two calls of metrics() */
};

/* Its rows, the first of the config's table (tags 901 to 906 are theirs). In
 * the file they stand beside the daemon's own: run_dir = "/tmp/x"; */
#define DAEMON_CONFIG_ROWS(T)                                                  \
	REC_STR(T, 901, common.run_dir, "RunDir", .hcl = "run_dir"),           \
	    REC_STR(T, 902, common.data_dir, "DataDir", .hcl = "data_dir"),    \
	    REC_STR(T, 903, common.log_level, "LogLevel", .hcl = "log_level"), \
	    REC_STR(T, 904, common.user, "User", .hcl = "user"),               \
	    REC_STR(T, 905, common.group, "Group", .hcl = "group"),            \
	    REC_DUR(T, 906, common.collection_interval, "CollectionInterval",  \
		.hcl = "collection_interval")

struct daemon {
	const struct daemon_def *def;
	struct loop *loop;
	struct bus_pub *pub; /* the daemon's topics; NULL when it is alone */
	struct bus_server *ctl;
	struct bus_server *msg; /* NULL when def has no routes */
	void *config; /* of def->config_type, in force; stays where it is */
	const char *config_path; /* NULL: defaults */
	void *state;             /* the daemon's own, made by start() */
	bool stopping;
	/* SIGTERM, SIGINT, or 0: a message asked to stop, or the parent of -P
	 * is gone. */
	int stop_signal;
	struct daemon_impl *impl;
};

struct daemon_def {
	const char *name;
	const struct rec_type *config_type;

	/* Fills the defaults into a zeroed config; those of struct
	 * daemon_config that are left NULL get the usual ones. */
	void (*config_init)(void *config);
	/* Rules that span members. 0, or -1 and a sentence. */
	int (*config_check)(const void *config, struct err *err);
	/* Overlays a Nomad agent file (.hcl, .json); NULL: not supported. */
	int (*config_from_agent)(const struct daemon_def *def, void *config,
	    const char *path, struct err *err);

	/* Other users may pass through data_dir, though not look into it:
	 * what they may reach is below it. */
	bool open_data_dir;

	/* It runs as root and keeps what root may. The others keep nothing,
	 * unless root runs them with no `user`. */
	bool needs_root;
	/* start() may listen at ports below 1024 although it is not root's;
	 * see daemon_ports_bound(). */
	bool low_ports;

	/* Opens what the daemon serves and sets d->state. Readiness is
	 * announced when it returns 0 (unless it defers: daemon_ready()). */
	int (*start)(struct daemon *d, struct err *err);
	bool defers_ready;
	/* run_dir may be "": the daemon then has no sockets, no lock and no
	 * control program, publishes nothing, and leaves nothing behind. */
	bool may_be_alone;
	/* A new config that passed its check, beside the old one still in
	 * d->config: applies all or nothing. Afterwards d->config holds the
	 * new values and the old ones are gone. That run_dir, data_dir, user
	 * or group changed is refused before. NULL: nothing but log_level
	 * may change. */
	int (*reload)(struct daemon *d, const void *config, struct err *err);
	/* reload() is also called when the config is the same as before: it
	 * names files that may have changed. */
	bool rereads;
	/* Begins to stop; calls daemon_exit() when done. NULL: at once. A
	 * second signal does not wait for it. */
	void (*stop)(struct daemon *d);
	/* Releases d->state after the loop has ended. By then everything that
	 * was acknowledged must be on disk: when releasing all takes longer
	 * than DAEMON_STOP_S the process says so and exits as it is, with the
	 * same status. */
	void (*release)(struct daemon *d);

	/* Messages answered at msg.sock and (also) at ctl.sock; ctx of the
	 * handlers is the struct daemon. */
	const struct bus_route *routes;
	size_t nroutes;
	const struct bus_route *ctl_routes;
	size_t nctl_routes;
	/* Adds lines for `ctl info`: name and value. */
	void (*info)(struct daemon *d,
	    void (*add)(void *ctx, const char *name, const char *value),
	    void *ctx);
	/* Publishes metric.* each collection_interval; NULL: none. See
	 * proto/meter.h. */
	void (*metrics)(struct daemon *d);
};

/* Never returns before the daemon is done; the exit status: 0 stopped, 1
 * failed, 2 wrong usage or config. */
int daemon_main(int argc, char **argv, const struct daemon_def *def);

/* With low_ports: all are bound, so the right to do so is given up. It is the
 * calling thread's, so this comes before start() starts threads; after start()
 * it is called anyway. */
int daemon_ports_bound(struct daemon *d, struct err *err);

void daemon_ready(struct daemon *d);
void daemon_exit(struct daemon *d, int status);

/*
 * Calls fn on the loop with each line that is logged from now on, in order;
 * it must not log. One fn at a time; NULL takes it back.
 */
void daemon_follow_log(struct daemon *d,
    void (*fn)(void *ctx, enum log_level level, const char *line), void *ctx);

/* Warns loudly when others than this machine can reach addr ("0.0.0.0",
 * "10.0.0.1:4646" ...) and nothing says who they are. */
void daemon_warn_if_open(const char *what, const char *addr);
/* The same of an address where others can only look. */
void daemon_warn_if_shown(const char *what, const char *addr);
/* Whether only this machine can reach addr, with a port or without. */
bool daemon_is_loopback(const char *addr);

/* Locks dir/lock and writes our pid there: a descriptor that holds the lock
 * as long as it is open. Blocks up to two seconds for one who is just ending.
 * -1 (ERR_CONFLICT): "<what> <dir> is in use by process
 * <pid>". */
int daemon_lock_dir(const char *what, const char *dir, struct err *err);

/* The path's URL: run_dir/name/kind.sock, as "ipc://...". Caller frees. */
char *daemon_url(const char *run_dir, const char *name, const char *kind);

#endif
