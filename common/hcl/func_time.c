/* Functions of moments, which are RFC 3339 text. */
#include "common/hcl/func.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"

typedef const struct hcl_value *value;

#define BAD_TIME "not a valid RFC3339 timestamp: "

struct moment {
	int64_t s;  /* since 1970, UTC */
	int64_t ns; /* 0 <= ns < 1e9 */
	int offset; /* seconds east */
};

/* --- from text --- */

struct reader {
	const char *s; /* the rest */
	char why[HCL_FUNC_MAX_TEXT];
};

static bool
cannot_use(struct reader *r, const char *rest, const char *what)
{
	if (*rest == '\0')
		snprintf(r->why, sizeof r->why,
		    BAD_TIME "end of string before %s", what);
	else
		snprintf(r->why, sizeof r->why,
		    BAD_TIME "cannot use \"%.100s\" as %s", rest, what);
	return false;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* least to most digits; what is out of range is told with what follows it. */
static bool
take_number(struct reader *r, int least, int most, int low, int high,
    const char *what, int *out)
{
	const char *start = r->s;
	int n = 0;

	*out = 0;
	for (; n < most && is_digit(*r->s); n++)
		*out = *out * 10 + (*r->s++ - '0');
	if (n < least)
		return cannot_use(r, start, what);
	if (*out < low || *out > high)
		return cannot_use(r, r->s, what);
	return true;
}

static bool
take_char(struct reader *r, char c)
{
	if (*r->s == c) {
		r->s++;
		return true;
	}
	if (c == 'T')
		snprintf(r->why, sizeof r->why,
		    BAD_TIME "missing required time introducer 'T'");
	else if (*r->s == '\0')
		snprintf(r->why, sizeof r->why,
		    BAD_TIME "end of string where \"%c\" is expected", c);
	else
		snprintf(r->why, sizeof r->why,
		    BAD_TIME "found \"%.100s\" where \"%c\" is expected", r->s,
		    c);
	return false;
}

static bool
take_offset(struct reader *r, int *offset)
{
	const char *s = r->s;

	*offset = 0;
	if (*s == 'Z') {
		r->s++;
		return true;
	}
	if ((*s != '+' && *s != '-') || !is_digit(s[1]) || !is_digit(s[2]) ||
	    s[3] != ':' || !is_digit(s[4]) || !is_digit(s[5]))
		return cannot_use(r, s, "UTC offset");
	*offset = ((s[1] - '0') * 10 + (s[2] - '0')) * 3600 +
		  ((s[4] - '0') * 10 + (s[5] - '0')) * 60;
	r->s += 6;
	if (*offset / 3600 > 24 || (s[4] - '0') * 10 + (s[5] - '0') > 60)
		return cannot_use(r, r->s, "UTC offset");
	if (*s == '-')
		*offset = -*offset;
	return true;
}

/* The digits behind a point or comma; none are fine. */
static void
take_fraction(struct reader *r, int64_t *ns)
{
	int64_t unit = CLOCK_NS_PER_S;

	*ns = 0;
	if ((*r->s != '.' && *r->s != ',') || !is_digit(r->s[1]))
		return;
	for (r->s++; is_digit(*r->s); r->s++) {
		unit /= 10;
		*ns += unit * (*r->s - '0');
	}
}

static int
days_of(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap);
}

