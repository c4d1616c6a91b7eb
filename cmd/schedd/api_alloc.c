/*
 * Allocations, evaluations, deployments and services.
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

static int
newest_first(const void *a, const void *b)
{
	const struct alloc_stub *x = a, *y = b;

	if (x->create_index != y->create_index)
		return x->create_index < y->create_index ? 1 : -1;
	return strcmp(x->id, y->id);
}

static void
read_allocs(struct query *q)
{
	bool resources = query_flag(q, "resources");
	struct alloc_stub *stubs = NULL;
	size_t n = 0, cap = 0;

	if (!query_check_uuid_prefix(q, "alloc"))
		return;
	if (query_waits(q, SCHED_ALLOCS, ""))
		return;
	for (struct sched_alloc *a = q->st->allocs; a != NULL; a = a->hh.next) {
		struct alloc rec;

		if (!query_wants_ns(q, a->job->ns) || !query_wants_id(q, a->id))
			continue;
		sched_alloc_decode(a, &q->arena, true, &rec);
		stubs = xgrow(stubs, n, &cap, sizeof *stubs);
		stubs[n++] = api_alloc_stub(&rec, resources, true);
	}
	if (n > 0)
		qsort(stubs, n, sizeof *stubs, newest_first);
	rec_list_to_json(
	    &alloc_stub_type, stubs, n, &q->out, query_json_flags(q));
	free(stubs);
	query_reply(q);
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

	if (query_waits(q, SCHED_ALLOC, id))
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
	sched_core_alloc_stop(sd->core, schedd_ask_http(sd, r),
	    http_route_param(r, "id"), strcmp(text, "true") == 0);
	schedd_leave(sd);
}

/* Stubs of a list of allocations, oldest first. */
#define STUBS_OF(q, head, field, stubs, n)                                     \
	do {                                                                   \
		struct sched_alloc *one_;                                      \
		size_t cap_ = 0;                                               \
		TAILQ_FOREACH (one_, head, field) {                            \
			struct alloc rec_;                                     \
			sched_alloc_decode(one_, &(q)->arena, true, &rec_);    \
			(stubs) = xgrow((stubs), (n), &cap_, sizeof *(stubs)); \
			(stubs)[(n)++] = api_alloc_stub(&rec_, false, true);   \
		}                                                              \
	} while (0)

static void
reply_stubs(struct query *q, struct alloc_stub *stubs, size_t n)
{
	rec_list_to_json(
	    &alloc_stub_type, stubs, n, &q->out, query_json_flags(q));
	free(stubs);
	query_reply(q);
}

/* --- evaluations --- */

static int
newest_eval_first(const void *a, const void *b)
{
	const struct eval *x = a, *y = b;

	if (x->create_index != y->create_index)
		return x->create_index < y->create_index ? 1 : -1;
	return strcmp(x->id, y->id);
}

static void
read_evals(struct query *q)
{
	struct eval *list = NULL;
	size_t n = 0, cap = 0;
	char status[32] = "", job[256] = "";

	if (!query_check_uuid_prefix(q, "eval"))
		return;
	if (query_waits(q, SCHED_EVALS, ""))
		return;
	http_param(q->req, "status", status, sizeof status);
	http_param(q->req, "job", job, sizeof job);
	for (struct sched_eval *e = q->st->evals; e != NULL; e = e->hh.next) {
		const char *job_id = e->rec.job_id != NULL ? e->rec.job_id : "";

		if (!query_wants_ns(q, e->rec.namespace) ||
		    !query_wants_id(q, e->rec.id) ||
		    (*status != '\0' && strcmp(status, e->rec.status) != 0) ||
		    (*job != '\0' && strcmp(job, job_id) != 0))
			continue;
		list = xgrow(list, n, &cap, sizeof *list);
		list[n++] = e->rec;
	}
	if (n > 0)
		qsort(list, n, sizeof *list, newest_eval_first);
	rec_list_to_json(&eval_type, list, n, &q->out, query_json_flags(q));
	free(list);
	query_reply(q);
}

void
api_evals(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_evals);
}

static void
read_eval(struct query *q)
{
	const char *id = query_arg(q, "id");
	struct sched_eval *e = sched_eval_find(q->st, id);

	if (query_waits(q, SCHED_EVAL, id))
		return;
	if (e == NULL)
		query_fail(q, 404, "eval not found");
	else
		query_reply_rec(q, &eval_type, &e->rec);
}

void
api_eval(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_eval);
}

static void
read_eval_allocs(struct query *q)
{
	const char *id = query_arg(q, "id");
	struct sched_eval *e = sched_eval_find(q->st, id);
	struct alloc_stub *stubs = NULL;
	size_t n = 0;

	if (query_waits(q, SCHED_EVAL_ALLOCS, id))
		return;
	if (e != NULL)
		STUBS_OF(q, &e->allocs, by_eval, stubs, n);
	reply_stubs(q, stubs, n);
}

void
api_eval_allocs(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_eval_allocs);
}

/* --- deployments --- */

