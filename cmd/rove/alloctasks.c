#include "cmd/rove/alloctasks.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/rove/lists.h"
#include "cmd/rove/table.h"
#include "cmd/rove/text.h"
#include "cmd/rove/usage.h"
#include "proto/stats.h"

#define BYTES_PER_MB (UINT64_C(1) << 20)

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

void
alloctasks_show(struct cli *c, const struct alloc *a, bool detailed)
{
	struct alloc_resource_usage stats = { 0 };
	char *path =
	    client_path("/v1/client/allocation/", lists_text(a->id), "/stats");

	/* Of a node that is out of reach there are no figures. */
	if (strcmp(lists_text(a->client_status), "running") == 0)
		client_try(
		    &c->client, path, NULL, &alloc_resource_usage_type, &stats);
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
		if (detailed && usage_of(&stats, s->key) != NULL)
			usage_show_task(usage_of(&stats, s->key));
		show_events(s);
	}
	rec_clear(&alloc_resource_usage_type, &stats);
}

void
alloctasks_show_short(const struct alloc *a)
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
