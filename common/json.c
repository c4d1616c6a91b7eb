#include "common/json.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

/* --- text --- */

/* Bytes that stand for themselves inside quotes. */
static inline bool
is_plain(uint8_t c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/*
 * How many plain bytes s begins with. Eight at a time: a byte of x is not
 * plain if its top bit is set, or if subtracting 0x20 borrows, or if it
 * becomes zero when " or \ is taken out. A borrow may only blame a byte too
 * many, which the loop after it looks at again.
 */
static size_t
plain_len(const char *s, size_t n)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	const uint64_t tops = ones << 7;
	uint64_t x, quote, slash;
	size_t i = 0;

	for (; i + 8 <= n; i += 8) {
		memcpy(&x, s + i, 8);
		quote = x ^ ones * '"';
		slash = x ^ ones * '\\';
		if (((x | (x - ones * 0x20) | (quote - ones) | (slash - ones)) &
			tops) != 0)
			break;
	}
	while (i < n && is_plain((uint8_t)s[i]))
		i++;
	return i;
}

static void
put_escape(struct buf *out, uint8_t c)
{
	static const char letters[] = "\"\"\\\\\bb\ff\nn\rr\tt";

	for (size_t i = 0; i + 1 < sizeof letters; i += 2)
		if (letters[i] == (char)c) {
			buf_addc(out, '\\');
			buf_addc(out, letters[i + 1]);
			return;
		}
	buf_addf(out, "\\u%04x", c);
}

void
json_put_text(struct buf *out, const char *s, size_t n)
{
	const uint8_t *p = (const uint8_t *)s;
	size_t i = plain_len(s, n), from = 0, len;
	char *to = buf_reserve(out, n + 2);

	to[0] = '"';
	if (i == n) { /* most are: then all is one copy */
		memcpy(to + 1, s, n);
		to[n + 1] = '"';
		to[n + 2] = '\0';
		out->len += n + 2;
		return;
	}
	out->len++;
	while (i < n) {
		if (is_plain(p[i])) {
			i++;
			continue;
		}
		len = p[i] < 0x80 ? 0 : text_utf8_len(p + i, n - i);
		if (len == 0) {
			buf_add(out, s + from, i - from);
			if (p[i] < 0x80)
				put_escape(out, p[i]);
			else
				buf_adds(out, "\xef\xbf\xbd");
			from = ++i;
		} else {
			i += len;
		}
	}
	buf_add(out, s + from, n - from);
	buf_addc(out, '"');
}

/* --- numbers --- */

void
json_put_uint(struct buf *out, uint64_t v)
{
	char text[20], *p = text + sizeof text;

	do
		*--p = (char)('0' + v % 10);
	while ((v /= 10) != 0);
	buf_add(out, p, (size_t)(text + sizeof text - p));
}

