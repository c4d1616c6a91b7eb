#include "cmd/schedd/jobcanon.h"

#include <ctype.h>
#include <stdlib.h>

#include "cmd/schedd/jobcanon_impl.h"

#define DEFAULT_PRIORITY 50

/* Whether an optional row is there. */
static bool
has_member(const struct rec_field *f, const char *rec)
{
	if (f->extra != 0 && f->shape == REC_ONE)
		return *(const bool *)(rec + f->extra);
	return *(void *const *)(rec + f->offset) != NULL;
}

/* Policies are made of optional numbers and text, nothing deeper. */
void
canon_fill(const struct rec_type *t, void *dst, const void *src)
{
	for (size_t i = 0; i < t->nfields; i++) {
		const struct rec_field *f = &t->fields[i];
		char *to = dst;
		const char *from = src;

		if (!f->opt || has_member(f, dst) || !has_member(f, src))
			continue;
		if (f->kind == REC_K_STR) {
			*(char **)(to + f->offset) =
			    xstrdup(*(char *const *)(from + f->offset));
			continue;
		}
		if (f->kind == REC_K_BOOL)
			*(bool *)(to + f->offset) =
			    *(const bool *)(from + f->offset);
		else
			*(int64_t *)(to + f->offset) =
			    *(const int64_t *)(from + f->offset);
		*(bool *)(to + f->extra) = true;
	}
}

void
canon_upper(char *s)
{
	for (; s != NULL && *s != '\0'; s++)
		*s = (char)toupper((unsigned char)*s);
}

void
canon_present(void *list_member)
{
	void *p;

	memcpy(&p, list_member, sizeof p);
	if (p == NULL) {
		p = xcalloc(1, 1);
		memcpy(list_member, &p, sizeof p);
	}
}

void
canon_absent(void *list_member, size_t n)
{
	void *p;

	if (n != 0)
		return;
	memcpy(&p, list_member, sizeof p);
	free(p);
	p = NULL;
	memcpy(list_member, &p, sizeof p);
}

void
canon_affinities(struct affinity *a, size_t n)
{
	for (size_t i = 0; i < n; i++)
		CANON_SET(&a[i], weight, 50);
}

void
canon_spreads(struct spread *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		CANON_SET(&s[i], weight, 50);
}

/* --- what a client fills in --- */

static void
send_periodic(struct periodic_config *p)
{
	CANON_SET(p, enabled, true);
	CANON_SET(p, prohibit_overlap, false);
	canon_text(&p->spec, "");
	canon_present(&p->specs);
	canon_text(&p->spec_type, "cron");
	canon_word(&p->time_zone, "UTC");
}

static void
send_multiregion(struct multiregion *m)
{
	if (m->strategy == NULL)
		m->strategy = xcalloc(1, sizeof *m->strategy);
	CANON_SET(m->strategy, max_parallel, 0);
	canon_text(&m->strategy->on_failure, "");
	for (size_t i = 0; i < m->nregions; i++) {
		CANON_SET(&m->regions[i], count, 1);
		canon_present(&m->regions[i].datacenters);
		canon_present(&m->regions[i].meta);
	}
}

static void
send_update(struct job *job)
{
	static const struct update_strategy defaults = {
		.stagger = 30 * CANON_S,
		.has_stagger = true,
		.max_parallel = 1,
		.has_max_parallel = true,
		.min_healthy_time = 10 * CANON_S,
		.has_min_healthy_time = true,
		.healthy_deadline = 300 * CANON_S,
		.has_healthy_deadline = true,
		.progress_deadline = 600 * CANON_S,
		.has_progress_deadline = true,
		.has_canary = true,
		.has_auto_revert = true,
		.has_auto_promote = true,
	};

	if (job->update == NULL && (strcmp(job->type, "service") == 0 ||
				       strcmp(job->type, "system") == 0))
		job->update = xcalloc(1, sizeof *job->update);
	if (job->update != NULL) {
		canon_fill(&update_strategy_type, job->update, &defaults);
		canon_text(&job->update->health_check, "checks");
	}
}

