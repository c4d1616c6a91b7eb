/*
 * The configuration of an agent, in Nomad's form: what `rove agent` reads and
 * hands on, piece by piece, to the daemons that it starts.
 *
 * agent_config_load() reads a file (HCL 1 or JSON) or a directory of them and
 * holds only what they say. The configuration in force is made by putting
 * one over the other: the defaults (or those of -dev), each path of -config,
 * the command line; then agent_config_settle() works out addresses and
 * paths, and says what it would be wrong to start with.
 *
 * Names, JSON names, rules of merging and sentences are those of Nomad's
 * agent, for operators and their tools know them; lb { } is our own. Where
 * Nomad keeps a duration as it was written beside what it means, so do we:
 * x_text and x.
 */
#ifndef PROTO_AGENT_H
#define PROTO_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/rec.h"
#include "proto/agent_client.h"
#include "proto/agent_link.h"
#include "proto/agent_rest.h"
#include "proto/agent_server.h"

/* ports { } */
struct agent_ports {
	int64_t http;
	int64_t rpc;
	int64_t serf;
};

/* addresses { } and advertise { } */
struct agent_addrs {
	char *http;
	char *rpc;
	char *serf;
};

/* lb { }: the load balancer, which Nomad's agent does not have. */
struct agent_lb {
	bool enabled;
	bool has_enabled; /* -dev has one unless told otherwise */
	char *proxy;
	char *ui;
	char *strategy;
	char *matcher;
	char *tag_prefix;
	int64_t no_route_status;
	char *routes_file;
};

/* A whole agent file. */
struct agent_config {
	char *region;
	char *datacenter;
	char *name;
	char *data_dir;
	char *plugin_dir;
	char *log_level;
	bool log_json;
	bool log_include_location;
	char *log_file;
	char *log_rotate_duration;
	int64_t log_rotate_bytes;
	int64_t log_rotate_max_files;
	char *bind_addr;
	bool enable_debug;
	struct agent_ports ports;
	struct agent_addrs addresses;
	struct agent_addrs advertise;
	struct agent_client client;
	struct agent_server server;
	struct agent_rpc rpc;
	struct agent_acl acl;
	struct agent_telemetry telemetry;
	bool leave_on_interrupt;
	bool leave_on_terminate;
	bool enable_syslog;
	char *syslog_facility;
	bool disable_update_check;
	bool has_disable_update_check;
	bool disable_anonymous_signature;
	struct agent_consul *consuls;
	size_t nconsuls;
	struct agent_vault *vaults;
	size_t nvaults;
	struct agent_ui ui;
	bool dev_mode;
	char **files;
	size_t nfiles;
	char **config_paths;
	size_t nconfig_paths;
	struct agent_tls tls;
	struct rec_kv *http_api_response_headers;
	size_t nhttp_api_response_headers;
	struct agent_sentinel sentinel;
	struct agent_autopilot autopilot;
	struct agent_plugin *plugins;
	size_t nplugins;
	struct agent_limits limits;
	struct agent_audit audit;
	struct agent_reporting reporting;
	struct agent_keyring *keyrings;
	size_t nkeyrings;
	struct agent_eventlog eventlog;
	struct agent_lb *lb;
};

extern const struct rec_type agent_ports_type, agent_addrs_type, agent_lb_type,
    agent_config_type;

#define AGENT_MAX_FILE  (4u << 20) /* bytes of one config file */
#define AGENT_MAX_FILES 256        /* of one directory */

/* All of these are on the heap: empty one with rec_clear(). */

/* Fills a zeroed one with what holds where nobody says anything. */
void agent_config_default(struct agent_config *c);

/* The same for -dev: a server and a client in one, on loopback. */
void agent_config_dev(struct agent_config *c);

/*
 * Reads a file, or the *.hcl and *.json of a directory in the order of their
 * names, into a zeroed one. Errors are sentences with the file and, where the
 * text is wrong, its place: "Error loading a.hcl: ... At 2:13: ...".
 */
int agent_config_load(
    struct agent_config *c, const char *path, struct err *err);

/* The same from memory; path is only for messages. */
int agent_config_parse(struct agent_config *c, const char *path,
    const char *text, size_t n, struct err *err);

/* Where the files of c say it last: "/etc/a.hcl:3" for a path such as
 * "acl.enabled". Reads them again. NULL: none does; caller frees. */
char *agent_config_where(const struct agent_config *c, const char *path);

/*
 * Puts b over a. Zero and absent say nothing. Lists of servers, joins and
 * schedulers grow; other lists of text are replaced; maps grow by key; host
 * volumes, plugins, consul and vault are replaced or merged by name.
 */
void agent_config_merge(struct agent_config *a, const struct agent_config *b);

/* The machine as templates such as {{ GetPrivateIP }} see it. */
struct agent_iface {
	char *name;
	char *ip;
	bool is_default; /* the default route goes through it */
};
struct agent_host {
	struct agent_iface *ifaces;
	size_t nifaces;
};
void agent_host_read(struct agent_host *h);
void agent_host_release(struct agent_host *h);

/* Said when the address that others are told would be loopback. */
#define AGENT_UNSAFE_ADVERTISE                                     \
	"Defaulting advertise to localhost is unsafe, please set " \
	"advertise manually"

/*
 * Works out what is left open (bind and advertised addresses, plugin_dir,
 * what the environment says: getenv may be NULL) and checks the whole. What
 * an operator should read is appended to ui, a line each; -1 when the agent
 * must not start, the last line then says why. bootstrap_flag: what the
 * command line itself asked for.
 */
int agent_config_settle(struct agent_config *c, const struct agent_host *host,
    char *(*get_env)(const char *name), int64_t bootstrap_flag, struct buf *ui);

/* The checks alone, of one whose addresses stand. */
int agent_config_check(
    const struct agent_config *c, int64_t bootstrap_flag, struct buf *ui);

/* An address or a template of one; caller frees. NULL and err otherwise. */
char *agent_addr_expand(
    const struct agent_host *host, const char *text, struct err *err);

#endif
