/*
 * One allocation.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/rove/commands.h"
#include "cmd/rove/find.h"
#include "cmd/rove/lists.h"
#include "cmd/rove/placement.h"
#include "cmd/rove/table.h"
#include "cmd/rove/text.h"
#include "cmd/rove/usage.h"
#include "proto/stats.h"

#define BYTES_PER_MB (UINT64_C(1) << 20)

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

/* --- tasks --- */

static const struct allocated_task_resources *
given_to(const struct alloc *a, const char *task)
{
	const struct allocated_resources *r = a->allocated_resources;

	return r == NULL
		   ? NULL
		   : rec_map_find(r->tasks, r->ntasks, sizeof *r->tasks, task);
}

static const struct resource_usage *
usage_of(const struct alloc_resource_usage *stats, const char *task)
{
	const struct task_resource_usage *u = rec_map_find(
	    stats->tasks, stats->ntasks, sizeof *stats->tasks, task);

	return u != NULL ? u->resource_usage : NULL;
}

static uint64_t
memory_used(const struct memory_stats *m)
{
	return m->rss != 0 ? m->rss : m->usage;
}

static void
put_network(const struct allocated_task_resources *r, struct buf *out)
{
	const struct network_resource *net;

	if (r->nnetworks == 0)
		return;
	net = &r->networks[0];
	for (size_t i = 0; i < net->nreserved_ports; i++)
		buf_addf(out, "%s%s: %s:%" PRId64, i > 0 ? ", " : "",
		    lists_text(net->reserved_ports[i].label),
		    lists_text(net->ip), net->reserved_ports[i].value);
	for (size_t i = 0; i < net->ndynamic_ports; i++)
		buf_addf(out, "%s%s: %s:%" PRId64, out->len > 0 ? ", " : "",
		    lists_text(net->dynamic_ports[i].label),
		    lists_text(net->ip), net->dynamic_ports[i].value);
}

static void
show_resources(const struct alloc *a, const struct alloc_resource_usage *stats,
    const char *task)
{
	const struct allocated_task_resources *r = given_to(a, task);
	const struct resource_usage *use = usage_of(stats, task);
	struct buf rows = { 0 }, cpu = { 0 }, memory = { 0 }, disk = { 0 },
		   net = { 0 };

	if (r == NULL)
		return;
	if (use != NULL && use->cpu_stats != NULL)
		buf_addf(&cpu, "%.0f/", floor(use->cpu_stats->total_ticks));
	if (use != NULL && use->memory_stats != NULL) {
		text_bytes(memory_used(use->memory_stats), &memory);
		buf_addc(&memory, '/');
	}
	text_bytes((uint64_t)r->memory.memory_mb * BYTES_PER_MB, &memory);
	text_bytes(
	    (uint64_t)a->allocated_resources->shared.disk_mb * BYTES_PER_MB,
	    &disk);
	put_network(r, &net);
	table_row(&rows, "CPU|Memory|Disk|Addresses");
	table_row(&rows, "%s%" PRId64 " MHz|%s|%s|%s", buf_str(&cpu),
	    r->cpu.cpu_shares, buf_str(&memory), buf_str(&disk), buf_str(&net));
	if (r->memory.memory_max_mb > r->memory.memory_mb) {
		buf_reset(&memory);
		text_bytes(
		    (uint64_t)r->memory.memory_max_mb * BYTES_PER_MB, &memory);
		table_row(&rows, "|Max: %s||", buf_str(&memory));
	}
	puts("Task Resources:");
	cli_print_table(&rows, TABLE_SPACES);
	buf_release(&rows);
	buf_release(&cpu);
	buf_release(&memory);
	buf_release(&disk);
	buf_release(&net);
}

static void
put_time_or_none(struct buf *rows, const char *name, int64_t ns)
{
	struct buf when = { 0 };

	text_time(ns, &when);
	table_row(rows, "%s|%s", name, when.len > 0 ? buf_str(&when) : "N/A");
	buf_release(&when);
}

