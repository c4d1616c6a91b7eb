#include "cmd/schedd/feasible.h"

#include <stdlib.h>

#include "cmd/schedd/constraint.h"
#include "cmd/schedd/nodeclass.h"
#include "cmd/schedd/text.h"

enum { UNKNOWN, GOOD, BAD };

static const char class_is_bad[] = "computed class ineligible";

/* --- which verdicts escape --- */

static bool
any_escapes(const struct constraint *c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (nodeclass_escapes(c[i].ltarget) ||
		    nodeclass_escapes(c[i].rtarget))
			return true;
	return false;
}

static bool
group_escapes(const struct task_group *tg)
{
	bool escapes = any_escapes(tg->constraints, tg->nconstraints);

	for (size_t i = 0; i < tg->ntasks && !escapes; i++) {
		const struct task *t = &tg->tasks[i];

		escapes = any_escapes(t->constraints, t->nconstraints);
		for (size_t k = 0; t->resources != NULL && !escapes &&
				   k < t->resources->ndevices;
		     k++)
			escapes =
			    any_escapes(t->resources->devices[k].constraints,
				t->resources->devices[k].nconstraints);
	}
	return escapes;
}

void
feasible_init(struct feasible *f, struct world *w, const struct job *job)
{
	*f = (struct feasible){ .w = w, .job = job };
	f->escapes = any_escapes(job->constraints, job->nconstraints);
	f->groups =
	    arena_alloc(w->arena, job->ntask_groups * sizeof *f->groups + 1);
	for (size_t i = 0; i < job->ntask_groups; i++) {
		f->groups[i].tg = &job->task_groups[i];
		f->groups[i].escapes = group_escapes(&job->task_groups[i]);
	}
}

/* --- the checks; each gives a reason or NULL --- */

static const char *
text_in_arena(struct world *w, char *text)
{
	const char *s = arena_strndup(w->arena, text, strlen(text));

	free(text);
	return s;
}

static const char *
check_constraints(struct world *w, const struct node *n,
    const struct constraint *c, size_t nc)
{
	for (size_t i = 0; i < nc; i++)
		if (!constraint_meets(n, &c[i]))
			return text_in_arena(w, constraint_format(&c[i]));
	return NULL;
}

static bool
has_driver(const struct node *n, const char *driver)
{
	const struct driver_info *d =
	    rec_map_find(n->drivers, n->ndrivers, sizeof *n->drivers, driver);
	const char *v;
	char *key;

	if (d != NULL)
		return d->detected && d->healthy;
	key = xasprintf("driver.%s", driver);
	v = rec_kv_get(n->attributes, n->nattributes, key);
	free(key);
	return v != NULL && (sched_eq(v, "1") || sched_eq(v, "true"));
}

static const char *
check_drivers(const struct node *n, const struct task_group *tg)
{
	for (size_t i = 0; i < tg->ntasks; i++)
		if (!has_driver(n, sched_str(tg->tasks[i].driver)))
			return "missing drivers";
	return NULL;
}

static bool
has_host_network(const struct node *n, const char *alias)
{
	const struct node_resources *r = n->node_resources;

	for (size_t i = 0; r != NULL && i < r->nnode_networks; i++)
		for (size_t k = 0; k < r->node_networks[i].naddresses; k++)
			if (sched_eq(
				r->node_networks[i].addresses[k].alias, alias))
				return true;
	return false;
}

static const char *
check_port_networks(struct world *w, const struct node *n,
    const struct port *ports, size_t nports)
{
	for (size_t i = 0; i < nports; i++) {
		const char *name = constraint_target(n, ports[i].host_network);

		if (sched_is_empty(ports[i].host_network) ||
		    (name != NULL && has_host_network(n, name)))
			continue;
		return text_in_arena(
		    w, xasprintf("missing host network \"%s\" for port \"%s\"",
			   sched_str(name), sched_str(ports[i].label)));
	}
	return NULL;
}

static bool
has_network_mode(const struct node *n, const char *mode)
{
	const struct node_resources *r = n->node_resources;

	for (size_t i = 0; r != NULL && i < r->nnetworks; i++) {
		const char *has = sched_is_empty(r->networks[i].mode)
				      ? "host"
				      : r->networks[i].mode;

		if (sched_eq(has, mode))
			return true;
	}
	return false;
}

static const char *
check_network(
    struct world *w, const struct node *n, const struct task_group *tg)
{
	const struct network_resource *net;
	const char *mode, *bad;

	if (tg->nnetworks == 0)
		return NULL;
	net = &tg->networks[0];
	mode = sched_is_empty(net->mode) ? "host" : net->mode;
	if (sched_eq(mode, "none"))
		return NULL;
	if (!has_network_mode(n, mode))
		return "missing network";
	bad =
	    check_port_networks(w, n, net->dynamic_ports, net->ndynamic_ports);
	if (bad == NULL)
		bad = check_port_networks(
		    w, n, net->reserved_ports, net->nreserved_ports);
	return bad;
}

