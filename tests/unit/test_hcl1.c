#include "common/hcl1/hcl1.h"

#include <string.h>

#include "common/mem.h"
#include "common/tree.h"
#include "tests/lib/unit.h"

struct part {
	char *name;
	char *path;
};
static const struct rec_field part_fields[] = {
	REC_STR(struct part, 1, name, "Name", .flags = REC_LABEL),
	REC_STR(struct part, 2, path, "Path"),
};
static const struct rec_type part_type = REC_TYPE(part, part_fields);

struct whole {
	char *region;
	bool on;
	int64_t port;
	int64_t wait;
	char **servers;
	size_t nservers;
	struct rec_kv *meta;
	size_t nmeta;
	struct part *parts;
	size_t nparts;
	struct tree *config;
};
static const struct rec_field whole_fields[] = {
	REC_STR(struct whole, 1, region, "Region"),
	REC_BOOL(struct whole, 2, on, "On"),
	REC_I64(struct whole, 3, port, "Port"),
	REC_DUR(struct whole, 4, wait, "Wait"),
	REC_STRS(struct whole, 5, servers, "Servers"),
	REC_STRMAP(struct whole, 6, meta, "Meta"),
	REC_LIST(struct whole, 7, parts, part, "Parts", .hcl = "part"),
	REC_TREE(struct whole, 8, config, "Config"),
};
static const struct rec_type whole_type = REC_TYPE(whole, whole_fields);

static const struct rec_type *const strict[] = { &whole_type };

/* Reads the text; *json is what came out, or the sentence. 0 or -1. */
static int
read_text(const char *text, char **json)
{
	struct arena arena = { 0 };
	struct hcl1_fill f = {
		.arena = &arena, .strict = strict, .nstrict = 1
	};
	struct hcl1_items items;
	struct whole w = { 0 };
	struct err err = { 0 };
	struct buf out = { 0 };
	int rv = hcl1_parse(&arena, text, strlen(text), &items, &err);

	if (rv == 0)
		rv = hcl1_fill(&f, &whole_type, &w, items, &err);
	if (rv == 0 && f.bad_duration != NULL)
		rv = err_set(&err, ERR_BAD, "%s", f.bad_duration);
	if (rv == 0 && f.unknown != NULL)
		rv = err_set(&err, ERR_BAD, "%s", f.unknown);
	free(f.bad_duration);
	free(f.unknown);
	if (rv == 0)
		rec_to_json(&whole_type, &w, &out, 0);
	else
		buf_adds(&out, err.text);
	rec_clear(&whole_type, &w);
	arena_release(&arena);
	*json = buf_take(&out);
	return rv;
}

static void
gives(const char *text, const char *part)
{
	char *json;

	ck_assert_msg(read_text(text, &json) == 0, "%s: %s", text, json);
	ck_assert_msg(strstr(json, part) != NULL, "%s: %s", text, json);
	free(json);
}

static void
says(const char *text, const char *sentence)
{
	char *got;

	ck_assert_msg(read_text(text, &got) == -1, "%s: %s", text, got);
	ck_assert_str_eq(got, sentence);
	free(got);
}

START_TEST(hcl1_is_lax_about_lines_types_and_case)
{
	gives("region = \"a\" port = 5", "\"Port\":5");
	gives("REGION = 5", "\"Region\":\"5\"");
	gives("port = \"0x10\"", "\"Port\":16");
	gives("on = \"1\"", "\"On\":true");
	gives("wait = \"1m30s\"", "\"Wait\":90000000000");
	gives("servers = [\"a\", 2, true,]",
	    "\"Servers\":[\"a\",\"2\",\"true\"]");
}
END_TEST

START_TEST(hcl1_text_is_never_computed)
{
	gives("region = \"${a \"b\"}\"", "\"Region\":\"${a \\\"b\\\"}\"");
	gives("region = \"a\\tb\\u00e9\"", "\"Region\":\"a\\tb\xc3\xa9\"");
	gives("region = <<-EOF\n    a\n      b\n    EOF\n",
	    "\"Region\":\"a\\n  b\\n\"");
	gives("region = <<E\n a\nE\n", "\"Region\":\" a\\n\"");
}
END_TEST

