#include "common/clock.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

uint64_t
clock_mono_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

int64_t
clock_mono_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (int64_t)ts.tv_sec * CLOCK_NS_PER_S + ts.tv_nsec;
}

int64_t
clock_wall_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * CLOCK_NS_PER_S + ts.tv_nsec;
}

/* Wide enough for a fraction times an hour. */
__extension__ typedef unsigned __int128 wide;

static const struct {
	const char *name;
	uint64_t ns;
} units[] = {
	{ "ns", 1 },
	{ "us", 1000 },
	{ "\u00b5s", 1000 },
	{ "\u03bcs", 1000 },
	{ "ms", 1000000 },
	{ "s", 1000000000 },
	{ "m", UINT64_C(60000000000) },
	{ "h", UINT64_C(3600000000000) },
};

/* The unit's length in *s, which is advanced past it; 0 when unknown. */
static uint64_t
take_unit(const char **s)
{
	size_t n = strcspn(*s, ".0123456789");

	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
		if (strlen(units[i].name) == n &&
		    strncmp(*s, units[i].name, n) == 0) {
			*s += n;
			return units[i].ns;
		}
	return 0;
}

/*
 * One number with its unit, added to *sum. The fraction is kept as digits
 * over a power of ten; digits beyond nanoseconds of an hour cannot matter.
 */
static int
take_part(const char **s, uint64_t *sum)
{
	uint64_t whole = 0, frac = 0, scale = 1, unit, add, more;
	bool digits = false;

	for (; isdigit((unsigned char)**s); (*s)++, digits = true)
		if (__builtin_mul_overflow(whole, UINT64_C(10), &whole) ||
		    __builtin_add_overflow(
			whole, (uint64_t)(**s - '0'), &whole))
			return -1;
	if (**s == '.')
		for ((*s)++; isdigit((unsigned char)**s); (*s)++) {
			digits = true;
			if (scale < UINT64_C(1000000000000000)) {
				frac = frac * 10 + (uint64_t)(**s - '0');
				scale *= 10;
			}
		}
	if (!digits || (unit = take_unit(s)) == 0)
		return -1;
	more = (uint64_t)((wide)frac * unit / scale);
	if (__builtin_mul_overflow(whole, unit, &add) ||
	    __builtin_add_overflow(add, more, &add) ||
	    __builtin_add_overflow(*sum, add, sum))
		return -1;
	return *sum > (uint64_t)INT64_MAX + 1 ? -1 : 0;
}

int
clock_parse_dur(const char *text, int64_t *ns)
{
	bool minus = *text == '-';
	uint64_t sum = 0;

	if (*text == '-' || *text == '+')
		text++;
	if (strcmp(text, "0") == 0) {
		*ns = 0;
		return 0;
	}
	if (*text == '\0')
		return -1;
	while (*text != '\0')
		if (take_part(&text, &sum) == -1)
			return -1;
	if (!minus && sum > INT64_MAX)
		return -1;
	*ns = minus ? (int64_t)(0 - sum) : (int64_t)sum;
	return 0;
}

void
clock_explain_dur(const char *text, struct buf *out)
{
	const char *s = text + (*text == '-' || *text == '+');

	while (*s != '\0') {
		size_t digits = strspn(s, "0123456789"), n;
		bool known = false;

		s += digits;
		if (*s == '.') {
			n = strspn(++s, "0123456789");
			digits += n;
			s += n;
		}
		if (digits == 0)
			break;
		n = strcspn(s, ".0123456789");
		if (n == 0) {
			buf_addf(out, "missing unit in duration \"%s\"", text);
			return;
		}
		for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
			known |= strlen(units[i].name) == n &&
				 memcmp(units[i].name, s, n) == 0;
		if (!known) {
			buf_addf(out,
			    "unknown unit \"%.*s\" in duration \"%s\"", (int)n,
			    s, text);
			return;
		}
		s += n;
	}
	buf_addf(out, "invalid duration \"%s\"", text);
}

