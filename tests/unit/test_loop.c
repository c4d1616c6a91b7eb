#include "common/loop.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/unit.h"

struct seen {
	struct loop *loop;
	struct loop_timer *timer;
	int n;
	int status;
	uint64_t at_ms;
};

static void
count_to_three(void *arg)
{
	struct seen *s = arg;

	s->at_ms = loop_now_ms(s->loop);
	if (++s->n == 3)
		loop_stop(s->loop);
	else
		loop_timer_set(s->timer, 1);
}

START_TEST(loop_timers_repeat_when_set_again)
{
	struct seen s = { .loop = loop_new() };
	uint64_t start_ms = loop_now_ms(s.loop);

	s.timer = loop_timer_new(s.loop, count_to_three, &s);
	loop_timer_set(s.timer, 5);
	loop_run(s.loop);
	ck_assert_int_eq(s.n, 3);
	ck_assert_uint_ge(s.at_ms, start_ms + 5);
	loop_timer_free(s.timer);
	loop_free(s.loop);
}
END_TEST

static void
note_post(void *arg)
{
	struct seen *s = arg;

	if (++s->n == 1000)
		loop_stop(s->loop);
}

static void *
post_many(void *arg)
{
	struct seen *s = arg;

	for (int i = 0; i < 1000; i++)
		loop_post(s->loop, note_post, s);
	return NULL;
}

START_TEST(loop_runs_what_other_threads_post)
{
	struct seen s = { .loop = loop_new() };
	pthread_t thread;

	pthread_create(&thread, NULL, post_many, &s);
	loop_run(s.loop);
	pthread_join(thread, NULL);
	ck_assert_int_eq(s.n, 1000);
	loop_free(s.loop);
}
END_TEST

static void
note_child(void *arg, pid_t pid, int status)
{
	struct seen *s = arg;

	(void)pid;
	s->status = status;
	loop_stop(s->loop);
}

/* Whoever comes first frees the other. */
static void
note_and_forget(void *arg)
{
	struct seen *s = arg;

	s->n++;
	loop_unpost(s->loop, note_post, s);
}

START_TEST(loop_forgets_posts_when_told)
{
	struct seen s = { .loop = loop_new() }, other = s;
	bool never = false;

	loop_post(s.loop, note_post, &s);
	loop_post(s.loop, note_post, &other);
	loop_unpost(s.loop, note_post, &s);
	loop_wait(s.loop, &never, 5);
	ck_assert_int_eq(s.n, 0);
	ck_assert_int_eq(other.n, 1);
	/* The same turn's, too. */
	loop_post(s.loop, note_and_forget, &s);
	loop_post(s.loop, note_post, &s);
	loop_wait(s.loop, &never, 5);
	ck_assert_int_eq(s.n, 1);
	/* And the list still has an end. */
	loop_post(s.loop, note_post, &s);
	loop_unpost(s.loop, note_post, &s);
	loop_post(s.loop, note_post, &other);
	loop_wait(s.loop, &never, 5);
	ck_assert_int_eq(s.n, 1);
	ck_assert_int_eq(other.n, 2);
	loop_free(s.loop);
}
END_TEST

START_TEST(loop_reaps_a_child_that_ended_before_the_watch)
{
	struct seen s = { .loop = loop_new() };
	siginfo_t info;
	pid_t pid = fork();

	if (pid == 0)
		_exit(7);
	waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
	loop_child_watch(s.loop, pid, note_child, &s);
	loop_run(s.loop);
	ck_assert(WIFEXITED(s.status));
	ck_assert_int_eq(WEXITSTATUS(s.status), 7);
	loop_free(s.loop);
}
END_TEST

#define NCHILDREN 300

struct family {
	struct loop *loop;
	pid_t pids[NCHILDREN];
	int ntold;
	bool told[NCHILDREN];
};

static pid_t
fork_one(int code)
{
	pid_t pid = fork();

	ck_assert_int_ne(pid, -1);
	if (pid == 0)
		_exit(code);
	return pid;
}

/* Has it tell of all but the last, which the first to be told forgets. */
static void
note_one_of_many(void *arg, pid_t pid, int status)
{
	struct family *f = arg;
	int i;

	if (f->ntold == 0)
		loop_child_forget(f->loop, f->pids[NCHILDREN - 1]);
	for (i = 0; f->pids[i] != pid; i++)
		;
	ck_assert(!f->told[i]);
	ck_assert_int_eq(WEXITSTATUS(status), i % 100);
	f->told[i] = true;
	if (++f->ntold == NCHILDREN - 1)
		loop_stop(f->loop);
}

