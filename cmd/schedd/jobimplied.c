/* What a job needs of its nodes without saying so. */
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/jobcanon.h"
#include "common/buf.h"
#include "common/mem.h"

#define SIGNALS "${attr.os.signals}"

struct signals {
	const char **names; /* of the job */
	size_t n;
};

static void
add_signal(struct signals *s, const char *name)
{
	if (name == NULL || *name == '\0')
		return;
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->names[i], name) == 0)
			return;
	s->names = xreallocarray(s->names, s->n + 1, sizeof *s->names);
	s->names[s->n++] = name;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Each once, in order, so that the same job has the same constraint. */
static void
find_signals(const struct task_group *g, struct signals *s)
{
	for (size_t i = 0; i < g->ntasks; i++) {
		const struct task *t = &g->tasks[i];

		add_signal(s, t->kill_signal);
		for (size_t k = 0; k < t->ntemplates; k++)
			if (strcmp(t->templates[k].change_mode, "signal") == 0)
				add_signal(s, t->templates[k].change_signal);
	}
	if (s->n > 1)
		qsort(s->names, s->n, sizeof *s->names, by_name);
}

static bool
has_constraint(const struct task_group *g, const struct constraint *c)
{
	for (size_t i = 0; i < g->nconstraints; i++)
		if (rec_equal(&constraint_type, &g->constraints[i], c))
			return true;
	return false;
}

static void
imply_signals(struct task_group *g)
{
	struct signals s = { 0 };
	struct constraint c = { 0 };
	struct buf list = { 0 };

	find_signals(g, &s);
	if (s.n == 0)
		return;
	for (size_t i = 0; i < s.n; i++)
		buf_addf(&list, "%s%s", i > 0 ? "," : "", s.names[i]);
	c.ltarget = xstrdup(SIGNALS);
	c.operand = xstrdup("set_contains");
	c.rtarget = buf_take(&list);
	if (has_constraint(g, &c)) {
		rec_clear(&constraint_type, &c);
	} else {
		g->constraints = xreallocarray(
		    g->constraints, g->nconstraints + 1, sizeof c);
		g->constraints[g->nconstraints++] = c;
	}
	free(s.names);
}

void
job_imply_constraints(struct job *job)
{
	for (size_t i = 0; i < job->ntask_groups; i++)
		imply_signals(&job->task_groups[i]);
}
