/*
 * The jobs, or one of them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/rove/commands.h"
#include "cmd/rove/deploywords.h"
#include "cmd/rove/find.h"
#include "cmd/rove/lists.h"
#include "cmd/rove/placement.h"
#include "cmd/rove/table.h"
#include "cmd/rove/text.h"
#include "common/http/http.h"
#include "common/mem.h"
#include "common/tree.h"

struct status_flags {
	bool short_form, evals, all_allocs, verbose, json;
};

static const char *
yes(bool b)
{
	return b ? "true" : "false";
}

static int
list_jobs(struct cli *c)
{
	struct job_stub *jobs;
	struct buf rows = { 0 };
	struct err err;
	size_t n;
	bool all = c->client.namespace != NULL &&
		   strcmp(c->client.namespace, "*") == 0;

	if (client_list(&c->client, "/v1/jobs", NULL, &job_stub_type, &jobs, &n,
		&err) == -1)
		return cli_fail(&err, "Error querying jobs");
	if (n == 0) {
		puts("No running jobs");
	} else {
		lists_jobs(jobs, n, all, &rows);
		cli_print_table(&rows, TABLE_LIST);
		buf_release(&rows);
	}
	client_free_list(&job_stub_type, jobs, n);
	return 0;
}

static void
show_basics(const struct job *j)
{
	struct buf rows = { 0 }, when = { 0 }, dcs = { 0 };
	bool periodic = j->periodic != NULL,
	     parameterized = j->parameterized_job != NULL && !j->dispatched;

	text_time(j->submit_time, &when);
	for (size_t i = 0; i < j->ndatacenters; i++)
		buf_addf(&dcs, "%s%s", i > 0 ? "," : "", j->datacenters[i]);
	table_row(&rows, "ID|%s", lists_text(j->id));
	table_row(&rows, "Name|%s", lists_text(j->name));
	table_row(&rows, "Submit Date|%s", buf_str(&when));
	table_row(&rows, "Type|%s", lists_text(j->type));
	table_row(&rows, "Priority|%" PRId64, j->priority);
	table_row(&rows, "Datacenters|%s", buf_str(&dcs));
	table_row(&rows, "Namespace|%s", lists_text(j->namespace));
	table_row(&rows, "Node Pool|%s", lists_text(j->node_pool));
	table_row(&rows, "Status|%s", lists_job_status(j->status, j->stop));
	table_row(&rows, "Periodic|%s", yes(periodic));
	table_row(&rows, "Parameterized|%s", yes(parameterized));
	cli_print_table(&rows, TABLE_KV);
	buf_release(&rows);
	buf_release(&when);
	buf_release(&dcs);
}

/* --- the parts below; each is left out when the agent cannot say it --- */

static int
show_summary(struct cli *c, const char *id)
{
	struct job_summary sum;
	struct buf rows = { 0 };
	struct err err;
	char *path = client_path("/v1/job/", id, "/summary");
	int rc =
	    client_get(&c->client, path, NULL, &job_summary_type, &sum, &err);

	free(path);
	if (rc == -1)
		return cli_fail(&err, "Error querying job summary");
	table_row(&rows, "Task Group|Queued|Starting|Running|Failed|Complete|"
			 "Lost|Unknown");
	for (size_t i = 0; i < sum.nsummary; i++) {
		const struct task_group_summary *s = &sum.summary[i];

		table_row(&rows,
		    "%s|%" PRId64 "|%" PRId64 "|%" PRId64 "|%" PRId64
		    "|%" PRId64 "|%" PRId64 "|%" PRId64,
		    s->key, s->queued, s->starting, s->running, s->failed,
		    s->complete, s->lost, s->unknown);
	}
	cli_heading("Summary");
	cli_print_table(&rows, TABLE_LIST);
	buf_release(&rows);
	rec_clear(&job_summary_type, &sum);
	return 0;
}

/* The newest evaluation says whether something is still to be placed. */
static void
show_failures(const struct eval *evals, size_t n)
{
	const struct eval *newest = NULL;
	bool blocked = false;
	struct buf out = { 0 };

	for (size_t i = 0; i < n; i++) {
		if (strcmp(lists_text(evals[i].status), "blocked") == 0)
			blocked = true;
		if (evals[i].nfailed_tg_allocs > 0 &&
		    (newest == NULL ||
			evals[i].create_index > newest->create_index))
			newest = &evals[i];
	}
	if (!blocked || newest == NULL)
		return;
	for (size_t i = 0; i < newest->nfailed_tg_allocs; i++) {
		const struct alloc_metric_entry *g =
		    &newest->failed_tg_allocs[i];

		buf_addf(&out, "Task Group \"%s\":\n", g->key);
		placement_explain(&g->value, false, "  ", &out);
		if (i + 1 < newest->nfailed_tg_allocs)
			buf_addc(&out, '\n');
	}
	cli_heading("Placement Failure");
	fputs(buf_str(&out), stdout);
	buf_release(&out);
}

