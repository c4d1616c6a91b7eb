#include "common/identity.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/file.h"
#include "common/mem.h"
#include "tests/lib/unit.h"

static char dir[32];
static ino_t synced[16]; /* what fsync() was called for, in order */
static size_t nsynced;
static int fsync_errno; /* it fails with this; 0: it does not */

/* In the place of libc's. */
int
fsync(int fd)
{
	struct stat st;

	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_uint_lt(nsynced, sizeof synced / sizeof synced[0]);
	synced[nsynced++] = st.st_ino;
	errno = fsync_errno;
	return fsync_errno != 0 ? -1 : (int)syscall(SYS_fsync, fd);
}

static ino_t
inode(const char *path)
{
	struct stat st;

	ck_assert_msg(stat(path, &st) == 0, "%s", path);
	return st.st_ino;
}

static void
begin(void)
{
	strcpy(dir, "/tmp/test_id.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	nsynced = 0;
	fsync_errno = 0;
}

static char *
path_of(const char *name)
{
	return xasprintf("%s/%s", dir, name);
}

static void
forget(const char *name)
{
	char *path = path_of(name);

	ck_assert_msg(remove(path) == 0, "%s", path);
	free(path);
}

static void
write_file(const char *name, const char *text)
{
	char *path = path_of(name);
	FILE *f = fopen(path, "w");

	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
	free(path);
}

START_TEST(identity_is_kept_for_ever)
{
	char first[IDENTITY_SIZE], second[IDENTITY_SIZE];
	struct err err;

	begin();
	ck_assert_int_eq(identity_keep(dir, "id", "one", first, &err), 0);
	ck_assert_str_eq(first, "one");
	ck_assert_int_eq(identity_keep(dir, "id", "two", second, &err), 0);
	ck_assert_str_eq(second, "one");
	write_file("id", "by hand\n");
	ck_assert_int_eq(identity_keep(dir, "id", "two", second, &err), 0);
	ck_assert_str_eq(second, "by hand");
	forget("id");
	forget("");
}
END_TEST

START_TEST(identity_and_its_name_are_durable)
{
	char id[IDENTITY_SIZE], *path;
	struct err err;

	begin();
	path = path_of("id");
	ck_assert_int_eq(identity_keep(dir, "id", "one", id, &err), 0);
	ck_assert_uint_eq(nsynced, 2);
	ck_assert_uint_eq(synced[0], inode(path));
	ck_assert_uint_eq(synced[1], inode(dir));
	/* Its maker may have been killed before the second. */
	ck_assert_int_eq(identity_keep(dir, "id", "one", id, &err), 0);
	ck_assert_uint_eq(nsynced, 3);
	ck_assert_uint_eq(synced[2], inode(dir));
	fsync_errno = EIO;
	ck_assert_int_eq(identity_keep(dir, "id", "one", id, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, dir));
	free(path);
	forget("id");
	forget("");
}
END_TEST

START_TEST(identity_that_cannot_be_read_is_not_replaced)
{
	char id[IDENTITY_SIZE], text[IDENTITY_SIZE + 1];
	struct err err;

	begin();
	memset(text, 'x', IDENTITY_SIZE);
	text[IDENTITY_SIZE] = '\0';
	write_file("id", text);
	ck_assert_int_eq(identity_keep(dir, "id", "one", id, &err), -1);
	ck_assert_ptr_nonnull(
	    strstr(err.text, "/id: a line longer than 63 bytes"));
	forget("id");
	forget("");
}
END_TEST

START_TEST(identity_of_a_newer_program_is_refused)
{
	char id[IDENTITY_SIZE], again[IDENTITY_SIZE];
	struct err err;

	begin();
	ck_assert_int_eq(identity_keep(dir, "id", "one", id, &err), 0);
	ck_assert_int_eq(identity_keep(dir, "id", "two", again, &err), 0);
	ck_assert_str_eq(again, "one");
	write_file("id", "three\nformat 1\n");
	ck_assert_int_eq(identity_keep(dir, "id", "one", id, &err), 0);
	ck_assert_str_eq(id, "three");
	write_file("id", "three\nformat 2\n");
	ck_assert_int_eq(identity_keep(dir, "id", "one", id, &err), -1);
	ck_assert_ptr_nonnull(
	    strstr(err.text, "/id: written by a newer program: format version "
			     "2, this one knows up to 1"));
	forget("id");
	forget("");
}
END_TEST

START_TEST(directories_that_are_made_are_durable)
{
	struct err err;
	char *a, *b;

	begin();
	a = path_of("a");
	b = path_of("a/b");
	ck_assert_int_eq(file_make_dirs(b, 0700, &err), 0);
	ck_assert_uint_eq(nsynced, 2);
	ck_assert_uint_eq(synced[0], inode(dir));
	ck_assert_uint_eq(synced[1], inode(a));
	ck_assert_int_eq(file_make_dirs(b, 0700, &err), 0);
	ck_assert_uint_eq(nsynced, 2);
	fsync_errno = EIO;
	forget("a/b");
	ck_assert_int_eq(file_make_dirs(b, 0700, &err), -1);
	forget("a/b");
	forget("a");
	forget("");
	free(a);
	free(b);
}
END_TEST

UNIT_MAIN("identity", identity_is_kept_for_ever,
    identity_and_its_name_are_durable,
    identity_that_cannot_be_read_is_not_replaced,
    identity_of_a_newer_program_is_refused,
    directories_that_are_made_are_durable)
