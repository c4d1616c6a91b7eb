/*
 * A directory for a log, and a disk under it that fails on demand: one
 * operation with an error of choice, or all from some point on, as when the
 * power goes. What was written and not synced may then be lost, each sector
 * by chance, and a rename whose directory was not synced may be undone.
 */
#ifndef TESTS_LIB_WALWORLD_H
#define TESTS_LIB_WALWORLD_H

#include <pthread.h>
#include <stdbool.h>

#include "common/rng.h"
#include "common/wal/dir.h"

struct walworld_write;

struct walworld {
	char root[64]; /* removed at the end */
	char dir[80];  /* in it */
	struct wal_io io;
	pthread_mutex_t lock;
	unsigned nops;      /* so far */
	unsigned fail_at;   /* this operation fails; 0: none */
	int fail_errno;     /* with this */
	unsigned crash_at;  /* from this one on all fail; 0: never */
	int allocate_errno; /* reserving space fails with this, or 0 */
	bool is_down;
	bool is_lossy; /* remember what is not synced */
	struct rng rng;
	struct walworld_write *writes; /* not synced, newest first */
	char renamed_from[64], renamed_to[64];
};

void walworld_init(struct walworld *w);
void walworld_release(struct walworld *w);

/* The power is back: loses what was not synced, and counts anew. */
void walworld_restart(struct walworld *w);

/* While threads run: operations so far; what reserving space fails with. */
unsigned walworld_nops(struct walworld *w);
void walworld_fill_disk(struct walworld *w, int error);

/* The path of a file in the directory; valid until the next call. */
const char *walworld_path(struct walworld *w, const char *name);

#endif
