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

#define FILE_MAX 4096

/* What follows the first line: "format N", or nothing, which is format 1. */
static int
check_format(const char *path, const char *rest, struct err *err)
{
	unsigned long format = 1;

	if (strncmp(rest, "format ", 7) == 0)
		format = strtoul(rest + 7, NULL, 10);
	if (format <= IDENTITY_FORMAT)
		return 0;
	return err_set(err, ERR_BAD,
	    "%s: written by a newer program: format version %lu, this one "
	    "knows up to %d",
	    path, format, IDENTITY_FORMAT);
}

/* "" when there is none. */
static int
read_old(const char *path, char out[IDENTITY_SIZE], struct err *err)
{
	struct buf text = { 0 };
	int rc = file_read(path, FILE_MAX, &text, err);
	bool is_missing = rc == -1 && errno == ENOENT;
	const char *s = buf_str(&text);
	size_t n = strcspn(s, "\n");

	*out = '\0';
	if (is_missing)
		rc = 0;
	else if (rc == 0)
		rc = check_format(path, s[n] != '\0' ? s + n + 1 : "", err);
	if (rc == 0 && n >= IDENTITY_SIZE)
		rc = err_set(err, ERR_BAD, "%s: a line longer than %d bytes",
		    path, IDENTITY_SIZE - 1);
	if (rc == 0)
		snprintf(out, IDENTITY_SIZE, "%.*s", (int)n, s);
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
	char *path = xasprintf("%s/%s", dir, name), *text;
	int rc = read_old(path, out, err);

	assert(strlen(fresh) < IDENTITY_SIZE);
	if (rc == 0 && *out == '\0') {
		snprintf(out, IDENTITY_SIZE, "%s", fresh);
		text = xasprintf("%s\nformat %d\n", fresh, IDENTITY_FORMAT);
		rc = write_new(path, text, err);
		free(text);
	}
	/* Also for one that is there: whoever made it may have been killed
	 * before this. */
	if (rc == 0)
		rc = file_sync_dir(dir, err);
	free(path);
	return rc;
}
