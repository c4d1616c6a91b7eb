/* What a scalar of YAML means: by its tag, or by its looks. */
#include "common/hcl/func.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"

typedef const struct hcl_value *value;

#define TAG(name) "tag:yaml.org,2002:" name

static bool
is_one_of(const char *s, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcmp(s, *words) == 0)
			return true;
	return false;
}

static size_t
digits(const char **s)
{
	size_t n = strspn(*s, "0123456789");

	*s += n;
	return n;
}

/* A number in decimals; underscores may part its digits. NULL: none. */
static value
decimal(struct hcl_call *c, const char *text)
{
	struct buf plain = { 0 };
	const char *s;
	value v = NULL;
	size_t n;

	for (s = text; *s != '\0'; s++)
		if (*s != '_')
			buf_addc(&plain, *s);
	s = buf_str(&plain);
	s += *s == '-' || *s == '+';
	n = digits(&s);
	if (*s == '.') {
		s++;
		n += digits(&s);
	}
	if (n > 0 && (*s == 'e' || *s == 'E')) {
		s++;
		s += *s == '-' || *s == '+';
		n = digits(&s);
	}
	if (n > 0 && *s == '\0' && plain.len <= 400)
		v = hcl_value_number(
		    c->ev->arena, strtold(buf_str(&plain), NULL));
	buf_release(&plain);
	return v != NULL && v->num - v->num != 0 ? NULL : v;
}

/* 0b101; NULL: none. */
static value
binary(struct hcl_call *c, const char *s)
{
	bool minus = *s == '-';
	hcl_number n = 0;

	s += minus;
	if (strncmp(s, "0b", 2) != 0 || strlen(s) < 3 || strlen(s) > 65 ||
	    strspn(s + 2, "01") != strlen(s + 2))
		return NULL;
	for (s += 2; *s != '\0'; s++)
		n = n * 2 + (*s - '0');
	return hcl_value_number(c->ev->arena, minus ? -n : n);
}

static value
number(struct hcl_call *c, const char *s)
{
	value v = decimal(c, s);

	return v != NULL ? v : binary(c, s);
}

/* One or two digits, and the byte that ends them if it is not NUL. */
static bool
take_part(const char **s, int *n, char end)
{
	const char *from = *s;

	if (digits(s) == 0 || *s - from > 2)
		return false;
	*n = atoi(from);
	if (end == '\0')
		return true;
	return *(*s)++ == end;
}

/* Seconds and what follows: a fraction is dropped. */
static bool
take_seconds(const char **s, int *sec)
{
	if (!take_part(s, sec, '\0'))
		return false;
	if (**s == '.') {
		(*s)++;
		return digits(s) > 0;
	}
	return true;
}

/* A date, or a date and a time, as RFC 3339; NULL: none. With a T there is a
 * zone, behind a blank there is not. */
static value
timestamp(struct hcl_call *c, const char *s)
{
	int year, month, day, hour = 0, min = 0, sec = 0;
	char text[64], end;
	const char *zone = "Z";

	if (strspn(s, "0123456789") != 4 || s[4] != '-')
		return NULL;
	year = atoi(s);
	s += 5;
	if (!take_part(&s, &month, '-') || !take_part(&s, &day, '\0'))
		return NULL;
	end = *s;
	if (end != '\0') {
		s++;
		if (strchr("Tt ", end) == NULL || !take_part(&s, &hour, ':') ||
		    !take_part(&s, &min, ':') || !take_seconds(&s, &sec))
			return NULL;
		if (end != ' ')
			zone = strcmp(s, "+00:00") != 0 ? s : "Z";
		else if (*s != '\0')
			return NULL;
	}
	snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d%.8s", year,
	    month, day, hour, min, sec, zone);
	return hcl_moment_is_valid(text) &&
		       (zone[0] == 'Z' || strlen(zone) == 6)
		   ? hcl_value_string(c->ev->arena, text, strlen(text))
		   : NULL;
}

static const char *const nulls[] = { "", "~", "null", "Null", "NULL", NULL };
static const char *const trues[] = { "true", "True", "TRUE", NULL };
static const char *const falses[] = { "false", "False", "FALSE", NULL };
static const char *const infinities[] = { ".inf", ".Inf", ".INF", "+.inf",
	"+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF", NULL };
static const char *const nans[] = { ".nan", ".NaN", ".NAN", NULL };

/* What a text without quotes and without a tag means. */
static value
resolve(struct hcl_call *c, const char *s, size_t n)
{
	struct arena *a = c->ev->arena;
	value v = NULL;

	if (is_one_of(s, nulls))
		return &hcl_value_null;
	if (is_one_of(s, trues) || is_one_of(s, falses))
		return hcl_value_bool(a, is_one_of(s, trues));
	if (is_one_of(s, nans) || is_one_of(s, infinities))
		return hcl_func_fail(
		    c, "floating point NaN or infinity is not supported");
	if (strlen(s) == n && strchr("+-.0123456789", *s) != NULL)
		v = timestamp(c, s);
	if (v == NULL && strlen(s) == n && strchr("+-.0123456789", *s) != NULL)
		v = number(c, s);
	return v != NULL ? v : hcl_value_string(a, s, n);
}

/* What a text with a tag means; NULL when it does not fit. */
static value
resolve_tagged(struct hcl_call *c, const char *tag, const char *s, size_t n)
{
	struct arena *a = c->ev->arena;

	if (strcmp(tag, "!") == 0 || strcmp(tag, TAG("str")) == 0)
		return hcl_value_string(a, s, n);
	if (strcmp(tag, TAG("int")) == 0 || strcmp(tag, TAG("float")) == 0)
		return number(c, s);
	if (strcmp(tag, TAG("null")) == 0)
		return is_one_of(s, nulls) ? &hcl_value_null : NULL;
	if (strcmp(tag, TAG("bool")) == 0)
		return is_one_of(s, trues) || is_one_of(s, falses)
			   ? hcl_value_bool(a, is_one_of(s, trues))
			   : NULL;
	if (strcmp(tag, TAG("timestamp")) == 0)
		return timestamp(c, s);
	if (strcmp(tag, TAG("binary")) == 0)
		return json_parse_base64(s, n, arena_alloc(a, n + 4)) >= 0
			   ? hcl_value_string(a, s, n)
			   : NULL;
	return hcl_func_fail(c, "unsupported tag \"%.100s\"", tag);
}

const struct hcl_value *
hcl_yaml_scalar(struct hcl_call *c, const char *tag, const char *s, size_t n)
{
	value v;

	if (tag == NULL)
		return resolve(c, s, n);
	v = resolve_tagged(c, tag, s, n);
	if (v == NULL && c->why[0] == '\0')
		hcl_func_fail(c, "cannot parse \"%.60s\" as %.60s", s, tag);
	return v;
}
