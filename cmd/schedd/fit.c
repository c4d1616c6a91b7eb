#include "cmd/schedd/fit.h"

#include <math.h>

#include "cmd/schedd/text.h"

#define SCORE_MAX 18.0

static void
add(struct sched_usage *u, const struct sched_usage *d)
{
	u->cpu += d->cpu;
	u->memory_mb += d->memory_mb;
	u->memory_max_mb += d->memory_max_mb;
}

static int64_t
larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static void
widen(struct sched_usage *u, const struct sched_usage *d)
{
	u->cpu = larger(u->cpu, d->cpu);
	u->memory_mb = larger(u->memory_mb, d->memory_mb);
	u->memory_max_mb = larger(u->memory_max_mb, d->memory_max_mb);
}

static const struct task_lifecycle *
lifecycle_of(const struct allocated_resources *r, const char *task)
{
	const struct task_lifecycle_entry *e = rec_map_find(r->task_lifecycles,
	    r->ntask_lifecycles, sizeof *r->task_lifecycles, task);

	return e != NULL ? e->value : NULL;
}

void
fit_usage(const struct allocated_resources *r, struct sched_usage *out)
{
	struct sched_usage always = { 0 }, before = { 0 }, main_part = { 0 },
			   after = { 0 };

	for (size_t i = 0; i < r->ntasks; i++) {
		const struct allocated_task_resources *t = &r->tasks[i];
		const struct task_lifecycle *lc = lifecycle_of(r, t->key);
		struct sched_usage u = {
			.cpu = t->cpu.cpu_shares,
			.memory_mb = t->memory.memory_mb,
			.memory_max_mb = t->memory.memory_max_mb > 0
					     ? t->memory.memory_max_mb
					     : t->memory.memory_mb,
		};

		if (lc != NULL && sched_eq(lc->hook, "prestart"))
			add(lc->sidecar ? &always : &before, &u);
		else if (lc != NULL && sched_eq(lc->hook, "poststop"))
			add(&after, &u);
		else
			add(&main_part, &u);
	}
	widen(&main_part, &before);
	add(&main_part, &always);
	widen(&main_part, &after);
	*out = main_part;
	out->disk_mb = r->shared.disk_mb;
}

void
fit_usage_add(struct sched_usage *u, const struct sched_usage *d, int64_t sign)
{
	u->cpu += sign * d->cpu;
	u->memory_mb += sign * d->memory_mb;
	u->memory_max_mb += sign * d->memory_max_mb;
	u->disk_mb += sign * d->disk_mb;
}

void
fit_node_room(const struct node *n, struct sched_usage *out)
{
	*out = (struct sched_usage){ 0 };
	if (n->node_resources != NULL) {
		out->cpu = n->node_resources->cpu.cpu_shares;
		out->memory_mb = n->node_resources->memory.memory_mb;
		out->disk_mb = n->node_resources->disk.disk_mb;
	}
	if (n->reserved_resources != NULL) {
		out->cpu -= (int64_t)n->reserved_resources->cpu.cpu_shares;
		out->memory_mb -=
		    (int64_t)n->reserved_resources->memory.memory_mb;
		out->disk_mb -= (int64_t)n->reserved_resources->disk.disk_mb;
	}
	out->memory_max_mb = out->memory_mb;
}

const char *
fit_exceeded(const struct sched_usage *used, const struct sched_usage *room)
{
	if (used->cpu > room->cpu)
		return "cpu";
	if (used->memory_mb > room->memory_mb)
		return "memory";
	if (used->disk_mb > room->disk_mb)
		return "disk";
	return NULL;
}

static double
free_share(int64_t used, int64_t room)
{
	return 1.0 - (double)used / (double)room;
}

double
fit_score(
    const struct sched_usage *used, const struct sched_usage *room, bool spread)
{
	double total = pow(10, free_share(used->cpu, room->cpu)) +
		       pow(10, free_share(used->memory_mb, room->memory_mb));
	double score = spread ? total - 2.0 : 20.0 - total;

	if (score > SCORE_MAX)
		return SCORE_MAX;
	return score > 0.0 ? score : 0.0;
}
