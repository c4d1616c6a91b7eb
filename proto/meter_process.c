#include <dirent.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/mem.h"
#include "common/text.h"
#include "proto/meter.h"

#define MAX_STAT 1024 /* bytes of /proc/self/stat */

struct meter_process {
	int stat_fd;        /* /proc/self/stat */
	int64_t read_ns;    /* when the members below were read */
	double alloc_bytes; /* in use, of the heap */
	double open_fds;
	double start_s; /* of the process, since 1970 */
};

/* What /proc/self/stat says, of which proc(5) numbers the fields. */
struct stat_line {
	double utime_ticks, stime_ticks, threads, start_ticks, vsize, rss_pages;
};

static void
parse_stat(const char *text, struct stat_line *out)
{
	double *const fields[] = { [14] = &out->utime_ticks,
		[15] = &out->stime_ticks,
		[20] = &out->threads,
		[22] = &out->start_ticks,
		[23] = &out->vsize,
		[24] = &out->rss_pages };
	const char *p = strrchr(text, ')'); /* the name may hold blanks */

	for (size_t i = 3; p != NULL && i < sizeof fields / sizeof fields[0];
	     i++) {
		p = strchr(p + 1, ' ');
		if (p != NULL && fields[i] != NULL)
			*fields[i] = strtod(p, NULL);
	}
}

static void
read_stat(const struct meter_process *p, struct stat_line *out)
{
	char text[MAX_STAT];
	ssize_t n = pread(p->stat_fd, text, sizeof text - 1, 0);

	*out = (struct stat_line){ 0 };
	if (n <= 0)
		return;
	text[n] = '\0';
	parse_stat(text, out);
}

static double
count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	double n = -3; /* ".", ".." and the directory itself */

	if (d == NULL)
		return 0;
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

/* The kernel counts from its own start, as the monotonic clock does. */
static double
start_time(double start_ticks, int64_t wall_ns)
{
	return (double)wall_ns / CLOCK_NS_PER_S -
	       (double)clock_mono_ms() / 1000 +
	       start_ticks / (double)sysconf(_SC_CLK_TCK);
}

/* Counting descriptors and walking the heap's free list takes time. */
static void
read_dear(struct meter_process *p, int64_t wall_ns)
{
	struct mallinfo2 mi;

	if (p->read_ns != 0 && wall_ns >= p->read_ns &&
	    wall_ns - p->read_ns < METER_FULL_NS)
		return;
	mi = mallinfo2();
	p->read_ns = wall_ns;
	p->alloc_bytes = (double)(mi.uordblks + mi.hblkhd);
	p->open_fds = count_fds();
}

static double
limit_of(__rlimit_resource_t what)
{
	struct rlimit rl;

	if (getrlimit(what, &rl) == -1 || rl.rlim_cur == RLIM_INFINITY)
		return (double)UINT64_MAX;
	return (double)rl.rlim_cur;
}

static struct meter_process *
process_new(int64_t wall_ns)
{
	struct meter_process *p = xcalloc(1, sizeof *p);
	struct stat_line line;

	p->stat_fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	read_stat(p, &line);
	p->start_s = start_time(line.start_ticks, wall_ns);
	return p;
}

void
meter_process_free(struct meter_process *p)
{
	if (p == NULL)
		return;
	if (p->stat_fd != -1)
		close(p->stat_fd);
	free(p);
}

void
meter_runtime(struct meter *m, int64_t wall_ns)
{
	const struct rec_kv label = { .key = text_borrow("daemon"),
		.value = text_borrow(m->source) };
	struct stat_line line;
	double rss, hz = (double)sysconf(_SC_CLK_TCK);

	if (m->process == NULL)
		m->process = process_new(wall_ns);
	read_dear(m->process, wall_ns);
	read_stat(m->process, &line);
	rss = line.rss_pages * (double)sysconf(_SC_PAGESIZE);
	meter_gauge(
	    m, "nomad.runtime.alloc_bytes", m->process->alloc_bytes, &label, 1);
	meter_gauge(m, "nomad.runtime.sys_bytes", rss, &label, 1);
	meter_gauge(m, "nomad.runtime.num_goroutines", line.threads, &label, 1);
	meter_gauge(m, "nomad.runtime.total_gc_pause_ns", 0, &label, 1);
	meter_gauge(m, "nomad.runtime.total_gc_runs", 0, &label, 1);
	meter_total(m, "process.cpu_seconds_total",
	    (line.utime_ticks + line.stime_ticks) / hz, &label, 1);
	meter_gauge(m, "process.open_fds", m->process->open_fds, &label, 1);
	meter_gauge(m, "process.max_fds", limit_of(RLIMIT_NOFILE), &label, 1);
	meter_gauge(m, "process.virtual_memory_bytes", line.vsize, &label, 1);
	meter_gauge(m, "process.virtual_memory_max_bytes", limit_of(RLIMIT_AS),
	    &label, 1);
	meter_gauge(m, "process.resident_memory_bytes", rss, &label, 1);
	meter_gauge(
	    m, "process.start_time_seconds", m->process->start_s, &label, 1);
}
