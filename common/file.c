#include "common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/mem.h"

#define CHUNK 16384

int
file_read(const char *path, size_t max, struct buf *out, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), why = 0;
	ssize_t n;

	if (fd == -1) {
		why = errno;
		err_sys(err, "%s", path);
		errno = why;
		return -1;
	}
	do {
		n = read(fd, buf_reserve(out, CHUNK), CHUNK);
		if (n > 0)
			out->len += (size_t)n;
	} while (out->len <= max && (n > 0 || (n == -1 && errno == EINTR)));
	out->data[out->len] = '\0';
	if (out->len > max) {
		why = EFBIG;
		err_set(err, ERR_BAD, "%s: larger than %zu bytes", path, max);
	} else if (n == -1) {
		why = errno;
		err_sys(err, "%s", path);
	}
	close(fd);
	errno = why;
	return why == 0 ? 0 : -1;
}

int
file_sync_dir(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;

	if (fd == -1)
		return errno == EACCES ? 0 : err_sys(err, "%s", path);
	if (fsync(fd) == -1)
		rc = err_sys(err, "%s: sync", path);
	close(fd);
	return rc;
}

/* One directory; the name of it is durable when this returns. */
static int
make_dir(const char *path, mode_t mode, struct err *err)
{
	char *above = xasprintf("%s/..", path);
	int rc = 0;

	if (mkdir(path, mode) == 0)
		rc = file_sync_dir(above, err);
	else if (errno != EEXIST)
		rc = err_sys(err, "mkdir %s", path);
	free(above);
	return rc;
}

int
file_make_dirs(const char *path, mode_t mode, struct err *err)
{
	char *copy = xstrdup(path);
	int rc = 0;

	for (char *at = strchr(copy + 1, '/'); at != NULL && rc == 0;
	     at = strchr(at + 1, '/')) {
		*at = '\0';
		rc = make_dir(copy, 0755, err);
		*at = '/';
	}
	if (rc == 0)
		rc = make_dir(copy, mode, err);
	free(copy);
	return rc;
}
