#include "cmd/rove/agent_flags.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"
#include "common/rec_impl.h"

enum flag_kind {
	F_ROW,   /* the row that path names */
	F_SPLIT, /* the same, a list parted by commas */
	F_META,
	F_CONFIG,
	F_DEV,
	F_RUN_DIR,
	F_LB,
	F_IGNORED, /* nothing here answers to it */
	F_HELP,
};

struct flag {
	const char *name;
	enum flag_kind kind;
	const char *path; /* rows, by their names in files */
	const char *says;
};

static const struct flag flags[] = {
	{ "config", F_CONFIG, NULL, "a file or directory; may repeat" },
	{ "dev", F_DEV, NULL, "a server and a client on loopback" },
	{ "dev-connect", F_DEV, NULL, NULL },
	{ "dev-consul", F_IGNORED, NULL, NULL },
	{ "dev-vault", F_IGNORED, NULL, NULL },
	{ "server", F_ROW, "server.enabled", "run a server" },
	{ "client", F_ROW, "client.enabled", "run a client" },
	{ "lb", F_LB, NULL, "run a load balancer" },
	{ "run-dir", F_RUN_DIR, NULL, "where sockets and configs go" },
	{ "bind", F_ROW, "bind_addr", "listen at this address" },
	{ "region", F_ROW, "region", "the region; global" },
	{ "dc", F_ROW, "datacenter", "the datacenter; dc1" },
	{ "node", F_ROW, "name", "the agent's name; the host's" },
	{ "data-dir", F_ROW, "data_dir", "where everything is kept" },
	{ "plugin-dir", F_ROW, "plugin_dir", NULL },
	{ "log-level", F_ROW, "log_level",
	    "TRACE, DEBUG, INFO, WARN or ERROR" },
	{ "log-json", F_ROW, "log_json", NULL },
	{ "log-include-location", F_ROW, "log_include_location", NULL },
	{ "eventlog", F_ROW, "eventlog.enabled", NULL },
	{ "eventlog-level", F_ROW, "eventlog.level", NULL },
	{ "acl-enabled", F_ROW, "acl.enabled", NULL },
	{ "acl-replication-token", F_ROW, "acl.replication_token", NULL },
	{ "bootstrap-expect", F_ROW, "server.bootstrap_expect",
	    "how many servers make a cluster" },
	{ "encrypt", F_ROW, "server.encrypt", "the key of gossip, base64" },
	{ "raft-protocol", F_ROW, "server.raft_protocol", NULL },
	{ "rejoin", F_ROW, "server.rejoin_after_leave", NULL },
	{ "join", F_ROW, "server.server_join.start_join",
	    "a server to join; may repeat" },
	{ "retry-join", F_ROW, "server.server_join.retry_join",
	    "the same, tried again until it works" },
	{ "retry-max", F_ROW, "server.server_join.retry_max", NULL },
	{ "retry-interval", F_ROW, "server.server_join.retry_interval", NULL },
	{ "redundancy-zone", F_ROW, "server.redundancy_zone", NULL },
	{ "upgrade-version", F_ROW, "server.upgrade_version", NULL },
	{ "servers", F_SPLIT, "client.servers",
	    "the client's servers, parted by commas" },
	{ "meta", F_META, NULL, "key=value of the node; may repeat" },
	{ "node-class", F_ROW, "client.node_class", "the node's class" },
	{ "node-pool", F_ROW, "client.node_pool", "the node's pool" },
	{ "network-interface", F_ROW, "client.network_interface",
	    "whose address tasks get" },
	{ "network-speed", F_ROW, "client.network_speed", NULL },
	{ "preferred-address-family", F_ROW, "client.preferred_address_family",
	    NULL },
	{ "state-dir", F_ROW, "client.state_dir", NULL },
	{ "alloc-dir", F_ROW, "client.alloc_dir", "where tasks live" },
	{ "alloc-mounts-dir", F_ROW, "client.alloc_mounts_dir", NULL },
	{ "host-volumes-dir", F_ROW, "client.host_volumes_dir", NULL },
	{ "host-volume-plugin-dir", F_ROW, "client.host_volume_plugin_dir",
	    NULL },
	{ "client-intro-token", F_ROW, "client.intro_token", NULL },
	{ "consul-address", F_ROW, "consul.address", NULL },
	{ "consul-auth", F_ROW, "consul.auth", NULL },
	{ "consul-auto-advertise", F_ROW, "consul.auto_advertise", NULL },
	{ "consul-ca-file", F_ROW, "consul.ca_file", NULL },
	{ "consul-cert-file", F_ROW, "consul.cert_file", NULL },
	{ "consul-key-file", F_ROW, "consul.key_file", NULL },
	{ "consul-checks-use-advertise", F_ROW, "consul.checks_use_advertise",
	    NULL },
	{ "consul-client-auto-join", F_ROW, "consul.client_auto_join", NULL },
	{ "consul-server-auto-join", F_ROW, "consul.server_auto_join", NULL },
	{ "consul-client-service-name", F_ROW, "consul.client_service_name",
	    NULL },
	{ "consul-client-http-check-name", F_ROW,
	    "consul.client_http_check_name", NULL },
	{ "consul-client-failures-before-critical", F_ROW,
	    "consul.client_failures_before_critical", NULL },
	{ "consul-client-failures-before-warning", F_ROW,
	    "consul.client_failures_before_warning", NULL },
	{ "consul-server-service-name", F_ROW, "consul.server_service_name",
	    NULL },
	{ "consul-server-http-check-name", F_ROW,
	    "consul.server_http_check_name", NULL },
	{ "consul-server-serf-check-name", F_ROW,
	    "consul.server_serf_check_name", NULL },
	{ "consul-server-rpc-check-name", F_ROW, "consul.server_rpc_check_name",
	    NULL },
	{ "consul-server-failures-before-critical", F_ROW,
	    "consul.server_failures_before_critical", NULL },
	{ "consul-server-failures-before-warning", F_ROW,
	    "consul.server_failures_before_warning", NULL },
	{ "consul-ssl", F_ROW, "consul.ssl", NULL },
	{ "consul-verify-ssl", F_ROW, "consul.verify_ssl", NULL },
	{ "consul-token", F_ROW, "consul.token", NULL },
	{ "vault-enabled", F_ROW, "vault.enabled", NULL },
	{ "vault-address", F_ROW, "vault.address", NULL },
	{ "vault-namespace", F_ROW, "vault.namespace", NULL },
	{ "vault-create-from-role", F_ROW, "vault.create_from_role", NULL },
	{ "vault-ca-file", F_ROW, "vault.ca_file", NULL },
	{ "vault-ca-path", F_ROW, "vault.ca_path", NULL },
	{ "vault-cert-file", F_ROW, "vault.cert_file", NULL },
	{ "vault-key-file", F_ROW, "vault.key_file", NULL },
	{ "vault-tls-skip-verify", F_ROW, "vault.tls_skip_verify", NULL },
	{ "vault-tls-server-name", F_ROW, "vault.tls_server_name", NULL },
	{ "help", F_HELP, NULL, "say this" },
	{ "h", F_HELP, NULL, NULL },
};

