#include "cmd/rove/nodewords.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/rove/lists.h"
#include "cmd/rove/table.h"
#include "cmd/rove/text.h"
#include "cmd/rove/usage.h"
#include "common/clock.h"
#include "proto/stats.h"

#define BYTES_PER_MB (UINT64_C(1) << 20)
#define MAX_EVENTS   5 /* shown unless verbose */

static char *
stats_params(const struct node *n)
{
	return client_path("node_id=", lists_text(n->id), "");
}

/* The keys of a sorted map of records, parted by commas. */
static void
join_keys(const void *items, size_t n, size_t size, struct buf *out)
{
	for (size_t i = 0; i < n; i++) {
		const char *key;

		memcpy(&key, (const char *)items + i * size, sizeof key);
		buf_addf(out, "%s%s", i > 0 ? "," : "", lists_text(key));
	}
}

static void
join_drivers(const struct node *n, bool verbose, struct buf *out)
{
	for (size_t i = 0; i < n->ndrivers; i++) {
		const struct driver_info *d = &n->drivers[i];

		if (!d->detected)
			continue;
		if (!d->healthy && !verbose)
			continue;
		buf_addf(out, "%s%s%s", out->len > 0 ? "," : "", d->key,
		    d->healthy ? "" : " (unhealthy)");
	}
}

static void
put_uptime(struct cli *c, const struct node *n, struct buf *rows)
{
	struct host_stats stats = { 0 };
	char *params = stats_params(n), text[CLOCK_DUR_SIZE];

	if (client_try(&c->client, "/v1/client/stats", params, &host_stats_type,
		&stats) == 0 &&
	    stats.uptime > 0) {
		clock_format_dur((int64_t)stats.uptime * CLOCK_NS_PER_S, text);
		table_row(rows, "Uptime|%s", text);
	}
	rec_clear(&host_stats_type, &stats);
	free(params);
}

static void
show_drivers(const struct node *n)
{
	struct buf rows = { 0 }, when = { 0 };

	table_row(&rows, "Driver|Detected|Healthy|Message|Time");
	for (size_t i = 0; i < n->ndrivers; i++) {
		const struct driver_info *d = &n->drivers[i];

		buf_reset(&when);
		text_time(d->update_time, &when);
		table_row(&rows, "%s|%s|%s|%s|%s", d->key,
		    d->detected ? "true" : "false",
		    d->healthy ? "true" : "false",
		    lists_text(d->health_description), buf_str(&when));
	}
	cli_heading("Drivers");
	cli_print_table(&rows, TABLE_LIST);
	buf_release(&rows);
	buf_release(&when);
}

void
nodewords_basics(
    struct cli *c, const struct node *n, bool verbose, bool short_form)
{
	struct buf rows = { 0 }, keys = { 0 };

	table_row(&rows, "ID|%s",
	    text_id(
		n->id, verbose || !short_form ? TEXT_FULL_ID : TEXT_SHORT_ID));
	table_row(&rows, "Name|%s", lists_text(n->name));
	table_row(&rows, "Node Pool|%s", lists_text(n->node_pool));
	table_row(&rows, "Class|%s", lists_text(n->node_class));
	table_row(&rows, "DC|%s", lists_text(n->datacenter));
	table_row(&rows, "Drain|%s", n->drain ? "true" : "false");
	table_row(
	    &rows, "Eligibility|%s", lists_text(n->scheduling_eligibility));
	table_row(&rows, "Status|%s", lists_text(n->status));
	table_row(&rows, "CSI Controllers|");
	table_row(&rows, "CSI Drivers|");
	if (!short_form && strcmp(lists_text(n->status), "ready") == 0)
		put_uptime(c, n, &rows);
	join_keys(
	    n->host_volumes, n->nhost_volumes, sizeof *n->host_volumes, &keys);
	table_row(&rows, "Host Volumes|%s", buf_str(&keys));
	buf_reset(&keys);
	join_keys(n->host_networks, n->nhost_networks, sizeof *n->host_networks,
	    &keys);
	table_row(&rows, "Host Networks|%s", buf_str(&keys));
	table_row(&rows, "CSI Volumes|");
	buf_reset(&keys);
	join_drivers(n, verbose, &keys);
	table_row(&rows, "Driver Status|%s", buf_str(&keys));
	cli_print_table(&rows, TABLE_KV);
	buf_release(&rows);
	buf_release(&keys);
	if (verbose)
		show_drivers(n);
}

