#include "cmd/gossipd/snapshot.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/unit.h"

static struct snapshot
parsed(const char *text)
{
	struct snapshot s = { 0 };

	snapshot_parse(&s, text, strlen(text));
	return s;
}

START_TEST(an_agents_file_is_understood)
{
	struct snapshot s = parsed("# a comment\n"
				   "alive: a 10.0.0.1:7946\n"
				   "alive: b 10.0.0.2:7946\n"
				   "coordinate: {\"Vec\":[]}\n"
				   "clock: 41\nevent-clock: 7\n"
				   "query-clock: 3\n"
				   "not-alive: a\n"
				   "alive: b [::1]:7000\n");

	ck_assert_uint_eq(s.nmembers, 1);
	ck_assert_str_eq(s.members[0].name, "b");
	ck_assert_uint_eq(s.members[0].addr.nip, 16);
	ck_assert_uint_eq(s.members[0].addr.port, 7000);
	ck_assert_uint_eq(s.clock, 41);
	ck_assert_uint_eq(s.event_clock, 7);
	ck_assert_uint_eq(s.query_clock, 3);
	ck_assert(!s.left);
	snapshot_release(&s);
}
END_TEST

START_TEST(after_a_leave_nobody_is_looked_for)
{
	struct snapshot s = parsed("alive: a 10.0.0.1:7946\nleave\n");

	ck_assert_uint_eq(s.nmembers, 0);
	ck_assert(s.left);
	snapshot_release(&s);
	s = parsed("leave\nalive: a 10.0.0.1:7946\n");
	ck_assert_uint_eq(s.nmembers, 1);
	ck_assert(!s.left);
	snapshot_release(&s);
}
END_TEST

START_TEST(who_rejoins_looks_for_them_after_a_leave_too)
{
	struct snapshot s = { .rejoins = true };
	const char text[] = "alive: a 10.0.0.1:7946\nclock: 9\nleave\n";

	snapshot_parse(&s, text, sizeof text - 1);
	ck_assert_uint_eq(s.nmembers, 1);
	ck_assert_uint_eq(s.clock, 9);
	snapshot_release(&s);
}
END_TEST

START_TEST(what_makes_no_sense_is_passed_over)
{
	struct snapshot s = parsed("alive: \nalive: x\nalive: x y\n"
				   "alive: x 10.0.0.1\nalive: x 10.0.0.1:0x\n"
				   "alive:  10.0.0.1:7946\nclock: many\n"
				   "clock: 99999999999999999999\n\n"
				   "bogus\nalive: half 10.0.0.1:79");

	ck_assert_uint_eq(s.nmembers, 0);
	ck_assert_uint_eq(s.clock, 0);
	snapshot_release(&s);
}
END_TEST

START_TEST(what_is_written_is_read_again)
{
	struct snapshot s = parsed("alive: a.b 10.0.0.1:7946\n"
				   "alive: b [fe80::1]:7\nclock: 5\n"),
			again;
	struct buf text = { 0 }, twice = { 0 };

	snapshot_format(&s, &text);
	again = parsed(buf_str(&text));
	ck_assert_uint_eq(again.nmembers, 2);
	snapshot_format(&again, &twice);
	ck_assert_str_eq(buf_str(&text), buf_str(&twice));
	buf_release(&text);
	buf_release(&twice);
	snapshot_release(&s);
	snapshot_release(&again);
}
END_TEST

START_TEST(what_a_newer_program_wrote_is_refused)
{
	char path[] = "/tmp/test_snapshot.XXXXXX";
	int fd = mkstemp(path);
	struct snapshot s = parsed("alive: a 10.0.0.1:7946\n"), back;
	struct err err;
	static const char newer[] = "# format: 2\nalive: a 10.0.0.1:7946\n";

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(snapshot_save(&s, path, &err), 0);
	ck_assert_int_eq(snapshot_load(&back, path, false, &err), 0);
	ck_assert_uint_eq(back.format, 1);
	ck_assert_uint_eq(back.nmembers, 1);
	snapshot_release(&back);
	close(fd);
	fd = open(path, O_WRONLY | O_TRUNC);
	ck_assert_int_eq(
	    (int)write(fd, newer, sizeof newer - 1), (int)sizeof newer - 1);
	close(fd);
	ck_assert_int_eq(snapshot_load(&back, path, false, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text,
	    ": written by a newer program: format version 2, this one knows "
	    "up to 1"));
	ck_assert_uint_eq(back.nmembers, 0);
	unlink(path);
	snapshot_release(&s);
}
END_TEST

static void
no_udp(void *ctx, const struct pool_addr *to, const char *bytes, size_t n)
{
	(void)ctx, (void)to, (void)bytes, (void)n;
}

static void
no_dial(void *ctx, uint64_t token, const struct pool_addr *to,
    const char *bytes, size_t n, uint64_t deadline_ms)
{
	(void)ctx, (void)token, (void)to, (void)bytes, (void)n;
	(void)deadline_ms;
}

static void
no_event(void *ctx, const struct pool_event *ev)
{
	(void)ctx, (void)ev;
}

START_TEST(who_has_not_answered_yet_is_kept)
{
	const struct pool_ops ops = { NULL, no_udp, no_dial, no_event, NULL };
	struct wire_ring ring = { 0 };
	struct pool_config c = { .name = "me",
		.addr = { .ip = { 10, 0, 0, 9 }, .nip = 4, .port = 7946 },
		.ring = &ring };
	struct snapshot before = parsed("alive: a 10.0.0.1:7946\n"
					"alive: me 10.0.0.9:7946\n"),
			s;
	struct err err;
	struct pool *p = pool_new(&c, &ops, 1, 0, &err);

	ck_assert_ptr_nonnull(p);
	snapshot_take(&s, p, false);
	ck_assert_uint_eq(s.nmembers, 0);
	snapshot_keep(&s, &before, p);
	ck_assert_uint_eq(s.nmembers, 1);
	ck_assert_str_eq(s.members[0].name, "a");
	snapshot_release(&s);
	snapshot_release(&before);
	pool_free(p);
}
END_TEST

UNIT_MAIN("snapshot", who_rejoins_looks_for_them_after_a_leave_too,
    who_has_not_answered_yet_is_kept, an_agents_file_is_understood,
    after_a_leave_nobody_is_looked_for, what_makes_no_sense_is_passed_over,
    what_is_written_is_read_again, what_a_newer_program_wrote_is_refused)
