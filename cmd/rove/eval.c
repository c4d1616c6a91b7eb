/*
 * Evaluations.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/rove/commands.h"
#include "cmd/rove/find.h"
#include "cmd/rove/follow.h"
#include "cmd/rove/lists.h"
#include "cmd/rove/placement.h"
#include "cmd/rove/table.h"
#include "cmd/rove/text.h"

struct eval_flags {
	bool monitor, verbose, json;
	const char *status, *job;
};

static void
put_id(struct buf *rows, const char *name, const char *id, size_t len)
{
	if (id != NULL && *id != '\0')
		table_row(rows, "%s|%s", name, text_id(id, len));
}

static void
show_basics(struct cli *c, const struct eval *e, bool verbose)
{
	struct buf rows = { 0 }, when = { 0 };
	size_t len = verbose ? TEXT_FULL_ID : TEXT_SHORT_ID;
	bool failed = e->nfailed_tg_allocs > 0,
	     over = strcmp(lists_text(e->status), "pending") != 0 &&
		    strcmp(lists_text(e->status), "blocked") != 0;

	table_row(&rows, "ID|%s", text_id(e->id, len));
	lists_when(e->create_time, verbose, c->now_ns, &when);
	table_row(&rows, "Create Time|%s", buf_str(&when));
	buf_reset(&when);
	lists_when(e->modify_time, verbose, c->now_ns, &when);
	table_row(&rows, "Modify Time|%s", buf_str(&when));
	table_row(&rows, "Status|%s", lists_text(e->status));
	table_row(
	    &rows, "Status Description|%s", lists_text(e->status_description));
	table_row(&rows, "Type|%s", lists_text(e->type));
	table_row(&rows, "TriggeredBy|%s", lists_text(e->triggered_by));
	if (e->node_id != NULL && *e->node_id != '\0')
		put_id(&rows, "Node ID", e->node_id, len);
	else
		table_row(&rows, "Job ID|%s", lists_text(e->job_id));
	table_row(&rows, "Namespace|%s", lists_text(e->namespace));
	table_row(&rows, "Priority|%" PRId64, e->priority);
	table_row(&rows, "Placement Failures|%s",
	    !over    ? "N/A - In Progress"
	    : failed ? "true"
		     : "false");
	put_id(&rows, "Previous Eval", e->previous_eval, len);
	put_id(&rows, "Next Eval", e->next_eval, len);
	put_id(&rows, "Blocked Eval", e->blocked_eval, len);
	cli_print_table(&rows, TABLE_KV);
	buf_release(&rows);
	buf_release(&when);
}

static void
show_failures(const struct eval *e, size_t id_len)
{
	struct buf out = { 0 };

	if (e->nfailed_tg_allocs == 0)
		return;
	cli_heading("Failed Placements");
	placement_failures(e->failed_tg_allocs, e->nfailed_tg_allocs, &out);
	fputs(buf_str(&out), stdout);
	buf_release(&out);
	if (e->blocked_eval != NULL && *e->blocked_eval != '\0')
		printf("\nEvaluation \"%s\" waiting for additional capacity to "
		       "place remainder\n",
		    text_id(e->blocked_eval, id_len));
}

static int
show_allocs(struct cli *c, const char *id, bool verbose)
{
	struct alloc_stub *allocs;
	struct buf rows = { 0 };
	struct err err;
	size_t n;
	char *path = client_path("/v1/evaluation/", id, "/allocations");
	int rc = client_list(
	    &c->client, path, NULL, &alloc_stub_type, &allocs, &n, &err);

	free(path);
	if (rc == -1)
		return cli_fail(&err, "Error querying allocations");
	if (n > 0) {
		lists_allocs(allocs, n, verbose, c->now_ns, &rows);
		cli_heading("Placed Allocations");
		cli_print_table(&rows, TABLE_LIST);
	}
	buf_release(&rows);
	client_free_list(&alloc_stub_type, allocs, n);
	return 0;
}

static int
show_eval(struct cli *c, const char *id, const struct eval_flags *f)
{
	struct eval e;
	struct err err;
	char *path = client_path("/v1/evaluation/", id, "");
	int rc = client_get(&c->client, path, NULL, &eval_type, &e, &err);
	int status = 0;

	free(path);
	if (rc == -1)
		return cli_fail(&err, "Error querying evaluation");
	if (f->json) {
		cli_print_json(&eval_type, &e);
	} else {
		show_basics(c, &e, f->verbose);
		show_failures(&e, f->verbose ? TEXT_FULL_ID : TEXT_SHORT_ID);
		status = show_allocs(c, id, f->verbose);
	}
	rec_clear(&eval_type, &e);
	return status;
}

int
eval_status(const struct command *cmd, int argc, char **argv)
{
	struct eval_flags f = { 0 };
	const struct flag rows[] = {
		{ "monitor", FLAG_BOOL, &f.monitor, NULL,
		    "Follow it until it is complete." },
		{ "json", FLAG_BOOL, &f.json, NULL, "As JSON." },
		{ "verbose", FLAG_BOOL, &f.verbose, NULL,
		    "Whole identifiers and times." },
	};
	struct cli c;
	char *id;
	int status = cli_begin(
	    &c, cmd, rows, sizeof rows / sizeof rows[0], argc, argv, 1, 1);

	if (status != CLI_GO)
		return status;
	status = find_eval(&c, c.argv[0], &id);
	if (status == CLI_GO) {
		status = f.monitor
			     ? follow_eval(&c, id,
				   f.verbose ? TEXT_FULL_ID : TEXT_SHORT_ID)
			     : show_eval(&c, id, &f);
		free(id);
	}
	return cli_end(&c, status);
}

static bool
is_wanted(const struct eval *e, const struct eval_flags *f)
{
	return (f->status == NULL ||
		   strcmp(lists_text(e->status), f->status) == 0) &&
	       (f->job == NULL || strcmp(lists_text(e->job_id), f->job) == 0);
}

static void
print_list(const struct eval *evals, size_t n, const struct eval_flags *f)
{
	struct buf rows = { 0 };
	size_t len = f->verbose ? TEXT_FULL_ID : TEXT_SHORT_ID, shown = 0;

	table_row(&rows, "ID|Priority|Triggered By|Job ID|Namespace|Node ID|"
			 "Status|Placement Failures");
	for (size_t i = 0; i < n; i++) {
		const struct eval *e = &evals[i];

		if (!is_wanted(e, f))
			continue;
		table_row(&rows, "%s|%" PRId64 "|%s|%s|%s|%s|%s|%s",
		    text_id(e->id, len), e->priority,
		    lists_text(e->triggered_by), lists_text(e->job_id),
		    lists_text(e->namespace), text_id(e->node_id, len),
		    lists_text(e->status),
		    e->nfailed_tg_allocs > 0 ? "true" : "false");
		shown++;
	}
	if (shown > 0)
		cli_print_table(&rows, TABLE_LIST);
	else
		puts("No evals found");
	buf_release(&rows);
}

int
eval_list(const struct command *cmd, int argc, char **argv)
{
	struct eval_flags f = { 0 };
	const struct flag rows[] = {
		{ "status", FLAG_TEXT, &f.status, "<status>",
		    "Only those with this status." },
		{ "job", FLAG_TEXT, &f.job, "<job>", "Only those of a job." },
		{ "json", FLAG_BOOL, &f.json, NULL, "All of them as JSON." },
		{ "verbose", FLAG_BOOL, &f.verbose, NULL,
		    "Whole identifiers." },
	};
	struct cli c;
	struct eval *evals;
	struct err err;
	size_t n;
	int status = cli_begin(
	    &c, cmd, rows, sizeof rows / sizeof rows[0], argc, argv, 0, 0);

	if (status != CLI_GO)
		return status;
	if (f.json)
		return cli_end(&c, cli_print_answer(&c, "/v1/evaluations"));
	if (client_list(&c.client, "/v1/evaluations", NULL, &eval_type, &evals,
		&n, &err) == -1)
		return cli_end(&c, cli_fail(&err, "Error listing evaluations"));
	print_list(evals, n, &f);
	client_free_list(&eval_type, evals, n);
	return cli_end(&c, 0);
}
