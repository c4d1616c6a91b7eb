#include "common/logfile.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"

#define MAX_NUMBER (UINT64_MAX / 2) /* of a file: there is always a next */

static void
file_name(const struct logfile *f, uint64_t number, char out[NAME_MAX + 1])
{
	snprintf(out, NAME_MAX + 1, "%s.%" PRIu64, f->base, number);
}

/* The folder of base: itself no link, for its name may be a task's to give. */
static int
open_dir(const char *base, const char *slash)
{
	char *dir = slash != NULL ? xstrndup(base, (size_t)(slash - base))
				  : xstrdup(".");
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd == -1)
		log_error("no output is kept: %s: %s", dir, strerror(errno));
	free(dir);
	return fd;
}

/* The highest N for which BASE.N exists, or 0. */
static uint64_t
highest_number(const struct logfile *f)
{
	size_t n = strlen(f->base);
	uint64_t highest = 0;
	int copy = fcntl(f->dir, F_DUPFD_CLOEXEC, 0);
	DIR *d = copy != -1 ? fdopendir(copy) : NULL;
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL) {
		const char *digits = e->d_name + n + 1;
		char *end;
		uint64_t v;

		if (strncmp(e->d_name, f->base, n) != 0 ||
		    e->d_name[n] != '.' || !isdigit((unsigned char)*digits))
			continue;
		v = strtoull(digits, &end, 10);
		if (*end == '\0' && v > highest && v <= MAX_NUMBER)
			highest = v;
	}
	if (d != NULL)
		closedir(d);
	else if (copy != -1)
		close(copy);
	return highest;
}

/* Does not wait where the name is a pipe's, which is refused like all else
 * that is no file of ours alone. */
static void
open_current(struct logfile *f)
{
	char name[NAME_MAX + 1];
	struct stat st;

	f->size = 0;
	file_name(f, f->number, name);
	f->fd = openat(f->dir, name,
	    O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
	    0644);
	if (f->fd == -1)
		return;
	if (fstat(f->fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1) {
		f->size = (uint64_t)st.st_size;
		return;
	}
	close(f->fd);
	f->fd = -1;
}

void
logfile_init(
    struct logfile *f, const char *base, uint64_t max_files, uint64_t max_bytes)
{
	const char *slash = strrchr(base, '/');

	*f =
	    (struct logfile){ .base = xstrdup(slash != NULL ? slash + 1 : base),
		    .dir = open_dir(base, slash),
		    .max_files = max_files > 0 ? max_files : 1,
		    .max_bytes = max_bytes > 0 ? max_bytes : 1,
		    .fd = -1 };
	if (f->dir == -1)
		return;
	f->number = highest_number(f);
	open_current(f);
}

static void
rotate(struct logfile *f)
{
	char name[NAME_MAX + 1];

	if (f->fd != -1)
		close(f->fd);
	f->number++;
	open_current(f);
	if (f->number < f->max_files)
		return;
	file_name(f, f->number - f->max_files, name);
	unlinkat(f->dir, name, 0);
}

void
logfile_write(struct logfile *f, const char *p, size_t n)
{
	while (f->dir != -1 && n > 0) {
		size_t room, part;
		ssize_t done;

		if (f->size >= f->max_bytes)
			rotate(f);
		if (f->fd == -1)
			open_current(f);
		room = f->max_bytes > f->size ? f->max_bytes - f->size : 1;
		part = n < room ? n : room;
		done = f->fd != -1 ? write(f->fd, p, part) : -1;
		if (done <= 0)
			return;
		f->size += (uint64_t)done;
		p += done;
		n -= (size_t)done;
	}
}

void
logfile_release(struct logfile *f)
{
	if (f->fd != -1)
		close(f->fd);
	if (f->dir != -1)
		close(f->dir);
	free(f->base);
	*f = (struct logfile){ .dir = -1, .fd = -1 };
}

static uint64_t
file_size(const struct logfile *f, uint64_t number)
{
	char name[NAME_MAX + 1];
	struct stat st;

	if (number == f->number)
		return f->size;
	file_name(f, number, name);
	if (f->dir == -1 || fstatat(f->dir, name, &st, AT_SYMLINK_NOFOLLOW) ||
	    !S_ISREG(st.st_mode))
		return 0;
	return (uint64_t)st.st_size;
}

/* The oldest number that there may be a file of. */
static uint64_t
oldest_number(const struct logfile *f)
{
	return f->number >= f->max_files ? f->number - f->max_files + 1 : 0;
}

void
logfile_place(
    const struct logfile *f, uint64_t before, uint64_t *number, uint64_t *size)
{
	uint64_t oldest = oldest_number(f);

	*number = f->number;
	*size = f->size;
	while (before > *size && *number > oldest) {
		before -= *size;
		*size = file_size(f, --*number);
	}
	*size -= before < *size ? before : *size;
}

uint64_t
logfile_bytes_after(const struct logfile *f, uint64_t number, uint64_t size)
{
	uint64_t oldest = oldest_number(f), n = 0;

	if (number < oldest) {
		number = oldest;
		size = 0;
	}
	for (uint64_t i = number; i <= f->number; i++) {
		uint64_t has = file_size(f, i);

		n += has > size ? has - size : 0;
		size = 0;
	}
	return n;
}

/* Up to n bytes from the end of one file, to the end of out. */
static size_t
read_end(const struct logfile *f, uint64_t number, char *out, size_t n,
    struct stat *st)
{
	char name[NAME_MAX + 1];
	ssize_t got = 0;
	int fd;

	file_name(f, number, name);
	fd = openat(
	    f->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return 0;
	if (fstat(fd, st) == 0 && S_ISREG(st->st_mode)) {
		if ((uint64_t)st->st_size < n) {
			out += n - (size_t)st->st_size;
			n = (size_t)st->st_size;
		}
		got = pread(fd, out, n, st->st_size - (off_t)n);
	}
	close(fd);
	return got == (ssize_t)n ? n : 0;
}

size_t
logfile_tail(const struct logfile *f, char *out, size_t n, int64_t *written_ns)
{
	struct stat st = { 0 }, older;
	size_t have, more;
	uint64_t number = f->number;

	*written_ns = 0;
	if (f->dir == -1)
		return 0;
	have = read_end(f, number, out, n, &st);
	*written_ns =
	    (int64_t)st.st_mtim.tv_sec * CLOCK_NS_PER_S + st.st_mtim.tv_nsec;
	while (have < n && number > 0) {
		more = read_end(f, --number, out, n - have, &older);
		if (more == 0)
			break;
		have += more;
	}
	memmove(out, out + (n - have), have);
	return have;
}
