/*
 * People: what they register, how they change their minds, and what they
 * read. A step of a job is asked for until it is known to be done; since a
 * request without an answer may have been carried out, or may be yet, each
 * names the index of the job that it was made for. Where that has changed
 * people read what became of it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"
#include "tests/sim/cluster.h"

#define RETRY_MS   1000
#define READERS    (sizeof((struct cluster){ 0 }.readers) / sizeof(struct reader))
#define READ_EVERY 60

/* --- what is registered --- */

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

/* Deadlines that no jump of a clock reaches. */
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
		.healthy_deadline = 12 * 3600 * CLOCK_NS_PER_S,
		.has_progress_deadline = true,
		.progress_deadline = 24 * 3600 * CLOCK_NS_PER_S };
}

static struct task_group *
make_group(struct cluster *c, const char *type, bool huge)
{
	struct task_group *g = xcalloc(1, sizeof *g);
	struct task *t = xcalloc(1, sizeof *t);

	t->name = xstrdup("main");
	t->driver = xstrdup("mock_driver");
	t->resources = xcalloc(1, sizeof *t->resources);
	t->resources->has_cpu = t->resources->has_memory_mb = true;
	t->resources->cpu = (int64_t)cluster_between(c, 50, 500);
	if (huge)
		t->resources->cpu = CLUSTER_CPU + 1000;
	else if (c->o.crowded)
		t->resources->cpu = (int64_t)cluster_between(c, 800, 1500);
	t->resources->memory_mb = (int64_t)cluster_between(c, 20, 300);
	g->name = xstrdup("g");
	g->has_count = true;
	g->count = 1;
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
	if (strcmp(type, "service") == 0)
		add_update(g);
	return g;
}

/* What the job is to be, step by step: no two steps look the same. */
static void
plan_steps(struct cluster *c, struct client_job *j)
{
	bool service = strcmp(j->spec.type, "service") == 0 && !j->huge;
	uint64_t most = c->o.nnodes < 40 ? 12 : 30;

	j->nsteps = 1;
	j->counts[0] = strcmp(j->spec.type, "system") == 0
			   ? 1
			   : (int64_t)cluster_between(c, 3, most);
	if (service)
		j->nsteps = (size_t)cluster_between(c, 1, CLUSTER_STEPS);
	for (size_t i = 0; i < j->nsteps; i++) {
		bool is_last = i + 1 == j->nsteps && cluster_chance(c, 400);
		bool count = cluster_chance(c, 600);

		j->asks[i] = ASK_REGISTER;
		if (i == 0)
			continue;
		j->counts[i] = j->counts[i - 1];
		j->versions[i] = j->versions[i - 1];
		/* A deployment that waits for room forbids scaling. */
		count = count && !(is_last && c->o.crowded);
		if (is_last)
			j->asks[i] = count ? ASK_SCALE : ASK_STOP;
		else if (!count)
			j->versions[i]++;
		while (count && j->counts[i] == j->counts[i - 1])
			j->counts[i] = (int64_t)cluster_between(c, 1, most);
	}
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
	plan_steps(c, j);
	cluster_later(c, cluster_between(c, 1000, c->o.wild_ms / 2), EV_CLIENT,
	    c->njobs++, 0);
}

void
client_start(struct cluster *c)
{
	for (size_t i = 0; i < c->o.nservices; i++)
		add_job(c, "service", false);
	for (size_t i = 0; i < c->o.nbatches; i++)
		add_job(c, "batch", false);
	for (size_t i = 0; i < c->o.nsystems; i++)
		add_job(c, "system", false);
	add_job(c, "service", true);
	for (size_t i = 0; i < READERS; i++)
		cluster_later(c, 3000 + i, EV_READER, i, 0);
}

void
client_release(struct cluster *c)
{
	for (size_t i = 0; i < c->njobs; i++)
		rec_clear(&job_type, &c->jobs[i].spec);
}

bool
client_is_done(const struct cluster *c)
{
	for (size_t i = 0; i < c->njobs; i++)
		if (c->jobs[i].acked < c->jobs[i].nsteps)
			return false;
	return true;
}

/* --- asking --- */

/* The job as of the step. */
static void
shape(struct client_job *j, size_t step)
{
	struct task_group *g = &j->spec.task_groups[0];
	char text[24];

	g->count = j->counts[step];
	snprintf(text, sizeof text, "%" PRId64, j->versions[step]);
	rec_kv_set(&g->tasks[0].env, &g->tasks[0].nenv, "VERSION", text);
	j->spec.stop = j->spec.has_stop = j->asks[step] == ASK_STOP;
}

static uint64_t
ask(struct cluster *c, size_t job, uint32_t what)
{
	struct client_job *j = &c->jobs[job];
	struct event ev = { .kind = EV_REQUEST,
		.who = CLUSTER_CLIENT,
		.server = (size_t)cluster_between(c, 0, c->w.o.nservers - 1),
		.msg = what,
		.task = job,
		.modify = j->modify };
	uint64_t id = ev.call = ++c->next_call;

	if (what < ASK_READ)
		rec_pack(&job_type, &j->spec, &ev.bytes);
	cluster_send(c, &ev);
	cluster_later(c, RETRY_MS, EV_TIMEOUT, CLUSTER_CLIENT, 0)->call = id;
	return id;
}