static void
show_events(const struct task_state *s)
{
	struct buf rows = { 0 }, when = { 0 };

	put_time_or_none(&rows, "Started At", s->started_at);
	put_time_or_none(&rows, "Finished At", s->finished_at);
	table_row(&rows, "Total Restarts|%" PRIu64, s->restarts);
	put_time_or_none(&rows, "Last Restart", s->last_restart);
	cli_heading("Task Events:");
	cli_print_table(&rows, TABLE_KV);
	buf_reset(&rows);
	table_row(&rows, "Time|Type|Description");
	for (size_t i = s->nevents; i > 0; i--) {
		const struct task_event *e = &s->events[i - 1];
		const char *text = lists_text(e->display_message);

		buf_reset(&when);
		text_time(e->time, &when);
		table_row(&rows, "%s|%s|%s", buf_str(&when),
		    lists_text(e->type),
		    *text != '\0' ? text : lists_text(e->message));
	}
	cli_heading("Recent Events:");
	cli_print_table(&rows, TABLE_LIST);
	buf_release(&rows);
	buf_release(&when);
}

/* "prestart", "poststart sidecar"; NULL for a main task. */
static const struct task_lifecycle *
lifecycle_of(const struct alloc *a, const char *task)
{
	for (size_t g = 0; a->job != NULL && g < a->job->ntask_groups; g++) {
		const struct task_group *tg = &a->job->task_groups[g];

		if (strcmp(lists_text(tg->name), lists_text(a->task_group)) !=
		    0)
			continue;
		for (size_t t = 0; t < tg->ntasks; t++)
			if (strcmp(lists_text(tg->tasks[t].name), task) == 0)
				return tg->tasks[t].lifecycle;
	}
	return NULL;
}

static void
show_tasks(struct cli *c, const struct alloc *a, const struct alloc_flags *f)
{
	struct alloc_resource_usage stats = { 0 };
	char *path =
	    client_path("/v1/client/allocation/", lists_text(a->id), "/stats");

	/* Of a node that is out of reach there are no figures. */
	if (strcmp(lists_text(a->client_status), "running") == 0 &&
	    client_get(&c->client, path, NULL, &alloc_resource_usage_type,
		&stats, NULL) == -1)
		stats = (struct alloc_resource_usage){ 0 };
	free(path);
	for (size_t i = 0; i < a->ntask_states; i++) {
		const struct task_state *s = &a->task_states[i];
		const struct task_lifecycle *life = lifecycle_of(a, s->key);

		printf("\nTask \"%s\" ", s->key);
		if (life != NULL)
			printf("(%s%s) ", lists_text(life->hook),
			    life->sidecar ? " sidecar" : "");
		printf("is \"%s\"\n", lists_text(s->state));
		show_resources(a, &stats, s->key);
		if (f->stats && usage_of(&stats, s->key) != NULL)
			usage_show_task(usage_of(&stats, s->key));
		show_events(s);
	}
	rec_clear(&alloc_resource_usage_type, &stats);
}

static void
show_tasks_short(const struct alloc *a)
{
	struct buf rows = { 0 }, when = { 0 };

	table_row(&rows, "Name|State|Last Event|Time|Lifecycle");
	for (size_t i = 0; i < a->ntask_states; i++) {
		const struct task_state *s = &a->task_states[i];
		const struct task_lifecycle *life = lifecycle_of(a, s->key);
		const struct task_event *last =
		    s->nevents > 0 ? &s->events[s->nevents - 1] : NULL;

		buf_reset(&when);
		if (last != NULL)
			text_time(last->time, &when);
		table_row(&rows, "%s|%s|%s|%s|%s", s->key, lists_text(s->state),
		    last != NULL ? lists_text(last->type) : "", buf_str(&when),
		    life != NULL ? lists_text(life->hook) : "main");
	}
	cli_heading("Tasks");
	cli_print_table(&rows, TABLE_LIST);
	buf_release(&rows);
	buf_release(&when);
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
		if (f->short_form)
			show_tasks_short(&a);
		else
			show_tasks(c, &a, f);
		if (f->verbose)
			show_metrics(&a);
	}
	rec_clear(&alloc_type, &a);
	return 0;
}

static int
list_json(struct cli *c)
{
	struct buf out = { 0 };
	struct err err;
	int rc = client_call(
	    &c->client, "GET", "/v1/allocations", "pretty", NULL, &out, &err);

	if (rc == 0)
		fputs(buf_str(&out), stdout);
	buf_release(&out);
	return rc == 0 ? 0 : cli_fail(&err, "Error querying allocations");
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
		    f.json ? list_json(&c)
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
