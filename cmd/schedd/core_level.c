#include "cmd/schedd/core_impl.h"

void
sched_core_raise_level(struct sched_core *c, uint64_t level)
{
	struct cmd_level raise = { .level = level };
	struct cmd cmd = { .level = &raise };

	if (!c->leading || c->level_busy || level <= c->state.level ||
	    level > c->state.level_known)
		return;
	c->level_busy = true;
	core_propose(c, &cmd)->is_level = true;
}
