/*
 * Leases, and a large state: how many renewals a second one schedd takes and
 * what each costs, how soon a node that dies is noticed, what 5,000 nodes
 * with 100,000 allocations take in memory, how long the loop is held up while
 * a snapshot of them is written, and how soon a restart serves again.
 *
 * The core alone is measured in this process; the rest with a real schedd on
 * a real log, and nodes that are sockets (manynodes.h).
 *
 *	bench_leases [BUILD] [PART...] [NODES [ALLOCATIONS]]
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/schedd/core.h"
#include "common/bus.h"
#include "common/http/http.h"
#include "common/mem.h"
#include "common/text.h"
#include "proto/ctl.h"
#include "proto/msg.h"
#include "tests/lib/bench.h"
#include "tests/lib/devworld.h"
#include "tests/lib/manynodes.h"

#define NCORE_ROUNDS 40
#define FLOOD_MS     5000
#define NVICTIMS     21
#define VICTIM_MS    150 /* between one and the next */
#define NRESTARTS    5
#define PER_JOB      500
#define LOAD_MS      10000
#define ASK_MS       60000
#define BASE_PORT    23000
#define MAX_FDS      65536

static size_t nnodes = 5000, nallocs = 100000;

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

/* --- the core alone --- */

/* Whatever is proposed is applied at once. */
static void
settle(struct sched_core *c, uint64_t *index)
{
	struct sched_act act;
	struct err err;

	while (sched_core_next(c, &act))
		if (act.kind == SCHED_ACT_PROPOSE &&
		    sched_core_applied(c, ++*index, act.bytes, act.n, &err) ==
			-1)
			die("%s", err.text);
}

static void
core_register(struct sched_core *c, uint64_t *index, char (*ids)[48])
{
	for (size_t i = 0; i < nnodes; i++) {
		struct node_register m = {
			.node = { .id = ids[i],
			    .name = ids[i],
			    .secret_id = text_borrow("secret"),
			    .datacenter = text_borrow("dc1"),
			    .status = text_borrow("ready") }
		};

		snprintf(ids[i], sizeof ids[i],
		    "%08zx-0000-4000-8000-000000000000", i & 0xffffffff);
		sched_core_node_register(c, i + 1, &m);
		settle(c, index);
	}
}

static void
core_part(void)
{
	char(*ids)[48] = xcalloc(nnodes, sizeof *ids);
	struct sched_core_opts o;
	struct sched_core *c;
	uint64_t index = 1, now = 1000, n = 0;
	double from, ms;

	sched_core_opts_init(&o);
	c = sched_core_new(&o);
	sched_core_clock(c, now, 1);
	sched_core_lead(c, true);
	core_register(c, &index, ids);
	from = bench_now_ms();
	for (int r = 0; r < NCORE_ROUNDS; r++)
		for (size_t i = 0; i < nnodes; i++, n++) {
			struct node_lease m = { .node_id = ids[i],
				.secret_id = text_borrow("secret"),
				.status = text_borrow("ready") };

			sched_core_clock(c, now += n % 10 == 0, 1);
			sched_core_node_lease(c, n + 1, &m);
			settle(c, &index);
		}
	ms = bench_now_ms() - from;
	printf("leases, the core alone: %.0f/s, %.2f us each\n",
	    (double)n / ms * 1e3, ms * 1e3 / (double)n);
	bench_row(
	    "leases: the core alone", (double)n / ms * 1e3, "/s", "", 0, 0);
	sched_core_free(c);
	free(ids);
}

/* --- a real schedd --- */

struct bench {
	char dir[64], bin[PATH_MAX];
	struct world w; /* for asking and measuring: its addr and pid */
	int port;
	struct loop *loop;
	struct manynodes *nodes;
	struct loop_timer *timer;
	bool done;
};

/* Until it says that it serves; how long that took, ms. */
static double
start(struct bench *b)
{
	double from = bench_now_ms();
	char *log = xasprintf("%s/log", b->dir);
	char *schedd = xasprintf("%s/schedd", b->bin);
	char *conf = xasprintf("%s/schedd.conf", b->dir);
	char byte;
	int ready[2];

	if (pipe(ready) == -1)
		die("pipe: %s", strerror(errno));
	fflush(stdout);
	b->w.pid = fork();
	if (b->w.pid == 0) {
		int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);

		dup2(fd, 1);
		dup2(fd, 2);
		dup2(ready[1], 9);
		for (int i = 10; i < 64; i++)
			close(i);
		close(ready[0]);
		execl(schedd, schedd, "-f", conf, "-R", "9", (char *)NULL);
		die("%s: %s", schedd, strerror(errno));
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		die("schedd did not start; see %s", log);
	close(ready[0]);
	tree_free(world_get(&b->w, "/v1/status/leader", NULL));
	free(log);
	free(schedd);
	free(conf);
	return bench_now_ms() - from;
}

