#include "cmd/schedd/state_put.h"

#include <stdlib.h>

#include "cmd/schedd/text.h"
#include "common/mem.h"

/* --- jobs --- */

/* There are few. */
static void
note_namespace(struct sched_state *st, const char *ns)
{
	for (size_t i = 0; i < st->nnamespaces; i++)
		if (strcmp(st->namespaces[i], ns) == 0)
			return;
	st->namespaces = xreallocarray(
	    st->namespaces, st->nnamespaces + 1, sizeof *st->namespaces);
	st->namespaces[st->nnamespaces++] = xstrdup(ns);
}

struct sched_job *
sched_job_have(struct sched_state *st, const char *ns, const char *id)
{
	struct sched_job *j = sched_job_entry(st, ns, id);
	struct buf key = { 0 };

	if (j != NULL)
		return j;
	j = xcalloc(1, sizeof *j);
	j->packing = st->packing;
	sched_key(&key, ns, id);
	j->key = buf_take(&key);
	j->ns = xstrdup(ns);
	j->id = xstrdup(id);
	TAILQ_INIT(&j->allocs);
	TAILQ_INIT(&j->evals);
	TAILQ_INIT(&j->deployments);
	HASH_ADD_KEYPTR(hh, st->jobs, j->key, strlen(j->key), j);
	note_namespace(st, ns);
	return j;
}

size_t
sched_group_have(struct sched_job *j, const char *name)
{
	for (size_t i = 0; i < j->ngroups; i++)
		if (strcmp(j->groups[i].name, name) == 0)
			return i;
	j->groups = xreallocarray(j->groups, j->ngroups + 1, sizeof *j->groups);
	j->groups[j->ngroups] = (struct sched_group){ .name = xstrdup(name) };
	return j->ngroups++;
}

void
sched_version_unref(struct sched_version *v)
{
	if (v == NULL || --v->refs > 0)
		return;
	rec_clear(&job_type, v->job);
	free(v->job);
	free(v);
}

static void
add_version(struct sched_job *j, struct job *job, size_t place)
{
	struct sched_version *v = xcalloc(1, sizeof *v);

	v->job = job;
	v->refs = 1;
	j->versions =
	    xreallocarray(j->versions, j->nversions + 1, sizeof *j->versions);
	memmove(&j->versions[place + 1], &j->versions[place],
	    (j->nversions - place) * sizeof *j->versions);
	j->versions[place] = v;
	j->nversions++;
	j->job = j->versions[0]->job;
	for (size_t i = 0; place == 0 && i < job->ntask_groups; i++)
		sched_group_have(j, sched_str(job->task_groups[i].name));
}

void
sched_put_version(struct sched_state *st, struct sched_job *j, struct job *job)
{
	size_t untagged = 0;

	sched_words_of_job(st->packing, job);
	add_version(j, job, 0);
	for (size_t i = 0; i < j->nversions; i++) {
		if (j->versions[i]->job->version_tag != NULL)
			continue;
		if (++untagged <= SCHED_JOB_VERSIONS)
			continue;
		sched_version_unref(j->versions[i]);
		j->nversions--;
		memmove(&j->versions[i], &j->versions[i + 1],
		    (j->nversions - i) * sizeof *j->versions);
		break;
	}
}

void
sched_add_version(struct sched_state *st, struct sched_job *j, struct job *job)
{
	sched_words_of_job(st->packing, job);
	add_version(j, job, j->nversions);
}

void
sched_job_changed(struct sched_state *st, struct sched_job *j, uint64_t at)
{
	if (j->job != NULL)
		j->job->modify_index = at;
	sched_touch(st, SCHED_JOB, j->key);
	sched_touch_table(st, SCHED_JOBS, at);
}

void
sched_job_settle(struct sched_state *st, struct sched_job *j, uint64_t at)
{
	const char *status = sched_job_status(j);

	if (j->job == NULL || sched_eq(j->job->status, status))
		return;
	sched_set(&j->job->status, status);
	sched_job_changed(st, j, at);
}

static void
drop_versions(struct sched_job *j)
{
	for (size_t i = 0; i < j->nversions; i++)
		sched_version_unref(j->versions[i]);
	free(j->versions);
	j->versions = NULL;
	j->nversions = 0;
	j->job = NULL;
}

