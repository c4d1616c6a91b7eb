/*
 * What people ask about allocations, nodes, deployments and the servers.
 */
#include "cmd/schedd/core_impl.h"

#include <stdlib.h>

#include "cmd/schedd/text.h"
#include "common/clock.h"
#include "common/mem.h"
#include "common/text.h"

void
sched_core_alloc_stop(
    struct sched_core *c, uint64_t req, const char *id, bool no_shutdown_delay)
{
	const struct sched_alloc *a =
	    sched_alloc_find(&c->state, sched_str(id));
	char *ids[] = { text_borrow(id) };
	struct cmd_alloc_transition t = { .allocs = ids,
		.nallocs = 1,
		.transition = { .has_migrate = true,
		    .migrate = true,
		    .has_no_shutdown_delay = no_shutdown_delay,
		    .no_shutdown_delay = no_shutdown_delay } };
	struct cmd cmd = { .alloc_transition = &t };
	struct core_evals evals = { 0 };
	struct core_pending *p;

	if (!core_may_ask(c, req))
		return;
	if (a == NULL) {
		core_refuse(c, req, ERR_NOT_FOUND, "alloc not found");
		return;
	}
	core_evals_add(c, &evals,
	    a->job->job != NULL ? a->job->job : a->version->job, "alloc-stop");
	t.evals = evals.evals;
	t.nevals = evals.n;
	p = core_ask(c, req, &cmd, CORE_ALLOC_STOPPED);
	core_note_evals(p, evals.evals, evals.n);
	core_evals_release(&evals);
}

/* --- nodes --- */

static const struct sched_node *
ask_about(struct sched_core *c, uint64_t req, const char *id)
{
	const struct sched_node *n = sched_node_find(&c->state, sched_str(id));

	if (!core_may_ask(c, req))
		return NULL;
	if (n == NULL)
		core_refuse(c, req, ERR_NOT_FOUND, "node not found");
	return n;
}

/* The first of them go into the command, the rest after it. */
static size_t
first_part(const struct core_evals *l)
{
	return l->n < CMD_MAX_BATCH ? l->n : CMD_MAX_BATCH;
}

static void
ask_with_evals(struct sched_core *c, uint64_t req, struct cmd *cmd,
    enum core_answer answer, struct core_evals *l)
{
	size_t n = first_part(l);
	struct core_pending *p = core_ask(c, req, cmd, answer);

	core_note_evals(p, l->evals, l->n);
	core_propose_evals(c, l->evals + n, l->n - n);
	core_evals_release(l);
}

void
sched_core_node_eligibility(
    struct sched_core *c, uint64_t req, const char *id, bool eligible)
{
	const struct sched_node *n = ask_about(c, req, id);
	struct node_event ev = { .subsystem = text_borrow("Cluster"),
		.message = text_borrow(
		    eligible ? "Node marked as eligible for scheduling"
			     : "Node marked as ineligible for scheduling"),
		.timestamp = c->wall_ns };
	struct cmd_node_status s = { .node_id = text_borrow(id),
		.eligibility =
		    text_borrow(eligible ? "eligible" : "ineligible"),
		.events = &ev,
		.nevents = 1 };
	struct cmd cmd = { .node_status = &s };
	struct core_evals evals = { 0 };

	if (n == NULL)
		return;
	if (eligible && n->node->drain_strategy != NULL) {
		core_refuse(c, req, ERR_BAD,
		    "can not set node's scheduling eligibility to eligible "
		    "while it is draining");
		return;
	}
	if (eligible && !sched_eq(n->node->scheduling_eligibility, "eligible"))
		core_node_evals(c, n, "node-update", &evals);
	s.evals = evals.evals;
	s.nevals = first_part(&evals);
	ask_with_evals(c, req, &cmd, CORE_ELIGIBLE, &evals);
}

void
sched_core_node_drain(struct sched_core *c, uint64_t req, const char *id,
    const struct node_update_drain_request *m)
{
	const struct drain_spec *spec = m->drain_spec;
	const struct sched_node *n = ask_about(c, req, id);
	struct drain_strategy strategy = { 0 };
	struct cmd_node_drain d = { .node_id = text_borrow(id),
		.mark_eligible = m->mark_eligible,
		.meta = m->meta,
		.nmeta = m->nmeta };
	struct cmd cmd = { .node_drain = &d };
	struct core_evals evals = { 0 };

	if (n == NULL)
		return;
	if (spec != NULL) {
		strategy.deadline = spec->deadline;
		strategy.ignore_system_jobs = spec->ignore_system_jobs;
		strategy.started_at = c->wall_ns;
		if (spec->deadline > 0)
			strategy.force_deadline = c->wall_ns + spec->deadline;
		d.strategy = &strategy;
	} else if (m->mark_eligible) {
		core_node_evals(c, n, "node-update", &evals);
	}
	d.evals = evals.evals;
	d.nevals = first_part(&evals);
	ask_with_evals(c, req, &cmd, CORE_DRAINED, &evals);
}

