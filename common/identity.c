#include "common/identity.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "common/mem.h"

/* "" when there is none. */
static int
read_old(const char *path, char out[IDENTITY_SIZE], struct err *err)
{
	struct buf text = { 0 };
	int rc = file_read(path, IDENTITY_SIZE - 1, &text, err);

	*out = '\0';
	if (rc == 0)
		snprintf(out, IDENTITY_SIZE, "%s", text.data);
	else if (errno == ENOENT)
		rc = 0;
	out[strcspn(out, "\n")] = '\0';
	buf_release(&text);
	return rc;
}

/* Whole under another name first, so that a crash leaves all or nothing. */
static int
write_new(const char *path, const char *text, struct err *err)
{
	char *fresh = xasprintf("%s.new", path);
	ssize_t n = (ssize_t)strlen(text);
	int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int rc = 0;

	if (fd == -1 || write(fd, text, (size_t)n) != n || fsync(fd) == -1 ||
	    rename(fresh, path) == -1)
		rc = err_sys(err, "%s", path);
	if (fd != -1)
		close(fd);
	free(fresh);
	return rc;
}

int
identity_keep(const char *dir, const char *name, const char *fresh,
    char out[IDENTITY_SIZE], struct err *err)
{
	char *path = xasprintf("%s/%s", dir, name);
	int rc = read_old(path, out, err);

	assert(strlen(fresh) < IDENTITY_SIZE);
	if (rc == 0 && *out == '\0') {
		snprintf(out, IDENTITY_SIZE, "%s", fresh);
		rc = write_new(path, fresh, err);
	}
	/* Also for one that is there: whoever made it may have been killed
	 * before this. */
	if (rc == 0)
		rc = file_sync_dir(dir, err);
	free(path);
	return rc;
}
