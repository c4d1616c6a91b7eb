#include "cmd/gossipd/bcast.h"

#include "tests/lib/unit.h"

static uint64_t
add(struct bcast *q, const char *name, const char *text)
{
	return bcast_add(q, name, wire_text(text), 8);
}

/* What one packet with that much room takes, joined by commas. */
static const char *
take(struct bcast *q, size_t room, unsigned limit)
{
	static char out[128];
	struct wire_bytes parts[WIRE_PARTS_MAX];
	struct bcast_batch b = { 0 };
	size_t n = 0;

	bcast_take(q, &b, &room, 2, limit);
	bcast_batch_parts(&b, parts);
	for (size_t i = 0; i < b.n; i++) {
		memcpy(out + n, parts[i].data, parts[i].n);
		n += parts[i].n;
		out[n++] = ',';
	}
	out[n] = '\0';
	bcast_batch_release(&b);
	return out;
}

START_TEST(each_message_goes_out_as_often_as_the_limit_says)
{
	struct bcast q = { 0 };
	uint64_t id = add(&q, "a", "one");

	for (int i = 0; i < 4; i++) {
		ck_assert(bcast_has(&q, id));
		ck_assert_str_eq(take(&q, 100, 4), "one,");
	}
	ck_assert(!bcast_has(&q, id));
	ck_assert_str_eq(take(&q, 100, 4), "");
	bcast_release(&q);
}
END_TEST

START_TEST(sent_less_then_longer_then_newer_goes_first)
{
	struct bcast q = { 0 };

	add(&q, "a", "old");
	add(&q, "b", "new");
	add(&q, "c", "longer");
	ck_assert_str_eq(take(&q, 100, 4), "longer,new,old,");
	add(&q, "d", "x");
	ck_assert_str_eq(take(&q, 3, 4), "x,");
	ck_assert_str_eq(take(&q, 10, 4), "longer,");
	ck_assert_str_eq(take(&q, 10, 4), "new,old,");
	bcast_release(&q);
}
END_TEST

START_TEST(what_does_not_fit_leaves_room_to_what_does)
{
	struct bcast q = { 0 };

	add(&q, "a", "far too long a text");
	add(&q, "b", "ok");
	ck_assert_str_eq(take(&q, 5, 4), "ok,");
	bcast_release(&q);
}
END_TEST

START_TEST(news_replace_older_news_about_the_same_name)
{
	struct bcast q = { 0 };
	uint64_t id = add(&q, "a", "suspect");

	add(&q, NULL, "event");
	add(&q, "a", "alive");
	ck_assert(!bcast_has(&q, id));
	add(&q, NULL, "event");
	ck_assert_str_eq(take(&q, 100, 4), "event,alive,event,");
	bcast_release(&q);
}
END_TEST

START_TEST(a_full_queue_gives_up_what_went_out_most)
{
	struct bcast q = { 0 };

	add(&q, NULL, "told");
	take(&q, 100, 9);
	for (int i = 0; i < 8; i++)
		add(&q, NULL, "fresh");
	ck_assert_uint_eq(q.n, 8);
	ck_assert_ptr_null(strstr(take(&q, 1000, 9), "told"));
	bcast_release(&q);
}
END_TEST

UNIT_MAIN("bcast", each_message_goes_out_as_often_as_the_limit_says,
    sent_less_then_longer_then_newer_goes_first,
    what_does_not_fit_leaves_room_to_what_does,
    news_replace_older_news_about_the_same_name,
    a_full_queue_gives_up_what_went_out_most)