void
sched_core_node_purge(struct sched_core *c, uint64_t req, const char *id)
{
	const struct sched_node *n = ask_about(c, req, id);
	char *ids[] = { text_borrow(id) };
	struct cmd_reap reap = { .nodes = ids, .nnodes = 1 };
	struct cmd_eval_upsert u = { 0 };
	struct cmd parts[2] = { { .reap = &reap }, { .eval_upsert = &u } };
	struct cmd cmd = { .batch = parts, .nbatch = 2 };
	struct core_evals evals = { 0 };

	if (n == NULL)
		return;
	core_node_evals(c, n, "node-update", &evals);
	u.evals = evals.evals;
	u.nevals = first_part(&evals);
	ask_with_evals(c, req, &cmd, CORE_PURGED, &evals);
}

void
sched_core_node_evaluate(struct sched_core *c, uint64_t req, const char *id)
{
	const struct sched_node *n = ask_about(c, req, id);
	struct cmd_eval_upsert u = { 0 };
	struct cmd cmd = { .eval_upsert = &u };
	struct core_evals evals = { 0 };

	if (n == NULL)
		return;
	core_node_evals(c, n, "node-update", &evals);
	if (evals.n == 0) {
		core_reply(c, req, &node_purge_response_type,
		    xcalloc(1, sizeof(struct node_purge_response)),
		    c->state.index);
		return;
	}
	u.evals = evals.evals;
	u.nevals = first_part(&evals);
	ask_with_evals(c, req, &cmd, CORE_PURGED, &evals);
}

/* --- deployments --- */

static const struct sched_deployment *
ask_about_deployment(struct sched_core *c, uint64_t req, const char *id)
{
	const struct sched_deployment *d =
	    sched_deployment_find(&c->state, sched_str(id));

	if (!core_may_ask(c, req))
		return NULL;
	if (d == NULL) {
		core_refuse(c, req, ERR_NOT_FOUND, "deployment not found");
	} else if (!sched_deployment_is_active(&d->rec)) {
		core_refuse(
		    c, req, ERR_BAD, "can't change terminal deployment");
		d = NULL;
	}
	return d;
}

static void
ask_deployment(struct sched_core *c, uint64_t req, struct cmd_deployment *u,
    const struct sched_deployment *d, bool with_eval)
{
	struct cmd cmd = { .deployment = u };
	struct core_evals evals = { 0 };
	struct core_pending *p;

	u->change.deployment_id = d->rec.id;
	if (with_eval && d->job != NULL && d->job->job != NULL)
		core_evals_add(c, &evals, d->job->job, "deployment-watcher")
		    ->deployment_id = xstrdup(d->rec.id);
	u->evals = evals.evals;
	u->nevals = evals.n;
	p = core_ask(c, req, &cmd, CORE_DEPLOYED);
	core_note_evals(p, evals.evals, evals.n);
	core_evals_release(&evals);
}

static bool
is_named(const char *key, char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (sched_eq(names[i], key))
			return true;
	return n == 0;
}

int64_t
core_healthy_canaries(
    const struct sched_core *c, const struct deployment_state *g)
{
	int64_t n = 0;

	for (size_t i = 0; i < g->nplaced_canaries; i++) {
		const struct sched_alloc *a = sched_alloc_find(
		    &c->state, sched_str(g->placed_canaries[i]));

		n += a != NULL && a->has_healthy && a->healthy;
	}
	return n;
}

void
sched_core_deployment_promote(struct sched_core *c, uint64_t req,
    const char *id, char *const *groups, size_t n)
{
	const struct sched_deployment *d = ask_about_deployment(c, req, id);
	struct cmd_deployment u = { 0 };
	char **names;

	if (d == NULL)
		return;
	names = xcalloc(d->rec.ntask_groups, sizeof *names);
	for (size_t i = 0; i < d->rec.ntask_groups; i++) {
		const struct deployment_state *g = &d->rec.task_groups[i];

		if (g->desired_canaries == 0 || !is_named(g->key, groups, n))
			continue;
		if (core_healthy_canaries(c, g) < g->desired_canaries) {
			core_refuse(c, req, ERR_BAD,
			    "Task group \"%s\" has %lld/%lld healthy "
			    "allocations",
			    g->key, (long long)core_healthy_canaries(c, g),
			    (long long)g->desired_canaries);
			free(names);
			return;
		}
		names[u.npromote++] = g->key;
	}
	u.promote = names;
	if (u.npromote == 0)
		core_refuse(c, req, ERR_BAD, "no canaries to promote");
	else
		ask_deployment(c, req, &u, d, true);
	free(names);
}

