#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/schedd/jobcheck_impl.h"
#include "common/mem.h"

#define S                     INT64_C(1000000000)
#define MIN_RESTART_INTERVAL  (5 * S)
#define MIN_RESCHEDULE_DELAY  (5 * S)
#define MIN_RESCHEDULE_PERIOD (15 * S)
#define MAX_STEPS             4096 /* of delays that are added up one by one */
#define ZONES                 "/usr/share/zoneinfo/"

static const char *const healths[] = { "checks", "task_states", "manual",
	NULL };

void
check_restart(const struct restart_policy *r, struct problems *p)
{
	char a[CHECK_DUR_MAX], b[CHECK_DUR_MAX];

	if (!check_is(r->mode, "delay") && !check_is(r->mode, "fail"))
		problem(
		    p, "Unsupported restart mode: \"%s\"", check_str(r->mode));
	if (r->attempts == 0 && !check_is(r->mode, "fail"))
		problem(p, "Restart policy \"%s\" with 0 attempts is ambiguous",
		    check_str(r->mode));
	if (r->interval < MIN_RESTART_INTERVAL)
		problem(p, "Interval can not be less than %s (got %s)",
		    check_dur(MIN_RESTART_INTERVAL, a),
		    check_dur(r->interval, b));
	if (r->delay > 0 && r->attempts > 0 &&
	    r->attempts > r->interval / r->delay)
		problem(p,
		    "Nomad can't restart the TaskGroup %" PRId64
		    " times in an interval of %s with a delay of %s",
		    r->attempts, check_dur(r->interval, a),
		    check_dur(r->delay, b));
}

/* --- rescheduling --- */

static int64_t
add_ns(int64_t a, int64_t b)
{
	return a > INT64_MAX - b ? INT64_MAX : a + b;
}

struct viable {
	int64_t attempts; /* that the interval has room for */
	int64_t interval; /* that the attempts need */
	bool ok;
};

static struct viable
viable_constant(const struct reschedule_policy *r)
{
	struct viable v = { .attempts = r->interval / r->delay };

	v.interval = r->attempts > INT64_MAX / r->delay
			 ? INT64_MAX
			 : r->attempts * r->delay;
	v.ok = r->interval >= v.interval;
	return v;
}

/* Each delay doubles until it meets the ceiling, then adds the ceiling. */
static struct viable
viable_exponential(const struct reschedule_policy *r)
{
	struct viable v = { 0 };
	int64_t delay = r->delay;

	for (int64_t i = 0; i < r->attempts && i < MAX_STEPS; i++) {
		v.interval = delay > r->max_delay
				 ? add_ns(v.interval, r->max_delay)
				 : delay;
		v.attempts += v.interval < r->interval ? 1 : 0;
		delay = add_ns(delay, delay);
	}
	v.ok = v.attempts >= r->attempts;
	return v;
}

static struct viable
viable_fibonacci(const struct reschedule_policy *r)
{
	struct viable v = { .attempts = -1 };
	int64_t last = r->delay, before = 0;
	bool at_ceiling = false;

	for (int64_t i = 0; (i < r->attempts || i < 2) && i < MAX_STEPS; i++) {
		int64_t next =
		    i < 2 ? r->delay
			  : add_ns(last, at_ceiling ? r->max_delay : before);

		if (i >= 2 && !at_ceiling && next > r->max_delay) {
			next = r->max_delay;
			at_ceiling = true;
		}
		before = i == 0 ? 0 : last;
		last = next;
		if (next > r->interval && v.attempts < 0)
			v.attempts = i;
	}
	v.interval = last;
	v.ok = r->interval >= last && r->attempts <= MAX_STEPS;
	v.attempts = v.attempts < 0 ? 0 : v.attempts;
	return v;
}

static void
check_attempts(const struct reschedule_policy *r, struct problems *p)
{
	char a[CHECK_DUR_MAX], b[CHECK_DUR_MAX], c[CHECK_DUR_MAX];
	bool is_constant = check_is(r->delay_function, "constant");
	struct viable v = is_constant ? viable_constant(r)
			  : check_is(r->delay_function, "exponential")
			      ? viable_exponential(r)
			      : viable_fibonacci(r);

	if (v.ok)
		return;
	if (is_constant)
		problem(p,
		    "Nomad can only make %" PRId64
		    " attempts in %s with initial delay %s and delay function "
		    "\"%s\"",
		    v.attempts, check_dur(r->interval, a),
		    check_dur(r->delay, b), r->delay_function);
	else
		problem(p,
		    "Nomad can only make %" PRId64
		    " attempts in %s with initial delay %s, delay function "
		    "\"%s\", and delay ceiling %s",
		    v.attempts, check_dur(r->interval, a),
		    check_dur(r->delay, b), r->delay_function,
		    check_dur(r->max_delay, c));
	problem(p,
	    "Set the interval to at least %s to accommodate %" PRId64
	    " attempts",
	    check_dur((add_ns(v.interval, S / 2)) / S * S, a), r->attempts);
}

