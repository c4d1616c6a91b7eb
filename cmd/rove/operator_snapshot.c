/*
 * Backups of the servers' state: saved, restored, looked at.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cmd/rove/commands.h"
#include "cmd/rove/table.h"
#include "common/clock.h"
#include "common/file.h"
#include "common/mem.h"
#include "proto/snapfile.h"

/* --- save --- */

/* What is fetched, as it comes. */
struct fetch {
	FILE *to;
	bool failed;
};

static bool
on_piece(void *ctx, const char *p, size_t n)
{
	struct fetch *f = ctx;

	f->failed |= fwrite(p, 1, n, f->to) != n;
	return !f->failed;
}

static char *
default_name(int64_t now_ns)
{
	time_t now = (time_t)(now_ns / CLOCK_NS_PER_S);
	struct tm tm;

	localtime_r(&now, &tm);
	return xasprintf("nomad-state-%04d%02d%02d-%" PRId64 ".snap",
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, (int64_t)now);
}

/* Reads back what was written: a connection that broke is no backup. */
static int
verify(
    const char *path, struct snapfile_head *head, size_t *size, struct err *err)
{
	struct buf file = { 0 };
	const uint8_t *state;
	size_t nstate;
	int rc = file_read(path, SNAPFILE_MAX, &file, err);

	*size = file.len;
	if (rc == 0)
		rc = snapfile_check(
		    file.data, file.len, head, &state, &nstate, err);
	buf_release(&file);
	return rc;
}

/* A new one, for its owner's eyes: variables are in it as they are. */
static FILE *
create(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	return fd == -1 ? NULL : fdopen(fd, "w");
}

/* Durable under its temporary name, then renamed. */
static int
download(struct cli *c, const char *tmp, bool stale, struct err *err)
{
	struct fetch f = { .to = create(tmp) };
	struct snapfile_head head = { 0 };
	size_t size;
	int rc;

	if (f.to == NULL)
		return err_sys(err, "Failed to create file: %s", tmp);
	rc = client_stream(&c->client, "/v1/operator/snapshot",
	    stale ? "stale" : NULL, on_piece, &f, err);
	if (rc == -1)
		err_add(err, "Failed to get snapshot file");
	if (rc == 0 &&
	    (f.failed || fflush(f.to) == EOF || fsync(fileno(f.to)) == -1))
		rc = err_sys(err, "Failed to write snapshot file: %s", tmp);
	fclose(f.to);
	if (rc == 0 && (rc = verify(tmp, &head, &size, err)) == -1)
		err_add(err, "Failed to verify snapshot file");
	rec_clear(&snapfile_head_type, &head);
	return rc;
}

static int
save(struct cli *c, const char *name, bool stale)
{
	char *tmp = xasprintf("%s.tmp", name);
	struct err err = { 0 };
	struct stat st;
	int status = 1;

	if (lstat(name, &st) == 0)
		cli_fail(NULL, "Destination file already exists: \"%s\"", name);
	else if (download(c, tmp, stale, &err) == -1)
		cli_fail(&err, "%s", "");
	else if (rename(tmp, name) == -1)
		cli_fail(NULL, "Failed to finalize snapshot file: %s: %s", name,
		    strerror(errno));
	else
		status = 0;
	if (status == 0)
		printf("State file written to %s\n", name);
	else if (err.code != ERR_NONE)
		unlink(tmp);
	free(tmp);
	return status;
}

int
operator_snapshot_save(const struct command *cmd, int argc, char **argv)
{
	bool stale = false;
	const struct flag rows[] = {
		{ "stale", FLAG_BOOL, &stale, NULL,
		    "From the server that is asked, though it may not lead." },
	};
	struct cli c;
	char *name;
	int status = cli_begin(&c, cmd, rows, 1, argc, argv, 0, 1);

	if (status != CLI_GO)
		return status;
	name = c.argc > 0 ? xstrdup(c.argv[0]) : default_name(c.now_ns);
	status = save(&c, name, stale);
	free(name);
	return cli_end(&c, status);
}

/* --- restore, inspect --- */

int
operator_snapshot_restore(const struct command *cmd, int argc, char **argv)
{
	struct buf file = { 0 }, out = { 0 };
	struct cli c;
	struct err err;
	int status = cli_begin(&c, cmd, NULL, 0, argc, argv, 1, 1);

	if (status != CLI_GO)
		return status;
	status = 0;
	if (file_read(c.argv[0], SNAPFILE_MAX, &file, &err) == -1)
		status = cli_fail(&err, "Error opening snapshot file");
	else if (client_call(&c.client, "PUT", "/v1/operator/snapshot", NULL,
		     &file, &out, &err) == -1)
		status = cli_fail(&err, "Failed to restore snapshot");
	else
		puts("Snapshot Restored");
	buf_release(&file);
	buf_release(&out);
	return cli_end(&c, status);
}

int
operator_snapshot_inspect(const struct command *cmd, int argc, char **argv)
{
	struct snapfile_head head = { 0 };
	struct buf rows = { 0 };
	struct cli c;
	struct err err;
	size_t size;
	int status = cli_begin(&c, cmd, NULL, 0, argc, argv, 1, 1);

	if (status != CLI_GO)
		return status;
	if (verify(c.argv[0], &head, &size, &err) == -1)
		return cli_end(&c, cli_fail(&err, "Error verifying snapshot"));
	table_row(&rows, "ID|%s", head.id != NULL ? head.id : "");
	table_row(&rows, "Size|%zu", size);
	table_row(&rows, "Index|%" PRIu64, head.index);
	table_row(&rows, "Term|%" PRIu64, head.term);
	table_row(&rows, "Version|%d", SNAPFILE_VERSION);
	cli_print_table(&rows, TABLE_LIST);
	buf_release(&rows);
	rec_clear(&snapfile_head_type, &head);
	return cli_end(&c, 0);
}
