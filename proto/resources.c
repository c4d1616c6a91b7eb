#include "proto/resources.h"

static const struct rec_field dns_config_fields[] = {
	REC_STRS(struct dns_config, 1, servers, "Servers", .opt = true),
	REC_STRS(struct dns_config, 2, searches, "Searches", .opt = true),
	REC_STRS(struct dns_config, 3, options, "Options", .opt = true),
};
const struct rec_type dns_config_type = REC_TYPE(dns_config, dns_config_fields);

static const struct rec_field cni_config_fields[] = {
	REC_MAP(struct cni_config, 1, args, rec_kv, "Args", .opt = true),
};
const struct rec_type cni_config_type = REC_TYPE(cni_config, cni_config_fields);

static const struct rec_field port_fields[] = {
	REC_STR(struct port, 1, label, "Label", .flags = REC_LABEL),
	REC_I64(struct port, 2, value, "Value", .hcl = "static"),
	REC_I64(struct port, 3, to, "To"),
	REC_STR(struct port, 4, host_network, "HostNetwork"),
	REC_BOOL(struct port, 5, ignore_collision, "IgnoreCollision"),
};
const struct rec_type port_type = REC_TYPE(port, port_fields);

static const struct rec_field port_mapping_fields[] = {
	REC_STR(struct port_mapping, 1, label, "Label"),
	REC_I64(struct port_mapping, 2, value, "Value"),
	REC_I64(struct port_mapping, 3, to, "To"),
	REC_STR(struct port_mapping, 4, host_ip, "HostIP"),
};
const struct rec_type port_mapping_type =
    REC_TYPE(port_mapping, port_mapping_fields);

static const struct rec_field network_resource_fields[] = {
	REC_STR(struct network_resource, 1, mode, "Mode"),
	REC_STR(struct network_resource, 2, device, "Device"),
	REC_STR(struct network_resource, 3, cidr, "CIDR"),
	REC_STR(struct network_resource, 4, ip, "IP"),
	REC_PTR(struct network_resource, 5, dns, dns_config, "DNS"),
	REC_LIST(struct network_resource, 6, reserved_ports, port,
	    "ReservedPorts", .flags = REC_NOHCL),
	REC_LIST(struct network_resource, 7, dynamic_ports, port,
	    "DynamicPorts", .flags = REC_NOHCL),
	REC_STR(struct network_resource, 8, hostname, "Hostname"),
	REC_OPT_I64(struct network_resource, 9, mbits, "MBits"),
	REC_PTR(struct network_resource, 10, cni, cni_config, "CNI"),
};
const struct rec_type network_resource_type =
    REC_TYPE(network_resource, network_resource_fields);

static const struct rec_field constraint_fields[] = {
	REC_STR(struct constraint, 1, ltarget, "LTarget", .hcl = "attribute"),
	REC_STR(struct constraint, 2, rtarget, "RTarget", .hcl = "value"),
	REC_STR(struct constraint, 3, operand, "Operand", .hcl = "operator"),
};
const struct rec_type constraint_type = REC_TYPE(constraint, constraint_fields);

static const struct rec_field affinity_fields[] = {
	REC_STR(struct affinity, 1, ltarget, "LTarget", .hcl = "attribute"),
	REC_STR(struct affinity, 2, rtarget, "RTarget", .hcl = "value"),
	REC_STR(struct affinity, 3, operand, "Operand", .hcl = "operator"),
	REC_OPT_I64(struct affinity, 4, weight, "Weight"),
};
const struct rec_type affinity_type = REC_TYPE(affinity, affinity_fields);

static const struct rec_field requested_device_fields[] = {
	REC_STR(struct requested_device, 1, name, "Name", .flags = REC_LABEL),
	REC_OPT_U64(struct requested_device, 2, count, "Count"),
	REC_LIST(struct requested_device, 3, constraints, constraint,
	    "Constraints", .hcl = "constraint"),
	REC_LIST(struct requested_device, 4, affinities, affinity, "Affinities",
	    .hcl = "affinity"),
};
const struct rec_type requested_device_type =
    REC_TYPE(requested_device, requested_device_fields);

static const struct rec_field numa_resource_fields[] = {
	REC_STR(struct numa_resource, 1, affinity, "Affinity"),
	REC_STRS(struct numa_resource, 2, devices, "Devices", .opt = true),
};
const struct rec_type numa_resource_type =
    REC_TYPE(numa_resource, numa_resource_fields);

