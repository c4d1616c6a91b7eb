#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/jobcanon.h"
#include "cmd/schedd/jobcheck_impl.h"
#include "common/mem.h"

#define MAX_UI_DESCRIPTION 1000

static const char *const types[] = { "core", "service", "batch", "system",
	"sysbatch", NULL };
static const char *const batch_types[] = { "batch", "sysbatch", NULL };

static void
check_names(const struct job *job, struct problems *p)
{
	if (check_is(job->region, ""))
		problem(p, "Missing job region");
	if (check_is(job->id, ""))
		problem(p, "Missing job ID");
	else if (strchr(job->id, ' ') != NULL)
		problem(p, "Job ID contains a space");
	if (check_is(job->name, ""))
		problem(p, "Missing job name");
	if (check_is(job->namespace, ""))
		problem(p, "Job must be in a namespace");
	if (check_is(job->type, ""))
		problem(p, "Missing job type");
	else if (!check_among(job->type, types))
		problem(p, "Invalid job type: \"%s\"", job->type);
	if (job->ndatacenters == 0 && job->multiregion == NULL)
		problem(p, "Missing job datacenters");
	for (size_t i = 0; i < job->ndatacenters; i++)
		if (check_is(job->datacenters[i], ""))
			problem(p, "Job datacenter must be non-empty string");
}

/* The groups as a list: named, each name once. */
static void
check_group_list(const struct job *job, struct problems *p)
{
	struct map seen = { 0 };

	if (job->ntask_groups == 0)
		problem(p, "Missing job task groups");
	for (size_t i = 0; i < job->ntask_groups; i++) {
		const struct task_group *g = &job->task_groups[i];
		size_t k = check_first(&seen, g->name, i);

		if (check_is(g->name, ""))
			problem(p, "Job task group %zu missing name", i + 1);
		else if (k < i)
			problem(p,
			    "Job task group %zu redefines '%s' from group %zu",
			    i + 1, g->name, k + 1);
		if (g->has_shutdown_delay && g->shutdown_delay < 0)
			problem(p, "ShutdownDelay must be a positive value");
		if (check_is(job->type, "system") && g->count > 1)
			problem(p,
			    "Job task group %s has count %" PRId64
			    ". Count cannot exceed 1 with system scheduler",
			    check_str(g->name), g->count);
	}
	map_release(&seen);
}

static void
check_parameterized(
    const struct parameterized_job_config *c, struct problems *p)
{
	static const char *const payloads[] = { "optional", "required",
		"forbidden", NULL };
	struct problems part = { 0 };
	struct buf both = { 0 };

	if (!check_among(c->payload, payloads))
		problem(&part, "Unknown payload requirement: \"%s\"",
		    check_str(c->payload));
	for (size_t i = 0; i < c->nmeta_required; i++)
		for (size_t k = 0; k < c->nmeta_optional; k++)
			if (strcmp(c->meta_required[i], c->meta_optional[k]) ==
			    0) {
				buf_addf(&both, "%s%s", both.len > 0 ? " " : "",
				    c->meta_required[i]);
				break;
			}
	if (both.len > 0)
		problem(&part,
		    "Required and optional meta keys should be disjoint. "
		    "Following keys exist in both: [%s]",
		    both.data);
	buf_release(&both);
	problem_part(p, &part, "%s", "");
}

/* Jobs that start others. */
static void
check_templates_of_jobs(const struct job *job, struct problems *p)
{
	struct problems part = { 0 };

	if (job->periodic != NULL && job->periodic->enabled) {
		if (!check_among(job->type, batch_types))
			problem(p, "Periodic can only be used with \"batch\" "
				   "or \"sysbatch\" scheduler");
		check_periodic(job->periodic, &part);
		problem_part(p, &part, "%s", "");
	}
	if (job->multiregion != NULL)
		problem(p, "Multiregion jobs are unlicensed.");
	if (job->parameterized_job != NULL && !job->dispatched) {
		if (!check_among(job->type, batch_types))
			problem(p, "Parameterized job can only be used with "
				   "\"batch\" or \"sysbatch\" scheduler");
		check_parameterized(job->parameterized_job, p);
	}
}

/* Letters, not bytes. */
static size_t
count_chars(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xC0) != 0x80 ? 1 : 0;
	return n;
}

void
check_job(const struct job *job, struct problems *p)
{
	bool is_system = check_is(job->type, "system");
	size_t n;

	check_names(job, p);
	check_group_list(job, p);
	check_placement(job->constraints, job->nconstraints, job->affinities,
	    job->naffinities, is_system, p);
	if (is_system && job->nspreads > 0)
		problem(p, "System jobs may not have a spread block");
	for (size_t i = 0; i < job->nspreads && !is_system; i++) {
		struct problems part = { 0 };

		check_spread(&job->spreads[i], &part);
		problem_part(p, &part, "Spread %zu validation failed: ", i + 1);
	}
	for (size_t i = 0; i < job->ntask_groups; i++) {
		struct problems part = { 0 };

		check_group(&job->task_groups[i], job, &part);
		problem_part(p, &part, "Task group %s validation failed: ",
		    check_str(job->task_groups[i].name));
	}
	check_templates_of_jobs(job, p);
	n = job->ui == NULL ? 0 : count_chars(check_str(job->ui->description));
	if (n > MAX_UI_DESCRIPTION)
		problem(p,
		    "UI description must be under %d characters, currently "
		    "%zu",
		    MAX_UI_DESCRIPTION, n);
}

/* The warnings as people see them, without the blank ends of the parts. */
static char *
format_warnings(const struct problems *w)
{
	struct buf text = { 0 };

	if (w->n == 0)
		return xstrdup("");
	buf_addf(&text, "%zu warning%s:\n", w->n, w->n == 1 ? "" : "s");
	for (size_t i = 0; i < w->n; i++) {
		size_t len = strlen(w->list[i]);

		while (len > 0 && isspace((unsigned char)w->list[i][len - 1]))
			len--;
		buf_adds(&text, "\n* ");
		buf_add(&text, w->list[i], len);
	}
	return buf_take(&text);
}

/* w: warnings so far; taken over. */
static void
check_all(const struct job *job, struct problems *w, char ***list, size_t *n,
    char **warnings)
{
	struct problems p = { 0 };

	check_admit_first(job, &p);
	check_job(job, &p);
	check_admit_last(job, &p);
	*list = p.list;
	*n = p.n;
	check_warnings(job, w);
	*warnings = format_warnings(w);
	problems_release(w);
}

void
job_check(const struct job *job, char ***list, size_t *n, char **warnings)
{
	struct problems w = { 0 };

	check_all(job, &w, list, n, warnings);
}

void
job_admit(struct job *job, const char *region, char ***list, size_t *n,
    char **warnings)
{
	struct problems w = { 0 };

	check_dropped(job, &w);
	job_canonicalize(job, region);
	job_imply_constraints(job);
	check_all(job, &w, list, n, warnings);
}
