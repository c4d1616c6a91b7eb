#include "cmd/lbd/rtable.h"

#include <stdio.h>
#include <string.h>

#include "tests/lib/unit.h"

static struct rng rng;
static uint32_t turns[64];
static struct rtable_reader reader = {
	.strategy = RTABLE_ROUND_ROBIN, .rng = &rng, .turns = turns
};

static struct rtable *
table_of(const char *text, enum match_kind matcher)
{
	struct rtable_options o = { .matcher = matcher };
	struct err err = { 0 };
	struct rtable *t = rtable_new(text, strlen(text), &o, &err);

	ck_assert_msg(t != NULL, "%s", err.text);
	memset(turns, 0, sizeof turns);
	return t;
}

/* The destination of a request, or "" when no route fits. */
static const char *
where(const struct rtable *t, const char *host, const char *path)
{
	struct rtable_query q = { .host = host,
		.nhost = strlen(host),
		.path = path,
		.npath = strlen(path),
		.sent_path = path,
		.nsent_path = strlen(path) };
	struct rtable_hit hit;
	struct buf url = { 0 };
	bool found = rtable_lookup(t, &reader, &q, &hit, &url);

	buf_release(&url);
	return found ? hit.target->dst : "";
}

START_TEST(rtable_empty_knows_no_route)
{
	struct rtable *t = table_of("", MATCH_PREFIX);

	ck_assert_str_eq(where(t, "a", "/"), "");
	ck_assert_uint_eq(t->ntargets, 0);
	rtable_unref(t);
}
END_TEST

START_TEST(rtable_takes_the_longest_path_of_many)
{
	struct rtable *t = table_of("route add s /a http://a/\n"
				    "route add s /a/b http://ab/\n"
				    "route add s /a/bc http://abc/\n"
				    "route add s /a/b/d/e http://abde/\n"
				    "route add s /z http://z/\n",
	    MATCH_PREFIX);

	ck_assert_str_eq(where(t, "h", "/a/bz"), "http://ab/");
	ck_assert_str_eq(where(t, "h", "/a/bcd"), "http://abc/");
	ck_assert_str_eq(where(t, "h", "/a/b/d/f"), "http://ab/");
	ck_assert_str_eq(where(t, "h", "/a/b/d/e/f"), "http://abde/");
	ck_assert_str_eq(where(t, "h", "/aa"), "http://a/");
	ck_assert_str_eq(where(t, "h", "/y"), "");
	ck_assert_str_eq(where(t, "h", "/"), "");
	rtable_unref(t);
}
END_TEST

/* The fast look-up agrees with looking at every route. */
START_TEST(rtable_finds_what_a_plain_walk_finds)
{
	struct buf text = { 0 };
	struct rtable *t;

	rng_init(&rng, 7);
	for (int i = 0; i < 300; i++) {
		buf_adds(&text, "route add s /");
		for (uint64_t k = rng_below(&rng, 5); k > 0; k--)
			buf_addc(&text, (char)('a' + rng_below(&rng, 2)));
		buf_addf(&text, " http://t%d/\n", i);
	}
	t = table_of(text.data, MATCH_PREFIX);
	for (int i = 0; i < 2000; i++) {
		char path[16] = "/";
		size_t n = 1;
		const struct rtable_route *want = NULL;
		const struct rtable_host *h = &t->hosts[0];

		for (uint64_t k = rng_below(&rng, 7); k > 0; k--)
			path[n++] = (char)('a' + rng_below(&rng, 2));
		path[n] = '\0';
		for (size_t k = 0; k < h->nroutes && want == NULL; k++)
			if (strncmp(h->routes[k].path, path,
				strlen(h->routes[k].path)) == 0)
				want = &h->routes[k];
		if (want != NULL) {
			memset(turns, 0, sizeof turns);
			reader.strategy = RTABLE_RANDOM;
			ck_assert_str_ne(where(t, "", path), "");
			reader.strategy = RTABLE_ROUND_ROBIN;
		} else {
			ck_assert_str_eq(where(t, "", path), "");
		}
	}
	buf_release(&text);
	rtable_unref(t);
}
END_TEST

