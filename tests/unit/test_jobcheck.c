#include <stdio.h>
#include <stdlib.h>

#include "cmd/schedd/jobcanon.h"
#include "cmd/schedd/jobcanon_impl.h"
#include "cmd/schedd/jobcheck_impl.h"
#include "tests/lib/unit.h"

/* The first problem of a cron line, "" when it can be read. */
static const char *
cron(const char *spec)
{
	static char text[200];
	struct problems p = { 0 };

	check_cron(spec, &p);
	snprintf(text, sizeof text, "%s", p.n == 0 ? "" : p.list[0]);
	problems_release(&p);
	return text;
}

START_TEST(cron_lines_are_read_or_refused)
{
	static const char *const good[] = { "* * * * *", "*/5 0-6/2 1,15 * MON",
		"0 0 L * *", "0 0 15W * 5L", "0 0 LW jan 1#2", "0 0 1 1 * 2030",
		"0 0 0 1 1 * 2099", "@daily", "@weekly extra", "1,,2 * * * ?",
		"6-1 * * * sunday", "05 * * * 7" };

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		ck_assert_str_eq(cron(good[i]), "");
	ck_assert_str_eq(
	    cron("* * * *"), "Invalid cron spec \"* * * *\": missing field(s)");
	ck_assert_str_eq(cron("@midnight"),
	    "Invalid cron spec \"@midnight\": missing field(s)");
	ck_assert_str_eq(cron("0 24 * * *"),
	    "Invalid cron spec \"0 24 * * *\": syntax error in hour field: "
	    "'24'");
	ck_assert_str_eq(cron("*/60 * * * *"),
	    "Invalid cron spec \"*/60 * * * *\": invalid interval */60");
	ck_assert_str_eq(cron("0 0 * * L"),
	    "Invalid cron spec \"0 0 * * L\": syntax error in day-of-week "
	    "field: 'L'");
	ck_assert_str_eq(cron("x@hourly"),
	    "Invalid cron spec \"x@hourly\": syntax error in second field: "
	    "'x0'");
}
END_TEST

START_TEST(durations_read_as_people_write_them)
{
	static const struct {
		int64_t ns;
		const char *text;
	} all[] = {
		{ 0, "0s" },
		{ 1, "1ns" },
		{ 1500, "1.5\302\265s" },
		{ 100000000, "100ms" },
		{ INT64_C(1000000000), "1s" },
		{ INT64_C(90500000000), "1m30.5s" },
		{ INT64_C(3600000000000), "1h0m0s" },
		{ -INT64_C(5000000000), "-5s" },
		{ INT64_MIN, "-2562047h47m16.854775808s" },
	};
	char text[CHECK_DUR_MAX];

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		ck_assert_str_eq(check_dur(all[i].ns, text), all[i].text);
}
END_TEST

START_TEST(paths_may_not_leave_the_allocation)
{
	ck_assert(!check_escapes("task", "local/x"));
	ck_assert(!check_escapes("task", "../alloc/x"));
	ck_assert(!check_escapes("task", "/abs"));
	ck_assert(!check_escapes("task", NULL));
	ck_assert(!check_escapes("task/local", "../../x"));
	ck_assert(check_escapes("task", "../.."));
	ck_assert(check_escapes("task", "local/../../../x"));
	ck_assert(check_escapes("task/local", "../../../x"));
}
END_TEST

static size_t
count_constraint(const char *left, const char *op, const char *right)
{
	struct constraint c = { (char *)(uintptr_t)left,
		(char *)(uintptr_t)right, (char *)(uintptr_t)op };
	struct problems p = { 0 };
	size_t n;

	check_constraint(&c, &p);
	n = p.n;
	problems_release(&p);
	return n;
}

START_TEST(operators_are_checked_with_what_they_need)
{
	ck_assert_uint_eq(count_constraint("${attr.x}", "=", "y"), 0);
	ck_assert_uint_eq(count_constraint("${node.pool}", "is_set", NULL), 0);
	ck_assert_uint_eq(count_constraint(NULL, "distinct_hosts", "true"), 0);
	ck_assert_uint_eq(
	    count_constraint("${meta.x}", "distinct_property", "2"), 0);
	ck_assert_uint_eq(
	    count_constraint("${attr.v}", "version", ">= 1.2, < 2.0"), 0);
	ck_assert_uint_eq(
	    count_constraint("${attr.v}", "semver", ">= 1.2.3-beta"), 0);
	ck_assert_uint_eq(
	    count_constraint("${attr.v}", "regexp", "^(a|b)[c-e]+?$"), 0);
	ck_assert_uint_eq(count_constraint("${attr.x}", "=", NULL), 1);
	ck_assert_uint_eq(count_constraint("${foo.x}", "=", "y"), 1);
	ck_assert_uint_eq(count_constraint("${attr.x", "=", "y"), 1);
	ck_assert_uint_eq(count_constraint("${attr.v}", "version", "x"), 1);
	ck_assert_uint_eq(count_constraint("${attr.v}", "regexp", "a)"), 1);
	ck_assert_uint_eq(count_constraint("${attr.v}", "regexp", "*a"), 1);
	ck_assert_uint_eq(count_constraint("${attr.v}", "regexp", "[a"), 1);
	ck_assert_uint_eq(count_constraint("${attr.v}", "regexp", "(?=a)"), 1);
	ck_assert_uint_eq(
	    count_constraint("${meta.x}", "distinct_property", "0"), 1);
	ck_assert_uint_eq(count_constraint("${attr.x}", "is_set", "y"), 1);
}
END_TEST

