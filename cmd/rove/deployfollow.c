#include "cmd/rove/deployfollow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/rove/deploywords.h"
#include "cmd/rove/lists.h"
#include "cmd/rove/table.h"
#include "cmd/rove/text.h"
#include "common/clock.h"
#include "common/mem.h"
#include "proto/eval.h"

#define PAUSE_NS (1 * CLOCK_NS_PER_S) /* before the rollback is looked for */

struct follow {
	struct cli *cli;
	size_t id_len;
	const char *margin;
	struct buf shown; /* the block printed last, without its time */
	size_t nlines;    /* on the terminal, to be overwritten; 0: none */
};

static bool
is(const struct deployment *d, const char *status)
{
	return strcmp(lists_text(d->status), status) == 0;
}

static bool
is_over(const struct deployment *d)
{
	return is(d, "successful") || is(d, "failed") || is(d, "cancelled") ||
	       is(d, "blocked");
}

static bool
reverts(const struct deployment *d)
{
	for (size_t i = 0; i < d->ntask_groups; i++)
		if (d->task_groups[i].auto_revert)
			return true;
	return false;
}

/* --- printing --- */

/* With whole identifiers the allocations are shown, too. */
static void
add_allocs(struct follow *f, const struct deployment *d, struct buf *out)
{
	struct alloc_stub *allocs;
	struct buf rows = { 0 };
	struct err err;
	size_t n;
	char *path = client_path("/v1/deployment/allocations/", d->id, "");

	buf_adds(out, "\nAllocations\n");
	if (client_list(&f->cli->client, path, NULL, &alloc_stub_type, &allocs,
		&n, &err) == -1) {
		buf_addf(out, "Error fetching allocations: %s\n", err.text);
	} else {
		lists_allocs(allocs, n, true, f->cli->now_ns, &rows);
		table_format(buf_str(&rows), TABLE_LIST, out);
		buf_addc(out, '\n');
		client_free_list(&alloc_stub_type, allocs, n);
	}
	buf_release(&rows);
	free(path);
}

static size_t
count_lines(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

/* Over the former block, under a line that says how it stands. */
static void
print_in_place(
    struct follow *f, const struct deployment *d, const struct buf *block)
{
	struct buf out = { 0 };

	if (f->nlines > 0)
		printf("\033[%zuA\033[J", f->nlines);
	buf_addf(&out, "  %s Deployment \"%s\" %s\n    \n    ",
	    !is_over(d)           ? "-"
	    : is(d, "successful") ? "\u2713"
				  : "!",
	    text_id(d->id, f->id_len),
	    is_over(d) ? lists_text(d->status) : "in progress...");
	table_indent(buf_str(block), 4, &out);
	buf_addc(&out, '\n');
	fputs(buf_str(&out), stdout);
	f->nlines = count_lines(buf_str(&out));
	buf_release(&out);
}

static void
print(struct follow *f, const struct deployment *d)
{
	struct buf words = { 0 }, block = { 0 };

	deploywords_whole(d, f->id_len, &words);
	if (f->id_len >= TEXT_FULL_ID)
		add_allocs(f, d, &words);
	if (strcmp(buf_str(&words), buf_str(&f->shown)) != 0) {
		text_time(clock_wall_ns(), &block);
		buf_addf(&block, "\n%s", buf_str(&words));
		if (isatty(STDOUT_FILENO))
			print_in_place(f, d, &block);
		else
			printf("%s\n%s", f->margin, buf_str(&block));
		fflush(stdout);
	}
	buf_release(&f->shown);
	f->shown = words;
	buf_release(&block);
}

/* --- following --- */

/* To its end; the caller clears d. -1: nothing more is told of it. */
static int
follow(struct follow *f, const char *id, struct deployment *d, struct err *err)
{
	struct client *client = &f->cli->client;
	char *path = client_path("/v1/deployment/", id, "");
	uint64_t index = 0;
	int rc;

	for (;;) {
		rc = client_await(client, path, index, DEPLOYFOLLOW_WAIT_MS,
		    &deployment_type, d, err);
		if (rc == 0 && (d->id == NULL || d->job_id == NULL))
			rc = err_set(err, ERR_BAD, "the answer is none");
		if (rc == -1)
			break;
		print(f, d);
		if (is_over(d))
			break;
		index = client->index;
		if (index == 0)
			cli_wait_ns(PAUSE_NS);
		rec_clear(&deployment_type, d);
	}
	free(path);
	return rc;
}

/* Whether there is a newer deployment of the job: the rollback's. */
static int
find_rollback(struct follow *f, const struct deployment *failed, char **id,
    struct err *err)
{
	struct deployment d;
	char *path = client_path("/v1/job/", failed->job_id, "/deployment");
	int rc;

	cli_wait_ns(PAUSE_NS);
	rc = client_get(&f->cli->client, path, NULL, &deployment_type, &d, err);
	free(path);
	if (rc == 0 && d.id != NULL && strcmp(d.id, failed->id) != 0)
		*id = xstrdup(d.id);
	rec_clear(&deployment_type, &d);
	return rc;
}

static int
follow_rollback(struct follow *f, const struct deployment *failed)
{
	struct deployment d = { 0 };
	struct err err;
	char *id = NULL;

	if (find_rollback(f, failed, &id, &err) == -1)
		return cli_fail(
		    &err, "Error fetching deployment of previous job version");
	puts("");
	f->nlines = 0;
	buf_reset(&f->shown);
	if (id != NULL && follow(f, id, &d, &err) == -1)
		cli_fail(&err, "Error fetching deployment");
	rec_clear(&deployment_type, &d);
	free(id);
	return 1;
}

int
deployfollow(struct cli *c, const char *id, size_t id_len, const char *margin)
{
	struct follow f = { .cli = c, .id_len = id_len, .margin = margin };
	struct deployment d = { 0 };
	struct err err;
	int status;

	if (follow(&f, id, &d, &err) == -1)
		status = cli_fail(&err, "Error fetching deployment");
	else if (is(&d, "failed") && reverts(&d))
		status = follow_rollback(&f, &d);
	else
		status = is(&d, "successful") ? 0 : 1;
	rec_clear(&deployment_type, &d);
	buf_release(&f.shown);
	return status;
}
