/*
 * Put before libc in schedd (LD_PRELOAD): makes the disk below its log fail,
 * or kills it in the middle of its work. Other programs are left alone.
 *
 *	DISASTER_FSYNC=FILE   while FILE is there, every fsync() and fdatasync()
 *	                      of the log fails with EIO
 *	DISASTER_STEPS=FILE   counts the steps that snapshots take, their
 *	                      writing, installing and the compaction of the
 *	                      log, in FILE (8 bytes, as the machine keeps them)
 *	DISASTER_KILL_AT=N    before the N-th such step the process is killed,
 *	                      and whatever child of it is writing
 *
 * A step is a system call that changes something: of a file of the log's
 * directory that is no segment and no vote, or that removes or renames any.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char *fsync_file;
static uint64_t kill_at;
static _Atomic uint64_t *steps; /* shared with children; NULL: not counted */
static pid_t daemon_pid;

static int (*next_fsync)(int);
static int (*next_fdatasync)(int);
static ssize_t (*next_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*next_write)(int, const void *, size_t);
static int (*next_renameat)(int, const char *, int, const char *);
static int (*next_unlinkat)(int, const char *, int);

/* A function pointer is no object: this is how POSIX has it copied. */
static void
find(void *to, const char *name)
{
	void *f = dlsym(RTLD_NEXT, name);

	memcpy(to, &f, sizeof f);
}

static void
map_steps(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	void *p;

	if (fd == -1 || ftruncate(fd, sizeof *steps) == -1)
		abort();
	p = mmap(
	    NULL, sizeof *steps, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		abort();
	close(fd);
	steps = p;
	atomic_store(steps, 0);
}

__attribute__((constructor)) static void
set_up(void)
{
	const char *at = getenv("DISASTER_KILL_AT");
	const char *count = getenv("DISASTER_STEPS");

	find(&next_fsync, "fsync");
	find(&next_fdatasync, "fdatasync");
	find(&next_pwrite, "pwrite");
	find(&next_write, "write");
	find(&next_renameat, "renameat");
	find(&next_unlinkat, "unlinkat");
	if (strcmp(program_invocation_short_name, "schedd") != 0)
		return;
	daemon_pid = getpid();
	fsync_file = getenv("DISASTER_FSYNC");
	if (at != NULL)
		kill_at = strtoull(at, NULL, 10);
	if (count != NULL)
		map_steps(count);
}

/* --- what it is about --- */

static bool
path_of(int fd, char path[PATH_MAX])
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, path, PATH_MAX - 1);
	path[n > 0 ? n : 0] = '\0';
	return n > 0;
}

static bool
is_in_log(const char *path)
{
	return strstr(path, "/raft/") != NULL ||
	       (strlen(path) > 5 &&
		   strcmp(path + strlen(path) - 5, "/raft") == 0);
}

/* A snapshot's, whole or not yet, or the directory itself. */
static bool
is_snapshot(int fd)
{
	char path[PATH_MAX];
	const char *name;

	if (!path_of(fd, path) || !is_in_log(path))
		return false;
	name = strrchr(path, '/') + 1;
	return strncmp(name, "log-", 4) != 0 && strcmp(name, "vote") != 0 &&
	       strcmp(name, "lock") != 0 && strcmp(name, "log.tmp") != 0;
}

static void
step(void)
{
	if (atomic_fetch_add(steps, 1) + 1 != kill_at)
		return;
	kill(daemon_pid, SIGKILL);
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

static bool
counts(void)
{
	return steps != NULL;
}

static bool
sync_fails(int fd)
{
	char path[PATH_MAX];

	return fsync_file != NULL && path_of(fd, path) && is_in_log(path) &&
	       access(fsync_file, F_OK) == 0;
}

/* --- the calls --- */

int
fsync(int fd)
{
	if (counts() && is_snapshot(fd))
		step();
	if (sync_fails(fd)) {
		errno = EIO;
		return -1;
	}
	return next_fsync(fd);
}

int
fdatasync(int fd)
{
	if (counts() && is_snapshot(fd))
		step();
	if (sync_fails(fd)) {
		errno = EIO;
		return -1;
	}
	return next_fdatasync(fd);
}

ssize_t
pwrite(int fd, const void *p, size_t n, off_t at)
{
	if (counts() && is_snapshot(fd))
		step();
	return next_pwrite(fd, p, n, at);
}

ssize_t
write(int fd, const void *p, size_t n)
{
	if (counts() && is_snapshot(fd))
		step();
	return next_write(fd, p, n);
}

int
renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	char path[PATH_MAX];

	if (counts() && path_of(from_dir, path) && is_in_log(path))
		step();
	return next_renameat(from_dir, from, to_dir, to);
}

int
unlinkat(int dir, const char *name, int flags)
{
	char path[PATH_MAX];

	if (counts() && path_of(dir, path) && is_in_log(path))
		step();
	return next_unlinkat(dir, name, flags);
}
