/*
 * A node: one machine that runs tasks, what it has and how it fares.
 */
#ifndef PROTO_NODE_H
#define PROTO_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/rec.h"
#include "proto/resources.h"

struct node_network_address {
	char *family;
	char *alias;
	char *address;
	char *reserved_ports;
	char *gateway;
};

struct node_network_resource {
	char *mode;
	char *device;
	char *mac_address;
	int64_t speed;
	struct node_network_address *addresses;
	size_t naddresses;
};

struct node_device_instance {
	char *id;
	bool healthy;
	char *health_description;
};

struct node_device_resource {
	char *vendor;
	char *type;
	char *name;
	struct node_device_instance *instances;
	size_t ninstances;
	struct tree *attributes;
};

struct node_cpu_resources {
	int64_t cpu_shares;
	uint64_t total_cpu_cores;
	int64_t *reservable_cpu_cores;
	size_t nreservable_cpu_cores;
};

struct node_memory_resources {
	int64_t memory_mb;
};

struct node_disk_resources {
	int64_t disk_mb;
};

struct node_resources {
	struct node_cpu_resources cpu;
	struct node_memory_resources memory;
	struct node_disk_resources disk;
	struct network_resource *networks;
	size_t nnetworks;
	struct node_network_resource *node_networks;
	size_t nnode_networks;
	struct node_device_resource *devices;
	size_t ndevices;
	int64_t min_dynamic_port;
	int64_t max_dynamic_port;
};

struct node_reserved_cpu_resources {
	uint64_t cpu_shares;
};

struct node_reserved_memory_resources {
	uint64_t memory_mb;
};

struct node_reserved_disk_resources {
	uint64_t disk_mb;
};

struct node_reserved_network_resources {
	char *reserved_host_ports;
};

struct node_reserved_resources {
	struct node_reserved_cpu_resources cpu;
	struct node_reserved_memory_resources memory;
	struct node_reserved_disk_resources disk;
	struct node_reserved_network_resources networks;
};

struct driver_info {
	char *key;
	struct rec_kv *attributes;
	size_t nattributes;
	bool detected;
	bool healthy;
	char *health_description;
	int64_t update_time;
};

struct host_volume_info {
	char *key;
	char *path;
	bool read_only;
	char *id;
};

struct host_network_info {
	char *key;
	char *name;
	char *cidr;
	char *interface;
	char *reserved_ports;
};

struct node_event {
	char *message;
	char *subsystem;
	struct rec_kv *details;
	size_t ndetails;
	int64_t timestamp;
	uint64_t create_index;
};

struct drain_strategy {
	int64_t deadline;
	bool ignore_system_jobs;
	int64_t force_deadline;
	int64_t started_at;
};

struct drain_metadata {
	int64_t started_at;
	int64_t updated_at;
	char *status;
	char *accessor_id;
	struct rec_kv *meta;
	size_t nmeta;
};

struct node {
	char *id;
	char *datacenter;
	char *name;
	char *http_addr;
	bool tls_enabled;
	struct rec_kv *attributes;
	size_t nattributes;
	struct resources *resources;
	struct resources *reserved;
	struct node_resources *node_resources;
	struct node_reserved_resources *reserved_resources;
	struct rec_kv *links;
	size_t nlinks;
	struct rec_kv *meta;
	size_t nmeta;
	char *node_class;
	char *node_pool;
	char *cgroup_parent;
	bool drain;
	struct drain_strategy *drain_strategy;
	char *scheduling_eligibility;
	char *status;
	char *status_description;
	int64_t status_updated_at;
	struct node_event *events;
	size_t nevents;
	struct driver_info *drivers;
	size_t ndrivers;
	struct host_volume_info *host_volumes;
	size_t nhost_volumes;
	bool gc_volumes_on_node_gc;
	struct host_network_info *host_networks;
	size_t nhost_networks;
	struct drain_metadata *last_drain;
	uint64_t create_index;
	uint64_t modify_index;
	int64_t node_max_allocs;
	char *computed_class;
	char *secret_id;
	/* The last updates of the node that were applied; see nodemsg.h. */
	uint64_t update_seq;
	uint64_t services_seq;
};

extern const struct rec_type node_network_address_type,
    node_network_resource_type, node_device_instance_type,
    node_device_resource_type, node_cpu_resources_type,
    node_memory_resources_type, node_disk_resources_type, node_resources_type,
    node_reserved_cpu_resources_type, node_reserved_memory_resources_type,
    node_reserved_disk_resources_type, node_reserved_network_resources_type,
    node_reserved_resources_type, driver_info_type, host_volume_info_type,
    host_network_info_type, node_event_type, drain_strategy_type,
    drain_metadata_type, node_type;

#endif
