/*
 * nodeagent.conf: see nodeagent.conf(5).
 */
#ifndef NODEAGENT_CONFIG_H
#define NODEAGENT_CONFIG_H

#include "cmd/nodeagent/docker_options.h"
#include "common/daemon.h"
#include "common/tls.h"

/* What happens to the tasks of a node that leaves. */
struct drain_options {
	bool enabled;
	int64_t deadline; /* ns; 0: none */
	bool force;       /* all goes at once */
	bool ignore_system_jobs;
};
extern const struct rec_type drain_options_type;

struct nodeagent_config {
	struct daemon_config common;
	char *name;
	char *region;
	char *datacenter;
	char *node_class;
	char *node_pool;
	char **servers; /* RPC URLs: "tcp://10.0.0.1:4647" or "ipc://..." */
	size_t nservers;
	char *server_http;    /* where the rest of the API is; "": what the
				 server that answers us says */
	char *http;           /* "127.0.0.1:4646" */
	char *advertise_http; /* "": http */
	char *catalog_http;   /* the catalog; "": none */
	char *alloc_dir;      /* "": data_dir/alloc */
	char *shim;           /* "": beside this program */
	char *network_interface;
	struct rec_kv *meta;
	size_t nmeta;
	bool raw_exec; /* the raw_exec driver is enabled */
	char **denied_envvars;
	size_t ndenied_envvars;
	int64_t max_kill_timeout; /* ns */
	int64_t gc_max_allocs;
	int64_t min_dynamic_port, max_dynamic_port;
	int64_t cpu_total_compute, memory_total_mb, disk_total_mb;
	int64_t reserved_cpu, reserved_memory, reserved_disk;
	char *reserved_ports;
	bool stop_tasks_on_exit;
	bool leave_on_interrupt, leave_on_terminate;
	struct drain_options drain_on_shutdown; /* when it leaves */
	bool publish_allocation_metrics, publish_node_metrics;
	bool include_alloc_metadata_in_metrics;
	char **allowed_metadata_keys_in_metrics; /* none: all */
	size_t nallowed_metadata_keys_in_metrics;
	bool disable_allocation_hook_metrics;
	struct docker_options docker;
	struct tls_config tls;
};

extern const struct rec_type nodeagent_config_type;

void nodeagent_config_init(void *config);
int nodeagent_config_check(const void *config, struct err *err);

#endif
