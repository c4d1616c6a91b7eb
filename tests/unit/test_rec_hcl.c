#include "common/rec_hcl.h"

#include <stdio.h>
#include <string.h>

#include "tests/lib/unit.h"

struct gate {
	char *name;
	int64_t width;
	bool open;
	bool has_open;
};
static const struct rec_field gate_fields[] = {
	REC_STR(struct gate, 1, name, "Name", .flags = REC_LABEL),
	REC_I64(struct gate, 2, width, "Width"),
	REC_OPT_BOOL(struct gate, 3, open, "Open"),
};
static const struct rec_type gate_type = REC_TYPE(gate, gate_fields);

struct plot {
	char *key;
	double size;
	struct tree *config;
};
static const struct rec_field plot_fields[] = {
	REC_STR(struct plot, 1, key, ""),
	REC_F64(struct plot, 2, size, "Size"),
	REC_TREE(struct plot, 3, config, "Config", .flags = REC_BLOCK),
};
static const struct rec_type plot_type = REC_TYPE(plot, plot_fields);

struct farm {
	char *owner;
	int64_t wait;
	uint64_t cows;
	char **crops;
	size_t ncrops;
	struct gate *gates;
	size_t ngates;
	struct gate *door;
	struct plot *plots;
	size_t nplots;
	struct rec_kv *meta;
	size_t nmeta;
	struct rec_kv *env;
	size_t nenv;
	char *hidden;
};
static const struct rec_field farm_fields[] = {
	REC_OPT_STR(struct farm, 1, owner, "Owner"),
	REC_DUR(struct farm, 2, wait, "Wait"),
	REC_U64(struct farm, 3, cows, "Cows"),
	REC_STRS(struct farm, 4, crops, "Crops", .opt = true),
	REC_LIST(struct farm, 5, gates, gate, "Gates", .hcl = "gate"),
	REC_PTR(struct farm, 6, door, gate, "Door"),
	REC_MAP(struct farm, 7, plots, plot, "Plots", .hcl = "plot"),
	REC_MAP(struct farm, 8, meta, rec_kv, "Meta", .opt = true,
	    .flags = REC_BLOCK | REC_EITHER),
	REC_MAP(struct farm, 9, env, rec_kv, "Env", .opt = true,
	    .flags = REC_BLOCK),
	REC_STR(struct farm, 10, hidden, "Hidden", .flags = REC_NOHCL),
};
static const struct rec_type farm_type = REC_TYPE(farm, farm_fields);

/* Reads the text, which must be right, and gives the record as JSON. */
static const char *
json_of(const char *text, enum hcl_mode mode)
{
	static char out[2048];
	struct farm farm = { 0 };
	struct err err = { 0 };
	struct buf json = { 0 };

	if (rec_from_hcl_text(&farm_type, &farm, "f", text, strlen(text), mode,
		NULL, 0, &err) == 0)
		rec_to_json(&farm_type, &farm, &json, 0);
	else
		buf_adds(&json, err.text);
	rec_clear(&farm_type, &farm);
	snprintf(out, sizeof out, "%s", buf_str(&json));
	buf_release(&json);
	return out;
}

/* What is said of a text that is wrong. */
static const char *
error_of(const char *text, enum hcl_mode mode)
{
	static char out[ERR_TEXT_MAX];
	struct farm farm = { 0 };
	struct err err = { 0 };

	ck_assert_int_eq(rec_from_hcl_text(&farm_type, &farm, "f", text,
			     strlen(text), mode, NULL, 0, &err),
	    -1);
	ck_assert_int_eq(err.code, ERR_BAD);
	rec_clear(&farm_type, &farm);
	memcpy(out, err.text, sizeof out);
	return out;
}

