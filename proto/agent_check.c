#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "proto/agent.h"

#define MAX_PORT 65535

static const char *
text_of(const char *s)
{
	return s == NULL ? "" : s;
}

static int
say(struct buf *ui, const char *text)
{
	buf_addf(ui, "%s\n", text);
	return -1;
}

static int
check_dirs(const struct agent_config *c, struct buf *ui)
{
	const struct {
		const char *name, *dir;
	} dirs[] = { { "data-dir", c->data_dir },
		{ "plugin-dir", c->plugin_dir },
		{ "alloc-dir", c->client.alloc_dir },
		{ "alloc-mounts-dir", c->client.alloc_mounts_dir },
		{ "state-dir", c->client.state_dir } };

	for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++)
		if (text_is_set(dirs[i].dir) && dirs[i].dir[0] != '/') {
			buf_addf(ui,
			    "%s must be given as an absolute path: got %s\n",
			    dirs[i].name, dirs[i].dir);
			return -1;
		}
	for (size_t i = 0; i < c->client.nhost_volumes; i++)
		if (!text_is_set(c->client.host_volumes[i].path))
			return say(ui, "Missing path in host_volume config");
	if (c->dev_mode || text_is_set(c->data_dir))
		return 0;
	if (c->server.enabled)
		return say(ui, "Must specify \"data_dir\" config option or "
			       "\"data-dir\" CLI flag");
	if (c->client.enabled && (!text_is_set(c->client.alloc_dir) ||
				     !text_is_set(c->client.state_dir) ||
				     !text_is_set(c->client.alloc_mounts_dir) ||
				     !text_is_set(c->plugin_dir)))
		return say(ui, "Must specify the state, alloc-dir, "
			       "alloc-mounts-dir and plugin-dir if data-dir is "
			       "omitted.");
	return 0;
}

static int
check_ports(const struct agent_client *c, struct buf *ui)
{
	int64_t low = c->min_dynamic_port, high = c->max_dynamic_port;

	if (low < 0 || low > MAX_PORT)
		buf_addf(ui,
		    "Invalid dynamic port range: min_dynamic_port=%" PRId64
		    "\n",
		    low);
	else if (high < 0 || high > MAX_PORT)
		buf_addf(ui,
		    "Invalid dynamic port range: max_dynamic_port=%" PRId64
		    "\n",
		    high);
	else if (low > high)
		buf_addf(ui,
		    "Invalid dynamic port range: min_dynamic_port=%" PRId64
		    " and max_dynamic_port=%" PRId64 "\n",
		    low, high);
	else
		return 0;
	return -1;
}

/* A port, or a range of them; 0, or -1 and why not. */
static int
check_range(const char *text, size_t n, struct err *err)
{
	char copy[64], *dash, *end;
	uint64_t low, high;

	if (n == 0)
		return err_set(err, ERR_BAD, "can't specify empty port");
	if (n >= sizeof copy)
		return err_set(err, ERR_BAD, "a port of %zu digits", n);
	memcpy(copy, text, n);
	copy[n] = '\0';
	dash = strchr(copy, '-');
	if (dash != NULL && strchr(dash + 1, '-') != NULL)
		return err_set(err, ERR_BAD,
		    "can only parse single port numbers or port ranges (ex. "
		    "80,100-120,150)");
	if (dash != NULL)
		*dash = '\0';
	low = strtoull(copy, &end, 10);
	if (*end != '\0' || end == copy)
		return err_set(err, ERR_BAD,
		    "strconv.ParseUint: parsing \"%s\": invalid syntax", copy);
	high = dash == NULL ? low : strtoull(dash + 1, &end, 10);
	if (dash != NULL && (*end != '\0' || end == dash + 1))
		return err_set(err, ERR_BAD,
		    "strconv.ParseUint: parsing \"%s\": invalid syntax",
		    dash + 1);
	if (high < low)
		return err_set(err, ERR_BAD,
		    "invalid range: starting value (%" PRIu64
		    ") less than ending (%" PRIu64 ") value",
		    high, low);
	if (high > MAX_PORT)
		return err_set(err, ERR_BAD,
		    "port must be < %d but found %" PRIu64, MAX_PORT, high);
	return 0;
}

static int
check_reserved(const char *what, const char *ports, struct buf *ui)
{
	struct err err;

	for (const char *p = text_of(ports); text_is_set(ports); p++) {
		size_t n;

		p += strspn(p, " ");
		n = strcspn(p, ",");
		if (check_range(p, n, &err) == -1) {
			buf_addf(ui, "%s \"%s\" invalid: %s\n", what, ports,
			    err.text);
			return -1;
		}
		p += n;
		if (*p == '\0')
			break;
	}
	return 0;
}

