/*
 * schedd.conf: see schedd.conf(5).
 */
#ifndef SCHEDD_CONFIG_H
#define SCHEDD_CONFIG_H

#include "common/daemon.h"
#include "common/tls.h"
#include "proto/autopilot.h"

/* What holds of autopilot.h until an operator says otherwise. */
struct schedd_autopilot {
	bool cleanup_dead_servers;
	int64_t last_contact_threshold; /* ns */
	int64_t max_trailing_logs;
	int64_t min_quorum;
	int64_t server_stabilization_time; /* ns */
};

struct schedd_config {
	struct daemon_config common;
	char *name; /* of this server */
	char *region;
	char *datacenter;
	char *http; /* "127.0.0.1:4646" */
	char *rpc;  /* for nodes: "127.0.0.1:4647"; "": only the local one */
	char *advertise_rpc; /* "": rpc */
	char *raft; /* for other servers: "127.0.0.1:4645"; "": that, or none
		       where bootstrap_expect is 1: see schedd_config_raft() */
	char *advertise_raft; /* "": raft */
	/* How many servers form a new cluster; 1: this one alone; 0: none, it
	 * waits to be added to one. */
	int64_t bootstrap_expect;
	char *node_http;   /* a nodeagent on this machine: its part of
			      agent/self is merged in; "": none */
	int64_t serf_port; /* shown for this server while no gossipd says
			      where it listens */
	struct tls_config tls;
	struct schedd_autopilot autopilot;
	/* Leases; see sched_core_opts. */
	int64_t lease_min, lease_grace, failover_ttl; /* ns */
	int64_t lease_rate; /* a second, of all nodes together */
	int64_t gc_interval, job_gc_interval, eval_gc_threshold,
	    batch_eval_gc_threshold, job_gc_threshold, node_gc_threshold,
	    deployment_gc_threshold;
	/* Snapshots of the state. */
	int64_t snapshot_entries; /* after so many log entries */
	int64_t trailing_entries; /* kept behind it, for servers that lag */
	/* No numbers of the jobs that parameterized ones have dispatched. */
	bool disable_dispatched_job_summary_metrics;
};

extern const struct rec_type schedd_autopilot_type, schedd_config_type;

void schedd_config_init(void *config);
/* Where other servers are heard: "host:port"; "": nowhere, it is alone. */
const char *schedd_config_raft(const struct schedd_config *c);
/* As the cluster's state has it. */
void schedd_config_autopilot(
    const struct schedd_config *c, struct autopilot_configuration *out);
int schedd_config_check(const void *config, struct err *err);

#endif
