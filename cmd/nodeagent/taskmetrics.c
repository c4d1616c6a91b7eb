#include "cmd/nodeagent/taskmetrics.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"

#define MB (1024.0 * 1024.0)

/* --- labels --- */

static bool
is_allowed(const struct nodeagent_config *c, const char *key)
{
	size_t n = c->nallowed_metadata_keys_in_metrics;

	for (size_t i = 0; i < n; i++)
		if (strcmp(c->allowed_metadata_keys_in_metrics[i], key) == 0)
			return true;
	return n == 0;
}

static bool
has_label(const struct meter_labels *l, const char *key)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->kv[i].key, key) == 0)
			return true;
	return false;
}

/* Those that come first win: the task's before the group's and the job's. */
static void
label_meta(struct meter_labels *l, const struct nodeagent_config *c,
    const struct rec_kv *meta, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_allowed(c, meta[i].key) && !has_label(l, meta[i].key))
			meter_label(l, meta[i].key, meta[i].value);
}

struct task_labels {
	struct meter_labels l;
	struct buf parent;
};

static void
task_labels(const struct runner *r, size_t i, struct task_labels *out)
{
	const struct nodeagent_config *c = r->na->config;
	const struct alloc *a = r->run->alloc;
	const struct task_group *group = r->run->group;
	const struct task *task = r->run->tasks[i].task;
	struct meter_labels *l = &out->l;

	l->n = 0;
	meter_label(l, "alloc_id", a->id);
	meter_label(l, "job", a->job->name);
	meter_label(l, "namespace", a->namespace);
	meter_label(l, "task", task->name);
	meter_label(l, "task_group", a->task_group);
	meter_label_child(l, a->job_id, &out->parent);
	if (!c->include_alloc_metadata_in_metrics)
		return;
	label_meta(l, c, task->meta, task->nmeta);
	label_meta(l, c, group->meta, group->nmeta);
	label_meta(l, c, a->job->meta, a->job->nmeta);
}

/* --- usage --- */

static double
mhz_per_core(const struct nodeagent *na)
{
	const struct node_cpu_resources *c = &na->node.node_resources->cpu;

	return c->total_cpu_cores == 0
		   ? 0
		   : (double)c->cpu_shares / (double)c->total_cpu_cores;
}

void
task_usage(struct runner *r, size_t i, struct resource_usage *out)
{
	const struct task_run *t = &r->run->tasks[i];
	struct task_stats *s = &r->watch[i].stats;
	const struct taskproc *p = r->procs[i];

	task_stats_look(s, p->driver->pid(p), t->life, t->state.started_at,
	    loop_wall_ns(r->na->loop));
	task_stats_tell(s, mhz_per_core(r->na), out);
	if (p->driver->usage != NULL)
		p->driver->usage(p, out);
}

static bool
is_measured(const struct memory_stats *m, const char *name)
{
	for (size_t i = 0; i < m->nmeasured; i++)
		if (strcmp(m->measured[i], name) == 0)
			return true;
	return false;
}

static void
set_memory(
    struct meter *m, const struct meter_labels *l, const struct memory_stats *s)
{
	const struct {
		const char *name, *measured;
		uint64_t value;
	} rows[] = {
		{ "nomad.client.allocs.memory.rss", "RSS", s->rss },
		{ "nomad.client.allocs.memory.cache", "Cache", s->cache },
		{ "nomad.client.allocs.memory.swap", "Swap", s->swap },
		{ "nomad.client.allocs.memory.usage", "Usage", s->usage },
		{ "nomad.client.allocs.memory.max_usage", "Max Usage",
		    s->max_usage },
		{ "nomad.client.allocs.memory.kernel_usage", "Kernel Usage",
		    s->kernel_usage },
		{ "nomad.client.allocs.memory.kernel_max_usage",
		    "Kernel Max Usage", s->kernel_max_usage },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i].value != 0 || is_measured(s, rows[i].measured))
			meter_gauge(m, rows[i].name, (double)rows[i].value,
			    l->kv, l->n);
}

