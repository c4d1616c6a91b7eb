#include "proto/stats.h"

static const struct rec_field memory_stats_fields[] = {
	REC_U64(struct memory_stats, 1, rss, "RSS"),
	REC_U64(struct memory_stats, 2, cache, "Cache"),
	REC_U64(struct memory_stats, 3, swap, "Swap"),
	REC_U64(struct memory_stats, 4, usage, "Usage"),
	REC_U64(struct memory_stats, 5, max_usage, "MaxUsage"),
	REC_U64(struct memory_stats, 6, kernel_usage, "KernelUsage"),
	REC_U64(struct memory_stats, 7, kernel_max_usage, "KernelMaxUsage"),
	REC_STRS(struct memory_stats, 8, measured, "Measured"),
};
const struct rec_type memory_stats_type =
    REC_TYPE(memory_stats, memory_stats_fields);

static const struct rec_field cpu_stats_fields[] = {
	REC_F64(struct cpu_stats, 1, system_mode, "SystemMode"),
	REC_F64(struct cpu_stats, 2, user_mode, "UserMode"),
	REC_F64(struct cpu_stats, 3, total_ticks, "TotalTicks"),
	REC_U64(struct cpu_stats, 4, throttled_periods, "ThrottledPeriods"),
	REC_U64(struct cpu_stats, 5, throttled_time, "ThrottledTime"),
	REC_F64(struct cpu_stats, 6, percent, "Percent"),
	REC_STRS(struct cpu_stats, 7, measured, "Measured"),
};
const struct rec_type cpu_stats_type = REC_TYPE(cpu_stats, cpu_stats_fields);

static const struct rec_field resource_usage_fields[] = {
	REC_PTR(struct resource_usage, 1, memory_stats, memory_stats,
	    "MemoryStats"),
	REC_PTR(struct resource_usage, 2, cpu_stats, cpu_stats, "CpuStats"),
};
const struct rec_type resource_usage_type =
    REC_TYPE(resource_usage, resource_usage_fields);

static const struct rec_field resource_usage_entry_fields[] = {
	REC_STR(struct resource_usage_entry, 1, key, ""),
	REC_REC(struct resource_usage_entry, 2, value, resource_usage, ""),
};
const struct rec_type resource_usage_entry_type =
    REC_PAIR_TYPE(resource_usage_entry, resource_usage_entry_fields);

static const struct rec_field task_resource_usage_fields[] = {
	REC_STR(struct task_resource_usage, 1, key, ""),
	REC_PTR(struct task_resource_usage, 2, resource_usage, resource_usage,
	    "ResourceUsage"),
	REC_I64(struct task_resource_usage, 3, timestamp, "Timestamp"),
	REC_MAP(
	    struct task_resource_usage, 4, pids, resource_usage_entry, "Pids"),
};
const struct rec_type task_resource_usage_type =
    REC_TYPE(task_resource_usage, task_resource_usage_fields);

static const struct rec_field alloc_resource_usage_fields[] = {
	REC_PTR(struct alloc_resource_usage, 1, resource_usage, resource_usage,
	    "ResourceUsage"),
	REC_MAP(struct alloc_resource_usage, 2, tasks, task_resource_usage,
	    "Tasks"),
	REC_I64(struct alloc_resource_usage, 3, timestamp, "Timestamp"),
};
const struct rec_type alloc_resource_usage_type =
    REC_TYPE(alloc_resource_usage, alloc_resource_usage_fields);

static const struct rec_field host_memory_stats_fields[] = {
	REC_U64(struct host_memory_stats, 1, total, "Total"),
	REC_U64(struct host_memory_stats, 2, available, "Available"),
	REC_U64(struct host_memory_stats, 3, used, "Used"),
	REC_U64(struct host_memory_stats, 4, free, "Free"),
};
const struct rec_type host_memory_stats_type =
    REC_TYPE(host_memory_stats, host_memory_stats_fields);

static const struct rec_field host_cpu_stats_fields[] = {
	REC_STR(struct host_cpu_stats, 1, cpu, "CPU"),
	REC_F64(struct host_cpu_stats, 2, user, "User"),
	REC_F64(struct host_cpu_stats, 3, system, "System"),
	REC_F64(struct host_cpu_stats, 4, idle, "Idle"),
};
const struct rec_type host_cpu_stats_type =
    REC_TYPE(host_cpu_stats, host_cpu_stats_fields);

static const struct rec_field host_disk_stats_fields[] = {
	REC_STR(struct host_disk_stats, 1, device, "Device"),
	REC_STR(struct host_disk_stats, 2, mountpoint, "Mountpoint"),
	REC_U64(struct host_disk_stats, 3, size, "Size"),
	REC_U64(struct host_disk_stats, 4, used, "Used"),
	REC_U64(struct host_disk_stats, 5, available, "Available"),
	REC_F64(struct host_disk_stats, 6, used_percent, "UsedPercent"),
	REC_F64(struct host_disk_stats, 7, inodes_used_percent,
	    "InodesUsedPercent"),
};
const struct rec_type host_disk_stats_type =
    REC_TYPE(host_disk_stats, host_disk_stats_fields);

static const struct rec_field host_stats_fields[] = {
	REC_PTR(struct host_stats, 1, memory, host_memory_stats, "Memory"),
	REC_LIST(struct host_stats, 2, cpu, host_cpu_stats, "CPU"),
	REC_LIST(
	    struct host_stats, 3, disk_stats, host_disk_stats, "DiskStats"),
	REC_PTR(struct host_stats, 4, alloc_dir_stats, host_disk_stats,
	    "AllocDirStats"),
	REC_U64(struct host_stats, 5, uptime, "Uptime"),
	REC_F64(struct host_stats, 6, cpu_ticks_consumed, "CPUTicksConsumed"),
	REC_I64(struct host_stats, 7, timestamp, "Timestamp"),
};
const struct rec_type host_stats_type = REC_TYPE(host_stats, host_stats_fields);

static const struct rec_field alloc_file_info_fields[] = {
	REC_STR(struct alloc_file_info, 1, name, "Name"),
	REC_BOOL(struct alloc_file_info, 2, is_dir, "IsDir"),
	REC_I64(struct alloc_file_info, 3, size, "Size"),
	REC_STR(struct alloc_file_info, 4, file_mode, "FileMode"),
	REC_TIME(struct alloc_file_info, 5, mod_time, "ModTime"),
	REC_STR(struct alloc_file_info, 6, content_type, "ContentType"),
};
const struct rec_type alloc_file_info_type =
    REC_TYPE(alloc_file_info, alloc_file_info_fields);

static const struct rec_field stream_frame_fields[] = {
	REC_I64(struct stream_frame, 1, offset, "Offset"),
	REC_BYTES(struct stream_frame, 2, data, "Data"),
	REC_STR(struct stream_frame, 3, file, "File"),
	REC_STR(struct stream_frame, 4, file_event, "FileEvent"),
};
const struct rec_type stream_frame_type =
    REC_TYPE(stream_frame, stream_frame_fields);