static void
stop(struct bench *b, int signo)
{
	kill(b->w.pid, signo);
	waitpid(b->w.pid, NULL, 0);
}

static void
make_dir(struct bench *b)
{
	char *path;
	FILE *f;

	snprintf(b->dir, sizeof b->dir, "/tmp/rove-bench.XXXXXX");
	if (mkdtemp(b->dir) == NULL)
		die("%s: %s", b->dir, strerror(errno));
	b->port = BASE_PORT + (int)(getpid() % 500) * 4;
	snprintf(b->w.dir, sizeof b->w.dir, "%s", b->dir);
	snprintf(b->w.addr, sizeof b->w.addr, "127.0.0.1:%d", b->port);
	path = xasprintf("%s/schedd.conf", b->dir);
	if ((f = fopen(path, "w")) == NULL)
		die("%s: %s", path, strerror(errno));
	fprintf(f,
	    "data_dir = \"%s/data\";\nrun_dir = \"%s\";\n"
	    "http = \"127.0.0.1:%d\";\nrpc = \"127.0.0.1:%d\";\n"
	    "log_level = \"WARN\";\n",
	    b->dir, b->dir, b->port, b->port + 1);
	fclose(f);
	free(path);
}

static void
wake(void *arg)
{
	struct bench *b = arg;

	b->done = true;
}

/* The nodes live for so long. */
static void
pass(struct bench *b, uint64_t ms)
{
	b->done = false;
	loop_timer_set(b->timer, ms);
	loop_wait(b->loop, &b->done, ms + 1000);
}

static void
wait_for(struct bench *b, size_t (*count)(const struct manynodes *), size_t n,
    const char *what)
{
	double from = bench_now_ms(), said = from;

	while (count(b->nodes) < n) {
		pass(b, 20);
		if (bench_now_ms() - said > 10000) {
			said = bench_now_ms();
			fprintf(stderr, "... %zu %s\n", count(b->nodes), what);
		}
		if (bench_now_ms() - from > 300000)
			die("%zu of %zu %s; see %s/log", count(b->nodes), n,
			    what, b->dir);
	}
	printf("%zu %s after %.1f s\n", n, what, (bench_now_ms() - from) / 1e3);
	fflush(stdout);
}

/* One line of schedctl info. */
static uint64_t
info(const struct bench *b, const char *name)
{
	char *url = xasprintf("ipc://%s/schedd/ctl.sock", b->dir);
	struct ctl_info reply = { 0 };
	uint64_t v = 0;
	struct err err;

	if (bus_ask(url, MSG_CTL_INFO, NULL, &reply, ASK_MS, &err) == -1)
		die("info: %s", err.text);
	for (size_t i = 0; i < reply.nlines; i++)
		if (strcmp(reply.lines[i].name, name) == 0)
			v = strtoull(reply.lines[i].value, NULL, 10);
	rec_clear(&ctl_info_type, &reply);
	free(url);
	return v;
}

/* --- the parts --- */

static void
flood(struct bench *b)
{
	uint64_t n;
	double cpu, from, ms, quiet;

	pass(b, 1000);
	cpu = world_cpu_ms(&b->w);
	n = manynodes_renewed(b->nodes);
	from = bench_now_ms();
	pass(b, FLOOD_MS);
	ms = bench_now_ms() - from;
	n = manynodes_renewed(b->nodes) - n;
	quiet = (world_cpu_ms(&b->w) - cpu) / ms * 100;
	printf("leases, %zu nodes at their own pace: %.0f/s, longest term "
	       "%" PRIu64 " ms, schedd's CPU %.1f %%, %.1f us each\n",
	    nnodes, (double)n / ms * 1e3, manynodes_longest_ttl_ms(b->nodes),
	    quiet, quiet * ms * 10 / (double)n);
	bench_row("leases: CPU of schedd, 5,000 nodes' own pace", quiet, "%",
	    "", 0, 0);

	manynodes_flood(b->nodes, true);
	pass(b, 1000);
	cpu = world_cpu_ms(&b->w);
	n = manynodes_renewed(b->nodes);
	manynodes_slowest_us(b->nodes);
	from = bench_now_ms();
	pass(b, FLOOD_MS);
	ms = bench_now_ms() - from;
	n = manynodes_renewed(b->nodes) - n;
	cpu = world_cpu_ms(&b->w) - cpu;
	manynodes_flood(b->nodes, false);
	printf("leases, as fast as they are answered: %.0f/s, CPU %.1f us "
	       "each (wanted 10000/s)\n",
	    (double)n / ms * 1e3, cpu * 1e3 / (double)n);
	bench_row("leases: one schedd over the bus", (double)n / ms * 1e3, "/s",
	    "Nomad budgets", 50, (double)n / ms * 1e3 / 50);
	bench_row("leases: CPU of schedd for each", cpu * 1e3 / (double)n, "us",
	    "", 0, 0);
	pass(b, 3000);
}

