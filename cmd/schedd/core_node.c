/*
 * What nodes ask, and their leases. Renewing a lease touches the leader's
 * memory only; what changes a node's status goes through the log.
 */
#include "cmd/schedd/core_impl.h"

#include <inttypes.h>
#include <stdlib.h>

#include "cmd/schedd/nodeclass.h"
#include "cmd/schedd/plant.h"
#include "cmd/schedd/text.h"
#include "cmd/schedd/world.h"
#include "common/fnv.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"

static struct lease_rule
rule_of(const struct sched_core *c)
{
	return (struct lease_rule){
		.min_ms = c->opts.lease_min_ms,
		.grace_ms = SCHED_PLANT(14) ? 0 : c->opts.lease_grace_ms,
		.rate = c->opts.lease_rate,
	};
}

void
sched_core_servers(struct sched_core *c, char *const *urls, size_t n)
{
	for (size_t i = 0; i < c->nservers; i++)
		free(c->servers[i]);
	free(c->servers);
	c->servers = n > 0 ? xcalloc(n, sizeof *c->servers) : NULL;
	c->nservers = n;
	for (size_t i = 0; i < n; i++)
		c->servers[i] = xstrdup(urls[i]);
}

struct node_leased *
core_leased(struct sched_core *c, const char *node_id, uint64_t index)
{
	struct lease_rule rule = rule_of(c);
	struct node_leased *l = xcalloc(1, sizeof *l);
	const struct sched_node *n = sched_node_find(&c->state, node_id);

	l->index = index;
	l->known = true;
	l->http_port = c->opts.http_port;
	l->servers = xcalloc(c->nservers, sizeof *l->servers);
	l->nservers = c->nservers;
	for (size_t i = 0; i < c->nservers; i++)
		l->servers[i] = xstrdup(c->servers[i]);
	if (n != NULL)
		l->seq = n->node->update_seq > n->node->services_seq
			     ? n->node->update_seq
			     : n->node->services_seq;
	l->ttl_ms = lease_renew(&c->leases, node_id, &rule, &c->rng, c->now_ms);
	return l;
}

/* --- evaluations for a node --- */

static void
add_eval(struct sched_core *c, struct core_evals *l, const struct job *job,
    const struct sched_node *n, const char *trigger)
{
	struct eval *e;

	if (core_evals_have(l, sched_str(job->namespace), sched_str(job->id)))
		return;
	e = core_evals_add(c, l, job, trigger);
	e->node_id = xstrdup(n->id);
	e->node_modify_index = n->node != NULL ? n->node->modify_index : 0;
}

/* The job is to be looked at with what it has in sight since that index. */
static bool
is_looked_at(const struct sched_job *j, uint64_t since)
{
	const struct sched_eval *e;

	TAILQ_FOREACH (e, &j->evals, by_job)
		if (sched_eq(e->rec.status, "pending") &&
		    e->rec.create_index >= since)
			return true;
	return false;
}

void
core_node_lost(struct sched_core *c, const struct sched_node *n)
{
	struct core_evals evals = { 0 };
	const struct sched_alloc *a;

	if (!sched_eq(n->node->status, "down"))
		return;
	TAILQ_FOREACH (a, &n->allocs, by_node)
		if (!sched_alloc_is_client_terminal(a) &&
		    a->desired == SCHED_RUN &&
		    !is_looked_at(a->job, n->node->modify_index))
			add_eval(c, &evals,
			    a->job->job != NULL ? a->job->job : a->version->job,
			    n, "node-update");
	core_propose_evals(c, evals.evals, evals.n);
	core_evals_release(&evals);
}

/* Jobs that want to be on every node. */
static bool
is_everywhere(const struct job *job)
{
	return (sched_eq(job->type, "system") ||
		   sched_eq(job->type, "sysbatch")) &&
	       !job->stop && job->periodic == NULL &&
	       job->parameterized_job == NULL;
}