static bool
read_moment(const char *text, struct moment *m, struct reader *r)
{
	int year, month, day, hour, min, sec;
	struct tm tm = { 0 };

	*r = (struct reader){ .s = text };
	if (!take_number(r, 4, 4, 0, 9999, "year", &year) ||
	    !take_char(r, '-') ||
	    !take_number(r, 2, 2, 1, 12, "month", &month) ||
	    !take_char(r, '-') ||
	    !take_number(r, 2, 2, 0, 99, "day of month", &day) ||
	    !take_char(r, 'T') || !take_number(r, 1, 2, 0, 23, "hour", &hour) ||
	    !take_char(r, ':') ||
	    !take_number(r, 2, 2, 0, 59, "minute", &min) ||
	    !take_char(r, ':') || !take_number(r, 2, 2, 0, 59, "second", &sec))
		return false;
	take_fraction(r, &m->ns);
	if (!take_offset(r, &m->offset))
		return false;
	if (*r->s != '\0')
		return cannot_use(r, r->s, "timestamp segment");
	if (day < 1 || day > days_of(year, month)) {
		snprintf(r->why, sizeof r->why, BAD_TIME "day out of range");
		return false;
	}
	tm = (struct tm){ .tm_year = year - 1900,
		.tm_mon = month - 1,
		.tm_mday = day,
		.tm_hour = hour,
		.tm_min = min,
		.tm_sec = sec };
	m->s = (int64_t)timegm(&tm) - m->offset;
	return true;
}

bool
hcl_moment_is_valid(const char *text)
{
	struct reader r;
	struct moment m;

	return read_moment(text, &m, &r);
}

/* --- to text --- */

static void
local_of(const struct moment *m, struct tm *tm)
{
	time_t t = (time_t)(m->s + m->offset);

	gmtime_r(&t, tm);
}

static void
put_offset(int offset, const char *colon, struct buf *out)
{
	int min = abs(offset) / 60;

	buf_addf(out, "%c%02d%s%02d", offset < 0 ? '-' : '+', min / 60, colon,
	    min % 60);
}

static void
put_zone(const struct moment *m, size_t n, struct buf *out)
{
	if (n == 1 && m->offset == 0)
		buf_addc(out, 'Z');
	else if (n == 3 && m->offset == 0)
		buf_adds(out, "UTC");
	else
		put_offset(m->offset, n == 1 || n == 5 ? ":" : "", out);
}

static const char *const months[] = { "January", "February", "March", "April",
	"May", "June", "July", "August", "September", "October", "November",
	"December" };
static const char *const weekdays[] = { "Sunday", "Monday", "Tuesday",
	"Wednesday", "Thursday", "Friday", "Saturday" };

/* A number in one digit or two. */
static bool
put_number(int v, size_t n, struct buf *out)
{
	if (n > 2)
		return false;
	buf_addf(out, n == 2 ? "%02d" : "%d", v);
	return true;
}

/* A name cut to three letters, or the whole. */
static bool
put_name(const char *name, size_t n, struct buf *out)
{
	if (n != 3 && n != 4)
		return false;
	buf_addf(out, n == 3 ? "%.3s" : "%s", name);
	return true;
}

/* n times the letter of a verb; false when that is none. */
static bool
put_verb(const struct moment *m, const struct tm *tm, char letter, size_t n,
    struct buf *out)
{
	int year = tm->tm_year + 1900, hour = tm->tm_hour;

	switch (letter) {
	case 'Y':
		if (n == 2)
			buf_addf(out, "%02d", year % 100);
		else if (n == 4)
			buf_addf(out, "%04d", year);
		return n == 2 || n == 4;
	case 'M':
		return n > 2 ? put_name(months[tm->tm_mon], n, out)
			     : put_number(tm->tm_mon + 1, n, out);
	case 'D':
		return put_number(tm->tm_mday, n, out);
	case 'E':
		return put_name(weekdays[tm->tm_wday], n, out);
	case 'h':
		return put_number(hour, n, out);
	case 'H':
		return put_number(hour % 12 == 0 ? 12 : hour % 12, n, out);
	case 'A':
	case 'a':
		if (n == 2)
			buf_adds(out, hour < 12 ? letter == 'A' ? "AM" : "am"
				      : letter == 'A' ? "PM"
						      : "pm");
		return n == 2;
	case 'm':
		return put_number(tm->tm_min, n, out);
	case 's':
		return put_number(tm->tm_sec, n, out);
	case 'Z':
		put_zone(m, n, out);
		return n != 2 && n <= 5;
	default:
		return false;
	}
}

