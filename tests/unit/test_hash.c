#include "common/hash.h"

#include <stdio.h>

#include "tests/lib/unit.h"

#define NKEYS    8000
#define NBUCKETS 8192

/* Keys that are numbered: no bucket may get much more than its share, which
 * is 7 or 8 at most by chance. */
static unsigned
fullest(const char *before, const char *behind)
{
	static unsigned buckets[NBUCKETS];
	unsigned most = 0;
	char key[64];

	memset(buckets, 0, sizeof buckets);
	for (int i = 0; i < NKEYS; i++) {
		int n = snprintf(key, sizeof key, "%s%d%s", before, i, behind);
		unsigned *b = &buckets[hash_text(key, (size_t)n) % NBUCKETS];

		if (++*b > most)
			most = *b;
	}
	return most;
}

START_TEST(hash_spreads_keys_that_differ_in_any_place)
{
	static const char *const frames[][2] = { { "", "" }, { "job-", "" },
		{ "default/job-", "" }, { "web.group[", "]" },
		{ "", "-4000-8000-000000000000" },
		{ "default/a-very-long-name-of-a-job-", "" },
		{ "10.0.", ".1:4646" } };

	for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++)
		ck_assert_uint_le(fullest(frames[i][0], frames[i][1]), 12);
}
END_TEST

START_TEST(hash_knows_length_and_every_byte)
{
	char text[] = "0123456789abcdef0123456789abcdef";

	for (size_t n = 0; n < sizeof text - 1; n++) {
		uint32_t h = hash_text(text, n);

		ck_assert_uint_ne(h, hash_text(text, n + 1));
		for (size_t i = 0; i < n; i++) {
			text[i] ^= 1;
			ck_assert_uint_ne(h, hash_text(text, n));
			text[i] ^= 1;
		}
	}
}
END_TEST

UNIT_MAIN("hash", hash_spreads_keys_that_differ_in_any_place,
    hash_knows_length_and_every_byte)