static void
send_server_members(struct job *job)
{
	canon_text(&job->parent_id, "");
	canon_text(&job->consul_namespace, "");
	canon_text(&job->vault_namespace, "");
	canon_text(&job->nomad_token_id, "");
	canon_text(&job->status, "");
	canon_text(&job->status_description, "");
	CANON_SET(job, stop, false);
	CANON_SET(job, stable, false);
	CANON_SET(job, version, 0);
	CANON_SET(job, create_index, 0);
	CANON_SET(job, modify_index, 0);
	CANON_SET(job, job_modify_index, 0);
}

void
canon_send_job(struct job *job, const char *region)
{
	canon_text(&job->id, "");
	canon_text(&job->name, job->id);
	canon_text(&job->namespace, "default");
	canon_text(&job->region, region);
	canon_text(&job->node_pool, "");
	canon_text(&job->type, "service");
	CANON_SET(job, priority, DEFAULT_PRIORITY);
	CANON_SET(job, all_at_once, false);
	send_server_members(job);
	if (job->periodic != NULL)
		send_periodic(job->periodic);
	if (job->multiregion != NULL)
		send_multiregion(job->multiregion);
	send_update(job);
	for (size_t i = 0; i < job->ntask_groups; i++)
		canon_send_group(&job->task_groups[i], job);
	canon_spreads(job->spreads, job->nspreads);
	canon_affinities(job->affinities, job->naffinities);
}

/* --- what a server makes of it --- */

/*
 * The groups have the job's policies by now. Of its update block only what
 * paces system jobs stays, and the block itself always does.
 */
static void
keep_policies(struct job *job)
{
	struct update_strategy kept = { .has_stagger = true,
		.has_max_parallel = true,
		.has_min_healthy_time = true,
		.has_healthy_deadline = true,
		.has_progress_deadline = true,
		.has_canary = true,
		.has_auto_revert = true,
		.has_auto_promote = true };

	if (job->update == NULL)
		job->update = xcalloc(1, sizeof *job->update);
	kept.stagger = job->update->stagger;
	kept.max_parallel = job->update->max_parallel;
	rec_clear(&update_strategy_type, job->update);
	*job->update = kept;
	canon_text(&job->update->health_check, "");
	if (job->reschedule != NULL)
		rec_clear(&reschedule_policy_type, job->reschedule);
	free(job->reschedule);
	job->reschedule = NULL;
	if (job->migrate != NULL)
		rec_clear(&migrate_strategy_type, job->migrate);
	free(job->migrate);
	job->migrate = NULL;
}

void
canon_keep_job(struct job *job)
{
	canon_absent(&job->meta, job->nmeta);
	canon_word(&job->namespace, "default");
	canon_text(&job->dispatch_idempotency_token, "");
	CANON_SET(job, submit_time, 0);
	if (job->ndatacenters == 0) {
		free(job->datacenters);
		job->datacenters = xcalloc(1, sizeof *job->datacenters);
		job->datacenters[0] = xstrdup("*");
		job->ndatacenters = 1;
	}
	if (job->parameterized_job != NULL)
		canon_word(&job->parameterized_job->payload, "optional");
	keep_policies(job);
	for (size_t i = 0; i < job->ntask_groups; i++)
		canon_keep_group(&job->task_groups[i], job);
}

static void
forget(char **s)
{
	free(*s);
	*s = NULL;
}

void
job_forget_claims(struct job *job)
{
	forget(&job->parent_id);
	forget(&job->dispatch_idempotency_token);
	forget(&job->nomad_token_id);
	forget(&job->status);
	forget(&job->status_description);
	job->dispatched = false;
	CANON_DROP(job, stable);
	CANON_DROP(job, version);
	CANON_DROP(job, submit_time);
	CANON_DROP(job, create_index);
	CANON_DROP(job, modify_index);
	CANON_DROP(job, job_modify_index);
}

void
job_canonicalize(struct job *job, const char *region)
{
	canon_send_job(job, region);
	canon_keep_job(job);
	if (job->priority == 0)
		job->priority = DEFAULT_PRIORITY;
	canon_word(&job->node_pool, "default");
}
