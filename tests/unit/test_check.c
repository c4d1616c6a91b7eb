#include "cmd/nodeagent/check.h"

#include <string.h>

#include "common/clock.h"
#include "common/mem.h"
#include "tests/lib/unit.h"

static struct run_time
at(uint64_t ms)
{
	return (
	    struct run_time){ .ms = ms, .ns = (int64_t)ms * CLOCK_NS_PER_MS };
}

/* An http check of a Consul service: each 2 s, within 1 s. */
static struct check
plain(void)
{
	return (struct check){
		.instance_id = xstrdup("_nomad-task-a1-group-g-web-http"),
		.service = xstrdup("web"),
		.group = xstrdup("j.g[0]"),
		.task = xstrdup(""),
		.restarts = xstrdup(""),
		.address = xstrdup("127.0.0.1"),
		.port = 80,
		.spec = { .name = xstrdup("alive"),
		    .type = xstrdup("http"),
		    .interval = 2 * CLOCK_NS_PER_S,
		    .timeout = CLOCK_NS_PER_S },
	};
}

static bool
says(struct check *c, enum check_status status, uint64_t ms)
{
	struct check_answer a = { .status = status, .output = "words" };

	return check_take(c, &a, at(ms));
}

START_TEST(checks_begin_as_their_provider_has_it)
{
	static const struct {
		const char *initial, *type;
		bool nomad;
		enum check_status status;
	} rows[] = {
		{ NULL, "http", false, CHECK_CRITICAL },
		{ "", "tcp", false, CHECK_CRITICAL },
		{ NULL, "http", true, CHECK_PENDING },
		{ "passing", "http", false, CHECK_PASSING },
		{ "warning", "http", false, CHECK_WARNING },
		{ "nonsense", "http", true, CHECK_PENDING },
		{ "passing", "grpc", false, CHECK_CRITICAL },
		{ "passing", "script", true, CHECK_CRITICAL },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct check c = plain();

		free(c.spec.type);
		c.spec.type = xstrdup(rows[i].type);
		c.spec.initial_status =
		    rows[i].initial != NULL ? xstrdup(rows[i].initial) : NULL;
		c.nomad = rows[i].nomad;
		check_init(&c, at(1000));
		ck_assert_msg(c.status == rows[i].status, "row %zu", i);
		check_release(&c);
	}
}
END_TEST

START_TEST(checks_that_cannot_run_say_why)
{
	struct check c = plain();

	ck_assert_ptr_null(check_cannot_run(&c.spec));
	c.spec.protocol = xstrdup("https");
	check_init(&c, at(1000));
	ck_assert_str_eq(
	    c.output, "https checks are not run by this version of rove");
	check_release(&c);
}
END_TEST

START_TEST(a_status_changes_when_its_threshold_is_reached)
{
	/* p: passes, w: warns, c: is critical; below, the status after it. */
	static const struct {
		int64_t good, warning, critical;
		const char *said, *is;
	} rows[] = {
		{ 0, 0, 0, "pcpwc", "pcpwc" },
		{ 1, 0, 1, "pcp", "pcp" },
		{ 2, 0, 0, "pppcpp", "cppccp" },
		{ 3, 0, 0, "ppcppp", "cccccp" },
		{ 0, 0, 3, "pccc", "pppc" },
		{ 0, 0, 3, "pccpcc", "pppppp" },
		{ 0, 2, 3, "pcccp", "ppwcp" },
		{ 0, 1, 3, "pcccc", "pwwcc" },
		{ 2, 0, 2, "pwpcc", "cwppc" },
	};
	static const char letters[] = ".pwc";

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct check c = plain();

		c.spec.success_before_passing = rows[i].good;
		c.spec.failures_before_warning = rows[i].warning;
		c.spec.failures_before_critical = rows[i].critical;
		check_init(&c, at(1000));
		for (size_t k = 0; rows[i].said[k] != '\0'; k++) {
			says(&c,
			    (enum check_status)(
				strchr(letters, rows[i].said[k]) - letters),
			    2000 + k);
			ck_assert_msg(letters[c.status] == rows[i].is[k],
			    "row %zu, answer %zu: %s", i, k,
			    check_status_name(c.status));
		}
		check_release(&c);
	}
}
END_TEST

