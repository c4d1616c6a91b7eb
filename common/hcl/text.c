/* Code points, identifiers and user-perceived characters. */
#include "common/hcl/internal.h"

#include <string.h>

int32_t
hcl_utf8(const char *p, size_t n, size_t *len)
{
	static const int32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char c = (unsigned char)p[0];
	size_t k = c < 0x80   ? 1
		   : c < 0xc2 ? 0
		   : c < 0xe0 ? 2
		   : c < 0xf0 ? 3
			      : 4;
	int32_t cp = k == 1 ? c : k == 2 ? c & 0x1f : k == 3 ? c & 0xf : c & 7;

	*len = 1;
	if (k == 0 || c > 0xf4 || k > n)
		return -1;
	for (size_t i = 1; i < k; i++) {
		if (((unsigned char)p[i] & 0xc0) != 0x80)
			return -1;
		cp = cp << 6 | ((unsigned char)p[i] & 0x3f);
	}
	if (cp < least[k] || cp > 0x10ffff || (cp >= 0xd800 && cp < 0xe000))
		return -1;
	*len = k;
	return cp;
}

void
hcl_utf8_add(struct buf *b, uint32_t cp)
{
	if (cp < 0x80) {
		buf_addc(b, (char)cp);
		return;
	}
	if (cp > 0x10ffff || (cp >= 0xd800 && cp < 0xe000))
		cp = 0xfffd;
	if (cp < 0x800) {
		buf_addc(b, (char)(0xc0 | cp >> 6));
	} else if (cp < 0x10000) {
		buf_addc(b, (char)(0xe0 | cp >> 12));
		buf_addc(b, (char)(0x80 | (cp >> 6 & 0x3f)));
	} else {
		buf_addc(b, (char)(0xf0 | cp >> 18));
		buf_addc(b, (char)(0x80 | (cp >> 12 & 0x3f)));
		buf_addc(b, (char)(0x80 | (cp >> 6 & 0x3f)));
	}
	buf_addc(b, (char)(0x80 | (cp & 0x3f)));
}

struct span {
	int32_t first;
	int32_t last;
};

static bool
is_within(const struct span *spans, size_t n, int32_t cp)
{
	for (size_t i = 0; i < n; i++)
		if (cp >= spans[i].first && cp <= spans[i].last)
			return true;
	return false;
}

#define WITHIN(spans, cp) \
	is_within(spans, sizeof(spans) / sizeof((spans)[0]), cp)

/* Marks that join the character before them. */
static const struct span marks[] = {
	{ 0x300, 0x36f },
	{ 0x483, 0x489 },
	{ 0x591, 0x5bd },
	{ 0x610, 0x61a },
	{ 0x64b, 0x65f },
	{ 0x93a, 0x93c },
	{ 0x93e, 0x94f },
	{ 0xe31, 0xe31 },
	{ 0xe34, 0xe3a },
	{ 0xe47, 0xe4e },
	{ 0x1ab0, 0x1aff },
	{ 0x1dc0, 0x1dff },
	{ 0x200c, 0x200d },
	{ 0x20d0, 0x20f0 },
	{ 0x3099, 0x309a },
	{ 0xfe00, 0xfe0f },
	{ 0xfe20, 0xfe2f },
	{ 0x1f3fb, 0x1f3ff },
	{ 0xe0020, 0xe01ef },
};

/* Above ASCII: what is no letter, digit or mark. */
static const struct span others[] = {
	{ 0x80, 0xa9 },
	{ 0xab, 0xb4 },
	{ 0xb6, 0xb9 },
	{ 0xbb, 0xbf },
	{ 0xd7, 0xd7 },
	{ 0xf7, 0xf7 },
	{ 0x2000, 0x203e },
	{ 0x2041, 0x2053 },
	{ 0x2055, 0x2070 },
	{ 0x2072, 0x207e },
	{ 0x2080, 0x208f },
	{ 0x20a0, 0x20cf },
	{ 0x2190, 0x2bff },
	{ 0x3000, 0x3004 },
	{ 0x3008, 0x3020 },
	{ 0x3030, 0x3030 },
	{ 0xd800, 0xf8ff },
	{ 0xfe10, 0xfe1f },
	{ 0xfe30, 0xfe32 },
	{ 0xfe35, 0xfe4c },
	{ 0xfe50, 0xfe6f },
	{ 0xfeff, 0xff0f },
	{ 0xff1a, 0xff20 },
	{ 0x1f000, 0x1faff },
	{ 0xe0000, 0x10ffff },
};

bool
hcl_is_id_start(int32_t cp)
{
	if (cp < 0x80)
		return (cp >= 'a' && cp <= 'z') || (cp >= 'A' && cp <= 'Z') ||
		       cp == '_';
	return !WITHIN(others, cp) && !WITHIN(marks, cp);
}

bool
hcl_is_id_continue(int32_t cp)
{
	if (cp < 0x80)
		return hcl_is_id_start(cp) || (cp >= '0' && cp <= '9');
	return cp == 0xb7 || (!WITHIN(others, cp) && cp != 0x200d);
}

bool
hcl_is_space(int32_t cp)
{
	return (cp >= '\t' && cp <= '\r') || cp == ' ' || cp == 0x85 ||
	       cp == 0xa0 || cp == 0x1680 || (cp >= 0x2000 && cp <= 0x200a) ||
	       cp == 0x2028 || cp == 0x2029 || cp == 0x202f || cp == 0x205f ||
	       cp == 0x3000;
}

static bool
is_regional(int32_t cp)
{
	return cp >= 0x1f1e6 && cp <= 0x1f1ff;
}

size_t
hcl_cluster(const char *p, size_t n)
{
	size_t at, len;
	int32_t cp = hcl_utf8(p, n, &at), next;
	bool joined = false, paired = false;

	if (cp == '\r' && n > 1 && p[1] == '\n')
		return 2;
	if (cp < 0x20)
		return at;
	for (; at < n; at += len) {
		next = hcl_utf8(p + at, n - at, &len);
		if (is_regional(cp) && is_regional(next) && !paired)
			paired = true;
		else if (!(joined && next >= 0x2190) && !WITHIN(marks, next))
			break;
		joined = next == 0x200d;
	}
	return at;
}

bool
hcl_looks_json(const char *text, size_t n)
{
	size_t i = 0;

	while (i < n && (text[i] == ' ' || text[i] == '\t'))
		i++;
	return i < n && text[i] == '{';
}

#define CLOSEST_MAX 64 /* longer names have no neighbours */

static size_t
edits_between(const char *a, const char *b)
{
	size_t row[CLOSEST_MAX + 1], na = strlen(a), nb = strlen(b);

	if (na > CLOSEST_MAX || nb > CLOSEST_MAX)
		return CLOSEST_MAX;
	for (size_t j = 0; j <= nb; j++)
		row[j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[nb];
}

const char *
hcl_closest(const char *given, const char *const *candidates, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (edits_between(given, candidates[i]) < 3)
			return candidates[i];
	return NULL;
}