START_TEST(what_the_server_adds_is_asked_too)
{
	static const char text[] =
	    "{\"ID\":\"j\",\"Priority\":200,\"TaskGroups\":[{\"Name\":\"g\","
	    "\"Count\":60000,\"Tasks\":[{\"Name\":\"t\",\"Driver\":\"d\"}]}]}";
	struct job job;
	char **problems, *warnings, *all;
	size_t n;

	ck_assert_int_eq(
	    rec_from_json(&job_type, &job, text, sizeof text - 1, NULL), 0);
	job_canonicalize(&job, "here");
	ck_assert_str_eq(job.region, "here");
	ck_assert_str_eq(job.node_pool, "default");
	job_check(&job, &problems, &n, &warnings);
	all = job_problems_format(problems, n);
	ck_assert_str_eq(all,
	    "2 errors occurred:\n"
	    "\t* job priority must be between [1, 100]\n"
	    "\t* total count was greater than configured job_max_count: "
	    "60000 > 50000\n\n");
	ck_assert_str_eq(warnings, "");
	free(all);
	free(warnings);
	job_problems_free(problems, n);
	rec_clear(&job_type, &job);
}
END_TEST

START_TEST(what_is_taken_without_effect_is_warned_of)
{
	static const char text[] =
	    "{\"ID\":\"j\",\"TaskGroups\":[{\"Name\":\"g\","
	    "\"StopAfterClientDisconnect\":4000000000},{\"Name\":\"h\","
	    "\"StopAfterClientDisconnect\":null}]}";
	struct job job;
	char **problems, *warnings;
	size_t n;

	ck_assert_int_eq(
	    rec_from_json(&job_type, &job, text, sizeof text - 1, NULL), 0);
	job_admit(&job, "here", &problems, &n, &warnings);
	ck_assert_str_eq(job.region, "here");
	ck_assert(!job.task_groups[0].has_stop_after_client_disconnect);
	ck_assert_str_eq(warnings,
	    "1 warning:\n\n* Group \"g\" has warnings: 1 error occurred:\n"
	    "\t* stop_after_client_disconnect has no effect. Please use "
	    "stop_on_client_after in the disconnect block.");
	free(warnings);
	job_problems_free(problems, n);
	rec_clear(&job_type, &job);
}
END_TEST

START_TEST(nobody_can_say_that_a_job_was_dispatched)
{
	static const char text[] =
	    "{\"ID\":\"j\",\"ParentID\":\"p\",\"Dispatched\":true,"
	    "\"Payload\":\"aGk=\",\"Status\":\"running\",\"Version\":7,"
	    "\"Stable\":true,\"Stop\":true}";
	struct job job;
	char **problems, *warnings;
	size_t n;

	ck_assert_int_eq(
	    rec_from_json(&job_type, &job, text, sizeof text - 1, NULL), 0);
	job_forget_claims(&job);
	job_canonicalize(&job, "global");
	ck_assert_str_eq(job.parent_id, "");
	ck_assert_str_eq(job.status, "");
	ck_assert_uint_eq(job.version, 0);
	ck_assert(!job.stable && !job.dispatched && job.stop);
	job_check(&job, &problems, &n, &warnings);
	ck_assert_uint_eq(n, 2);
	ck_assert_str_eq(problems[1],
	    "job can't be submitted with a payload, only dispatched");
	job_problems_free(problems, n);
	free(warnings);
	rec_clear(&job_type, &job);
}
END_TEST

START_TEST(signals_are_asked_of_the_nodes_system)
{
	static const char text[] =
	    "{\"ID\":\"j\",\"TaskGroups\":[{\"Name\":\"g\",\"Tasks\":["
	    "{\"Name\":\"a\",\"KillSignal\":\"SIGUSR1\"},"
	    "{\"Name\":\"b\",\"KillSignal\":\"FOO\",\"Templates\":[{"
	    "\"ChangeMode\":\"signal\"},{\"ChangeMode\":\"noop\","
	    "\"ChangeSignal\":\"SIGUSR2\"}]},"
	    "{\"Name\":\"c\",\"KillSignal\":\"SIGUSR1\"}]},"
	    "{\"Name\":\"h\",\"Tasks\":[{\"Name\":\"a\"}]}]}";
	const struct constraint *c;
	struct job job;
	char **problems, *warnings;
	size_t n;

	ck_assert_int_eq(
	    rec_from_json(&job_type, &job, text, sizeof text - 1, NULL), 0);
	job_admit(&job, "here", &problems, &n, &warnings);
	job_imply_constraints(&job); /* as when it is sent again */
	ck_assert_uint_eq(job.task_groups[0].nconstraints, 1);
	ck_assert_uint_eq(job.task_groups[1].nconstraints, 0);
	c = job.task_groups[0].constraints;
	ck_assert_str_eq(c->ltarget, "${attr.os.signals}");
	ck_assert_str_eq(c->operand, "set_contains");
	ck_assert_str_eq(c->rtarget, "FOO,SIGHUP,SIGUSR1");
	free(warnings);
	job_problems_free(problems, n);
	rec_clear(&job_type, &job);
}
END_TEST

UNIT_MAIN("jobcheck", cron_lines_are_read_or_refused,
    durations_read_as_people_write_them, paths_may_not_leave_the_allocation,
    operators_are_checked_with_what_they_need,
    what_the_server_adds_is_asked_too,
    what_is_taken_without_effect_is_warned_of,
    nobody_can_say_that_a_job_was_dispatched,
    signals_are_asked_of_the_nodes_system)