static int
show_evals(struct cli *c, const char *id, const struct status_flags *f)
{
	struct eval *evals;
	struct buf rows = { 0 };
	struct err err;
	size_t n;
	char *path = client_path("/v1/job/", id, "/evaluations");
	int rc =
	    client_list(&c->client, path, NULL, &eval_type, &evals, &n, &err);

	free(path);
	if (rc == -1)
		return cli_fail(&err, "Error querying job evaluations");
	if (f->evals || f->verbose) {
		lists_evals(evals, n, f->verbose, &rows);
		cli_heading("Evaluations");
		cli_print_table(&rows, TABLE_LIST);
		buf_release(&rows);
	}
	show_failures(evals, n);
	client_free_list(&eval_type, evals, n);
	return 0;
}

static int
show_deployment(struct cli *c, const char *id, bool verbose)
{
	struct deployment d;
	struct buf rows = { 0 };
	struct err err;
	char *path = client_path("/v1/job/", id, "/deployment");
	int rc = client_get(&c->client, path, NULL, &deployment_type, &d, &err);

	free(path);
	if (rc == -1)
		return cli_fail(&err, "Error querying latest job deployment");
	if (d.id == NULL)
		return 0;
	table_row(&rows, "ID|%s",
	    text_id(d.id, verbose ? TEXT_FULL_ID : TEXT_SHORT_ID));
	table_row(&rows, "Status|%s", lists_text(d.status));
	table_row(&rows, "Description|%s", lists_text(d.status_description));
	cli_heading("Latest Deployment");
	cli_print_table(&rows, TABLE_KV);
	buf_reset(&rows);
	deploywords_groups(&d, &rows);
	cli_heading("Deployed");
	cli_print_table(&rows, TABLE_LIST);
	buf_release(&rows);
	rec_clear(&deployment_type, &d);
	return 0;
}

static int
show_allocs(struct cli *c, const char *id, const struct status_flags *f)
{
	struct alloc_stub *allocs;
	struct buf rows = { 0 };
	struct err err;
	size_t n;
	char *path = client_path("/v1/job/", id, "/allocations");
	int rc = client_list(&c->client, path,
	    f->all_allocs ? "all=true" : "all=false", &alloc_stub_type, &allocs,
	    &n, &err);

	free(path);
	if (rc == -1)
		return cli_fail(&err, "Error querying job allocations");
	lists_allocs(allocs, n, f->verbose, c->now_ns, &rows);
	cli_heading("Allocations");
	cli_print_table(&rows, TABLE_LIST);
	buf_release(&rows);
	client_free_list(&alloc_stub_type, allocs, n);
	return 0;
}

/* A periodic or parameterized job has children instead of allocations. */
static int
show_children(struct cli *c, const struct job *j)
{
	struct job_stub *jobs;
	struct buf rows = { 0 }, params = { 0 };
	struct err err;
	size_t n, shown = 0;
	int rc;

	buf_adds(&params, "prefix=");
	http_escape(j->id, &params);
	buf_adds(&params, "%2F");
	rc = client_list(&c->client, "/v1/jobs", buf_str(&params),
	    &job_stub_type, &jobs, &n, &err);
	buf_release(&params);
	if (rc == -1)
		return cli_fail(&err, "Error querying job's children");
	table_row(&rows, "ID|Status");
	for (size_t i = 0; i < n; i++)
		if (strcmp(lists_text(jobs[i].parent_id), j->id) == 0) {
			table_row(&rows, "%s|%s", jobs[i].id,
			    lists_text(jobs[i].status));
			shown++;
		}
	if (shown == 0) {
		printf("\n%s\n", j->periodic != NULL
				     ? "No instances of periodic job found"
				     : "No dispatched instances of "
				       "parameterized job found");
	} else {
		cli_heading(j->periodic != NULL ? "Previously Launched Jobs"
						: "Dispatched Jobs");
		cli_print_table(&rows, TABLE_LIST);
	}
	buf_release(&rows);
	client_free_list(&job_stub_type, jobs, n);
	return 0;
}

/* --- as JSON --- */

