#include "proto/node.h"

static const struct rec_field node_network_address_fields[] = {
	REC_STR(struct node_network_address, 1, family, "Family"),
	REC_STR(struct node_network_address, 2, alias, "Alias"),
	REC_STR(struct node_network_address, 3, address, "Address"),
	REC_STR(
	    struct node_network_address, 4, reserved_ports, "ReservedPorts"),
	REC_STR(struct node_network_address, 5, gateway, "Gateway"),
};
const struct rec_type node_network_address_type =
    REC_TYPE(node_network_address, node_network_address_fields);

static const struct rec_field node_network_resource_fields[] = {
	REC_STR(struct node_network_resource, 1, mode, "Mode"),
	REC_STR(struct node_network_resource, 2, device, "Device"),
	REC_STR(struct node_network_resource, 3, mac_address, "MacAddress"),
	REC_I64(struct node_network_resource, 4, speed, "Speed"),
	REC_LIST(struct node_network_resource, 5, addresses,
	    node_network_address, "Addresses"),
};
const struct rec_type node_network_resource_type =
    REC_TYPE(node_network_resource, node_network_resource_fields);

static const struct rec_field node_device_instance_fields[] = {
	REC_STR(struct node_device_instance, 1, id, "ID"),
	REC_BOOL(struct node_device_instance, 2, healthy, "Healthy"),
	REC_STR(struct node_device_instance, 3, health_description,
	    "HealthDescription"),
};
const struct rec_type node_device_instance_type =
    REC_TYPE(node_device_instance, node_device_instance_fields);

static const struct rec_field node_device_resource_fields[] = {
	REC_STR(struct node_device_resource, 1, vendor, "Vendor"),
	REC_STR(struct node_device_resource, 2, type, "Type"),
	REC_STR(struct node_device_resource, 3, name, "Name"),
	REC_LIST(struct node_device_resource, 4, instances,
	    node_device_instance, "Instances"),
	REC_TREE(struct node_device_resource, 5, attributes, "Attributes"),
};
const struct rec_type node_device_resource_type =
    REC_TYPE(node_device_resource, node_device_resource_fields);

static const struct rec_field node_cpu_resources_fields[] = {
	REC_I64(struct node_cpu_resources, 1, cpu_shares, "CpuShares"),
	REC_U64(struct node_cpu_resources, 2, total_cpu_cores, "TotalCpuCores"),
	REC_I64S(struct node_cpu_resources, 3, reservable_cpu_cores,
	    "ReservableCpuCores"),
};
const struct rec_type node_cpu_resources_type =
    REC_TYPE(node_cpu_resources, node_cpu_resources_fields);

static const struct rec_field node_memory_resources_fields[] = {
	REC_I64(struct node_memory_resources, 1, memory_mb, "MemoryMB"),
};
const struct rec_type node_memory_resources_type =
    REC_TYPE(node_memory_resources, node_memory_resources_fields);

static const struct rec_field node_disk_resources_fields[] = {
	REC_I64(struct node_disk_resources, 1, disk_mb, "DiskMB"),
};
const struct rec_type node_disk_resources_type =
    REC_TYPE(node_disk_resources, node_disk_resources_fields);

static const struct rec_field node_resources_fields[] = {
	REC_REC(struct node_resources, 1, cpu, node_cpu_resources, "Cpu"),
	REC_REC(
	    struct node_resources, 2, memory, node_memory_resources, "Memory"),
	REC_REC(struct node_resources, 3, disk, node_disk_resources, "Disk"),
	REC_LIST(
	    struct node_resources, 4, networks, network_resource, "Networks"),
	REC_LIST(struct node_resources, 5, node_networks, node_network_resource,
	    "NodeNetworks"),
	REC_LIST(
	    struct node_resources, 6, devices, node_device_resource, "Devices"),
	REC_I64(struct node_resources, 7, min_dynamic_port, "MinDynamicPort"),
	REC_I64(struct node_resources, 8, max_dynamic_port, "MaxDynamicPort"),
};
const struct rec_type node_resources_type =
    REC_TYPE(node_resources, node_resources_fields);

