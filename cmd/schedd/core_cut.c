/*
 * What of a plan one command can hold.
 */
#include "cmd/schedd/core_impl.h"

#define SMALL 16 /* entries, whatever their size: not measured */
#define MAX_BYTES \
	(4u << 20) /* the log takes commands of nearly twice as much */

/*
 * Leaves max entries of each list at most. Placements need the room that
 * stops make, so behind a list that was cut the others are left for later.
 */
static bool
cut_plan(struct cmd_plan *plan, size_t max)
{
	size_t *const counts[] = { &plan->nstops, &plan->npreempts,
		&plan->nplaces, &plan->nupdates };
	bool cut = false;

	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
		if (cut)
			*counts[i] = 0;
		if (*counts[i] <= max)
			continue;
		*counts[i] = max;
		cut = true;
	}
	return cut;
}

static bool
is_too_large(const struct cmd_plan *plan)
{
	struct buf b = { 0 };
	size_t n;

	if (plan->nstops + plan->npreempts + plan->nplaces + plan->nupdates <=
	    SMALL)
		return false;
	rec_pack(&cmd_plan_type, plan, &b);
	n = b.len;
	buf_release(&b);
	return n > MAX_BYTES;
}

bool
core_cut_plan(struct cmd_plan *plan)
{
	bool cut = cut_plan(plan, CMD_MAX_BATCH);

	for (size_t max = CMD_MAX_BATCH / 2; max > 0 && is_too_large(plan);
	     max /= 2)
		cut |= cut_plan(plan, max);
	return cut;
}
