/*
 * What tasks, groups and jobs say in other words: scaling blocks, identities,
 * what tasks inherit, and tasks that stand beside the groups.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/mem.h"
#include "proto/job.h"
#include "proto/jobspec_impl.h"

#define MAX_INHERITED 10000 /* secrets that tasks get from above */

static void
set_if_absent(char **to, const char *text)
{
	if (*to == NULL)
		*to = xstrdup(text);
}

/* --- scaling --- */

void
jobspec_fold_group_scaling(
    struct rec_hcl *h, void *rec, void *more, const struct hcl_body *body)
{
	struct scaling_policy *p = rec;

	(void)more;
	rec_hcl_require(h, body, "max");
	set_if_absent(&p->type, "horizontal");
	if (strcmp(p->type, "horizontal") != 0)
		rec_hcl_refuse(h, body, "type", "Invalid group scaling type",
		    "task group scaling policy had invalid type: \"%s\"",
		    p->type);
}

/* A task has one for each resource that it names. */
struct task_scaling {
	char *name;
	struct scaling_policy policy;
};

static const struct rec_field task_scaling_fields[] = {
	REC_STR(struct task_scaling, 1, name, "", .flags = REC_LABEL),
	REC_REC(struct task_scaling, 2, policy, scaling_policy, "",
	    .flags = REC_INLINE),
};
const struct rec_type task_scaling_type =
    REC_TYPE(task_scaling, task_scaling_fields);

void
jobspec_fold_task_scaling(
    struct rec_hcl *h, void *rec, void *more, const struct hcl_body *body)
{
	struct task_scaling *s = rec;
	struct scaling_policy *p = &s->policy;
	const char *type = NULL;

	(void)more;
	rec_hcl_require(h, body, "max");
	if (strcasecmp(s->name, "cpu") == 0)
		type = "vertical_cpu";
	else if (strcasecmp(s->name, "mem") == 0)
		type = "vertical_mem";
	else
		return; /* told where the block stands */
	set_if_absent(&p->type, type);
	if (strcmp(p->type, type) != 0)
		rec_hcl_refuse(h, body, "type",
		    "Invalid task scaling policy type",
		    "a scaling block \"%s\" has the type \"%s\", not \"%s\"",
		    s->name, type, p->type);
}

/* Each name is one that a task can scale, and stands once. */
static void
check_task_scalings(struct rec_hcl *h, const struct hcl_body *body)
{
	size_t n;
	const struct hcl_block **b = hcl_blocks_of(body, "scaling", 1, &n);
	struct buf where = { 0 }, summary = { 0 };

	for (size_t i = 0; i < n && h->ev->diags->n < HCL_MAX_DIAGS; i++) {
		const struct hcl_label *label = &b[i]->labels[0];

		if (b[i]->nlabels != 1)
			continue;
		if (strcasecmp(label->text, "cpu") != 0 &&
		    strcasecmp(label->text, "mem") != 0)
			hcl_diag_add(h->ev->diags, label->range,
			    "Invalid scaling policy name",
			    "scaling policy name must be \"cpu\" or \"mem\"");
		for (size_t k = 0; k < i; k++) {
			if (b[k]->nlabels != 1 ||
			    strcasecmp(b[k]->labels[0].text, label->text) != 0)
				continue;
			buf_reset(&where);
			buf_reset(&summary);
			hcl_range_format(hcl_block_range(b[k]), &where);
			buf_addf(&summary, "Duplicate scaling \"%s\" block",
			    label->text);
			hcl_diag_add(h->ev->diags, hcl_block_range(b[i]),
			    buf_str(&summary),
			    "Only one scaling %s block is allowed. Another "
			    "was defined at %s.",
			    label->text, buf_str(&where));
			break;
		}
	}
	buf_release(&where);
	buf_release(&summary);
}

/* --- tasks --- */

struct task_more {
	struct workload_identity *identities;
	size_t nidentities;
	struct task_scaling *scalings;
	size_t nscalings;
};

static const struct rec_field task_more_fields[] = {
	REC_LIST(struct task_more, 1, identities, workload_identity, "",
	    .hcl = "identity"),
	REC_LIST(
	    struct task_more, 2, scalings, task_scaling, "", .hcl = "scaling"),
};
const struct rec_type task_more_type = REC_TYPE(task_more, task_more_fields);

/* The one without a name, or called default, is the task's own. */
static void
fold_identity(struct task *task, struct workload_identity *id)
{
	if (id->name == NULL || *id->name == '\0' ||
	    strcmp(id->name, "default") == 0) {
		if (task->identity != NULL)
			rec_clear(&workload_identity_type, task->identity);
		else
			task->identity = xmalloc(sizeof *task->identity);
		*task->identity = *id;
	} else {
		task->identities = xreallocarray(task->identities,
		    task->nidentities + 1, sizeof *task->identities);
		task->identities[task->nidentities++] = *id;
	}
	memset(id, 0, sizeof *id);
}