static const struct rec_field node_reserved_cpu_resources_fields[] = {
	REC_U64(struct node_reserved_cpu_resources, 1, cpu_shares, "CpuShares"),
};
const struct rec_type node_reserved_cpu_resources_type =
    REC_TYPE(node_reserved_cpu_resources, node_reserved_cpu_resources_fields);

static const struct rec_field node_reserved_memory_resources_fields[] = {
	REC_U64(
	    struct node_reserved_memory_resources, 1, memory_mb, "MemoryMB"),
};
const struct rec_type node_reserved_memory_resources_type = REC_TYPE(
    node_reserved_memory_resources, node_reserved_memory_resources_fields);

static const struct rec_field node_reserved_disk_resources_fields[] = {
	REC_U64(struct node_reserved_disk_resources, 1, disk_mb, "DiskMB"),
};
const struct rec_type node_reserved_disk_resources_type =
    REC_TYPE(node_reserved_disk_resources, node_reserved_disk_resources_fields);

static const struct rec_field node_reserved_network_resources_fields[] = {
	REC_STR(struct node_reserved_network_resources, 1, reserved_host_ports,
	    "ReservedHostPorts"),
};
const struct rec_type node_reserved_network_resources_type = REC_TYPE(
    node_reserved_network_resources, node_reserved_network_resources_fields);

static const struct rec_field node_reserved_resources_fields[] = {
	REC_REC(struct node_reserved_resources, 1, cpu,
	    node_reserved_cpu_resources, "Cpu"),
	REC_REC(struct node_reserved_resources, 2, memory,
	    node_reserved_memory_resources, "Memory"),
	REC_REC(struct node_reserved_resources, 3, disk,
	    node_reserved_disk_resources, "Disk"),
	REC_REC(struct node_reserved_resources, 4, networks,
	    node_reserved_network_resources, "Networks"),
};
const struct rec_type node_reserved_resources_type =
    REC_TYPE(node_reserved_resources, node_reserved_resources_fields);

static const struct rec_field driver_info_fields[] = {
	REC_STR(struct driver_info, 1, key, ""),
	REC_MAP(struct driver_info, 2, attributes, rec_kv, "Attributes"),
	REC_BOOL(struct driver_info, 3, detected, "Detected"),
	REC_BOOL(struct driver_info, 4, healthy, "Healthy"),
	REC_STR(struct driver_info, 5, health_description, "HealthDescription"),
	REC_TIME(struct driver_info, 6, update_time, "UpdateTime"),
};
const struct rec_type driver_info_type =
    REC_TYPE(driver_info, driver_info_fields);

static const struct rec_field host_volume_info_fields[] = {
	REC_STR(struct host_volume_info, 1, key, ""),
	REC_STR(struct host_volume_info, 2, path, "Path"),
	REC_BOOL(struct host_volume_info, 3, read_only, "ReadOnly"),
	REC_STR(struct host_volume_info, 4, id, "ID"),
};
const struct rec_type host_volume_info_type =
    REC_TYPE(host_volume_info, host_volume_info_fields);

static const struct rec_field host_network_info_fields[] = {
	REC_STR(struct host_network_info, 1, key, ""),
	REC_STR(struct host_network_info, 2, name, "Name"),
	REC_STR(struct host_network_info, 3, cidr, "CIDR"),
	REC_STR(struct host_network_info, 4, interface, "Interface"),
	REC_STR(struct host_network_info, 5, reserved_ports, "ReservedPorts"),
};
const struct rec_type host_network_info_type =
    REC_TYPE(host_network_info, host_network_info_fields);

static const struct rec_field node_event_fields[] = {
	REC_STR(struct node_event, 1, message, "Message"),
	REC_STR(struct node_event, 2, subsystem, "Subsystem"),
	REC_MAP(struct node_event, 3, details, rec_kv, "Details"),
	REC_TIME(struct node_event, 4, timestamp, "Timestamp"),
	REC_U64(struct node_event, 5, create_index, "CreateIndex"),
};
const struct rec_type node_event_type = REC_TYPE(node_event, node_event_fields);