void
json_put_int(struct buf *out, int64_t v)
{
	if (v < 0)
		buf_addc(out, '-');
	json_put_uint(out, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

/* The fewest digits that read back the same, as "d.ddde-xx". */
static void
shortest_digits(double v, char out[JSON_FLOAT_SIZE])
{
	/* 15 digits always survive for normal numbers, fewer for others. */
	int prec = fabs(v) < DBL_MIN ? 0 : 14;

	for (; prec < 17; prec++) {
		snprintf(out, JSON_FLOAT_SIZE, "%.*e", prec, v);
		if (strtod(out, NULL) == v)
			return;
	}
}

/* Digits without a point, at least one, into digits; returns the exponent. */
static int
split_digits(const char *text, char digits[JSON_FLOAT_SIZE])
{
	size_t n = 0;

	for (; *text != 'e'; text++)
		if (*text != '.')
			digits[n++] = *text;
	while (n > 1 && digits[n - 1] == '0')
		n--;
	digits[n] = '\0';
	return atoi(text + 1);
}

/*
 * Most numbers that people meet have few decimals. The fewest at which the
 * integer r over a power of ten reads as v (one exact division, as both are
 * exact) are the shortest text; below 15 digits there is but one. Returns its
 * length, or 0 when v is no such number.
 */
static size_t
format_decimal(double v, char out[JSON_FLOAT_SIZE])
{
	static const double tens[] = { 1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7,
		1e8, 1e9, 1e10, 1e11, 1e12 };
	double a = fabs(v);

	if (a < 1e-6 || a >= 1e14)
		return 0;
	for (size_t k = 0; k < sizeof tens / sizeof tens[0]; k++) {
		double m = a * tens[k];
		uint64_t r = (uint64_t)(m + 0.5);
		char *p = out + JSON_FLOAT_SIZE, *start = out;

		if (m >= 1e15)
			return 0;
		if ((double)r / tens[k] != a)
			continue;
		for (size_t i = 0; i <= k || r != 0; i++) {
			if (i == k && k > 0)
				*--p = '.';
			*--p = (char)('0' + r % 10);
			r /= 10;
		}
		if (v < 0)
			*start++ = '-';
		memmove(start, p, (size_t)(out + JSON_FLOAT_SIZE - p));
		start += out + JSON_FLOAT_SIZE - p;
		*start = '\0';
		return (size_t)(start - out);
	}
	return 0;
}

size_t
json_format_float(double v, char out[JSON_FLOAT_SIZE])
{
	char text[JSON_FLOAT_SIZE], digits[JSON_FLOAT_SIZE];
	const char *minus = signbit(v) ? "-" : "";
	int exp, n, len;

	if (v == 0)
		return (size_t)snprintf(out, JSON_FLOAT_SIZE, "%s0", minus);
	len = (int)format_decimal(v, out);
	if (len > 0)
		return (size_t)len;
	shortest_digits(fabs(v), text);
	exp = split_digits(text, digits);
	n = (int)strlen(digits);
	if (exp < -6 || exp >= 21)
		len = snprintf(out, JSON_FLOAT_SIZE, "%s%c%s%se%+d", minus,
		    digits[0], n > 1 ? "." : "", digits + 1, exp);
	else if (exp < 0)
		len = snprintf(out, JSON_FLOAT_SIZE, "%s0.%.*s%s", minus,
		    -exp - 1, "00000", digits);
	else if (n <= exp + 1)
		len = snprintf(out, JSON_FLOAT_SIZE, "%s%s%.*s", minus, digits,
		    exp + 1 - n, "000000000000000000000");
	else
		len = snprintf(out, JSON_FLOAT_SIZE, "%s%.*s.%s", minus,
		    exp + 1, digits, digits + exp + 1);
	return (size_t)len;
}

void
json_put_float(struct buf *out, double v)
{
	char text[JSON_FLOAT_SIZE];
	size_t n;

	if (!isfinite(v)) {
		buf_adds(out, "null");
	} else if (fabs(v) < 1e15 && v == (double)(int64_t)v && !signbit(v)) {
		json_put_int(out, (int64_t)v);
	} else {
		n = json_format_float(v, text);
		buf_add(out, text, n);
	}
}

/* --- bytes --- */

static const char base64[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
json_put_bytes(struct buf *out, const uint8_t *data, size_t n)
{
	char *to = buf_reserve(out, (n + 2) / 3 * 4 + 2);
	char *start = to;

	*to++ = '"';
	for (size_t i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)data[i] << 16;

		v |= i + 1 < n ? (uint32_t)data[i + 1] << 8 : 0;
		v |= i + 2 < n ? data[i + 2] : 0;
		*to++ = base64[v >> 18];
		*to++ = base64[v >> 12 & 63];
		*to++ = i + 1 < n ? base64[v >> 6 & 63] : '=';
		*to++ = i + 2 < n ? base64[v & 63] : '=';
	}
	*to++ = '"';
	*to = '\0';
	out->len += (size_t)(to - start);
}

static int
sextet(char c)
{
	const char *p = c != '\0' ? strchr(base64, c) : NULL;

	return p != NULL ? (int)(p - base64) : -1;
}

long
json_parse_base64(const char *text, size_t n, uint8_t *out)
{
	size_t len = 0;

	/* Only the very end is padding, and then to its last byte. */
	if (n % 4 != 0 || (n > 0 && text[n - 2] == '=' && text[n - 1] != '='))
		return -1;
	for (size_t i = 0; i < n; i += 4) {
		int npad = i + 4 < n            ? 0
			   : text[i + 2] == '=' ? 2
			   : text[i + 3] == '=' ? 1
						: 0;
		uint32_t v = 0;

		for (size_t k = 0; k < 4; k++) {
			int six = k + (size_t)npad >= 4 && text[i + k] == '='
				      ? 0
				      : sextet(text[i + k]);

			if (six < 0)
				return -1;
			v = v << 6 | (uint32_t)six;
		}
		out[len++] = (uint8_t)(v >> 16);
		if (npad < 2)
			out[len++] = (uint8_t)(v >> 8);
		if (npad < 1)
			out[len++] = (uint8_t)v;
	}
	return (long)len;
}

void
json_put_indent(struct buf *out, size_t depth)
{
	char *to = buf_reserve(out, 1 + 4 * depth);

	to[0] = '\n';
	memset(to + 1, ' ', 4 * depth);
	to[1 + 4 * depth] = '\0';
	out->len += 1 + 4 * depth;
}
