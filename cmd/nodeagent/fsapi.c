#include "cmd/nodeagent/fsapi.h"

#include <dirent.h>
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

/* "drwxr-xr-x", as Go prints a mode. */
static void
format_mode(mode_t mode, char out[11])
{
	static const char bits[] = "rwxrwxrwx";

	out[0] = S_ISDIR(mode) ? 'd' : S_ISLNK(mode) ? 'L' : '-';
	for (int i = 0; i < 9; i++)
		out[1 + i] = mode & (1u << (8 - i)) ? bits[i] : '-';
	out[10] = '\0';
}

static void
fill_info(struct alloc_file_info *info, const char *name, const struct stat *st)
{
	char mode[11];

	format_mode(st->st_mode, mode);
	*info = (struct alloc_file_info){ .name = xstrdup(name),
		.is_dir = S_ISDIR(st->st_mode),
		.size = st->st_size,
		.file_mode = xstrdup(mode),
		.mod_time = (int64_t)st->st_mtim.tv_sec * CLOCK_NS_PER_S +
			    st->st_mtim.tv_nsec,
		.content_type = xstrdup(
		    S_ISDIR(st->st_mode) ? "" : "application/octet-stream") };
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

	if (d == NULL)
		return;
	while ((e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 ||
		    strcmp(e->d_name, "..") == 0 ||
		    fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) ==
			-1)
			continue;
		list = xgrow(list, n, &cap, sizeof *list);
		fill_info(&list[n++], e->d_name, &st);
	}
	closedir(d);
	reply_list(r, list, n);
}

void
fsapi_stat(struct nodeagent *na, struct http_req *r, const char *alloc_id)
{
	char path[PATH_MAX] = "/";
	struct alloc_file_info info;
	struct buf out = { 0 };
	const char *slash;
	struct stat st;
	int fd = open_asked(na, r, alloc_id, O_PATH);

	if (fd == -1)
		return;
	http_param(r, "path", path, sizeof path);
	slash = strrchr(path, '/');
	if (fstat(fd, &st) == -1) {
		http_fail(r, 500, "stat failed");
	} else {
		fill_info(&info, slash != NULL ? slash + 1 : path, &st);
		rec_to_json(&alloc_file_info_type, &info, &out, 0);
		rec_clear(&alloc_file_info_type, &info);
		http_reply(r, 200, "application/json", out.data, out.len);
		buf_release(&out);
	}
	close(fd);
}

static int64_t
number_param(struct http_req *r, const char *name, int64_t dflt)
{
	char text[32];

	return http_param(r, name, text, sizeof text) ? strtoll(text, NULL, 10)
						      : dflt;
}

void
fsapi_read(struct nodeagent *na, struct http_req *r, const char *alloc_id)
{
	int64_t offset = number_param(r, "offset", 0);
	int64_t limit = number_param(r, "limit", FSAPI_MAX_READ);
	int fd = open_asked(na, r, alloc_id, O_RDONLY | O_NONBLOCK);
	struct buf b = { 0 };
	struct stat st;
	ssize_t n;

	if (fd == -1)
		return;
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
		http_fail(r, 400, "not a regular file");
		close(fd);
		return;
	}
	if (limit < 0 || limit > FSAPI_MAX_READ)
		limit = FSAPI_MAX_READ;
	if (offset < 0)
		offset = 0;
	if (limit > st.st_size - offset)
		limit = st.st_size > offset ? st.st_size - offset : 0;
	n = pread(fd, buf_reserve(&b, (size_t)limit), (size_t)limit, offset);
	close(fd);
	if (n == -1)
		http_fail(r, 500, "read failed");
	else
		http_reply(
		    r, 200, "text/plain; charset=utf-8", b.data, (size_t)n);
	buf_release(&b);
}