void
nodewords_events(const struct node *n, bool verbose)
{
	struct buf rows = { 0 }, when = { 0 };
	size_t least = 0;

	if (!verbose && n->nevents > MAX_EVENTS)
		least = n->nevents - MAX_EVENTS;
	table_row(&rows, "Time|Subsystem|Message%s", verbose ? "|Details" : "");
	for (size_t i = n->nevents; i > least; i--) {
		const struct node_event *e = &n->events[i - 1];

		buf_reset(&when);
		text_time(e->timestamp, &when);
		table_row(&rows, "%s|%s|%s", buf_str(&when),
		    lists_text(e->subsystem), lists_text(e->message));
		for (size_t d = 0; verbose && d < e->ndetails; d++)
			buf_addf(&rows, "%s%s = %s", d > 0 ? ", " : "|",
			    e->details[d].key, lists_text(e->details[d].value));
	}
	cli_heading("Node Events");
	cli_print_table(&rows, TABLE_LIST);
	buf_release(&rows);
	buf_release(&when);
}

static void
show_map(const char *title, const struct rec_kv *kv, size_t n)
{
	struct buf rows = { 0 };

	for (size_t i = 0; i < n; i++)
		table_row(&rows, "%s|%s", kv[i].key, lists_text(kv[i].value));
	cli_heading(title);
	cli_print_table(&rows, TABLE_KV);
	buf_release(&rows);
}

void
nodewords_attributes(const struct node *n)
{
	show_map("Attributes", n->attributes, n->nattributes);
	show_map("Meta", n->meta, n->nmeta);
}

/* --- resources --- */

struct amounts {
	int64_t cpu_mhz, memory_mb, disk_mb;
};

static bool
is_over(const struct alloc *a)
{
	const char *s = lists_text(a->client_status);

	return strcmp(s, "complete") == 0 || strcmp(s, "failed") == 0 ||
	       strcmp(s, "lost") == 0;
}

static struct amounts
given(const struct alloc *allocs, size_t n)
{
	struct amounts sum = { 0 };

	for (size_t i = 0; i < n; i++) {
		const struct allocated_resources *r =
		    allocs[i].allocated_resources;

		if (r == NULL || is_over(&allocs[i]))
			continue;
		sum.disk_mb += r->shared.disk_mb;
		for (size_t t = 0; t < r->ntasks; t++) {
			sum.cpu_mhz += r->tasks[t].cpu.cpu_shares;
			sum.memory_mb += r->tasks[t].memory.memory_mb;
		}
	}
	return sum;
}

static struct amounts
there(const struct node *n)
{
	struct amounts sum = { 0 };

	if (n->node_resources != NULL)
		sum = (struct amounts){ n->node_resources->cpu.cpu_shares,
			n->node_resources->memory.memory_mb,
			n->node_resources->disk.disk_mb };
	if (n->reserved_resources != NULL) {
		const struct node_reserved_resources *r = n->reserved_resources;

		sum.cpu_mhz -= (int64_t)r->cpu.cpu_shares;
		sum.memory_mb -= (int64_t)r->memory.memory_mb;
		sum.disk_mb -= (int64_t)r->disk.disk_mb;
	}
	return sum;
}

static void
put_mb(int64_t mb, struct buf *out)
{
	text_bytes(mb > 0 ? (uint64_t)mb * BYTES_PER_MB : 0, out);
}

static void
show_given(const struct amounts *used, const struct amounts *all)
{
	struct buf rows = { 0 }, memory = { 0 }, disk = { 0 };

	put_mb(used->memory_mb, &memory);
	buf_addc(&memory, '/');
	put_mb(all->memory_mb, &memory);
	put_mb(used->disk_mb, &disk);
	buf_addc(&disk, '/');
	put_mb(all->disk_mb, &disk);
	table_row(&rows, "CPU|Memory|Disk");
	table_row(&rows, "%" PRId64 "/%" PRId64 " MHz|%s|%s", used->cpu_mhz,
	    all->cpu_mhz, buf_str(&memory), buf_str(&disk));
	cli_heading("Allocated Resources");
	cli_print_table(&rows, TABLE_LIST);
	buf_release(&rows);
	buf_release(&memory);
	buf_release(&disk);
}