void
core_node_evals(struct sched_core *c, const struct sched_node *n,
    const char *trigger, struct core_evals *out)
{
	const struct sched_alloc *a;

	TAILQ_FOREACH (a, &n->allocs, by_node)
		if (!sched_alloc_is_client_terminal(a))
			add_eval(c, out,
			    a->job->job != NULL ? a->job->job : a->version->job,
			    n, trigger);
	for (const struct sched_job *j = c->state.jobs;
	     j != NULL && n->node != NULL; j = j->hh.next)
		if (j->job != NULL && is_everywhere(j->job) &&
		    world_is_pool_meant(j->job, n->node->node_pool))
			add_eval(c, out, j->job, n, trigger);
}

/* Whether this change of status makes jobs be looked at. */
static bool
status_matters(const char *old, const char *new)
{
	if (sched_eq(old, new) || SCHED_PLANT(12))
		return false;
	if (sched_eq(new, "down") || sched_eq(new, "disconnected"))
		return true;
	return sched_eq(new, "ready") || sched_eq(old, "disconnected");
}

/* --- what a node asks for until it has it --- */

/*
 * What it wants is on its way already. Who asked for it has gone elsewhere
 * since; a command for each time would keep a slow log slow.
 */
static bool
join_coming(
    struct sched_core *c, const char *node_id, uint64_t wish, uint64_t req)
{
	struct core_pending *p = map_find(&c->coming, node_id);

	if (p == NULL || p->wish != wish)
		return false;
	core_refuse(c, p->req, ERR_BUSY, "the node has asked again since");
	p->req = req;
	return true;
}

static void
note_coming(struct sched_core *c, struct core_pending *p, const char *node_id,
    uint64_t wish)
{
	p->node_id = xstrdup(node_id);
	p->wish = wish;
	map_put(&c->coming, node_id, p);
}

/* --- registering --- */

const struct sched_node *
core_ask_as_node(struct sched_core *c, uint64_t req, const char *node_id,
    const char *secret_id)
{
	const struct sched_node *n =
	    sched_node_find(&c->state, sched_str(node_id));

	if (!core_may_ask(c, req))
		return NULL;
	if (n == NULL)
		core_refuse(c, req, ERR_NOT_FOUND, "node is not registered");
	else if (!sched_eq(n->node->secret_id, secret_id))
		core_refuse(
		    c, req, ERR_DENIED, "node secret ID does not match");
	else
		return n;
	return NULL;
}

bool
sched_core_knows_node(
    const struct sched_core *c, const char *node_id, const char *secret_id)
{
	const struct sched_node *n =
	    sched_node_find(&c->state, sched_str(node_id));

	return n != NULL && sched_eq(n->node->secret_id, secret_id);
}

static int
node_check(const struct sched_core *c, const struct node *n, struct err *err)
{
	const struct sched_node *old =
	    sched_node_find(&c->state, sched_str(n->id));

	if (sched_is_empty(n->id) || strlen(n->id) >= SCHED_ID_SIZE)
		return err_set(err, ERR_BAD, "missing or overlong node ID");
	if (sched_is_empty(n->secret_id))
		return err_set(err, ERR_BAD, "missing node secret ID");
	if (sched_is_empty(n->datacenter))
		return err_set(err, ERR_BAD, "missing datacenter");
	if (sched_is_empty(n->name))
		return err_set(err, ERR_BAD, "missing node name");
	if (old != NULL && !sched_eq(old->node->secret_id, n->secret_id))
		return err_set(
		    err, ERR_DENIED, "node secret ID does not match");
	return 0;
}

static bool
register_matters(const struct sched_node *old, const struct node *new)
{
	char *class;
	bool matters;

	if (old == NULL || !sched_eq(old->node->status, new->status))
		return sched_eq(new->status, "ready");
	class = nodeclass_of(new);
	matters = !sched_eq(old->node->computed_class, class);
	free(class);
	return matters;
}