static bool
check_delays(const struct reschedule_policy *r, struct problems *p)
{
	static const char *const functions[] = { "constant", "exponential",
		"fibonacci", NULL };
	char a[CHECK_DUR_MAX], b[CHECK_DUR_MAX];
	size_t before = p->n;

	if (r->delay < MIN_RESCHEDULE_DELAY)
		problem(p, "Delay cannot be less than %s (got %s)",
		    check_dur(MIN_RESCHEDULE_DELAY, a), check_dur(r->delay, b));
	if (!check_among(r->delay_function, functions))
		problem(p,
		    "Invalid delay function \"%s\", must be one of "
		    "[\"constant\" \"exponential\" \"fibonacci\"]",
		    check_str(r->delay_function));
	if (!check_is(r->delay_function, "constant")) {
		if (r->max_delay < MIN_RESCHEDULE_DELAY)
			problem(p, "Max Delay cannot be less than %s (got %s)",
			    check_dur(MIN_RESCHEDULE_DELAY, a),
			    check_dur(r->max_delay, b));
		if (r->max_delay < r->delay)
			problem(p,
			    "Max Delay cannot be less than Delay %s (got %s)",
			    check_dur(r->delay, a), check_dur(r->max_delay, b));
	}
	return p->n == before;
}

void
check_reschedule(const struct reschedule_policy *r, struct problems *p)
{
	char a[CHECK_DUR_MAX], b[CHECK_DUR_MAX];
	bool sound;

	if (r->attempts <= 0 && !r->unlimited)
		return;
	if (r->attempts > 0 && r->interval <= 0)
		problem(p, "Interval must be a non zero value if Attempts > 0");
	if (r->attempts > 0 && r->unlimited) {
		problem(p,
		    "Reschedule Policy with Attempts = %" PRId64
		    ", Interval = %s, and Unlimited = true is ambiguous",
		    r->attempts, check_dur(r->interval, a));
		problem(p, "If Attempts >0, Unlimited cannot also be set to "
			   "true");
	}
	sound = check_delays(r, p);
	if (r->unlimited)
		return;
	if (r->interval < MIN_RESCHEDULE_PERIOD)
		problem(p, "Interval cannot be less than %s (got %s)",
		    check_dur(MIN_RESCHEDULE_PERIOD, a),
		    check_dur(r->interval, b));
	if (sound)
		check_attempts(r, p);
}

/* --- the others --- */

static void
check_update_times(const struct update_strategy *u, struct problems *p)
{
	char a[CHECK_DUR_MAX], b[CHECK_DUR_MAX];

	if (u->min_healthy_time < 0)
		problem(p, "Minimum healthy time may not be less than zero: %s",
		    check_dur(u->min_healthy_time, a));
	if (u->healthy_deadline <= 0)
		problem(p, "Healthy deadline must be greater than zero: %s",
		    check_dur(u->healthy_deadline, a));
	if (u->progress_deadline < 0)
		problem(p, "Progress deadline must be zero or greater: %s",
		    check_dur(u->progress_deadline, a));
	if (u->min_healthy_time >= u->healthy_deadline)
		problem(p,
		    "Minimum healthy time must be less than healthy deadline: "
		    "%s > %s",
		    check_dur(u->min_healthy_time, a),
		    check_dur(u->healthy_deadline, b));
	if (u->progress_deadline != 0 &&
	    u->healthy_deadline >= u->progress_deadline)
		problem(p,
		    "Healthy deadline must be less than progress deadline: %s "
		    "> %s",
		    check_dur(u->healthy_deadline, a),
		    check_dur(u->progress_deadline, b));
	if (u->stagger <= 0)
		problem(p, "Stagger must be greater than zero: %s",
		    check_dur(u->stagger, a));
}

