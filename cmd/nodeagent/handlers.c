/*
 * What other daemons and nodectl ask of nodeagent.
 */
#include <stdlib.h>

#include "cmd/nodeagent/nodeagent.h"
#include "cmd/nodeagent/runner.h"
#include "common/mem.h"
#include "proto/msg.h"
#include "proto/nodemsg.h"

/* The whole catalog, for a subscriber of service.* that missed something. */
static void
on_services(void *ctx, struct bus_req *req, const void *body)
{
	const struct daemon *d = ctx;
	const struct nodeagent *na = d->state;
	struct services_news news = { .full = true,
		.index = na->catalog.index };

	(void)body;
	news.put = xcalloc(map_count(&na->catalog.by_id), sizeof *news.put);
	MAP_FOREACH (e, &na->catalog.by_id)
		news.put[news.nput++] =
		    *(const struct service_instance *)map_value(e);
	bus_reply(req, &news);
	free(news.put); /* its parts are the catalog's */
}

static void
add_row(struct alloc_rows *rows, const struct runner *r, size_t i)
{
	const struct task_run *t = &r->run->tasks[i];
	const struct taskproc *p = r->procs[i];
	const struct alloc *a = r->run->alloc;
	struct alloc_row *row;

	rows->rows =
	    xreallocarray(rows->rows, rows->nrows + 1, sizeof *rows->rows);
	row = &rows->rows[rows->nrows++];
	*row = (struct alloc_row){ .id = xstrdup(a->id),
		.job_id = xstrdup(a->job_id),
		.group = xstrdup(a->task_group),
		.task = xstrdup(t->task->name),
		.driver = xstrdup(t->task->driver),
		.desired =
		    xstrdup(a->desired_status != NULL ? a->desired_status : ""),
		.status = xstrdup(t->state.state),
		.pid = p != NULL ? p->driver->pid(p) : 0,
		.restarts = t->state.restarts };
}

static void
on_allocs(void *ctx, struct bus_req *req, const void *body)
{
	const struct daemon *d = ctx;
	const struct nodeagent *na = d->state;
	struct alloc_rows rows = { 0 };

	(void)body;
	MAP_FOREACH (e, &na->runners) {
		const struct runner *r = map_value(e);

		for (size_t i = 0; i < r->run->ntasks; i++)
			add_row(&rows, r, i);
	}
	bus_reply(req, &rows);
	rec_clear(&alloc_rows_type, &rows);
}

const struct bus_route nodeagent_routes[] = {
	{ MSG_SERVICES, on_services },
	{ MSG_ALLOCS, on_allocs },
};
const size_t nodeagent_nroutes =
    sizeof nodeagent_routes / sizeof nodeagent_routes[0];
