/*
 * The versions of a job: what they were, and back to one of them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/rove/change.h"
#include "cmd/rove/commands.h"
#include "cmd/rove/difftext.h"
#include "cmd/rove/find.h"
#include "cmd/rove/table.h"
#include "cmd/rove/text.h"
#include "common/text.h"
#include "proto/api.h"

#define NROWS(rows) (sizeof(rows) / sizeof(rows)[0])

/* A version's number as it was typed. */
static int
parse_version(const char *text, uint64_t *version)
{
	if (text_parse_u64(text, version) == -1)
		return cli_fail(NULL, "\"%s\" is no version of a job", text);
	return 0;
}

/* diff: to the version before; NULL: not shown. */
static void
show_version(const struct job *j, const struct job_diff *diff)
{
	struct buf rows = { 0 }, text = { 0 };

	text_time(j->submit_time, &text);
	table_row(&rows, "Version|%" PRIu64, j->version);
	table_row(&rows, "Stable|%s", j->stable ? "true" : "false");
	table_row(&rows, "Submit Date|%s", buf_str(&text));
	cli_print_table(&rows, TABLE_KV);
	if (diff != NULL) {
		buf_reset(&text);
		difftext_format(diff, false, &text);
		printf("Diff        =\n%s\n", buf_str(&text));
	}
	buf_release(&rows);
	buf_release(&text);
}

static int
show_history(struct cli *c, const char *id, bool diffs, const char *only)
{
	struct job_versions_response all;
	struct err err;
	uint64_t number = 0;
	size_t shown = 0;
	char *path;
	int rc;

	if (only != NULL && parse_version(only, &number) != 0)
		return 1;
	path = client_path("/v1/job/", id, "/versions");
	rc = client_get(&c->client, path, diffs ? "diffs=true" : NULL,
	    &job_versions_response_type, &all, &err);
	free(path);
	if (rc == -1)
		return cli_fail(&err, "Error retrieving job versions");
	for (size_t i = 0; i < all.nversions; i++) {
		if (only != NULL && all.versions[i].version != number)
			continue;
		if (shown++ > 0)
			putchar('\n');
		show_version(
		    &all.versions[i], i < all.ndiffs ? &all.diffs[i] : NULL);
	}
	rec_clear(&job_versions_response_type, &all);
	return shown > 0 ? 0
			 : cli_fail(NULL, "Job \"%s\" has no version %s", id,
			       only != NULL ? only : "");
}

int
job_history(const struct command *cmd, int argc, char **argv)
{
	bool diffs = false, json = false;
	const char *only = NULL;
	const struct flag rows[] = {
		{ "p", FLAG_BOOL, &diffs, NULL,
		    "How each version differs from the one before." },
		{ "version", FLAG_TEXT, &only, "<n>", "This version alone." },
		{ "json", FLAG_BOOL, &json, NULL, "As JSON." },
	};
	struct cli c;
	char *id, *path;
	int status =
	    find_begin_job(&c, cmd, rows, NROWS(rows), argc, argv, &id);

	if (status != CLI_GO)
		return status;
	if (json) {
		path = client_path("/v1/job/", id, "/versions");
		status = cli_print_answer(&c, path);
		free(path);
	} else {
		status = show_history(&c, id, diffs, only);
	}
	free(id);
	return cli_end(&c, status);
}

static int
revert(struct cli *c, const struct change_flags *f, const char *id,
    uint64_t version)
{
	struct tree *body = tree_map(), *answer;
	char *path = client_path("/v1/job/", id, "/revert");
	int status;

	tree_set(body, "JobID", tree_str(id));
	tree_set(body, "JobVersion", tree_int((int64_t)version));
	status = change_put(c, path, body, "Error reverting job", &answer);
	free(path);
	if (status == 0)
		status = change_follow(c, f, answer);
	tree_free(answer);
	return status;
}

int
job_revert(const struct command *cmd, int argc, char **argv)
{
	struct change_flags f = { 0 };
	const struct flag rows[] = { CHANGE_FLAG_ROWS(&f) };
	struct cli c;
	char *id;
	uint64_t version;
	int status = cli_begin(&c, cmd, rows, NROWS(rows), argc, argv, 2, 2);

	if (status != CLI_GO)
		return status;
	if (parse_version(c.argv[1], &version) != 0)
		return cli_end(&c, 1);
	status = find_job(&c, c.argv[0], &id);
	if (status == CLI_GO) {
		status = revert(&c, &f, id, version);
		free(id);
	}
	return cli_end(&c, status);
}
