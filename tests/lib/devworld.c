#include "tests/lib/devworld.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/http/http.h"
#include "common/mem.h"
#include "tests/lib/bench.h"

#define BASE_PORT    21000 /* below the ports that the system gives out */
#define MAX_PIDS     8192
#define START_LIMIT  10000 /* ms */
#define ASK_LIMIT_MS 70000

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

/* --- starting and stopping --- */

static void
write_config(const struct world *w, int port)
{
	char *path = xasprintf("%s/agent.hcl", w->dir);
	FILE *f = fopen(path, "w");

	if (f == NULL)
		die("%s: %s", path, strerror(errno));
	fprintf(f,
	    "log_level = \"WARN\"\n"
	    "ports {\n  http = %d\n  rpc = %d\n  serf = %d\n}\n"
	    "lb {\n  proxy = \"127.0.0.1:%d\"\n"
	    "  ui = \"127.0.0.1:%d\"\n}\n",
	    port, port + 1, port + 2, port + 4, port + 5);
	fclose(f);
	free(path);
}

static pid_t
run(const struct world *w, const char *bin)
{
	char *log = xasprintf("%s/log", w->dir);
	char *config = xasprintf("%s/agent.hcl", w->dir);
	char *rove = xasprintf("%s/rove", bin);
	pid_t pid = fork();

	if (pid == 0) {
		int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);

		dup2(fd, 1);
		dup2(fd, 2);
		execl(rove, rove, "agent", "-dev", "-config", config,
		    (char *)NULL);
		die("%s: %s", rove, strerror(errno));
	}
	free(log);
	free(config);
	free(rove);
	return pid;
}

void
world_start(struct world *w, const char *bin)
{
	int port = BASE_PORT + (int)(getpid() % 500) * 20;

	snprintf(w->dir, sizeof w->dir, "/tmp/rove-bench.XXXXXX");
	if (mkdtemp(w->dir) == NULL)
		die("%s: %s", w->dir, strerror(errno));
	snprintf(w->addr, sizeof w->addr, "127.0.0.1:%d", port);
	snprintf(w->lb, sizeof w->lb, "127.0.0.1:%d", port + 4);
	write_config(w, port);
	w->pid = run(w, bin);
}

void
world_stop(struct world *w)
{
	char *rm = xasprintf("rm -rf %s", w->dir);

	kill(w->pid, SIGINT);
	waitpid(w->pid, NULL, 0);
	if (system(rm) != 0)
		die("%s", rm);
	free(rm);
}

/* --- asking --- */

static struct tree *
try_get(const struct world *w, const char *target, uint64_t *index)
{
	struct buf fields = { 0 }, body = { 0 };
	struct tree *t = NULL;
	const char *line;
	struct err err;
	int status;

	if (http_ask(w->addr, "GET", target, NULL, 0, NULL, 0, ASK_LIMIT_MS,
		&status, &fields, &body, &err) == 0 &&
	    status == 200)
		t = tree_from_json((const char *)body.data, body.len, &err);
	buf_addc(&fields, '\0');
	line = strcasestr((const char *)fields.data, "x-nomad-index:");
	if (index != NULL && line != NULL)
		*index = strtoull(line + 14, NULL, 10);
	buf_release(&fields);
	buf_release(&body);
	return t;
}

struct tree *
world_get(const struct world *w, const char *target, uint64_t *index)
{
	struct tree *t = try_get(w, target, index);

	if (t == NULL)
		die("GET %s failed; see %s/log", target, w->dir);
	return t;
}

void
world_put(const struct world *w, const char *target, const char *body)
{
	struct buf out = { 0 };
	struct err err;
	int status;

	if (http_ask(w->addr, "PUT", target, NULL, 0, body, strlen(body),
		ASK_LIMIT_MS, &status, NULL, &out, &err) == -1)
		die("PUT %s: %s", target, err.text);
	if (status != 200)
		die("PUT %s: %d %.*s", target, status, (int)out.len,
		    (const char *)out.data);
	buf_release(&out);
}

static size_t
count_with(const struct tree *list, const char *key, const char *value)
{
	size_t n = 0;

	for (size_t i = 0; i < list->nitems; i++) {
		const char *s = tree_get_str(list->items[i], key);

		n += s != NULL && strcmp(s, value) == 0;
	}
	return n;
}

