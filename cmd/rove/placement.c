#include "cmd/rove/placement.h"

#include <inttypes.h>
#include <string.h>

#include "cmd/rove/table.h"
#include "cmd/rove/text.h"

/* "Constraint "x": 3 nodes excluded by filter" */
static void
put_filtered(const struct rec_ki *kv, size_t n, const char *prefix,
    const char *what, struct buf *out)
{
	for (size_t i = 0; i < n; i++)
		buf_addf(out,
		    "%s* %s \"%s\": %" PRId64 " nodes excluded by filter\n",
		    prefix, what, kv[i].key, kv[i].value);
}

/* "Dimension "memory" exhausted on 3 nodes" */
static void
put_exhausted(const struct rec_ki *kv, size_t n, const char *prefix,
    const char *what, struct buf *out)
{
	for (size_t i = 0; i < n; i++)
		buf_addf(out, "%s* %s \"%s\" exhausted on %" PRId64 " nodes\n",
		    prefix, what, kv[i].key, kv[i].value);
}

static const struct rec_kf *
score_find(const struct node_score_meta *node, const char *name)
{
	return rec_map_find(
	    node->scores, node->nscores, sizeof *node->scores, name);
}

/* A column for each scorer that any node was scored by. */
static void
put_scores(const struct alloc_metric *m, const char *prefix, struct buf *out)
{
	struct buf rows = { 0 }, text = { 0 }, head = { 0 };
	const struct node_score_meta *all = m->score_meta_data;

	if (m->nscore_meta_data == 0)
		return;
	buf_adds(&head, "Node");
	for (size_t i = 0; i < all[0].nscores; i++)
		buf_addf(&head, "|%s", all[0].scores[i].key);
	table_row(&rows, "%s|final score", buf_str(&head));
	for (size_t r = 0; r < m->nscore_meta_data; r++) {
		buf_reset(&head);
		buf_adds(&head, text_id(all[r].node_id, TEXT_SHORT_ID));
		for (size_t i = 0; i < all[0].nscores; i++) {
			const struct rec_kf *kf =
			    score_find(&all[r], all[0].scores[i].key);

			buf_addf(&head, "|%.3g", kf != NULL ? kf->value : 0);
		}
		table_row(&rows, "%s|%.3g", buf_str(&head), all[r].norm_score);
	}
	table_format(buf_str(&rows), TABLE_LIST, &text);
	buf_adds(out, prefix);
	table_indent(buf_str(&text), strlen(prefix), out);
	buf_addc(out, '\n');
	buf_release(&rows);
	buf_release(&text);
	buf_release(&head);
}

void
placement_explain(const struct alloc_metric *m, bool scores, const char *prefix,
    struct buf *out)
{
	if (m->nodes_evaluated == 0)
		buf_addf(
		    out, "%s* No nodes were eligible for evaluation\n", prefix);
	for (size_t i = 0; i < m->nnodes_available; i++)
		if (m->nodes_available[i].value == 0)
			buf_addf(out,
			    "%s* No nodes are available in datacenter \"%s\"\n",
			    prefix, m->nodes_available[i].key);
	put_filtered(
	    m->class_filtered, m->nclass_filtered, prefix, "Class", out);
	put_filtered(m->constraint_filtered, m->nconstraint_filtered, prefix,
	    "Constraint", out);
	if (m->nodes_exhausted > 0)
		buf_addf(out, "%s* Resources exhausted on %" PRId64 " nodes\n",
		    prefix, m->nodes_exhausted);
	put_exhausted(
	    m->class_exhausted, m->nclass_exhausted, prefix, "Class", out);
	put_exhausted(m->dimension_exhausted, m->ndimension_exhausted, prefix,
	    "Dimension", out);
	for (size_t i = 0; i < m->nquota_exhausted; i++)
		buf_addf(out, "%s* Quota limit hit \"%s\"\n", prefix,
		    m->quota_exhausted[i]);
	if (scores)
		put_scores(m, prefix, out);
}

void
placement_failures(
    const struct alloc_metric_entry *groups, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++) {
		int64_t count = groups[i].value.coalesced_failures + 1;

		buf_addf(out,
		    "Task Group \"%s\" (failed to place %" PRId64
		    " allocation%s):\n",
		    groups[i].key, count, count > 1 ? "s" : "");
		placement_explain(&groups[i].value, false, "  ", out);
	}
}