void
jobspec_fold_task(
    struct rec_hcl *h, void *rec, void *more, const struct hcl_body *body)
{
	struct task *task = rec;
	struct task_more *m = more;

	check_task_scalings(h, body);
	for (size_t i = 0; i < m->nidentities; i++)
		fold_identity(task, &m->identities[i]);
	if (m->nscalings > 0)
		task->scaling_policies =
		    xcalloc(m->nscalings, sizeof *task->scaling_policies);
	task->nscaling_policies = m->nscalings;
	for (size_t i = 0; i < m->nscalings; i++) {
		task->scaling_policies[i] = m->scalings[i].policy;
		memset(&m->scalings[i].policy, 0, sizeof m->scalings[i].policy);
	}
}

/* --- groups and jobs --- */

/* What tasks get that do not have it themselves. */
struct inherited {
	struct vault *vault;
	struct secret *secrets;
	size_t nsecrets;
};

static const struct rec_field inherited_fields[] = {
	REC_PTR(struct inherited, 1, vault, vault, ""),
	REC_LIST(struct inherited, 2, secrets, secret, "", .hcl = "secret"),
};
const struct rec_type inherited_type = REC_TYPE(inherited, inherited_fields);

/* What every task gets a copy of has a limit. */
static bool
too_many(struct rec_hcl *h, const struct inherited *from, size_t ntasks,
    const struct hcl_body *body)
{
	if (from->nsecrets == 0 || ntasks <= MAX_INHERITED / from->nsecrets)
		return false;
	hcl_diag_add(h->ev->diags, hcl_body_start(body), "Too many secrets",
	    "The secrets of all tasks here may be %d at most.", MAX_INHERITED);
	return true;
}

static bool
has_secret(const struct task *task, const struct secret *s)
{
	for (size_t i = 0; i < task->nsecrets; i++)
		if (strcmp(task->secrets[i].name, s->name) == 0)
			return true;
	return false;
}

static void
inherit(struct task *task, const struct inherited *from)
{
	if (task->vault == NULL && from->vault != NULL) {
		task->vault = xmalloc(sizeof *task->vault);
		rec_copy(&vault_type, task->vault, from->vault);
	}
	for (size_t i = 0; i < from->nsecrets; i++) {
		if (has_secret(task, &from->secrets[i]))
			continue;
		task->secrets = xreallocarray(
		    task->secrets, task->nsecrets + 1, sizeof *task->secrets);
		rec_copy(&secret_type, &task->secrets[task->nsecrets++],
		    &from->secrets[i]);
	}
}

void
jobspec_fold_group(
    struct rec_hcl *h, void *rec, void *more, const struct hcl_body *body)
{
	struct task_group *g = rec;

	if (too_many(h, more, g->ntasks, body))
		return;
	for (size_t i = 0; i < g->ntasks; i++)
		inherit(&g->tasks[i], more);
}

struct job_more {
	struct inherited inherited;
	struct task *tasks;
	size_t ntasks;
};

static const struct rec_field job_more_fields[] = {
	REC_REC(
	    struct job_more, 1, inherited, inherited, "", .flags = REC_INLINE),
	REC_LIST(struct job_more, 2, tasks, task, "", .hcl = "task"),
};
const struct rec_type job_more_type = REC_TYPE(job_more, job_more_fields);

/* A task of the job is a group of its own, before the others. */
static void
fold_tasks(struct job *job, struct job_more *m)
{
	size_t n = m->ntasks + job->ntask_groups;
	struct task_group *groups = xcalloc(n, sizeof *groups);

	for (size_t i = 0; i < m->ntasks; i++) {
		groups[i].name = xstrdup(m->tasks[i].name);
		groups[i].tasks = xmemdup(&m->tasks[i], sizeof m->tasks[i]);
		groups[i].ntasks = 1;
		memset(&m->tasks[i], 0, sizeof m->tasks[i]);
	}
	for (size_t i = 0; i < job->ntask_groups; i++)
		groups[m->ntasks + i] = job->task_groups[i];
	free(job->task_groups);
	job->task_groups = groups;
	job->ntask_groups = n;
}

void
jobspec_fold_job(
    struct rec_hcl *h, void *rec, void *more, const struct hcl_body *body)
{
	struct job *job = rec;
	struct job_more *m = more;
	size_t ntasks = 0;

	if (m->ntasks > 0)
		fold_tasks(job, m);
	for (size_t i = 0; i < job->ntask_groups; i++)
		ntasks += job->task_groups[i].ntasks;
	if (too_many(h, &m->inherited, ntasks, body))
		return;
	for (size_t i = 0; i < job->ntask_groups; i++)
		for (size_t k = 0; k < job->task_groups[i].ntasks; k++)
			inherit(&job->task_groups[i].tasks[k], &m->inherited);
}
