/* format() and formatlist(): values in a text that says how. */
#include "common/hcl/func.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"

typedef const struct hcl_value *value;

#define FORMAT_MAX_WIDTH 1024

/* One verb: %[flags][width][.precision][\[index\]]letter */
struct verb {
	const char *start;
	size_t len;
	char flags[8];
	int width;     /* -1: none */
	int precision; /* -1: none */
	size_t arg;    /* from 0 */
	char letter;
};

static int
read_number(const char **s, const char *end)
{
	int n = -1;

	while (*s < end && **s >= '0' && **s <= '9') {
		n = (n < 0 ? 0 : n) * 10 + (**s - '0');
		(*s)++;
		if (n > FORMAT_MAX_WIDTH)
			n = FORMAT_MAX_WIDTH;
	}
	return n;
}

/* Reads the verb behind a %; next is the argument that comes next. */
static void
read_verb(const char *s, const char *end, size_t next, struct verb *v)
{
	size_t nflags = 0;

	*v = (struct verb){ .start = s, .width = -1, .precision = -1 };
	for (s++; s < end && *s != '\0' && strchr("+ #0-", *s) != NULL; s++)
		if (nflags < sizeof v->flags - 1)
			v->flags[nflags++] = *s;
	v->width = read_number(&s, end);
	if (s < end && *s == '.') {
		s++;
		v->precision = read_number(&s, end);
		if (v->precision < 0)
			v->precision = 0;
	}
	v->arg = next;
	if (s < end && *s == '[') {
		s++;
		v->arg = (size_t)(read_number(&s, end) - 1);
		if (s < end && *s == ']')
			s++;
	}
	if (s < end)
		v->letter = *s++;
	v->len = (size_t)(s - v->start);
}

static bool
has_flag(const struct verb *v, char flag)
{
	return strchr(v->flags, flag) != NULL;
}

static void
pad(const struct verb *v, const char *s, size_t n, struct buf *out)
{
	size_t have = 0;
	int fill;

	for (size_t i = 0; i < n && v->width > (int)have;
	     i += hcl_cluster(s + i, n - i))
		have++;
	fill = v->width > (int)have ? v->width - (int)have : 0;
	if (!has_flag(v, '-'))
		buf_addf(out, "%*s", fill, "");
	buf_add(out, s, n);
	if (has_flag(v, '-'))
		buf_addf(out, "%*s", fill, "");
}

/* --- the kinds of verbs: NULL, or why the value cannot be written --- */

static const char *
put_text(struct hcl_call *c, const struct verb *v, value arg, struct buf *out)
{
	const char *why = NULL;
	struct buf quoted = { 0 };
	size_t n, at = 0;

	arg = hcl_value_convert(c->ev->arena, arg, HCL_V_STRING, &why);
	if (arg == NULL)
		return why;
	n = arg->len;
	if (v->precision >= 0)
		for (n = 0; at < (size_t)v->precision && n < arg->len; at++)
			n += hcl_cluster(arg->str + n, arg->len - n);
	if (v->letter == 'q') {
		json_put_text(&quoted, arg->str, n);
		pad(v, quoted.data, quoted.len, out);
		buf_release(&quoted);
	} else {
		pad(v, arg->str, n, out);
	}
	return NULL;
}

static const char *
put_json(struct hcl_call *c, const struct verb *v, value arg, struct buf *out)
{
	struct tree *t;
	struct buf json = { 0 };

	if (arg->kind == HCL_V_STRING && !has_flag(v, '#'))
		return put_text(c, v, arg, out);
	t = hcl_value_tree(arg);
	tree_to_json(t, &json, 0);
	tree_free(t);
	pad(v, buf_str(&json), json.len, out);
	buf_release(&json);
	return NULL;
}

static void
put_binary(const struct verb *v, int64_t n, struct buf *out)
{
	char text[66];
	size_t at = sizeof text;
	uint64_t u = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;

	do {
		text[--at] = (char)('0' + (u & 1));
		u >>= 1;
	} while (u > 0);
	if (n < 0)
		text[--at] = '-';
	pad(v, text + at, sizeof text - at, out);
}

static const char *
put_integer(
    struct hcl_call *c, const struct verb *v, value arg, struct buf *out)
{
	char text[FORMAT_MAX_WIDTH + 80];
	char letter = v->letter;
	const char *why = NULL;
	uint64_t u;
	int64_t n;
	int width = has_flag(v, '0') && !has_flag(v, '-') ? v->width : -1;

