#include "cmd/schedd/config.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "cmd/schedd/core.h"
#include "common/clock.h"
#include "common/mem.h"
#include "common/raft/raft.h"

#define CONFIG_RAFT_ADDR_MAX (RAFT_ADDR_MAX - 6) /* "tcp://" comes before */
#define CONFIG_REGION_MAX    63

static const struct rec_field schedd_autopilot_fields[] = {
	REC_BOOL(struct schedd_autopilot, 1, cleanup_dead_servers,
	    "CleanupDeadServers"),
	REC_DUR(struct schedd_autopilot, 2, last_contact_threshold,
	    "LastContactThreshold"),
	REC_I64(
	    struct schedd_autopilot, 3, max_trailing_logs, "MaxTrailingLogs"),
	REC_I64(struct schedd_autopilot, 4, min_quorum, "MinQuorum"),
	REC_DUR(struct schedd_autopilot, 5, server_stabilization_time,
	    "ServerStabilizationTime"),
};
const struct rec_type schedd_autopilot_type =
    REC_TYPE(schedd_autopilot, schedd_autopilot_fields);

static const struct rec_field schedd_config_fields[] = {
	DAEMON_CONFIG_ROWS(struct schedd_config),
	REC_STR(struct schedd_config, 1, name, "Name"),
	REC_STR(struct schedd_config, 2, region, "Region"),
	REC_STR(struct schedd_config, 3, datacenter, "Datacenter"),
	REC_STR(struct schedd_config, 4, http, "HTTP"),
	REC_STR(struct schedd_config, 5, rpc, "RPC"),
	REC_STR(struct schedd_config, 6, advertise_rpc, "AdvertiseRPC"),
	REC_STR(struct schedd_config, 20, raft, "Raft"),
	REC_STR(struct schedd_config, 21, advertise_raft, "AdvertiseRaft"),
	REC_I64(struct schedd_config, 22, bootstrap_expect, "BootstrapExpect"),
	REC_STR(struct schedd_config, 7, node_http, "NodeHTTP"),
	REC_I64(struct schedd_config, 19, serf_port, "SerfPort"),
	REC_REC(struct schedd_config, 61, tls, tls_config, "TLS"),
	REC_REC(
	    struct schedd_config, 64, autopilot, schedd_autopilot, "Autopilot"),
	REC_DUR(struct schedd_config, 8, lease_min, "LeaseMin"),
	REC_DUR(struct schedd_config, 9, lease_grace, "LeaseGrace"),
	REC_DUR(struct schedd_config, 10, failover_ttl, "FailoverTTL"),
	REC_I64(struct schedd_config, 11, lease_rate, "LeaseRate"),
	REC_DUR(struct schedd_config, 12, gc_interval, "GCInterval"),
	REC_DUR(struct schedd_config, 40, job_gc_interval, "JobGCInterval"),
	REC_DUR(struct schedd_config, 13, eval_gc_threshold, "EvalGCThreshold"),
	REC_DUR(struct schedd_config, 14, batch_eval_gc_threshold,
	    "BatchEvalGCThreshold"),
	REC_DUR(struct schedd_config, 15, job_gc_threshold, "JobGCThreshold"),
	REC_DUR(struct schedd_config, 16, node_gc_threshold, "NodeGCThreshold"),
	REC_DUR(struct schedd_config, 17, deployment_gc_threshold,
	    "DeploymentGCThreshold"),
	REC_I64(struct schedd_config, 18, snapshot_entries, "SnapshotEntries"),
	REC_I64(struct schedd_config, 63, trailing_entries, "TrailingEntries"),
	REC_BOOL(struct schedd_config, 60,
	    disable_dispatched_job_summary_metrics,
	    "DisableDispatchedJobSummaryMetrics"),
};
const struct rec_type schedd_config_type =
    REC_TYPE(schedd_config, schedd_config_fields);

void
schedd_config_init(void *config)
{
	struct schedd_config *c = config;
	struct sched_core_opts o;
	struct autopilot_configuration pilot;
	char host[256] = "localhost";

	gethostname(host, sizeof host - 1);
	sched_core_opts_init(&o);
	c->name = xstrdup(host);
	c->region = xstrdup("global");
	c->datacenter = xstrdup("dc1");
	c->http = xstrdup("127.0.0.1:4646");
	c->rpc = xstrdup("127.0.0.1:4647");
	c->advertise_rpc = xstrdup("");
	c->raft = xstrdup("");
	c->advertise_raft = xstrdup("");
	c->bootstrap_expect = 1;
	c->node_http = xstrdup("");
	c->serf_port = 4648;
	tls_config_init(&c->tls);
	autopilot_init(&pilot);
	c->autopilot = (struct schedd_autopilot){ pilot.cleanup_dead_servers,
		pilot.last_contact_threshold, (int64_t)pilot.max_trailing_logs,
		(int64_t)pilot.min_quorum, pilot.server_stabilization_time };
	c->lease_min = (int64_t)o.lease_min_ms * CLOCK_NS_PER_MS;
	c->lease_grace = (int64_t)o.lease_grace_ms * CLOCK_NS_PER_MS;
	c->failover_ttl = (int64_t)o.failover_ttl_ms * CLOCK_NS_PER_MS;
	c->lease_rate = (int64_t)o.lease_rate;
	c->gc_interval = (int64_t)o.gc_interval_ms * CLOCK_NS_PER_MS;
	c->job_gc_interval = (int64_t)o.job_gc_interval_ms * CLOCK_NS_PER_MS;
	c->eval_gc_threshold = o.gc_eval_ns;
	c->batch_eval_gc_threshold = o.gc_batch_eval_ns;
	c->job_gc_threshold = o.gc_job_ns;
	c->node_gc_threshold = o.gc_node_ns;
	c->deployment_gc_threshold = o.gc_deployment_ns;
	c->snapshot_entries = 8192;
	c->trailing_entries = 4096;
}

