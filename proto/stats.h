/*
 * What a node measures of itself and of its tasks. Bytes, MHz ticks and
 * percents, as in Nomad's API.
 */
#ifndef PROTO_STATS_H
#define PROTO_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/rec.h"

struct memory_stats {
	uint64_t rss;
	uint64_t cache;
	uint64_t swap;
	uint64_t usage;
	uint64_t max_usage;
	uint64_t kernel_usage;
	uint64_t kernel_max_usage;
	char **measured;
	size_t nmeasured;
};

struct cpu_stats {
	double system_mode;
	double user_mode;
	double total_ticks;
	uint64_t throttled_periods;
	uint64_t throttled_time;
	double percent;
	char **measured;
	size_t nmeasured;
};

struct resource_usage {
	struct memory_stats *memory_stats;
	struct cpu_stats *cpu_stats;
};

struct resource_usage_entry {
	char *key;
	struct resource_usage value;
};

struct task_resource_usage {
	char *key;
	struct resource_usage *resource_usage;
	int64_t timestamp;
	struct resource_usage_entry *pids;
	size_t npids;
};

struct alloc_resource_usage {
	struct resource_usage *resource_usage;
	struct task_resource_usage *tasks;
	size_t ntasks;
	int64_t timestamp;
};

struct host_memory_stats {
	uint64_t total;
	uint64_t available;
	uint64_t used;
	uint64_t free;
};

struct host_cpu_stats {
	char *cpu;
	double user;
	double system;
	double idle;
};

struct host_disk_stats {
	char *device;
	char *mountpoint;
	uint64_t size;
	uint64_t used;
	uint64_t available;
	double used_percent;
	double inodes_used_percent;
};

struct host_stats {
	struct host_memory_stats *memory;
	struct host_cpu_stats *cpu;
	size_t ncpu;
	struct host_disk_stats *disk_stats;
	size_t ndisk_stats;
	struct host_disk_stats *alloc_dir_stats;
	uint64_t uptime;
	double cpu_ticks_consumed;
	int64_t timestamp;
};

struct alloc_file_info {
	char *name;
	bool is_dir;
	int64_t size;
	char *file_mode;
	int64_t mod_time;
	char *content_type;
};

struct stream_frame {
	int64_t offset;
	struct rec_bytes data;
	char *file;
	char *file_event;
};

extern const struct rec_type memory_stats_type, cpu_stats_type,
    resource_usage_type, resource_usage_entry_type, task_resource_usage_type,
    alloc_resource_usage_type, host_memory_stats_type, host_cpu_stats_type,
    host_disk_stats_type, host_stats_type, alloc_file_info_type,
    stream_frame_type;

#endif
