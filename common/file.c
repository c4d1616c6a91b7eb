#include "common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

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
