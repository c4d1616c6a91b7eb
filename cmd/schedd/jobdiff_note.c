#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/jobdiff.h"
#include "common/mem.h"

static bool
is(const char *a, const char *b)
{
	return a != NULL && strcmp(a, b) == 0;
}

static void
note(char ***notes, size_t *n, const char *text)
{
	*notes = xreallocarray(*notes, *n + 1, sizeof **notes);
	(*notes)[(*n)++] = xstrdup(text);
}

static void
note_updates(struct task_group_diff *g, const struct desired_updates *u)
{
	const struct {
		const char *name; /* in the order of a sorted map */
		uint64_t count;
	} all[] = {
		{ "canary", u->canary },
		{ "create", u->place },
		{ "create/destroy update", u->destructive_update },
		{ "destroy", u->stop },
		{ "ignore", u->ignore },
		{ "in-place update", u->in_place_update },
		{ "migrate", u->migrate },
	};

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		if (all[i].count == 0)
			continue;
		g->updates = xreallocarray(
		    g->updates, g->nupdates + 1, sizeof *g->updates);
		g->updates[g->nupdates++] =
		    (struct rec_ki){ xstrdup(all[i].name),
			    (int64_t)all[i].count };
	}
}

static void
note_count(struct task_group_diff *g)
{
	for (size_t i = 0; i < g->nfields; i++) {
		struct field_diff *f = &g->fields[i];
		long long old, new;

		if (!is(f->name, "Count"))
			continue;
		old = f->old == NULL ? 0 : strtoll(f->old, NULL, 10);
		new = f->new == NULL ? 0 : strtoll(f->new, NULL, 10);
		if (old < new)
			note(
			    &f->annotations, &f->nannotations, "forces create");
		else if (new < old)
			note(&f->annotations, &f->nannotations,
			    "forces destroy");
	}
}

/* Whether a log config that changed turns the logs on or off. */
static bool
toggles_logs(const struct object_diff *o)
{
	for (size_t i = 0; i < o->nfields; i++)
		if (is(o->fields[i].name, "Disabled") &&
		    !is(o->fields[i].type, "None"))
			return true;
	return false;
}

/* Whether the task must be started afresh for this. */
static bool
is_destructive(const struct task_diff *t)
{
	for (size_t i = 0; i < t->nfields; i++)
		if (!is(t->fields[i].name, "KillTimeout") &&
		    !is(t->fields[i].type, "None"))
			return true;
	for (size_t i = 0; i < t->nobjects; i++) {
		const char *name = t->objects[i].name;

		if (is(name, "Service") || is(name, "Constraint") ||
		    is(name, "Affinity"))
			continue;
		if (!is(name, "LogConfig") || toggles_logs(&t->objects[i]))
			return true;
	}
	return false;
}

static void
note_task(struct task_diff *t, const char *group_type)
{
	const char *text;

	if (is(t->type, "None"))
		return;
	if (is(group_type, "Added"))
		text = "forces create";
	else if (is(group_type, "Deleted"))
		text = "forces destroy";
	else if (is_destructive(t))
		text = "forces create/destroy update";
	else
		text = "forces in-place update";
	note(&t->annotations, &t->nannotations, text);
}

void
job_diff_annotate(
    struct job_diff *diff, const struct plan_annotations *annotations)
{
	for (size_t i = 0; i < diff->ntask_groups; i++) {
		struct task_group_diff *g = &diff->task_groups[i];
		size_t n =
		    annotations == NULL ? 0 : annotations->ndesired_tg_updates;

		for (size_t k = 0; k < n; k++)
			if (is(annotations->desired_tg_updates[k].key, g->name))
				note_updates(
				    g, &annotations->desired_tg_updates[k]);
		note_count(g);
		for (size_t k = 0; k < g->ntasks; k++)
			note_task(&g->tasks[k], g->type);
	}
}
