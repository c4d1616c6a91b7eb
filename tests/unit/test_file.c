#include "common/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/unit.h"

static void
write_new(char *path, const char *text, size_t n)
{
	int fd = mkstemp(path);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, text, n), (ssize_t)n);
	close(fd);
}

START_TEST(file_read_adds_the_whole_file_and_ends_it)
{
	char path[] = "/tmp/test_file.XXXXXX", big[40000];
	struct buf out = { 0 };
	struct err err;

	memset(big, 'x', sizeof big);
	write_new(path, big, sizeof big);
	buf_adds(&out, "head ");
	ck_assert_int_eq(file_read(path, 5 + sizeof big, &out, &err), 0);
	ck_assert_uint_eq(out.len, 5 + sizeof big);
	ck_assert_int_eq(strncmp(out.data, "head xxx", 8), 0);
	ck_assert_int_eq(out.data[out.len], '\0');
	buf_release(&out);
	unlink(path);
}
END_TEST

START_TEST(file_read_of_an_empty_file_gives_an_empty_text)
{
	char path[] = "/tmp/test_file.XXXXXX";
	struct buf out = { 0 };

	write_new(path, "", 0);
	ck_assert_int_eq(file_read(path, 0, &out, NULL), 0);
	ck_assert_uint_eq(out.len, 0);
	ck_assert_str_eq(out.data, "");
	buf_release(&out);
	unlink(path);
}
END_TEST

START_TEST(file_read_refuses_one_byte_too_many)
{
	char path[] = "/tmp/test_file.XXXXXX";
	struct buf out = { 0 };
	struct err err;

	write_new(path, "12345", 5);
	ck_assert_int_eq(file_read(path, 4, &out, &err), -1);
	ck_assert_int_eq(errno, EFBIG);
	ck_assert_int_eq(err.code, ERR_BAD);
	ck_assert_ptr_nonnull(strstr(err.text, "larger than 4 bytes"));
	buf_release(&out);
	unlink(path);
}
END_TEST

START_TEST(file_read_names_what_it_cannot_read)
{
	struct buf out = { 0 };
	struct err err;

	ck_assert_int_eq(file_read("/nowhere/at/all", 9, &out, &err), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(err.code, ERR_SYSTEM);
	ck_assert_ptr_nonnull(strstr(err.text, "/nowhere/at/all: "));
	ck_assert_int_eq(file_read("/", 9, &out, &err), -1);
	ck_assert_int_eq(errno, EISDIR);
	buf_release(&out);
}
END_TEST

UNIT_MAIN("file", file_read_adds_the_whole_file_and_ends_it,
    file_read_of_an_empty_file_gives_an_empty_text,
    file_read_refuses_one_byte_too_many, file_read_names_what_it_cannot_read)