START_TEST(hcl1_blocks_fill_lists_by_label_and_maps)
{
	gives("part \"a\" { path = \"/a\" }\npart \"b\" { path = \"/b\" }",
	    "\"Parts\":[{\"Name\":\"a\",\"Path\":\"/a\"},"
	    "{\"Name\":\"b\",\"Path\":\"/b\"}]");
	/* Without a label the first member is taken for it. */
	gives("part { path = \"x\" }",
	    "\"Parts\":[{\"Name\":\"path\",\"Path\":\"x\"}]");
	gives("meta { \"a.b\" = 1 c = \"d\" }",
	    "\"Meta\":{\"a.b\":\"1\",\"c\":\"d\"}");
	gives("config { a = 1 b { c = [1, { d = true }] } b { } }",
	    "\"Config\":{\"a\":1,\"b\":[{\"c\":[1,{\"d\":true}]},{}]}");
}
END_TEST

START_TEST(hcl1_takes_json_as_its_readers_do)
{
	gives("{\"region\": \"a\",}", "\"Region\":\"a\"");
	gives("{\"region\": \"a\"", "\"Region\":\"a\"");
	gives("{\"region\": null, \"port\": 7}", "\"Port\":7");
	gives("{\"part\": {\"a\": {\"path\": \"/a\"}}}",
	    "\"Parts\":[{\"Name\":\"a\",\"Path\":\"/a\"}]");
	gives("{\"part\": [{\"a\": {\"path\": \"/a\"}}, "
	      "{\"b\": {\"path\": \"/b\"}}]}",
	    "{\"Name\":\"b\",\"Path\":\"/b\"}]");
	gives("{\"region\": \"\\ud83d\\ude00\"}", "\xf0\x9f\x98\x80");
}
END_TEST

START_TEST(hcl1_says_where_and_what_is_wrong)
{
	says("region = [1]",
	    "At 1:10: root.region: unknown type for string *ast.ListType");
	says("servers = 1", "At 1:11: unknown slice type: *ast.LiteralType");
	says("on = \"yes\"", "decodeBool: Unknown value for boolean: \"yes\"");
	says("port = \"x\"", "strconv.ParseInt: parsing \"x\": invalid syntax");
	says("port = 99999999999999999999",
	    "strconv.ParseInt: parsing \"99999999999999999999\": value out of "
	    "range");
	says("wait = 6", "wait can't parse time duration 6");
	says("b = 1 a = 2", "unexpected keys a, b");
	says("region = \"a\"\nregion = \"b\"", "unexpected keys region");
	says("part \"a\" {\n", "At 2:2: object expected closing RBRACE got: "
			       "EOF");
	says("region = \"a\nb\"", "At 1:12: literal not terminated");
	says("region = <<E\n", "At 2:1: heredoc not terminated");
	says("region = \xff", "At 1:10: illegal UTF-8 encoding");
}
END_TEST

/* n times open, then n times close. */
static char *
nested(const char *open, const char *close, size_t n)
{
	struct buf b = { 0 };

	buf_adds(&b, "config {\n a = ");
	for (size_t i = 0; i < n; i++)
		buf_adds(&b, open);
	for (size_t i = 0; i < n; i++)
		buf_adds(&b, close);
	buf_adds(&b, "\n}\n");
	return buf_take(&b);
}

START_TEST(hcl1_bounds_depth_and_number)
{
	char *text = nested("[", "]", HCL1_MAX_DEPTH - 2), *got;
	struct buf many = { 0 };

	ck_assert_msg(read_text(text, &got) == 0, "%s", got);
	free(got);
	free(text);
	text = nested("[", "]", 1000000);
	ck_assert_int_eq(read_text(text, &got), -1);
	ck_assert_ptr_nonnull(strstr(got, "inside each other"));
	free(got);
	free(text);
	text = nested("{\na = ", "}", 100000);
	ck_assert_int_eq(read_text(text, &got), -1);
	free(got);
	free(text);
	buf_adds(&many, "servers = [");
	for (size_t i = 0; i <= HCL1_MAX_ITEMS; i++)
		buf_adds(&many, "1,");
	buf_adds(&many, "]");
	ck_assert_int_eq(read_text(buf_str(&many), &got), -1);
	ck_assert_ptr_nonnull(strstr(got, "more than 20000 items"));
	free(got);
	buf_release(&many);
}
END_TEST

UNIT_MAIN("hcl1", hcl1_is_lax_about_lines_types_and_case,
    hcl1_text_is_never_computed, hcl1_blocks_fill_lists_by_label_and_maps,
    hcl1_takes_json_as_its_readers_do, hcl1_says_where_and_what_is_wrong,
    hcl1_bounds_depth_and_number)