START_TEST(hcl_fills_values_blocks_and_maps)
{
	ck_assert_str_eq(
	    json_of(
		"owner = 5\nwait = \"1m\"\ncows = \"3\"\n"
		"crops = [\"oats\", 1.50]\n"
		"gate \"north\" {\n  width = 2\n}\n"
		"gate \"south\" { open = false }\n"
		"plot \"b\" {\n  size = 0.5\n  config {\n    x = [1]\n    y "
		"{ z = 1 }\n  }\n}\nplot \"a\" {}\n"
		"meta {\n  k = true\n}\nenv {\n  \n}\n",
		HCL_2),
	    "{\"Cows\":3,\"Crops\":[\"oats\",\"1.5\"],\"Door\":null,"
	    "\"Env\":{},"
	    "\"Gates\":[{\"Name\":\"north\",\"Open\":null,\"Width\":2},"
	    "{\"Name\":\"south\",\"Open\":false,\"Width\":0}],"
	    "\"Hidden\":\"\",\"Meta\":{\"k\":\"true\"},\"Owner\":\"5\","
	    "\"Plots\":{\"a\":{\"Config\":null,\"Size\":0},"
	    "\"b\":{\"Config\":{\"x\":[1],\"y\":[{\"z\":1}]},\"Size\":0.5}},"
	    "\"Wait\":60000000000}");
}
END_TEST

START_TEST(hcl_null_is_absent_and_empty_is_not)
{
	ck_assert_str_eq(
	    json_of("owner = null\ncrops = []\nmeta = {}\n", HCL_2),
	    "{\"Cows\":0,\"Crops\":[],\"Door\":null,\"Env\":null,"
	    "\"Gates\":null,\"Hidden\":\"\",\"Meta\":{},\"Owner\":null,"
	    "\"Plots\":null,\"Wait\":0}");
}
END_TEST

START_TEST(hcl_json_says_the_same)
{
	ck_assert_str_eq(
	    json_of("{\"owner\":\"${1+1}\",\"gate\":[{\"n\":{\"width\":1}}],"
		    "\"plot\":{\"a\":{\"size\":2}}}",
		HCL_2),
	    "{\"Cows\":0,\"Crops\":null,\"Door\":null,\"Env\":null,"
	    "\"Gates\":[{\"Name\":\"n\",\"Open\":null,\"Width\":1}],"
	    "\"Hidden\":\"\",\"Meta\":null,\"Owner\":\"2\","
	    "\"Plots\":{\"a\":{\"Config\":null,\"Size\":2}},\"Wait\":0}");
}
END_TEST

START_TEST(hcl_errors_show_the_place_and_the_line)
{
	ck_assert_str_eq(error_of("owner = \"x\"\n  cowz = 1\n", HCL_2),
	    "f:2,3-7: Unsupported argument; An argument named \"cowz\" is not "
	    "expected here. Did you mean \"cows\"?\n"
	    "     2 |   cowz = 1\n"
	    "       |   ^^^^");
	ck_assert_str_eq(error_of("cows = -1\n", HCL_2),
	    "f:1,8-9: Unsuitable value type; Unsuitable value: value must be "
	    "a whole number, between 0 and 18446744073709551615 inclusive\n"
	    "     1 | cows = -1\n"
	    "       |        ^");
	ck_assert_str_eq(error_of("wait = \"5 minutes\"\n", HCL_2),
	    "f:1,9-18: Unsuitable value type; Unsuitable duration value: "
	    "time: unknown unit \" minutes\" in duration \"5 minutes\"\n"
	    "     1 | wait = \"5 minutes\"\n"
	    "       |         ^^^^^^^^^");
}
END_TEST

START_TEST(hcl_tells_every_mistake)
{
	const char *text = error_of("gate {}\nhidden = 1\n"
				    "door \"a\" {}\ndoor \"b\" {}\n"
				    "owner { }\nenv = {}\nmeta { a = null }\n",
	    HCL_2);

	ck_assert_ptr_nonnull(strstr(text, "f:2,1-7: Unsupported argument"));
	ck_assert_ptr_nonnull(strstr(text, "f:5,1-6: Unsupported block type"));
	ck_assert_ptr_nonnull(strstr(text, "f:6,1-4: Unsupported argument"));
	ck_assert_ptr_nonnull(strstr(text, "f:1,6-7: Missing name for gate"));
	ck_assert_ptr_nonnull(strstr(text, "f:4,1-9: Duplicate door block"));
	ck_assert_ptr_nonnull(strstr(text, "null value is not allowed"));
}
END_TEST

