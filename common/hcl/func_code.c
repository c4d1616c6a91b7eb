/* Functions that write values in other forms: JSON, base64, hashes, URLs. */
#include "common/hcl/func.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"

typedef const struct hcl_value *value;

/* --- JSON --- */

/* What could end a script or a line early is written as an escape. */
static void
put_safe(struct buf *out, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool line = n - i >= 3 && memcmp(s + i, "\xe2\x80", 2) == 0 &&
			    ((unsigned char)s[i + 2] & 0xfe) == 0xa8;

		if (line) {
			buf_addf(
			    out, "\\u20%02x", (unsigned char)s[i + 2] - 0x80);
			i += 2;
		} else if (s[i] == '<' || s[i] == '>' || s[i] == '&') {
			buf_addf(out, "\\u%04x", (unsigned)s[i]);
		} else {
			buf_addc(out, s[i]);
		}
	}
}

static value
fn_jsonencode(struct hcl_call *c)
{
	struct tree *t = hcl_value_tree(c->args[0]);
	struct buf json = { 0 }, out = { 0 };

	tree_to_json(t, &json, 0);
	tree_free(t);
	put_safe(&out, buf_str(&json), json.len);
	buf_release(&json);
	return hcl_func_text(c, &out);
}

static value value_of(struct hcl_call *c, const struct tree *t);

static value
value_of_many(struct hcl_call *c, const struct tree *t)
{
	struct arena *a = c->ev->arena;
	bool map = t->kind == TREE_MAP;
	size_t n = map ? t->nmembers : t->nitems;
	const struct hcl_value **items =
	    arena_alloc(a, (n + 1) * sizeof(*items));
	const char **keys = arena_alloc(a, (n + 1) * sizeof(*keys));

	for (size_t i = 0; i < n; i++) {
		items[i] = value_of(c, map ? t->members[i].value : t->items[i]);
		if (map)
			keys[i] = arena_strndup(
			    a, t->members[i].key, strlen(t->members[i].key));
	}
	return map ? hcl_value_map(a, HCL_V_OBJECT, keys, items, n)
		   : hcl_value_seq(a, HCL_V_TUPLE, items, n);
}

static value
value_of(struct hcl_call *c, const struct tree *t)
{
	struct arena *a = c->ev->arena;

	switch (t->kind) {
	case TREE_NULL:
		return &hcl_value_null;
	case TREE_BOOL:
		return hcl_value_bool(a, t->b);
	case TREE_INT:
		return hcl_value_number(a, (hcl_number)t->i);
	case TREE_FLOAT:
		return hcl_value_number(a, t->f);
	case TREE_STR:
		return hcl_value_string(a, t->str, t->len);
	case TREE_LIST:
	case TREE_MAP:
		break;
	}
	return value_of_many(c, t);
}

static value
fn_jsondecode(struct hcl_call *c)
{
	struct err err;
	struct tree *t = tree_from_json(c->args[0]->str, c->args[0]->len, &err);
	value v;
	size_t n;

	if (t == NULL) {
		n = strlen(err.text);
		n -= n > 0 && err.text[n - 1] == '.'; /* ours comes */
		return hcl_func_fail(c, "%.*s", (int)n, err.text);
	}
	v = value_of(c, t);
	tree_free(t);
	return v;
}

/* --- base64, hashes, URLs --- */

static value
fn_base64encode(struct hcl_call *c)
{
	return hcl_func_base64(c, c->args[0]->str, c->args[0]->len);
}

static value
fn_base64decode(struct hcl_call *c)
{
	value v = c->args[0];
	uint8_t *out = arena_alloc(c->ev->arena, v->len + 4);
	long n = json_parse_base64(v->str, v->len, out);

	if (n < 0)
		return hcl_func_fail(
		    c, "failed to decode base64 data '%s'", v->str);
	if (!hcl_func_is_utf8((const char *)out, (size_t)n))
		return hcl_func_fail(c, "the result of decoding the the "
					"provided string is not valid UTF-8");
	return hcl_value_string(c->ev->arena, (const char *)out, (size_t)n);
}

static value
digest(struct hcl_call *c, const EVP_MD *type)
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	struct buf out = { 0 };
	unsigned n;

	if (EVP_Digest(c->args[0]->str, c->args[0]->len, sum, &n, type, NULL) !=
	    1)
		return hcl_func_fail(c, "this hash is not available here");
	for (unsigned i = 0; i < n; i++)
		buf_addf(&out, "%02x", sum[i]);
	return hcl_func_text(c, &out);
}

static value
fn_md5(struct hcl_call *c)
{
	return digest(c, EVP_md5());
}

static value
fn_sha1(struct hcl_call *c)
{
	return digest(c, EVP_sha1());
}

static value
fn_sha256(struct hcl_call *c)
{
	return digest(c, EVP_sha256());
}

static value
fn_sha512(struct hcl_call *c)
{
	return digest(c, EVP_sha512());
}

static value
fn_urlencode(struct hcl_call *c)
{
	static const char plain[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	    ".~";
	struct buf out = { 0 };

	for (size_t i = 0; i < c->args[0]->len; i++) {
		char ch = c->args[0]->str[i];

		if (ch == ' ')
			buf_addc(&out, '+');
		else if (ch != '\0' && strchr(plain, ch) != NULL)
			buf_addc(&out, ch);
		else
			buf_addf(&out, "%%%02X", (unsigned char)ch);
	}
	return hcl_func_text(c, &out);
}

#define STR(n)                         \
	{                              \
		n, HCL_P_STRING, false \
	}
#define NONE                           \
	{                              \
		NULL, HCL_P_ANY, false \
	}

const struct hcl_func hcl_code_funcs[] = {
	{ "base64decode", fn_base64decode, { STR("str") }, 1, NONE },
	{ "base64encode", fn_base64encode, { STR("str") }, 1, NONE },
	{ "jsondecode", fn_jsondecode, { STR("str") }, 1, NONE },
	{ "jsonencode", fn_jsonencode, { { "val", HCL_P_ANY, true } }, 1,
	    NONE },
	{ "md5", fn_md5, { STR("str") }, 1, NONE },
	{ "sha1", fn_sha1, { STR("str") }, 1, NONE },
	{ "sha256", fn_sha256, { STR("str") }, 1, NONE },
	{ "sha512", fn_sha512, { STR("str") }, 1, NONE },
	{ "urlencode", fn_urlencode, { STR("str") }, 1, NONE },
};
const size_t hcl_ncode_funcs = sizeof hcl_code_funcs / sizeof hcl_code_funcs[0];
