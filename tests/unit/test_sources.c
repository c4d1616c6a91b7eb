#include "cmd/lbd/sources.h"

#include <string.h>

#include "tests/lib/unit.h"

static struct sources
sources_of(void)
{
	struct rtable_options o = { 0 };
	struct sources s;

	sources_init(&s, &o, "urlprefix-", "dc9");
	return s;
}

static void
put(struct sources *s, const char *id, const char *tag, bool critical)
{
	char *tags[] = { (char *)(uintptr_t)tag };
	struct service_instance i = { .id = (char *)(uintptr_t)id,
		.service_name = (char *)(uintptr_t) "web",
		.address = (char *)(uintptr_t) "10.0.0.1",
		.port = 8000 + id[0],
		.tags = tags,
		.ntags = 1,
		.critical = critical };

	ck_assert_int_eq(sources_put(s, &i, NULL), 0);
}

static void
expect(struct sources *s, const char *want)
{
	struct rtable_options o = { 0 };
	struct buf text = { 0 }, form = { 0 };
	struct rtable *t;

	sources_text(s, &text);
	t = rtable_new(buf_str(&text), text.len, &o, NULL);
	ck_assert_ptr_nonnull(t);
	rtable_format(t, false, &form);
	ck_assert_str_eq(buf_str(&form), want);
	rtable_unref(t);
	buf_release(&text);
	buf_release(&form);
}

START_TEST(sources_follow_instances)
{
	struct sources s = sources_of();

	put(&s, "a", "urlprefix-/web", false);
	put(&s, "b", "urlprefix-/web", false);
	expect(&s, "route add web /web http://10.0.0.1:8098/\n"
		   "route add web /web http://10.0.0.1:8097/\n");
	ck_assert(!s.changed);
	put(&s, "b", "urlprefix-/web", true);
	ck_assert(s.changed);
	expect(&s, "route add web /web http://10.0.0.1:8097/\n");
	put(&s, "b", "urlprefix-/web", true);
	ck_assert(!s.changed);
	sources_remove(&s, "a");
	expect(&s, "");
	sources_release(&s);
}
END_TEST

START_TEST(sources_leave_out_only_what_is_wrong)
{
	struct sources s = sources_of();

	put(&s, "a", "urlprefix-[x/", false);
	put(&s, "b", "urlprefix-", false);
	put(&s, "c", "urlprefix-/p redirect=301,nowhere", false);
	put(&s, "d", "urlprefix-$DC.example/ok", false);
	put(&s, "e", "plain", false);
	expect(&s, "route add web dc9.example/ok http://10.0.0.1:8100/\n");
	sources_release(&s);
}
END_TEST

START_TEST(sources_give_the_operator_the_last_word)
{
	struct sources s = sources_of();

	put(&s, "a", "urlprefix-/web", false);
	ck_assert_int_eq(
	    sources_edit(&s, "route add api /api http://h:1/", NULL), 0);
	ck_assert_int_eq(sources_edit(&s, "route del web", NULL), 0);
	expect(&s, "route add api /api http://h:1/\n");
	/* Taking back one's own leaves nothing behind. */
	ck_assert_int_eq(sources_edit(&s, "route del api /api", NULL), 0);
	ck_assert_str_eq(buf_str(&s.manual), "route del web\n");
	expect(&s, "");
	sources_release(&s);
}
END_TEST

START_TEST(sources_change_nothing_when_an_edit_is_wrong)
{
	struct sources s = sources_of();
	struct err err;

	ck_assert_int_eq(
	    sources_edit(
		&s, "route add a /a http://h:1/\nroute add b /b x\n", &err),
	    -1);
	expect(&s, "");
	ck_assert_int_eq(sources_set_file(&s, "nonsense", 8, &err), -1);
	expect(&s, "");
	sources_release(&s);
}
END_TEST

START_TEST(sources_replace_all_at_once)
{
	struct sources s = sources_of();
	char tag[] = "urlprefix-/new", id[] = "n", name[] = "svc",
	     addr[] = "::1";
	char *tags[] = { tag };
	struct service_instance one = { .id = id,
		.service_name = name,
		.address = addr,
		.port = 9,
		.tags = tags,
		.ntags = 1 };

	put(&s, "a", "urlprefix-/web", false);
	ck_assert_int_eq(sources_replace(&s, &one, 1, NULL), 0);
	expect(&s, "route add svc /new http://[::1]:9/\n");
	ck_assert_int_eq(sources_replace(&s, NULL, 0, NULL), 0);
	expect(&s, "");
	sources_release(&s);
}
END_TEST

UNIT_MAIN("sources", sources_follow_instances,
    sources_leave_out_only_what_is_wrong,
    sources_give_the_operator_the_last_word,
    sources_change_nothing_when_an_edit_is_wrong, sources_replace_all_at_once)
