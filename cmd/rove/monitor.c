#include "cmd/rove/monitor.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/rove/placement.h"
#include "cmd/rove/table.h"
#include "cmd/rove/text.h"
#include "common/clock.h"
#include "common/mem.h"
#include "common/text.h"

void
monitor_init(struct monitor *m, size_t id_len)
{
	*m = (struct monitor){ .id_len = id_len, .status = xstrdup("pending") };
}

void
monitor_release(struct monitor *m)
{
	MAP_FOREACH (e, &m->allocs)
		free(map_value(e));
	map_release(&m->allocs);
	free(m->status);
	*m = (struct monitor){ 0 };
}

static const char *
shown(const struct monitor *m, const char *id)
{
	return text_id(id, m->id_len);
}

static void
see_origin(struct monitor *m, const struct eval *e, struct buf *out)
{
	if (!m->told_node && text_is_set(e->node_id)) {
		buf_addf(out, "    Evaluation triggered by node \"%s\"\n",
		    shown(m, e->node_id));
		m->told_node = true;
	}
	if (!m->told_job && text_is_set(e->job_id)) {
		buf_addf(
		    out, "    Evaluation triggered by job \"%s\"\n", e->job_id);
		m->told_job = true;
	}
	/* The short form has only what every kind of job has. */
	if (m->id_len >= TEXT_FULL_ID && !m->told_deployment &&
	    text_is_set(e->deployment_id)) {
		buf_addf(out, "    Evaluation within deployment: \"%s\"\n",
		    shown(m, e->deployment_id));
		m->told_deployment = true;
	}
}

/* An allocation that is older than its evaluation was changed by it. */
static void
see_new_alloc(const struct monitor *m, const struct eval *e,
    const struct alloc_stub *a, struct buf *out)
{
	const char *how = NULL;

	if (a->create_index < e->create_index)
		how = "modified";
	else if (a->desired_status != NULL &&
		 strcmp(a->desired_status, "run") == 0)
		how = "created";
	if (how != NULL)
		buf_addf(out,
		    "    Allocation \"%s\" %s: node \"%s\", group \"%s\"\n",
		    shown(m, a->id), how, shown(m, a->node_id),
		    a->task_group != NULL ? a->task_group : "");
}

static void
see_alloc(struct monitor *m, const struct eval *e, const struct alloc_stub *a,
    struct buf *out)
{
	const char *now = a->client_status != NULL ? a->client_status : "";
	const char *was;

	if (a->id == NULL)
		return;
	was = map_find(&m->allocs, a->id);
	if (was == NULL) {
		see_new_alloc(m, e, a, out);
	} else if (strcmp(was, now) != 0) {
		buf_addf(out,
		    "    Allocation \"%s\" status changed: \"%s\" -> \"%s\"",
		    shown(m, a->id), was, now);
		if (text_is_set(a->client_description))
			buf_addf(out, " (%s)", a->client_description);
		buf_addc(out, '\n');
	}
	free(map_put(&m->allocs, a->id, xstrdup(now)));
}

static void
see_status(struct monitor *m, const struct eval *e, struct buf *out)
{
	if (strcmp(m->status, e->status) == 0)
		return;
	if (strcmp(e->status, "pending") != 0)
		buf_addf(out,
		    "    Evaluation status changed: \"%s\" -> \"%s\"\n",
		    m->status, e->status);
	free(m->status);
	m->status = xstrdup(e->status);
}

static void
finish(struct monitor *m, const struct eval *e, struct buf *out)
{
	struct buf why = { 0 };

	buf_addf(out, "==> Evaluation \"%s\" finished with status \"%s\"",
	    shown(m, e->id), e->status);
	if (e->nfailed_tg_allocs == 0) {
		buf_addc(out, '\n');
		return;
	}
	m->failed = true;
	buf_adds(out, " but failed to place all allocations:\n    ");
	placement_failures(e->failed_tg_allocs, e->nfailed_tg_allocs, &why);
	why.len--; /* the last newline comes after the indent */
	why.data[why.len] = '\0';
	table_indent(buf_str(&why), 4, out);
	buf_addc(out, '\n');
	buf_release(&why);
	if (text_is_set(e->blocked_eval))
		buf_addf(out,
		    "    Evaluation \"%s\" waiting for additional capacity to "
		    "place remainder\n",
		    shown(m, e->blocked_eval));
}

static void
begin_next(struct monitor *m, const struct eval *e, struct buf *out)
{
	bool failed = m->failed;
	size_t id_len = m->id_len;
	char wait[CLOCK_DUR_SIZE];

	if (e->wait > 0) {
		clock_format_dur(e->wait, wait);
		buf_addf(out, "==> Monitoring next evaluation \"%s\" in %s\n",
		    shown(m, e->next_eval), wait);
	}
	monitor_release(m);
	monitor_init(m, id_len);
	m->failed = failed;
}

enum monitor_next
monitor_see(struct monitor *m, const struct eval *e,
    const struct alloc_stub *allocs, size_t n, struct buf *out)
{
	if (!m->has_begun)
		buf_addf(
		    out, "==> Monitoring evaluation \"%s\"\n", shown(m, e->id));
	m->has_begun = true;
	see_origin(m, e, out);
	for (size_t i = 0; i < n; i++)
		see_alloc(m, e, &allocs[i], out);
	see_status(m, e, out);
	if (strcmp(e->status, "complete") != 0 &&
	    strcmp(e->status, "failed") != 0 &&
	    strcmp(e->status, "canceled") != 0)
		return MONITOR_AGAIN;
	finish(m, e, out);
	if (!text_is_set(e->next_eval))
		return MONITOR_DONE;
	begin_next(m, e, out);
	return MONITOR_CHAIN;
}

int
monitor_status(const struct monitor *m)
{
	return m->failed ? 2 : 0;
}