void
schedd_config_autopilot(
    const struct schedd_config *c, struct autopilot_configuration *out)
{
	const struct schedd_autopilot *a = &c->autopilot;

	autopilot_init(out);
	out->cleanup_dead_servers = a->cleanup_dead_servers;
	out->last_contact_threshold = a->last_contact_threshold;
	out->max_trailing_logs = (uint64_t)a->max_trailing_logs;
	out->min_quorum = (uint64_t)a->min_quorum;
	out->server_stabilization_time = a->server_stabilization_time;
}

/* As the API refuses it. */
static int
check_autopilot(const struct schedd_config *c, struct err *err)
{
	struct autopilot_configuration pilot;

	if (c->autopilot.max_trailing_logs < 0 || c->autopilot.min_quorum < 0)
		return err_set(
		    err, ERR_BAD, "autopilot: a number must not be negative");
	schedd_config_autopilot(c, &pilot);
	if (autopilot_check(&pilot, err) == -1)
		return err_add(err, "autopilot");
	return 0;
}

const char *
schedd_config_raft(const struct schedd_config *c)
{
	if (*c->raft != '\0')
		return c->raft;
	return c->bootstrap_expect == 1 ? "" : "127.0.0.1:4645";
}

/* What other servers are told must lead here. */
static int
check_raft(const struct schedd_config *c, struct err *err)
{
	const char *raft = schedd_config_raft(c);
	const char *told =
	    *c->advertise_raft != '\0' ? c->advertise_raft : raft;

	if (c->bootstrap_expect < 0 || c->bootstrap_expect > RAFT_SERVERS_MAX)
		return err_set(err, ERR_BAD,
		    "bootstrap_expect: expected 0 to %d servers, found "
		    "%" PRId64,
		    RAFT_SERVERS_MAX, c->bootstrap_expect);
	if (*raft == '\0')
		return 0;
	if (strchr(raft, ':') == NULL)
		return err_set(err, ERR_BAD,
		    "raft: \"%s\" is no address like 127.0.0.1:4645", raft);
	if (strchr(told, ':') == NULL || strlen(told) > CONFIG_RAFT_ADDR_MAX)
		return err_set(err, ERR_BAD,
		    "advertise_raft: \"%s\" is no address like 10.0.0.1:4645",
		    told);
	if (strncmp(told, "0.0.0.0:", 8) == 0 || strncmp(told, "[::]:", 5) == 0)
		return err_set(err, ERR_BAD,
		    "advertise_raft: other servers cannot reach \"%s\"", told);
	return 0;
}

int
schedd_config_check(const void *config, struct err *err)
{
	const struct schedd_config *c = config;
	const int64_t positive[] = { c->lease_min, c->lease_grace,
		c->failover_ttl, c->lease_rate, c->snapshot_entries,
		c->trailing_entries };
	static const char *const names[] = { "lease_min", "lease_grace",
		"failover_ttl", "lease_rate", "snapshot_entries",
		"trailing_entries" };

	if (*c->region == '\0' || strlen(c->region) > CONFIG_REGION_MAX ||
	    strpbrk(c->region, " \t\r\n\"") != NULL)
		return err_set(err, ERR_BAD,
		    "region: expected a word of at most %d letters, found "
		    "\"%s\"",
		    CONFIG_REGION_MAX, c->region);
	if (strchr(c->http, ':') == NULL)
		return err_set(err, ERR_BAD,
		    "http: \"%s\" is no address like 127.0.0.1:4646", c->http);
	if (*c->rpc != '\0' && strchr(c->rpc, ':') == NULL)
		return err_set(err, ERR_BAD,
		    "rpc: \"%s\" is no address like 127.0.0.1:4647", c->rpc);
	if (check_raft(c, err) == -1 || check_autopilot(c, err) == -1)
		return -1;
	if (c->serf_port < 1 || c->serf_port > 65535)
		return err_set(err, ERR_BAD,
		    "serf_port: %" PRId64 " is no port", c->serf_port);
	for (size_t i = 0; i < sizeof positive / sizeof positive[0]; i++)
		if (positive[i] <= 0)
			return err_set(
			    err, ERR_BAD, "%s must be positive", names[i]);
	if (tls_config_check(&c->tls, TLS_SERVER, c->region, err) == -1)
		return -1;
	/* Last, so that what is given and wrong is heard of first. */
	if (c->common.data_dir == NULL || *c->common.data_dir == '\0')
		return err_set(err, ERR_BAD,
		    "data_dir is missing: an absolute path is needed");
	return 0;
}
