#include "common/logfile.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/nodeagent/rmtree.h"
#include "common/mem.h"
#include "tests/lib/unit.h"

static char dir[64];
static struct logfile f;

static char *
path_of(const char *name)
{
	return xasprintf("%s/%s", dir, name);
}

static void
make(const char *name, const char *text)
{
	char *path = path_of(name);
	FILE *out = fopen(path, "w");

	ck_assert_ptr_nonnull(out);
	fputs(text, out);
	fclose(out);
	free(path);
}

static void
expect(const char *name, const char *want)
{
	char *path = path_of(name), got[64] = "";
	FILE *in = fopen(path, "r");

	ck_assert_msg(in != NULL, "%s", path);
	got[fread(got, 1, sizeof got - 1, in)] = '\0';
	fclose(in);
	free(path);
	ck_assert_str_eq(got, want);
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
	char *path;

	snprintf(dir, sizeof dir, "/tmp/test_logfile.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	path = path_of("logs");
	ck_assert_int_eq(mkdir(path, 0755), 0);
	free(path);
	make("victim", "mine");
}

/* Two files of four bytes. */
static void
open_log(void)
{
	char *base = path_of("logs/t.stdout");

	logfile_init(&f, base, 2, 4);
	free(base);
}

static void
end(void)
{
	struct err err;

	logfile_release(&f);
	ck_assert_int_eq(rmtree(AT_FDCWD, dir, &err), 0);
}

START_TEST(logfile_goes_on_and_drops_the_oldest)
{
	begin();
	make("logs/t.stdout.6", "abc");
	make("logs/t.stdout.07x", "not ours");
	make("logs/t.stdout.18446744073709551615", "no next");
	open_log();
	logfile_write(&f, "defgh", 5);
	expect("logs/t.stdout.6", "abcd");
	expect("logs/t.stdout.7", "efgh");
	logfile_write(&f, "i", 1);
	expect("logs/t.stdout.8", "i");
	ck_assert(!is_there("logs/t.stdout.6"));
	expect("logs/t.stdout.07x", "not ours");
	end();
}
END_TEST

START_TEST(logfile_follows_no_link)
{
	char *link_path;

	begin();
	link_path = path_of("logs/t.stdout.0");
	ck_assert_int_eq(symlink("../victim", link_path), 0);
	open_log();
	logfile_write(&f, "evil", 4);
	expect("victim", "mine");
	free(link_path);
	end();
}
END_TEST

START_TEST(logfile_writes_to_no_file_of_two_names)
{
	char *link_path, *victim;

	begin();
	link_path = path_of("logs/t.stdout.0");
	victim = path_of("victim");
	ck_assert_int_eq(link(victim, link_path), 0);
	open_log();
	logfile_write(&f, "evil", 4);
	expect("victim", "mine");
	free(link_path);
	free(victim);
	end();
}
END_TEST

/* A pipe that nobody reads would hold us for ever. */
START_TEST(logfile_waits_for_no_pipe)
{
	char *path;

	begin();
	path = path_of("logs/t.stdout.0");
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	open_log();
	logfile_write(&f, "x", 1);
	ck_assert_int_eq(f.fd, -1);
	free(path);
	end();
}
END_TEST

/* The folder's name may come to mean another one. */
START_TEST(logfile_stays_in_its_folder)
{
	char *logs, *was;

	begin();
	logs = path_of("logs");
	was = path_of("was");
	open_log();
	logfile_write(&f, "abcd", 4);
	ck_assert_int_eq(rename(logs, was), 0);
	ck_assert_int_eq(mkdir(logs, 0777), 0);
	make("logs/t.stdout.0", "precious");
	make("logs/t.stdout.1", "precious");
	logfile_write(&f, "efghi", 5);
	expect("was/t.stdout.1", "efgh");
	expect("was/t.stdout.2", "i");
	ck_assert(!is_there("was/t.stdout.0"));
	expect("logs/t.stdout.0", "precious");
	expect("logs/t.stdout.1", "precious");
	free(logs);
	free(was);
	end();
}
END_TEST

START_TEST(logfile_takes_no_link_for_its_folder)
{
	char *logs, *was;

	begin();
	logs = path_of("logs");
	was = path_of("was");
	ck_assert_int_eq(rename(logs, was), 0);
	ck_assert_int_eq(symlink("was", logs), 0);
	open_log();
	logfile_write(&f, "x", 1);
	ck_assert(!is_there("was/t.stdout.0"));
	free(logs);
	free(was);
	end();
}
END_TEST

START_TEST(logfile_counts_from_any_place_to_its_end)
{
	char *base;
	uint64_t number, size;

	begin();
	base = path_of("logs/t.stdout");
	logfile_init(&f, base, 3, 4);
	logfile_write(&f, "aaaabbbbcccc", 12);
	logfile_write(&f, "d", 1);
	/* Files 1, 2 and 3 are left: bbbb, cccc, d. */
	ck_assert_uint_eq(logfile_bytes_after(&f, 3, 1), 0);
	ck_assert_uint_eq(logfile_bytes_after(&f, 2, 3), 2);
	ck_assert_uint_eq(logfile_bytes_after(&f, 1, 0), 9);
	ck_assert_uint_eq(logfile_bytes_after(&f, 0, 2), 9);
	ck_assert_uint_eq(logfile_bytes_after(&f, 9, 0), 0);
	for (uint64_t before = 0; before <= 9; before++) {
		logfile_place(&f, before, &number, &size);
		ck_assert_uint_eq(
		    logfile_bytes_after(&f, number, size), before);
	}
	logfile_place(&f, 100, &number, &size);
	ck_assert_uint_eq(number, 1);
	ck_assert_uint_eq(size, 0);
	free(base);
	end();
}
END_TEST

UNIT_MAIN("logfile", logfile_goes_on_and_drops_the_oldest,
    logfile_counts_from_any_place_to_its_end, logfile_follows_no_link,
    logfile_writes_to_no_file_of_two_names, logfile_waits_for_no_pipe,
    logfile_stays_in_its_folder, logfile_takes_no_link_for_its_folder)
