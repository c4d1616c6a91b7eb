/*
 * A job's allocations, and evaluating it anew.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cmd/rove/commands.h"
#include "cmd/rove/find.h"
#include "cmd/rove/follow.h"
#include "cmd/rove/lists.h"
#include "cmd/rove/table.h"
#include "cmd/rove/text.h"

#define NROWS(rows) (sizeof(rows) / sizeof(rows)[0])

struct list_flags {
	bool verbose, json, all;
};

/* --- allocs --- */

static int
list_allocs(
    struct cli *c, const char *id, const char *path, const struct list_flags *f)
{
	struct alloc_stub *allocs;
	struct buf rows = { 0 };
	struct err err;
	size_t n;

	if (client_list(&c->client, path, NULL, &alloc_stub_type, &allocs, &n,
		&err) == -1)
		return cli_fail(&err, "Error retrieving allocations");
	lists_allocs(allocs, n, f->verbose, c->now_ns, &rows);
	if (n == 0)
		printf("No allocations found for job \"%s\"\n", id);
	else
		cli_print_table(&rows, TABLE_LIST);
	buf_release(&rows);
	client_free_list(&alloc_stub_type, allocs, n);
	return 0;
}

int
job_allocs(const struct command *cmd, int argc, char **argv)
{
	struct list_flags f = { 0 };
	const struct flag rows[] = {
		{ "all", FLAG_BOOL, &f.all, NULL,
		    "Those of an earlier job of this name, too." },
		{ "json", FLAG_BOOL, &f.json, NULL, "As JSON." },
		{ "verbose", FLAG_BOOL, &f.verbose, NULL,
		    "Whole identifiers." },
	};
	struct cli c;
	char *id, *path;
	int status =
	    find_begin_job(&c, cmd, rows, NROWS(rows), argc, argv, &id);

	if (status != CLI_GO)
		return status;
	path = client_path(
	    "/v1/job/", id, f.all ? "/allocations?all=true" : "/allocations");
	status =
	    f.json ? cli_print_answer(&c, path) : list_allocs(&c, id, path, &f);
	free(path);
	free(id);
	return cli_end(&c, status);
}

/* --- eval --- */

static int
evaluate(struct cli *c, const char *id, bool detach, bool verbose, bool force)
{
	struct job_evaluate_request req = { 0 };
	struct job_register_response resp;
	struct err err;
	char *path = client_path("/v1/job/", id, "/evaluate");
	int rc, status = 0;

	req.eval_options.force_reschedule = force;
	rc = client_put(&c->client, path, NULL, &job_evaluate_request_type,
	    &req, &job_register_response_type, &resp, &err);
	free(path);
	if (rc == -1)
		return cli_fail(&err, "Error evaluating job");
	if (detach)
		printf("Created eval ID: \"%s\"\n", lists_text(resp.eval_id));
	else
		status = follow_eval(
		    c, resp.eval_id, verbose ? TEXT_FULL_ID : TEXT_SHORT_ID);
	rec_clear(&job_register_response_type, &resp);
	return status;
}

int
job_eval(const struct command *cmd, int argc, char **argv)
{
	bool detach = false, verbose = false, force = false;
	const struct flag rows[] = {
		{ "detach", FLAG_BOOL, &detach, NULL,
		    "Return at once; the ID of the evaluation is printed." },
		{ "force-reschedule", FLAG_BOOL, &force, NULL,
		    "Place what has failed anew, even where its time has not "
		    "come." },
		{ "verbose", FLAG_BOOL, &verbose, NULL, "Whole identifiers." },
	};
	struct cli c;
	char *id;
	int status =
	    find_begin_job(&c, cmd, rows, NROWS(rows), argc, argv, &id);

	if (status != CLI_GO)
		return status;
	status = evaluate(&c, id, detach, verbose, force);
	free(id);
	return cli_end(&c, status);
}
