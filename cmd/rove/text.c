#include "cmd/rove/text.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "common/clock.h"
#include "common/mem.h"

/* --- times --- */

/* Floor division: times before 1970 round down, too. */
static int64_t
floor_div(int64_t a, int64_t b)
{
	int64_t q = a / b;

	return a % b < 0 ? q - 1 : q;
}

static int64_t
nearest_second(int64_t ns)
{
	return floor_div(ns, CLOCK_NS_PER_S) +
	       (ns - floor_div(ns, CLOCK_NS_PER_S) * CLOCK_NS_PER_S >=
			   CLOCK_NS_PER_S / 2
		       ? 1
		       : 0);
}

void
text_ago(int64_t then_ns, int64_t now_ns, struct buf *out)
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = {
		{ 12 * 30 * 86400, "y" },
		{ 30 * 86400, "mo" },
		{ 86400, "d" },
		{ 3600, "h" },
		{ 60, "m" },
		{ 1, "s" },
	};
	int64_t left = nearest_second(now_ns) - nearest_second(then_ns);
	bool ahead = left < 0;
	int shown = 0;

	if (then_ns < CLOCK_NS_PER_S)
		return;
	if (ahead)
		left = -left;
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		int64_t n = left / units[i].seconds;

		left %= units[i].seconds;
		if (n == 0 || shown == 2)
			continue;
		buf_addf(out, "%" PRId64 "%s", n, units[i].name);
		shown++;
	}
	if (shown == 0)
		buf_adds(out, "0s");
	buf_adds(out, ahead ? " from now" : " ago");
}

void
text_difference(
    int64_t first_ns, int64_t second_ns, int64_t unit_ns, struct buf *out)
{
	char text[CLOCK_DUR_SIZE];

	clock_format_dur(
	    (floor_div(second_ns, unit_ns) - floor_div(first_ns, unit_ns)) *
		unit_ns,
	    text);
	buf_adds(out, text);
}

void
text_time(int64_t ns, struct buf *out)
{
	time_t seconds = (time_t)(ns / CLOCK_NS_PER_S);
	struct tm tm;
	long minutes;

	if (ns < CLOCK_NS_PER_S || localtime_r(&seconds, &tm) == NULL)
		return;
	buf_addf(out, "%04d-%02d-%02dT%02d:%02d:%02d", tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	minutes = labs(tm.tm_gmtoff) / 60;
	if (minutes == 0)
		buf_addc(out, 'Z');
	else
		buf_addf(out, "%c%02ld:%02ld", tm.tm_gmtoff < 0 ? '-' : '+',
		    minutes / 60, minutes % 60);
}

/* --- numbers --- */

void
text_bytes(uint64_t n, struct buf *out)
{
	static const char *const names[] = { "B", "KiB", "MiB", "GiB", "TiB",
		"PiB", "EiB" };
	uint64_t unit = 1;
	size_t e = 0;
	double v;

	if (n < 1024) {
		buf_addf(out, "%" PRIu64 " B", n);
		return;
	}
	while (e < 6 && n / unit >= 1024) {
		unit *= 1024;
		e++;
	}
	v = (double)(uint64_t)((double)n / (double)unit * 10 + 0.5) / 10;
	buf_addf(out, v < 10 ? "%.1f %s" : "%.0f %s", v, names[e]);
}

int
text_parse_bytes(const char *text, uint64_t *n)
{
	static const char units[] = "kmgtpe";
	size_t digits = strspn(text, "0123456789.,"), len = 0;
	char number[64], *end;
	const char *unit = text + digits + strspn(text + digits, " ");
	size_t left = strlen(unit);
	double v;

	for (size_t i = 0; i < digits; i++)
		if (text[i] != ',' && len < sizeof number - 1)
			number[len++] = text[i];
	number[len] = '\0';
	v = strtod(number, &end);
	if (len == 0 || *end != '\0')
		return -1;
	while (left > 0 && unit[left - 1] == ' ')
		left--;
	if (left > 0 && tolower((unsigned char)*unit) != 'b') {
		const char *u = strchr(units, tolower((unsigned char)*unit));
		bool binary =
		    left > 1 && tolower((unsigned char)unit[1]) == 'i';

		if (u == NULL)
			return -1;
		for (const char *p = units; p <= u; p++)
			v *= binary ? 1024 : 1000;
		unit += binary ? 2 : 1;
		left -= binary ? 2 : 1;
	}
	if (left > 1 || (left == 1 && tolower((unsigned char)*unit) != 'b') ||
	    v >= 18446744073709551616.0)
		return -1;
	*n = (uint64_t)v;
	return 0;
}

void
text_float(double v, struct buf *out)
{
	char digits[32];
	uint64_t whole, cents;
	size_t n;

	if (v < 0)
		buf_addc(out, '-');
	v = (v < 0 ? -v : v) + 0.005;
	if (!(v < 1e18)) { /* nothing that we measure */
		buf_adds(out, "inf");
		return;
	}
	whole = (uint64_t)v;
	cents = (uint64_t)((v - (double)whole) * 100);
	n = (size_t)snprintf(digits, sizeof digits, "%" PRIu64, whole);
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && (n - i) % 3 == 0)
			buf_addc(out, ',');
		buf_addc(out, digits[i]);
	}
	buf_addf(out, ".%02" PRIu64, cents);
}

void
text_ordinal(int64_t n, struct buf *out)
{
	int64_t ones = n % 10, tens = n % 100 / 10;
	const char *suffix = "th";

	if (tens != 1 && ones >= 1 && ones <= 3)
		suffix = ones == 1 ? "st" : ones == 2 ? "nd" : "rd";
	buf_addf(out, "%" PRId64 "%s", n, suffix);
}

/* --- identifiers --- */

const char *
text_id(const char *id, size_t n)
{
	static char bufs[16][TEXT_FULL_ID + 1];
	static size_t next;
	char *out = bufs[next++ % 16];

	if (id == NULL)
		return "";
	snprintf(out, sizeof bufs[0], "%.*s",
	    (int)(n > TEXT_FULL_ID ? TEXT_FULL_ID : n), id);
	return out;
}

size_t
text_id_prefix(const char *prefix)
{
	size_t n = strlen(prefix), digits = 0;

	for (size_t i = 0; i < n; i++)
		if (prefix[i] != '-')
			digits++;
	if (digits % 2 == 1)
		n--;
	return n;
}