	arg = hcl_value_convert(c->ev->arena, arg, HCL_V_NUMBER, &why);
	if (arg == NULL)
		return why;
	if (!hcl_number_int64(arg->num, &n))
		return "an integer is required";
	if (letter == 'b') {
		put_binary(v, n, out);
		return NULL;
	}
	u = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
	if (width > 0 && (n < 0 || has_flag(v, '+')))
		width--;
	if (width < 0)
		width = 1;
	if (width > FORMAT_MAX_WIDTH)
		width = FORMAT_MAX_WIDTH;
	if (letter == 'd')
		snprintf(text, sizeof text, "%s%0*llu",
		    n < 0              ? "-"
		    : has_flag(v, '+') ? "+"
				       : "",
		    width, (unsigned long long)u);
	else if (letter == 'o')
		snprintf(text, sizeof text, "%s%0*llo", n < 0 ? "-" : "", width,
		    (unsigned long long)u);
	else if (letter == 'x')
		snprintf(text, sizeof text, "%s%0*llx", n < 0 ? "-" : "", width,
		    (unsigned long long)u);
	else
		snprintf(text, sizeof text, "%s%0*llX", n < 0 ? "-" : "", width,
		    (unsigned long long)u);
	pad(v, text, strlen(text), out);
	return NULL;
}

/* The shortest text that reads back the same, as %g without a precision is. */
static void
shortest(double d, bool upper, char *text, size_t size)
{
	for (int digits = 1; digits <= 17; digits++) {
		snprintf(text, size, upper ? "%.*G" : "%.*g", digits, d);
		if (strtod(text, NULL) == d)
			return;
	}
}

static const char *
put_float(struct hcl_call *c, const struct verb *v, value arg, struct buf *out)
{
	char text[FORMAT_MAX_WIDTH + 400];
	const char *why = NULL;
	int precision = v->precision < 0 ? 6 : v->precision;
	double d;

	arg = hcl_value_convert(c->ev->arena, arg, HCL_V_NUMBER, &why);
	if (arg == NULL)
		return why;
	d = (double)arg->num;
	if ((v->letter == 'g' || v->letter == 'G') && v->precision < 0)
		shortest(d, v->letter == 'G', text, sizeof text);
	else if (v->letter == 'f')
		snprintf(text, sizeof text, "%.*f", precision, d);
	else if (v->letter == 'e')
		snprintf(text, sizeof text, "%.*e", precision, d);
	else if (v->letter == 'E')
		snprintf(text, sizeof text, "%.*E", precision, d);
	else if (v->letter == 'g')
		snprintf(text, sizeof text, "%.*g", precision, d);
	else
		snprintf(text, sizeof text, "%.*G", precision, d);
	if (has_flag(v, '+') && d >= 0)
		buf_addc(out, '+');
	pad(v, text, strlen(text), out);
	return NULL;
}

static const char *
put_bool(struct hcl_call *c, const struct verb *v, value arg, struct buf *out)
{
	const char *why = NULL;

	arg = hcl_value_convert(c->ev->arena, arg, HCL_V_BOOL, &why);
	if (arg == NULL)
		return why;
	pad(v, arg->b ? "true" : "false", arg->b ? 4 : 5, out);
	return NULL;
}

static const char *
put_verb(struct hcl_call *c, const struct verb *v, value arg, struct buf *out)
{
	if (arg->kind <= HCL_V_NULL && v->letter != 'v')
		return "null value cannot be formatted";
	switch (v->letter) {
	case 'v':
		return put_json(c, v, arg, out);
	case 's':
	case 'q':
		return put_text(c, v, arg, out);
	case 't':
		return put_bool(c, v, arg, out);
	case 'b':
	case 'd':
	case 'o':
	case 'x':
	case 'X':
		return put_integer(c, v, arg, out);
	default:
		return put_float(c, v, arg, out);
	}
}

/* --- the whole text --- */

