#include "cmd/rove/lists.h"

#include <inttypes.h>
#include <string.h>

#include "cmd/rove/table.h"
#include "cmd/rove/text.h"

const char *
lists_text(const char *s)
{
	return s != NULL ? s : "";
}

/* "batch/periodic" and the like. */
static const char *
job_type_text(const char *type, bool periodic, bool parameterized)
{
	bool sysbatch = type != NULL && strcmp(type, "sysbatch") == 0;

	if (periodic && parameterized)
		return sysbatch ? "sysbatch/periodic/parameterized"
				: "batch/periodic/parameterized";
	if (periodic)
		return sysbatch ? "sysbatch/periodic" : "batch/periodic";
	if (parameterized)
		return sysbatch ? "sysbatch/parameterized"
				: "batch/parameterized";
	return lists_text(type);
}

const char *
lists_job_status(const char *status, bool stopped)
{
	if (!stopped)
		return lists_text(status);
	if (status != NULL && strcmp(status, "running") == 0)
		return "running (stopped)";
	if (status != NULL && strcmp(status, "pending") == 0)
		return "pending (stopped)";
	return "dead (stopped)";
}

void
lists_when(int64_t ns, bool whole, int64_t now_ns, struct buf *out)
{
	if (whole)
		text_time(ns, out);
	else
		text_ago(ns, now_ns, out);
}

void
lists_jobs(
    const struct job_stub *jobs, size_t n, bool namespaces, struct buf *rows)
{
	struct buf when = { 0 };

	table_row(rows, "ID|%sType|Priority|Status|Submit Date",
	    namespaces ? "Namespace|" : "");
	for (size_t i = 0; i < n; i++) {
		const struct job_stub *j = &jobs[i];

		buf_reset(&when);
		text_time(j->submit_time, &when);
		table_row(rows, "%s|%s%s%s|%" PRId64 "|%s|%s",
		    lists_text(j->id),
		    namespaces ? lists_text(j->namespace) : "",
		    namespaces ? "|" : "",
		    job_type_text(j->type, j->periodic, j->parameterized_job),
		    j->priority, lists_job_status(j->status, j->stop),
		    buf_str(&when));
	}
	buf_release(&when);
}

static void
put_alloc(
    const struct alloc_stub *a, bool verbose, int64_t now_ns, struct buf *rows)
{
	struct buf made = { 0 }, changed = { 0 };
	size_t len = verbose ? TEXT_FULL_ID : TEXT_SHORT_ID;

	lists_when(a->create_time, verbose, now_ns, &made);
	lists_when(a->modify_time, verbose, now_ns, &changed);
	if (verbose)
		table_row(rows, "%s|%s|%s|%s|%s|%" PRIu64 "|%s|%s|%s|%s",
		    text_id(a->id, len), text_id(a->eval_id, len),
		    text_id(a->node_id, len), lists_text(a->node_name),
		    lists_text(a->task_group), a->job_version,
		    lists_text(a->desired_status), lists_text(a->client_status),
		    buf_str(&made), buf_str(&changed));
	else
		table_row(rows, "%s|%s|%s|%" PRIu64 "|%s|%s|%s|%s",
		    text_id(a->id, len), text_id(a->node_id, len),
		    lists_text(a->task_group), a->job_version,
		    lists_text(a->desired_status), lists_text(a->client_status),
		    buf_str(&made), buf_str(&changed));
	buf_release(&made);
	buf_release(&changed);
}

void
lists_allocs(const struct alloc_stub *allocs, size_t n, bool verbose,
    int64_t now_ns, struct buf *rows)
{
	if (n == 0) {
		table_row(rows, "No allocations placed");
		return;
	}
	table_row(rows, "%s",
	    verbose ? "ID|Eval ID|Node ID|Node Name|Task Group|Version|Desired|"
		      "Status|Created|Modified"
		    : "ID|Node ID|Task Group|Version|Desired|Status|Created|"
		      "Modified");
	for (size_t i = 0; i < n; i++)
		put_alloc(&allocs[i], verbose, now_ns, rows);
}

/* Whether it could not place something; unknown while it waits. */
static const char *
failures_of(const struct eval *e)
{
	if (e->status != NULL && strcmp(e->status, "blocked") == 0)
		return "N/A - In Progress";
	return e->nfailed_tg_allocs > 0 ? "true" : "false";
}

void
lists_evals(const struct eval *evals, size_t n, bool verbose, struct buf *rows)
{
	size_t len = verbose ? TEXT_FULL_ID : TEXT_SHORT_ID;

	table_row(rows, "ID|Priority|Triggered By|Status|Placement Failures");
	for (size_t i = 0; i < n; i++)
		table_row(rows, "%s|%" PRId64 "|%s|%s|%s",
		    text_id(evals[i].id, len), evals[i].priority,
		    lists_text(evals[i].triggered_by),
		    lists_text(evals[i].status), failures_of(&evals[i]));
}

struct alloc_stub
lists_stub_of(const struct alloc *a)
{
	return (struct alloc_stub){ .id = a->id,
		.eval_id = a->eval_id,
		.node_id = a->node_id,
		.node_name = a->node_name,
		.job_id = a->job_id,
		.job_version =
		    a->job != NULL ? a->job->version : a->job_version,
		.task_group = a->task_group,
		.desired_status = a->desired_status,
		.client_status = a->client_status,
		.create_time = a->create_time,
		.modify_time = a->modify_time };
}

void
lists_deployments(
    const struct deployment *all, size_t n, bool verbose, struct buf *rows)
{
	size_t len = verbose ? TEXT_FULL_ID : TEXT_SHORT_ID;

	table_row(rows, "ID|Job ID|Job Version|Status|Description");
	for (size_t i = 0; i < n; i++)
		table_row(rows, "%s|%s|%" PRIu64 "|%s|%s",
		    text_id(all[i].id, len), lists_text(all[i].job_id),
		    all[i].job_version, lists_text(all[i].status),
		    lists_text(all[i].status_description));
}
