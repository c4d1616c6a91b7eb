#include "common/learn.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/rng.h"
#include "tests/lib/unit.h"

#define PIECE 160

/* Returns the bytes that it took. */
static size_t
round_trip(struct learn *l, const uint8_t *p, size_t n)
{
	struct buf packed = { 0 };
	uint8_t *back;
	size_t size, took;

	learn_pack(l, p, n, &packed);
	took = packed.len;
	ck_assert_uint_le(took, n + n / 100 + 5);
	ck_assert_int_eq(
	    learn_size((uint8_t *)packed.data, packed.len, &size), 0);
	ck_assert_uint_eq(size, n);
	back = xmalloc(n);
	ck_assert_int_eq(
	    learn_unpack(l, (uint8_t *)packed.data, packed.len, back), 0);
	ck_assert(n == 0 || memcmp(back, p, n) == 0);
	free(back);
	buf_release(&packed);
	return took;
}

/* Like the others, but for some bytes. */
static void
vary(struct rng *rng, uint8_t piece[PIECE])
{
	for (size_t i = 0; i < PIECE; i++)
		piece[i] = (uint8_t)(i * 7);
	for (size_t i = 0; i < 5; i++)
		piece[rng_below(rng, PIECE)] = (uint8_t)rng_below(rng, 256);
}

START_TEST(learn_makes_alike_pieces_short)
{
	struct learn *l = learn_new();
	uint8_t piece[PIECE];
	struct rng rng;

	rng_init(&rng, 1);
	vary(&rng, piece);
	ck_assert_uint_ge(round_trip(l, piece, PIECE), PIECE);
	ck_assert_uint_le(round_trip(l, piece, PIECE), 10);
	for (int i = 0; i < 1000; i++) {
		vary(&rng, piece);
		ck_assert_uint_le(round_trip(l, piece, PIECE), 60);
	}
	learn_free(l);
}
END_TEST

/* What was made before the book was full can be read when it is. */
START_TEST(learn_keeps_what_it_has_learned_when_it_is_full)
{
	enum { N = 2000, LONGEST = 400 };
	struct learn *l = learn_new();
	struct buf packed[N] = { 0 };
	uint8_t(*pieces)[LONGEST] = xcalloc(N, sizeof *pieces);
	size_t sizes[N];
	struct rng rng;

	rng_init(&rng, 2);
	for (size_t i = 0; i < N; i++) {
		/* Of few letters, so that much of it was there before. */
		sizes[i] = rng_below(&rng, LONGEST + 1);
		for (size_t k = 0; k < sizes[i]; k++)
			pieces[i][k] =
			    (uint8_t)rng_below(&rng, i % 2 == 0 ? 256 : 3);
		learn_pack(l, pieces[i], sizes[i], &packed[i]);
	}
	for (size_t i = 0; i < N; i++) {
		uint8_t back[LONGEST];

		ck_assert_int_eq(learn_unpack(l, (uint8_t *)packed[i].data,
				     packed[i].len, back),
		    0);
		ck_assert_mem_eq(back, pieces[i], sizes[i]);
		buf_release(&packed[i]);
	}
	free(pieces);
	learn_free(l);
}
END_TEST

START_TEST(learn_takes_pieces_of_any_size)
{
	struct learn *l = learn_new();
	uint8_t *p = xcalloc(100000, 1);

	for (size_t n = 0; n < 300; n++)
		round_trip(l, p, n);
	round_trip(l, p, 100000);
	memset(p, 1, 100000);
	round_trip(l, p, 100000);
	round_trip(l, p, 100000);
	free(p);
	learn_free(l);
}
END_TEST

START_TEST(learn_refuses_what_it_has_not_made)
{
	static const struct {
		const char *bytes;
		size_t n;
	} bad[] = { { "", 0 }, { "\x80", 1 },
		{ "\x05\x04"
		  "abc",
		    5 },
		{ "\x05", 1 },
		{ "\x02\x03"
		  "abcd",
		    6 },
		{ "\x04\x80\x01", 3 }, { "\x04\x80\x01\x00", 4 },
		{ "\x04\x80\xff\xff", 4 } };
	struct learn *l = learn_new();
	uint8_t out[16];

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		/* Where it ends is checked by the sanitizer. */
		uint8_t *p = xmemdup(bad[i].bytes, bad[i].n);

		ck_assert_int_eq(learn_unpack(l, p, bad[i].n, out), -1);
		free(p);
	}
	learn_free(l);
}
END_TEST

UNIT_MAIN("learn", learn_makes_alike_pieces_short,
    learn_keeps_what_it_has_learned_when_it_is_full,
    learn_takes_pieces_of_any_size, learn_refuses_what_it_has_not_made)
