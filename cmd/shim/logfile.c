#include "cmd/shim/logfile.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/mem.h"

static void
file_name(const struct logfile *f, uint64_t number, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%s.%" PRIu64, f->base, number);
}

/* The highest N for which BASE.N exists, or 0. */
static uint64_t
highest_number(const char *base)
{
	const char *slash = strrchr(base, '/');
	size_t dir_len = slash != NULL ? (size_t)(slash - base) : 0;
	char *dir = dir_len > 0 ? xstrndup(base, dir_len) : xstrdup(".");
	const char *name = slash != NULL ? slash + 1 : base;
	size_t n = strlen(name);
	uint64_t highest = 0;
	struct dirent *e;
	DIR *d = opendir(dir);

	free(dir);
	while (d != NULL && (e = readdir(d)) != NULL) {
		char *end;
		uint64_t v;

		if (strncmp(e->d_name, name, n) != 0 || e->d_name[n] != '.')
			continue;
		v = strtoull(e->d_name + n + 1, &end, 10);
		if (*end == '\0' && end != e->d_name + n + 1 && v > highest)
			highest = v;
	}
	if (d != NULL)
		closedir(d);
	return highest;
}

static void
open_current(struct logfile *f)
{
	char path[PATH_MAX];
	struct stat st;

	file_name(f, f->number, path);
	f->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	f->size = 0;
	if (f->fd != -1 && fstat(f->fd, &st) == 0)
		f->size = (uint64_t)st.st_size;
}

void
logfile_init(
    struct logfile *f, const char *base, uint64_t max_files, uint64_t max_bytes)
{
	f->base = xstrdup(base);
	f->max_files = max_files > 0 ? max_files : 1;
	f->max_bytes = max_bytes > 0 ? max_bytes : 1;
	f->number = highest_number(base);
	open_current(f);
}

static void
rotate(struct logfile *f)
{
	char path[PATH_MAX];

	if (f->fd != -1)
		close(f->fd);
	f->number++;
	open_current(f);
	if (f->number < f->max_files)
		return;
	file_name(f, f->number - f->max_files, path);
	unlink(path);
}

void
logfile_write(struct logfile *f, const char *p, size_t n)
{
	while (n > 0) {
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
	free(f->base);
	*f = (struct logfile){ .fd = -1 };
}