#define NFLAGS (sizeof flags / sizeof flags[0])

/* --- rows by path --- */

static const struct rec_field *
row_named(const struct rec_type *t, const char *name, size_t n)
{
	for (size_t i = 0; i < t->nfields; i++) {
		const char *file = rec_file_name(&t->fields[i]);

		if (strlen(file) == n && strncmp(file, name, n) == 0)
			return &t->fields[i];
	}
	return NULL;
}

/* The first element of consul or vault, made if need be. */
static void *
first_elem(const struct rec_field *f, void *rec)
{
	void **list = rec_at(rec, f->offset);

	if (*rec_count(f, rec) == 0) {
		*list = xcalloc(1, f->type->size);
		*rec_count(f, rec) = 1;
		**(char ***)list = xstrdup("default"); /* its name */
	}
	return *list;
}

/* The row at the end of the path, and the record that it is in. */
static const struct rec_field *
row_at(struct agent_config *c, const char *path, void **rec)
{
	const struct rec_type *t = &agent_config_type;

	*rec = c;
	for (;;) {
		size_t n = strcspn(path, ".");
		const struct rec_field *f = row_named(t, path, n);

		if (f == NULL || path[n] == '\0')
			return f;
		*rec = f->shape == REC_LIST_OF ? first_elem(f, *rec)
					       : rec_at(*rec, f->offset);
		t = f->type;
		path += n + 1;
	}
}

