#include <stdlib.h>
#include <string.h>

#include "cmd/lbd/rtable.h"
#include "common/mem.h"

/* "k=v k=v" of a target's options. */
static void
format_opts(const struct target *t, struct buf *out)
{
	for (size_t i = 0; i < t->nopts; i++)
		buf_addf(out, "%s%s=%s", i == 0 ? "" : " ", t->opts[i].key,
		    t->opts[i].value);
}

static void
format_target(const struct rtable_host *h, const struct rtable_route *r,
    const struct target *t, bool all_weights, struct buf *out)
{
	if (t->weight <= 0)
		return;
	buf_addf(
	    out, "route add %s %s%s %s", t->service, h->name, r->path, t->dst);
	if (all_weights || t->fixed_weight > 0)
		buf_addf(out, " weight %.4f", t->weight);
	for (size_t i = 0; i < t->ntags; i++)
		buf_addf(out, "%s%s", i == 0 ? " tags \"" : ",", t->tags[i]);
	if (t->ntags > 0)
		buf_addc(out, '"');
	if (t->nopts > 0) {
		buf_adds(out, " opts \"");
		format_opts(t, out);
		buf_addc(out, '"');
	}
	buf_addc(out, '\n');
}

static int
by_name_down(const void *a, const void *b)
{
	const struct rtable_host *const *x = a, *const *y = b;

	return strcmp((*y)->name, (*x)->name);
}

/* Hosts in the order in which people look for them; caller frees. */
static const struct rtable_host **
hosts_by_name(const struct rtable *t)
{
	const struct rtable_host **list = xcalloc(t->nhosts + 1, sizeof *list);

	for (size_t i = 0; i < t->nhosts; i++)
		list[i] = &t->hosts[i];
	if (t->nhosts > 1)
		qsort(list, t->nhosts, sizeof *list, by_name_down);
	return list;
}

void
rtable_format(const struct rtable *t, bool all_weights, struct buf *out)
{
	const struct rtable_host **hosts = hosts_by_name(t);

	for (size_t i = 0; i < t->nhosts; i++)
		for (size_t k = 0; k < hosts[i]->nroutes; k++) {
			const struct rtable_route *r = &hosts[i]->routes[k];

			for (size_t m = 0; m < r->ntargets; m++)
				format_target(hosts[i], r, &r->targets[m],
				    all_weights, out);
		}
	free(hosts);
}

static void
fill_row(struct route_row *row, const struct rtable_host *h,
    const struct rtable_route *r, const struct target *t)
{
	struct buf opts = { 0 };

	*row = (struct route_row){ 0 };
	row->service = xstrdup(t->service);
	row->host = xstrdup(h->name);
	row->path = xstrdup(r->path);
	row->src = xasprintf("%s%s", h->name, r->path);
	row->dst = xstrdup(t->dst);
	format_opts(t, &opts);
	row->opts = buf_take(&opts);
	row->weight = t->weight;
	row->cmd = xstrdup("route add");
	row->ntags = t->ntags;
	if (t->ntags > 0)
		row->tags = xcalloc(t->ntags, sizeof *row->tags);
	for (size_t i = 0; i < t->ntags; i++)
		row->tags[i] = xstrdup(t->tags[i]);
}

void
rtable_rows(const struct rtable *t, struct route_rows *rows)
{
	const struct rtable_host **hosts = hosts_by_name(t);

	rows->rows = xreallocarray(
	    rows->rows, rows->nrows + t->ntargets + 1, sizeof *rows->rows);
	for (size_t i = 0; i < t->nhosts; i++)
		for (size_t k = 0; k < hosts[i]->nroutes; k++) {
			const struct rtable_route *r = &hosts[i]->routes[k];

			for (size_t m = 0; m < r->ntargets; m++)
				fill_row(&rows->rows[rows->nrows++], hosts[i],
				    r, &r->targets[m]);
		}
	free(hosts);
}
