#include "cmd/nodeagent/allocdir.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/nodeagent/rmtree.h"
#include "common/mem.h"
#include "tests/lib/unit.h"

static char base[64];
static struct task tasks[1];
static struct task_group group = { .tasks = tasks, .ntasks = 1 };
static struct alloc alloc;

static void
begin(void)
{
	struct err err;

	snprintf(base, sizeof base, "/tmp/test_allocdir.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(base));
	tasks[0].name = (char *)(uintptr_t) "web";
	alloc.id = (char *)(uintptr_t) "a1";
	ck_assert_int_eq(allocdir_make(base, &alloc, &group, &err), 0);
}

static void
put(const char *path, const char *text)
{
	char *full = xasprintf("%s/a1/%s", base, path);
	FILE *f = fopen(full, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
	free(full);
}

static void
point(const char *path, const char *to)
{
	char *full = xasprintf("%s/a1/%s", base, path);

	ck_assert_int_eq(symlink(to, full), 0);
	free(full);
}

static enum err_code
opens(const char *path)
{
	struct err err = { 0 };
	int fd = allocdir_open(base, "a1", path, O_RDONLY, &err);

	if (fd == -1)
		return err.code;
	close(fd);
	return ERR_NONE;
}

static void
end(void)
{
	struct err err;

	ck_assert_int_eq(rmtree(AT_FDCWD, base, &err), 0);
}

START_TEST(allocdir_opens_what_is_inside)
{
	begin();
	put("web/local/page", "hello");
	put("alloc/logs/web.stdout.0", "line");
	ck_assert_int_eq(opens("/"), ERR_NONE);
	ck_assert_int_eq(opens("web/local/page"), ERR_NONE);
	ck_assert_int_eq(opens("//alloc/../web/local/page"), ERR_NONE);
	ck_assert_int_eq(opens("alloc/logs/web.stdout.0"), ERR_NONE);
	ck_assert_int_eq(opens("web/local/none"), ERR_NOT_FOUND);
	end();
}
END_TEST

START_TEST(allocdir_never_leaves_the_allocation)
{
	begin();
	point("web/local/abs", "/etc/passwd");
	point("web/local/up", "../../../../../../etc/passwd");
	/* Both mean a file beneath the allocation, where there is none. */
	ck_assert_int_eq(opens("web/local/abs"), ERR_NOT_FOUND);
	ck_assert_int_eq(opens("web/local/up"), ERR_NOT_FOUND);
	ck_assert_int_eq(opens("../../../etc/passwd"), ERR_NOT_FOUND);
	end();
}
END_TEST

START_TEST(allocdir_keeps_secrets_however_they_are_named)
{
	begin();
	put("web/secrets/key", "s3cret");
	point("web/local/link", "../secrets/key");
	point("alloc/data/dir", "../../web/secrets");
	ck_assert_int_eq(opens("web/secrets/key"), ERR_DENIED);
	ck_assert_int_eq(opens("/web//./secrets/key"), ERR_DENIED);
	ck_assert_int_eq(opens("web/local/../secrets/key"), ERR_DENIED);
	ck_assert_int_eq(opens("web/local/link"), ERR_DENIED);
	ck_assert_int_eq(opens("alloc/data/dir/key"), ERR_DENIED);
	ck_assert_int_eq(opens("web/private"), ERR_DENIED);
	end();
}
END_TEST

START_TEST(allocdir_knows_no_other_allocation)
{
	static const char *const others[] = { "a2", ".", "..", ".trash",
		"a1/alloc", "" };
	struct err err;
	char *trash;

	begin();
	trash = xasprintf("%s/.trash", base);
	ck_assert_int_eq(mkdir(trash, 0700), 0);
	free(trash);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		ck_assert_int_eq(
		    allocdir_open(base, others[i], "/", O_RDONLY, &err), -1);
		ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	}
	end();
}
END_TEST

static mode_t
mode_of(const char *path)
{
	char *full = xasprintf("%s/a1/%s", base, path);
	struct stat st;

	ck_assert_int_eq(lstat(full, &st), 0);
	free(full);
	return st.st_mode & 07777;
}

/* Tasks of other users write to what is shared, but for the logs, which they
 * can neither write to nor replace. */
START_TEST(allocdir_keeps_logs_from_tasks)
{
	begin();
	ck_assert_uint_eq(mode_of("alloc"), 01777);
	ck_assert_uint_eq(mode_of("alloc/logs"), 0755);
	ck_assert_uint_eq(mode_of("alloc/data"), 0777);
	ck_assert_uint_eq(mode_of("web/local"), 0777);
	end();
}
END_TEST

/* Of the task's secrets, in a directory made anew. */
static mode_t
secrets_mode(const char *driver)
{
	char *path;
	struct stat st;

	tasks[0].driver = (char *)(uintptr_t)driver;
	begin();
	path = xasprintf("%s/a1/web/secrets", base);
	ck_assert_int_eq(stat(path, &st), 0);
	free(path);
	end();
	return st.st_mode & 07777;
}

START_TEST(allocdir_lets_an_image_s_user_write_its_secrets)
{
	ck_assert_int_eq(secrets_mode("raw_exec"), 0700);
	ck_assert_int_eq(secrets_mode("docker"), 0777);
	tasks[0].driver = NULL;
}
END_TEST

UNIT_MAIN("allocdir", allocdir_opens_what_is_inside,
    allocdir_never_leaves_the_allocation,
    allocdir_keeps_secrets_however_they_are_named,
    allocdir_knows_no_other_allocation, allocdir_keeps_logs_from_tasks,
    allocdir_lets_an_image_s_user_write_its_secrets)