/* The first of the ids that is no allocation of the deployment, or NULL. */
static const char *
first_stranger(const struct sched_core *c, const struct sched_deployment *d,
    char *const *ids, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct sched_alloc *a =
		    sched_alloc_find(&c->state, sched_str(ids[i]));

		if (a == NULL || a->deployment != d)
			return ids[i];
	}
	return NULL;
}

void
sched_core_deployment_health(struct sched_core *c, uint64_t req, const char *id,
    const struct sched_health_set *set)
{
	const struct sched_deployment *d = ask_about_deployment(c, req, id);
	struct cmd_deployment u = { .healthy = set->healthy,
		.nhealthy = set->nhealthy,
		.unhealthy = set->unhealthy,
		.nunhealthy = set->nunhealthy };
	const char *stranger;

	if (d == NULL)
		return;
	stranger = first_stranger(c, d, set->healthy, set->nhealthy);
	if (stranger == NULL)
		stranger =
		    first_stranger(c, d, set->unhealthy, set->nunhealthy);
	if (set->nhealthy + set->nunhealthy == 0)
		core_refuse(c, req, ERR_BAD,
		    "must specify at least one healthy/unhealthy allocation "
		    "ID");
	else if (set->nhealthy + set->nunhealthy > CMD_MAX_BATCH)
		core_refuse(c, req, ERR_BAD,
		    "at most %d allocations may be judged at a time",
		    CMD_MAX_BATCH);
	else if (stranger != NULL)
		core_refuse(c, req, ERR_BAD,
		    "alloc \"%s\" is not part of deployment \"%s\"", stranger,
		    d->rec.id);
	else
		ask_deployment(c, req, &u, d, true);
}

void
sched_core_deployment_status(
    struct sched_core *c, uint64_t req, const char *id, const char *status)
{
	static const struct {
		const char *status, *description;
	} known[] = {
		{ "paused", "Deployment is paused" },
		{ "running", "Deployment is running" },
	};
	const struct sched_deployment *d = ask_about_deployment(c, req, id);
	struct cmd_deployment u = { 0 };

	if (d == NULL)
		return;
	if (sched_eq(status, "failed")) {
		core_deploy_fail(c, req, d);
		return;
	}
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (sched_eq(known[i].status, status)) {
			u.change.status = text_borrow(known[i].status);
			u.change.status_description =
			    text_borrow(known[i].description);
			ask_deployment(
			    c, req, &u, d, !sched_eq(status, "paused"));
			return;
		}
	core_refuse(c, req, ERR_BAD, "\"%s\" is no status to set", status);
}

/* --- services --- */

void
sched_core_service_delete(struct sched_core *c, uint64_t req, const char *ns,
    const char *name, const char *id)
{
	const struct sched_service *s =
	    sched_service_find(&c->state, sched_str(id));
	struct services_update u = { .nremove = 1 };
	struct cmd cmd = { .services = &u };
	char *ids[] = { text_borrow(sched_str(id)) };

	if (!core_may_ask(c, req))
		return;
	if (s == NULL || !sched_eq(s->rec.ns, ns) ||
	    !sched_eq(s->rec.service_name, name)) {
		core_refuse(
		    c, req, ERR_NOT_FOUND, "service registration not found");
		return;
	}
	u.node_id = s->rec.node_id;
	u.remove = ids;
	core_ask(c, req, &cmd, CORE_EMPTY);
}

/* --- the servers --- */

void
sched_core_sched_config(struct sched_core *c, uint64_t req,
    const struct scheduler_configuration *config)
{
	struct scheduler_configuration copy = *config;
	struct cmd cmd = { .sched_config = &copy };

	if (!core_may_ask(c, req))
		return;
	if (!sched_is_empty(copy.scheduler_algorithm) &&
	    !sched_eq(copy.scheduler_algorithm, "binpack") &&
	    !sched_eq(copy.scheduler_algorithm, "spread")) {
		core_refuse(c, req, ERR_BAD,
		    "invalid scheduler algorithm \"%s\"",
		    copy.scheduler_algorithm);
		return;
	}
	if (sched_is_empty(copy.scheduler_algorithm))
		copy.scheduler_algorithm = text_borrow("binpack");
	core_ask(c, req, &cmd, CORE_EMPTY);
}

void
sched_core_autopilot(struct sched_core *c, uint64_t req,
    const struct autopilot_configuration *config)
{
	struct autopilot_configuration copy = *config;
	struct cmd cmd = { .autopilot = &copy };

	if (core_may_ask(c, req))
		core_ask(c, req, &cmd, CORE_EMPTY);
}

void
core_autopilot_lead(struct sched_core *c)
{
	struct autopilot_configuration first = c->opts.autopilot;
	struct cmd cmd = { .autopilot = &first };

	if (c->state.autopilot.modify_index == 0 &&
	    !rec_equal(
		&autopilot_configuration_type, &first, &c->state.autopilot))
		core_propose(c, &cmd);
}
