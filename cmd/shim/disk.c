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

/* Whole or not at all: a reader never sees half a status. */
void
shim_save_status(const struct shim *s)
{
	struct buf b = { 0 };
	int fd =
	    open("status.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	rec_pack(&shim_status_type, &s->status, &b);
	if (fd == -1 || write(fd, b.data, b.len) != (ssize_t)b.len ||
	    rename("status.new", "status") == -1)
		log_error("status not saved: %s", strerror(errno));
	if (fd != -1)
		close(fd);
	buf_release(&b);
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