START_TEST(hcl_fills_over_what_is_there)
{
	static const char before[] =
	    "{\"Cows\":3,\"Owner\":\"old\",\"Plots\":{\"a\":{\"Size\":1},"
	    "\"b\":{},\"c\":{}},\"Meta\":{\"x\":\"1\",\"y\":\"2\",\"zz\":"
	    "\"3\"},\"Gates\":[{\"Name\":\"old\"}]}";
	static const char text[] = "owner = \"new\"\nplot \"d\" {}\n"
				   "plot \"a\" {\n  size = 2\n}\nmeta {\n  "
				   "z = 1\n}\ngate \"g\" {}\n";
	struct farm farm = { 0 };
	struct err err;

	ck_assert_int_eq(
	    rec_from_json(&farm_type, &farm, before, strlen(before), &err), 0);
	ck_assert_int_eq(rec_from_hcl_text(&farm_type, &farm, "f", text,
			     strlen(text), HCL_2, NULL, 0, &err),
	    0);
	ck_assert_str_eq(farm.owner, "new");
	ck_assert_uint_eq(farm.cows, 3);
	ck_assert_uint_eq(farm.nplots, 4);
	ck_assert(farm.plots[0].size > 1.5);
	ck_assert_uint_eq(farm.nmeta, 4);
	ck_assert_uint_eq(farm.ngates, 1);
	ck_assert_str_eq(farm.gates[0].name, "g");
	rec_clear(&farm_type, &farm);
}
END_TEST

/* --- sugar --- */

struct gate_more {
	char *size;
};
static const struct rec_field gate_more_fields[] = {
	REC_OPT_STR(struct gate_more, 1, size, ""),
};
static const struct rec_type gate_more_type =
    REC_TYPE(gate_more, gate_more_fields);

static void
fold_gate(struct rec_hcl *h, void *rec, void *more, const struct hcl_body *body)
{
	struct gate *gate = rec;
	struct gate_more *m = more;

	rec_hcl_require(h, body, "size");
	if (m->size != NULL && strcmp(m->size, "wide") == 0)
		gate->width = 10;
	else if (m->size != NULL)
		rec_hcl_refuse(h, body, "size", "Unknown size",
		    "A gate is not \"%s\".", m->size);
}

START_TEST(hcl_folds_sugar_and_says_where_it_is_wrong)
{
	static const struct rec_hcl_more more[] = { { &gate_type,
	    &gate_more_type, fold_gate, false } };
	static const char good[] = "gate \"a\" { size = \"wide\" }\n";
	static const char bad[] =
	    "gate \"a\" {\n  size = \"odd\"\n}\ngate \"b\" {}\n";
	struct farm farm = { 0 };
	struct err err;

	ck_assert_int_eq(rec_from_hcl_text(&farm_type, &farm, "f", good,
			     strlen(good), HCL_2, more, 1, &err),
	    0);
	ck_assert_int_eq(farm.gates[0].width, 10);
	ck_assert_int_eq(rec_from_hcl_text(&farm_type, &farm, "f", bad,
			     strlen(bad), HCL_2, more, 1, &err),
	    -1);
	ck_assert_ptr_nonnull(strstr(err.text, "f:2,10-15: Unknown size; "));
	ck_assert_ptr_nonnull(
	    strstr(err.text, "f:4,10-10: Missing required argument; "));
	rec_clear(&farm_type, &farm);
}
END_TEST

UNIT_MAIN("rec_hcl", hcl_fills_values_blocks_and_maps,
    hcl_null_is_absent_and_empty_is_not, hcl_json_says_the_same,
    hcl_errors_show_the_place_and_the_line, hcl_tells_every_mistake,
    hcl_fills_over_what_is_there, hcl_folds_sugar_and_says_where_it_is_wrong)