START_TEST(rtable_prefers_the_most_specific_host)
{
	struct rtable *t = table_of("route add s / http://any/\n"
				    "route add s *.b.c/ http://glob/\n"
				    "route add s a.b.c/ http://exact/\n"
				    "route add s a.b.c:80/x http://port/\n"
				    "route add s *.a.b.c/ http://deep/\n",
	    MATCH_PREFIX);

	ck_assert_str_eq(where(t, "A.b.C", "/"), "http://exact/");
	ck_assert_str_eq(where(t, "a.b.c:80", "/x"), "http://port/");
	ck_assert_str_eq(where(t, "a.b.c:81", "/x"), "http://any/");
	ck_assert_str_eq(where(t, "x.b.c", "/"), "http://glob/");
	ck_assert_str_eq(where(t, "x.a.b.c", "/"), "http://deep/");
	ck_assert_str_eq(where(t, "", "/"), "http://any/");
	rtable_unref(t);
}
END_TEST

START_TEST(rtable_takes_turns)
{
	struct rtable *t = table_of("route add s / http://1/\n"
				    "route add s / http://2/\n"
				    "route add s / http://3/\n",
	    MATCH_PREFIX);

	for (int i = 0; i < 2; i++) {
		ck_assert_str_eq(where(t, "", "/"), "http://1/");
		ck_assert_str_eq(where(t, "", "/"), "http://2/");
		ck_assert_str_eq(where(t, "", "/"), "http://3/");
	}
	rtable_unref(t);
}
END_TEST

START_TEST(rtable_ignores_case_or_globs_when_told)
{
	struct rtable *t =
	    table_of("route add s /Foo http://foo/\n", MATCH_IPREFIX);

	ck_assert_str_eq(where(t, "", "/fOOd"), "http://foo/");
	rtable_unref(t);
	t = table_of("route add s /a/*/z http://foo/\n", MATCH_GLOB);
	ck_assert_str_eq(where(t, "", "/a/b/c/z"), "http://foo/");
	ck_assert_str_eq(where(t, "", "/a/z"), "");
	rtable_unref(t);
}
END_TEST

START_TEST(rtable_refuses_a_text_with_one_wrong_line)
{
	struct rtable_options o = { 0 };
	struct err err;
	const char *text = "route add a / http://h/\nroute add b /b nowhere\n";

	ck_assert_ptr_null(rtable_new(text, strlen(text), &o, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "line 2: invalid target"));
	text = "route add a [x/ http://h/\n";
	ck_assert_ptr_null(rtable_new(text, strlen(text), &o, &err));
	text = "route add a / http://h:99999/\n";
	ck_assert_ptr_null(rtable_new(text, strlen(text), &o, &err));
}
END_TEST

START_TEST(rtable_adds_again_what_was_deleted)
{
	struct rtable *t = table_of("route add a / http://h/\n"
				    "route del a / http://h/\n"
				    "route add a / http://h/\n",
	    MATCH_PREFIX);

	ck_assert_uint_eq(t->ntargets, 1);
	rtable_unref(t);
}
END_TEST

START_TEST(rtable_counts_each_address_once)
{
	struct rtable *t = table_of("route add a / http://h:1/\n"
				    "route add a /b http://h:1/\n"
				    "route add a /c http://h:2/\n"
				    "route add a /d http://h/\n",
	    MATCH_PREFIX);

	ck_assert_uint_eq(t->nupstreams, 3);
	ck_assert_uint_eq(t->ntargets, 4);
	rtable_unref(t);
}
END_TEST

START_TEST(rtable_notes_options_it_cannot_use)
{
	struct rtable *t =
	    table_of("route add a / http://h:1/ opts \"redirect=200\"\n"
		     "route add a /b http://h/ opts \"allow=ip:1.1.1.1 "
		     "deny=ip:2.2.2.2\"\n"
		     "route weight x / weight 0.5\n",
		MATCH_PREFIX);

	ck_assert_ptr_nonnull(strstr(t->notes.data, "redirect=200"));
	ck_assert_ptr_nonnull(strstr(t->notes.data, "exclude each other"));
	ck_assert_ptr_nonnull(strstr(t->notes.data, "line 3: no target"));
	rtable_unref(t);
}
END_TEST

UNIT_MAIN("rtable", rtable_empty_knows_no_route,
    rtable_takes_the_longest_path_of_many, rtable_finds_what_a_plain_walk_finds,
    rtable_prefers_the_most_specific_host, rtable_takes_turns,
    rtable_ignores_case_or_globs_when_told,
    rtable_refuses_a_text_with_one_wrong_line,
    rtable_adds_again_what_was_deleted, rtable_counts_each_address_once,
    rtable_notes_options_it_cannot_use)
