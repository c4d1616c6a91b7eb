#include "cmd/nodeagent/store.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/log.h"
#include "common/mem.h"

#define SYNC_EVERY_S 2
#define KNOWN        "known"  /* the one key of servers */
#define FORMAT       "format" /* ... and of meta: a number as text */

struct store {
	MDB_env *env;
	MDB_dbi allocs, saved, servers;
	pthread_t syncer;
	pthread_mutex_t lock; /* of dirty and closing */
	pthread_cond_t wake;
	bool dirty, closing;
};

/* Waits for something to sync, then lets more gather before the next. */
static void *
run_syncer(void *arg)
{
	struct store *s = arg;
	struct timespec until;

	pthread_mutex_lock(&s->lock);
	while (!s->closing) {
		if (!s->dirty) {
			pthread_cond_wait(&s->wake, &s->lock);
			continue;
		}
		s->dirty = false;
		pthread_mutex_unlock(&s->lock);
		mdb_env_sync(s->env, 1);
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += SYNC_EVERY_S;
		pthread_mutex_lock(&s->lock);
		while (!s->closing &&
		       pthread_cond_timedwait(&s->wake, &s->lock, &until) == 0)
			;
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/*
 * LMDB leaves its data file open across exec, where a task could write to
 * it. (Its lock file it closes itself.)
 */
static int
close_on_exec(MDB_env *env)
{
	int fd, rv = mdb_env_get_fd(env, &fd);

	if (rv != 0)
		return rv;
	return fcntl(fd, F_SETFD, FD_CLOEXEC) == -1 ? errno : 0;
}

/* The format, which a new file gets and one from before there were formats. */
static int
check_format(MDB_txn *txn, const char *path, struct err *err)
{
	MDB_val key = { strlen(FORMAT), (void *)(uintptr_t)FORMAT }, value;
	char text[24];
	MDB_dbi meta;
	int rv = mdb_dbi_open(txn, "meta", MDB_CREATE, &meta);
	unsigned long format;

	if (rv == 0)
		rv = mdb_get(txn, meta, &key, &value);
	if (rv == MDB_NOTFOUND) {
		snprintf(text, sizeof text, "%d", STORE_FORMAT);
		value = (MDB_val){ strlen(text), text };
		return mdb_put(txn, meta, &key, &value, 0);
	}
	if (rv != 0)
		return rv;
	snprintf(text, sizeof text, "%.*s", (int)value.mv_size,
	    (const char *)value.mv_data);
	format = strtoul(text, NULL, 10);
	if (format <= STORE_FORMAT)
		return 0;
	err_set(err, ERR_CONFLICT,
	    "%s: written by a newer program: format version %lu, this one "
	    "knows up to %d",
	    path, format, STORE_FORMAT);
	return MDB_VERSION_MISMATCH;
}

static int
open_tables(struct store *s, MDB_txn *txn, const char *path, struct err *err)
{
	int rv;

	if ((rv = mdb_dbi_open(txn, "allocs", MDB_CREATE, &s->allocs)) == 0 &&
	    (rv = mdb_dbi_open(txn, "saved", MDB_CREATE, &s->saved)) == 0 &&
	    (rv = mdb_dbi_open(txn, "servers", MDB_CREATE, &s->servers)) == 0)
		rv = check_format(txn, path, err);
	if (rv == 0)
		return mdb_txn_commit(txn);
	mdb_txn_abort(txn);
	return rv;
}

/* On failure ERR_CONFLICT says that a newer program wrote it. */
static int
open_env(struct store *s, const char *path, struct err *err)
{
	MDB_txn *txn = NULL;
	int rv;

	*err = (struct err){ 0 };
	if ((rv = mdb_env_create(&s->env)) == 0 &&
	    (rv = mdb_env_set_maxdbs(s->env, 4)) == 0 &&
	    (rv = mdb_env_set_mapsize(s->env, STORE_MAX_BYTES)) == 0 &&
	    (rv = mdb_env_open(s->env, path,
		 MDB_NOSYNC | MDB_NOTLS | MDB_NOSUBDIR | MDB_NORDAHEAD,
		 0600)) == 0 &&
	    (rv = close_on_exec(s->env)) == 0 &&
	    (rv = mdb_txn_begin(s->env, NULL, 0, &txn)) == 0)
		rv = open_tables(s, txn, path, err);
	if (rv == 0)
		return 0;
	mdb_env_close(s->env);
	s->env = NULL;
	if (err->code == ERR_CONFLICT)
		return -1;
	return err_set(err, ERR_SYSTEM, "%s: %s", path, mdb_strerror(rv));
}

/* A damaged file is moved aside, so that there is room for a new one. */
static int
open_or_renew(struct store *s, const char *dir, struct err *err)
{
	char *path = xasprintf("%s/state.mdb", dir);
	char *aside = xasprintf("%s/state.mdb.damaged", dir);
	int rc = open_env(s, path, err);

	if (rc == -1 && err->code != ERR_CONFLICT) {
		log_error("state is unreadable and is begun afresh: %s; "
			  "the old one is %s",
		    err->text, aside);
		if (rename(path, aside) == 0 || errno == ENOENT)
			rc = open_env(s, path, err);
	}
	free(path);
	free(aside);
	return rc;
}

struct store *
store_open(const char *dir, struct err *err)
{
	struct store *s = xcalloc(1, sizeof *s);
	struct err why;

	if (open_or_renew(s, dir, &why) == -1) {
		if (err != NULL)
			*err = why;
		free(s);
		return NULL;
	}
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->wake, NULL);
	if (pthread_create(&s->syncer, NULL, run_syncer, s) != 0)
		log_fatal("cannot start a thread");
	return s;
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	pthread_mutex_lock(&s->lock);
	s->closing = true;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->syncer, NULL);
	mdb_env_sync(s->env, 1);
	mdb_env_close(s->env);
	pthread_cond_destroy(&s->wake);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static void
mark_dirty(struct store *s)
{
	pthread_mutex_lock(&s->lock);
	s->dirty = true;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
}

static void
put(struct store *s, MDB_dbi dbi, const char *what, const char *id,
    const struct buf *b)
{
	MDB_val key = { strlen(id), (void *)(uintptr_t)id };
	MDB_val value = { b->len, b->data };
	MDB_txn *txn;
	int rv;

	if ((rv = mdb_txn_begin(s->env, NULL, 0, &txn)) == 0) {
		rv = mdb_put(txn, dbi, &key, &value, 0);
		if (rv == 0)
			rv = mdb_txn_commit(txn);
		else
			mdb_txn_abort(txn);
	}
	/* A full disk: the task runs on, but a restart would not know it. */
	if (rv != 0)
		log_error("not saved %s=%s: %s", what, id, mdb_strerror(rv));
	mark_dirty(s);
}

void
store_put_alloc(struct store *s, const struct alloc *alloc)
{
	struct buf b = { 0 };

	rec_pack(&alloc_type, alloc, &b);
	put(s, s->allocs, "alloc", alloc->id, &b);
	buf_release(&b);
}

void
store_put_saved(
    struct store *s, const char *alloc_id, const struct alloc_saved *saved)
{
	struct buf b = { 0 };

	rec_pack(&alloc_saved_type, saved, &b);
	put(s, s->saved, "alloc", alloc_id, &b);
	buf_release(&b);
}

void
store_remove(struct store *s, const char *alloc_id)
{
	MDB_val key = { strlen(alloc_id), (void *)(uintptr_t)alloc_id };
	MDB_txn *txn;

	if (mdb_txn_begin(s->env, NULL, 0, &txn) != 0)
		return;
	mdb_del(txn, s->allocs, &key, NULL);
	mdb_del(txn, s->saved, &key, NULL);
	if (mdb_txn_commit(txn) != 0)
		log_error("allocation not forgotten alloc=%s", alloc_id);
	mark_dirty(s);
}

void
store_put_servers(struct store *s, const struct servers_saved *servers)
{
	struct buf b = { 0 };

	rec_pack(&servers_saved_type, servers, &b);
	put(s, s->servers, "servers", KNOWN, &b);
	buf_release(&b);
}

void
store_get_servers(struct store *s, struct servers_saved *servers)
{
	MDB_val key = { strlen(KNOWN), (void *)(uintptr_t)KNOWN }, value;
	MDB_txn *txn;
	struct err err;

	*servers = (struct servers_saved){ 0 };
	if (mdb_txn_begin(s->env, NULL, MDB_RDONLY, &txn) != 0)
		return;
	if (mdb_get(txn, s->servers, &key, &value) == 0 &&
	    rec_unpack(&servers_saved_type, servers, value.mv_data,
		value.mv_size, NULL, &err) == -1)
		log_error("saved servers: %s", err.text);
	mdb_txn_abort(txn);
}

/* One allocation; a record that cannot be read is skipped and said. */
static void
read_one(struct store *s, MDB_txn *txn, MDB_val *key, MDB_val *value,
    store_fn *fn, void *ctx)
{
	struct alloc *alloc = xcalloc(1, sizeof *alloc);
	struct alloc_saved saved = { 0 };
	MDB_val mine;
	struct err err;

	if (rec_unpack(&alloc_type, alloc, value->mv_data, value->mv_size, NULL,
		&err) == -1) {
		log_error("saved allocation %.*s: %s", (int)key->mv_size,
		    (const char *)key->mv_data, err.text);
		free(alloc);
		return;
	}
	if (mdb_get(txn, s->saved, key, &mine) == 0 &&
	    rec_unpack(&alloc_saved_type, &saved, mine.mv_data, mine.mv_size,
		NULL, &err) == -1)
		log_error("saved state of %s: %s", alloc->id, err.text);
	fn(ctx, alloc, &saved);
}

int
store_each(struct store *s, store_fn *fn, void *ctx, struct err *err)
{
	MDB_txn *txn;
	MDB_cursor *cursor;
	MDB_val key, value;
	int rv;

	if ((rv = mdb_txn_begin(s->env, NULL, MDB_RDONLY, &txn)) != 0)
		return err_set(err, ERR_SYSTEM, "state: %s", mdb_strerror(rv));
	if ((rv = mdb_cursor_open(txn, s->allocs, &cursor)) == 0) {
		while (
		    (rv = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0)
			read_one(s, txn, &key, &value, fn, ctx);
		mdb_cursor_close(cursor);
	}
	mdb_txn_abort(txn);
	return rv == MDB_NOTFOUND
		   ? 0
		   : err_set(err, ERR_SYSTEM, "state: %s", mdb_strerror(rv));
}
