/*
 * The server { } block of a Nomad agent file. See proto/agent.h.
 */
#ifndef PROTO_AGENT_SERVER_H
#define PROTO_AGENT_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/rec.h"

/* How to find servers to join: server_join { }. */
struct agent_server_join {
	char **start_join;
	size_t nstart_join;
	char **retry_join;
	size_t nretry_join;
	int64_t retry_max;
	int64_t retry_interval;
};

/* server { plan_rejection_tracker { } } */
struct agent_plan_rejection {
	bool enabled;
	bool has_enabled;
	int64_t node_threshold;
	int64_t node_window;
};

/* server { search { } } */
struct agent_search {
	bool fuzzy_enabled;
	int64_t limit_query;
	int64_t limit_results;
	int64_t min_term_length;
};

/* preemption_config { } of the scheduler's config. */
struct agent_preemption {
	bool system_scheduler_enabled;
	bool sysbatch_scheduler_enabled;
	bool batch_scheduler_enabled;
	bool service_scheduler_enabled;
};

/* server { default_scheduler_config { } } */
struct agent_scheduler_config {
	char *scheduler_algorithm;
	struct agent_preemption preemption_config;
	bool memory_oversubscription_enabled;
	bool reject_job_registration;
	bool pause_eval_broker;
	int64_t node_limit_for_feasibility_checks;
};

/* raft_boltdb { }, and boltdb { } of raft_logstore. */
struct agent_raft_bolt {
	bool no_freelist_sync;
};

struct agent_raft_wal {
	int64_t segment_size_mb;
};

struct agent_raft_verification {
	bool enabled;
	char *interval;
};

/* server { raft_logstore { } } */
struct agent_raft_logstore {
	char *backend;
	bool disable_log_cache;
	struct agent_raft_verification *verification;
	struct agent_raft_bolt *boltdb;
	struct agent_raft_wal *wal;
};

/* server { client_introduction { } } */
struct agent_introduction {
	char *enforcement;
	int64_t default_identity_ttl;
	int64_t max_identity_ttl;
};

/* server { } */
struct agent_server {
	bool enabled;
	char *authoritative_region;
	int64_t bootstrap_expect;
	char *data_dir;
	int64_t raft_protocol;
	int64_t raft_multiplier;
	bool has_raft_multiplier;
	int64_t num_schedulers;
	bool has_num_schedulers;
	char **enabled_schedulers;
	size_t nenabled_schedulers;
	char *node_gc_threshold;
	char *job_gc_interval;
	char *job_gc_threshold;
	char *eval_gc_threshold;
	char *batch_eval_gc_threshold;
	char *deployment_gc_threshold;
	char *csi_volume_claim_gc_interval;
	char *csi_volume_claim_gc_threshold;
	char *csi_plugin_gc_threshold;
	char *acl_token_gc_threshold;
	char *root_key_gc_interval;
	char *root_key_gc_threshold;
	char *root_key_rotation_threshold;
	int64_t heartbeat_grace;
	int64_t min_heartbeat_ttl;
	double max_heartbeats_per_second;
	int64_t failover_heartbeat_ttl;
	char **start_join;
	size_t nstart_join;
	char **retry_join;
	size_t nretry_join;
	int64_t retry_max;
	int64_t retry_interval;
	bool rejoin_after_leave;
	bool non_voting_server;
	char *redundancy_zone;
	char *upgrade_version;
	char *encrypt;
	struct agent_server_join server_join;
	struct agent_scheduler_config *default_scheduler_config;
	struct agent_plan_rejection plan_rejection_tracker;
	int64_t plan_apply_pipeline;
	bool enable_event_broker;
	bool has_enable_event_broker;
	int64_t event_buffer_size;
	bool has_event_buffer_size;
	char *license_path;
	char *license_env;
	struct agent_search search;
	double deploy_query_rate_limit;
	struct agent_raft_bolt *raft_boltdb;
	struct agent_raft_logstore *raft_logstore;
	int64_t raft_snapshot_threshold;
	bool has_raft_snapshot_threshold;
	char *raft_snapshot_interval;
	int64_t raft_trailing_logs;
	bool has_raft_trailing_logs;
	int64_t job_default_priority;
	bool has_job_default_priority;
	int64_t job_max_priority;
	bool has_job_max_priority;
	char *job_max_source_size;
	int64_t job_max_count;
	bool has_job_max_count;
	int64_t job_tracked_versions;
	bool has_job_tracked_versions;
	char *oidc_issuer;
	char *start_timeout;
	struct agent_introduction *client_introduction;
	char *log_file;
	bool non_production;
};

extern const struct rec_type agent_server_join_type, agent_plan_rejection_type,
    agent_search_type, agent_preemption_type, agent_scheduler_config_type,
    agent_raft_bolt_type, agent_raft_wal_type, agent_raft_verification_type,
    agent_raft_logstore_type, agent_introduction_type, agent_server_type;

#endif
