#include "cmd/schedd/preempt.h"

#include <math.h>
#include <stdlib.h>

#include "cmd/schedd/fit.h"
#include "cmd/schedd/jobupdate.h"
#include "cmd/schedd/text.h"

static const double beyond_max_parallel = 50.0;

struct candidate {
	const struct sched_alloc *a;
	int64_t priority;
	size_t taken; /* of its group, by the plan */
	double distance;
	bool chosen;
};

const char *
preempt_key(struct arena *arena, const struct sched_alloc *a)
{
	char *text = xasprintf("%s/%s", a->job->key, sched_alloc_group(a));
	const char *s = arena_strndup(arena, text, strlen(text));

	free(text);
	return s;
}

static double
part(int64_t ask, int64_t used)
{
	return ask > 0 ? ((double)ask - (double)used) / (double)ask : 0;
}

/* How far what it uses is from what is needed. */
static double
distance(const struct sched_usage *need, const struct sched_usage *u)
{
	double m = part(need->memory_mb, u->memory_mb);
	double c = part(need->cpu, u->cpu);
	double d = part(need->disk_mb, u->disk_mb);

	return sqrt(m * m + c * c + d * d);
}

static double
penalty(const struct candidate *c)
{
	const struct task_group *tg =
	    jobupdate_group(c->a->version->job, sched_alloc_group(c->a));
	int64_t most =
	    tg != NULL && tg->migrate != NULL ? tg->migrate->max_parallel : 0;

	if (most <= 0 || (int64_t)c->taken < most)
		return 0;
	return (double)((int64_t)c->taken + 1 - most) * beyond_max_parallel;
}

static int
by_priority(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	return strcmp(x->a->id, y->a->id);
}

static bool
is_there(const struct world *w, const struct sched_alloc *a)
{
	return !sched_alloc_is_terminal(a) && world_has(w, a);
}

static bool
may_go(
    const struct preempt *p, const struct world *w, const struct sched_alloc *a)
{
	return p->priority > 0 && a->job != w->sj &&
	       p->priority - a->version->job->priority >= PREEMPT_GAP;
}

static bool
is_victim(const struct preempt *p, const struct sched_alloc *a)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->victims[i] == a)
			return true;
	return false;
}

static size_t
list_candidates(const struct preempt *p, struct world *w, struct world_node *n,
    const struct map *taken, struct candidate *list)
{
	const struct sched_alloc *a;
	size_t count = 0;

	TAILQ_FOREACH (a, &n->sn->allocs, by_node) {
		const size_t *had;

		if (!is_there(w, a) || !may_go(p, w, a) || is_victim(p, a))
			continue;
		had = map_find(taken, preempt_key(w->arena, a));
		list[count++] = (struct candidate){ .a = a,
			.priority = a->version->job->priority,
			.taken = had != NULL ? *had : 0 };
	}
	if (count > 1)
		qsort(list, count, sizeof *list, by_priority);
	return count;
}

/* The closest of the lowest priority that is left. */
static struct candidate *
closest(struct candidate *list, size_t n, const struct sched_usage *need)
{
	struct candidate *best = NULL;

	for (size_t i = 0; i < n; i++) {
		struct candidate *c = &list[i];

		if (c->chosen)
			continue;
		if (best != NULL && c->priority != best->priority)
			break;
		c->distance = distance(need, c->a->usage) + penalty(c);
		if (best == NULL || c->distance < best->distance)
			best = c;
	}
	return best;
}

static int
by_distance(const void *a, const void *b)
{
	const struct candidate *const *x = a, *const *y = b;

	if ((*x)->distance > (*y)->distance)
		return -1;
	return (*x)->distance < (*y)->distance;
}

/* Takes the largest first, until the others are not needed. */
static void
take_needed(struct preempt *p, struct candidate **chosen, size_t n,
    const struct sched_usage *room, const struct sched_usage *ask)
{
	struct sched_usage have = *room;

	for (size_t i = 0; i < n; i++)
		chosen[i]->distance = distance(ask, chosen[i]->a->usage);
	qsort(chosen, n, sizeof(struct candidate *), by_distance);
	for (size_t i = 0; i < n && fit_exceeded(ask, &have) != NULL; i++) {
		p->victims[p->n++] = chosen[i]->a;
		fit_usage_add(&have, chosen[i]->a->usage, 1);
	}
}

void
preempt_init(struct preempt *p, int64_t priority)
{
	p->priority = priority;
	p->n = 0;
}

bool
preempt_for_room(struct preempt *p, struct world *w, struct world_node *n,
    const struct sched_usage *ask, const struct map *taken)
{
	struct candidate *list =
	    arena_alloc(w->arena, (n->sn->nallocs + 1) * sizeof *list);
	struct candidate *chosen[PREEMPT_MAX];
	struct sched_usage room = n->room, have, need = *ask;
	size_t count = list_candidates(p, w, n, taken, list);
	size_t nchosen = 0;

	fit_usage_add(&room, &n->used, -1);
	for (size_t i = 0; i < p->n; i++)
		fit_usage_add(&room, p->victims[i]->usage, 1);
	have = room;
	while (fit_exceeded(ask, &have) != NULL) {
		struct candidate *c = closest(list, count, &need);

		if (c == NULL || p->n + nchosen == PREEMPT_MAX)
			return false;
		c->chosen = true;
		chosen[nchosen++] = c;
		fit_usage_add(&have, c->a->usage, 1);
		fit_usage_add(&need, c->a->usage, -1);
	}
	take_needed(p, chosen, nchosen, &room, ask);
	return nchosen > 0;
}

static bool
holds(const struct sched_alloc *a, uint32_t ip, int64_t port)
{
	const struct sched_port *ports = sched_alloc_ports(a);

	for (size_t i = 0; i < a->nports; i++)
		if (ports[i].ip == ip && ports[i].value == port)
			return true;
	return false;
}

bool
preempt_for_port(struct preempt *p, const struct world *w,
    const struct world_node *n, uint32_t ip, int64_t port)
{
	const struct sched_alloc *a;
	size_t had = p->n;

	if (p->priority <= 0 || world_places_port(w, n, ip, port))
		return false;
	TAILQ_FOREACH (a, &n->sn->allocs, by_node) {
		if (!is_there(w, a) || !holds(a, ip, port) || is_victim(p, a))
			continue;
		if (!may_go(p, w, a) || p->n == PREEMPT_MAX) {
			p->n = had;
			return false;
		}
		p->victims[p->n++] = a;
	}
	return true;
}

double
preempt_score(const struct preempt *p)
{
	static const double rate = 0.0048, middle = 2048.0;
	double max = 0, sum = 0, net;

	for (size_t i = 0; i < p->n; i++) {
		double one = (double)p->victims[i]->version->job->priority;

		sum += one;
		if (one > max)
			max = one;
	}
	net = max > 0 ? max + sum / max : 0;
	return 1.0 / (1.0 + exp(rate * (net - middle)));
}
