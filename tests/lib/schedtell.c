/* The scheduler's answer in the recorded form. */
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/fsm.h"
#include "common/mem.h"
#include "proto/cmd.h"
#include "tests/lib/schedcase.h"

struct tell {
	struct schedcase *c;
	const struct scheduler_result *res;
	const char *fresh; /* the id of the deployment that the plan makes */
	struct arena arena;
};

static const char *
str(const char *s)
{
	return s != NULL ? s : "";
}

static void
set_str(struct tree *t, const char *key, const char *s)
{
	tree_set(t, key, tree_str(str(s)));
}

static void
set_int(struct tree *t, const char *key, uint64_t v)
{
	tree_set(t, key, tree_int((int64_t)v));
}

/* "new" for what the plan makes. */
static const char *
deployment_name(const struct tell *t, const char *id)
{
	return t->fresh != NULL && strcmp(t->fresh, str(id)) == 0 ? "new"
								  : str(id);
}

/* --- evaluations --- */

static struct tree *
tell_classes(const struct eval *e, struct tree *t)
{
	struct tree *m = tree_map();

	for (size_t i = 0; i < e->nclass_eligibility; i++)
		tree_set(m, e->class_eligibility[i].key,
		    tree_bool(e->class_eligibility[i].value));
	tree_set(t, "ClassEligibility", m);
	tree_set(
	    t, "EscapedComputedClass", tree_bool(e->escaped_computed_class));
	return t;
}

static struct tree *
tell_created(const struct tell *t, const struct eval *e)
{
	struct tree *m = tell_classes(e, tree_map()), *keys = tree_list();

	for (size_t i = 0; i < e->nfailed_tg_allocs; i++)
		tree_push(keys, tree_str(e->failed_tg_allocs[i].key));
	tree_set(m, "FailedTGAllocsKeys", keys);
	set_str(m, "JobID", e->job_id);
	set_str(m, "Namespace", e->namespace);
	set_str(m, "NodeID", e->node_id);
	tree_set(m, "PreviousEvalIsThis",
	    tree_bool(strcmp(str(e->previous_eval), t->c->eval.id) == 0));
	set_int(m, "Priority", (uint64_t)e->priority);
	set_str(m, "QuotaLimitReached", e->quota_limit_reached);
	set_str(m, "Status", e->status);
	set_str(m, "StatusDescription", e->status_description);
	set_str(m, "TriggeredBy", e->triggered_by);
	set_str(m, "Type", e->type);
	if (e->wait_until != 0)
		set_int(m, "WaitUntilOffset",
		    (uint64_t)(e->wait_until - t->c->now));
	return m;
}

/* The evaluation itself where the plan made it. */
static void
set_followup(const struct tell *t, struct tree *m, const char *id)
{
	if (*str(id) == '\0')
		return;
	for (size_t i = 0; i < t->res->ncreated; i++)
		if (strcmp(t->res->created[i].id, id) == 0) {
			tree_set(m, "FollowupEval",
			    tell_created(t, &t->res->created[i]));
			return;
		}
	tree_set(m, "FollowupEval", tree_str("known"));
}

static struct tree *
tell_metric(const struct alloc_metric *m)
{
	return rec_to_tree(&alloc_metric_type, m);
}

static struct tree *
tell_ended(const struct tell *t)
{
	const struct eval *e = &t->res->ended;
	struct tree *m = tree_map(), *failed = tree_map(), *queued = tree_map();

	tree_set(m, "BlockedEval", tree_bool(*str(e->blocked_eval) != '\0'));
	tree_set(m, "NextEval", tree_bool(*str(e->next_eval) != '\0'));
	set_str(m, "DeploymentID", deployment_name(t, e->deployment_id));
	set_str(m, "Status", e->status);
	set_str(m, "StatusDescription", e->status_description);
	for (size_t i = 0; i < e->nfailed_tg_allocs; i++)
		tree_set(failed, e->failed_tg_allocs[i].key,
		    tell_metric(&e->failed_tg_allocs[i].value));
	set_int(m, "FailedCount", e->nfailed_tg_allocs);
	for (size_t i = 0; i < e->nqueued_allocations; i++)
		tree_set(queued, e->queued_allocations[i].key,
		    tree_int(e->queued_allocations[i].value));
	tree_set(m, "FailedTGAllocs", failed);
	tree_set(m, "QueuedAllocations", queued);
	return m;
}

/* --- the plan --- */

