#include "cmd/nodeagent/rmtree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Someone who writes while we remove is not waited for longer than that. */
#define MAX_PASSES     16
#define MAX_NAME_TRIES 1000

struct walk {
	int top; /* where what is too deep is moved to */
	const atomic_bool *stop;
	unsigned nmoved;
	bool failed;
	struct err *err; /* the first failure */
};

static bool
note(struct walk *w, const char *name)
{
	if (!w->failed)
		err_sys(w->err, "%s", name);
	w->failed = true;
	return false;
}

static bool
is_stopped(const struct walk *w)
{
	return w->stop != NULL && atomic_load(w->stop);
}

/* A directory in another, and on the same mount. */
static int
open_sub(int at, const char *name)
{
	struct open_how how = { .flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
					 O_CLOEXEC,
		.resolve =
		    RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV };

	return (int)syscall(SYS_openat2, at, name, &how, sizeof how);
}

static bool
move_up(struct walk *w, int at, const char *name)
{
	char new_name[32];

	for (int i = 0; i < MAX_NAME_TRIES; i++) {
		snprintf(new_name, sizeof new_name, "deep.%u", w->nmoved++);
		if (renameat(at, name, w->top, new_name) == 0)
			return true;
		if (errno != EEXIST && errno != ENOTEMPTY)
			break; /* else an earlier walk left the name taken */
	}
	return note(w, name);
}

static void empty_dir(struct walk *w, int fd, int depth);

/* Whether it is out of the way. */
static bool
remove_dir(struct walk *w, int at, const char *name, int depth)
{
	int fd;

	if (depth == RMTREE_MAX_DEPTH)
		return move_up(w, at, name);
	if ((fd = open_sub(at, name)) == -1)
		return note(w, name);
	empty_dir(w, fd, depth);
	if (unlinkat(at, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return true;
	return is_stopped(w) ? false : note(w, name);
}

static bool
remove_entry(struct walk *w, int at, const char *name, int depth)
{
	if (unlinkat(at, name, 0) == 0 || errno == ENOENT)
		return true;
	/* EISDIR is Linux's word for a directory, EPERM that of POSIX. */
	if (errno != EISDIR && errno != EPERM)
		return note(w, name);
	return unlinkat(at, name, AT_REMOVEDIR) == 0 ||
	       remove_dir(w, at, name, depth);
}

/* Once through a directory; whether anything went away. */
static bool
one_pass(struct walk *w, DIR *d, int depth)
{
	bool any = false;
	struct dirent *e;

	rewinddir(d);
	while (!is_stopped(w) && (e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			any |= remove_entry(w, dirfd(d), e->d_name, depth + 1);
	return any;
}

/*
 * Takes over fd. Until a pass removes nothing, for entries come while we go:
 * into the top from us, anywhere from others, which has a limit.
 */
static void
empty_dir(struct walk *w, int fd, int depth)
{
	DIR *d = fdopendir(fd);

	if (d == NULL) {
		note(w, ".");
		close(fd);
		return;
	}
	for (int i = 0; depth == 0 || i < MAX_PASSES; i++)
		if (!one_pass(w, d, depth))
			break;
	closedir(d);
}

int
rmtree_empty(int fd, const atomic_bool *stop, struct err *err)
{
	struct walk w = { .top = fd, .stop = stop, .err = err };
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (copy == -1)
		return err_sys(err, "open");
	empty_dir(&w, copy, 0);
	if (!w.failed && is_stopped(&w))
		return err_set(err, ERR_SYSTEM, "stopped before it was empty");
	return w.failed ? -1 : 0;
}

int
rmtree(int at, const char *name, struct err *err)
{
	int fd =
	    openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int rv;

	if (fd == -1)
		return errno == ENOENT ? 0 : err_sys(err, "%s", name);
	rv = rmtree_empty(fd, NULL, err);
	close(fd);
	if (rv == -1)
		return err_add(err, "%s", name);
	if (unlinkat(at, name, AT_REMOVEDIR) == -1)
		return err_sys(err, "%s", name);
	return 0;
}