static void
read_deployments(struct query *q)
{
	struct deployment *list = NULL;
	size_t n = 0, cap = 0;

	if (!query_check_uuid_prefix(q, "deployment"))
		return;
	if (query_waits(q, SCHED_DEPLOYMENTS, ""))
		return;
	for (struct sched_deployment *d = q->st->deployments; d != NULL;
	     d = d->hh.next) {
		if (!query_wants_ns(q, d->rec.namespace) ||
		    !query_wants_id(q, d->rec.id))
			continue;
		list = xgrow(list, n, &cap, sizeof *list);
		list[n++] = d->rec;
	}
	rec_list_to_json(
	    &deployment_type, list, n, &q->out, query_json_flags(q));
	free(list);
	query_reply(q);
}

void
api_deployments(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_deployments);
}

static void
read_deployment(struct query *q)
{
	const char *id = query_arg(q, "id");
	struct sched_deployment *d = sched_deployment_find(q->st, id);

	if (query_waits(q, SCHED_DEPLOYMENT, id))
		return;
	if (d == NULL)
		query_fail(q, 404, "deployment not found");
	else
		query_reply_rec(q, &deployment_type, &d->rec);
}

void
api_deployment(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_deployment);
}

static void
read_deployment_allocs(struct query *q)
{
	const char *id = query_arg(q, "id");
	struct sched_deployment *d = sched_deployment_find(q->st, id);
	struct alloc_stub *stubs = NULL;
	size_t n = 0;

	if (query_waits(q, SCHED_DEPLOYMENT_ALLOCS, id))
		return;
	if (d != NULL)
		STUBS_OF(q, &d->allocs, by_deployment, stubs, n);
	reply_stubs(q, stubs, n);
}

void
api_deployment_allocs(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_deployment_allocs);
}

/* --- services --- */

static void
reply_services(struct query *q, struct service_instance *list, size_t n)
{
	rec_list_to_json(
	    &service_instance_type, list, n, &q->out, query_json_flags(q));
	free(list);
	query_reply(q);
}

static void
read_service(struct query *q)
{
	const char *name = query_arg(q, "name");
	struct sched_service_set *set;
	struct sched_service *s;
	struct service_instance *list = NULL;
	struct buf key = { 0 };
	size_t n = 0, cap = 0;
	bool waits =
	    query_waits(q, SCHED_SERVICE, sched_key(&key, q->ns, name));

	buf_release(&key);
	if (waits)
		return;
	set = sched_services_named(q->st, q->ns, name);
	if (set != NULL)
		TAILQ_FOREACH (s, &set->services, by_name) {
			list = xgrow(list, n, &cap, sizeof *list);
			list[n++] = s->rec;
		}
	reply_services(q, list, n);
}

void
api_service(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_service);
}

static void
read_alloc_services(struct query *q)
{
	struct sched_service_set *set =
	    sched_services_of_alloc(q->st, query_arg(q, "id"));
	struct sched_service *s;
	struct service_instance *list = NULL;
	size_t n = 0, cap = 0;

	if (query_waits(q, SCHED_SERVICES, ""))
		return;
	if (set != NULL)
		TAILQ_FOREACH (s, &set->services, by_alloc) {
			list = xgrow(list, n, &cap, sizeof *list);
			list[n++] = s->rec;
		}
	reply_services(q, list, n);
}

void
api_alloc_services(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_alloc_services);
}

static void
add_tags(struct tree *tags, const struct service_instance *s)
{
	for (size_t i = 0; i < s->ntags; i++) {
		bool known = false;

		for (size_t k = 0; k < tags->nitems && !known; k++)
			known = strcmp(tags->items[k]->str, s->tags[i]) == 0;
		if (!known)
			tree_push(tags, tree_str(s->tags[i]));
	}
}

/* One entry for each service: its name and the tags of all instances. */
static struct tree *
services_of_ns(const struct query *q, const char *ns)
{
	struct tree *list = tree_list();

	for (struct sched_service_set *set = q->st->services_by_name;
	     set != NULL; set = set->hh.next) {
		struct sched_service *s = TAILQ_FIRST(&set->services);
		struct tree *one, *tags;

		if (s == NULL || strcmp(s->rec.ns, ns) != 0)
			continue;
		one = tree_map();
		tags = tree_list();
		tree_set(one, "ServiceName", tree_str(s->rec.service_name));
		TAILQ_FOREACH (s, &set->services, by_name)
			add_tags(tags, &s->rec);
		tree_set(one, "Tags", tags);
		tree_push(list, one);
	}
	return list;
}

static void
read_services(struct query *q)
{
	struct map namespaces = { 0 };
	struct tree *all = tree_list();

	if (query_waits(q, SCHED_SERVICES, "")) {
		tree_free(all);
		return;
	}
	for (struct sched_service *s = q->st->services; s != NULL;
	     s = s->hh.next)
		if (query_wants_ns(q, s->rec.ns))
			map_put(&namespaces, s->rec.ns, s);
	MAP_FOREACH (e, &namespaces) {
		struct tree *one = tree_map();

		tree_set(one, "Namespace", tree_str(map_key(e)));
		tree_set(one, "Services", services_of_ns(q, map_key(e)));
		tree_push(all, one);
	}
	map_release(&namespaces);
	tree_to_json(all, &q->out, query_json_flags(q) != 0 ? TREE_PRETTY : 0);
	tree_free(all);
	query_reply(q);
}

void
api_services(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_services);
}