static struct tree *
tell_stop(struct tell *t, const struct plan_stop *s)
{
	struct tree *m = tree_map();
	struct sched_alloc *a = sched_alloc_find(&t->c->st, s->alloc_id);
	struct alloc now;

	sched_alloc_decode(a, &t->arena, false, &now);
	set_str(m, "ID", s->alloc_id);
	set_str(m, "DesiredStatus",
	    *str(s->desired_status) != '\0' ? s->desired_status
					    : now.desired_status);
	set_str(m, "DesiredDescription",
	    *str(s->desired_description) != '\0' ? s->desired_description
						 : now.desired_description);
	set_str(m, "ClientStatus",
	    *str(s->client_status) != '\0' ? s->client_status
					   : now.client_status);
	set_str(m, "LastReschedule", s->last_reschedule);
	set_followup(t, m,
	    *str(s->followup_eval_id) != '\0' ? s->followup_eval_id
					      : now.followup_eval_id);
	return m;
}

static void
set_tracker(struct tree *m, const struct reschedule_tracker *r)
{
	struct tree *t, *events;

	if (r == NULL)
		return;
	t = tree_map();
	events = tree_list();
	for (size_t i = 0; i < r->nevents; i++)
		tree_push(
		    events, rec_to_tree(&reschedule_event_type, &r->events[i]));
	tree_set(t, "Events", events);
	set_str(t, "LastReschedule", r->last_reschedule);
	tree_set(m, "RescheduleTracker", t);
}

static struct tree *
tell_update(struct tell *t, const struct alloc *a)
{
	struct tree *m = tree_map(), *states = tree_list();
	struct sched_alloc *old = sched_alloc_find(&t->c->st, a->id);

	set_str(m, "ID", a->id);
	set_str(m, "Name", a->name);
	set_str(m, "ClientStatus", a->client_status);
	set_str(m, "DesiredStatus", a->desired_status);
	set_str(m, "DesiredDescription", a->desired_description);
	set_str(m, "DeploymentID", deployment_name(t, a->deployment_id));
	tree_set(m, "NewJob",
	    tree_bool(old->version->job->version != a->job_version));
	for (size_t i = 0; i < a->nalloc_states; i++) {
		struct tree *s = tree_map();

		tree_set(s, "TimeOffset",
		    tree_int(a->alloc_states[i].time - t->c->now));
		set_str(s, "Value", a->alloc_states[i].value);
		tree_push(states, s);
	}
	tree_set(m, "AllocStates", states);
	set_tracker(m, a->reschedule_tracker);
	set_followup(t, m, a->followup_eval_id);
	return m;
}

static bool
is_dynamic(const struct schedcase *c, const char *group, const char *label)
{
	for (size_t i = 0; i < c->job->ntask_groups; i++) {
		const struct task_group *tg = &c->job->task_groups[i];

		if (strcmp(tg->name, group) != 0 || tg->nnetworks == 0)
			continue;
		for (size_t k = 0; k < tg->networks[0].ndynamic_ports; k++)
			if (strcmp(tg->networks[0].dynamic_ports[k].label,
				label) == 0)
				return true;
	}
	return false;
}

static struct tree *
tell_task(const struct allocated_task_resources *r)
{
	struct tree *t = tree_map(), *cores = tree_list(), *devs = tree_list();

	set_int(t, "CpuShares", (uint64_t)r->cpu.cpu_shares);
	set_int(t, "MemoryMB", (uint64_t)r->memory.memory_mb);
	set_int(t, "MemoryMaxMB", (uint64_t)r->memory.memory_max_mb);
	for (size_t k = 0; k < r->cpu.nreserved_cores; k++)
		tree_push(cores, tree_int(r->cpu.reserved_cores[k]));
	tree_set(t, "ReservedCores", cores);
	for (size_t k = 0; k < r->ndevices; k++) {
		struct tree *d = tree_map();

		set_int(d, "DeviceIDsCount", r->devices[k].ndevice_ids);
		set_str(d, "Name", r->devices[k].name);
		set_str(d, "Type", r->devices[k].type);
		set_str(d, "Vendor", r->devices[k].vendor);
		tree_push(devs, d);
	}
	tree_set(t, "Devices", devs);
	return t;
}