static void
submit(struct cluster *c, struct client_job *j)
{
	size_t job = (size_t)(j - c->jobs);

	shape(j, j->step);
	j->call = ask(c, job, j->resolving ? ASK_READ : j->asks[j->step]);
}

static void
again(struct cluster *c, struct client_job *j, uint64_t ms)
{
	cluster_later(c, ms, EV_CLIENT, (size_t)(j - c->jobs), 0);
}

static void
step_done(struct cluster *c, struct client_job *j, const struct seen *seen)
{
	if (c->acked < seen->index)
		c->acked = seen->index;
	c->stats.writes++;
	sim_note(&c->w, "job %s step %zu is done: index %" PRIu64, j->spec.id,
	    j->step, seen->index);
	j->resolving = false;
	j->acked = j->step + 1;
	if (seen->modify != 0)
		j->modify = seen->modify;
	if (j->acked == j->nsteps)
		return;
	j->step++;
	again(c, j, cluster_between(c, 50, c->wild ? 8000 : 500));
}

static bool
is_step(const struct client_job *j, size_t step, const struct seen *seen)
{
	return seen->modify != 0 && seen->count == j->counts[step] &&
	       seen->version == j->versions[step] &&
	       seen->stop == (j->asks[step] == ASK_STOP);
}

/* What became of a step that was not answered. */
static void
resolve(struct cluster *c, struct client_job *j, const struct seen *seen)
{
	if (is_step(j, j->step, seen)) {
		step_done(c, j, seen);
		return;
	}
	if (j->step == 0 ? seen->modify != 0 : !is_step(j, j->step - 1, seen))
		sim_fail(&c->w,
		    "DUR: job %s is not what was acknowledged: index %" PRIu64
		    " count %" PRId64 " version %" PRId64 " at step %zu",
		    j->spec.id, seen->modify, seen->count, seen->version,
		    j->step);
	j->modify = seen->modify;
	j->resolving = false;
	submit(c, j);
}

static void
on_answer(struct cluster *c, struct client_job *j, const struct event *ev)
{
	uint32_t what = j->resolving ? ASK_READ : j->asks[j->step];

	j->call = 0;
	if (ev->kind != EV_TIMEOUT && !ev->refused) {
		if (what == ASK_READ)
			resolve(c, j, &ev->seen);
		else
			step_done(c, j, &ev->seen);
		return;
	}
	sim_note(&c->w, "job %s step %zu: %s", j->spec.id, j->step,
	    ev->refused ? err_name(ev->code) : "no answer");
	if (ev->refused && ev->code == ERR_BAD && what != ASK_SCALE)
		sim_fail(&c->w, "job %s was refused", j->spec.id);
	if (ev->refused && ev->code == ERR_CONFLICT)
		j->resolving = true;
	again(c, j, ev->refused ? cluster_between(c, 10, RETRY_MS) : 1);
}

/* --- reading --- */

static void
look(struct cluster *c, struct reader *r)
{
	r->job = (size_t)cluster_between(c, 0, c->njobs - 1);
	r->floor = c->acked;
	r->acked = c->jobs[r->job].acked;
	r->msg = cluster_chance(c, 100) ? ASK_READ_STALE : ASK_READ;
	r->call = ask(c, r->job, r->msg);
}

static void
check_read(struct cluster *c, const struct reader *r, const struct seen *seen)
{
	const struct client_job *j = &c->jobs[r->job];
	bool known = r->acked == 0 && seen->modify == 0;

	c->stats.reads++;
	if (r->msg == ASK_READ && seen->index < r->floor)
		sim_fail(&c->w,
		    "LIN: a read says index %" PRIu64 ", %" PRIu64
		    " was acknowledged before it began",
		    seen->index, r->floor);
	for (size_t i = r->acked > 0 ? r->acked - 1 : 0; i <= j->step; i++)
		known |= is_step(j, i, seen);
	if (r->msg == ASK_READ && !known)
		sim_fail(&c->w,
		    "LIN: a read of job %s says count %" PRId64
		    " version %" PRId64 ", at step %zu, %zu acknowledged",
		    j->spec.id, seen->count, seen->version, j->step, r->acked);
}

static void
on_read(struct cluster *c, struct reader *r, const struct event *ev)
{
	r->call = 0;
	if (ev->kind != EV_TIMEOUT && !ev->refused)
		check_read(c, r, &ev->seen);
	if (c->wild)
		cluster_later(c, cluster_between(c, 1, 2 * READ_EVERY),
		    EV_READER, (size_t)(r - c->readers), 0);
}

void
client_event(struct cluster *c, struct event *ev)
{
	if (ev->kind == EV_CLIENT) {
		submit(c, &c->jobs[ev->who]);
		return;
	}
	if (ev->kind == EV_READER) {
		look(c, &c->readers[ev->who]);
		return;
	}
	for (size_t i = 0; i < c->njobs; i++)
		if (c->jobs[i].call == ev->call) {
			on_answer(c, &c->jobs[i], ev);
			return;
		}
	for (size_t i = 0; i < READERS; i++)
		if (c->readers[i].call == ev->call) {
			on_read(c, &c->readers[i], ev);
			return;
		}
}
