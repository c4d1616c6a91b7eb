/*
 * One allocation.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/rove/alloc_checks.h"
#include "cmd/rove/alloctasks.h"
#include "cmd/rove/commands.h"
#include "cmd/rove/find.h"
#include "cmd/rove/lists.h"
#include "cmd/rove/placement.h"
#include "cmd/rove/table.h"
#include "cmd/rove/text.h"

struct alloc_flags {
	bool short_form, verbose, stats, json;
};

static size_t
id_len(const struct alloc_flags *f)
{
	return f->verbose ? TEXT_FULL_ID : TEXT_SHORT_ID;
}

static void
put_id(struct buf *rows, const char *name, const char *id, size_t len)
{
	if (id != NULL && *id != '\0')
		table_row(rows, "%s|%s", name, text_id(id, len));
}

static void
put_when(struct cli *c, const struct alloc_flags *f, struct buf *rows,
    const char *name, int64_t ns)
{
	struct buf when = { 0 };

	lists_when(ns, f->verbose, c->now_ns, &when);
	table_row(rows, "%s|%s", name, buf_str(&when));
	buf_release(&when);
}

static uint64_t
version_of(const struct alloc *a)
{
	return a->job != NULL ? a->job->version : a->job_version;
}

static void
put_deployment(
    const struct alloc *a, const struct alloc_flags *f, struct buf *rows)
{
	const struct alloc_deployment_status *s = a->deployment_status;
	const char *health = "unset";

	if (a->deployment_id == NULL || *a->deployment_id == '\0')
		return;
	if (s != NULL && s->has_healthy)
		health = s->healthy ? "healthy" : "unhealthy";
	put_id(rows, "Deployment ID", a->deployment_id, id_len(f));
	table_row(rows, "Deployment Health|%s", health);
	if (s != NULL && s->canary)
		table_row(rows, "Canary|true");
}

static void
show_basics(struct cli *c, const struct alloc *a, const struct alloc_flags *f)
{
	struct buf rows = { 0 };

	table_row(&rows, "ID|%s",
	    f->verbose ? lists_text(a->id) : text_id(a->id, TEXT_FULL_ID));
	table_row(&rows, "Eval ID|%s", text_id(a->eval_id, id_len(f)));
	table_row(&rows, "Name|%s", lists_text(a->name));
	table_row(&rows, "Node ID|%s", text_id(a->node_id, id_len(f)));
	table_row(&rows, "Node Name|%s", lists_text(a->node_name));
	table_row(&rows, "Job ID|%s", lists_text(a->job_id));
	table_row(&rows, "Job Version|%" PRIu64, version_of(a));
	table_row(&rows, "Client Status|%s", lists_text(a->client_status));
	table_row(
	    &rows, "Client Description|%s", lists_text(a->client_description));
	table_row(&rows, "Desired Status|%s", lists_text(a->desired_status));
	table_row(&rows, "Desired Description|%s",
	    lists_text(a->desired_description));
	put_when(c, f, &rows, "Created", a->create_time);
	put_when(c, f, &rows, "Modified", a->modify_time);
	put_deployment(a, f, &rows);
	put_id(&rows, "Replacement Alloc ID", a->next_allocation, id_len(f));
	put_id(&rows, "Preempted By", a->preempted_by_allocation, id_len(f));
	if (f->verbose && a->metrics != NULL) {
		table_row(&rows, "Evaluated Nodes|%" PRId64,
		    a->metrics->nodes_evaluated);
		table_row(&rows, "Filtered Nodes|%" PRId64,
		    a->metrics->nodes_filtered);
		table_row(&rows, "Exhausted Nodes|%" PRId64,
		    a->metrics->nodes_exhausted);
	}
	cli_print_table(&rows, TABLE_KV);
	buf_release(&rows);
}

/* --- addresses --- */

