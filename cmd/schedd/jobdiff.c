#include "cmd/schedd/jobdiff.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/jobdiff_impl.h"
#include "common/mem.h"

/* The fields of a job, group or task: only those that changed. */
static struct fields
own_fields(const struct diff_spec *s, const void *old, const void *new)
{
	struct flat a = { 0 }, b = { 0 };
	struct fields f = { 0 };

	flat_record(&a, s->type, old, s->skip, s->sparse);
	flat_record(&b, s->type, new, s->skip, s->sparse);
	fields_flats(&f, &a, &b, false);
	return f;
}

static const char *
whole_type(const struct rec_type *t, const void *old, const void *new)
{
	if (old != NULL && new != NULL && rec_equal(t, old, new))
		return "None";
	return diff_type(old, new);
}

static void
diff_task(const struct task *old, const struct task *new, bool ctx,
    struct task_diff *out)
{
	struct fields f = own_fields(&diff_task_spec, old, new);
	struct objects o = { 0 };
	const char *name = old == NULL ? new->name : old->name;

	diff_parts(&diff_task_spec, old, new, ctx, &o);
	out->type = xstrdup(whole_type(&task_type, old, new));
	out->name = xstrdup(name == NULL ? "" : name);
	out->fields = f.list;
	out->nfields = f.n;
	out->objects = o.list;
	out->nobjects = o.n;
}

/* The name of the group or task, which both records hold first. */
static const char *
name_of(const char *elems, size_t i, size_t size)
{
	const char *name = *(char *const *)(const void *)(elems + i * size);

	return name == NULL ? "" : name;
}

_Static_assert(
    offsetof(struct task, name) == 0 && offsetof(struct task_group, name) == 0,
    "name_of() finds the names of tasks and groups");

struct pair {
	const char *name;
	const void *old;
	const void *new;
};

static int
by_name(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* What has the same name, by name. */
static struct pair *
pair_up(const void *old, size_t nold, const void *new, size_t nnew, size_t size,
    size_t *n)
{
	struct pair *p = xcalloc(nold + nnew + 1, sizeof *p);
	size_t all = 0, kept = 0;

	for (size_t i = 0; i < nold; i++, all++)
		p[all] = (struct pair){ name_of(old, i, size),
			(const char *)old + i * size, NULL };
	for (size_t i = 0; i < nnew; i++, all++)
		p[all] = (struct pair){ name_of(new, i, size), NULL,
			(const char *)new + i *size };
	qsort(p, all, sizeof *p, by_name);
	for (size_t i = 0; i < all; i++) {
		if (kept == 0 || strcmp(p[kept - 1].name, p[i].name) != 0) {
			p[kept++] = p[i];
			continue;
		}
		if (p[i].old != NULL)
			p[kept - 1].old = p[i].old;
		if (p[i].new != NULL)
			p[kept - 1].new = p[i].new;
	}
	*n = kept;
	return p;
}

static void
diff_group(const struct task_group *old, const struct task_group *new, bool ctx,
    struct task_group_diff *out)
{
	struct fields f = own_fields(&diff_group_spec, old, new);
	struct objects o = { 0 };
	size_t n;
	struct pair *tasks = pair_up(old == NULL ? NULL : old->tasks,
	    old == NULL ? 0 : old->ntasks, new == NULL ? NULL : new->tasks,
	    new == NULL ? 0 : new->ntasks, sizeof(struct task), &n);

	diff_parts(&diff_group_spec, old, new, ctx, &o);
	out->type = xstrdup(whole_type(&task_group_type, old, new));
	out->name =
	    xstrdup(name_of((const char *)(old == NULL ? new : old), 0, 0));
	out->fields = f.list;
	out->nfields = f.n;
	out->objects = o.list;
	out->nobjects = o.n;
	out->tasks = xcalloc(n + 1, sizeof *out->tasks);
	out->ntasks = n;
	for (size_t i = 0; i < n; i++)
		diff_task(tasks[i].old, tasks[i].new, ctx, &out->tasks[i]);
	free(tasks);
}

static bool
has_change(const struct job_diff *d)
{
	if (d->nfields > 0 || d->nobjects > 0)
		return true;
	for (size_t i = 0; i < d->ntask_groups; i++)
		if (strcmp(d->task_groups[i].type, "None") != 0)
			return true;
	return false;
}

/* Sets that did not change are shown inside objects only. */
static void
drop_unchanged(struct objects *o)
{
	size_t n = 0;

	for (size_t i = 0; i < o->n; i++) {
		if (strcmp(o->list[i].type, "None") == 0)
			rec_clear(&object_diff_type, &o->list[i]);
		else
			o->list[n++] = o->list[i];
	}
	o->n = n;
}

void
job_diff(const struct job *old, const struct job *new, bool contextual,
    struct job_diff *out)
{
	const struct job *any = old == NULL ? new : old;
	struct fields f;
	struct objects o = { 0 };
	struct pair *groups;
	size_t n;

	*out = (struct job_diff){ 0 };
	if (old != NULL && new != NULL &&
	    old->id != NULL &&new->id != NULL &&strcmp(old->id, new->id) != 0)
		return;
	f = own_fields(&diff_job_spec, old, new);
	diff_parts(&diff_job_spec, old, new, contextual, &o);
	drop_unchanged(&o);
	out->id = xstrdup(any == NULL || any->id == NULL ? "" : any->id);
	out->fields = f.list;
	out->nfields = f.n;
	out->objects = o.list;
	out->nobjects = o.n;
	groups = pair_up(old == NULL ? NULL : old->task_groups,
	    old == NULL ? 0 : old->ntask_groups,
	    new == NULL ? NULL : new->task_groups,
	    new == NULL ? 0 : new->ntask_groups, sizeof(struct task_group), &n);
	out->task_groups = xcalloc(n + 1, sizeof *out->task_groups);
	out->ntask_groups = n;
	for (size_t i = 0; i < n; i++)
		diff_group(groups[i].old, groups[i].new, contextual,
		    &out->task_groups[i]);
	free(groups);
	if (old == NULL || new == NULL)
		out->type = xstrdup(any == NULL ? "None" : diff_type(old, new));
	else
		out->type = xstrdup(has_change(out) ? "Edited" : "None");
}
