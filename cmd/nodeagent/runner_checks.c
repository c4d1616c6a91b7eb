#include "cmd/nodeagent/runner_checks.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/log.h"
#include "common/mem.h"

/* --- answers --- */

static bool
is_ill(const struct runner *r, const char *instance_id)
{
	for (size_t i = 0; i < r->nchecks; i++)
		if (strcmp(r->checks[i]->check.instance_id, instance_id) == 0 &&
		    !check_is_well(&r->checks[i]->check))
			return true;
	return false;
}

/* Tells the allocation which of the services are not well. */
static void
tell_run(struct runner *r, const struct service_list *now)
{
	struct buf ill = { 0 };

	for (size_t i = 0; i < now->nitems; i++)
		if (is_ill(r, now->items[i].id))
			buf_addf(&ill, "%s%s", ill.len > 0 ? ", " : "",
			    now->items[i].service_name);
	alloc_run_set_checks(
	    r->run, ill.len > 0 ? buf_str(&ill) : NULL, runner_now(r->na));
	buf_release(&ill);
}

static void
on_ran(void *ctx, struct check *c, bool changed)
{
	struct runner_check *rc = ctx;
	struct runner *r = rc->runner;
	struct run_time now = runner_now(r->na);

	if (changed)
		log_info("check %s alloc=%s service=%s check=\"%s\"",
		    check_status_name(c->status), r->run->alloc->id, c->service,
		    c->spec.name);
	if (check_wants_restart(c, now))
		alloc_run_unhealthy(r->run, c->restarts, c->spec.name, now);
	else if (!changed)
		return;
	runner_checks_changed(r); /* c may be gone */
	alloc_run_tick(r->run, now);
	runner_step(r);
}

/* --- coming and going --- */

static struct runner_check *
find(const struct runner *r, const char *id)
{
	for (size_t i = 0; i < r->nchecks; i++)
		if (strcmp(r->checks[i]->check.id, id) == 0)
			return r->checks[i];
	return NULL;
}

static void
recall(const struct runner *r, struct check *c)
{
	for (size_t i = 0; i < r->nrecalled; i++)
		if (strcmp(r->recalled[i].id, c->id) == 0)
			check_recall(c, &r->recalled[i]);
}

static void
begin(struct runner *r, struct check *c)
{
	struct runner_check *rc = xcalloc(1, sizeof *rc);
	const char *why = check_cannot_run(&c->spec);

	rc->runner = r;
	rc->wanted = true;
	rc->check = *c;
	*c = (struct check){ 0 };
	recall(r, &rc->check);
	if (why != NULL)
		log_warn("check not run alloc=%s service=%s check=\"%s\": %s",
		    r->run->alloc->id, rc->check.service, rc->check.spec.name,
		    why);
	r->checks = xreallocarray(r->checks, r->nchecks + 1, sizeof *r->checks);
	r->checks[r->nchecks++] = rc;
	rc->job = checkjob_begin(r->na->checkrun, &rc->check, on_ran, rc);
}

static void
end(struct runner_check *rc)
{
	checkjob_end(rc->job);
	check_release(&rc->check);
	free(rc);
}

static void
end_unwanted(struct runner *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->nchecks; i++)
		if (r->checks[i]->wanted)
			r->checks[kept++] = r->checks[i];
		else
			end(r->checks[i]);
	r->nchecks = kept;
}

static void
fill(const struct runner *r, struct service_instance *s)
{
	for (size_t i = 0; i < r->nchecks; i++) {
		const struct check *c = &r->checks[i]->check;

		if (strcmp(c->instance_id, s->id) != 0)
			continue;
		s->checks =
		    xreallocarray(s->checks, s->nchecks + 1, sizeof *s->checks);
		check_tell(c, &s->checks[s->nchecks++]);
		s->critical |= c->status != CHECK_PASSING;
	}
}

void
runner_checks_follow(struct runner *r, struct service_list *now)
{
	for (size_t i = 0; i < r->nchecks; i++)
		r->checks[i]->wanted = false;
	for (size_t i = 0; i < now->nchecks; i++) {
		struct runner_check *old = find(r, now->checks[i].id);

		if (old != NULL)
			old->wanted = true;
		else
			begin(r, &now->checks[i]);
	}
	end_unwanted(r);
	for (size_t i = 0; i < now->nitems; i++)
		fill(r, &now->items[i]);
	tell_run(r, now);
}

void
runner_checks_release(struct runner *r)
{
	for (size_t i = 0; i < r->nchecks; i++)
		end(r->checks[i]);
	free(r->checks);
	runner_checks_forget(r);
}

/* --- across a restart of nodeagent --- */

void
runner_checks_save(const struct runner *r, struct alloc_saved *out)
{
	out->checks = xcalloc(r->nchecks, sizeof *out->checks);
	out->nchecks = r->nchecks;
	for (size_t i = 0; i < r->nchecks; i++)
		check_tell(&r->checks[i]->check, &out->checks[i]);
}

void
runner_checks_recall(struct runner *r, struct alloc_saved *saved)
{
	r->recalled = saved->checks;
	r->nrecalled = saved->nchecks;
	saved->checks = NULL;
	saved->nchecks = 0;
}

void
runner_checks_forget(struct runner *r)
{
	for (size_t i = 0; i < r->nrecalled; i++)
		rec_clear(&instance_check_type, &r->recalled[i]);
	free(r->recalled);
	r->recalled = NULL;
	r->nrecalled = 0;
}
