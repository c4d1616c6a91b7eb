/*
 * What people ask about node pools.
 */
#include "cmd/schedd/core_impl.h"

#include "cmd/schedd/text.h"
#include "common/text.h"

/* Older servers could not keep them. */
static bool
may_keep(struct sched_core *c, uint64_t req)
{
	if (c->state.level >= NODE_POOL_LEVEL)
		return true;
	core_refuse(c, req, ERR_CONFLICT,
	    "node pools cannot be changed before all servers are new: the "
	    "feature level in force is below %d",
	    NODE_POOL_LEVEL);
	return false;
}

void
sched_core_pool_put(
    struct sched_core *c, uint64_t req, const struct node_pool *pool)
{
	struct cmd_node_pool u = { .pool = *pool };
	struct cmd cmd = { .node_pool = &u };
	struct err err;

	if (!core_may_ask(c, req) || !may_keep(c, req))
		return;
	if (node_pool_check(pool, &err) == -1)
		core_refuse_err(c, req, &err);
	else
		core_ask(c, req, &cmd, CORE_EMPTY);
}

static bool
has_nodes(const struct sched_state *st, const char *pool)
{
	for (const struct sched_node *n = st->nodes; n != NULL; n = n->hh.next)
		if (n->node != NULL && sched_eq(n->node->node_pool, pool))
			return true;
	return false;
}

int
core_pool_check_job(
    const struct sched_core *c, const struct job *job, struct err *err)
{
	const char *pool = sched_str(job->node_pool);

	if (node_pool_is_built_in(pool) ||
	    sched_pool_find(&c->state, pool) != NULL ||
	    has_nodes(&c->state, pool))
		return 0;
	return err_set(err, ERR_BAD,
	    "job \"%s\" is in nonexistent node pool \"%s\"", job->id, pool);
}

static bool
has_jobs(const struct sched_state *st, const char *pool)
{
	for (const struct sched_job *j = st->jobs; j != NULL; j = j->hh.next)
		if (j->job != NULL && sched_eq(j->job->node_pool, pool) &&
		    !sched_eq(sched_job_status(j), "dead"))
			return true;
	return false;
}

void
sched_core_pool_delete(struct sched_core *c, uint64_t req, const char *name)
{
	struct cmd_node_pool u = { .pool = { .name = text_borrow(name) },
		.remove = true };
	struct cmd cmd = { .node_pool = &u };

	if (!core_may_ask(c, req) || !may_keep(c, req))
		return;
	if (node_pool_is_built_in(name))
		core_refuse(c, req, ERR_BAD,
		    "deleting node pool \"%s\" is not allowed", name);
	else if (has_jobs(&c->state, name))
		core_refuse(c, req, ERR_BAD,
		    "node pool \"%s\" has non-terminal jobs in regions: [%s]",
		    name, c->region);
	else if (has_nodes(&c->state, name))
		core_refuse(c, req, ERR_BAD,
		    "node pool \"%s\" has nodes in regions: [%s]", name,
		    c->region);
	else if (sched_pool_find(&c->state, name) == NULL)
		core_refuse(
		    c, req, ERR_NOT_FOUND, "node pool %s not found", name);
	else
		core_ask(c, req, &cmd, CORE_EMPTY);
}