START_TEST(what_is_told_changes_with_the_status_alone)
{
	struct check c = plain();
	struct check_answer a = { CHECK_PASSING, 200, "one" };
	struct instance_check told, again;

	check_init(&c, at(1000));
	ck_assert(check_take(&c, &a, at(2000)));
	check_tell(&c, &told);
	a.output = "two";
	ck_assert(!check_take(&c, &a, at(3000)));
	check_tell(&c, &again);
	ck_assert_str_eq(c.output, "two");
	ck_assert_str_eq(told.output, "one");
	ck_assert_str_eq(told.status, "passing");
	ck_assert_int_eq(told.changed_at, 2000 * CLOCK_NS_PER_MS);
	ck_assert(rec_equal(&instance_check_type, &told, &again));
	rec_clear(&instance_check_type, &told);
	rec_clear(&instance_check_type, &again);
	check_release(&c);
}
END_TEST

START_TEST(what_an_answer_says_is_cut_and_cleaned)
{
	char longer[CHECK_MAX_OUTPUT + 100];
	struct check c = plain();
	struct check_answer a = { CHECK_CRITICAL, 500, "a\x01\xff\n\x7f" };
	struct instance_check told;

	c.spec.initial_status = xstrdup("passing");
	check_init(&c, at(1000));
	check_take(&c, &a, at(2000));
	ck_assert_str_eq(c.output, "a??\n?");
	says(&c, CHECK_PASSING, 2500);
	memset(longer, 'x', sizeof longer);
	longer[sizeof longer - 1] = '\0';
	a.output = longer;
	check_take(&c, &a, at(3000));
	check_tell(&c, &told);
	ck_assert_uint_eq(strlen(c.output), CHECK_MAX_OUTPUT);
	ck_assert_uint_eq(strlen(told.output), INSTANCE_CHECK_MAX_OUTPUT);
	rec_clear(&instance_check_type, &told);
	check_release(&c);
}
END_TEST

START_TEST(http_statuses_are_consuls)
{
	ck_assert_int_eq(check_status_of_http(200), CHECK_PASSING);
	ck_assert_int_eq(check_status_of_http(204), CHECK_PASSING);
	ck_assert_int_eq(check_status_of_http(299), CHECK_PASSING);
	ck_assert_int_eq(check_status_of_http(429), CHECK_WARNING);
	ck_assert_int_eq(check_status_of_http(300), CHECK_CRITICAL);
	ck_assert_int_eq(check_status_of_http(404), CHECK_CRITICAL);
	ck_assert_int_eq(check_status_of_http(500), CHECK_CRITICAL);
	ck_assert_int_eq(check_status_of_http(199), CHECK_CRITICAL);
}
END_TEST

