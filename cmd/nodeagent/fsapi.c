#include "cmd/nodeagent/fsapi.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/nodeagent/allocdir.h"
#include "common/clock.h"
#include "common/mem.h"
#include "proto/stats.h"

void
fsapi_refuse(struct http_req *r, const struct err *err)
{
	http_fail(r,
	    err->code == ERR_NOT_FOUND ? 404
	    : err->code == ERR_DENIED  ? 403
	    : err->code == ERR_BAD     ? 400
				       : 500,
	    "%s", err->text);
}

static int
open_asked(
    struct nodeagent *na, struct http_req *r, const char *alloc_id, int flags)
{
	char path[PATH_MAX] = "/";
	struct err err;
	int fd;

	http_param(r, "path", path, sizeof path);
	fd = allocdir_open(na->alloc_dir, alloc_id, path, flags, &err);
	if (fd == -1)
		fsapi_refuse(r, &err);
	return fd;
}

#define READ_FLAGS (O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC)
#define MODE_SIZE  17 /* of a mode as text, with all its letters */

/* "drwxr-xr-x", "dtrwxrwxrwx": as Go prints a mode. */
static void
format_mode(mode_t mode, char out[MODE_SIZE])
{
	static const char bits[] = "rwxrwxrwx";
	char *p = out;

	if (S_ISDIR(mode))
		*p++ = 'd';
	else if (S_ISLNK(mode))
		*p++ = 'L';
	else if (S_ISFIFO(mode))
		*p++ = 'p';
	else if (S_ISSOCK(mode))
		*p++ = 'S';
	else if (S_ISBLK(mode) || S_ISCHR(mode))
		*p++ = 'D';
	if (mode & S_ISUID)
		*p++ = 'u';
	if (mode & S_ISGID)
		*p++ = 'g';
	if (S_ISCHR(mode))
		*p++ = 'c';
	if (mode & S_ISVTX)
		*p++ = 't';
	if (p == out)
		*p++ = '-';
	for (int i = 0; i < 9; i++)
		*p++ = mode & (1u << (8 - i)) ? bits[i] : '-';
	*p = '\0';
}

/* Text as long as there is no byte that no text has. fd: to read from, which
 * is closed, or -1. */
static const char *
content_type(const struct stat *st, int fd)
{
	unsigned char head[FSAPI_SNIFF];
	ssize_t n = fd != -1 ? pread(fd, head, sizeof head, 0) : -1;
	bool text = n >= 0;

	if (fd != -1)
		close(fd);
	for (ssize_t i = 0; i < n; i++)
		text &=
		    head[i] >= 0x20 ||
		    (head[i] >= '\t' && head[i] <= '\r' && head[i] != '\v') ||
		    head[i] == 0x1b;
	return S_ISDIR(st->st_mode) ? ""
	       : text               ? "text/plain; charset=utf-8"
				    : "application/octet-stream";
}

static void
fill_info(struct alloc_file_info *info, const char *name, const struct stat *st,
    int fd)
{
	char mode[MODE_SIZE];

	format_mode(st->st_mode, mode);
	*info = (struct alloc_file_info){ .name = xstrdup(name),
		.is_dir = S_ISDIR(st->st_mode),
		.size = st->st_size,
		.file_mode = xstrdup(mode),
		.mod_time = (int64_t)st->st_mtim.tv_sec * CLOCK_NS_PER_S +
			    st->st_mtim.tv_nsec,
		.content_type = xstrdup(content_type(st, fd)) };
}

static int
by_name(const void *a, const void *b)
{
	const struct alloc_file_info *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void
reply_list(struct http_req *r, struct alloc_file_info *list, size_t n)
{
	struct buf out = { 0 };

	if (n > 0)
		qsort(list, n, sizeof *list, by_name);
	rec_list_to_json(&alloc_file_info_type, list, n, &out, 0);
	http_reply(r, 200, "application/json", out.data, out.len);
	buf_release(&out);
	for (size_t i = 0; i < n; i++)
		rec_clear(&alloc_file_info_type, &list[i]);
	free(list);
}

void
fsapi_ls(struct nodeagent *na, struct http_req *r, const char *alloc_id)
{
	int fd = open_asked(na, r, alloc_id, O_RDONLY | O_DIRECTORY);
	DIR *d = fd != -1 ? fdopendir(fd) : NULL;
	struct alloc_file_info *list = NULL;
	size_t n = 0, cap = 0;
	struct dirent *e;
	struct stat st;

	if (fd == -1)
		return;
	if (d == NULL) {
		http_fail(r, 500, "cannot be listed: %s", strerror(errno));
		close(fd);
		return;
	}
	while ((e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 ||
		    strcmp(e->d_name, "..") == 0 ||
		    fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == -1)
			continue;
		list = xgrow(list, n, &cap, sizeof *list);
		fill_info(&list[n++], e->d_name, &st,
		    S_ISREG(st.st_mode) ? openat(fd, e->d_name, READ_FLAGS)
					: -1);
	}
	closedir(d);
	reply_list(r, list, n);
}

/* The last part of a path; of "/" and "" it is "/". */
static const char *
last_name(char *path)
{
	size_t n = strlen(path);
	char *slash;

	while (n > 0 && path[n - 1] == '/')
		path[--n] = '\0';
	slash = strrchr(path, '/');
	return n == 0 ? "/" : slash != NULL ? slash + 1 : path;
}

void
fsapi_stat(struct nodeagent *na, struct http_req *r, const char *alloc_id)
{
	char path[PATH_MAX] = "/";
	struct alloc_file_info info;
	struct buf out = { 0 };
	struct stat st;
	int fd = open_asked(na, r, alloc_id, O_PATH);

	if (fd == -1)
		return;
	http_param(r, "path", path, sizeof path);
	if (fstat(fd, &st) == -1) {
		http_fail(r, 500, "stat failed: %s", strerror(errno));
	} else {
		fill_info(&info, last_name(path), &st,
		    S_ISREG(st.st_mode) ? allocdir_open(na->alloc_dir, alloc_id,
					      path, READ_FLAGS, NULL)
					: -1);
		rec_to_json(&alloc_file_info_type, &info, &out, 0);
		rec_clear(&alloc_file_info_type, &info);
		http_reply(r, 200, "application/json", out.data, out.len);
		buf_release(&out);
	}
	close(fd);
}
