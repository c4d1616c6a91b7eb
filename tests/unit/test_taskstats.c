#include "cmd/nodeagent/taskstats.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "tests/lib/unit.h"

#define S CLOCK_NS_PER_S

static volatile uint64_t spun;

/* A process with a child that works all the time. */
static pid_t
start_busy(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		setpgid(0, 0);
		if (fork() == 0)
			for (;;)
				spun++;
		pause();
		_exit(0);
	}
	setpgid(pid, pid);
	return pid;
}

static void
end(pid_t pid)
{
	kill(-pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

START_TEST(task_stats_tell_what_a_child_uses_since_the_last_look)
{
	int64_t began_ns = clock_wall_ns(), now_ns;
	struct task_stats s = { 0 };
	struct resource_usage u;
	pid_t pid = start_busy();

	usleep(50000);
	/* As if it had been started long ago. */
	task_stats_look(&s, pid, 1, began_ns - 1000 * S, began_ns);
	ck_assert(s.user + s.system < 1);
	usleep(400000);
	now_ns = clock_wall_ns();
	task_stats_look(&s, pid, 1, began_ns - 1000 * S, now_ns);
	ck_assert_msg(s.user > 5, "%g percent", s.user);
	ck_assert(s.rss > 10000 && s.max_rss >= s.rss);
	task_stats_tell(&s, 1000, &u);
	ck_assert(u.cpu_stats->percent == s.user + s.system);
	ck_assert(u.memory_stats->rss == s.rss);
	rec_clear(&resource_usage_type, &u);
	end(pid);
}
END_TEST

START_TEST(task_stats_of_one_that_is_gone_are_zero)
{
	struct task_stats s = { 0 };
	pid_t pid = start_busy();

	usleep(20000);
	task_stats_look(&s, pid, 1, S, 2 * S);
	ck_assert(s.rss > 0);
	end(pid);
	task_stats_look(&s, pid, 1, S, 3 * S);
	ck_assert(s.rss == 0 && s.user == 0 && s.max_rss > 0);
	task_stats_look(&s, 0, 1, S, 4 * S);
	ck_assert(s.rss == 0);
	/* Another start of the task knows nothing of the one before. */
	task_stats_look(&s, 0, 2, 4 * S, 5 * S);
	ck_assert(s.max_rss == 0);
}
END_TEST

START_TEST(task_stats_count_two_looks_at_once_as_one)
{
	struct task_stats s = { 0 };

	task_stats_look(&s, getpid(), 1, S, 2 * S);
	task_stats_look(&s, getpid(), 1, S, 2 * S + TASK_STATS_MIN_NS - 1);
	ck_assert_int_eq(s.looked_ns, 2 * S);
	task_stats_look(&s, getpid(), 1, S, 2 * S + TASK_STATS_MIN_NS);
	ck_assert_int_eq(s.looked_ns, 2 * S + TASK_STATS_MIN_NS);
	/* The clock was set back. */
	task_stats_look(&s, getpid(), 1, S, S);
	ck_assert_int_eq(s.looked_ns, S);
}
END_TEST

UNIT_MAIN("task stats", task_stats_tell_what_a_child_uses_since_the_last_look,
    task_stats_of_one_that_is_gone_are_zero,
    task_stats_count_two_looks_at_once_as_one)