/* --- nodes die --- */

struct victim {
	struct bench *b;
	struct http_client *client;
	size_t node;
	uint64_t index;
	double died_ms, noticed_ms;
};

static void watch(struct victim *v);

static void
on_status(void *ctx, const struct err *err, const struct http_answer *a)
{
	struct victim *v = ctx;

	if (err != NULL || a->status != 200)
		die("node status: %s", err != NULL ? err->text : a->body);
	if (strstr(a->body, "\"Status\":\"down\"") != NULL)
		v->noticed_ms = bench_now_ms() - v->died_ms;
	else
		watch(v);
}

/* A short look now and then: a watcher of its own for each would be served
 * by the same loop anyway. */
static void
watch(struct victim *v)
{
	char *target = xasprintf("/v1/node/%s?index=%" PRIu64 "&wait=60s",
	    manynodes_id(v->b->nodes, v->node), v->index);

	http_call(v->client, "GET", target, NULL, 0, NULL, 0, 70000, on_status,
	    NULL, v);
	free(target);
}

static void
deaths(struct bench *b)
{
	static struct victim victims[NVICTIMS];
	double ms[NVICTIMS], p50;
	uint64_t index = info(b, "index");

	for (size_t i = 0; i < NVICTIMS; i++) {
		victims[i] = (struct victim){ .b = b,
			.client = http_client_new(b->loop, b->w.addr),
			.node = i * (nnodes / NVICTIMS),
			.index = index };
		watch(&victims[i]);
	}
	pass(b, 500);
	info(b, "longest_turn_us");
	for (size_t i = 0; i < NVICTIMS; i++) {
		manynodes_silence(b->nodes, victims[i].node);
		victims[i].died_ms = bench_now_ms();
		pass(b, VICTIM_MS);
	}
	for (size_t i = 0; i < NVICTIMS; i++) {
		for (int k = 0; k < 1500 && victims[i].noticed_ms == 0; k++)
			pass(b, 20);
		ms[i] = victims[i].noticed_ms;
		if (ms[i] == 0)
			die("a dead node was not noticed in 30 s");
		http_client_free(victims[i].client);
	}
	p50 = bench_median(ms, NVICTIMS);
	printf("a node dies, noticed after: p50 %.0f ms, max %.0f ms (wanted "
	       "<= 5000); expired in all: %" PRIu64 "; the loop's longest turn "
	       "%.0f ms\n",
	    p50, ms[NVICTIMS - 1], info(b, "leases_expired"),
	    (double)info(b, "longest_turn_us") / 1e3);
	bench_row("node dies to noticed, p50", p50, "ms", "", 0, 0);
	bench_row(
	    "node dies to noticed, max", ms[NVICTIMS - 1], "ms", "", 0, 0);
}

/* --- a large state --- */

static void
submit(struct bench *b, const char *name, size_t i, size_t count)
{
	char id[48];
	char *job;

	snprintf(id, sizeof id, "%s-%zu", name, i);
	job = world_job(id, "service", (int)count, "mock_driver",
	    "{\"run_for\":\"1000h\"}");
	world_put(&b->w, "/v1/jobs", job);
	free(job);
}

static void
fill(struct bench *b)
{
	double longest;

	info(b, "longest_turn_us");
	for (size_t i = 0; i < nallocs / PER_JOB; i++) {
		submit(b, "job", i, PER_JOB);
		pass(b, 10);
	}
	wait_for(b, manynodes_running, nallocs, "allocations run");
	longest = (double)info(b, "longest_turn_us") / 1e3;
	printf("jobs of %d are placed: the loop's longest turn %.0f ms "
	       "(wanted <= 10)\n",
	    PER_JOB, longest);
	bench_row(
	    "longest turn while jobs are placed", longest, "ms", "", 0, 0);
	pass(b, 12000); /* what that needed for a moment is given back */
	printf("schedd PSS with %zu nodes, %zu allocations: %.1f MB (wanted "
	       "<= 100)\n",
	    nnodes, nallocs, world_pss_mb(&b->w));
	bench_row("schedd PSS, 5,000 nodes, 100,000 allocations",
	    world_pss_mb(&b->w), "MB", "", 0, 0);
}

