#include "cmd/nodeagent/taskstats.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/mem.h"

#define MAX_TREE_PIDS 4096 /* a task with more is counted in part */
#define MAX_PROC      4096 /* bytes of a file of /proc that are looked at */

struct usage {
	uint64_t rss_pages, user_ticks, system_ticks;
};

/* 0 when it cannot be read. */
static size_t
read_proc(const char *path, char text[MAX_PROC])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 0;

	if (fd != -1) {
		n = read(fd, text, MAX_PROC - 1);
		close(fd);
	}
	text[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

/* proc(5) numbers the fields; its children that have ended count too. */
static bool
add_process(pid_t pid, struct usage *u)
{
	enum { STATE = 3, UTIME = 14, STIME, CUTIME, CSTIME, RSS = 24 };
	char path[64], text[MAX_PROC];
	uint64_t v[RSS + 1] = { 0 };
	const char *p;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	if (read_proc(path, text) == 0)
		return false;
	p = strrchr(text, ')'); /* the name may hold blanks */
	for (size_t i = STATE; p != NULL && i <= RSS; i++) {
		p = strchr(p + 1, ' ');
		if (p != NULL && i > STATE)
			v[i] = strtoull(p, NULL, 10);
	}
	u->rss_pages += v[RSS];
	u->user_ticks += v[UTIME] + v[CUTIME];
	u->system_ticks += v[STIME] + v[CSTIME];
	return true;
}

/* A list cut in its middle tells of one pid too many, which is not there or
 * is no descendant: so the last one of a full text is left out. */
static size_t
children_of(pid_t pid, pid_t *out, size_t room)
{
	char path[64], text[MAX_PROC], *p = text, *end;
	size_t n = 0, len;

	snprintf(
	    path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
	len = read_proc(path, text);
	if (len == MAX_PROC - 1 && strrchr(text, ' ') != NULL)
		*strrchr(text, ' ') = '\0';
	while (n < room) {
		long child = strtol(p, &end, 10);

		if (end == p)
			break;
		out[n++] = (pid_t)child;
		p = end;
	}
	return n;
}

static void
look_at_tree(pid_t pid, struct usage *u)
{
	static pid_t pids[MAX_TREE_PIDS];
	size_t n = 0;

	*u = (struct usage){ 0 };
	if (pid > 0)
		pids[n++] = pid;
	for (size_t i = 0; i < n; i++)
		if (add_process(pids[i], u))
			n += children_of(pids[i], pids + n, MAX_TREE_PIDS - n);
}

/* What went with a process that nobody waited for is not taken back. */
static double
percent(uint64_t was, uint64_t is, double span_s)
{
	double hz = (double)sysconf(_SC_CLK_TCK);

	return is > was ? 100 * (double)(is - was) / hz / span_s : 0;
}

void
task_stats_look(struct task_stats *s, pid_t pid, uint64_t life,
    int64_t started_ns, int64_t now_ns)
{
	int64_t since_ns;
	double span_s;
	struct usage u;

	if (s->life != life || s->looked_ns > now_ns)
		*s = (struct task_stats){ .life = life };
	else if (s->looked_ns != 0 && now_ns - s->looked_ns < TASK_STATS_MIN_NS)
		return;
	look_at_tree(pid, &u);
	since_ns = s->looked_ns != 0 ? s->looked_ns : started_ns;
	span_s = (double)(now_ns - since_ns) / CLOCK_NS_PER_S;
	if (span_s < 0.01)
		span_s = 0.01; /* a tick of the clock that is counted by */
	s->user = percent(s->user_ticks, u.user_ticks, span_s);
	s->system = percent(s->system_ticks, u.system_ticks, span_s);
	s->user_ticks = u.user_ticks;
	s->system_ticks = u.system_ticks;
	s->rss = u.rss_pages * (uint64_t)sysconf(_SC_PAGESIZE);
	if (s->rss > s->max_rss)
		s->max_rss = s->rss;
	s->looked_ns = now_ns;
}

static void
set_measured(char ***list, size_t *n, const char *const *names, size_t nnames)
{
	*list = xcalloc(nnames, sizeof **list);
	for (*n = 0; *n < nnames; ++*n)
		(*list)[*n] = xstrdup(names[*n]);
}

void
task_stats_tell(
    const struct task_stats *s, double mhz_per_core, struct resource_usage *out)
{
	static const char *const cpu[] = { "System Mode", "User Mode",
		"Percent" };
	static const char *const memory[] = { "RSS", "Usage", "Max Usage" };
	struct memory_stats *m = xcalloc(1, sizeof *m);
	struct cpu_stats *c = xcalloc(1, sizeof *c);

	*out = (struct resource_usage){ .memory_stats = m, .cpu_stats = c };
	m->rss = m->usage = s->rss;
	m->max_usage = s->max_rss;
	set_measured(&m->measured, &m->nmeasured, memory, 3);
	c->user_mode = s->user;
	c->system_mode = s->system;
	c->percent = s->user + s->system;
	c->total_ticks = c->percent / 100 * mhz_per_core;
	set_measured(&c->measured, &c->nmeasured, cpu, 3);
}