void
check_update(const struct update_strategy *u, struct problems *p)
{
	if (!check_among(u->health_check, healths))
		problem(p, "Invalid health check given: \"%s\"",
		    check_str(u->health_check));
	if (u->max_parallel < 0)
		problem(p,
		    "Max parallel can not be less than zero: %" PRId64 " < 0",
		    u->max_parallel);
	if (u->canary < 0)
		problem(p,
		    "Canary count can not be less than zero: %" PRId64 " < 0",
		    u->canary);
	if (u->canary == 0 && u->auto_promote)
		problem(p, "Auto Promote requires a Canary count greater than "
			   "zero");
	check_update_times(u, p);
}

void
check_migrate(const struct migrate_strategy *m, struct problems *p)
{
	char a[CHECK_DUR_MAX];

	if (m->max_parallel < 0)
		problem(p, "MaxParallel must be >= 0 but found %" PRId64,
		    m->max_parallel);
	if (check_is(m->health_check, "")) {
		if (m->max_parallel > 0)
			problem(p, "Missing HealthCheck");
	} else if (!check_is(m->health_check, "checks") &&
		   !check_is(m->health_check, "task_states")) {
		problem(p, "Invalid HealthCheck: \"%s\"", m->health_check);
	}
	if (m->min_healthy_time < 0)
		problem(p, "MinHealthyTime is %s and must be >= 0",
		    check_dur(m->min_healthy_time, a));
	if (m->healthy_deadline < 0)
		problem(p, "HealthyDeadline is %s and must be >= 0",
		    check_dur(m->healthy_deadline, a));
	if (m->min_healthy_time > m->healthy_deadline)
		problem(p, "MinHealthyTime must be less than HealthyDeadline");
}

void
check_disconnect(const struct disconnect_strategy *d, const struct job *job,
    struct problems *p)
{
	static const char *const ways[] = { "", "best_score", "keep_original",
		"keep_replacement", "longest_running", NULL };
	static const char *const types[] = { "service", "batch", NULL };

	if (d->has_stop_on_client_after) {
		if (d->stop_on_client_after < 0)
			problem(p, "stop_after cannot be a negative duration");
		if (!check_among(job->type, types))
			problem(p, "stop_after can only be used with service "
				   "or batch job types");
	}
	if (d->lost_after < 0)
		problem(p, "lost_after cannot be a negative duration");
	if (d->has_stop_on_client_after && d->lost_after != 0)
		problem(p, "Disconnect cannot be configured with both "
			   "lost_after and stop_after");
	if (!check_among(d->reconcile, ways))
		problem(p, "reconcile option is invalid");
}

void
check_scaling(const struct scaling_policy *s, struct problems *p)
{
	static const char *const types[] = { "horizontal", "vertical_mem",
		"vertical_cpu", NULL };

	if (!check_among(s->type, types))
		problem(p,
		    "Scaling policy invalid: scaling policy type \"%s\" is "
		    "not valid",
		    check_str(s->type));
	if (s->max < 0)
		problem(p, "Scaling policy invalid: maximum count must be "
			   "specified and non-negative");
	else if (s->max < s->min)
		problem(p, "Scaling policy invalid: maximum count must not be "
			   "less than minimum count");
	if (s->min < 0)
		problem(p, "Scaling policy invalid: minimum count must be "
			   "specified and non-negative");
}

/* --- periodic --- */

static void
check_zone(const char *zone, struct problems *p)
{
	char *path;

	if (check_is(zone, "") || check_is(zone, "UTC") ||
	    check_is(zone, "Local"))
		return;
	path = xasprintf("%s%s", ZONES, zone);
	if (zone[0] == '/' || zone[0] == '\\' || strstr(zone, "..") != NULL)
		problem(p,
		    "Invalid time zone \"%s\": time: invalid location name",
		    zone);
	else if (access(path, F_OK) != 0)
		problem(p, "Invalid time zone \"%s\": unknown time zone %s",
		    zone, zone);
	free(path);
}

void
check_periodic(const struct periodic_config *c, struct problems *p)
{
	bool has_spec = !check_is(c->spec, "");

	if (has_spec && c->nspecs > 0)
		problem(p, "Only cron or crons may be used");
	if (!has_spec && c->nspecs == 0)
		problem(p, "Must specify a spec");
	check_zone(c->time_zone, p);
	if (!check_is(c->spec_type, "cron")) {
		problem(p, "Unknown periodic specification type \"%s\"",
		    check_str(c->spec_type));
		return;
	}
	if (has_spec)
		check_cron(c->spec, p);
	for (size_t i = 0; i < c->nspecs; i++)
		check_cron(c->specs[i], p);
}
