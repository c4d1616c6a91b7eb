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
#define KNOWN        "known" /* the one key of servers */

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

static int
open_env(struct store *s, const char *path, struct err *err)
{
	MDB_txn *txn = NULL;
	int rv;

	if ((rv = mdb_env_create(&s->env)) != 0 ||
	    (rv = mdb_env_set_maxdbs(s->env, 4)) != 0 ||
	    (rv = mdb_env_set_mapsize(s->env, STORE_MAX_BYTES)) != 0 ||
	    (rv = mdb_env_open(s->env, path,
		 MDB_NOSYNC | MDB_NOTLS | MDB_NOSUBDIR | MDB_NORDAHEAD,
		 0600)) != 0 ||
	    (rv = close_on_exec(s->env)) != 0 ||
	    (rv = mdb_txn_begin(s->env, NULL, 0, &txn)) != 0 ||
	    (rv = mdb_dbi_open(txn, "allocs", MDB_CREATE, &s->allocs)) != 0 ||
	    (rv = mdb_dbi_open(txn, "saved", MDB_CREATE, &s->saved)) != 0 ||
	    (rv = mdb_dbi_open(txn, "servers", MDB_CREATE, &s->servers)) != 0 ||
	    (rv = mdb_txn_commit(txn)) != 0) {
		mdb_env_close(s->env);
		s->env = NULL;
		return err_set(
		    err, ERR_SYSTEM, "%s: %s", path, mdb_strerror(rv));
	}
	return 0;
}

struct store *
store_open(const char *dir, struct err *err)
{
	struct store *s = xcalloc(1, sizeof *s);
	char *path = xasprintf("%s/state.mdb", dir);
	char *aside = xasprintf("%s/state.mdb.damaged", dir);
	struct err first;

	if (open_env(s, path, &first) == -1) {
		log_error("state is unreadable and is begun afresh: %s; "
			  "the old one is %s",
		    first.text, aside);
		if ((rename(path, aside) == -1 && errno != ENOENT) ||
		    open_env(s, path, err) == -1) {
			if (err != NULL && err->code == ERR_NONE)
				*err = first;
			free(s);
			s = NULL;
		}
	}
	free(path);
	free(aside);
	if (s == NULL)
		return NULL;
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