static const struct rec_field resources_fields[] = {
	REC_OPT_I64(struct resources, 1, cpu, "CPU"),
	REC_OPT_I64(struct resources, 2, cores, "Cores"),
	REC_OPT_I64(
	    struct resources, 3, memory_mb, "MemoryMB", .hcl = "memory"),
	REC_OPT_I64(struct resources, 4, memory_max_mb, "MemoryMaxMB",
	    .hcl = "memory_max"),
	REC_OPT_I64(struct resources, 5, disk_mb, "DiskMB", .hcl = "disk"),
	REC_LIST(struct resources, 6, networks, network_resource, "Networks",
	    .hcl = "network"),
	REC_LIST(struct resources, 7, devices, requested_device, "Devices",
	    .hcl = "device"),
	REC_PTR(struct resources, 8, numa, numa_resource, "NUMA"),
	REC_OPT_I64(
	    struct resources, 9, secrets_mb, "SecretsMB", .hcl = "secrets"),
	REC_OPT_I64(struct resources, 10, iops, "IOPS"),
};
const struct rec_type resources_type = REC_TYPE(resources, resources_fields);

static const struct rec_field resources_entry_fields[] = {
	REC_STR(struct resources_entry, 1, key, ""),
	REC_REC(struct resources_entry, 2, value, resources, ""),
};
const struct rec_type resources_entry_type =
    REC_PAIR_TYPE(resources_entry, resources_entry_fields);

static const struct rec_field allocated_cpu_resources_fields[] = {
	REC_I64(struct allocated_cpu_resources, 1, cpu_shares, "CpuShares"),
	REC_I64S(
	    struct allocated_cpu_resources, 2, reserved_cores, "ReservedCores"),
};
const struct rec_type allocated_cpu_resources_type =
    REC_TYPE(allocated_cpu_resources, allocated_cpu_resources_fields);

static const struct rec_field allocated_memory_resources_fields[] = {
	REC_I64(struct allocated_memory_resources, 1, memory_mb, "MemoryMB"),
	REC_I64(
	    struct allocated_memory_resources, 2, memory_max_mb, "MemoryMaxMB"),
};
const struct rec_type allocated_memory_resources_type =
    REC_TYPE(allocated_memory_resources, allocated_memory_resources_fields);

static const struct rec_field allocated_device_resource_fields[] = {
	REC_STR(struct allocated_device_resource, 1, vendor, "Vendor"),
	REC_STR(struct allocated_device_resource, 2, type, "Type"),
	REC_STR(struct allocated_device_resource, 3, name, "Name"),
	REC_STRS(struct allocated_device_resource, 4, device_ids, "DeviceIDs"),
};
const struct rec_type allocated_device_resource_type =
    REC_TYPE(allocated_device_resource, allocated_device_resource_fields);

static const struct rec_field allocated_task_resources_fields[] = {
	REC_STR(struct allocated_task_resources, 1, key, ""),
	REC_REC(struct allocated_task_resources, 2, cpu,
	    allocated_cpu_resources, "Cpu"),
	REC_REC(struct allocated_task_resources, 3, memory,
	    allocated_memory_resources, "Memory"),
	REC_LIST(struct allocated_task_resources, 4, networks, network_resource,
	    "Networks"),
	REC_LIST(struct allocated_task_resources, 5, devices,
	    allocated_device_resource, "Devices"),
};
const struct rec_type allocated_task_resources_type =
    REC_TYPE(allocated_task_resources, allocated_task_resources_fields);

static const struct rec_field allocated_shared_resources_fields[] = {
	REC_I64(struct allocated_shared_resources, 1, disk_mb, "DiskMB"),
	REC_LIST(struct allocated_shared_resources, 2, networks,
	    network_resource, "Networks"),
	REC_LIST(
	    struct allocated_shared_resources, 3, ports, port_mapping, "Ports"),
};
const struct rec_type allocated_shared_resources_type =
    REC_TYPE(allocated_shared_resources, allocated_shared_resources_fields);

static const struct rec_field task_lifecycle_fields[] = {
	REC_STR(struct task_lifecycle, 1, hook, "Hook"),
	REC_BOOL(struct task_lifecycle, 2, sidecar, "Sidecar"),
};
const struct rec_type task_lifecycle_type =
    REC_TYPE(task_lifecycle, task_lifecycle_fields);

static const struct rec_field task_lifecycle_entry_fields[] = {
	REC_STR(struct task_lifecycle_entry, 1, key, ""),
	REC_PTR(struct task_lifecycle_entry, 2, value, task_lifecycle, ""),
};
const struct rec_type task_lifecycle_entry_type =
    REC_PAIR_TYPE(task_lifecycle_entry, task_lifecycle_entry_fields);

static const struct rec_field allocated_resources_fields[] = {
	REC_MAP(struct allocated_resources, 1, tasks, allocated_task_resources,
	    "Tasks"),
	REC_MAP(struct allocated_resources, 3, task_lifecycles,
	    task_lifecycle_entry, "TaskLifecycles"),
	REC_REC(struct allocated_resources, 2, shared,
	    allocated_shared_resources, "Shared"),
};
const struct rec_type allocated_resources_type =
    REC_TYPE(allocated_resources, allocated_resources_fields);