static uint64_t
register_wish(const struct node *n)
{
	struct buf b = { 0 };
	uint64_t wish;

	rec_pack(&node_type, n, &b);
	wish = fnv_add(FNV_BEGIN, b.data, b.len);
	buf_release(&b);
	return wish;
}

/* Otherwise it has been refused, or is answered with what is on its way. */
static bool
is_to_be_written(
    struct sched_core *c, uint64_t req, const struct node *n, uint64_t wish)
{
	struct err err;

	if (!core_may_ask(c, req))
		return false;
	if (node_check(c, n, &err) == -1) {
		core_refuse(c, req, err.code, "%s", err.text);
		return false;
	}
	return !join_coming(c, n->id, wish, req);
}

void
sched_core_node_register(
    struct sched_core *c, uint64_t req, const struct node_register *m)
{
	struct cmd_node_register r = { .node = m->node };
	struct cmd cmd = { .node_register = &r };
	struct core_evals evals = { 0 };
	struct core_pending *p;
	const struct sched_node *old;
	struct sched_node fresh = { .id = m->node.id, .node = &r.node };
	uint64_t wish = register_wish(&m->node);

	if (!is_to_be_written(c, req, &m->node, wish))
		return;
	if (!sched_eq(m->node.status, "ready"))
		r.node.status = text_borrow("initializing");
	if (sched_is_empty(r.node.node_pool))
		r.node.node_pool = text_borrow("default");
	old = sched_node_find(&c->state, m->node.id);
	TAILQ_INIT(&fresh.allocs);
	/* What is lost by then is ready again. */
	if (register_matters(old, &r.node) ||
	    map_find(&c->losing, m->node.id) != NULL)
		core_node_evals(
		    c, old != NULL ? old : &fresh, "node-update", &evals);
	r.evals = evals.evals;
	r.nevals = evals.n < CMD_MAX_BATCH ? evals.n : CMD_MAX_BATCH;
	p = core_ask(c, req, &cmd, CORE_LEASED);
	note_coming(c, p, m->node.id, wish);
	core_propose_evals(c, evals.evals + r.nevals, evals.n - r.nevals);
	core_evals_release(&evals);
}

/* --- status --- */

static struct core_pending *
propose_status(struct sched_core *c, const struct sched_node *n,
    const char *status, const char *event)
{
	struct core_evals evals = { 0 };
	struct node_event ev = { .subsystem = text_borrow("Cluster"),
		.message = text_borrow(event),
		.timestamp = c->wall_ns };
	struct cmd_node_status s = { .node_id = n->id,
		.status = text_borrow(status),
		.events = &ev,
		.nevents = *event != '\0' ? 1 : 0 };
	struct cmd cmd = { .node_status = &s };
	struct core_pending *p;

	if (status_matters(n->node->status, status))
		core_node_evals(c, n, "node-update", &evals);
	s.evals = evals.evals;
	s.nevals = evals.n < CMD_MAX_BATCH ? evals.n : CMD_MAX_BATCH;
	p = core_propose(c, &cmd);
	core_propose_evals(c, evals.evals + s.nevals, evals.n - s.nevals);
	core_evals_release(&evals);
	return p;
}

void
sched_core_node_lease(
    struct sched_core *c, uint64_t req, const struct node_lease *m)
{
	const char *status =
	    sched_eq(m->status, "initializing") ? "initializing" : "ready";
	const struct sched_node *n;
	struct core_pending *p;
	uint64_t wish;
	bool was_lost;

