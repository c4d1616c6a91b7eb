/* Backups: what is whole is read, what is not is refused by name. */
#include "proto/snapfile.h"

#include <string.h>

#include <openssl/evp.h>

#include "common/text.h"
#include "tests/lib/unit.h"

static void
seal(struct buf *b)
{
	unsigned char sum[EVP_MAX_MD_SIZE];

	EVP_Digest(b->data, b->len, sum, NULL, EVP_sha256(), NULL);
	buf_add(b, sum, SNAPFILE_SUM);
}

static struct buf
sample(void)
{
	struct snapfile_head head = { .id = text_borrow("2-19-1"),
		.index = 19,
		.term = 2,
		.region = text_borrow("global") };
	struct buf b = { 0 };

	snapfile_put_head(&head, &b);
	buf_adds(&b, "the state");
	seal(&b);
	return b;
}

static int
check(const struct buf *b, size_t n, struct err *err)
{
	struct snapfile_head head = { 0 };
	const uint8_t *state;
	size_t nstate;
	int rc = snapfile_check(b->data, n, &head, &state, &nstate, err);

	rec_clear(&snapfile_head_type, &head);
	return rc;
}

START_TEST(what_was_written_is_read_back)
{
	struct buf b = sample();
	struct snapfile_head head;
	const uint8_t *state;
	size_t nstate;
	struct err err;

	ck_assert_int_eq(
	    snapfile_check(b.data, b.len, &head, &state, &nstate, &err), 0);
	ck_assert_str_eq(head.id, "2-19-1");
	ck_assert_uint_eq(head.index, 19);
	ck_assert_uint_eq(nstate, 9);
	ck_assert_mem_eq(state, "the state", 9);
	rec_clear(&snapfile_head_type, &head);
	buf_release(&b);
}
END_TEST

START_TEST(every_cut_and_every_flipped_byte_is_found)
{
	struct buf b = sample();
	struct err err;

	for (size_t n = 0; n < b.len; n++)
		ck_assert_int_eq(check(&b, n, &err), -1);
	for (size_t i = 0; i < b.len; i++) {
		b.data[i] ^= 0x10;
		ck_assert_int_eq(check(&b, b.len, &err), -1);
		b.data[i] ^= 0x10;
	}
	ck_assert_int_eq(check(&b, b.len, &err), 0);
	buf_release(&b);
}
END_TEST

START_TEST(a_head_beyond_the_file_is_refused)
{
	struct buf b = { 0 };
	struct err err;

	buf_add(&b, SNAPFILE_MAGIC "\1\0\0\0\xff\xff\xff\xff", 16);
	seal(&b);
	ck_assert_int_eq(check(&b, b.len, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "a head of"));
	buf_release(&b);
}
END_TEST

UNIT_MAIN("snapfile", what_was_written_is_read_back,
    every_cut_and_every_flipped_byte_is_found,
    a_head_beyond_the_file_is_refused)