static struct tree *
tell_resources(const struct tell *t, const struct alloc *a)
{
	const struct allocated_resources *r = a->allocated_resources;
	struct tree *m = tree_map(), *tasks = tree_map(), *ports = tree_list();

	set_int(m, "DiskMB", (uint64_t)r->shared.disk_mb);
	for (size_t i = 0; i < r->ntasks; i++)
		tree_set(tasks, r->tasks[i].key, tell_task(&r->tasks[i]));
	for (size_t i = 0; i < r->shared.nports; i++) {
		const struct port_mapping *p = &r->shared.ports[i];
		struct tree *o = tree_map();

		set_str(o, "Label", p->label);
		set_str(o, "HostIP", p->host_ip);
		if (is_dynamic(t->c, a->task_group, p->label))
			tree_set(o, "Dynamic", tree_bool(p->value > 0));
		else
			set_int(o, "Value", (uint64_t)p->value);
		tree_push(ports, o);
	}
	tree_set(m, "Tasks", tasks);
	tree_set(m, "Ports", ports);
	return m;
}

static struct tree *
tell_scores(const struct alloc_metric *m)
{
	struct tree *list = tree_list();

	for (size_t i = 0; i < m->nscore_meta_data; i++) {
		const struct node_score_meta *s = &m->score_meta_data[i];
		struct tree *t = tree_map(), *scores = tree_map();

		set_str(t, "NodeID", s->node_id);
		tree_set(t, "NormScore", tree_float(s->norm_score));
		for (size_t k = 0; k < s->nscores; k++)
			tree_set(scores, s->scores[k].key,
			    tree_float(s->scores[k].value));
		tree_set(t, "Scores", scores);
		tree_push(list, t);
	}
	return list;
}

static struct tree *
tell_place(const struct tell *t, const struct alloc *a)
{
	struct tree *m = tree_map(), *victims = tree_list();

	tree_set(m, "AllocatedResources", tell_resources(t, a));
	tree_set(m, "Canary",
	    tree_bool(
		a->deployment_status != NULL && a->deployment_status->canary));
	set_str(m, "ClientStatus", a->client_status);
	set_str(m, "DeploymentID", deployment_name(t, a->deployment_id));
	set_str(m, "DesiredDescription", a->desired_description);
	set_str(m, "DesiredStatus", a->desired_status);
	set_int(m, "JobVersion", a->job_version);
	set_str(m, "Name", a->name);
	set_str(m, "NodeID", a->node_id);
	set_str(m, "PreviousAllocation", a->previous_allocation);
	set_str(m, "TaskGroup", a->task_group);
	for (size_t i = 0; i < a->npreempted_allocations; i++)
		tree_push(victims, tree_str(a->preempted_allocations[i]));
	tree_set(m, "PreemptedAllocations", victims);
	tree_set(m, "Metrics", tell_metric(a->metrics));
	tree_set(m, "ScoreMetaData", tell_scores(a->metrics));
	set_tracker(m, a->reschedule_tracker);
	return m;
}

static struct tree *
tell_deployment(const struct tell *t, const struct deployment *d)
{
	struct tree *m, *groups;

	if (d == NULL)
		return tree_null();
	m = rec_to_tree(&deployment_type, d);
	groups = tree_map();
	for (size_t i = 0; i < d->ntask_groups; i++) {
		struct tree *g =
		    rec_to_tree(&deployment_state_type, &d->task_groups[i]);

		set_int(
		    g, "PlacedCanaries", d->task_groups[i].nplaced_canaries);
		tree_set(groups, d->task_groups[i].key, g);
	}
	tree_set(m, "TaskGroups", groups);
	set_str(m, "ID", deployment_name(t, d->id));
	tree_set(m, "IsNew",
	    tree_bool(sched_deployment_find(&t->c->st, d->id) == NULL));
	return m;
}

static void
set_changes(const struct tell *t, struct tree *m)
{
	const struct cmd_plan *p = &t->res->plan;
	struct tree *list = tree_list();

	for (size_t i = 0; i < p->ndeployment_changes; i++) {
		const struct deployment_change *c = &p->deployment_changes[i];
		struct tree *o = tree_map();

		set_str(
		    o, "DeploymentID", deployment_name(t, c->deployment_id));
		set_str(o, "Status", c->status);
		set_str(o, "StatusDescription", c->status_description);
		tree_push(list, o);
	}
	tree_set(m, "DeploymentUpdates", list);
}