static const struct rec_field drain_strategy_fields[] = {
	REC_DUR(struct drain_strategy, 1, deadline, "Deadline"),
	REC_BOOL(
	    struct drain_strategy, 2, ignore_system_jobs, "IgnoreSystemJobs"),
	REC_TIME(struct drain_strategy, 3, force_deadline, "ForceDeadline"),
	REC_TIME(struct drain_strategy, 4, started_at, "StartedAt"),
};
const struct rec_type drain_strategy_type =
    REC_TYPE(drain_strategy, drain_strategy_fields);

static const struct rec_field drain_metadata_fields[] = {
	REC_TIME(struct drain_metadata, 1, started_at, "StartedAt"),
	REC_TIME(struct drain_metadata, 2, updated_at, "UpdatedAt"),
	REC_STR(struct drain_metadata, 3, status, "Status"),
	REC_STR(struct drain_metadata, 4, accessor_id, "AccessorID"),
	REC_MAP(struct drain_metadata, 5, meta, rec_kv, "Meta"),
};
const struct rec_type drain_metadata_type =
    REC_TYPE(drain_metadata, drain_metadata_fields);

static const struct rec_field node_fields[] = {
	REC_STR(struct node, 1, id, "ID"),
	REC_STR(struct node, 2, datacenter, "Datacenter"),
	REC_STR(struct node, 3, name, "Name"),
	REC_STR(struct node, 4, http_addr, "HTTPAddr"),
	REC_BOOL(struct node, 5, tls_enabled, "TLSEnabled"),
	REC_MAP(struct node, 6, attributes, rec_kv, "Attributes"),
	REC_PTR(struct node, 7, resources, resources, "Resources"),
	REC_PTR(struct node, 8, reserved, resources, "Reserved"),
	REC_PTR(
	    struct node, 9, node_resources, node_resources, "NodeResources"),
	REC_PTR(struct node, 10, reserved_resources, node_reserved_resources,
	    "ReservedResources"),
	REC_MAP(struct node, 11, links, rec_kv, "Links"),
	REC_MAP(struct node, 12, meta, rec_kv, "Meta"),
	REC_STR(struct node, 13, node_class, "NodeClass"),
	REC_STR(struct node, 14, node_pool, "NodePool"),
	REC_STR(struct node, 15, cgroup_parent, "CgroupParent"),
	REC_BOOL(struct node, 16, drain, "Drain"),
	REC_PTR(
	    struct node, 17, drain_strategy, drain_strategy, "DrainStrategy"),
	REC_STR(
	    struct node, 18, scheduling_eligibility, "SchedulingEligibility"),
	REC_STR(struct node, 19, status, "Status"),
	REC_STR(struct node, 20, status_description, "StatusDescription"),
	REC_I64(struct node, 21, status_updated_at, "StatusUpdatedAt"),
	REC_LIST(struct node, 22, events, node_event, "Events"),
	REC_MAP(struct node, 23, drivers, driver_info, "Drivers"),
	REC_MAP(struct node, 24, host_volumes, host_volume_info, "HostVolumes"),
	REC_BOOL(struct node, 25, gc_volumes_on_node_gc, "GCVolumesOnNodeGC"),
	REC_MAP(
	    struct node, 26, host_networks, host_network_info, "HostNetworks"),
	REC_PTR(struct node, 27, last_drain, drain_metadata, "LastDrain"),
	REC_U64(struct node, 28, create_index, "CreateIndex"),
	REC_U64(struct node, 29, modify_index, "ModifyIndex"),
	REC_I64(struct node, 30, node_max_allocs, "NodeMaxAllocs"),
	REC_STR(struct node, 31, computed_class, "ComputedClass"),
	REC_STR(struct node, 32, secret_id, "SecretID", .flags = REC_NOJSON),
	REC_U64(struct node, 33, update_seq, "UpdateSeq", .flags = REC_NOJSON),
	REC_U64(
	    struct node, 34, services_seq, "ServicesSeq", .flags = REC_NOJSON),
};
const struct rec_type node_type = REC_TYPE(node, node_fields);
