/* What stands in the task's folder: what to run, and how it went. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/shim/shim.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/log.h"
#include "proto/shim.h"

int
shim_read_spec(struct shim *s, struct err *err)
{
	struct buf b = { 0 };
	struct stat st;
	int fd = open("spec", O_RDONLY | O_CLOEXEC);
	ssize_t n;
	int rv;

	if (fd == -1)
		return err_sys(err, "spec");
	if (fstat(fd, &st) == -1 || st.st_size > SHIM_MAX_SPEC) {
		close(fd);
		return err_set(err, ERR_BAD, "spec: too large");
	}
	n = read(fd, buf_reserve(&b, (size_t)st.st_size), (size_t)st.st_size);
	close(fd);
	if (n != st.st_size)
		return err_set(err, ERR_SYSTEM, "spec: short read");
	rv =
	    rec_unpack(&shim_spec_type, &s->spec, b.data, (size_t)n, NULL, err);
	buf_release(&b);
	if (rv == 0 && s->spec.nargv == 0)
		return err_set(err, ERR_BAD, "spec: no command");
	return rv;
}

int
shim_save_status(const struct shim *s, struct err *err)
{
	struct buf b = { 0 };
	int fd =
	    open("status.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int rv = 0;
	ssize_t n;

	if (fd == -1)
		return err_sys(err, "status");
	rec_pack(&shim_status_type, &s->status, &b);
	if ((n = write(fd, b.data, b.len)) == -1)
		rv = err_sys(err, "status");
	else if (n != (ssize_t)b.len)
		rv = err_set(err, ERR_SYSTEM, "status: the disk is full");
	if (close(fd) == -1 && rv == 0)
		rv = err_sys(err, "status");
	if (rv == 0 && rename("status.new", "status") == -1)
		rv = err_sys(err, "status");
	buf_release(&b);
	return rv;
}

void
shim_write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd == -1)
		return;
	if (write(fd, text, strlen(text)) == -1)
		log_debug("%s: %s", path, strerror(errno));
	close(fd);
}