void
world_wait_node(const struct world *w)
{
	double give_up = bench_now_ms() + START_LIMIT;
	uint64_t index = 0;

	while (bench_now_ms() < give_up) {
		char target[64];
		struct tree *t;
		size_t n;

		snprintf(target, sizeof target,
		    "/v1/nodes?index=%" PRIu64 "&wait=2s", index);
		t = try_get(w, target, &index);
		if (t == NULL) {
			usleep(500);
			continue;
		}
		n = count_with(t, "Status", "ready");
		tree_free(t);
		if (n > 0)
			return;
	}
	die("no node is ready; see %s/log", w->dir);
}

char *
world_job(const char *id, const char *type, int count, const char *driver,
    const char *config)
{
	return xasprintf(
	    "{\"Job\":{\"ID\":\"%s\",\"Name\":\"%s\",\"Type\":\"%s\","
	    "\"Datacenters\":[\"*\"],\"TaskGroups\":[{\"Name\":\"g\","
	    "\"Count\":%d,\"EphemeralDisk\":{\"SizeMB\":10},"
	    "\"Tasks\":[{\"Name\":\"t\",\"Driver\":\"%s\",\"Config\":%s,"
	    "\"LogConfig\":{\"MaxFiles\":1,\"MaxFileSizeMB\":1},"
	    "\"Resources\":{\"CPU\":1,\"MemoryMB\":10}}]}]}}",
	    id, id, type, count, driver, config);
}

void
world_wait_allocs(
    const struct world *w, const char *job, const char *status, size_t n)
{
	uint64_t index = 0;

	for (;;) {
		char target[128];
		struct tree *t;
		size_t have;

		snprintf(target, sizeof target,
		    "/v1/job/%s/allocations?index=%" PRIu64 "&wait=60s", job,
		    index);
		t = world_get(w, target, &index);
		have = count_with(t, "ClientStatus", status);
		tree_free(t);
		if (have >= n)
			return;
	}
}

/* --- measuring --- */

static pid_t
parent_of(pid_t pid)
{
	char path[64], line[512], *p;
	FILE *f;
	int ppid = 0;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	if ((f = fopen(path, "re")) == NULL)
		return 0;
	if (fgets(line, sizeof line, f) != NULL &&
	    (p = strrchr(line, ')')) != NULL &&
	    sscanf(p + 1, " %*c %d", &ppid) != 1)
		ppid = 0;
	fclose(f);
	return ppid;
}

/* The agent first, then its children, then theirs. */
static size_t
family(pid_t root, pid_t *out)
{
	static pid_t all[MAX_PIDS], parents[MAX_PIDS];
	size_t nall = 0, n = 0;
	DIR *d = opendir("/proc");
	struct dirent *e;

	while ((e = readdir(d)) != NULL && nall < MAX_PIDS) {
		all[nall] = atoi(e->d_name);
		if (all[nall] > 0) {
			parents[nall] = parent_of(all[nall]);
			nall++;
		}
	}
	closedir(d);
	out[n++] = root;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < nall && n < MAX_PIDS; k++)
			if (parents[k] == out[i])
				out[n++] = all[k];
	return n;
}

static double
read_field(pid_t pid, const char *file, const char *key)
{
	char path[64], line[256];
	double v = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
	if ((f = fopen(path, "re")) == NULL)
		return 0;
	while (fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, key, strlen(key)) == 0) {
			v = strtod(line + strlen(key), NULL);
			break;
		}
	fclose(f);
	return v;
}

double
world_pss_mb(const struct world *w)
{
	static pid_t pids[MAX_PIDS];
	size_t n = family(w->pid, pids);
	double kb = 0;

	for (size_t i = 0; i < n; i++)
		kb += read_field(pids[i], "smaps_rollup", "Pss:");
	return kb / 1024;
}

/* Of all threads: the first number of each schedstat is ns on a CPU. */
static double
cpu_ns(pid_t pid)
{
	char path[64];
	struct dirent *e;
	double ns = 0;
	DIR *d;

	snprintf(path, sizeof path, "/proc/%d/task", pid);
	if ((d = opendir(path)) == NULL)
		return 0;
	while ((e = readdir(d)) != NULL) {
		char file[300];

		if (e->d_name[0] == '.')
			continue;
		snprintf(file, sizeof file, "task/%s/schedstat", e->d_name);
		ns += read_field(pid, file, "");
	}
	closedir(d);
	return ns;
}

double
world_cpu_ms(const struct world *w)
{
	static pid_t pids[MAX_PIDS];
	size_t n = family(w->pid, pids);
	double ns = 0;

	for (size_t i = 0; i < n; i++)
		ns += cpu_ns(pids[i]);
	return ns / 1e6;
}
