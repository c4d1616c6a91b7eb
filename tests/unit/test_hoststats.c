#include "cmd/nodeagent/hoststats.h"

#include <unistd.h>

#include "common/clock.h"
#include "tests/lib/unit.h"

static void
look(struct host_stats_kept *k, struct host_stats *s)
{
	host_stats_look(k, s, "/tmp", clock_wall_ns(), 1000);
}

static bool
is_percent(double p)
{
	return p >= 0 && p <= 100.001;
}

START_TEST(host_stats_tell_of_each_cpu_and_of_memory)
{
	long ncpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct host_stats_kept k;
	struct host_stats s;

	host_stats_init(&k);
	look(&k, &s);
	rec_clear(&host_stats_type, &s);
	usleep(300000);
	look(&k, &s);
	ck_assert_uint_eq(s.ncpu, (size_t)ncpus);
	for (size_t i = 0; i < s.ncpu; i++) {
		const struct host_cpu_stats *c = &s.cpu[i];

		ck_assert(strncmp(c->cpu, "cpu", 3) == 0);
		ck_assert(is_percent(c->user) && is_percent(c->system) &&
			  is_percent(c->idle));
		ck_assert(is_percent(c->user + c->system + c->idle));
	}
	ck_assert(s.cpu_ticks_consumed >= 0 && s.cpu_ticks_consumed <= 1000);
	ck_assert(s.memory->total > s.memory->free);
	ck_assert(s.memory->used + s.memory->available == s.memory->total);
	ck_assert(s.uptime > 0);
	rec_clear(&host_stats_type, &s);
	host_stats_release(&k);
}
END_TEST

START_TEST(host_stats_tell_of_disks_each_once)
{
	struct host_stats_kept k;
	struct host_stats s;

	host_stats_init(&k);
	look(&k, &s);
	ck_assert_uint_ge(s.ndisk_stats, 1);
	ck_assert_uint_le(s.ndisk_stats, HOST_STATS_MAX_DISKS);
	for (size_t i = 0; i < s.ndisk_stats; i++) {
		ck_assert(is_percent(s.disk_stats[i].used_percent));
		for (size_t j = 0; j < i; j++)
			ck_assert_str_ne(
			    s.disk_stats[i].device, s.disk_stats[j].device);
	}
	ck_assert_str_eq(s.alloc_dir_stats->mountpoint, "/tmp");
	ck_assert(s.alloc_dir_stats->size > 0);
	rec_clear(&host_stats_type, &s);
	host_stats_release(&k);
}
END_TEST

START_TEST(host_stats_bear_a_proc_that_is_not_there)
{
	struct host_stats_kept k = { .stat_fd = -1, .meminfo_fd = -1 };
	struct host_stats s;

	look(&k, &s);
	ck_assert_uint_eq(s.ncpu, 0);
	ck_assert_uint_eq(s.memory->total, 0);
	rec_clear(&host_stats_type, &s);
	host_stats_release(&k);
}
END_TEST

UNIT_MAIN("host stats", host_stats_tell_of_each_cpu_and_of_memory,
    host_stats_tell_of_disks_each_once,
    host_stats_bear_a_proc_that_is_not_there)