/* The artifact block's durations and the node pool. */
static int
check_client(const struct agent_client *c, struct buf *ui)
{
	const struct {
		const char *name, *text;
	} durs[] = { { "http_read_timeout", c->artifact.http_read_timeout },
		{ "gcs_timeout", c->artifact.gcs_timeout },
		{ "git_timeout", c->artifact.git_timeout },
		{ "hg_timeout", c->artifact.hg_timeout },
		{ "s3_timeout", c->artifact.s3_timeout } };
	const char *pool = text_of(c->node_pool);
	int64_t ns;

	if (check_reserved("reserved.reserved_ports",
		c->reserved.reserved_ports, ui) == -1)
		return -1;
	for (size_t i = 0; i < c->nhost_networks; i++)
		if (check_reserved("host_network.reserved_ports",
			c->host_networks[i].reserved_ports, ui) == -1)
			return -1;
	for (size_t i = 0; i < sizeof durs / sizeof durs[0]; i++)
		if (durs[i].text != NULL &&
		    clock_parse_dur(durs[i].text, &ns) == -1) {
			buf_addf(ui,
			    "client.artifact block invalid: %s not a valid "
			    "duration: time: invalid duration \"%s\"\n",
			    durs[i].name, durs[i].text);
			return -1;
		}
	if (strcmp(pool, "all") == 0)
		return say(ui, "Invalid node pool: node is not allowed to "
			       "register in node pool \"all\"");
	if (strspn(pool, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			 "0123456789-_") != strlen(pool) ||
	    strlen(pool) > 128) {
		buf_addf(ui,
		    "Invalid node pool: invalid name \"%s\", must match regex "
		    "^[a-zA-Z0-9-_]{1,128}$\n",
		    pool);
		return -1;
	}
	return 0;
}

static int
check_telemetry(const struct agent_telemetry *t, struct buf *ui)
{
	int64_t interval, keep;

	if (!text_is_set(t->in_memory_collection_interval) ||
	    !text_is_set(t->in_memory_retention_period) ||
	    clock_parse_dur(t->in_memory_collection_interval, &interval) ==
		-1 ||
	    clock_parse_dur(t->in_memory_retention_period, &keep) == -1 ||
	    interval <= keep)
		return 0;
	return say(ui, "telemetry block invalid: telemetry in-memory "
		       "collection interval cannot be greater than retention "
		       "period");
}

/* The place of the first byte that is no base64; -1 when there is none. */
static int64_t
bad_base64(const char *text)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "abcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t n = strlen(text), good = strspn(text, set), pad;

	pad = strspn(text + good, "=");
	if (good + pad < n || pad > 2)
		return (int64_t)(good + pad < n ? good + pad : good);
	return n % 4 == 0 ? -1 : (int64_t)n;
}

static int
check_encrypt(const char *key, struct buf *ui)
{
	int64_t bad;

	if (!text_is_set(key))
		return 0;
	bad = bad_base64(key);
	if (bad != -1) {
		buf_addf(ui,
		    "Invalid encryption key: illegal base64 data at input byte "
		    "%" PRId64 "\n",
		    bad);
		return -1;
	}
	return 0;
}

static int
check_bootstrap(const struct agent_config *c, int64_t flag, struct buf *ui)
{
	if (!c->server.enabled && flag > 0)
		return say(ui, "Bootstrap requires server mode to be enabled");
	if (c->dev_mode || !c->server.enabled)
		return 0;
	if (c->server.bootstrap_expect == 1)
		say(ui, "WARNING: Bootstrap mode enabled! Potentially unsafe "
			"operation.");
	if (c->server.bootstrap_expect % 2 == 0)
		say(ui, "WARNING: Number of bootstrap servers should ideally "
			"be set to an odd number.");
	return 0;
}

static bool
has_tls(const struct agent_tls *t)
{
	return t->http || t->rpc || t->verify_server_hostname ||
	       t->verify_https_client || t->rpc_upgrade_mode ||
	       text_is_set(t->ca_file) || text_is_set(t->cert_file) ||
	       text_is_set(t->key_file) || text_is_set(t->server_ca_file);
}

int
agent_config_check(
    const struct agent_config *c, int64_t bootstrap_flag, struct buf *ui)
{
	if (!c->server.enabled && !c->client.enabled)
		return say(ui, "Must specify either server, client or dev mode "
			       "for the agent.");
	if (check_telemetry(&c->telemetry, ui) == -1)
		return -1;
	if (strchr(text_of(c->datacenter), '*') != NULL)
		return say(ui, "Datacenter contains invalid characters");
	if (!has_tls(&c->tls) && !c->dev_mode)
		say(ui, "WARNING: mTLS is not configured - rove is not secure "
			"without mTLS!");
	if (check_encrypt(c->server.encrypt, ui) == -1 ||
	    check_dirs(c, ui) == -1 || check_ports(&c->client, ui) == -1 ||
	    check_client(&c->client, ui) == -1)
		return -1;
	return check_bootstrap(c, bootstrap_flag, ui);
}
