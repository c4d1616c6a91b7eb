/*
 * The config block of a docker task. Names are Nomad's.
 *
 * Pure. What is not set is zero and left to the engine, unless the comment
 * says otherwise.
 */
#ifndef NODEAGENT_DOCKER_CONFIG_H
#define NODEAGENT_DOCKER_CONFIG_H

#include "cmd/nodeagent/docker_auth.h"
#include "cmd/nodeagent/taskenv.h"
#include "common/rec.h"

struct docker_device {
	char *host_path;
	char *container_path;     /* "": host_path */
	char *cgroup_permissions; /* "": "rwm" */
};

struct docker_healthchecks {
	bool disable; /* the image's own check */
};

struct docker_logging {
	char *type; /* wins over driver, which is its newer name */
	char *driver;
	struct rec_kv *config;
	size_t nconfig;
};

struct docker_bind_options {
	char *propagation;
};

struct docker_tmpfs_options {
	int64_t size; /* bytes */
	int64_t mode;
};

struct docker_volume_driver {
	char *name;
	struct rec_kv *options;
	size_t noptions;
};

struct docker_mount_volume {
	bool no_copy;
	struct rec_kv *labels;
	size_t nlabels;
	struct docker_volume_driver *driver_config;
};

struct docker_mount {
	char *type; /* "bind", "tmpfs", "volume"; "": volume */
	char *target;
	char *source;
	bool readonly;
	struct docker_bind_options *bind_options;
	struct docker_tmpfs_options *tmpfs_options;
	struct docker_mount_volume *volume_options;
};

struct docker_config {
	char *image;
	char *advertise_ipv6_address;
	char **args;
	size_t nargs;
	struct docker_auth *auth;
	bool auth_soft_fail; /* without who we are, ask as nobody */
	char **cap_add;
	size_t ncap_add;
	char **cap_drop;
	size_t ncap_drop;
	char *cgroupns;
	char *command;
	int64_t container_exists_attempts; /* 0: the options' */
	int64_t cpu_cfs_period;            /* us */
	bool cpu_hard_limit;
	char *cpuset_cpus;
	struct docker_device *devices;
	size_t ndevices;
	char **dns_options;
	size_t ndns_options;
	char **dns_search_domains;
	size_t ndns_search_domains;
	char **dns_servers;
	size_t ndns_servers;
	char **entrypoint;
	size_t nentrypoint;
	char **extra_hosts; /* "name:address" */
	size_t nextra_hosts;
	bool force_pull;
	char **group_add;
	size_t ngroup_add;
	struct docker_healthchecks healthchecks;
	char *hostname;
	char *image_pull_timeout; /* a duration; "": five minutes */
	bool init;
	bool interactive;
	char *ipc_mode;
	char *ipv4_address;
	char *ipv6_address;
	char *isolation;
	struct rec_kv *labels;
	size_t nlabels;
	char *load; /* an archive in the task's local directory */
	struct docker_logging logging;
	char *mac_address;
	int64_t memory_hard_limit; /* MB */
	struct docker_mount *mount;
	size_t nmount;
	struct docker_mount *mounts; /* as mount, from a list of objects */
	size_t nmounts;
	char **network_aliases;
	size_t nnetwork_aliases;
	char *network_mode;
	int64_t oom_score_adj;
	char *pid_mode;
	int64_t pids_limit;
	struct rec_ki *port_map; /* a task network's port, by label */
	size_t nport_map;
	char **ports; /* labels */
	size_t nports;
	bool privileged;
	bool readonly_rootfs;
	char *runtime;
	char **security_opt;
	size_t nsecurity_opt;
	int64_t shm_size; /* bytes */
	struct rec_kv *storage_opt;
	size_t nstorage_opt;
	struct rec_kv *sysctl;
	size_t nsysctl;
	bool tty;
	struct rec_kv *ulimit; /* "nofile" to "1024:2048" or "1024" */
	size_t nulimit;
	char *userns_mode;
	char *uts_mode;
	char *volume_driver;
	char **volumes; /* "source:target[:mode]" */
	size_t nvolumes;
	bool windows_allow_insecure_container_admin; /* nothing, here */
	char *work_dir;
};

extern const struct rec_type docker_device_type, docker_healthchecks_type,
    docker_logging_type, docker_bind_options_type, docker_tmpfs_options_type,
    docker_volume_driver_type, docker_mount_volume_type, docker_mount_type,
    docker_config_type;

#define DOCKER_PULL_TIMEOUT_NS INT64_C(300000000000) /* of a whole pull */

/*
 * The config with its text expanded, NULL env: as written. rec_clear() it
 * with docker_config_type. Refuses unknown options, wrong kinds and what is
 * wrong whatever the options of the node say.
 */
int docker_config_read(struct docker_config *c, const struct tree *config,
    const struct taskenv *env, struct err *err);

/* The same question for a struct driver, before anything is expanded. */
int docker_config_check(const struct tree *config, struct err *err);

/* image_pull_timeout in ns. */
int64_t docker_config_pull_timeout(const struct docker_config *c);

#endif