static bool
is_bool_row(const struct flag *flag)
{
	struct agent_config c = { 0 };
	const struct rec_field *f;
	bool is;
	void *rec;

	if (flag->kind == F_DEV || flag->kind == F_LB || flag->kind == F_HELP ||
	    flag->kind == F_IGNORED)
		return true;
	if (flag->kind != F_ROW)
		return false;
	f = row_at(&c, flag->path, &rec);
	is = f != NULL && f->kind == REC_K_BOOL;
	rec_clear(&agent_config_type, &c);
	return is;
}

static int
parse_bool(const char *text, bool *out)
{
	static const char *const yes[] = { "1", "t", "T", "true", "TRUE",
		"True" };
	static const char *const no[] = { "0", "f", "F", "false", "FALSE",
		"False" };

	for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
		*out = strcmp(text, yes[i]) == 0;
		if (*out || strcmp(text, no[i]) == 0)
			return 0;
	}
	return -1;
}

static int
bad_value(const struct flag *flag, const char *text, struct err *err)
{
	return err_set(err, ERR_BAD, "invalid value \"%s\" for flag -%s", text,
	    flag->name);
}

static int
parse_int(const char *text, int64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoll(text, &end, 0);
	return errno == 0 && end != text && *end == '\0' ? 0 : -1;
}

static void
add_text(const struct rec_field *f, void *rec, const char *text, size_t n)
{
	char ***list = rec_at(rec, f->offset);
	size_t *count = rec_count(f, rec);

	*list = xreallocarray(*list, *count + 1, sizeof **list);
	(*list)[(*count)++] = xstrndup(text, n);
}

static int
set_row(struct agent_config *c, const struct flag *flag, const char *text,
    struct err *err)
{
	void *rec;
	const struct rec_field *f = row_at(c, flag->path, &rec);
	void *at = rec_at(rec, f->offset);
	int rv = 0;

	if (f->shape == REC_LIST_OF) {
		add_text(f, rec, text, strlen(text));
		return 0;
	}
	if (f->kind == REC_K_BOOL)
		rv = parse_bool(text, at);
	else if (f->kind == REC_K_I64)
		rv = parse_int(text, at);
	else if (f->kind == REC_K_DUR)
		rv = clock_parse_dur(text, at);
	if (rv == -1)
		return bad_value(flag, text, err);
	if (f->kind == REC_K_STR) {
		free(*(char **)at);
		*(char **)at = xstrdup(text);
	}
	if (rec_is_flagged(f))
		*rec_has(f, rec) = true;
	return 0;
}

static void
split_row(struct agent_config *c, const struct flag *flag, const char *text)
{
	void *rec;
	const struct rec_field *f = row_at(c, flag->path, &rec);

	for (;;) {
		size_t n = strcspn(text, ",");

		if (n > 0)
			add_text(f, rec, text, n);
		if (text[n] == '\0')
			return;
		text += n + 1;
	}
}

/* --- the command line --- */

static int
set_meta(struct agent_config *c, const char *text, struct err *err)
{
	const char *eq = strchr(text, '=');
	char *key;

	if (eq == NULL)
		return err_set(
		    err, ERR_BAD, "Error parsing Client.Meta value: %s", text);
	key = xstrndup(text, (size_t)(eq - text));
	rec_kv_set(&c->client.meta, &c->client.nmeta, key, eq + 1);
	free(key);
	return 0;
}