START_TEST(on_update_looks_away)
{
	static const struct {
		const char *on_update;
		enum check_status status;
		bool well;
	} rows[] = {
		{ "require_healthy", CHECK_PASSING, true },
		{ "require_healthy", CHECK_WARNING, false },
		{ NULL, CHECK_WARNING, false },
		{ "ignore_warnings", CHECK_WARNING, true },
		{ "ignore_warnings", CHECK_CRITICAL, false },
		{ "ignore", CHECK_CRITICAL, true },
		{ "ignore", CHECK_PENDING, true },
		{ "require_healthy", CHECK_PENDING, false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct check c = plain();

		c.spec.on_update = rows[i].on_update != NULL
				       ? xstrdup(rows[i].on_update)
				       : NULL;
		check_init(&c, at(1));
		c.status = rows[i].status;
		ck_assert_msg(check_is_well(&c) == rows[i].well, "row %zu", i);
		check_release(&c);
	}
}
END_TEST

/* The limit counts intervals in which it stays ill, after the grace. */
START_TEST(check_restart_waits_for_grace_and_limit)
{
	struct check c = plain();
	struct check_restart *r = xcalloc(1, sizeof *r);

	r->limit = 3;
	r->grace = 5 * CLOCK_NS_PER_S;
	c.spec.check_restart = r;
	check_init(&c, at(1000));
	says(&c, CHECK_CRITICAL, 3000);
	ck_assert(!check_wants_restart(&c, at(3000)));
	ck_assert(!check_wants_restart(&c, at(5999)));
	ck_assert(!check_wants_restart(&c, at(6000)));
	ck_assert(!check_wants_restart(&c, at(9999)));
	ck_assert(check_wants_restart(&c, at(10000)));
	/* And then anew. */
	ck_assert(!check_wants_restart(&c, at(14999)));
	ck_assert(!check_wants_restart(&c, at(15000)));
	says(&c, CHECK_PASSING, 16000);
	ck_assert(!check_wants_restart(&c, at(16000)));
	says(&c, CHECK_CRITICAL, 17000);
	ck_assert(!check_wants_restart(&c, at(19000)));
	ck_assert(check_wants_restart(&c, at(23000)));
	check_release(&c);
}
END_TEST

START_TEST(check_restart_may_ignore_warnings)
{
	struct check c = plain();
	struct check_restart *r = xcalloc(1, sizeof *r);

	r->limit = 1;
	c.spec.check_restart = r;
	check_init(&c, at(1000));
	says(&c, CHECK_WARNING, 2000);
	ck_assert(check_wants_restart(&c, at(2000)));
	r->ignore_warnings = true;
	ck_assert(!check_wants_restart(&c, at(3000)));
	check_release(&c);
}
END_TEST

START_TEST(the_first_run_comes_soon_but_not_for_all_at_once)
{
	struct check c = plain();
	struct rng rng;
	uint64_t least = UINT64_MAX, most = 0;

	rng_init(&rng, 7);
	for (size_t i = 0; i < 100; i++) {
		uint64_t ms = check_first_ms(&c, &rng);

		least = ms < least ? ms : least;
		most = ms > most ? ms : most;
	}
	ck_assert_uint_lt(most, CHECK_FIRST_MS);
	ck_assert_uint_gt(most - least, CHECK_FIRST_MS / 2);
	c.spec.interval = 1;
	c.spec.timeout = 0;
	ck_assert_uint_eq(check_interval_ms(&c), CHECK_MIN_INTERVAL_MS);
	ck_assert_uint_eq(check_timeout_ms(&c), CHECK_MIN_TIMEOUT_MS);
	check_release(&c);
}
END_TEST

START_TEST(a_check_is_known_again_after_a_restart)
{
	struct check was = plain(), is = plain(), other = plain();
	struct instance_check told;

	other.port = 81;
	check_init(&was, at(1000));
	check_init(&is, at(9000));
	check_init(&other, at(9000));
	says(&was, CHECK_PASSING, 2000);
	check_tell(&was, &told);
	ck_assert_str_eq(told.id, is.id);
	ck_assert_str_ne(told.id, other.id);
	check_recall(&is, &told);
	ck_assert_int_eq(is.status, CHECK_PASSING);
	ck_assert_int_eq(is.changed_at_ns, 2000 * CLOCK_NS_PER_MS);
	rec_clear(&instance_check_type, &told);
	check_release(&was);
	check_release(&is);
	check_release(&other);
}
END_TEST

UNIT_MAIN("check", checks_begin_as_their_provider_has_it,
    checks_that_cannot_run_say_why,
    a_status_changes_when_its_threshold_is_reached,
    what_is_told_changes_with_the_status_alone,
    what_an_answer_says_is_cut_and_cleaned, http_statuses_are_consuls,
    on_update_looks_away, check_restart_waits_for_grace_and_limit,
    check_restart_may_ignore_warnings,
    the_first_run_comes_soon_but_not_for_all_at_once,
    a_check_is_known_again_after_a_restart)