static void
job_entry_free(struct sched_state *st, struct sched_job *j)
{
	drop_versions(j);
	for (size_t i = 0; i < j->ngroups; i++) {
		struct sched_group *g = &j->groups[i];

		for (size_t k = 0; k < g->nevents; k++)
			rec_clear(&scaling_event_type, &g->events[k]);
		free(g->events);
		free(g->name);
	}
	free(j->groups);
	HASH_DEL(st->jobs, j);
	free(j->key);
	free(j->ns);
	free(j->id);
	free(j);
}

/* An entry stays while anything refers to it. */
static void
job_entry_unused(struct sched_state *st, struct sched_job *j)
{
	if (j->job == NULL && TAILQ_EMPTY(&j->allocs) &&
	    TAILQ_EMPTY(&j->evals) && TAILQ_EMPTY(&j->deployments))
		job_entry_free(st, j);
}

void
sched_job_purge(struct sched_state *st, struct sched_job *j, uint64_t at)
{
	drop_versions(j);
	j->has_former = true;
	sched_job_changed(st, j, at);
	job_entry_unused(st, j);
}

void
sched_entries_unused(
    struct sched_state *st, struct sched_job *j, struct sched_node *n)
{
	if (j != NULL)
		job_entry_unused(st, j);
	if (n != NULL)
		sched_node_entry_unused(st, n);
}

/* --- evaluations --- */

static void
touch_eval(struct sched_state *st, struct sched_eval *e, uint64_t at)
{
	sched_touch(st, SCHED_EVAL, e->rec.id);
	sched_touch_table(st, SCHED_EVALS, at);
	if (e->job == NULL)
		return;
	if (e->job->evals_index < at)
		e->job->evals_index = at;
	sched_touch(st, SCHED_JOB_EVALS, e->job->key);
}

static struct sched_eval *
eval_have(struct sched_state *st, const struct eval *rec)
{
	struct sched_eval *e = sched_eval_find(st, rec->id);

	if (e != NULL) {
		if (e->job != NULL && !sched_eval_is_terminal(&e->rec))
			e->job->nopen--;
		HASH_DEL(st->evals, e);
		rec_clear(&eval_type, &e->rec);
	} else {
		e = xcalloc(1, sizeof *e);
		TAILQ_INIT(&e->allocs);
		if (!sched_is_empty(rec->job_id)) {
			e->job = sched_job_have(
			    st, sched_str(rec->namespace), rec->job_id);
			TAILQ_INSERT_TAIL(&e->job->evals, e, by_job);
			e->job->nevals++;
		}
	}
	rec_copy(&eval_type, &e->rec, rec);
	HASH_ADD_KEYPTR(hh, st->evals, e->rec.id, strlen(e->rec.id), e);
	return e;
}

void
sched_note_queued(struct sched_state *st, const char *eval_id, uint64_t at)
{
	struct sched_eval *e = sched_eval_find(st, eval_id);

	if (e == NULL || e->job == NULL)
		return;
	for (size_t i = 0; i < e->rec.nqueued_allocations; i++) {
		const struct rec_ki *q = &e->rec.queued_allocations[i];
		size_t g = sched_group_have(e->job, q->key);

		if (e->job->groups[g].queued == q->value)
			continue;
		e->job->groups[g].queued = q->value;
		e->job->summary_index = at;
		sched_job_changed(st, e->job, at);
	}
}

void
sched_put_eval(struct sched_state *st, const struct eval *rec, uint64_t at)
{
	struct sched_eval *e = eval_have(st, rec);

	if (e->job != NULL && !sched_eval_is_terminal(&e->rec))
		e->job->nopen++;
	touch_eval(st, e, at);
}

static void
leave_eval(struct sched_alloc *a)
{
	TAILQ_REMOVE(&a->eval->allocs, a, by_eval);
	a->eval = NULL;
}

