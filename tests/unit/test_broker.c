#include "cmd/schedd/broker.h"

#include <string.h>

#include "cmd/schedd/blocked.h"
#include "tests/lib/unit.h"

static struct broker b;

static void
setup(void)
{
	const struct broker_opts o = {
		.delivery_limit = 2, .first_nack_ms = 10, .next_nack_ms = 20
	};

	broker_init(&b, &o);
}

static void
put(const char *id, const char *job, int64_t priority, uint64_t index,
    uint64_t delay_ms)
{
	struct eval e = { .id = (char *)(uintptr_t)id,
		.namespace = "default",
		.job_id = (char *)(uintptr_t)job,
		.type = "service",
		.priority = priority,
		.create_index = index,
		.modify_index = index };

	broker_enqueue(&b, &e, delay_ms, 0);
}

static const char *
next(uint64_t now_ms)
{
	bool failed;
	const char *id = broker_dequeue(&b, BROKER_ALL, now_ms, &failed);

	return id != NULL ? id : "none";
}

START_TEST(broker_goes_by_priority_then_age)
{
	setup();
	put("young", "a", 50, 3, 0);
	put("old", "b", 50, 2, 0);
	put("urgent", "c", 90, 4, 0);
	ck_assert_str_eq(next(0), "urgent");
	ck_assert_str_eq(next(0), "old");
	ck_assert_str_eq(next(0), "young");
	ck_assert_str_eq(next(0), "none");
	broker_release(&b);
}
END_TEST

START_TEST(broker_looks_at_a_job_once_at_a_time)
{
	char *gone;

	setup();
	put("first", "a", 50, 1, 0);
	put("second", "a", 50, 2, 0);
	put("third", "a", 50, 3, 0);
	ck_assert_str_eq(next(0), "first");
	ck_assert_str_eq(next(0), "none");
	ck_assert_int_eq(broker_ack(&b, "first"), 0);
	ck_assert_str_eq(next(0), "third"); /* the newest serves for all */
	gone = broker_take_given_up(&b);
	ck_assert_str_eq(gone, "second");
	ck_assert_ptr_null(broker_take_given_up(&b));
	ck_assert_int_eq(broker_ack(&b, "second"), -1);
	free(gone);
	broker_release(&b);
}
END_TEST

START_TEST(broker_waits_until_it_is_time)
{
	setup();
	put("later", "a", 50, 1, 100);
	ck_assert_uint_eq(broker_due_ms(&b), 100);
	broker_tick(&b, 99);
	ck_assert_str_eq(next(99), "none");
	broker_tick(&b, 100);
	ck_assert_str_eq(next(100), "later");
	ck_assert_uint_eq(broker_due_ms(&b), UINT64_MAX);
	broker_release(&b);
}
END_TEST

START_TEST(broker_tries_again_and_then_fails)
{
	bool failed;

	setup();
	put("e", "a", 50, 1, 0);
	ck_assert_str_eq(next(0), "e");
	ck_assert_int_eq(broker_nack(&b, "e", 0), 0);
	ck_assert_str_eq(next(9), "none");
	broker_tick(&b, 10);
	ck_assert_str_eq(broker_dequeue(&b, BROKER_ALL, 10, &failed), "e");
	ck_assert(!failed);
	ck_assert_int_eq(broker_nack(&b, "e", 10), 0);
	ck_assert_str_eq(broker_dequeue(&b, BROKER_ALL, 10, &failed), "e");
	ck_assert(failed);
	broker_release(&b);
}
END_TEST

/* --- those that wait for room --- */

static void
block(struct blocked *w, const char *id, const char *job, bool may, uint64_t at)
{
	struct rec_kb class = { .key = "small", .value = may };
	struct eval e = { .id = (char *)(uintptr_t)id,
		.namespace = "default",
		.job_id = (char *)(uintptr_t)job,
		.type = "service",
		.class_eligibility = &class,
		.nclass_eligibility = 1,
		.create_index = at,
		.snapshot_index = at };

	blocked_add(w, &e);
}

static bool
gives(char *id, const char *want)
{
	bool same = id != NULL && strcmp(id, want) == 0;

	free(id);
	return same;
}

START_TEST(blocked_wakes_those_that_may_use_the_class)
{
	struct blocked w = { 0 };

	block(&w, "may", "a", true, 10);
	block(&w, "may not", "b", false, 10);
	blocked_gain(&w, "small", 11);
	ck_assert(gives(blocked_take_woken(&w), "may"));
	ck_assert_ptr_null(blocked_take_woken(&w));
	blocked_gain(&w, "never seen", 12);
	ck_assert(gives(blocked_take_woken(&w), "may not"));
	blocked_release(&w);
}
END_TEST

START_TEST(blocked_notices_room_it_has_missed)
{
	struct blocked w = { 0 };

	blocked_gain(&w, "small", 20);
	block(&w, "late", "a", true, 10);
	ck_assert(gives(blocked_take_woken(&w), "late"));
	block(&w, "fresh", "a", true, 30);
	ck_assert_ptr_null(blocked_take_woken(&w));
	blocked_release(&w);
}
END_TEST

START_TEST(blocked_keeps_the_newest_of_a_job)
{
	struct blocked w = { 0 };

	block(&w, "old", "a", true, 10);
	block(&w, "new", "a", true, 11);
	ck_assert(gives(blocked_take_duplicate(&w), "old"));
	ck_assert_str_eq(blocked_of_job(&w, "default", "a"), "new");
	ck_assert_uint_eq(blocked_count(&w), 1);
	blocked_forget_job(&w, "default", "a");
	ck_assert_uint_eq(blocked_count(&w), 0);
	blocked_release(&w);
}
END_TEST

UNIT_MAIN("broker", broker_goes_by_priority_then_age,
    broker_looks_at_a_job_once_at_a_time, broker_waits_until_it_is_time,
    broker_tries_again_and_then_fails,
    blocked_wakes_those_that_may_use_the_class,
    blocked_notices_room_it_has_missed, blocked_keeps_the_newest_of_a_job)
