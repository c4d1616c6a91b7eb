#include "cmd/rove/usage.h"

#include <inttypes.h>
#include <string.h>

#include "cmd/rove/cli.h"
#include "cmd/rove/lists.h"
#include "cmd/rove/table.h"
#include "cmd/rove/text.h"

static bool
is_measured(char *const *measured, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(measured[i], name) == 0)
			return true;
	return false;
}

static void
put_percent(double v, struct buf *out)
{
	text_float(v, out);
	buf_addc(out, '%');
}

/* One head and one row that grow side by side. */
struct pair {
	struct buf head, row;
};

static void
next_column(struct pair *p, const char *name)
{
	buf_addf(&p->head, "%s%s", p->head.len > 0 ? "|" : "", name);
	if (p->row.len > 0)
		buf_addc(&p->row, '|');
}

static void
print_pair(struct pair *p, const char *title)
{
	struct buf rows = { 0 };

	if (p->head.len > 0) {
		table_row(&rows, "%s", buf_str(&p->head));
		table_row(&rows, "%s", buf_str(&p->row));
		cli_heading(title);
		cli_print_table(&rows, TABLE_LIST);
	}
	buf_release(&rows);
	buf_release(&p->head);
	buf_release(&p->row);
}

static void
show_memory(const struct memory_stats *m)
{
	const struct {
		const char *name;
		uint64_t bytes;
	} all[] = {
		{ "Cache", m->cache },
		{ "Kernel Max Usage", m->kernel_max_usage },
		{ "Kernel Usage", m->kernel_usage },
		{ "Max Usage", m->max_usage },
		{ "RSS", m->rss },
		{ "Swap", m->swap },
		{ "Usage", m->usage },
	};
	struct pair p = { 0 };

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		if (!is_measured(m->measured, m->nmeasured, all[i].name))
			continue;
		next_column(&p, all[i].name);
		text_bytes(all[i].bytes, &p.row);
	}
	print_pair(&p, "Memory Stats");
}

static void
show_cpu(const struct cpu_stats *c)
{
	struct pair p = { 0 };

	if (is_measured(c->measured, c->nmeasured, "Percent")) {
		next_column(&p, "Percent");
		put_percent(c->percent, &p.row);
	}
	if (is_measured(c->measured, c->nmeasured, "System Mode")) {
		next_column(&p, "System Mode");
		put_percent(c->system_mode, &p.row);
	}
	if (is_measured(c->measured, c->nmeasured, "Throttled Periods")) {
		next_column(&p, "Throttled Periods");
		buf_addf(&p.row, "%" PRIu64, c->throttled_periods);
	}
	if (is_measured(c->measured, c->nmeasured, "Throttled Time")) {
		next_column(&p, "Throttled Time");
		buf_addf(&p.row, "%" PRIu64, c->throttled_time);
	}
	if (is_measured(c->measured, c->nmeasured, "User Mode")) {
		next_column(&p, "User Mode");
		put_percent(c->user_mode, &p.row);
	}
	print_pair(&p, "CPU Stats");
}

void
usage_show_task(const struct resource_usage *u)
{
	if (u->memory_stats != NULL)
		show_memory(u->memory_stats);
	if (u->cpu_stats != NULL)
		show_cpu(u->cpu_stats);
}

/* --- a machine --- */

static void
row_bytes(struct buf *rows, const char *name, uint64_t n)
{
	struct buf text = { 0 };

	text_bytes(n, &text);
	table_row(rows, "%s|%s", name, buf_str(&text));
	buf_release(&text);
}

static void
row_percent(struct buf *rows, const char *name, double v)
{
	struct buf text = { 0 };

	put_percent(v, &text);
	table_row(rows, "%s|%s", name, buf_str(&text));
	buf_release(&text);
}

static void
finish_rows(struct buf *rows, const char *title)
{
	cli_heading(title);
	cli_print_table(rows, TABLE_KV);
	buf_reset(rows);
}

void
usage_show_host(const struct host_stats *s)
{
	struct buf rows = { 0 };

	for (size_t i = 0; i < s->ncpu; i++) {
		table_row(&rows, "CPU|%s", lists_text(s->cpu[i].cpu));
		row_percent(&rows, "User", s->cpu[i].user);
		row_percent(&rows, "System", s->cpu[i].system);
		row_percent(&rows, "Idle", s->cpu[i].idle);
		finish_rows(&rows, "CPU Stats");
	}
	if (s->memory != NULL) {
		row_bytes(&rows, "Total", s->memory->total);
		row_bytes(&rows, "Available", s->memory->available);
		row_bytes(&rows, "Used", s->memory->used);
		row_bytes(&rows, "Free", s->memory->free);
		finish_rows(&rows, "Memory Stats");
	}
	for (size_t i = 0; i < s->ndisk_stats; i++) {
		const struct host_disk_stats *d = &s->disk_stats[i];

		table_row(&rows, "Device|%s", lists_text(d->device));
		table_row(&rows, "MountPoint|%s", lists_text(d->mountpoint));
		row_bytes(&rows, "Size", d->size);
		row_bytes(&rows, "Used", d->used);
		row_bytes(&rows, "Available", d->available);
		row_percent(&rows, "Used Percent", d->used_percent);
		row_percent(&rows, "Inodes Percent", d->inodes_used_percent);
		finish_rows(&rows, "Disk Stats");
	}
	buf_release(&rows);
}
