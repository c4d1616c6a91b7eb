/* regex_replace(). */
#include "common/hcl/func.h"

#include <string.h>

#include "common/regex.h"

typedef const struct hcl_value *value;

#define SEARCH_PER_STEP 8 /* of its steps are worth one of ours */

static bool
is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z') || c == '_';
}

/* The group that a name means: a number, or a group's own; SIZE_MAX: none. */
static size_t
group_of(const struct regex *re, const char *name, size_t n)
{
	size_t i = 0, digits = 0;

	while (digits < n && name[digits] >= '0' && name[digits] <= '9')
		digits++;
	if (digits < n || (n > 1 && name[0] == '0')) {
		i = regex_group(re, name, n);
		return i > 0 ? i : SIZE_MAX;
	}
	for (size_t k = 0; k < n && i < REGEX_MAX_GROUPS; k++)
		i = i * 10 + (size_t)(name[k] - '0');
	return i < regex_ngroups(re) ? i : SIZE_MAX;
}

/* The name behind a $, as it is or in braces; *len: with those. 0: none. */
static size_t
name_behind(const char *s, size_t n, const char **name, size_t *len)
{
	bool braces = n > 0 && *s == '{';
	size_t k = 0;

	*name = s + braces;
	while (braces + k < n && is_word((*name)[k]))
		k++;
	*len = k + 2 * (size_t)braces;
	if (braces && (k + 1 >= n || (*name)[k] != '}'))
		return 0;
	return k;
}

/* The replacement with $1, ${1} and ${name} filled in; $$ is a dollar. */
static void
put_replacement(const struct regex *re, value with, const char *text,
    const size_t *at, struct buf *out)
{
	const char *s = with->str, *end = s + with->len, *name;
	size_t n, len, i;

	while (s < end && out->len <= HCL_MAX_TEXT) {
		if (*s != '$') {
			buf_addc(out, *s++);
			continue;
		}
		s++;
		n = name_behind(s, (size_t)(end - s), &name, &len);
		if (n == 0) {
			buf_addc(out, '$');
			s += s < end && *s == '$';
			continue;
		}
		s += len;
		i = group_of(re, name, n);
		if (i != SIZE_MAX && at[2 * i] != SIZE_MAX)
			buf_add(
			    out, text + at[2 * i], at[2 * i + 1] - at[2 * i]);
	}
}

/* False, and c->why, when it is too much. */
static bool
replace_all(struct hcl_call *c, const struct regex *re, struct buf *out)
{
	value v = c->args[0];
	size_t at[2 * REGEX_MAX_GROUPS];
	size_t done = 0, from = 0, spent, len;
	int found;

	for (; from <= v->len; from = at[1] > from ? at[1] : from + len) {
		size_t steps = c->ev->steps;
		size_t all = steps < HCL_MAX_STEPS
				 ? (HCL_MAX_STEPS - steps) * SEARCH_PER_STEP
				 : 0;
		size_t budget = all;

		found = regex_search(re, v->str, v->len, from, at, &budget);
		spent = (all - budget) / SEARCH_PER_STEP + 1;
		if (!hcl_func_fits(c, out->len))
			return false;
		if (!hcl_func_afford(c, found == -1 ? SIZE_MAX : spent))
			return false;
		if (found == 0)
			break;
		buf_add(out, v->str + done, at[0] - done);
		/* Not where nothing follows on something. */
		if (at[1] > done || at[0] == 0)
			put_replacement(re, c->args[2], v->str, at, out);
		done = at[1];
		len = 1;
		if (from < v->len)
			hcl_utf8(v->str + from, v->len - from, &len);
	}
	buf_add(out, v->str + done, v->len - done);
	return true;
}

static value
fn_regex_replace(struct hcl_call *c)
{
	struct buf out = { 0 };
	struct regex *re;
	struct err err;
	bool good;

	re = regex_new(c->args[1]->str, c->args[1]->len, &err);
	if (re == NULL)
		return hcl_func_fail(c, "error parsing regexp: %s", err.text);
	good = replace_all(c, re, &out);
	regex_free(re);
	if (good)
		return hcl_func_text(c, &out);
	buf_release(&out);
	return NULL;
}

#define STR(n)                         \
	{                              \
		n, HCL_P_STRING, false \
	}

const struct hcl_func hcl_regex_funcs[] = {
	{ "regex_replace", fn_regex_replace,
	    { STR("str"), STR("pattern"), STR("replace") }, 3,
	    { NULL, HCL_P_ANY, false } },
};
const size_t hcl_nregex_funcs =
    sizeof hcl_regex_funcs / sizeof hcl_regex_funcs[0];