static void
set_cpu(
    struct meter *m, const struct meter_labels *l, const struct cpu_stats *s)
{
	const struct {
		const char *name;
		double value;
	} rows[] = {
		{ "nomad.client.allocs.cpu.total_percent", s->percent },
		{ "nomad.client.allocs.cpu.system", s->system_mode },
		{ "nomad.client.allocs.cpu.user", s->user_mode },
		{ "nomad.client.allocs.cpu.throttled_time",
		    (double)s->throttled_time },
		{ "nomad.client.allocs.cpu.throttled_periods",
		    (double)s->throttled_periods },
		{ "nomad.client.allocs.cpu.total_ticks", s->total_ticks },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		meter_gauge(m, rows[i].name, rows[i].value, l->kv, l->n);
}

/* What the task may use. */
static void
set_allocated(struct meter *m, const struct meter_labels *l,
    const struct alloc *a, const char *task)
{
	const struct allocated_resources *res = a->allocated_resources;

	for (size_t i = 0; res != NULL && i < res->ntasks; i++) {
		const struct allocated_task_resources *t = &res->tasks[i];

		if (strcmp(t->key, task) != 0)
			continue;
		meter_gauge(m, "nomad.client.allocs.cpu.allocated",
		    (double)t->cpu.cpu_shares, l->kv, l->n);
		meter_gauge(m, "nomad.client.allocs.memory.allocated",
		    (double)t->memory.memory_mb * MB, l->kv, l->n);
		if (t->memory.memory_max_mb > 0)
			meter_gauge(m,
			    "nomad.client.allocs.memory.max_allocated",
			    (double)t->memory.memory_max_mb * MB, l->kv, l->n);
	}
}

static void
set_task(struct runner *r, size_t i, struct task_labels *labels)
{
	struct meter *m = &r->na->meter;
	const struct meter_labels *l = &labels->l;
	struct resource_usage u;

	task_labels(r, i, labels);
	task_usage(r, i, &u);
	set_memory(m, l, u.memory_stats);
	set_cpu(m, l, u.cpu_stats);
	set_allocated(m, l, r->run->alloc, r->run->tasks[i].task->name);
	r->watch[i].ticks += u.cpu_stats->total_ticks;
	meter_total(m, "nomad.client.allocs.cpu.total_ticks_count",
	    r->watch[i].ticks, l->kv, l->n);
	rec_clear(&resource_usage_type, &u);
}

void
task_metrics_set(struct nodeagent *na)
{
	struct task_labels labels = { 0 };

	MAP_FOREACH (e, &na->runners) {
		struct runner *r = map_value(e);

		for (size_t i = 0; i < r->run->ntasks; i++)
			if (r->procs[i] != NULL)
				set_task(r, i, &labels);
	}
	buf_release(&labels.parent);
}

/* --- what happened --- */

static void
count(struct runner *r, size_t i, const char *name, double n)
{
	struct task_labels labels = { 0 };

	task_labels(r, i, &labels);
	meter_count(&r->na->meter, name, n, labels.l.kv, labels.l.n);
	buf_release(&labels.parent);
}

void
task_metrics_skip(struct runner *r)
{
	for (size_t i = 0; i < r->run->ntasks; i++) {
		const struct task_run *t = &r->run->tasks[i];

		r->watch[i].restarts = t->state.restarts;
		r->watch[i].dead = t->phase == TASK_DEAD;
	}
}

void
task_metrics_step(struct runner *r)
{
	for (size_t i = 0; i < r->run->ntasks; i++) {
		const struct task_run *t = &r->run->tasks[i];
		struct task_watch *w = &r->watch[i];
		bool dead = t->phase == TASK_DEAD;

		if (t->state.restarts > w->restarts)
			count(r, i, "nomad.client.allocs.restart",
			    (double)(t->state.restarts - w->restarts));
		if (dead && !w->dead)
			count(r, i,
			    t->state.failed ? "nomad.client.allocs.failed"
					    : "nomad.client.allocs.complete",
			    1);
	}
	task_metrics_skip(r);
}

void
task_metrics_event(struct runner *r, size_t i, const struct proc_event *e)
{
	if (e->kind == PROC_STARTED)
		count(r, i, "nomad.client.allocs.running", 1);
	else if (e->kind == PROC_ENDED && e->end.oom)
		count(r, i, "nomad.client.allocs.oom_killed", 1);
}

void
alloc_hook_metrics(
    struct nodeagent *na, const char *hook, bool done, int64_t took_ns)
{
	struct meter_labels l = { 0 };

	if (na->config->disable_allocation_hook_metrics)
		return;
	meter_label(&l, "hook_name", hook);
	meter_count(&na->meter,
	    done ? "nomad.client.alloc_hook.prerun.success"
		 : "nomad.client.alloc_hook.prerun.failed",
	    1, l.kv, l.n);
	meter_sample(&na->meter, "nomad.client.alloc_hook.prerun.elapsed",
	    (double)took_ns / CLOCK_NS_PER_MS, l.kv, l.n);
}