static bool
is_dynamic(const struct network_resource *net, const char *label)
{
	for (size_t i = 0; net != NULL && i < net->ndynamic_ports; i++)
		if (strcmp(lists_text(net->dynamic_ports[i].label), label) == 0)
			return true;
	return false;
}

static void
show_addresses(const struct alloc *a)
{
	const struct allocated_shared_resources *s;
	const struct network_resource *net;
	struct buf rows = { 0 };

	if (a->allocated_resources == NULL ||
	    a->allocated_resources->shared.nports == 0)
		return;
	s = &a->allocated_resources->shared;
	net = s->nnetworks > 0 ? &s->networks[0] : NULL;
	table_row(&rows, "Label|Dynamic|Address");
	for (size_t i = 0; i < s->nports; i++) {
		const struct port_mapping *p = &s->ports[i];
		const char *label = lists_text(p->label);
		bool v6 = strchr(lists_text(p->host_ip), ':') != NULL;

		table_row(&rows, "*%s|%s|%s%s%s:%" PRId64, label,
		    is_dynamic(net, label) ? "yes" : "no", v6 ? "[" : "",
		    lists_text(p->host_ip), v6 ? "]" : "", p->value);
		if (p->to > 0)
			buf_addf(&rows, " -> %" PRId64, p->to);
	}
	cli_heading("Allocation Addresses:");
	cli_print_table(&rows, TABLE_LIST);
	buf_release(&rows);
}

static void
show_metrics(const struct alloc *a)
{
	struct buf out = { 0 };

	if (a->metrics == NULL)
		return;
	placement_explain(a->metrics, true, "  ", &out);
	if (out.len == 0)
		return;
	cli_heading("Placement Metrics");
	fputs(buf_str(&out), stdout);
	buf_release(&out);
}

static int
show_alloc(struct cli *c, const char *id, const struct alloc_flags *f)
{
	struct alloc a;
	struct err err;
	char *path = client_path("/v1/allocation/", id, "");
	int rc = client_get(&c->client, path, NULL, &alloc_type, &a, &err);

	free(path);
	if (rc == -1)
		return cli_fail(&err, "Error querying allocation");
	if (f->json) {
		cli_print_json(&alloc_type, &a);
	} else {
		show_basics(c, &a, f);
		show_addresses(&a);
		alloc_checks_show_short(c, id);
		if (f->short_form)
			alloctasks_show_short(&a);
		else
			alloctasks_show(c, &a, f->stats);
		if (f->verbose)
			show_metrics(&a);
	}
	rec_clear(&alloc_type, &a);
	return 0;
}

int
alloc_status(const struct command *cmd, int argc, char **argv)
{
	struct alloc_flags f = { 0 };
	const struct flag rows[] = {
		{ "short", FLAG_BOOL, &f.short_form, NULL,
		    "The tasks in one line each." },
		{ "verbose", FLAG_BOOL, &f.verbose, NULL,
		    "Whole identifiers and times, and how the place was "
		    "chosen." },
		{ "json", FLAG_BOOL, &f.json, NULL,
		    "As JSON; without an allocation, all of them." },
		{ "stats", FLAG_BOOL, &f.stats, NULL,
		    "What each task uses, figure by figure." },
	};
	struct cli c;
	char *id;
	int status = cli_begin(
	    &c, cmd, rows, sizeof rows / sizeof rows[0], argc, argv, 0, 1);

	if (status != CLI_GO)
		return status;
	if (c.argc == 0)
		return cli_end(&c,
		    f.json ? cli_print_answer(&c, "/v1/allocations")
			   : cli_fail(NULL, "This command takes one of the "
					    "following argument "
					    "conditions:\n * A single "
					    "<allocation>\n * No arguments, "
					    "with -json"));
	status = find_alloc(&c, c.argv[0], &id);
	if (status == CLI_GO) {
		status = show_alloc(&c, id, &f);
		free(id);
	}
	return cli_end(&c, status);
}