void
sched_eval_forget(struct sched_state *st, struct sched_eval *e, uint64_t at)
{
	struct sched_alloc *a;
	struct sched_job *j = e->job;

	while ((a = TAILQ_FIRST(&e->allocs)) != NULL)
		sched_alloc_repack(a, st->level, leave_eval);
	touch_eval(st, e, at);
	HASH_DEL(st->evals, e);
	if (j != NULL) {
		TAILQ_REMOVE(&j->evals, e, by_job);
		j->nevals--;
		if (!sched_eval_is_terminal(&e->rec))
			j->nopen--;
		job_entry_unused(st, j);
	}
	rec_clear(&eval_type, &e->rec);
	free(e);
}

/* --- deployments --- */

void
sched_deployment_changed(
    struct sched_state *st, struct sched_deployment *d, uint64_t at)
{
	d->rec.modify_index = at;
	if (d->job->deployments_index < at)
		d->job->deployments_index = at;
	sched_touch(st, SCHED_DEPLOYMENT, d->rec.id);
	sched_touch(st, SCHED_JOB_DEPLOYMENTS, d->job->key);
	sched_touch_table(st, SCHED_DEPLOYMENTS, at);
}

void
sched_put_deployment(
    struct sched_state *st, const struct deployment *rec, uint64_t at)
{
	struct sched_deployment *d = sched_deployment_find(st, rec->id);

	if (d != NULL) {
		HASH_DEL(st->deployments, d);
		rec_clear(&deployment_type, &d->rec);
	} else {
		d = xcalloc(1, sizeof *d);
		TAILQ_INIT(&d->allocs);
		d->job =
		    sched_job_have(st, sched_str(rec->namespace), rec->job_id);
		TAILQ_INSERT_TAIL(&d->job->deployments, d, by_job);
	}
	rec_copy(&deployment_type, &d->rec, rec);
	HASH_ADD_KEYPTR(hh, st->deployments, d->rec.id, strlen(d->rec.id), d);
	sched_deployment_changed(st, d, at);
}

static void
leave_deployment(struct sched_alloc *a)
{
	TAILQ_REMOVE(&a->deployment->allocs, a, by_deployment);
	a->deployment = NULL;
}

void
sched_deployment_forget(
    struct sched_state *st, struct sched_deployment *d, uint64_t at)
{
	struct sched_alloc *a;
	struct sched_job *j = d->job;

	while ((a = TAILQ_FIRST(&d->allocs)) != NULL)
		sched_alloc_repack(a, st->level, leave_deployment);
	sched_deployment_changed(st, d, at);
	HASH_DEL(st->deployments, d);
	TAILQ_REMOVE(&j->deployments, d, by_job);
	job_entry_unused(st, j);
	rec_clear(&deployment_type, &d->rec);
	free(d);
}

/* --- the whole --- */

static void
release_tables(struct sched_state *st)
{
	struct sched_alloc *a;

	while ((a = TAILQ_FIRST(&st->allocs)) != NULL)
		sched_alloc_forget(st, a, 0);
	while (st->evals != NULL)
		sched_eval_forget(st, st->evals, 0);
	while (st->deployments != NULL)
		sched_deployment_forget(st, st->deployments, 0);
	while (st->services != NULL)
		sched_service_forget(st, st->services, 0);
	while (st->jobs != NULL)
		job_entry_free(st, st->jobs);
	while (st->nodes != NULL)
		sched_node_forget(st, st->nodes, 0);
	while (st->vars != NULL)
		sched_var_forget(st, st->vars, 0);
	while (st->pools != NULL)
		sched_pool_forget(st, st->pools, 0);
}

void
sched_state_release(struct sched_state *st)
{
	sched_watches_release(st);
	release_tables(st);
	rec_clear(&scheduler_configuration_type, &st->config);
	sched_gones_release(&st->gone_allocs);
	sched_gones_release(&st->gone_services);
	for (size_t i = 0; i < st->nclients; i++) {
		free(st->clients[i].client);
		free(st->clients[i].text);
	}
	free(st->clients);
	for (size_t i = 0; i < st->nnamespaces; i++)
		free(st->namespaces[i]);
	free(st->namespaces);
	sched_staged_release(&st->staged);
	alloctable_release(&st->alloc_ids);
	sched_packing_free(st->packing);
	*st = (struct sched_state){ 0 };
}
