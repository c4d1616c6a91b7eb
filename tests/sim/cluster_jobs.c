/*
 * People: what they submit, and when they change their minds.
 */
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"
#include "tests/sim/cluster.h"
#include "tests/sim/cluster_jobs.h"

#define RETRY_MS  1000

#define SERVICES  14 /* of them some change, some are scaled, some stopped */
#define BATCHES   5
#define SYSTEMS   2
#define HUGE_JOBS 1 /* fit nowhere */

/* --- what is submitted --- */

static void
add_reschedule(struct task_group *g)
{
	g->reschedule_policy = xcalloc(1, sizeof *g->reschedule_policy);
	*g->reschedule_policy = (struct reschedule_policy){
		.has_attempts = true,
		.has_interval = true,
		.has_delay = true,
		.delay = 5 * CLOCK_NS_PER_S,
		.delay_function = xstrdup("constant"),
		.has_max_delay = true,
		.max_delay = 3600 * CLOCK_NS_PER_S,
		.has_unlimited = true,
		.unlimited = true,
	};
}

static void
add_update(struct task_group *g)
{
	g->update = xcalloc(1, sizeof *g->update);
	*g->update = (struct update_strategy){ .has_max_parallel = true,
		.max_parallel = 5,
		.health_check = xstrdup("task_states"),
		.has_min_healthy_time = true,
		.min_healthy_time = CLOCK_NS_PER_S,
		.has_healthy_deadline = true,
		.healthy_deadline = 300 * CLOCK_NS_PER_S,
		.has_progress_deadline = true,
		.progress_deadline = 600 * CLOCK_NS_PER_S };
}

static struct task_group *
make_group(struct cluster *c, const char *type, bool huge)
{
	struct task_group *g = xcalloc(1, sizeof *g);
	struct task *t = xcalloc(1, sizeof *t);
	bool batch = strcmp(type, "batch") == 0;

	t->name = xstrdup("main");
	t->driver = xstrdup("mock_driver");
	t->resources = xcalloc(1, sizeof *t->resources);
	t->resources->has_cpu = t->resources->has_memory_mb = true;
	t->resources->cpu = huge ? 5000 : (int64_t)cluster_between(c, 50, 500);
	t->resources->memory_mb = (int64_t)cluster_between(c, 20, 300);
	g->name = xstrdup("g");
	g->has_count = true;
	g->count = strcmp(type, "system") == 0
		       ? 1
		       : (int64_t)cluster_between(c, 3, 30);
	g->tasks = t;
	g->ntasks = 1;
	g->restart_policy = xcalloc(1, sizeof *g->restart_policy);
	*g->restart_policy = (struct restart_policy){ .has_attempts = true,
		.attempts = 10,
		.has_interval = true,
		.interval = 600 * CLOCK_NS_PER_S,
		.has_delay = true,
		.delay = CLOCK_NS_PER_S,
		.mode = xstrdup("fail") };
	if (strcmp(type, "system") == 0)
		return g;
	add_reschedule(g);
	if (!batch)
		add_update(g);
	return g;
}

static void
add_job(struct cluster *c, const char *type, bool huge)
{
	struct client_job *j = &c->jobs[c->njobs];

	*j = (struct client_job){ .huge = huge };
	j->spec = (struct job){
		.id = xasprintf("%s-%zu", type, c->njobs),
		.namespace = xstrdup("default"),
		.type = xstrdup(type),
		.has_priority = true,
		.priority = (int64_t)cluster_between(c, 1, 100),
		.ndatacenters = 1,
		.task_groups = make_group(c, type, huge),
		.ntask_groups = 1,
	};
	j->spec.name = xstrdup(j->spec.id);
	j->spec.datacenters = xcalloc(1, sizeof *j->spec.datacenters);
	j->spec.datacenters[0] = xstrdup("dc1");
	if (strcmp(type, "service") == 0 && !huge)
		j->change = (enum change)(c->njobs % NCHANGES);
	cluster_later(
	    c, cluster_between(c, 1000, 20000), EV_CLIENT, c->njobs++, 0);
}

void
client_start(struct cluster *c)
{
	c->jobs =
	    xcalloc(SERVICES + BATCHES + SYSTEMS + HUGE_JOBS, sizeof *c->jobs);
	for (size_t i = 0; i < SERVICES; i++)
		add_job(c, "service", false);
	for (size_t i = 0; i < BATCHES; i++)
		add_job(c, "batch", false);
	for (size_t i = 0; i < SYSTEMS; i++)
		add_job(c, "system", false);
	for (size_t i = 0; i < HUGE_JOBS; i++)
		add_job(c, "service", true);
}

void
client_release(struct cluster *c)
{
	for (size_t i = 0; i < c->njobs; i++)
		rec_clear(&job_type, &c->jobs[i].spec);
	free(c->jobs);
}

static void
change(struct client_job *j)
{
	struct task_group *g = &j->spec.task_groups[0];

	switch (j->change) {
	case GROWS:
		g->count += 7;
		break;
	case SHRINKS:
		g->count = (g->count + 1) / 2;
		break;
	case IS_UPDATED:
		rec_kv_set(&g->tasks[0].env, &g->tasks[0].nenv, "VERSION", "2");
		break;
	case IS_STOPPED:
		j->spec.stop = j->spec.has_stop = true;
		break;
	case STAYS:
	case NCHANGES:
		break;
	}
}

/* Says it, and says it again until there is an answer. */
static void
submit(struct cluster *c, struct client_job *j)
{
	struct event ev = { .kind = EV_REQUEST, .who = CLUSTER_CLIENT };
	struct event *t;

	j->call = ev.call = ++c->next_call;
	rec_pack(&job_type, &j->spec, &ev.bytes);
	cluster_send(c, &ev);
	t = cluster_later(c, RETRY_MS, EV_TIMEOUT, CLUSTER_CLIENT, 0);
	t->call = j->call;
}

static void
on_answer(struct cluster *c, struct client_job *j, const struct event *ev)
{
	j->call = 0;
	if (ev->kind == EV_TIMEOUT || ev->refused) {
		if (ev->refused && ev->code == ERR_BAD)
			cluster_wrong(c, "job %s was refused", j->spec.id);
		cluster_later(c, RETRY_MS, EV_CLIENT, (size_t)(j - c->jobs), 0);
		return;
	}
	if (++j->step > 1 || j->change == STAYS)
		return;
	change(j);
	cluster_later(c, cluster_between(c, 5000, 30000), EV_CLIENT,
	    (size_t)(j - c->jobs), 0);
}

void
client_event(struct cluster *c, struct event *ev)
{
	if (ev->kind == EV_CLIENT) {
		submit(c, &c->jobs[ev->who]);
		return;
	}
	for (size_t i = 0; i < c->njobs; i++)
		if (c->jobs[i].call == ev->call)
			on_answer(c, &c->jobs[i], ev);
}
