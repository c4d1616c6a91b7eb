#include "cmd/nodeagent/docker_cgroup.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/mem.h"
#include "tests/lib/unit.h"

struct world {
	char root[64];
	struct memory_stats memory;
	struct cpu_stats cpu;
	struct resource_usage usage;
};

static void
open_world(struct world *w)
{
	memset(w, 0, sizeof *w);
	snprintf(w->root, sizeof w->root, "%s/rove-test.XXXXXX", unit_tmp());
	ck_assert_ptr_nonnull(mkdtemp(w->root));
	w->memory.rss = 7;
	w->usage = (struct resource_usage){ &w->memory, &w->cpu };
}

static void
close_world(struct world *w)
{
	char cmd[128];

	for (size_t i = 0; i < w->memory.nmeasured; i++)
		free(w->memory.measured[i]);
	free(w->memory.measured);
	for (size_t i = 0; i < w->cpu.nmeasured; i++)
		free(w->cpu.measured[i]);
	free(w->cpu.measured);
	snprintf(cmd, sizeof cmd, "rm -rf %s", w->root);
	ck_assert_int_eq(system(cmd), 0);
}

static void
put(struct world *w, const char *path, const char *text)
{
	char full[256], *slash;
	FILE *f;

	snprintf(full, sizeof full, "%s/%s", w->root, path);
	for (slash = strchr(full + strlen(w->root) + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(full, 0700);
		*slash = '/';
	}
	f = fopen(full, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

START_TEST(cgroup_of_version_1_is_found_by_controller)
{
	struct world w;

	open_world(&w);
	put(&w, "memory/docker/1/memory.stat",
	    "cache 1\nrss 2\ntotal_cache 3\ntotal_rss 4\ntotal_swap 5\n");
	put(&w, "memory/docker/1/memory.usage_in_bytes", "6\n");
	put(&w, "memory/docker/1/memory.max_usage_in_bytes", "8\n");
	put(&w, "cpu/docker/1/cpu.stat",
	    "nr_periods 9\nnr_throttled 10\nthrottled_time 11\n");
	docker_cgroup_read(
	    "4:memory:/docker/1\n3:cpu,cpuacct:/docker/1\n0::/\n", w.root,
	    &w.usage);
	ck_assert_uint_eq(w.memory.rss, 4);
	ck_assert_uint_eq(w.memory.cache, 3);
	ck_assert_uint_eq(w.memory.swap, 5);
	ck_assert_uint_eq(w.memory.usage, 6);
	ck_assert_uint_eq(w.memory.max_usage, 8);
	ck_assert_uint_eq(w.cpu.throttled_periods, 10);
	ck_assert_uint_eq(w.cpu.throttled_time, 11);
	close_world(&w);
}
END_TEST

START_TEST(cgroup_of_version_2_has_all_in_one_place)
{
	struct world w;

	open_world(&w);
	put(&w, "docker/1/memory.stat", "anon 4\nfile 3\n");
	put(&w, "docker/1/memory.current", "6\n");
	put(&w, "docker/1/memory.swap.current", "5\n");
	put(&w, "docker/1/cpu.stat", "nr_throttled 10\nthrottled_usec 11\n");
	docker_cgroup_read("0::/docker/1\n", w.root, &w.usage);
	ck_assert_uint_eq(w.memory.rss, 4);
	ck_assert_uint_eq(w.memory.cache, 3);
	ck_assert_uint_eq(w.memory.swap, 5);
	ck_assert_uint_eq(w.memory.usage, 6);
	ck_assert_uint_eq(w.cpu.throttled_time, 11000);
	close_world(&w);
}
END_TEST

START_TEST(cgroup_that_is_gone_changes_nothing)
{
	static const char *const texts[] = { "", "\n", "4:memory:/docker/1\n",
		"4:memory", "::", ":memory:", "0::/x" };
	struct world w;

	open_world(&w);
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		docker_cgroup_read(texts[i], w.root, &w.usage);
		ck_assert_uint_eq(w.memory.rss, 7);
		ck_assert_uint_eq(w.memory.nmeasured, 0);
	}
	docker_cgroup_usage(0, &w.usage);
	ck_assert_uint_eq(w.memory.rss, 7);
	close_world(&w);
}
END_TEST

UNIT_MAIN("docker_cgroup", cgroup_of_version_1_is_found_by_controller,
    cgroup_of_version_2_has_all_in_one_place,
    cgroup_that_is_gone_changes_nothing)
