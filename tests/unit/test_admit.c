#include "cmd/lbd/admit.h"

#include <string.h>

#include "tests/lib/unit.h"

static const struct http_field no_fields[1];

static struct rtable *
table_of(const char *text)
{
	struct rtable_options o = { .matcher = MATCH_PREFIX };
	struct err err = { 0 };
	struct rtable *t = rtable_new(text, strlen(text), &o, &err);

	ck_assert_msg(t != NULL, "%s", err.text);
	return t;
}

static enum admit
ask(const char *line, const char *peer, const char *xff)
{
	struct rtable *t = table_of(line);
	struct http_field f = { "x-forwarded-for", xff, 15, strlen(xff) };
	struct admit_asker asker = { peer, &f, *xff != '\0' };
	enum admit admit = admit_ask(&t->hosts[0].routes[0].targets[0], &asker);

	rtable_unref(t);
	return admit;
}

START_TEST(admit_says_what_becomes_of_a_request)
{
	const char *deny = "route add s /a http://a/ opts \"deny=ip:10.0.0.1\"";

	ck_assert_int_eq(
	    ask("route add s /a http://a/", "10.0.0.1:4", ""), ADMIT_PASS);
	ck_assert_int_eq(ask(deny, "10.0.0.2:4", ""), ADMIT_PASS);
	ck_assert_int_eq(ask(deny, "10.0.0.1:4", ""), ADMIT_DENIED);
	ck_assert_int_eq(
	    ask(deny, "10.0.0.2:4", "1.1.1.1, 10.0.0.1"), ADMIT_DENIED);
	ck_assert_int_eq(ask(deny, "unix:", ""), ADMIT_DENIED);
	ck_assert_int_eq(
	    ask("route add s /a http://a/ opts \"auth=x\"", "10.0.0.1:4", ""),
	    ADMIT_AUTH);
	ck_assert_int_eq(ask("route add s /a http://a/ opts \"redirect=301\"",
			     "10.0.0.1:4", ""),
	    ADMIT_REDIRECT);
	ck_assert_int_eq(
	    ask("route add s /a https://a/", "10.0.0.1:4", ""), ADMIT_UNSPOKEN);
}
END_TEST

static bool
is_never(void *ctx, const struct target *t)
{
	(void)ctx;
	(void)t;
	return false;
}

static bool
is_named(void *ctx, const struct target *t)
{
	return strcmp(t->url.host, ctx) == 0;
}

/* Where a request goes that was meant for the target at host "first". */
static const char *
next_of(const struct rtable *t,
    bool (*is_spared)(void *, const struct target *), void *ctx)
{
	const struct rtable_route *r = &t->hosts[0].routes[0];
	struct admit_asker asker = { "10.0.0.1:4", no_fields, 0 };
	const struct target *next;

	for (size_t i = 0; i < r->ntargets; i++)
		if (strcmp(r->targets[i].url.host, "first") == 0) {
			next = admit_next(
			    r, &r->targets[i], &asker, is_spared, ctx);
			return next == NULL ? "" : next->url.host;
		}
	ck_abort_msg("no target is called first");
	return "";
}

/* Each sibling that would turn the request away is passed over. */
START_TEST(admit_next_takes_only_what_takes_the_request)
{
	char last[] = "open";
	struct rtable *t = table_of(
	    "route add s /a http://first/\n"
	    "route add s /a http://denies/ opts \"deny=ip:10.0.0.0/8\"\n"
	    "route add s /a http://allows/ opts \"allow=ip:11.0.0.0/8\"\n"
	    "route add s /a http://auth/ opts \"auth=x\"\n"
	    "route add s /a https://secure/\n"
	    "route add s /a tcp://raw:1/\n"
	    "route add s /a http://away/ opts \"redirect=301\"\n"
	    "route add s /a http://open/\n");

	ck_assert_uint_eq(t->hosts[0].routes[0].ntargets, 8);
	ck_assert_str_eq(next_of(t, is_never, NULL), "open");
	ck_assert_str_eq(next_of(t, is_named, last), "");
	rtable_unref(t);
}
END_TEST

START_TEST(admit_next_finds_a_sibling_that_allows_the_peer)
{
	struct rtable *t = table_of(
	    "route add s /a http://first/\n"
	    "route add s /a http://allows/ opts \"allow=ip:10.0.0.0/8\"\n");

	ck_assert_str_eq(next_of(t, is_never, NULL), "allows");
	rtable_unref(t);
}
END_TEST

UNIT_MAIN("admit", admit_says_what_becomes_of_a_request,
    admit_next_takes_only_what_takes_the_request,
    admit_next_finds_a_sibling_that_allows_the_peer)
