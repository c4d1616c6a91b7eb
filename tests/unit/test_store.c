#include "cmd/nodeagent/store.h"

#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/nodeagent/rmtree.h"
#include "common/mem.h"
#include "tests/lib/unit.h"

static char dir[64];

static void
begin(void)
{
	snprintf(dir, sizeof dir, "/tmp/test_store.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void
end(void)
{
	struct err err;

	ck_assert_int_eq(rmtree(AT_FDCWD, dir, &err), 0);
}

static struct store *
open_it(void)
{
	struct err err;
	struct store *s = store_open(dir, &err);

	ck_assert_msg(s != NULL, "%s", err.text);
	return s;
}

static void
put(struct store *s, const char *id, const char *status)
{
	struct alloc a = { .id = (char *)(uintptr_t)id,
		.job_id = (char *)(uintptr_t) "web" };
	struct alloc_saved saved = { .client_status =
					 (char *)(uintptr_t)status };

	store_put_alloc(s, &a);
	if (status != NULL)
		store_put_saved(s, id, &saved);
}

struct seen {
	size_t n;
	char text[256];
};

static void
see(void *ctx, struct alloc *a, struct alloc_saved *saved)
{
	struct seen *s = ctx;

	s->n++;
	snprintf(s->text + strlen(s->text), sizeof s->text - strlen(s->text),
	    "%s=%s ", a->id, saved->client_status ? saved->client_status : "-");
	rec_clear(&alloc_type, a);
	free(a);
	rec_clear(&alloc_saved_type, saved);
}

static struct seen
look(struct store *s)
{
	struct seen seen = { 0 };
	struct err err;

	ck_assert_int_eq(store_each(s, see, &seen, &err), 0);
	return seen;
}

START_TEST(store_keeps_allocations_over_a_restart)
{
	struct store *s;

	begin();
	s = open_it();
	put(s, "a1", "running");
	put(s, "a2", NULL);
	put(s, "a3", "pending");
	put(s, "a3", "complete");
	store_close(s);
	s = open_it();
	ck_assert_str_eq(look(s).text, "a1=running a2=- a3=complete ");
	store_remove(s, "a1");
	ck_assert_str_eq(look(s).text, "a2=- a3=complete ");
	store_close(s);
	end();
}
END_TEST

START_TEST(store_moves_a_damaged_file_aside)
{
	static const char junk[] = "this is no database at all";
	struct store *s;
	char *path;
	int fd;

	begin();
	s = open_it();
	put(s, "a1", "running");
	store_close(s);
	path = xasprintf("%s/state.mdb", dir);
	fd = open(path, O_WRONLY);
	ck_assert_msg(fd != -1, "%s", path);
	for (off_t at = 0; at < 16384; at += (off_t)sizeof junk)
		ck_assert_int_eq(
		    pwrite(fd, junk, sizeof junk, at), (ssize_t)sizeof junk);
	close(fd);
	free(path);
	s = open_it();
	ck_assert_uint_eq(look(s).n, 0);
	put(s, "a2", "running");
	ck_assert_uint_eq(look(s).n, 1);
	store_close(s);
	end();
}
END_TEST

START_TEST(store_of_a_newer_program_is_refused_and_left_alone)
{
	MDB_val key = { 6, (void *)(uintptr_t) "format" };
	MDB_val value = { 1, (void *)(uintptr_t) "2" };
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi meta;
	struct store *s;
	struct err err;
	char *path;

	begin();
	s = open_it();
	put(s, "a1", "running");
	store_close(s);
	path = xasprintf("%s/state.mdb", dir);
	ck_assert_int_eq(mdb_env_create(&env), 0);
	mdb_env_set_maxdbs(env, 4);
	ck_assert_int_eq(mdb_env_open(env, path, MDB_NOSUBDIR, 0600), 0);
	ck_assert_int_eq(mdb_txn_begin(env, NULL, 0, &txn), 0);
	ck_assert_int_eq(mdb_dbi_open(txn, "meta", 0, &meta), 0);
	ck_assert_int_eq(mdb_put(txn, meta, &key, &value, 0), 0);
	ck_assert_int_eq(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
	ck_assert_ptr_null(store_open(dir, &err));
	ck_assert_ptr_nonnull(strstr(err.text,
	    "/state.mdb: written by a newer program: format version 2, this "
	    "one knows up to 1"));
	free(path);
	path = xasprintf("%s/state.mdb.damaged", dir);
	ck_assert_int_eq(access(path, F_OK), -1);
	free(path);
	end();
}
END_TEST

/* Of the store's files a program that we start inherits none. */
START_TEST(store_is_closed_on_exec)
{
	struct store *s;
	int nfiles = 0;

	begin();
	s = open_it();
	for (int fd = 0; fd < 256; fd++) {
		char link[64], path[256];
		ssize_t n;

		snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
		n = readlink(link, path, sizeof path);
		if (n <= 0 || strncmp(path, dir, strlen(dir)) != 0)
			continue;
		ck_assert_msg((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0, "%.*s",
		    (int)n, path);
		nfiles++;
	}
	ck_assert_int_gt(nfiles, 1);
	store_close(s);
	end();
}
END_TEST

UNIT_MAIN("store", store_keeps_allocations_over_a_restart,
    store_moves_a_damaged_file_aside,
    store_of_a_newer_program_is_refused_and_left_alone, store_is_closed_on_exec)