/* What the agent answers to a GET below the job's path. */
static struct tree *
part_of(struct cli *c, const char *id, const char *below, const char *params,
    struct err *err)
{
	char *path = client_path("/v1/job/", id, below);
	struct buf out = { 0 };
	struct tree *t = NULL;

	if (client_call(&c->client, "GET", path, params, NULL, &out, err) == 0)
		t = tree_from_json(buf_str(&out), out.len, err);
	buf_release(&out);
	free(path);
	return t;
}

/* One job's object, in Nomad's form, at the list's end. */
static int
push_json(
    struct cli *c, const char *id, bool all, struct tree *to, struct err *err)
{
	const struct {
		const char *name, *below, *params;
	} parts[] = {
		{ "Allocations", "/allocations",
		    all ? "all=true" : "all=false" },
		{ "Evaluations", "/evaluations", NULL },
		{ "LatestDeployment", "/deployment", NULL },
		{ "Summary", "/summary", NULL },
	};
	struct tree *job = tree_map();

	tree_push(to, job);
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		struct tree *t =
		    part_of(c, id, parts[i].below, parts[i].params, err);

		if (t == NULL)
			return -1;
		tree_set(job, parts[i].name, t);
	}
	return 0;
}

static int
print_json(struct cli *c, char *const *ids, size_t n, bool all)
{
	struct tree *t = tree_list();
	struct buf out = { 0 };
	struct err err;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = push_json(c, ids[i], all, t, &err);
	if (rc == 0) {
		tree_to_json(t, &out, REC_JSON_PRETTY);
		fputs(buf_str(&out), stdout);
	}
	buf_release(&out);
	tree_free(t);
	return rc == 0 ? 0 : cli_fail(&err, "Error querying job");
}

static int
list_json(struct cli *c, bool all)
{
	struct job_stub *jobs;
	struct err err;
	size_t n;
	char **ids;
	int status;

	if (client_list(&c->client, "/v1/jobs", NULL, &job_stub_type, &jobs, &n,
		&err) == -1)
		return cli_fail(&err, "Error querying jobs");
	ids = xcalloc(n + 1, sizeof *ids);
	for (size_t i = 0; i < n; i++)
		ids[i] = jobs[i].id;
	status = print_json(c, ids, n, all);
	free(ids);
	client_free_list(&job_stub_type, jobs, n);
	return status;
}

static int
show_job(struct cli *c, const char *id, const struct status_flags *f)
{
	struct job job;
	struct err err;
	char *path = client_path("/v1/job/", id, "");
	int rc = client_get(&c->client, path, NULL, &job_type, &job, &err);
	int status = 0;

	free(path);
	if (rc == -1)
		return cli_fail(&err, "Error querying job");
	show_basics(&job);
	if (!f->short_form) {
		if (job.periodic != NULL ||
		    (job.parameterized_job != NULL && !job.dispatched))
			status = show_children(c, &job);
		else
			status = show_summary(c, id) != 0 ||
				 show_evals(c, id, f) != 0 ||
				 show_deployment(c, id, f->verbose) != 0 ||
				 show_allocs(c, id, f) != 0;
	}
	rec_clear(&job_type, &job);
	return status;
}

int
job_status(const struct command *cmd, int argc, char **argv)
{
	struct status_flags f = { 0 };
	const struct flag rows[] = {
		{ "short", FLAG_BOOL, &f.short_form, NULL,
		    "Only the job itself, nothing of its allocations." },
		{ "evals", FLAG_BOOL, &f.evals, NULL,
		    "The job's evaluations, too." },
		{ "all-allocs", FLAG_BOOL, &f.all_allocs, NULL,
		    "Allocations of former jobs of the same ID, too." },
		{ "json", FLAG_BOOL, &f.json, NULL,
		    "As JSON: a list of jobs, each with its allocations, "
		    "evaluations, newest deployment and summary." },
		{ "verbose", FLAG_BOOL, &f.verbose, NULL,
		    "Whole identifiers and times." },
	};
	struct cli c;
	char *id;
	int status = cli_begin(
	    &c, cmd, rows, sizeof rows / sizeof rows[0], argc, argv, 0, 1);

	if (status != CLI_GO)
		return status;
	if (c.argc == 0)
		return cli_end(
		    &c, f.json ? list_json(&c, f.all_allocs) : list_jobs(&c));
	status = find_job(&c, c.argv[0], &id);
	if (status == CLI_GO) {
		status = f.json ? print_json(&c, &id, 1, f.all_allocs)
				: show_job(&c, id, &f);
		free(id);
	}
	return cli_end(&c, status);
}