static void
set_lb(struct agent_config *c, bool on)
{
	if (c->lb == NULL)
		c->lb = xcalloc(1, sizeof *c->lb);
	c->lb->enabled = on;
	c->lb->has_enabled = true;
}

static int
apply(struct agent_args *a, const struct flag *flag, const char *text,
    struct err *err)
{
	bool on = true;

	if (flag->kind != F_ROW && is_bool_row(flag) &&
	    parse_bool(text, &on) == -1)
		return bad_value(flag, text, err);
	switch (flag->kind) {
	case F_ROW:
		return set_row(&a->config, flag, text, err);
	case F_SPLIT:
		split_row(&a->config, flag, text);
		return 0;
	case F_META:
		return set_meta(&a->config, text, err);
	case F_CONFIG:
		if (a->npaths == AGENT_MAX_PATHS)
			return err_set(err, ERR_BAD, "more than %d of -config",
			    AGENT_MAX_PATHS);
		a->paths =
		    xreallocarray(a->paths, a->npaths + 1, sizeof *a->paths);
		a->paths[a->npaths++] = xstrdup(text);
		return 0;
	case F_DEV:
		a->dev = a->dev || on;
		return 0;
	case F_RUN_DIR:
		free(a->run_dir);
		a->run_dir = xstrdup(text);
		return 0;
	case F_LB:
		set_lb(&a->config, on);
		return 0;
	case F_HELP:
		a->help = true;
		return 0;
	case F_IGNORED:
	default:
		return 0;
	}
}

static const struct flag *
flag_named(const char *name, size_t n)
{
	for (size_t i = 0; i < NFLAGS; i++)
		if (strlen(flags[i].name) == n &&
		    strncmp(flags[i].name, name, n) == 0)
			return &flags[i];
	return NULL;
}

/* One flag; returns how many words it took, or -1. */
static int
parse_flag(struct agent_args *a, int argc, char **argv, struct err *err)
{
	const char *name = argv[0] + (argv[0][1] == '-' ? 2 : 1);
	size_t n = strcspn(name, "=");
	const struct flag *flag = flag_named(name, n);

	if (flag == NULL)
		return err_set(err, ERR_BAD,
		    "flag provided but not defined: -%.*s", (int)n, name);
	if (name[n] == '=')
		return apply(a, flag, name + n + 1, err) == -1 ? -1 : 1;
	if (is_bool_row(flag))
		return apply(a, flag, "true", err) == -1 ? -1 : 1;
	if (argc < 2)
		return err_set(
		    err, ERR_BAD, "flag needs an argument: -%s", flag->name);
	return apply(a, flag, argv[1], err) == -1 ? -1 : 2;
}

int
agent_args_parse(struct agent_args *a, int argc, char **argv, struct err *err)
{
	for (int i = 0; i < argc;) {
		int n;

		if (argv[i][0] != '-' || argv[i][1] == '\0')
			return err_set(err, ERR_BAD,
			    "This command takes no arguments: %s", argv[i]);
		n = parse_flag(a, argc - i, argv + i, err);
		if (n == -1)
			return -1;
		i += n;
	}
	return 0;
}

void
agent_args_release(struct agent_args *a)
{
	rec_clear(&agent_config_type, &a->config);
	for (size_t i = 0; i < a->npaths; i++)
		free(a->paths[i]);
	free(a->paths);
	free(a->run_dir);
	*a = (struct agent_args){ 0 };
}

void
agent_args_usage(struct buf *out)
{
	buf_adds(out,
	    "Usage: rove agent [options]\n\n"
	    "  Starts the daemons that a machine needs and keeps them "
	    "running until it is\n  interrupted. The configuration "
	    "is that of Nomad's agent.\n\nOptions:\n\n");
	for (size_t i = 0; i < NFLAGS; i++)
		if (flags[i].says != NULL)
			buf_addf(
			    out, "  -%-20s %s\n", flags[i].name, flags[i].says);
	buf_adds(out, "\n  Further flags of Nomad's agent are accepted; "
		      "rove-agent(1) says what each does.\n");
}
