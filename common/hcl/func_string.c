/* Functions of texts. */
#include "common/hcl/func.h"

#include <string.h>

typedef const struct hcl_value *value;

/* --- case --- */

/* The other case of a letter in the scripts that are most written. */
static uint32_t
to_lower(uint32_t cp)
{
	if ((cp >= 'A' && cp <= 'Z') ||
	    (cp >= 0xc0 && cp <= 0xde && cp != 0xd7) ||
	    (cp >= 0x391 && cp <= 0x3a9) || (cp >= 0x410 && cp <= 0x42f))
		return cp + 0x20;
	if (cp >= 0x400 && cp <= 0x40f)
		return cp + 0x50;
	if (cp >= 0x100 && cp <= 0x137)
		return cp | 1;
	return cp;
}

static uint32_t
to_upper(uint32_t cp)
{
	if ((cp >= 'a' && cp <= 'z') ||
	    (cp >= 0xe0 && cp <= 0xfe && cp != 0xf7) ||
	    (cp >= 0x3b1 && cp <= 0x3c9 && cp != 0x3c2) ||
	    (cp >= 0x430 && cp <= 0x44f))
		return cp - 0x20;
	if (cp >= 0x450 && cp <= 0x45f)
		return cp - 0x50;
	if (cp >= 0x100 && cp <= 0x137)
		return cp & ~1u;
	return cp;
}

/* Words: the first letter of each only. */
static value
change_case(struct hcl_call *c, uint32_t change(uint32_t), bool words)
{
	value v = c->args[0];
	struct buf out = { 0 };
	bool inside = false;
	size_t len;

	for (size_t i = 0; i < v->len; i += len) {
		int32_t cp = hcl_utf8(v->str + i, v->len - i, &len);

		if (cp < 0)
			buf_add(&out, v->str + i, len);
		else
			hcl_utf8_add(&out, words && inside
					       ? (uint32_t)cp
					       : change((uint32_t)cp));
		inside = cp >= 0 && cp != '-' && hcl_is_id_continue(cp);
	}
	return hcl_func_text(c, &out);
}

static value
fn_lower(struct hcl_call *c)
{
	return change_case(c, to_lower, false);
}

static value
fn_upper(struct hcl_call *c)
{
	return change_case(c, to_upper, false);
}

static value
fn_title(struct hcl_call *c)
{
	return change_case(c, to_upper, true);
}

/* --- ends --- */

static value
part_of(struct hcl_call *c, size_t start, size_t end)
{
	return hcl_value_string(
	    c->ev->arena, c->args[0]->str + start, end - start);
}

/* Takes the characters that are in set away from both ends. */
static value
fn_trim(struct hcl_call *c)
{
	value v = c->args[0], set = c->args[1];
	size_t start = 0, end = v->len, len;

	while (start < end) {
		hcl_utf8(v->str + start, end - start, &len);
		if (memmem(set->str, set->len, v->str + start, len) == NULL)
			break;
		start += len;
	}
	while (end > start) {
		size_t at = end - 1;

		while (at > start && (v->str[at] & 0xc0) == 0x80)
			at--;
		if (memmem(set->str, set->len, v->str + at, end - at) == NULL)
			break;
		end = at;
	}
	return part_of(c, start, end);
}

static value
fn_trimspace(struct hcl_call *c)
{
	value v = c->args[0];
	size_t start = 0, end = v->len, len;

	while (start < end &&
	       hcl_is_space(hcl_utf8(v->str + start, end - start, &len)))
		start += len;
	while (end > start) {
		size_t at = end - 1;

		while (at > start && (v->str[at] & 0xc0) == 0x80)
			at--;
		if (!hcl_is_space(hcl_utf8(v->str + at, end - at, &len)))
			break;
		end = at;
	}
	return part_of(c, start, end);
}

static value
fn_trimprefix(struct hcl_call *c)
{
	value v = c->args[0], p = c->args[1];

	if (p->len <= v->len && memcmp(v->str, p->str, p->len) == 0)
		return part_of(c, p->len, v->len);
	return v;
}

