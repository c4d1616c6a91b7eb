#include "cmd/nodeagent/hoststats.h"

#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/mem.h"

#define STAT_MAX     65536                 /* of /proc/stat: the cpus */
#define LIST_NS      (30 * CLOCK_NS_PER_S) /* disks are listed so often */
#define FSTYPES_FILE "/proc/filesystems"
#define MOUNTS_FILE  "/proc/self/mounts"

void
host_stats_init(struct host_stats_kept *k)
{
	*k = (struct host_stats_kept){
		.stat_fd = open("/proc/stat", O_RDONLY | O_CLOEXEC),
		.meminfo_fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC),
	};
}

static void
drop_disks(struct host_stats_kept *k)
{
	for (size_t i = 0; i < k->ndisks; i++)
		rec_clear(&host_disk_stats_type, &k->disks[i]);
	free(k->disks);
	k->disks = NULL;
	k->ndisks = 0;
}

void
host_stats_release(struct host_stats_kept *k)
{
	drop_disks(k);
	if (k->stat_fd != -1)
		close(k->stat_fd);
	if (k->meminfo_fd != -1)
		close(k->meminfo_fd);
	free(k->cpus);
	memset(k, 0, sizeof *k);
}

/* The file's beginning as text; "" when it cannot be read. */
static const char *
read_proc(int fd)
{
	static char text[STAT_MAX];
	ssize_t n = fd != -1 ? pread(fd, text, sizeof text - 1, 0) : -1;

	text[n > 0 ? n : 0] = '\0';
	return text;
}

/* --- memory --- */

static uint64_t
meminfo(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at != NULL ? strtoull(at + strlen(key), NULL, 10) * 1024 : 0;
}

static void
look_at_memory(const struct host_stats_kept *k, struct host_stats *out)
{
	struct host_memory_stats *m = xcalloc(1, sizeof *m);
	const char *text = read_proc(k->meminfo_fd);

	out->memory = m;
	m->total = meminfo(text, "MemTotal:");
	m->available = meminfo(text, "MemAvailable:");
	m->free = meminfo(text, "MemFree:");
	m->used = m->total - m->available;
}

/* --- cpus --- */

/* A cpu's line of /proc/stat: user, nice, system, idle, iowait, irq,
 * softirq, in jiffies. */
static void
take_line(struct cpu_look *c, const char *line)
{
	double v[7], user, system, idle, span;
	char *p;

	c->name[strcspn(line, " ")] = '\0';
	memcpy(c->name, line, strcspn(line, " "));
	p = (char *)(uintptr_t)(line + strcspn(line, " "));
	for (size_t i = 0; i < 7; i++)
		v[i] = strtod(p, &p);
	user = v[0] + v[1];
	system = v[2] + v[5] + v[6];
	idle = v[3] + v[4];
	span = user + system + idle - c->user - c->system - c->idle;
	if (span > 0 && user >= c->user && idle >= c->idle) {
		c->user_p = 100 * (user - c->user) / span;
		c->system_p = 100 * (system - c->system) / span;
		c->idle_p = 100 * (idle - c->idle) / span;
	}
	c->user = user;
	c->system = system;
	c->idle = idle;
}

static void
look_at_cpus(struct host_stats_kept *k)
{
	const char *line = read_proc(k->stat_fd);
	size_t n = 0;

	for (; strncmp(line, "cpu", 3) == 0 && n <= HOST_STATS_MAX_CPUS; n++) {
		const char *end = strchr(line, '\n');

		if (end == NULL || strcspn(line, " ") >= sizeof k->cpus->name)
			break;
		if (n == k->ncpus) {
			k->cpus =
			    xreallocarray(k->cpus, n + 1, sizeof *k->cpus);
			k->cpus[k->ncpus++] = (struct cpu_look){ 0 };
		}
		take_line(&k->cpus[n], line);
		line = end + 1;
	}
	k->ncpus = n; /* one may have been taken away */
}