static const char *
check_volumes(const struct node *n, const struct task_group *tg)
{
	for (size_t i = 0; i < tg->nvolumes; i++) {
		const struct volume_request *v = &tg->volumes[i];
		const struct host_volume_info *h;

		if (sched_eq(v->type, "csi"))
			return "missing CSI volume";
		h = rec_map_find(n->host_volumes, n->nhost_volumes,
		    sizeof *n->host_volumes, sched_str(v->source));
		if (h == NULL || (h->read_only && !v->read_only))
			return "missing compatible host volumes";
	}
	return NULL;
}

/* No node of ours has devices to give yet. */
static bool
wants_devices(const struct task_group *tg)
{
	for (size_t i = 0; i < tg->ntasks; i++)
		if (tg->tasks[i].resources != NULL &&
		    tg->tasks[i].resources->ndevices > 0)
			return true;
	return false;
}

static const char *
check_group(struct world *w, const struct node *n, const struct task_group *tg)
{
	const char *bad = check_drivers(n, tg);

	if (bad == NULL)
		bad =
		    check_constraints(w, n, tg->constraints, tg->nconstraints);
	for (size_t i = 0; i < tg->ntasks && bad == NULL; i++)
		bad = check_constraints(
		    w, n, tg->tasks[i].constraints, tg->tasks[i].nconstraints);
	if (bad == NULL && wants_devices(tg))
		bad = "missing devices";
	return bad != NULL ? bad : check_network(w, n, tg);
}

/* --- verdicts by class --- */

static uint8_t *
slot(struct world *w, uint8_t **verdicts, size_t *n, size_t class_no)
{
	if (class_no >= *n) {
		size_t bigger = w->table->classes.n;
		uint8_t *v = arena_alloc(w->arena, bigger);

		if (*n > 0)
			memcpy(v, *verdicts, *n);
		*verdicts = v;
		*n = bigger;
	}
	return &(*verdicts)[class_no];
}

/* One node that will do makes the class a good one. */
static void
learn(uint8_t *verdict, const char *bad)
{
	if (bad == NULL)
		*verdict = GOOD;
	else if (*verdict == UNKNOWN)
		*verdict = BAD;
}

const char *
feasible_check(struct feasible *f, size_t group, const struct world_node *n)
{
	struct feasible_group *g = &f->groups[group];
	uint8_t *job = slot(f->w, &f->verdicts, &f->nverdicts, n->class_no);
	uint8_t *own = slot(f->w, &g->verdicts, &g->nverdicts, n->class_no);
	const char *bad = NULL;

	if (*job == BAD && !f->escapes && !f->repeats)
		return class_is_bad;
	if (*job != GOOD || f->escapes || f->repeats) {
		bad = check_constraints(
		    f->w, n->node, f->job->constraints, f->job->nconstraints);
		learn(job, bad);
		if (bad != NULL)
			return bad;
	}
	if (*own == BAD && !g->escapes && !f->repeats)
		return class_is_bad;
	if (*own != GOOD || g->escapes || f->repeats) {
		bad = check_group(f->w, n->node, g->tg);
		learn(own, bad);
		if (bad != NULL)
			return bad;
	}
	return check_volumes(n->node, g->tg);
}

/* --- what a blocked evaluation keeps --- */

/* A class is good when any group may run there, unless the job may not. */
static uint8_t
verdict_on(const struct feasible *f, size_t class_no)
{
	uint8_t v = UNKNOWN;

	for (size_t i = 0; i < f->job->ntask_groups; i++) {
		const struct feasible_group *g = &f->groups[i];

		if (class_no >= g->nverdicts || g->escapes)
			continue;
		if (g->verdicts[class_no] == GOOD)
			v = GOOD;
		else if (g->verdicts[class_no] == BAD && v == UNKNOWN)
			v = BAD;
	}
	if (f->escapes)
		return v;
	if (class_no < f->nverdicts && f->verdicts[class_no] == BAD)
		return BAD;
	if (v == UNKNOWN && class_no < f->nverdicts)
		v = f->verdicts[class_no];
	return v;
}

static int
by_key(const void *a, const void *b)
{
	const struct rec_kb *x = a, *y = b;

	return strcmp(x->key, y->key);
}

void
feasible_tell(const struct feasible *f, bool even_escaped,
    struct rec_kb **classes, size_t *nclasses, bool *escaped)
{
	const struct nodetable_names *known = &f->w->table->classes;

	*classes = NULL;
	*nclasses = 0;
	*escaped = f->escapes;
	for (size_t i = 0; i < f->job->ntask_groups; i++)
		*escaped |= f->groups[i].escapes;
	if (*escaped && !even_escaped)
		return;
	*classes = xcalloc(known->n + 1, sizeof **classes);
	for (size_t i = 0; i < known->n; i++) {
		uint8_t v = verdict_on(f, i);

		if (v != UNKNOWN)
			(*classes)[(*nclasses)++] =
			    (struct rec_kb){ xstrdup(known->names[i]),
				    v == GOOD };
	}
	qsort(*classes, *nclasses, sizeof **classes, by_key);
}