/* A number of units with its fraction, without trailing zeros. */
static size_t
put_fraction(
    char *out, size_t size, uint64_t v, uint64_t unit, const char *name)
{
	char digits[24] = "";
	uint64_t rest = v % unit;
	int width = 0, n;

	for (uint64_t u = unit; u > 1; u /= 10)
		width++;
	if (rest != 0) {
		n = snprintf(digits, sizeof digits, ".%0*" PRIu64, width, rest);
		while (digits[n - 1] == '0')
			digits[--n] = '\0';
	}
	n = snprintf(out, size, "%" PRIu64 "%s%s", v / unit, digits, name);
	return n < 0 ? 0 : (size_t)n;
}

void
clock_format_dur(int64_t ns, char out[CLOCK_DUR_SIZE])
{
	uint64_t u = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
	size_t n = 0, size = CLOCK_DUR_SIZE;
	uint64_t minutes;

	if (ns == 0) {
		snprintf(out, size, "0s");
		return;
	}
	if (ns < 0)
		out[n++] = '-';
	if (u < 1000)
		put_fraction(out + n, size - n, u, 1, "ns");
	else if (u < 1000000)
		put_fraction(out + n, size - n, u, 1000, "\u00b5s");
	else if (u < 1000000000)
		put_fraction(out + n, size - n, u, 1000000, "ms");
	else {
		minutes = u / UINT64_C(60000000000);
		if (minutes >= 60)
			n += (size_t)snprintf(
			    out + n, size - n, "%" PRIu64 "h", minutes / 60);
		if (minutes > 0)
			n += (size_t)snprintf(
			    out + n, size - n, "%" PRIu64 "m", minutes % 60);
		put_fraction(out + n, size - n, u % UINT64_C(60000000000),
		    1000000000, "s");
	}
}

void
clock_format_time(int64_t wall_ns, char out[CLOCK_TIME_SIZE])
{
	int64_t s = wall_ns / CLOCK_NS_PER_S, ns = wall_ns % CLOCK_NS_PER_S;
	time_t t;
	struct tm tm;
	size_t n;

	if (ns < 0) {
		ns += CLOCK_NS_PER_S;
		s--;
	}
	t = (time_t)s;
	gmtime_r(&t, &tm);
	n = strftime(out, CLOCK_TIME_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	if (ns != 0) {
		n += (size_t)snprintf(
		    out + n, CLOCK_TIME_SIZE - n, ".%09" PRId64, ns);
		while (out[n - 1] == '0')
			n--;
	}
	snprintf(out + n, CLOCK_TIME_SIZE - n, "Z");
}

int
clock_parse_time(const char *text, int64_t *wall_ns)
{
	struct tm tm = { 0 };
	int64_t ns = 0, scale = CLOCK_NS_PER_S, offset = 0, total;
	const char *p = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	int h, m, n = 0;
	char sign;

	if (p == NULL)
		return -1;
	if (*p == '.') {
		if (!isdigit((unsigned char)*++p))
			return -1;
		for (; isdigit((unsigned char)*p); p++)
			if (scale > 1) {
				scale /= 10;
				ns += (*p - '0') * scale;
			}
	}
	if (strcmp(p, "Z") != 0 && strcmp(p, "z") != 0) {
		if (sscanf(p, "%c%2d:%2d%n", &sign, &h, &m, &n) != 3 ||
		    p[n] != '\0' || (sign != '+' && sign != '-') || h < 0 ||
		    h > 23 || m < 0 || m > 59)
			return -1;
		offset = (sign == '-' ? -60 : 60) * (h * 60 + m);
	}
	if (__builtin_mul_overflow(
		(int64_t)timegm(&tm) - offset, CLOCK_NS_PER_S, &total) ||
	    __builtin_add_overflow(total, ns, wall_ns))
		return -1;
	return 0;
}
