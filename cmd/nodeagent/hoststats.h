/*
 * What this machine uses, read from /proc now and then. Percents are those of
 * the time since the look before; the first look's are since boot.
 */
#ifndef NODEAGENT_HOSTSTATS_H
#define NODEAGENT_HOSTSTATS_H

#include "proto/stats.h"

#define HOST_STATS_MAX_CPUS  1024
#define HOST_STATS_MAX_DISKS 64

struct cpu_look {
	char name[16];                   /* "cpu0" */
	double user, system, idle;       /* jiffies, by the last look */
	double user_p, system_p, idle_p; /* percents */
};

struct host_stats_kept {
	int stat_fd, meminfo_fd; /* of /proc; -1: not there */
	struct cpu_look *cpus;   /* the first one is all of them */
	size_t ncpus;
	int64_t looked_ns;
	struct host_disk_stats *disks; /* device and mount point only */
	size_t ndisks;
	int64_t listed_ns; /* when the disks were */
};

void host_stats_init(struct host_stats_kept *k);
void host_stats_release(struct host_stats_kept *k);

/*
 * Fills out, to be cleared as host_stats_type. Disks are the file systems on
 * devices; where there is none, the one that alloc_dir is on. Two looks
 * within HOST_STATS_MIN_NS count as one.
 */
#define HOST_STATS_MIN_NS INT64_C(200000000)
void host_stats_look(struct host_stats_kept *k, struct host_stats *out,
    const char *alloc_dir, int64_t now_ns, double cpu_mhz_total);

#endif