static struct tree *
tell_plan(struct tell *t)
{
	const struct cmd_plan *p = &t->res->plan;
	struct tree *m = tree_map(), *stops = tree_list();
	struct tree *updates = tree_list(), *places = tree_list();
	struct tree *victims = tree_list();

	for (size_t i = 0; i < p->nstops; i++)
		tree_push(stops, tell_stop(t, &p->stops[i]));
	for (size_t i = 0; i < p->nupdates; i++)
		tree_push(updates, tell_update(t, &p->updates[i]));
	for (size_t i = 0; i < p->nplaces; i++)
		tree_push(places, tell_place(t, &p->places[i]));
	for (size_t i = 0; i < p->npreempts; i++)
		tree_push(victims, tell_stop(t, &p->preempts[i]));
	set_int(m, "NodeUpdateCount", p->nstops);
	set_int(m, "NodeAllocationCount", p->nupdates + p->nplaces);
	set_int(m, "NodePreemptionsCount", p->npreempts);
	tree_set(m, "NodeUpdate", stops);
	tree_set(m, "Update", updates);
	tree_set(m, "Place", places);
	tree_set(m, "NodePreemptions", victims);
	tree_set(m, "Deployment", tell_deployment(t, p->deployment));
	set_changes(t, m);
	return m;
}

static struct tree *
tell_desired(const struct plan_annotations *a)
{
	struct tree *m = tree_map();

	for (size_t i = 0; i < a->ndesired_tg_updates; i++)
		tree_set(m, a->desired_tg_updates[i].key,
		    rec_to_tree(
			&desired_updates_type, &a->desired_tg_updates[i]));
	return m;
}

/* The job's newest deployment once the plan is carried out. */
static struct tree *
tell_afterwards(struct tell *t)
{
	struct schedcase *c = t->c;
	struct cmd cmd = { .time = c->now };
	struct cmd_plan plan = t->res->plan;
	const struct sched_job *j;
	const struct sched_deployment *d = NULL;
	struct fsm_reply reply;

	if (c->job == NULL)
		return tree_null();
	cmd.plan = &plan;
	if (t->res->has_plan)
		fsm_apply_cmd(&c->st, c->st.index + 1, &cmd, &reply);
	j = sched_job_find(&c->st, c->job->namespace, c->job->id);
	if (j != NULL)
		d = sched_deployment_latest(j);
	return tell_deployment(t, d != NULL ? &d->rec : NULL);
}

struct tree *
schedcase_tell(struct schedcase *c, const struct scheduler_result *res)
{
	struct tell t = { .c = c, .res = res };
	struct tree *m = tree_map(), *created = tree_list();
	const struct deployment *d = res->plan.deployment;

	if (d != NULL && sched_deployment_find(&c->st, d->id) == NULL)
		t.fresh = d->id;
	/* The recorder makes those for evicted jobs elsewhere. */
	for (size_t i = 0; i < res->ncreated; i++)
		if (strcmp(str(res->created[i].triggered_by), "preemption") !=
		    0)
			tree_push(created, tell_created(&t, &res->created[i]));
	tree_set(m, "CreateEvals", created);
	tree_set(m, "DesiredTGUpdates", tell_desired(&res->annotations));
	set_int(m, "PlansSubmitted", res->has_plan);
	set_int(m, "ReblockEvals", res->reblocked);
	if (res->reblocked)
		tree_set(
		    m, "ReblockEval", tell_classes(&res->ended, tree_map()));
	else
		tree_set(m, "Eval", tell_ended(&t));
	if (res->has_plan)
		tree_set(m, "Plan", tell_plan(&t));
	tree_set(m, "DeploymentAfter", tell_afterwards(&t));
	arena_release(&t.arena);
	return m;
}

/* --- what is wanted --- */

/* Names without their value in what we hold: the recorder's own. */
static bool
is_ours(const char *key)
{
	return strcmp(key, "EvalPriority") != 0 && strcmp(key, "Field") != 0 &&
	       strcmp(key, "EvalUpdates") != 0;
}

static struct tree *
follow(const struct tree *t, const struct tree *created)
{
	struct tree *out;

	if (t->kind == TREE_LIST) {
		out = tree_list();
		for (size_t i = 0; i < t->nitems; i++)
			tree_push(out, follow(t->items[i], created));
		return out;
	}
	if (t->kind != TREE_MAP)
		return tree_copy(t);
	out = tree_map();
	for (size_t i = 0; i < t->nmembers; i++) {
		const char *key = t->members[i].key;
		const struct tree *v = t->members[i].value;

		if (strcmp(key, "FollowupEval") == 0 && v->kind == TREE_INT) {
			if (v->i < 0)
				tree_set(out, key, tree_str("known"));
			else if (created != NULL &&
				 (size_t)v->i < created->nitems)
				tree_set(
				    out, key, tree_copy(created->items[v->i]));
		} else if (is_ours(key)) {
			tree_set(out, key, follow(v, created));
		}
	}
	return out;
}

struct tree *
schedcase_want(const struct tree *expect)
{
	return follow(expect, tree_get(expect, "CreateEvals"));
}