/* Writes go on for a while, and snapshots are made meanwhile. */
static void
load(struct bench *b, const char *name, const char *what)
{
	double from = bench_now_ms();
	uint64_t longest = 0, us;
	size_t n = 0;

	info(b, "longest_turn_us");
	for (; bench_now_ms() - from < LOAD_MS; n++) {
		submit(b, name, n % 500, 0);
		if (n % 20 != 0)
			continue;
		pass(b, 1);
		us = info(b, "longest_turn_us");
		if (us > longest)
			longest = us;
	}
	printf("%s: %zu writes, the loop's longest turn %.1f ms\n", what, n,
	    (double)longest / 1e3);
	bench_row(what, (double)longest / 1e3, "ms", "", 0, 0);
}

static void
snapshots(struct bench *b)
{
	char *ask = xasprintf("while :; do curl -s -o /dev/null "
			      "http://%s/v1/operator/snapshot; done",
	    b->w.addr);
	pid_t pid;

	load(b, "alone", "longest turn, writes alone");
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		execl("/bin/sh", "sh", "-c", ask, (char *)NULL);
		_exit(127);
	}
	setpgid(pid, pid);
	load(b, "saved", "longest turn, writes and snapshots");
	kill(-pid, SIGKILL);
	waitpid(pid, NULL, 0);
	free(ask);
}

static void
restarts(struct bench *b)
{
	double ms[NRESTARTS];

	manynodes_part(b->nodes);
	pass(b, 500);
	for (size_t i = 0; i < NRESTARTS; i++) {
		stop(b, SIGKILL);
		ms[i] = start(b);
	}
	printf("restart with that state to serving: %.0f ms (wanted <= "
	       "2000); PSS %.1f MB\n",
	    bench_median(ms, NRESTARTS), world_pss_mb(&b->w));
	bench_row("restart with that state to serving",
	    bench_median(ms, NRESTARTS), "ms", "", 0, 0);
	manynodes_meet(b->nodes);
	pass(b, 15000);
	printf("after the restart: expired %" PRIu64 " of %" PRIu64
	       " leases; PSS %.1f MB\n",
	    info(b, "leases_expired"), info(b, "leases"), world_pss_mb(&b->w));
}

/* Those after "fill" are about its state. */
static const struct part {
	const char *name;
	void (*run)(struct bench *b);
} parts[] = {
	{ "flood", flood },
	{ "fill", fill },
	{ "deaths", deaths },
	{ "snapshots", snapshots },
	{ "restarts", restarts },
};
#define NPARTS (sizeof parts / sizeof parts[0])

static void
bus_parts(struct bench *b, unsigned wanted)
{
	struct rlimit files = { MAX_FDS, MAX_FDS };
	char *rm;

	setrlimit(RLIMIT_NOFILE, &files);
	bus_use(msg_defs, msg_ndefs);
	make_dir(b);
	start(b);
	b->loop = loop_new();
	b->timer = loop_timer_new(b->loop, wake, b);
	b->nodes = manynodes_new(b->loop, b->port + 1, nnodes);
	wait_for(b, manynodes_registered, nnodes, "nodes are registered");
	pass(b, 2000);
	printf("schedd PSS with %zu nodes: %.1f MB\n", nnodes,
	    world_pss_mb(&b->w));
	for (size_t i = 0; i < NPARTS; i++)
		if (wanted & 1u << i)
			parts[i].run(b);
	stop(b, SIGKILL);
	manynodes_part(b->nodes);
	manynodes_free(b->nodes);
	loop_timer_free(b->timer);
	loop_free(b->loop);
	rm = xasprintf("rm -rf %s", b->dir);
	if (system(rm) != 0)
		die("%s", rm);
	free(rm);
}

/* Beside this program: build/VARIANT/bin. */
static void
find_bin(char out[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", out, PATH_MAX - 1);
	char *slash;

	out[n > 0 ? n : 0] = '\0';
	slash = strstr(out, "/tests/bench/");
	if (slash == NULL)
		die("not in a build");
	strcpy(slash, "/bin");
}

int
main(int argc, char **argv)
{
	static struct bench b;
	unsigned wanted = 0;
	bool core = false;
	size_t *sizes[] = { &nnodes, &nallocs }, n = 0;

	for (int i = 1; i < argc; i++) {
		core |= strcmp(argv[i], "core") == 0;
		for (size_t k = 0; k < NPARTS; k++)
			if (strcmp(argv[i], parts[k].name) == 0)
				wanted |= 1u << k;
		if (strtoull(argv[i], NULL, 10) > 0 && n < 2)
			*sizes[n++] = (size_t)strtoull(argv[i], NULL, 10);
	}
	if (!core && wanted == 0)
		core = (wanted = (1u << NPARTS) - 1) != 0;
	find_bin(b.bin);
	if (core)
		core_part();
	if (wanted != 0)
		bus_parts(&b, wanted);
	return 0;
}
