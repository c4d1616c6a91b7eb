#include "cmd/schedd/resched.h"

#include "cmd/schedd/text.h"

static size_t
nevents_of(const struct alloc *a)
{
	return a->reschedule_tracker != NULL ? a->reschedule_tracker->nevents
					     : 0;
}

/* The event `back` from the newest, which is 1. */
static const struct reschedule_event *
event_of(const struct alloc *a, size_t back)
{
	return &a->reschedule_tracker->events[nevents_of(a) - back];
}

int64_t
resched_last_event(const struct alloc *a)
{
	int64_t last = 0;

	for (size_t i = 0; i < a->ntask_states; i++)
		if (a->task_states[i].finished_at > last)
			last = a->task_states[i].finished_at;
	return last != 0 ? last : a->modify_time;
}

static int64_t
grown_delay(const struct reschedule_policy *p, const struct alloc *a)
{
	int64_t last = event_of(a, 1)->delay, before;

	if (sched_eq(p->delay_function, "exponential"))
		return last * 2;
	if (nevents_of(a) < 2)
		return p->delay;
	before = event_of(a, 2)->delay;
	/* After the ceiling it starts over. */
	if (before == p->max_delay && last == p->delay)
		return last;
	return last + before;
}

int64_t
resched_next_delay(
    const struct reschedule_policy *p, const struct alloc *a, int64_t failed_at)
{
	int64_t delay;

	if (p == NULL)
		return 0;
	if (nevents_of(a) == 0 ||
	    (!sched_eq(p->delay_function, "exponential") &&
		!sched_eq(p->delay_function, "fibonacci")))
		return p->delay;
	delay = grown_delay(p, a);
	if (p->max_delay <= 0 || delay <= p->max_delay)
		return delay;
	/* Having lived longer than the ceiling earns a fresh start. */
	if (failed_at - event_of(a, 1)->reschedule_time > p->max_delay)
		return p->delay;
	return p->max_delay;
}

int64_t
resched_attempted(
    const struct reschedule_policy *p, const struct alloc *a, int64_t failed_at)
{
	int64_t n = 0;

	for (size_t i = 0; i < nevents_of(a); i++)
		if (failed_at -
			a->reschedule_tracker->events[i].reschedule_time <
		    p->interval)
			n++;
	return n;
}

bool
resched_next_time(const struct reschedule_policy *p, const struct alloc *a,
    int64_t as_of, int64_t *when)
{
	int64_t delay = resched_next_delay(p, a, as_of);

	*when = as_of + delay;
	if (p == NULL || as_of == 0)
		return false;
	if (p->unlimited)
		return true;
	if (p->attempts <= 0)
		return false;
	if (nevents_of(a) == 0)
		return true;
	return resched_attempted(p, a, as_of) < p->attempts &&
	       delay < p->interval;
}

static void
keep(struct reschedule_tracker *t, const struct reschedule_event *e)
{
	t->events[t->nevents++] = (struct reschedule_event){
		.reschedule_time = e->reschedule_time,
		.prev_alloc_id = xstrdup(sched_str(e->prev_alloc_id)),
		.prev_node_id = xstrdup(sched_str(e->prev_node_id)),
		.delay = e->delay,
	};
}

struct reschedule_tracker *
resched_track(
    const struct reschedule_policy *p, const struct alloc *a, int64_t now)
{
	struct reschedule_tracker *t = xcalloc(1, sizeof *t);
	size_t n = nevents_of(a), first = 0;

	t->events = xcalloc(n + 1, sizeof *t->events);
	if (p != NULL && p->unlimited && n >= RESCHED_MAX_PAST)
		first = n - RESCHED_MAX_PAST + 1;
	for (size_t i = first; i < n; i++) {
		const struct reschedule_event *e =
		    &a->reschedule_tracker->events[i];

		if (p == NULL || p->unlimited || p->attempts <= 0 ||
		    now - e->reschedule_time <= p->interval)
			keep(t, e);
	}
	keep(t, &(struct reschedule_event){
		    .reschedule_time = now,
		    .prev_alloc_id = a->id,
		    .prev_node_id = a->node_id,
		    .delay = resched_next_delay(p, a, resched_last_event(a)),
		});
	t->last_reschedule = xstrdup("ok");
	return t;
}
