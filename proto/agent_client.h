/*
 * The client { } block of a Nomad agent file. See proto/agent.h.
 */
#ifndef PROTO_AGENT_CLIENT_H
#define PROTO_AGENT_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/rec.h"
#include "proto/agent_server.h"

/* client { artifact { } } */
struct agent_artifact {
	char *http_read_timeout;
	char *http_max_size;
	char *gcs_timeout;
	char *git_timeout;
	char *hg_timeout;
	char *s3_timeout;
	int64_t decompression_file_count_limit;
	bool has_decompression_file_count_limit;
	char *decompression_size_limit;
	bool disable_artifact_inspection;
	bool has_disable_artifact_inspection;
	bool disable_filesystem_isolation;
	bool has_disable_filesystem_isolation;
	char **filesystem_isolation_extra_paths;
	size_t nfilesystem_isolation_extra_paths;
	char *set_environment_variables;
};

/* template { wait { } } */
struct agent_wait {
	char *min_text;
	char *max_text;
	int64_t min;
	bool has_min;
	int64_t max;
	bool has_max;
};

/* template { nomad_retry { } } and its siblings. */
struct agent_retry {
	int64_t attempts;
	bool has_attempts;
	char *backoff_text;
	int64_t backoff;
	bool has_backoff;
	char *max_backoff_text;
	int64_t max_backoff;
	bool has_max_backoff;
};

/* client { template { } } */
struct agent_template {
	char **function_denylist;
	size_t nfunction_denylist;
	bool disable_file_sandbox;
	char *max_stale_text;
	int64_t max_stale;
	bool has_max_stale;
	char *block_query_wait_text;
	int64_t block_query_wait;
	bool has_block_query_wait;
	struct agent_wait wait;
	struct agent_wait *wait_bounds;
	struct agent_retry consul_retry;
	struct agent_retry vault_retry;
	struct agent_retry nomad_retry;
	bool use_client_consul_token;
	bool has_use_client_consul_token;
	char *vault_lease_text;
	int64_t vault_lease;
	bool has_vault_lease;
};

/* client { reserved { } } */
struct agent_reserved {
	int64_t cpu;
	int64_t memory;
	int64_t disk;
	char *reserved_ports;
	char *cores;
};

/* client { users { } } */
struct agent_users {
	int64_t dynamic_user_min;
	bool has_dynamic_user_min;
	int64_t dynamic_user_max;
	bool has_dynamic_user_max;
};

/* client { drain_on_shutdown { } } */
struct agent_drain_on_shutdown {
	char *deadline;
	bool force;
	bool has_force;
	bool ignore_system_jobs;
	bool has_ignore_system_jobs;
};

/* client { host_volume "name" { } } */
struct agent_host_volume {
	char *name;
	char *path;
	bool read_only;
	char *id;
};

/* client { host_network "name" { } } */
struct agent_host_network {
	char *name;
	char *cidr;
	char *iface;
	char *reserved_ports;
};

/* client { fingerprint "name" { } } */
struct agent_fingerprint {
	char *name;
	char *retry_interval_text;
	int64_t retry_interval;
	int64_t retry_attempts;
	bool exit_on_failure;
	bool has_exit_on_failure;
};

/* client { } */
struct agent_client {
	bool enabled;
	char *state_dir;
	char *alloc_dir;
	char *alloc_mounts_dir;
	char *host_volumes_dir;
	char *host_volume_plugin_dir;
	char *common_plugin_dir;
	char **servers;
	size_t nservers;
	char *node_class;
	char *node_pool;
	struct rec_kv *options;
	size_t noptions;
	struct rec_kv *meta;
	size_t nmeta;
	struct rec_kv *chroot_env;
	size_t nchroot_env;
	char *network_interface;
	char *preferred_address_family;
	int64_t network_speed;
	bool cpu_disable_dmidecode;
	int64_t cpu_total_compute;
	int64_t memory_total_mb;
	int64_t disk_total_mb;
	int64_t disk_free_mb;
	char *reservable_cores;
	char *max_kill_timeout;
	int64_t client_max_port;
	int64_t client_min_port;
	int64_t max_dynamic_port;
	int64_t min_dynamic_port;
	struct agent_reserved reserved;
	int64_t node_max_allocs;
	int64_t gc_interval;
	int64_t gc_parallel_destroys;
	double gc_disk_usage_threshold;
	double gc_inode_usage_threshold;
	int64_t gc_max_allocs;
	bool gc_volumes_on_node_gc;
	bool no_host_uuid;
	bool has_no_host_uuid;
	bool disable_remote_exec;
	struct agent_template template;
	struct agent_server_join server_join;
	struct agent_host_volume *host_volumes;
	size_t nhost_volumes;
	char *cni_path;
	char *cni_config_dir;
	char *bridge_network_name;
	char *bridge_network_subnet;
	char *bridge_network_subnet_ipv6;
	bool bridge_network_hairpin_mode;
	struct agent_host_network *host_networks;
	size_t nhost_networks;
	bool bind_wildcard_default_host_network;
	char *cgroup_parent;
	bool nomad_service_discovery;
	bool has_nomad_service_discovery;
	struct agent_artifact artifact;
	struct agent_drain_on_shutdown *drain_on_shutdown;
	struct agent_users users;
	struct agent_fingerprint *fingerprints;
	size_t nfingerprints;
	char *intro_token;
	bool default_ineligible;
	char *log_file;
};

extern const struct rec_type agent_artifact_type, agent_wait_type,
    agent_retry_type, agent_template_type, agent_reserved_type,
    agent_users_type, agent_drain_on_shutdown_type, agent_host_volume_type,
    agent_host_network_type, agent_fingerprint_type, agent_client_type;

#endif