static void
tell_cpus(const struct host_stats_kept *k, struct host_stats *out, double mhz)
{
	if (k->ncpus == 0)
		return;
	out->cpu_ticks_consumed = (100 - k->cpus[0].idle_p) / 100 * mhz;
	out->ncpu = k->ncpus - 1;
	out->cpu = xcalloc(k->ncpus, sizeof *out->cpu);
	for (size_t i = 1; i < k->ncpus; i++)
		out->cpu[i - 1] =
		    (struct host_cpu_stats){ .cpu = xstrdup(k->cpus[i].name),
			    .user = k->cpus[i].user_p,
			    .system = k->cpus[i].system_p,
			    .idle = k->cpus[i].idle_p };
}

/* --- disks --- */

/* Whether the kernel lists the type without "nodev". */
static bool
is_on_device(const char *fstypes, const char *type)
{
	char *line = xasprintf("\n\t%s\n", type);
	bool found = strstr(fstypes, line) != NULL;

	free(line);
	return found;
}

static void
add_disk(struct host_stats_kept *k, const char *device, const char *where)
{
	for (size_t i = 0; i < k->ndisks; i++)
		if (strcmp(k->disks[i].device, device) == 0)
			return;
	if (k->ndisks == HOST_STATS_MAX_DISKS)
		return;
	k->disks = xreallocarray(k->disks, k->ndisks + 1, sizeof *k->disks);
	k->disks[k->ndisks++] =
	    (struct host_disk_stats){ .device = xstrdup(device),
		    .mountpoint = xstrdup(where) };
}

static void
list_disks(struct host_stats_kept *k, const char *alloc_dir)
{
	FILE *mounts = setmntent(MOUNTS_FILE, "re");
	int fd = open(FSTYPES_FILE, O_RDONLY | O_CLOEXEC);
	const char *fstypes = read_proc(fd);
	struct mntent *m;

	drop_disks(k);
	while (mounts != NULL && (m = getmntent(mounts)) != NULL)
		if (m->mnt_fsname[0] == '/' &&
		    is_on_device(fstypes, m->mnt_type))
			add_disk(k, m->mnt_fsname, m->mnt_dir);
	if (k->ndisks == 0)
		add_disk(k, alloc_dir, alloc_dir);
	if (mounts != NULL)
		endmntent(mounts);
	if (fd != -1)
		close(fd);
}

static void
fill_disk(struct host_disk_stats *d, const char *device, const char *path)
{
	struct statvfs v;
	double used;

	d->device = xstrdup(device);
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

static void
look_at_disks(const struct host_stats_kept *k, const char *alloc_dir,
    struct host_stats *out)
{
	out->disk_stats = xcalloc(k->ndisks, sizeof *out->disk_stats);
	for (size_t i = 0; i < k->ndisks; i++)
		fill_disk(&out->disk_stats[out->ndisk_stats++],
		    k->disks[i].device, k->disks[i].mountpoint);
	out->alloc_dir_stats = xcalloc(1, sizeof *out->alloc_dir_stats);
	fill_disk(out->alloc_dir_stats, alloc_dir, alloc_dir);
}

/* --- the whole --- */

static bool
is_due(int64_t last_ns, int64_t now_ns, int64_t every_ns)
{
	return last_ns == 0 || now_ns < last_ns || now_ns - last_ns >= every_ns;
}

void
host_stats_look(struct host_stats_kept *k, struct host_stats *out,
    const char *alloc_dir, int64_t now_ns, double cpu_mhz_total)
{
	*out = (struct host_stats){ .timestamp = now_ns,
		.uptime = clock_mono_ms() / 1000 };
	look_at_memory(k, out);
	if (is_due(k->looked_ns, now_ns, HOST_STATS_MIN_NS)) {
		look_at_cpus(k);
		k->looked_ns = now_ns;
	}
	tell_cpus(k, out, cpu_mhz_total);
	if (is_due(k->listed_ns, now_ns, LIST_NS)) {
		list_disks(k, alloc_dir);
		k->listed_ns = now_ns;
	}
	look_at_disks(k, alloc_dir, out);
}
