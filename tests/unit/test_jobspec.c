#include "proto/jobspec.h"

#include <stdio.h>
#include <string.h>

#include "proto/jobspec_impl.h"
#include "tests/lib/unit.h"

/* The job's JSON; the text must be right. */
static const char *
json_of(const char *text, const struct jobspec_options *o)
{
	static char out[8192];
	struct buf json = { 0 };
	struct err err = { 0 };
	struct job job;
	int rc = jobspec_parse("j.nomad", text, strlen(text), o, &job, &err);

	ck_assert_msg(rc == 0, "%s", err.text);
	rec_to_json(&job_type, &job, &json, 0);
	rec_clear(&job_type, &job);
	snprintf(out, sizeof out, "%s", buf_str(&json));
	buf_release(&json);
	return out;
}

static const char *
error_of(const char *text, const struct jobspec_options *o)
{
	static struct err err;
	struct job job;

	err = (struct err){ 0 };
	ck_assert_int_eq(
	    jobspec_parse("j.nomad", text, strlen(text), o, &job, &err), -1);
	ck_assert_ptr_null(job.id);
	return err.text;
}

#define HAS(text, part) \
	ck_assert_msg(strstr(text, part) != NULL, "no %s in %s", part, text)

START_TEST(a_lone_task_is_a_group_of_its_own)
{
	const char *json = json_of(
	    "job \"web\" {\n  task \"a\" {\n    driver = \"raw_exec\"\n  }\n"
	    "  group \"g\" {\n    count = 2\n  }\n}\n",
	    NULL);

	HAS(json, "\"ID\":\"web\"");
	HAS(json, "\"Name\":\"web\"");
	ck_assert(
	    strstr(json, "\"Name\":\"g\"") > strstr(json, "\"Name\":\"a\""));
}
END_TEST

START_TEST(ports_go_where_their_number_says)
{
	const char *json = json_of(
	    "job \"j\" {\n  group \"g\" {\n    network {\n      port \"a\" "
	    "{}\n      port \"b\" {\n        static = 80\n      }\n    }\n"
	    "    task \"t\" {\n      resources {\n        network {\n"
	    "          mbits = 5\n          port \"c\" { static = \"81\" }\n"
	    "        }\n      }\n    }\n  }\n}\n",
	    NULL);

	HAS(json, "\"DynamicPorts\":[{\"HostNetwork\":\"\","
		  "\"IgnoreCollision\":false,\"Label\":\"a\"");
	HAS(json, "\"Label\":\"b\",\"To\":0,\"Value\":80");
	HAS(json, "\"MBits\":5");
	HAS(json, "\"Label\":\"c\",\"To\":0,\"Value\":81");
}
END_TEST

START_TEST(what_only_the_task_knows_stays_as_written)
{
	const char *json = json_of(
	    "job \"j\" {\n  group \"g\" {\n    task \"t\" {\n      config {\n"
	    "        args = [\"${NOMAD_PORT_http}\", \"$${x}\"]\n      }\n"
	    "    }\n  }\n}\n",
	    NULL);

	HAS(json, "\"args\":[\"${NOMAD_PORT_http}\",\"${x}\"]");
}
END_TEST

START_TEST(json_files_are_hcl_or_the_api)
{
	HAS(json_of("{\"job\":{\"j\":{\"priority\":\"7\"}}}", NULL),
	    "\"Priority\":7");
	HAS(json_of("{\"Job\":{\"ID\":\"j\",\"Priority\":7}}", NULL),
	    "\"Priority\":7");
	HAS(json_of(" {\"ID\":\"j\",\"Priority\":7}", NULL), "\"Priority\":7");
	HAS(error_of("{\"Job\":{\"ID\":\"j\",\"Priority\":\"x\"}}", NULL),
	    "j.nomad: Priority: expected an integer, found text");
}
END_TEST

START_TEST(variables_take_the_last_value_given)
{
	static const char text[] =
	    "variable \"n\" {\n  type = number\n  default = 1\n}\n"
	    "variable \"dcs\" {\n  type = list(string)\n}\n"
	    "locals {\n  twice = local.n2\n  n2 = var.n * 2\n}\n"
	    "job \"j\" {\n  priority = local.twice\n  datacenters = "
	    "var.dcs\n}\n";
	static const char *const env[] = { "NOMAD_VAR_n=2",
		"NOMAD_VAR_dcs=[\"a\"]", "PATH=/bin" };
	static const char *const vars[] = { "n=20", "n=30" };
	struct jobspec_options o = { .env = env, .nenv = 3 };

	HAS(json_of(text, &o), "\"Priority\":4");
	HAS(json_of(text, &o), "\"Datacenters\":[\"a\"]");
	o.var_text = "n = 10\ndcs = [\"b\", \"c\"]\n";
	HAS(json_of(text, &o), "\"Priority\":20");
	HAS(json_of(text, &o), "\"Datacenters\":[\"b\",\"c\"]");
	o.vars = vars;
	o.nvars = 2;
	HAS(json_of(text, &o), "\"Priority\":60");
}
END_TEST

START_TEST(variables_that_do_not_fit_are_refused)
{
	static const char text[] =
	    "variable \"n\" {\n  type = number\n}\njob \"j\" {}\n";
	static const char *const bad[] = { "n=x" }, *const other[] = { "m=1",
		"n=1" };
	struct jobspec_options o = { .vars = bad, .nvars = 1 };

	HAS(error_of(text, &o), "a number is required");
	HAS(error_of(text, NULL), "Unset variable \"n\"");
	o.vars = other;
	o.nvars = 2;
	HAS(error_of(text, &o), "A \"m\" variable was passed");
	o.loose = true;
	json_of(text, &o);
	HAS(error_of("locals {\n  a = local.b\n  b = local.a\n}\n"
		     "job \"j\" {}\n",
		NULL),
	    "j.nomad:3,12-14: Unsupported attribute");
}
END_TEST

