#include "cmd/nodeagent/trash.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/nodeagent/rmtree.h"
#include "common/log.h"
#include "common/mem.h"

#define MAX_NAME_TRIES 1000

struct trash {
	int base, dir; /* ALLOC_DIR, and the trash in it */
	uint64_t nput;
	pthread_t thread;
	pthread_mutex_t lock; /* of full */
	pthread_cond_t wake;
	bool full; /* something was put since we last looked */
	atomic_bool closing;
};

static void *
run(void *arg)
{
	struct trash *t = arg;
	struct err err;

	pthread_mutex_lock(&t->lock);
	while (!atomic_load(&t->closing)) {
		if (!t->full) {
			pthread_cond_wait(&t->wake, &t->lock);
			continue;
		}
		t->full = false;
		pthread_mutex_unlock(&t->lock);
		if (rmtree_empty(t->dir, &t->closing, &err) == -1 &&
		    !atomic_load(&t->closing))
			log_warn("removed allocations are left in " TRASH_NAME
				 ": %s",
			    err.text);
		pthread_mutex_lock(&t->lock);
	}
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

static int
open_dirs(struct trash *t, const char *alloc_dir, struct err *err)
{
	t->base = open(alloc_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->base == -1)
		return err_sys(err, "%s", alloc_dir);
	if (mkdirat(t->base, TRASH_NAME, 0700) == -1 && errno != EEXIST)
		return err_sys(err, "%s/" TRASH_NAME, alloc_dir);
	t->dir = openat(t->base, TRASH_NAME,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (t->dir == -1)
		return err_sys(err, "%s/" TRASH_NAME, alloc_dir);
	return 0;
}

static void
close_dirs(struct trash *t)
{
	if (t->dir != -1)
		close(t->dir);
	if (t->base != -1)
		close(t->base);
}

struct trash *
trash_open(const char *alloc_dir, struct err *err)
{
	struct trash *t = xcalloc(1, sizeof *t);

	t->base = t->dir = -1;
	if (open_dirs(t, alloc_dir, err) == -1) {
		close_dirs(t);
		free(t);
		return NULL;
	}
	t->full = true;
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->wake, NULL);
	if (pthread_create(&t->thread, NULL, run, t) != 0)
		log_fatal("cannot start a thread");
	return t;
}

void
trash_close(struct trash *t)
{
	if (t == NULL)
		return;
	pthread_mutex_lock(&t->lock);
	atomic_store(&t->closing, true);
	pthread_cond_signal(&t->wake);
	pthread_mutex_unlock(&t->lock);
	pthread_join(t->thread, NULL);
	pthread_cond_destroy(&t->wake);
	pthread_mutex_destroy(&t->lock);
	close_dirs(t);
	free(t);
}

int
trash_put(struct trash *t, const char *id, struct err *err)
{
	char name[32];
	int rv;

	/* An earlier process may have left the name taken. */
	for (int i = 0; i < MAX_NAME_TRIES; i++) {
		snprintf(name, sizeof name, "alloc.%" PRIu64, t->nput++);
		rv = renameat(t->base, id, t->dir, name);
		if (rv == 0 || (errno != EEXIST && errno != ENOTEMPTY))
			break;
	}
	if (rv == -1)
		return errno == ENOENT ? 0 : err_sys(err, "%s", id);
	pthread_mutex_lock(&t->lock);
	t->full = true;
	pthread_cond_signal(&t->wake);
	pthread_mutex_unlock(&t->lock);
	return 0;
}
