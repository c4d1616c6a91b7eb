#include "cmd/nodeagent/trash.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/nodeagent/rmtree.h"
#include "common/mem.h"
#include "tests/lib/unit.h"

static char dir[64];

static char *
path_of(const char *name)
{
	return xasprintf("%s/%s", dir, name);
}

static void
make_dir(const char *name)
{
	char *path = path_of(name);

	ck_assert_int_eq(mkdir(path, 0700), 0);
	free(path);
}

static void
make_file(const char *name)
{
	char *path = path_of(name);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_ne(fd, -1);
	close(fd);
	free(path);
}

static void
make_link(const char *name, const char *to)
{
	char *path = path_of(name);

	ck_assert_int_eq(symlink(to, path), 0);
	free(path);
}

static bool
is_there(const char *name)
{
	char *path = path_of(name);
	struct stat st;
	bool yes = lstat(path, &st) == 0;

	free(path);
	return yes;
}

static void
begin(void)
{
	snprintf(dir, sizeof dir, "/tmp/test_trash.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	make_dir("outside");
	make_file("outside/precious");
	make_dir("allocs");
}

static void
end(void)
{
	struct err err;

	ck_assert(is_there("outside/precious"));
	ck_assert_int_eq(rmtree(AT_FDCWD, dir, &err), 0);
}

static void
remove_it(const char *name)
{
	char *path = path_of(name);
	struct err err;

	ck_assert_msg(rmtree(AT_FDCWD, path, &err) == 0, "%s", err.text);
	ck_assert(!is_there(name));
	free(path);
}

static struct trash *
open_trash(void)
{
	char *path = path_of("allocs");
	struct err err;
	struct trash *t = trash_open(path, &err);

	ck_assert_msg(t != NULL, "%s", err.text);
	free(path);
	return t;
}

static void
wait_until_empty(void)
{
	char *path = path_of("allocs/" TRASH_NAME);
	struct stat st;

	for (int i = 0; i < 500; i++) {
		ck_assert_int_eq(lstat(path, &st), 0);
		if (st.st_nlink == 2) {
			free(path);
			return;
		}
		usleep(10000);
	}
	ck_abort_msg("the trash is not empty");
}

START_TEST(rmtree_follows_no_link)
{
	begin();
	make_dir("allocs/a");
	make_link("allocs/a/dir", "../../outside");
	make_link("allocs/a/file", "../../outside/precious");
	remove_it("allocs/a");
	remove_it("allocs/none");
	end();
}
END_TEST

/* Deeper than a path may be long, and than we may have files open. */
START_TEST(rmtree_goes_as_deep_as_a_task_has)
{
	const struct rlimit few = { .rlim_cur = 64, .rlim_max = 64 };
	static const char name[] = "a-directory-of-a-task";
	char *path;
	int at;

	begin();
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	path = path_of("allocs");
	at = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(path);
	for (int i = 0; i < 300; i++) {
		int sub;

		ck_assert_int_eq(mkdirat(at, name, 0700), 0);
		sub = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		ck_assert_int_ne(sub, -1);
		close(at);
		at = sub;
	}
	close(at);
	remove_it("allocs/a-directory-of-a-task");
	end();
}
END_TEST

/* What an operator has mounted in there is not the allocation's. */
START_TEST(rmtree_stays_on_its_mount)
{
	char *from, *to, *a;
	struct err err;

	if (unshare(CLONE_NEWNS) == -1 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1)
		return; /* only root may */
	begin();
	make_dir("allocs/a");
	make_file("allocs/a/rest");
	make_dir("allocs/a/mnt");
	from = path_of("outside");
	to = path_of("allocs/a/mnt");
	a = path_of("allocs/a");
	ck_assert_int_eq(mount(from, to, NULL, MS_BIND, NULL), 0);
	ck_assert_int_eq(rmtree(AT_FDCWD, a, &err), -1);
	ck_assert(!is_there("allocs/a/rest"));
	ck_assert_int_eq(umount(to), 0);
	free(from);
	free(to);
	free(a);
	end();
}
END_TEST

START_TEST(trash_frees_the_id_at_once)
{
	struct trash *t;
	struct err err;

	begin();
	t = open_trash();
	for (int i = 0; i < 3; i++) {
		make_dir("allocs/a");
		make_file("allocs/a/x");
		ck_assert_int_eq(trash_put(t, "a", &err), 0);
		ck_assert(!is_there("allocs/a"));
	}
	ck_assert_int_eq(trash_put(t, "none", &err), 0);
	wait_until_empty();
	trash_close(t);
	end();
}
END_TEST

START_TEST(trash_of_an_earlier_process_is_emptied)
{
	struct trash *t;
	struct err err;

	begin();
	make_dir("allocs/" TRASH_NAME);
	make_dir("allocs/" TRASH_NAME "/alloc.0");
	make_dir("allocs/" TRASH_NAME "/deep.0");
	make_link("allocs/" TRASH_NAME "/alloc.0/out", "../../../outside");
	make_dir("allocs/a");
	t = open_trash();
	ck_assert_int_eq(trash_put(t, "a", &err), 0);
	wait_until_empty();
	trash_close(t);
	end();
}
END_TEST

/* A link in its place would have us empty something else. */
START_TEST(trash_is_no_link)
{
	char *path;
	struct err err;

	begin();
	make_link("allocs/" TRASH_NAME, "../outside");
	path = path_of("allocs");
	ck_assert_ptr_null(trash_open(path, &err));
	free(path);
	end();
}
END_TEST

UNIT_MAIN("trash", rmtree_follows_no_link, rmtree_goes_as_deep_as_a_task_has,
    rmtree_stays_on_its_mount, trash_frees_the_id_at_once,
    trash_of_an_earlier_process_is_emptied, trash_is_no_link)