START_TEST(validations_ask_about_their_own_variable)
{
	static const char text[] =
	    "variable \"a\" {\n  default = 1\n  validation {\n    condition = "
	    "%s\n    error_message = \"no\"\n  }\n}\n"
	    "variable \"b\" {\n  default = 1\n  validation {\n  }\n}\n"
	    "job \"j\" {}\n";
	static const char *const path[] = { "/nonexistent/v.hcl" };
	struct jobspec_options o = { .var_files = path, .nvar_files = 1 };
	char file[512];

	snprintf(file, sizeof file, text, "var.a == var.b");
	HAS(error_of(file, NULL),
	    "j.nomad:4,26-31: Invalid reference in variable validation");
	HAS(error_of(file, NULL), "validation requires a condition.");
	snprintf(file, sizeof file, text, "[for x in [var.a] : x] == [2]");
	HAS(error_of(file, NULL), "Invalid value for variable; no");
	HAS(error_of(file, &o), "unable to parse var file: <nil>: Failed");
}
END_TEST

START_TEST(dynamic_blocks_are_expanded)
{
	const char *json = json_of(
	    "job \"j\" {\n  dynamic \"group\" {\n    for_each = { a = 1, b = 2 "
	    "}\n    labels = [\"g-${group.key}\"]\n    content {\n      count "
	    "= group.value\n      dynamic \"task\" {\n        for_each = "
	    "[group.key]\n        iterator = it\n        labels = "
	    "[it.value]\n        content {\n          driver = \"x-${it.key}\""
	    "\n        }\n      }\n    }\n  }\n}\n",
	    NULL);

	HAS(json, "\"Name\":\"g-a\"");
	HAS(json, "\"Name\":\"g-b\"");
	HAS(json, "\"Name\":\"b\"");
	HAS(json, "\"Driver\":\"x-0\"");
	HAS(error_of("job \"j\" {\n  dynamic \"nope\" {\n    for_each = []\n  "
		     "  content {}\n  }\n}\n",
		NULL),
	    "j.nomad:2,11-17: Unsupported block type");
}
END_TEST

START_TEST(dynamic_blocks_have_a_limit)
{
	struct buf list = { 0 }, text = { 0 };

	for (size_t i = 0; i < 101; i++)
		buf_addf(&list, "%zu, ", i);
	buf_addf(&text,
	    "job \"j\" {\n  dynamic \"group\" {\n    for_each = [%s]\n    "
	    "labels = [group.value]\n    content {\n      dynamic \"task\" "
	    "{\n        for_each = [%s]\n        labels = [task.value]\n     "
	    "   content {}\n      }\n    }\n  }\n}\n",
	    buf_str(&list), buf_str(&list));
	HAS(error_of(buf_str(&text), NULL), "j.nomad:6,7-14: Too many blocks");
	buf_release(&list);
	buf_release(&text);
}
END_TEST

START_TEST(errors_show_place_line_and_mark)
{
	ck_assert_str_eq(
	    error_of(
		"job \"j\" {\n  group \"g\" {\n    cuont = 1\n  }\n}\n", NULL),
	    "j.nomad:3,5-10: Unsupported argument; An argument named \"cuont\" "
	    "is not expected here. Did you mean \"count\"?\n"
	    "     3 |     cuont = 1\n"
	    "       |     ^^^^^");
	ck_assert_str_eq(error_of("# nothing\n", NULL),
	    "<nil>: Missing job block; A job block is required");
	HAS(error_of("job \"j\" {\n  group \"g\" {\n    spread {\n      weight "
		     "= 200\n    }\n  }\n}\n",
		NULL),
	    "j.nomad:4,16-19: ");
	HAS(error_of("job \"j\" {\n", NULL), "j.nomad:1,9-10: ");
}
END_TEST

START_TEST(a_file_that_is_too_deep_or_too_large_is_refused)
{
	struct buf text = { 0 };
	struct err err;
	struct job job;

	for (size_t i = 0; i < 200; i++)
		buf_adds(&text, "a {\n");
	ck_assert_int_eq(
	    jobspec_parse("j", text.data, text.len, NULL, &job, &err), -1);
	while (text.len <= HCL_MAX_BYTES)
		buf_adds(&text, "# a comment that takes room without end\n");
	ck_assert_int_eq(
	    jobspec_parse("j", text.data, text.len, NULL, &job, &err), -1);
	HAS(err.text, "File too large");
	buf_release(&text);
}
END_TEST

START_TEST(every_table_of_sugar_covers_its_struct)
{
	for (size_t i = 0; i < jobspec_nsugar; i++)
		if (jobspec_sugar[i].more != NULL)
			ck_assert_msg(rec_covers(jobspec_sugar[i].more), "%s",
			    jobspec_sugar[i].more->name);
}
END_TEST

UNIT_MAIN("jobspec", a_lone_task_is_a_group_of_its_own,
    ports_go_where_their_number_says, what_only_the_task_knows_stays_as_written,
    json_files_are_hcl_or_the_api, variables_take_the_last_value_given,
    variables_that_do_not_fit_are_refused,
    validations_ask_about_their_own_variable, dynamic_blocks_are_expanded,
    dynamic_blocks_have_a_limit, errors_show_place_line_and_mark,
    a_file_that_is_too_deep_or_too_large_is_refused,
    every_table_of_sugar_covers_its_struct)
