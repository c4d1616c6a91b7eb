#include "cmd/nodeagent/docker_cgroup.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/mem.h"

#define MAX_FILE 65536 /* bytes of one file that are looked at */

/* --- reading --- */

static bool
read_table(const char *dir, const char *name, struct buf *text)
{
	char *path = xasprintf("%s/%s", dir, name);
	bool ok = file_read(path, MAX_FILE, text, NULL) == 0;

	free(path);
	return ok;
}

/* 0 when it is not there or is no number. */
static uint64_t
read_number(const char *dir, const char *name)
{
	struct buf text = { 0 };
	uint64_t n = 0;

	if (read_table(dir, name, &text))
		n = strtoull(buf_str(&text), NULL, 10);
	buf_release(&text);
	return n;
}

/* Of lines like "total_rss 4096". */
static uint64_t
find_number(const struct buf *text, const char *key)
{
	size_t n = strlen(key);

	for (const char *p = buf_str(text); *p != '\0';
	     p += strcspn(p, "\n"), p += *p == '\n')
		if (strncmp(p, key, n) == 0 && p[n] == ' ')
			return strtoull(p + n, NULL, 10);
	return 0;
}

/* Is the controller named in a list such as "cpu,cpuacct"? */
static bool
has_controller(const char *list, size_t n, const char *name)
{
	size_t len = strlen(name);

	while (n >= len) {
		size_t part = 0;

		while (part < n && list[part] != ',')
			part++;
		if (part == len && memcmp(list, name, len) == 0)
			return true;
		if (part >= n)
			break;
		list += part + 1;
		n -= part + 1;
	}
	return false;
}

/*
 * The directory of the process's cgroup that has this controller: of its own
 * hierarchy (version 1), else of the only one (version 2). Lines are
 * "7:cpu,cpuacct:/docker/1" and "0::/docker/1".
 */
static bool
find_dir(const char *membership, const char *root, const char *controller,
    char dir[PATH_MAX], bool *is_v2)
{
	bool found = false;

	for (const char *p = membership; *p != '\0';) {
		size_t len = strcspn(p, "\n");
		const char *list = memchr(p, ':', len);
		const char *path =
		    list != NULL
			? memchr(list + 1, ':', len - (size_t)(list + 1 - p))
			: NULL;
		int n = path != NULL ? (int)(len - (size_t)(path + 1 - p)) : 0;

		if (path != NULL && path == list + 1 && !found) {
			snprintf(dir, PATH_MAX, "%s%.*s", root, n, path + 1);
			found = *is_v2 = true;
		} else if (path != NULL &&
			   has_controller(list + 1, (size_t)(path - list - 1),
			       controller)) {
			snprintf(dir, PATH_MAX, "%s/%s%.*s", root, controller,
			    n, path + 1);
			*is_v2 = false;
			return true;
		}
		p += len;
		p += *p == '\n';
	}
	return found;
}

/* --- telling --- */

static void
set_measured(char ***list, size_t *n, const char *const *names, size_t nnames)
{
	for (size_t i = 0; i < *n; i++)
		free((*list)[i]);
	free(*list);
	*list = xcalloc(nnames, sizeof **list);
	for (*n = 0; *n < nnames; ++*n)
		(*list)[*n] = xstrdup(names[*n]);
}

static void
memory_v1(struct memory_stats *m, const char *dir, const struct buf *stat)
{
	static const char *const measured[] = { "RSS", "Cache", "Swap", "Usage",
		"Max Usage", "Kernel Usage", "Kernel Max Usage" };

	m->rss = find_number(stat, "total_rss");
	m->cache = find_number(stat, "total_cache");
	m->swap = find_number(stat, "total_swap");
	m->usage = read_number(dir, "memory.usage_in_bytes");
	m->max_usage = read_number(dir, "memory.max_usage_in_bytes");
	m->kernel_usage = read_number(dir, "memory.kmem.usage_in_bytes");
	m->kernel_max_usage =
	    read_number(dir, "memory.kmem.max_usage_in_bytes");
	set_measured(&m->measured, &m->nmeasured, measured, 7);
}

static void
memory_v2(struct memory_stats *m, const char *dir, const struct buf *stat)
{
	static const char *const measured[] = { "RSS", "Cache", "Swap",
		"Usage" };

	m->rss = find_number(stat, "anon");
	m->cache = find_number(stat, "file");
	m->swap = read_number(dir, "memory.swap.current");
	m->usage = read_number(dir, "memory.current");
	set_measured(&m->measured, &m->nmeasured, measured, 4);
}

static void
throttling(struct cpu_stats *c, const struct buf *stat, bool is_v2)
{
	static const char *const measured[] = { "Throttled Periods",
		"Throttled Time", "System Mode", "User Mode", "Percent" };

	c->throttled_periods = find_number(stat, "nr_throttled");
	c->throttled_time = is_v2 ? find_number(stat, "throttled_usec") * 1000
				  : find_number(stat, "throttled_time");
	set_measured(&c->measured, &c->nmeasured, measured, 5);
}

void
docker_cgroup_read(
    const char *membership, const char *root, struct resource_usage *u)
{
	char dir[PATH_MAX];
	struct buf stat = { 0 };
	bool is_v2;

	if (find_dir(membership, root, "memory", dir, &is_v2) &&
	    read_table(dir, "memory.stat", &stat)) {
		if (is_v2)
			memory_v2(u->memory_stats, dir, &stat);
		else
			memory_v1(u->memory_stats, dir, &stat);
	}
	buf_reset(&stat);
	if (find_dir(membership, root, "cpu", dir, &is_v2) &&
	    read_table(dir, "cpu.stat", &stat))
		throttling(u->cpu_stats, &stat, is_v2);
	buf_release(&stat);
}

void
docker_cgroup_usage(pid_t pid, struct resource_usage *u)
{
	char path[64];
	struct buf membership = { 0 };

	snprintf(path, sizeof path, "/proc/%d/cgroup", (int)pid);
	if (pid > 0 && file_read(path, MAX_FILE, &membership, NULL) == 0)
		docker_cgroup_read(buf_str(&membership), CGROUP_ROOT, u);
	buf_release(&membership);
}
