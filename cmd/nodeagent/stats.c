#include "cmd/nodeagent/stats.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/mem.h"

#define MAX_TREE_PIDS 4096 /* a task with more is counted in part */

static uint64_t
meminfo(const char *key)
{
	char line[256];
	uint64_t kb = 0;
	FILE *f = fopen("/proc/meminfo", "re");

	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, key, strlen(key)) == 0 &&
		    line[strlen(key)] == ':') {
			kb = strtoull(line + strlen(key) + 1, NULL, 10);
			break;
		}
	if (f != NULL)
		fclose(f);
	return kb * 1024;
}

static void
host_memory(struct host_stats *out)
{
	struct host_memory_stats *m = xcalloc(1, sizeof *m);

	out->memory = m;
	m->total = meminfo("MemTotal");
	m->available = meminfo("MemAvailable");
	m->free = meminfo("MemFree");
	m->used = m->total - m->available;
}

/* Percents of all time since boot: the kernel's own counters. */
static void
host_cpu(struct host_stats *out, double mhz_total)
{
	char line[256], name[16];
	double user, nice, sys, idle, iowait, irq, soft, total, busy = 0;
	size_t n = 0;
	FILE *f = fopen("/proc/stat", "re");

	while (f != NULL && fgets(line, sizeof line, f) != NULL) {
		struct host_cpu_stats *c;

		if (sscanf(line, "%15s %lf %lf %lf %lf %lf %lf %lf", name,
			&user, &nice, &sys, &idle, &iowait, &irq, &soft) != 8 ||
		    strncmp(name, "cpu", 3) != 0)
			break;
		total = user + nice + sys + idle + iowait + irq + soft;
		if (total <= 0)
			total = 1;
		if (strcmp(name, "cpu") == 0) {
			busy = (total - idle - iowait) / total;
			continue;
		}
		out->cpu = xreallocarray(out->cpu, n + 1, sizeof *out->cpu);
		c = &out->cpu[n++];
		*c = (struct host_cpu_stats){ .cpu = xstrdup(name),
			.user = 100 * (user + nice) / total,
			.system = 100 * (sys + irq + soft) / total,
			.idle = 100 * (idle + iowait) / total };
	}
	out->ncpu = n;
	out->cpu_ticks_consumed = busy * mhz_total;
	if (f != NULL)
		fclose(f);
}

static void
fill_disk(struct host_disk_stats *d, const char *path)
{
	struct statvfs v;
	double used;

	d->device = xstrdup(path);
	d->mountpoint = xstrdup(path);
	if (statvfs(path, &v) == -1 || v.f_blocks == 0)
		return;
	d->size = (uint64_t)v.f_blocks * v.f_frsize;
	d->available = (uint64_t)v.f_bavail * v.f_frsize;
	d->used = d->size - (uint64_t)v.f_bfree * v.f_frsize;
	used = (double)d->used;
	d->used_percent = 100 * used / (used + (double)d->available);
	if (v.f_files > 0)
		d->inodes_used_percent =
		    100 * (double)(v.f_files - v.f_ffree) / (double)v.f_files;
}

void
stats_of_host(struct host_stats *out, const char *alloc_dir, int64_t now_ns,
    double cpu_mhz_total)
{
	double up = 0;
	FILE *f = fopen("/proc/uptime", "re");

	*out = (struct host_stats){ .timestamp = now_ns };
	if (f != NULL && fscanf(f, "%lf", &up) != 1)
		up = 0;
	if (f != NULL)
		fclose(f);
	out->uptime = (uint64_t)up;
	host_memory(out);
	host_cpu(out, cpu_mhz_total);
	out->disk_stats = xcalloc(1, sizeof *out->disk_stats);
	out->ndisk_stats = 1;
	fill_disk(&out->disk_stats[0], alloc_dir);
	out->alloc_dir_stats = xcalloc(1, sizeof *out->alloc_dir_stats);
	fill_disk(out->alloc_dir_stats, alloc_dir);
}

/* --- tasks --- */

struct usage {
	uint64_t rss_pages, user_ticks, system_ticks;
};

static bool
add_process(pid_t pid, struct usage *u)
{
	char path[64], line[1024], *p;
	unsigned long utime = 0, stime = 0;
	unsigned long long pages = 0;
	FILE *f;
	bool ok;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	if ((f = fopen(path, "re")) == NULL)
		return false;
	ok = fgets(line, sizeof line, f) != NULL &&
	     (p = strrchr(line, ')')) != NULL &&
	     sscanf(p + 1,
		 " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu "
		 "%*d %*d %*d %*d %*d %*d %*u %*u %llu",
		 &utime, &stime, &pages) == 3;
	fclose(f);
	if (!ok)
		return false;
	u->rss_pages += pages;
	u->user_ticks += utime;
	u->system_ticks += stime;
	return true;
}

static size_t
children_of(pid_t pid, pid_t *out, size_t room)
{
	char path[64];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, pid);
	if ((f = fopen(path, "re")) == NULL)
		return 0;
	while (n < room && fscanf(f, "%d", &out[n]) == 1)
		n++;
	fclose(f);
	return n;
}

void
stats_of_task(struct resource_usage *out, pid_t pid, int64_t now_ns,
    int64_t started_ns, double mhz_per_core)
{
	static pid_t pids[MAX_TREE_PIDS];
	double hz = (double)sysconf(_SC_CLK_TCK);
	double span_s = (double)(now_ns - started_ns) / CLOCK_NS_PER_S;
	struct usage u = { 0 };
	size_t n = 0;
	struct memory_stats *m = xcalloc(1, sizeof *m);
	struct cpu_stats *c = xcalloc(1, sizeof *c);

	*out = (struct resource_usage){ .memory_stats = m, .cpu_stats = c };
	if (pid > 0)
		pids[n++] = pid;
	for (size_t i = 0; i < n; i++)
		if (add_process(pids[i], &u))
			n += children_of(pids[i], pids + n, MAX_TREE_PIDS - n);
	m->rss = u.rss_pages * (uint64_t)sysconf(_SC_PAGESIZE);
	m->usage = m->rss;
	m->measured = xcalloc(1, sizeof *m->measured);
	m->measured[m->nmeasured++] = xstrdup("RSS");
	if (span_s <= 0)
		span_s = 1;
	c->user_mode = 100 * (double)u.user_ticks / hz / span_s;
	c->system_mode = 100 * (double)u.system_ticks / hz / span_s;
	c->percent = c->user_mode + c->system_mode;
	c->total_ticks = c->percent / 100 * mhz_per_core;
	c->measured = xcalloc(3, sizeof *c->measured);
	c->measured[c->nmeasured++] = xstrdup("System Mode");
	c->measured[c->nmeasured++] = xstrdup("User Mode");
	c->measured[c->nmeasured++] = xstrdup("Percent");
}