/* What the letter's verbs are, for who wrote another. */
static const char *
verbs_of(char letter)
{
	static const char *const all[] = {
		"Y: year must either be \"YY\" or \"YYYY\"",
		"M: month must be \"M\", \"MM\", \"MMM\", or \"MMMM\"",
		"D: day of month must either be \"D\" or \"DD\"",
		"E: day of week must either be \"EEE\" or \"EEEE\"",
		"h: 24-hour must either be \"h\" or \"hh\"",
		"H: 12-hour must either be \"H\" or \"HH\"",
		"A: must be \"AA\"",
		"a: must be \"aa\"",
		"m: minute must either be \"m\" or \"mm\"",
		"s: second must either be \"s\" or \"ss\"",
		"Z: timezone must be Z, ZZZZ, or ZZZZZ",
	};

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (all[i][0] == letter)
			return all[i] + 1;
	return "";
}

/* 'text', in which '' is a quote; NULL when it does not end. */
static const char *
put_quoted(const char *s, struct buf *out)
{
	for (s++; *s != '\0'; s++) {
		if (*s == '\'' && s[1] != '\'')
			return s + 1;
		s += *s == '\'';
		buf_addc(out, *s);
	}
	return NULL;
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
put_moment(struct hcl_call *c, const struct moment *m, struct buf *out)
{
	const char *s = c->args[0]->str;
	struct tm tm;
	size_t n;

	local_of(m, &tm);
	while (s != NULL && *s != '\0') {
		if (*s == '\'') {
			s = put_quoted(s, out);
			continue;
		}
		if (!is_letter(*s)) {
			buf_addc(out, *s++);
			continue;
		}
		for (n = 1; s[n] == *s; n++)
			;
		if (!put_verb(m, &tm, *s, n, out)) {
			hcl_func_blame(c, 0,
			    "invalid date format verb \"%.*s\"%s",
			    (int)(n < 100 ? n : 100), s, verbs_of(*s));
			return false;
		}
		s += n;
	}
	if (s == NULL)
		hcl_func_blame(c, 0, "unterminated literal '");
	return s != NULL;
}

static value
fn_formatdate(struct hcl_call *c)
{
	struct buf out = { 0 };
	struct reader r;
	struct moment m;

	if (!read_moment(c->args[1]->str, &m, &r))
		return hcl_func_blame(c, 1, "%s", r.why);
	if (put_moment(c, &m, &out))
		return hcl_func_text(c, &out);
	buf_release(&out);
	return NULL;
}

static value
fn_timeadd(struct hcl_call *c)
{
	struct buf out = { 0 };
	struct reader r;
	struct moment m;
	struct tm tm;
	int64_t ns;

	if (!read_moment(c->args[0]->str, &m, &r))
		return hcl_func_fail(c, "%s", r.why);
	if (clock_parse_dur(c->args[1]->str, &ns) == -1) {
		clock_explain_dur(c->args[1]->str, &out);
		hcl_func_fail(c, "time: %s", buf_str(&out));
		buf_release(&out);
		return NULL;
	}
	m.s += ns / CLOCK_NS_PER_S;
	m.ns += ns % CLOCK_NS_PER_S;
	m.s += m.ns < 0 ? -1 : m.ns / CLOCK_NS_PER_S;
	local_of(&m, &tm);
	buf_addf(&out, "%04d-%02d-%02dT%02d:%02d:%02d", tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	put_zone(&m, 1, &out);
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

const struct hcl_func hcl_time_funcs[] = {
	{ "formatdate", fn_formatdate, { STR("format"), STR("time") }, 2,
	    NONE },
	{ "timeadd", fn_timeadd, { STR("timestamp"), STR("duration") }, 2,
	    NONE },
};
const size_t hcl_ntime_funcs = sizeof hcl_time_funcs / sizeof hcl_time_funcs[0];
