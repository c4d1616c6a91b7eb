/*
 * What is asked of a machine and what a machine gives: the part that jobs,
 * nodes and allocations have in common. Names are those of Nomad's API.
 * Megabytes are 2^20 bytes, cpu is in MHz, cores are whole ones.
 */
#ifndef PROTO_RESOURCES_H
#define PROTO_RESOURCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/rec.h"

struct dns_config {
	char **servers;
	size_t nservers;
	char **searches;
	size_t nsearches;
	char **options;
	size_t noptions;
};

struct cni_config {
	struct rec_kv *args;
	size_t nargs;
};

struct port {
	char *label;
	int64_t value;
	int64_t to;
	char *host_network;
	bool ignore_collision;
};

struct port_mapping {
	char *label;
	int64_t value;
	int64_t to;
	char *host_ip;
};

/* A network asked for or given. */
struct network_resource {
	char *mode;
	char *device;
	char *cidr;
	char *ip;
	struct dns_config *dns;
	struct port *reserved_ports;
	size_t nreserved_ports;
	struct port *dynamic_ports;
	size_t ndynamic_ports;
	char *hostname;
	int64_t mbits;
	bool has_mbits;
	struct cni_config *cni;
};

struct constraint {
	char *ltarget;
	char *rtarget;
	char *operand;
};

struct affinity {
	char *ltarget;
	char *rtarget;
	char *operand;
	int64_t weight;
	bool has_weight;
};

struct requested_device {
	char *name;
	uint64_t count;
	bool has_count;
	struct constraint *constraints;
	size_t nconstraints;
	struct affinity *affinities;
	size_t naffinities;
};

struct numa_resource {
	char *affinity;
	char **devices;
	size_t ndevices;
};

/* What a task asks for. */
struct resources {
	int64_t cpu;
	bool has_cpu;
	int64_t cores;
	bool has_cores;
	int64_t memory_mb;
	bool has_memory_mb;
	int64_t memory_max_mb;
	bool has_memory_max_mb;
	int64_t disk_mb;
	bool has_disk_mb;
	struct network_resource *networks;
	size_t nnetworks;
	struct requested_device *devices;
	size_t ndevices;
	struct numa_resource *numa;
	int64_t secrets_mb;
	bool has_secrets_mb;
	int64_t iops;
	bool has_iops;
};

struct resources_entry {
	char *key;
	struct resources value;
};

struct allocated_cpu_resources {
	int64_t cpu_shares;
	int64_t *reserved_cores;
	size_t nreserved_cores;
};

struct allocated_memory_resources {
	int64_t memory_mb;
	int64_t memory_max_mb;
};

struct allocated_device_resource {
	char *vendor;
	char *type;
	char *name;
	char **device_ids;
	size_t ndevice_ids;
};

struct allocated_task_resources {
	char *key;
	struct allocated_cpu_resources cpu;
	struct allocated_memory_resources memory;
	struct network_resource *networks;
	size_t nnetworks;
	struct allocated_device_resource *devices;
	size_t ndevices;
};

struct allocated_shared_resources {
	int64_t disk_mb;
	struct network_resource *networks;
	size_t nnetworks;
	struct port_mapping *ports;
	size_t nports;
};

/* When a task runs that is not a main one; see struct task. */
struct task_lifecycle {
	char *hook;
	bool sidecar;
};
struct task_lifecycle_entry {
	char *key;
	struct task_lifecycle *value; /* NULL: a main task */
};

/* What was given, by task and shared. */
struct allocated_resources {
	struct allocated_task_resources *tasks;
	size_t ntasks;
	struct task_lifecycle_entry *task_lifecycles;
	size_t ntask_lifecycles;
	struct allocated_shared_resources shared;
};

extern const struct rec_type dns_config_type, cni_config_type, port_type,
    port_mapping_type, network_resource_type, constraint_type, affinity_type,
    requested_device_type, numa_resource_type, resources_type,
    resources_entry_type, allocated_cpu_resources_type,
    allocated_memory_resources_type, allocated_device_resource_type,
    allocated_task_resources_type, allocated_shared_resources_type,
    task_lifecycle_type, task_lifecycle_entry_type, allocated_resources_type;

#endif