static value
fn_trimsuffix(struct hcl_call *c)
{
	value v = c->args[0], s = c->args[1];

	if (s->len <= v->len &&
	    memcmp(v->str + v->len - s->len, s->str, s->len) == 0)
		return part_of(c, 0, v->len - s->len);
	return v;
}

static value
fn_chomp(struct hcl_call *c)
{
	size_t end = c->args[0]->len;

	while (end > 0 && strchr("\r\n", c->args[0]->str[end - 1]) != NULL &&
	       c->args[0]->str[end - 1] != '\0')
		end--;
	return part_of(c, 0, end);
}

/* --- lines, lists --- */

static value
fn_indent(struct hcl_call *c)
{
	value v = c->args[1];
	struct buf out = { 0 };
	int64_t n;

	if (!hcl_number_int64(c->args[0]->num, &n) || n < 0 || n > 1000)
		return hcl_func_blame(c, 0, "must be from 0 to 1000");
	for (size_t i = 0; i < v->len; i++) {
		buf_addc(&out, v->str[i]);
		if (v->str[i] == '\n')
			buf_addf(&out, "%*s", (int)n, "");
		if (!hcl_func_fits(c, out.len)) {
			buf_release(&out);
			return NULL;
		}
	}
	return hcl_func_text(c, &out);
}

static value
fn_join(struct hcl_call *c)
{
	struct buf out = { 0 };
	bool first = true;

	for (size_t i = 1; i < c->nargs; i++)
		for (size_t k = 0; k < c->args[i]->n; k++) {
			value item = c->args[i]->items[k];

			if (item->kind != HCL_V_STRING) {
				buf_release(&out);
				return hcl_func_blame(c, i,
				    "element %zu of list %zu is null; cannot "
				    "concatenate null values",
				    k, i - 1);
			}
			if (!first)
				buf_add(&out, c->args[0]->str, c->args[0]->len);
			buf_add(&out, item->str, item->len);
			first = false;
			if (!hcl_func_fits(c, out.len)) {
				buf_release(&out);
				return NULL;
			}
		}
	return hcl_func_text(c, &out);
}

/* The length of the next part, and of what divides it from the rest. */
static size_t
next_part(value sep, const char *s, size_t n, size_t *skip)
{
	const char *at;

	*skip = sep->len;
	if (sep->len == 0) {
		size_t len = n;

		if (n > 0)
			hcl_utf8(s, n, &len);
		return len;
	}
	at = memmem(s, n, sep->str, sep->len);
	return at == NULL ? n : (size_t)(at - s);
}

/* No fewer than there are. */
static size_t
count_parts(value sep, value v)
{
	const char *s = v->str, *end = s + v->len;
	size_t n = 1;

	if (sep->len == 0)
		return v->len + 1;
	while ((s = memmem(s, (size_t)(end - s), sep->str, sep->len)) != NULL) {
		s += sep->len;
		n++;
	}
	return n;
}

static value
fn_split(struct hcl_call *c)
{
	value sep = c->args[0], v = c->args[1];
	const struct hcl_value **items;
	size_t n = count_parts(sep, v), at = 0;

	if (!hcl_func_has_room(c, n))
		return NULL;
	items = arena_alloc(c->ev->arena, (n + 1) * sizeof(*items));
	for (n = 0;;) {
		size_t skip;
		size_t len = next_part(sep, v->str + at, v->len - at, &skip);

		if (!hcl_func_has_room(c, n))
			return NULL;
		if (sep->len > 0 || len > 0)
			items[n++] =
			    hcl_value_string(c->ev->arena, v->str + at, len);
		at += len;
		if (at >= v->len)
			break;
		at += skip;
	}
	return hcl_value_seq(c->ev->arena, HCL_V_LIST, items, n);
}

static value
fn_replace(struct hcl_call *c)
{
	value v = c->args[0], what = c->args[1], with = c->args[2];
	struct buf out = { 0 };
	size_t at = 0;

	if (what->len == 0)
		return v;
	while (at < v->len) {
		const char *hit =
		    memmem(v->str + at, v->len - at, what->str, what->len);
		size_t end = hit == NULL ? v->len : (size_t)(hit - v->str);

		buf_add(&out, v->str + at, end - at);
		if (hit != NULL)
			buf_add(&out, with->str, with->len);
		at = hit == NULL ? v->len : end + what->len;
		if (!hcl_func_fits(c, out.len)) {
			buf_release(&out);
			return NULL;
		}
	}
	return hcl_func_text(c, &out);
}

