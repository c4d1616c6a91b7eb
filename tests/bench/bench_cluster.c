/*
 * What a cluster of one machine costs, and how fast it is: one
 * `rove agent -dev`, all its daemons, real processes, a real log on disk.
 *
 * Nomad's figures beside ours were measured once, on a machine of the same
 * kind; Nomad is no Debian package, so it does not run here.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/http/http.h"
#include "common/mem.h"
#include "tests/lib/bench.h"
#include "tests/lib/devworld.h"

#define NSTARTS    7
#define NSUBMITS   31
#define NREGISTERS 301
#define NTASKS     30
#define NECHOS     1000
#define SETTLE_S   8
#define IDLE_S     10

static const char sleeper[] =
    "{\"command\":\"/bin/sleep\",\"args\":[\"1000000\"]}";
static const char echo[] = "{\"command\":\"/bin/echo\",\"args\":[\"hi\"]}";

static void
say(const char *what, double ours, const char *unit, const char *theirs,
    const char *must)
{
	printf("cluster %s: %.2f %s (Nomad 2.0.6: %s; wanted %s)\n", what, ours,
	    unit, theirs, must);
	printf("row: cluster: %s | %.2f %s | Nomad %s | wanted %s\n", what,
	    ours, unit, theirs, must);
	fflush(stdout);
}

static void
starts(const char *bin)
{
	double ms[NSTARTS];

	for (int i = 0; i < NSTARTS; i++) {
		struct world w;
		double from = bench_now_ms();

		world_start(&w, bin);
		world_wait_node(&w);
		ms[i] = bench_now_ms() - from;
		world_stop(&w);
	}
	say("agent -dev start to node ready", bench_median(ms, NSTARTS), "ms",
	    "1736", "<= 200");
}

static void
idle(const struct world *w)
{
	double cpu;

	sleep(SETTLE_S);
	say("idle memory (PSS)", world_pss_mb(w), "MB", "92.7", "<= 20");
	cpu = world_cpu_ms(w);
	sleep(IDLE_S);
	say("idle CPU", (world_cpu_ms(w) - cpu) / IDLE_S, "ms/s", "7.5",
	    "<= 2");
}

static void
submits(const struct world *w)
{
	double ms[NSUBMITS];

	for (int i = 0; i < NSUBMITS; i++) {
		char id[32];
		char *job;
		double from;

		snprintf(id, sizeof id, "submit-%d", i);
		job = world_job(id, "batch", 1, "raw_exec", sleeper);
		from = bench_now_ms();
		world_put(w, "/v1/jobs", job);
		world_wait_allocs(w, id, "running", 1);
		ms[i] = bench_now_ms() - from;
		free(job);
	}
	say("submit to running, raw_exec, p50", bench_median(ms, NSUBMITS),
	    "ms", "1056", "<= 20");
}

static void
tasks(const struct world *w)
{
	char *job = world_job("tasks", "service", NTASKS, "raw_exec", sleeper);
	double before = world_pss_mb(w);

	world_put(w, "/v1/jobs", job);
	world_wait_allocs(w, "tasks", "running", NTASKS);
	sleep(1);
	say("memory added by 30 tasks", world_pss_mb(w) - before, "MB", "837",
	    "<= 15");
	free(job);
}

static void
echos(const struct world *w)
{
	char *job = world_job("echos", "batch", NECHOS, "raw_exec", echo);
	double from = bench_now_ms();

	world_put(w, "/v1/jobs", job);
	world_wait_allocs(w, "echos", "complete", NECHOS);
	say("1000 echo tasks, one batch job", (bench_now_ms() - from) / 1e3,
	    "s", "66", "<= 5");
	free(job);
}

/* --- registering: one connection, one after the other --- */

struct registers {
	struct loop *loop;
	struct http_client *client;
	double ms[NREGISTERS];
	double from;
	int n;
};

static void register_next(struct registers *r);

static void
on_registered(void *ctx, const struct err *err, const struct http_answer *a)
{
	struct registers *r = ctx;

	if (err != NULL || a->status != 200) {
		fprintf(stderr, "register: %s\n",
		    err != NULL ? err->text : a->body);
		exit(1);
	}
	r->ms[r->n++] = bench_now_ms() - r->from;
	if (r->n == NREGISTERS)
		loop_stop(r->loop);
	else
		register_next(r);
}

/* Each is a new job whose group has no instances: it is registered and
 * evaluated, and no task takes part. */
static void
register_next(struct registers *r)
{
	char id[32];
	char *job;

	snprintf(id, sizeof id, "register-%d", r->n);
	job = world_job(id, "service", 0, "raw_exec", sleeper);
	r->from = bench_now_ms();
	http_call(r->client, "PUT", "/v1/jobs", NULL, 0, job, strlen(job),
	    10000, on_registered, NULL, r);
	free(job);
}

/* What the disk alone takes for as many bytes as such a job. */
static double
floor_ms(const struct world *w)
{
	static double ms[NREGISTERS];
	char *path = xasprintf("%s/floor", w->dir);
	int fd = open(path, O_RDWR | O_CREAT, 0644);
	char block[1024] = { 1 };

	if (posix_fallocate(fd, 0, sizeof block * NREGISTERS) != 0)
		exit(1);
	for (int i = 0; i < NREGISTERS; i++)
		if (pwrite(fd, block, sizeof block, i * (off_t)sizeof block) !=
		    sizeof block)
			exit(1);
	fsync(fd);
	for (int i = 0; i < NREGISTERS; i++) {
		double from = bench_now_ms();

		if (pwrite(fd, block, sizeof block, i * (off_t)sizeof block) !=
			sizeof block ||
		    fdatasync(fd) == -1)
			exit(1);
		ms[i] = bench_now_ms() - from;
	}
	close(fd);
	unlink(path);
	free(path);
	return bench_median(ms, NREGISTERS);
}

static void
registers(const struct world *w)
{
	static struct registers r;

	r.loop = loop_new();
	r.client = http_client_new(r.loop, w->addr);
	register_next(&r);
	loop_run(r.loop);
	say("register a job (fsync), p50", bench_median(r.ms, NREGISTERS), "ms",
	    "1.24", "<= 1");
	printf("cluster the same disk, 1 kB written and synced, p50: %.2f ms\n",
	    floor_ms(w));
	http_client_free(r.client);
	loop_free(r.loop);
}

/* --- the parts --- */

/* Beside this program: build/VARIANT/bin. */
static void
find_bin(char out[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", out, PATH_MAX - 1);
	char *slash;

	out[n > 0 ? n : 0] = '\0';
	slash = strstr(out, "/tests/bench/");
	if (slash == NULL)
		exit(2);
	strcpy(slash, "/bin");
}

static const struct part {
	const char *name;
	void (*run)(const struct world *w);
} parts[] = {
	{ "idle", idle },
	{ "submit", submits },
	{ "tasks", tasks },
	{ "register", registers },
	{ "echo", echos },
};

static bool
is_wanted(int argc, char **argv, const char *name)
{
	bool any = false;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], name) == 0)
			return true;
		any |= strchr(argv[i], '/') == NULL;
	}
	return !any;
}

/* bench_cluster [BUILD] [PART...]: each on an agent of its own. The build is
 * always the one that this program belongs to. */
int
main(int argc, char **argv)
{
	char bin[PATH_MAX];

	find_bin(bin);
	if (is_wanted(argc, argv, "start"))
		starts(bin);
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		struct world w;

		if (!is_wanted(argc, argv, parts[i].name))
			continue;
		world_start(&w, bin);
		world_wait_node(&w);
		parts[i].run(&w);
		world_stop(&w);
	}
	return 0;
}