/* One that the kernel shows first is somebody else's: it stays for them. */
START_TEST(loop_reaps_many_children_and_no_others)
{
	struct family f = { .loop = loop_new() };
	pid_t stranger = fork_one(42), last;
	siginfo_t info;
	int status;

	waitid(P_PID, (id_t)stranger, &info, WEXITED | WNOWAIT);
	for (int i = 0; i < NCHILDREN; i++)
		f.pids[i] = fork_one(i % 100);
	last = f.pids[NCHILDREN - 1];
	for (int i = 0; i < NCHILDREN; i++)
		loop_child_watch(f.loop, f.pids[i], note_one_of_many, &f);
	loop_run(f.loop);
	ck_assert(!f.told[NCHILDREN - 1]);
	ck_assert_int_eq(waitpid(last, &status, 0), last);
	ck_assert_int_eq(waitpid(stranger, &status, 0), stranger);
	ck_assert_int_eq(WEXITSTATUS(status), 42);
	loop_free(f.loop);
}
END_TEST

/* The usual way: they end one by one while the loop runs. */
START_TEST(loop_reaps_those_that_end_later)
{
	struct seen s = { .loop = loop_new() };

	for (int i = 0; i < 3; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			usleep(20000);
			_exit(i);
		}
		s.status = -1;
		loop_child_watch(s.loop, pid, note_child, &s);
		loop_run(s.loop);
		ck_assert_int_eq(WEXITSTATUS(s.status), i);
	}
	loop_free(s.loop);
}
END_TEST

static void
drain(void *arg, bool readable, bool writable)
{
	struct seen *s = arg;

	ck_assert(readable);
	ck_assert(!writable);
	s->n++;
	loop_stop(s->loop);
}

START_TEST(loop_tells_of_a_readable_descriptor_and_waits_in_vain)
{
	struct seen s = { .loop = loop_new() };
	bool never = false;
	struct loop_fd *f;
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	f = loop_fd_new(s.loop, fds[0], drain, &s);
	loop_fd_want(f, true, false);
	ck_assert(!loop_wait(s.loop, &never, 5));
	ck_assert_int_eq(write(fds[1], "x", 1), 1);
	loop_run(s.loop);
	ck_assert_int_eq(s.n, 1);
	loop_fd_free(f);
	close(fds[0]);
	close(fds[1]);
	loop_free(s.loop);
}
END_TEST

static void
note_end(void *arg)
{
	struct seen *s = arg;

	s->at_ms = (uint64_t)s->n;
	loop_stop(s->loop);
}

static void
count_and_end(void *arg)
{
	struct seen *s = arg;

	if (s->n++ == 0)
		loop_at_end(s->loop, note_end, s);
}

START_TEST(loop_runs_at_the_end_of_a_turn_once_and_forgets_when_told)
{
	struct seen s = { .loop = loop_new() }, gone = { .loop = s.loop };

	for (int i = 0; i < 5; i++)
		loop_post(s.loop, count_and_end, &s);
	loop_run(s.loop);
	ck_assert_uint_eq(s.at_ms, 5);
	/* Outside of a turn it comes soon. */
	s.at_ms = 0;
	loop_at_end(s.loop, note_end, &gone);
	loop_unpost(s.loop, note_end, &gone);
	loop_at_end(s.loop, note_end, &s);
	loop_run(s.loop);
	ck_assert_uint_eq(s.at_ms, 5);
	ck_assert_uint_eq(gone.at_ms, 0);
	loop_free(s.loop);
}
END_TEST

static void
be_slow(void *arg)
{
	struct loop *l = arg;

	ck_assert(!loop_is_late(l));
	while (!loop_is_late(l))
		usleep(100);
}

static void
ask_if_late(void *arg)
{
	struct loop *l = arg;

	ck_assert(loop_is_late(l)); /* the same turn as be_slow() */
	loop_stop(l);
}

START_TEST(loop_is_late_in_a_turn_that_lasts_and_in_no_other)
{
	struct loop *l = loop_new();

	ck_assert(!loop_is_late(l));
	for (int i = 0; i < 2; i++) {
		loop_post(l, be_slow, l);
		loop_post(l, ask_if_late, l);
		loop_run(l);
		ck_assert_uint_ge(loop_longest_turn_us(l), LOOP_TURN_MS * 1000);
		ck_assert(!loop_is_late(l));
	}
	loop_free(l);
}
END_TEST

UNIT_MAIN("loop", loop_timers_repeat_when_set_again,
    loop_runs_what_other_threads_post, loop_forgets_posts_when_told,
    loop_reaps_a_child_that_ended_before_the_watch,
    loop_reaps_many_children_and_no_others, loop_reaps_those_that_end_later,
    loop_tells_of_a_readable_descriptor_and_waits_in_vain,
    loop_runs_at_the_end_of_a_turn_once_and_forgets_when_told,
    loop_is_late_in_a_turn_that_lasts_and_in_no_other)