static void
show_used(struct cli *c, const struct alloc *allocs, size_t n,
    const struct amounts *all)
{
	struct buf rows = { 0 }, memory = { 0 };
	double ticks = 0;
	uint64_t bytes = 0;

	for (size_t i = 0; i < n; i++) {
		struct alloc_resource_usage u = { 0 };
		char *path;

		if (strcmp(lists_text(allocs[i].client_status), "running") != 0)
			continue;
		path = client_path("/v1/client/allocation/",
		    lists_text(allocs[i].id), "/stats");
		if (client_try(&c->client, path, NULL,
			&alloc_resource_usage_type, &u) == 0 &&
		    u.resource_usage != NULL) {
			const struct resource_usage *r = u.resource_usage;

			if (r->cpu_stats != NULL)
				ticks += r->cpu_stats->total_ticks;
			if (r->memory_stats != NULL)
				bytes += r->memory_stats->rss != 0
					     ? r->memory_stats->rss
					     : r->memory_stats->usage;
		}
		rec_clear(&alloc_resource_usage_type, &u);
		free(path);
	}
	text_bytes(bytes, &memory);
	buf_addc(&memory, '/');
	put_mb(all->memory_mb, &memory);
	table_row(&rows, "CPU|Memory");
	table_row(&rows, "%.0f/%" PRId64 " MHz|%s", floor(ticks), all->cpu_mhz,
	    buf_str(&memory));
	cli_heading("Allocation Resource Utilization");
	cli_print_table(&rows, TABLE_LIST);
	buf_release(&rows);
	buf_release(&memory);
}

/* The disk that holds the allocations. */
static const struct host_disk_stats *
disk_of(const struct node *n, const struct host_stats *stats)
{
	const char *volume =
	    rec_kv_get(n->attributes, n->nattributes, "unique.storage.volume");

	for (size_t i = 0; volume != NULL && i < stats->ndisk_stats; i++)
		if (strcmp(lists_text(stats->disk_stats[i].device), volume) ==
		    0)
			return &stats->disk_stats[i];
	return stats->alloc_dir_stats;
}

static void
show_host(struct cli *c, const struct node *n, const struct amounts *all,
    bool detailed)
{
	struct host_stats stats;
	const struct host_disk_stats *disk;
	struct buf rows = { 0 }, memory = { 0 }, used = { 0 };
	char *params = stats_params(n);
	int rc = client_try(
	    &c->client, "/v1/client/stats", params, &host_stats_type, &stats);

	free(params);
	if (rc == -1)
		return;
	disk = disk_of(n, &stats);
	if (stats.memory != NULL) {
		text_bytes(stats.memory->used, &memory);
		buf_addc(&memory, '/');
		text_bytes(stats.memory->total, &memory);
	}
	if (disk != NULL) {
		text_bytes(disk->used, &used);
		buf_addc(&used, '/');
		text_bytes(disk->size, &used);
	}
	table_row(&rows, "CPU|Memory|Disk");
	table_row(&rows, "%.0f/%" PRId64 " MHz|%s|%s",
	    floor(stats.cpu_ticks_consumed), all->cpu_mhz, buf_str(&memory),
	    buf_str(&used));
	cli_heading("Host Resource Utilization");
	cli_print_table(&rows, TABLE_LIST);
	if (detailed)
		usage_show_host(&stats);
	rec_clear(&host_stats_type, &stats);
	buf_release(&rows);
	buf_release(&memory);
	buf_release(&used);
}

void
nodewords_resources(struct cli *c, const struct node *n,
    const struct alloc *allocs, size_t nallocs, bool stats)
{
	struct amounts used = given(allocs, nallocs), all = there(n);

	show_given(&used, &all);
	if (strcmp(lists_text(n->status), "ready") != 0)
		return;
	show_used(c, allocs, nallocs, &all);
	show_host(c, n, &all, stats);
}
