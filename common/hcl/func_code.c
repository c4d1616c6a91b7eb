/* Functions that write values in other forms: JSON, base64, hashes, paths. */
#include "common/hcl/func.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/file.h"
#include "common/json.h"
#include "common/mem.h"

typedef const struct hcl_value *value;

#define FILE_MAX (1u << 20) /* bytes that file() reads */

static value
text_of(struct hcl_call *c, struct buf *text)
{
	value v = hcl_value_string(c->ev->arena, buf_str(text), text->len);

	buf_release(text);
	return v;
}

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
	return text_of(c, &out);
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

	if (t == NULL)
		return hcl_func_blame(c, 0, "%s", err.text);
	v = value_of(c, t);
	tree_free(t);
	return v;
}

/* --- base64, hashes, URLs --- */

static value
base64_of(struct hcl_call *c, const char *s, size_t n)
{
	struct buf out = { 0 };
	value v;

	json_put_bytes(&out, (const uint8_t *)s, n); /* quotes and all */
	v = hcl_value_string(c->ev->arena, out.data + 1, out.len - 2);
	buf_release(&out);
	return v;
}

static value
fn_base64encode(struct hcl_call *c)
{
	return base64_of(c, c->args[0]->str, c->args[0]->len);
}

static bool
is_utf8(const char *s, size_t n)
{
	size_t len;

	for (size_t i = 0; i < n; i += len)
		if (hcl_utf8(s + i, n - i, &len) < 0)
			return false;
	return true;
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
	if (!is_utf8((const char *)out, (size_t)n))
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
	return text_of(c, &out);
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
	return text_of(c, &out);
}

/* --- files and paths --- */

static char *
full_path(const struct hcl_call *c, const char *name)
{
	if (c->ev->dir == NULL || name[0] == '/')
		return xstrdup(name);
	return xasprintf("%s/%s", c->ev->dir, name);
}

/* The file's bytes; false and c->why when there are none to be had. */
static bool
read_named(struct hcl_call *c, struct buf *out)
{
	char *path;
	int rc;

	if (c->ev->no_files) {
		hcl_func_fail(c, "filesystem function disabled");
		return false;
	}
	path = full_path(c, c->args[0]->str);
	rc = file_read(path, FILE_MAX, out, NULL);
	if (rc == -1)
		hcl_func_fail(c,
		    errno == ENOENT ? "no file exists at %s"
				    : "failed to read %s",
		    c->args[0]->str);
	free(path);
	return rc == 0;
}

static value
fn_file(struct hcl_call *c)
{
	struct buf text = { 0 };

	if (!read_named(c, &text)) {
		buf_release(&text);
		return NULL;
	}
	if (!is_utf8(text.data, text.len)) {
		buf_release(&text);
		return hcl_func_fail(
		    c, "contents of %s are not valid UTF-8", c->args[0]->str);
	}
	return text_of(c, &text);
}

static value
fn_filebase64(struct hcl_call *c)
{
	struct buf text = { 0 };
	value v = NULL;

	if (read_named(c, &text))
		v = base64_of(c, text.data, text.len);
	buf_release(&text);
	return v;
}

static value
fn_fileexists(struct hcl_call *c)
{
	struct stat st;
	char *path;
	int rc;

	if (c->ev->no_files)
		return hcl_func_fail(c, "filesystem function disabled");
	path = full_path(c, c->args[0]->str);
	rc = stat(path, &st);
	free(path);
	if (rc == -1)
		return hcl_value_bool(c->ev->arena, false);
	if (!S_ISREG(st.st_mode))
		return hcl_func_fail(
		    c, "%s is not a regular file", c->args[0]->str);
	return hcl_value_bool(c->ev->arena, true);
}

static value
fn_basename(struct hcl_call *c)
{
	value v = c->args[0];
	size_t end = v->len, start;

	while (end > 1 && v->str[end - 1] == '/')
		end--;
	start = end;
	while (start > 0 && v->str[start - 1] != '/')
		start--;
	if (end == 0)
		return hcl_value_string(c->ev->arena, ".", 1);
	if (start == end)
		start--;
	return hcl_value_string(c->ev->arena, v->str + start, end - start);
}

static value
fn_dirname(struct hcl_call *c)
{
	value v = c->args[0];
	size_t end = v->len;

	while (end > 0 && v->str[end - 1] != '/')
		end--;
	if (end == 0)
		return hcl_value_string(c->ev->arena, ".", 1);
	while (end > 1 && v->str[end - 1] == '/')
		end--;
	return hcl_value_string(c->ev->arena, v->str, end);
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
	{ "basename", fn_basename, { STR("path") }, 1, NONE },
	{ "dirname", fn_dirname, { STR("path") }, 1, NONE },
	{ "file", fn_file, { STR("path") }, 1, NONE },
	{ "filebase64", fn_filebase64, { STR("path") }, 1, NONE },
	{ "fileexists", fn_fileexists, { STR("path") }, 1, NONE },
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