	if (c->leading &&
	    sched_node_find(&c->state, sched_str(m->node_id)) == NULL) {
		core_reply(c, req, &node_leased_type,
		    xcalloc(1, sizeof(struct node_leased)), c->state.index);
		return;
	}
	n = core_ask_as_node(c, req, m->node_id, m->secret_id);
	if (n == NULL)
		return;
	if (sched_eq(n->node->status, status)) {
		core_reply(c, req, &node_leased_type,
		    core_leased(c, n->id, c->state.index), c->state.index);
		return;
	}
	wish = fnv_add(FNV_BEGIN, status, strlen(status));
	if (join_coming(c, n->id, wish, req))
		return;
	was_lost = sched_eq(n->node->status, "down") ||
		   sched_eq(n->node->status, "disconnected");
	p = propose_status(
	    c, n, status, was_lost ? "Node reregistered by heartbeat" : "");
	p->has_req = true;
	p->req = req;
	p->answer = CORE_LEASED;
	note_coming(c, p, n->id, wish);
}

/* --- leases --- */

void
core_node_lead(struct sched_core *c)
{
	for (const struct sched_node *n = c->state.nodes; n != NULL;
	     n = n->hh.next)
		if (n->node != NULL && !sched_eq(n->node->status, "down") &&
		    !sched_eq(n->node->status, "disconnected"))
			lease_set(&c->leases, n->id,
			    SCHED_PLANT(1) ? 0 : c->opts.failover_ttl_ms,
			    c->now_ms);
		else if (n->node != NULL)
			core_node_lost(c, n);
}

/* Whether some of what runs there may go on without us for a while. */
static bool
may_disconnect(const struct sched_node *n)
{
	const struct sched_alloc *a;

	TAILQ_FOREACH (a, &n->allocs, by_node) {
		const struct task_group *g = core_group_of(a);

		if (sched_alloc_is_terminal(a) || g == NULL)
			continue;
		if ((g->disconnect != NULL && g->disconnect->lost_after > 0) ||
		    g->max_client_disconnect > 0)
			return true;
	}
	return false;
}

/* When this server was too busy to look at leases in time it could not hear
 * their renewals either: all get the time back. Those that only wait for their
 * turn do not count: others are heard between them. */
static void
forgive(struct sched_core *c)
{
	uint64_t first_ms = lease_due_ms(&c->leases);
	uint64_t due_ms = first_ms > c->lost_ms ? first_ms : c->lost_ms;
	uint64_t late_ms = due_ms < c->now_ms ? c->now_ms - due_ms : 0;

	if (late_ms < CORE_LATE_MS)
		return;
	leases_extend(&c->leases,
	    late_ms + (late_ms < CORE_HEAR_MS ? late_ms : CORE_HEAR_MS));
	c->stats.leases_forgiven++;
	log_warn("leases extended late_ms=%" PRIu64, late_ms);
}

static void
propose_loss(
    struct sched_core *c, const struct sched_node *n, const char *status)
{
	struct core_pending *p =
	    propose_status(c, n, status, "Node heartbeat missed");

	p->node_id = xstrdup(n->id);
	p->is_loss = true;
	map_put(&c->losing, n->id, p);
}

void
core_node_tick(struct sched_core *c)
{
	const char *id;
	size_t nlost = 0;

	forgive(c);
	while (nlost < CORE_TURN_LOST &&
	       (id = lease_expired(&c->leases, c->now_ms)) != NULL) {
		const struct sched_node *n = sched_node_find(&c->state, id);
		int64_t began = probe_begin(&c->opts.probe);
		const char *status;

		if (n == NULL || sched_eq(n->node->status, "down")) {
			lease_end(&c->leases, id);
			continue;
		}
		lease_set(&c->leases, id, CORE_EXPIRED_MS, c->now_ms);
		status = may_disconnect(n) ? "disconnected" : "down";
		log_warn("node lost node=%s name=%s status=%s", n->id,
		    sched_str(n->node->name), status);
		c->stats.leases_expired++;
		nlost++;
		propose_loss(c, n, status);
		probe_end(
		    &c->opts.probe, "nomad.nomad.heartbeat.invalidate", began);
	}
	c->lost_ms = nlost == CORE_TURN_LOST ? c->now_ms : 0;
}
