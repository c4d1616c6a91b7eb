/*
 * Allocations.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/api.h"
#include "common/http/route.h"
#include "common/mem.h"

/* --- allocations --- */

struct alloc_stub
api_alloc_stub(const struct alloc *a, bool resources, bool task_states)
{
	struct alloc_stub s = { .id = a->id,
		.eval_id = a->eval_id,
		.name = a->name,
		.namespace = a->namespace,
		.node_id = a->node_id,
		.node_name = a->node_name,
		.job_id = a->job_id,
		.task_group = a->task_group,
		.desired_status = a->desired_status,
		.desired_description = a->desired_description,
		.client_status = a->client_status,
		.client_description = a->client_description,
		.deployment_status = a->deployment_status,
		.followup_eval_id = a->followup_eval_id,
		.next_allocation = a->next_allocation,
		.reschedule_tracker = a->reschedule_tracker,
		.preempted_allocations = a->preempted_allocations,
		.npreempted_allocations = a->npreempted_allocations,
		.preempted_by_allocation = a->preempted_by_allocation,
		.create_index = a->create_index,
		.modify_index = a->modify_index,
		.create_time = a->create_time,
		.modify_time = a->modify_time };

	if (a->job != NULL) {
		s.job_type = a->job->type;
		s.job_version = a->job->version;
	}
	if (resources)
		s.allocated_resources = a->allocated_resources;
	if (task_states) {
		s.task_states = a->task_states;
		s.ntask_states = a->ntask_states;
	}
	return s;
}

static struct query_key
alloc_key(const void *item)
{
	const struct sched_alloc *a = item;

	return (struct query_key){ .index = a->create_index, .id = a->id };
}

static void
reply_stubs(struct query *q, const void **allocs, size_t n, bool resources,
    bool task_states)
{
	struct alloc_stub *stubs = arena_alloc(&q->arena, n * sizeof *stubs);

	for (size_t i = 0; i < n; i++) {
		struct alloc rec;

		sched_alloc_decode(allocs[i], &q->arena, true, &rec);
		stubs[i] = api_alloc_stub(&rec, resources, task_states);
	}
	query_reply_list(q, &alloc_stub_type, stubs, n);
}

static void
read_allocs(struct query *q)
{
	const struct sched_alloc *a;
	const void **list;
	size_t n = 0;

	if (!query_check_uuid_prefix(q, "alloc"))
		return;
	if (query_waits(q, SCHED_ALLOCS, ""))
		return;
	list = arena_alloc(&q->arena, q->st->alloc_ids.n * sizeof *list);
	TAILQ_FOREACH (a, &q->st->allocs, by_age)
		if (query_wants_ns(q, a->job->ns) && query_wants_id(q, a->id))
			list[n++] = a;
	n = query_page(q, list, n, alloc_key, QUERY_BY_INDEX);
	reply_stubs(q, list, n, query_flag(q, "resources", false),
	    query_flag(q, "task_states", true));
}

void
api_allocs(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_allocs);
}

/* --- the older form of resources, which clients still look at --- */

static void
legacy_task(const struct allocated_task_resources *t, struct resources *out)
{
	*out = (struct resources){ .cpu = t->cpu.cpu_shares,
		.has_cpu = true,
		.memory_mb = t->memory.memory_mb,
		.has_memory_mb = true,
		.memory_max_mb = t->memory.memory_max_mb,
		.has_memory_max_mb = true,
		.disk_mb = 0,
		.has_disk_mb = true,
		.iops = 0,
		.has_iops = true,
		.networks = t->networks,
		.nnetworks = t->nnetworks };
}

void
api_alloc_legacy(struct arena *arena, struct alloc *a)
{
	const struct allocated_resources *res = a->allocated_resources;
	struct resources *sum;

	if (res == NULL || a->resources != NULL)
		return;
	a->resources = sum = arena_alloc(arena, sizeof *sum);
	a->task_resources =
	    arena_alloc(arena, res->ntasks * sizeof *a->task_resources);
	a->ntask_resources = res->ntasks;
	sum->has_cpu = sum->has_memory_mb = sum->has_disk_mb = true;
	sum->disk_mb = res->shared.disk_mb;
	sum->networks = res->shared.networks;
	sum->nnetworks = res->shared.nnetworks;
	for (size_t i = 0; i < res->ntasks; i++) {
		a->task_resources[i].key = res->tasks[i].key;
		legacy_task(&res->tasks[i], &a->task_resources[i].value);
		sum->cpu += res->tasks[i].cpu.cpu_shares;
		sum->memory_mb += res->tasks[i].memory.memory_mb;
	}
}

static void
read_alloc(struct query *q)
{
	const char *id = query_arg(q, "id");
	struct sched_alloc *a = sched_alloc_find(q->st, id);
	struct alloc rec;

	if (!query_check_uuid(q, "alloc", id) ||
	    query_waits(q, SCHED_ALLOC, id))
		return;
	if (a == NULL) {
		query_fail(q, 404, "alloc not found");
		return;
	}
	sched_alloc_decode(a, &q->arena, true, &rec);
	api_alloc_legacy(&q->arena, &rec);
	query_reply_rec(q, &alloc_type, &rec);
}

void
api_alloc(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_alloc);
}

void
api_alloc_stop(void *ctx, struct http_req *r)
{
	struct schedd *sd = ctx;
	char text[8] = "";

	http_param(r, "no_shutdown_delay", text, sizeof text);
	schedd_enter(sd);
	sched_core_alloc_stop(sd->core, schedd_ask_http(sd, r, NULL),
	    http_route_param(r, "id"), strcmp(text, "true") == 0);
	schedd_leave(sd);
}

/* --- of an evaluation, of a deployment --- */

#define ALLOCS_OF(q, head, field, list, n)                                  \
	do {                                                                \
		const struct sched_alloc *one_;                             \
		size_t cap_ = 0;                                            \
		TAILQ_FOREACH (one_, head, field) {                         \
			(list) = xgrow((list), (n), &cap_, sizeof *(list)); \
			(list)[(n)++] = one_;                               \
		}                                                           \
	} while (0)

static void
read_eval_allocs(struct query *q)
{
	const char *id = query_arg(q, "id");
	struct sched_eval *e = sched_eval_find(q->st, id);
	const void **list = NULL;
	size_t n = 0;

	if (!query_check_uuid(q, "eval", id) ||
	    query_waits(q, SCHED_EVAL_ALLOCS, id))
		return;
	if (e != NULL)
		ALLOCS_OF(q, &e->allocs, by_eval, list, n);
	reply_stubs(q, list, n, false, true);
	free(list);
}

void
api_eval_allocs(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_eval_allocs);
}

static void
read_deployment_allocs(struct query *q)
{
	const char *id = query_arg(q, "id");
	struct sched_deployment *d = sched_deployment_find(q->st, id);
	const void **list = NULL;
	size_t n = 0;

	if (!query_check_uuid(q, "deployment", id) ||
	    query_waits(q, SCHED_DEPLOYMENT_ALLOCS, id))
		return;
	if (d != NULL)
		ALLOCS_OF(q, &d->allocs, by_deployment, list, n);
	reply_stubs(q, list, n, false, true);
	free(list);
}

void
api_deployment_allocs(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_deployment_allocs);
}
