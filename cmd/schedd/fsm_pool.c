#include "cmd/schedd/fsm_impl.h"
#include "cmd/schedd/text.h"

void
fsm_node_pool(struct fsm_turn *t, const struct cmd_node_pool *c)
{
	struct sched_pool *old =
	    sched_pool_find(t->st, sched_str(c->pool.name));
	struct node_pool rec = c->pool;

	if (c->remove) {
		if (old != NULL)
			sched_pool_forget(t->st, old, t->index);
		return;
	}
	rec.create_index = old != NULL ? old->rec.create_index : t->index;
	rec.modify_index = t->index;
	if (node_pool_check(&rec, &t->reply->err) == 0)
		sched_put_pool(t->st, &rec, t->index);
}