/* One verb of the format args[0]; false and c->why. */
static bool
format_verb(struct hcl_call *c, const struct verb *v,
    const struct hcl_value *const *args, size_t nargs, struct buf *out)
{
	size_t offset = (size_t)(v->start - args[0]->str);
	int len = (int)v->len;
	const char *why;

	if (v->letter == '\0' || strchr("vsqtbdoxXeEfgG", v->letter) == NULL)
		hcl_func_fail(c,
		    "unsupported format verb '%c' in \"%.*s\" at offset %zu",
		    v->letter != '\0' ? v->letter : '?', len, v->start, offset);
	else if (v->arg >= nargs - 1)
		hcl_func_fail(c,
		    "not enough arguments for \"%.*s\" at %zu: need index %zu "
		    "but have %zu total",
		    len, v->start, offset, v->arg + 1, nargs - 1);
	else if ((why = put_verb(c, v, args[v->arg + 1], out)) != NULL)
		hcl_func_fail(c, "unsupported value for \"%.*s\" at %zu: %s",
		    len, v->start, offset, why);
	else
		return hcl_func_fits(c, out->len);
	return false;
}

/* Formats args[1...]; false and c->why. nused: how many were asked for. */
static bool
format(struct hcl_call *c, const struct hcl_value *const *args, size_t nargs,
    struct buf *out, size_t *nused)
{
	const char *at = args[0]->str, *end = at + args[0]->len;
	size_t next = 0;

	*nused = 0;
	while (at < end) {
		struct verb v;

		if (*at != '%') {
			buf_addc(out, *at++);
			continue;
		}
		read_verb(at, end, next, &v);
		at += v.len;
		if (v.letter == '%') {
			buf_addc(out, '%');
			continue;
		}
		if (!format_verb(c, &v, args, nargs, out))
			return false;
		next = v.arg + 1;
		if (next > *nused)
			*nused = next;
	}
	return true;
}

static value
formatted(struct hcl_call *c, const struct hcl_value *const *args, size_t nargs)
{
	struct buf out = { 0 };
	size_t nused;
	value v = NULL;

	if (!format(c, args, nargs, &out, &nused))
		;
	else if (nused < nargs - 1)
		hcl_func_blame(c, nused + 1,
		    "too many arguments; only %zu used by format string",
		    nused);
	else
		v = hcl_value_string(c->ev->arena, buf_str(&out), out.len);
	buf_release(&out);
	return v;
}

static value
fn_format(struct hcl_call *c)
{
	return formatted(c, c->args, c->nargs);
}

static bool
is_list(value v)
{
	return v->kind >= HCL_V_TUPLE && v->kind <= HCL_V_SET;
}

/* How many texts formatlist() gives; false when its lists differ. */
static bool
list_length(struct hcl_call *c, size_t *n)
{
	size_t first = 0;

	*n = 1;
	for (size_t i = 1; i < c->nargs; i++) {
		if (!is_list(c->args[i]))
			continue;
		if (first > 0 && c->args[i]->n != *n) {
			hcl_func_blame(c, i,
			    "argument %zu has length %zu, which is "
			    "inconsistent with argument %zu of length %zu",
			    i, c->args[i]->n, first, *n);
			return false;
		}
		if (first == 0)
			first = i;
		*n = c->args[i]->n;
	}
	return true;
}

static value
fn_formatlist(struct hcl_call *c)
{
	struct arena *a = c->ev->arena;
	const struct hcl_value **args =
	    arena_alloc(a, (c->nargs + 1) * sizeof(*args));
	const struct hcl_value **items;
	size_t n;

	if (!list_length(c, &n))
		return NULL;
	items = arena_alloc(a, (n + 1) * sizeof(*items));
	for (size_t i = 0; i < n; i++) {
		if (!hcl_func_has_room(c, n))
			return NULL;
		for (size_t k = 0; k < c->nargs; k++)
			args[k] = k > 0 && is_list(c->args[k])
				      ? c->args[k]->items[i]
				      : c->args[k];
		items[i] = formatted(c, args, c->nargs);
		if (items[i] == NULL)
			return NULL;
	}
	return hcl_value_seq(a, HCL_V_LIST, items, n);
}

const struct hcl_func hcl_format_funcs[] = {
	{ "format", fn_format, { { "format", HCL_P_STRING, false } }, 1,
	    { "args", HCL_P_ANY, true } },
	{ "formatlist", fn_formatlist, { { "format", HCL_P_STRING, false } }, 1,
	    { "args", HCL_P_ANY, true } },
};
const size_t hcl_nformat_funcs =
    sizeof hcl_format_funcs / sizeof hcl_format_funcs[0];
