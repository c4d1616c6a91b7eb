#include "common/buf.h"

#include <string.h>

#include "tests/lib/unit.h"

START_TEST(buf_is_text_after_every_call)
{
	struct buf b = { 0 };

	ck_assert_str_eq(buf_str(&b), "");
	buf_adds(&b, "node ");
	buf_addf(&b, "%d of %s", 7, "nine");
	ck_assert_str_eq(buf_str(&b), "node 7 of nine");
	buf_drop(&b, 5);
	ck_assert_str_eq(buf_str(&b), "7 of nine");
	buf_release(&b);
	ck_assert_ptr_null(b.data);
}
END_TEST

START_TEST(buf_formats_text_longer_than_its_first_room)
{
	struct buf b = { 0 };
	char want[1001];

	memset(want, 'x', 1000);
	want[1000] = '\0';
	buf_addf(&b, "%s", want);
	ck_assert_uint_eq(b.len, 1000);
	ck_assert_str_eq(buf_str(&b), want);
	buf_release(&b);
}
END_TEST

UNIT_MAIN("buf", buf_is_text_after_every_call,
    buf_formats_text_longer_than_its_first_room)
