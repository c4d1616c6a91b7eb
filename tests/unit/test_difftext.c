#include "cmd/rove/difftext.h"

#include <string.h>

#include "tests/lib/unit.h"

static struct job_diff
read_diff(const char *json)
{
	struct job_diff d;
	struct err err;

	if (rec_from_json(&job_diff_type, &d, json, strlen(json), &err) == -1)
		ck_abort_msg("%s", err.text);
	return d;
}

static void
expect(const char *json, bool verbose, const char *text)
{
	struct job_diff d = read_diff(json);
	struct buf out = { 0 };

	difftext_format(&d, verbose, &out);
	ck_assert_str_eq(buf_str(&out), text);
	buf_release(&out);
	rec_clear(&job_diff_type, &d);
}

START_TEST(difftext_shows_a_new_job_in_three_lines)
{
	static const char json[] =
	    "{\"ID\":\"web\",\"Type\":\"Added\","
	    "\"Fields\":[{\"Name\":\"Type\",\"New\":\"service\","
	    "\"Type\":\"Added\"}],"
	    "\"TaskGroups\":[{\"Name\":\"g\",\"Type\":\"Added\","
	    "\"Updates\":{\"create\":3},"
	    "\"Tasks\":[{\"Name\":\"t\",\"Type\":\"Added\","
	    "\"Annotations\":[\"forces create\"],"
	    "\"Fields\":[{\"Name\":\"Driver\",\"New\":\"exec\","
	    "\"Type\":\"Added\"}]}]}]}";

	expect(json, false,
	    "+ Job: \"web\"\n"
	    "+ Task Group: \"g\" (3 create)\n"
	    "  + Task: \"t\" (forces create)");
	expect(json, true,
	    "+ Job: \"web\"\n"
	    "+ Type: \"service\"\n"
	    "+ Task Group: \"g\" (3 create)\n"
	    "  + Task: \"t\" (forces create)\n"
	    "    + Driver: \"exec\"");
}
END_TEST

START_TEST(difftext_aligns_marks_and_names)
{
	expect("{\"ID\":\"web\",\"Type\":\"Edited\","
	       "\"Fields\":[{\"Name\":\"Priority\",\"Old\":\"50\","
	       "\"New\":\"70\",\"Type\":\"Edited\"},"
	       "{\"Name\":\"Meta[a]\",\"New\":\"x\\ny\","
	       "\"Type\":\"Added\"}],"
	       "\"TaskGroups\":[{\"Name\":\"g\",\"Type\":\"Edited\","
	       "\"Updates\":{\"create\":2,\"in-place update\":1},"
	       "\"Fields\":[{\"Name\":\"Count\",\"Old\":\"1\","
	       "\"New\":\"3\",\"Type\":\"Edited\","
	       "\"Annotations\":[\"forces create\"]}],"
	       "\"Tasks\":[{\"Name\":\"t\",\"Type\":\"None\"}]},"
	       "{\"Name\":\"old\",\"Type\":\"Deleted\"}]}",
	    false,
	    "+/- Job: \"web\"\n"
	    "+/- Priority: \"50\" => \"70\"\n"
	    "+   Meta[a]:  \"x\\ny\"\n"
	    "+/- Task Group: \"g\" (2 create, 1 in-place update)\n"
	    "  +/- Count: \"1\" => \"3\" (forces create)\n"
	    "      Task: \"t\"\n"
	    "\n"
	    "-   Task Group: \"old\"");
}
END_TEST

START_TEST(difftext_closes_objects_under_their_name)
{
	expect("{\"ID\":\"j\",\"Type\":\"Edited\","
	       "\"TaskGroups\":[{\"Name\":\"g\",\"Type\":\"Edited\","
	       "\"Tasks\":[{\"Name\":\"t\",\"Type\":\"Edited\","
	       "\"Annotations\":[\"forces create/destroy update\"],"
	       "\"Objects\":[{\"Name\":\"Config\",\"Type\":\"Edited\","
	       "\"Fields\":[{\"Name\":\"image\",\"Old\":\"a:1\","
	       "\"New\":\"a:2\",\"Type\":\"Edited\"}]}]}]}]}",
	    false,
	    "+/- Job: \"j\"\n"
	    "+/- Task Group: \"g\"\n"
	    "  +/- Task: \"t\" (forces create/destroy update)\n"
	    "    +/- Config {\n"
	    "      +/- image: \"a:1\" => \"a:2\"\n"
	    "        }");
}
END_TEST

UNIT_MAIN("difftext", difftext_shows_a_new_job_in_three_lines,
    difftext_aligns_marks_and_names, difftext_closes_objects_under_their_name)
