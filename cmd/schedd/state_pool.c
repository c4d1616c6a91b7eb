/* Node pools that people have described: one table, by name. */
#include <stdlib.h>

#include "cmd/schedd/state.h"
#include "cmd/schedd/state_put.h"
#include "cmd/schedd/text.h"
#include "common/mem.h"

struct sched_pool *
sched_pool_find(const struct sched_state *st, const char *name)
{
	struct sched_pool *p;

	HASH_FIND_STR(st->pools, name, p);
	return p;
}

void
sched_put_pool(struct sched_state *st, const struct node_pool *rec, uint64_t at)
{
	struct sched_pool *p = xcalloc(1, sizeof *p);
	struct sched_pool *old = sched_pool_find(st, rec->name);

	rec_copy(&node_pool_type, &p->rec, rec);
	if (old != NULL)
		sched_pool_forget(st, old, at);
	HASH_ADD_KEYPTR(hh, st->pools, p->rec.name, strlen(p->rec.name), p);
	sched_touch_table(st, SCHED_NODES, at);
}

void
sched_pool_forget(struct sched_state *st, struct sched_pool *p, uint64_t at)
{
	HASH_DEL(st->pools, p);
	sched_touch_table(st, SCHED_NODES, at);
	rec_clear(&node_pool_type, &p->rec);
	free(p);
}
