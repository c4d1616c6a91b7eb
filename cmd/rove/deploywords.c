#include "cmd/rove/deploywords.h"

#include <inttypes.h>

#include "cmd/rove/lists.h"
#include "cmd/rove/table.h"
#include "cmd/rove/text.h"

struct used {
	bool revert, canaries, deadline;
};

static const char *
yes(bool b)
{
	return b ? "true" : "false";
}

static void
put_group(
    const struct deployment_state *s, const struct used *used, struct buf *out)
{
	struct buf by = { 0 };

	buf_adds(out, lists_text(s->key));
	if (used->revert)
		buf_addf(out, "|%s", yes(s->auto_revert));
	if (used->canaries)
		buf_addf(out, "|%s",
		    s->desired_canaries > 0 ? yes(s->promoted) : "N/A");
	buf_addf(out, "|%" PRId64, s->desired_total);
	if (used->canaries)
		buf_addf(out, "|%" PRId64, s->desired_canaries);
	buf_addf(out, "|%" PRId64 "|%" PRId64 "|%" PRId64, s->placed_allocs,
	    s->healthy_allocs, s->unhealthy_allocs);
	if (used->deadline) {
		text_time(s->require_progress_by, &by);
		buf_addf(out, "|%s", by.len > 0 ? buf_str(&by) : "N/A");
	}
	buf_release(&by);
}

void
deploywords_groups(const struct deployment *d, struct buf *rows)
{
	struct used used = { 0 };
	struct buf row = { 0 };

	for (size_t i = 0; i < d->ntask_groups; i++) {
		const struct deployment_state *s = &d->task_groups[i];

		used.revert = used.revert || s->auto_revert;
		used.canaries = used.canaries || s->desired_canaries > 0;
		used.deadline = used.deadline || s->progress_deadline != 0;
	}
	table_row(rows, "Task Group%s%s|Desired%s|Placed|Healthy|Unhealthy%s",
	    used.revert ? "|Auto Revert" : "", used.canaries ? "|Promoted" : "",
	    used.canaries ? "|Canaries" : "",
	    used.deadline ? "|Progress Deadline" : "");
	for (size_t i = 0; i < d->ntask_groups; i++) {
		put_group(&d->task_groups[i], &used, &row);
		table_row(rows, "%s", buf_str(&row));
		buf_reset(&row);
	}
	buf_release(&row);
}

void
deploywords_whole(const struct deployment *d, size_t id_len, struct buf *out)
{
	struct buf rows = { 0 };

	table_row(&rows, "ID|%s", text_id(d->id, id_len));
	table_row(&rows, "Job ID|%s", lists_text(d->job_id));
	table_row(&rows, "Job Version|%" PRIu64, d->job_version);
	table_row(&rows, "Status|%s", lists_text(d->status));
	table_row(&rows, "Description|%s", lists_text(d->status_description));
	table_format(buf_str(&rows), TABLE_KV, out);
	buf_addc(out, '\n');
	buf_reset(&rows);
	if (d->ntask_groups > 0) {
		deploywords_groups(d, &rows);
		buf_adds(out, "\nDeployed\n");
		table_format(buf_str(&rows), TABLE_LIST, out);
		buf_addc(out, '\n');
	}
	buf_release(&rows);
}