/* --- characters, as people see them --- */

static size_t
count_clusters(const char *s, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i += hcl_cluster(s + i, n - i))
		count++;
	return count;
}

static value
fn_strlen(struct hcl_call *c)
{
	return hcl_value_number(c->ev->arena,
	    (hcl_number)count_clusters(c->args[0]->str, c->args[0]->len));
}

static value
fn_strrev(struct hcl_call *c)
{
	value v = c->args[0];
	char *out = arena_alloc(c->ev->arena, v->len + 1);
	size_t at = v->len;

	for (size_t i = 0; i < v->len;) {
		size_t len = hcl_cluster(v->str + i, v->len - i);

		at -= len;
		memcpy(out + at, v->str + i, len);
		i += len;
	}
	return hcl_value_string(c->ev->arena, out, v->len);
}

static size_t
skip_clusters(value v, size_t at, int64_t n)
{
	for (; n > 0 && at < v->len; n--)
		at += hcl_cluster(v->str + at, v->len - at);
	return at;
}

static value
fn_substr(struct hcl_call *c)
{
	value v = c->args[0];
	int64_t from, len, all = (int64_t)count_clusters(v->str, v->len);
	size_t start;

	if (!hcl_number_int64(c->args[1]->num, &from))
		return hcl_func_blame(c, 1, "a whole number is required");
	if (!hcl_number_int64(c->args[2]->num, &len))
		return hcl_func_blame(c, 2, "a whole number is required");
	if (from < 0)
		from = from < -all ? 0 : from + all;
	start = skip_clusters(v, 0, from);
	if (len < 0)
		return part_of(c, start, v->len);
	return part_of(c, start, skip_clusters(v, start, len));
}

#define STR                                \
	{                                  \
		"str", HCL_P_STRING, false \
	}
#define NONE                           \
	{                              \
		NULL, HCL_P_ANY, false \
	}

const struct hcl_func hcl_string_funcs[] = {
	{ "chomp", fn_chomp, { STR }, 1, NONE },
	{ "indent", fn_indent, { { "spaces", HCL_P_NUMBER, false }, STR }, 2,
	    NONE },
	{ "join", fn_join, { { "separator", HCL_P_STRING, false } }, 1,
	    { "lists", HCL_P_STRINGS, false } },
	{ "lower", fn_lower, { STR }, 1, NONE },
	{ "replace", fn_replace,
	    { STR, { "substr", HCL_P_STRING, false },
		{ "replace", HCL_P_STRING, false } },
	    3, NONE },
	{ "reverse", fn_strrev, { STR }, 1, NONE },
	{ "split", fn_split, { { "separator", HCL_P_STRING, false }, STR }, 2,
	    NONE },
	{ "strlen", fn_strlen, { STR }, 1, NONE },
	{ "strrev", fn_strrev, { STR }, 1, NONE },
	{ "substr", fn_substr,
	    { STR, { "offset", HCL_P_NUMBER, false },
		{ "length", HCL_P_NUMBER, false } },
	    3, NONE },
	{ "title", fn_title, { STR }, 1, NONE },
	{ "trim", fn_trim, { STR, { "cutset", HCL_P_STRING, false } }, 2,
	    NONE },
	{ "trimprefix", fn_trimprefix,
	    { STR, { "prefix", HCL_P_STRING, false } }, 2, NONE },
	{ "trimspace", fn_trimspace, { STR }, 1, NONE },
	{ "trimsuffix", fn_trimsuffix,
	    { STR, { "suffix", HCL_P_STRING, false } }, 2, NONE },
	{ "upper", fn_upper, { STR }, 1, NONE },
};
const size_t hcl_nstring_funcs =
    sizeof hcl_string_funcs / sizeof hcl_string_funcs[0];
