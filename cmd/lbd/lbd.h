/*
 * lbd: sends traffic to running instances.
 *
 * The main thread owns struct lbd: it hears of services, builds tables and
 * answers the UI and lbctl. Each worker is a thread with a loop of its own
 * that listens at the proxy's address (SO_REUSEPORT) and carries requests
 * through (worker.h, proxy.h). Tables travel one way, as messages, and are
 * never changed; so a request takes no lock.
 */
#ifndef LBD_LBD_H
#define LBD_LBD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmd/lbd/rtable.h"
#include "cmd/lbd/sources.h"
#include "common/daemon.h"
#include "common/http/http.h"
#include "common/rec.h"
#include "proto/meter.h"

#define LBD_MAX_WORKERS 64
#define LBD_SETTLE_MS   10         /* changes within this time make one table */
#define LBD_FIRST_MS    1000       /* how long workers wait for a first table */
#define LBD_MAX_ROUTES  (8u << 20) /* bytes of a routes file */
#define LBD_MAX_NOROUTE (1u << 20) /* bytes of the page for no route */

/* A Consul catalog by HTTP (consul.h). */
struct lbd_consul {
	char *addr;
	char *token;
	char *kv_path;         /* keys with route commands */
	char *no_route_path;   /* key of the page for no route */
	char *service_status;  /* "passing,warning": good enough */
	char *checks_required; /* "one", "all" */
	int64_t poll_interval; /* between questions; 0: they are held */
	bool enable_register;  /* lbd is in the catalog, too */
	char *register_name;
	char *register_addr; /* "": the UI's */
	char *register_tags; /* "a,b" */
	int64_t check_interval, check_timeout;
};
extern const struct rec_type lbd_consul_type;

/* The config file. Durations are text such as "30s". */
struct lbd_config {
	struct daemon_config common;
	char *proxy_addr;
	char *ui_addr;
	uint64_t workers; /* 0: one for each core */
	char *strategy;   /* "rnd", "rr" */
	char *matcher;    /* "prefix", "iprefix", "glob" */
	bool no_globs;    /* hosts are compared as they stand */
	char *tag_prefix;
	char *datacenter;  /* what $DC in a tag stands for */
	char *registry;    /* of services: "agent", the local nodeagent;
			      "consul"; "none" */
	char *routes_file; /* route commands; "": none */
	uint64_t no_route_status;
	char *no_route_file;         /* a page for it; "": none */
	uint64_t max_conns;          /* of clients, for each worker */
	uint64_t max_upstream_conns; /* to one address, for each worker */
	int64_t dial_timeout;
	int64_t response_header_timeout; /* 0: none */
	int64_t idle_conn_timeout;
	int64_t keepalive_timeout; /* a client's connection without requests */
	int64_t shutdown_wait;
	char *local_ip;         /* by= of Forwarded; "": left out */
	char *header_client_ip; /* fields that are set, "" for none */
	char *header_request_id;
	char *routes;             /* route commands, before the file's */
	int64_t deregister_grace; /* from leaving a catalog to no listening */
	struct lbd_consul consul;
};
extern const struct rec_type lbd_config_type;

void lbd_config_init(void *config);
int lbd_config_check(const void *config, struct err *err);

struct worker;
struct follow;
struct consul;
struct ui;
struct options;

struct lbd {
	struct daemon *daemon;
	const struct lbd_config *config; /* in force; the daemon's */
	struct options *options;         /* what workers see of it */
	struct sources sources;
	struct rtable *table;
	uint64_t version; /* of the table, from 1 */
	struct worker *workers;
	size_t nworkers, nrunning;
	bool open;                    /* the workers take connections */
	struct follow *follow;        /* NULL: no agent is followed */
	struct consul *consul;        /* NULL: no catalog is */
	struct buf more_routes, page; /* from the catalog's keys */
	struct ui *ui;
	struct loop_timer *settle, *first, *grace;
	struct meter meter;
};

/* The parts of struct daemon_def (loop.c). */
int lbd_start(struct daemon *d, struct err *err);
int lbd_reload(struct daemon *d, const void *config, struct err *err);
void lbd_stop(struct daemon *d);
void lbd_release(struct daemon *d);
void lbd_info(struct daemon *d,
    void (*add)(void *ctx, const char *name, const char *value), void *ctx);
void lbd_metrics(struct daemon *d);

/* Something in l->sources has changed: LBD_SETTLE_MS after the first such
 * call there is a new table, however many more follow. */
void lbd_changed(struct lbd *l);
/* The same at once; the workers have it before they take another turn. */
void lbd_rebuild(struct lbd *l);
/* The workers begin to take connections, if they do not yet. */
void lbd_open(struct lbd *l);

/* --- what the config, its files and a catalog say (options.c) --- */

/* more: a page that counts when the config names none. */
struct options *lbd_options_new(
    const struct lbd_config *c, const struct buf *more, struct err *err);
/* Puts the config's commands, the file's, and more. */
int lbd_load_routes(struct sources *s, const struct lbd_config *c,
    const char *more, struct err *err);
/* Route commands from elsewhere, after the file's; -1: they, or all together,
 * are no valid ones. */
int lbd_set_more_routes(struct lbd *l, const char *text, struct err *err);
/* The page for no route, where no_route_file gives none; empty: none. */
void lbd_set_page(struct lbd *l, const struct buf *page);

/* Messages answered at msg.sock and ctl.sock (handlers.c). */
extern const struct bus_route lbd_routes[];
extern const size_t lbd_nroutes;

/* --- services of the local nodeagent (follow.c) --- */

/* Follows the nodeagent under run_dir; it may come and go as it likes. */
struct follow *follow_new(struct lbd *l, const char *run_dir, struct err *err);
void follow_free(struct follow *f);        /* NULL is fine */
bool follow_is_up(const struct follow *f); /* false for NULL */

/* --- the UI and API (ui.c) --- */

struct ui *ui_new(struct lbd *l, const char *addr, struct err *err);
void ui_free(struct ui *u); /* NULL is fine */
const char *ui_addr(const struct ui *u);

#endif
