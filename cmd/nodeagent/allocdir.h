/*
 * The directories of an allocation:
 *
 *	ALLOC_DIR/<alloc id>/alloc/{data,logs,tmp}
 *	ALLOC_DIR/<alloc id>/<task>/{local,secrets,tmp,private}
 *
 * A task owns what is inside, and may put symbolic links there, but for
 * alloc/logs, which only we write: whoever opens a path of an allocation on
 * behalf of a client goes through allocdir_open(), which never leaves the
 * allocation. They are removed by way of the trash (trash.h).
 */
#ifndef NODEAGENT_ALLOCDIR_H
#define NODEAGENT_ALLOCDIR_H

#include <stdbool.h>

#include "common/err.h"
#include "proto/alloc.h"

struct allocdir_paths {
	char *alloc;   /* .../alloc */
	char *logs;    /* .../alloc/logs */
	char *root;    /* .../<task> */
	char *local;   /* .../<task>/local */
	char *secrets; /* .../<task>/secrets */
};

/* Makes all directories of an allocation; what exists is left as it is. */
int allocdir_make(const char *base, const struct alloc *alloc,
    const struct task_group *group, struct err *err);
void allocdir_paths_init(struct allocdir_paths *p, const char *base,
    const char *alloc_id, const char *task);
void allocdir_paths_release(struct allocdir_paths *p);

/*
 * Opens a path below an allocation's directory (a leading '/' means that
 * directory), following links only as far as they stay inside. flags are
 * open(2)'s. The descriptor, or -1 with err. The task's secrets and private
 * directories are refused.
 */
int allocdir_open(const char *base, const char *alloc_id, const char *path,
    int flags, struct err *err);

/*
 * Whether a link on the way leads a path out of the directory root that it
 * starts from: for programs that follow links as they please, on our behalf.
 * What is not there yet leads nowhere.
 */
bool allocdir_leads_out(const char *root, const char *path);

#endif
