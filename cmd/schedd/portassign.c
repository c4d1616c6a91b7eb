#include "cmd/schedd/portassign.h"

#include <inttypes.h>
#include <stdlib.h>

#include "cmd/schedd/constraint.h"
#include "cmd/schedd/text.h"

#define MAX_PORTS 256   /* of one group and its tasks */
#define MAX_PORT  65535 /* the highest there is */

struct taken {
	uint32_t ip;
	int64_t port;
};

struct assign {
	struct world *w;
	struct world_node *n;
	const struct portset *used;
	struct taken mine[MAX_PORTS];
	size_t nmine, nothers; /* of these: of networks before this one */
	struct preempt *way;   /* NULL: nobody gives way */
	struct allocated_shared_resources *out;
};

bool
portassign_is_listed(const char *list, int64_t port)
{
	while (!sched_is_empty(list)) {
		char *end;
		int64_t from = strtoll(list, &end, 10), to = from;

		if (*end == '-')
			to = strtoll(end + 1, &end, 10);
		if (port >= from && port <= to)
			return true;
		list = strchr(end, ',');
		list = list != NULL ? list + 1 : NULL;
	}
	return false;
}

static bool
is_reserved(
    const struct node *n, const struct node_network_address *a, int64_t port)
{
	return (n->reserved_resources != NULL &&
		   portassign_is_listed(
		       n->reserved_resources->networks.reserved_host_ports,
		       port)) ||
	       portassign_is_listed(a->reserved_ports, port);
}

static uint32_t
ip_of(const struct assign *as, const struct node_network_address *a)
{
	return sched_ip(as->w->st, sched_str(a->address));
}

static bool
is_free(
    const struct assign *as, const struct node_network_address *a, int64_t port)
{
	return !portset_has(as->used, ip_of(as, a), port) &&
	       !is_reserved(as->n->node, a, port);
}

/* Whether the same group has it already: two static ports of one network may
 * well be the same, all others are ports of their own. */
static bool
is_mine(const struct assign *as, size_t n, const struct node_network_address *a,
    int64_t port)
{
	uint32_t ip = ip_of(as, a);

	for (size_t i = 0; i < n; i++)
		if (as->mine[i].ip == ip && as->mine[i].port == port)
			return true;
	return false;
}

/* On any address: a task need not mind which of its ports is where. */
static bool
is_mine_somewhere(const struct assign *as, int64_t port)
{
	for (size_t i = 0; i < as->nmine; i++)
		if (as->mine[i].port == port)
			return true;
	return false;
}

static void
take(struct assign *as, const struct node_network_address *a,
    const struct port *p, int64_t value)
{
	struct allocated_shared_resources *o = as->out;

	as->mine[as->nmine++] = (struct taken){ ip_of(as, a), value };
	if (o == NULL)
		return;
	o->ports = xreallocarray(o->ports, o->nports + 1, sizeof *o->ports);
	o->ports[o->nports++] = (struct port_mapping){
		.label = xstrdup(sched_str(p->label)),
		.value = value,
		.to = p->to == -1 ? value : p->to,
		.host_ip = xstrdup(sched_str(a->address)),
	};
}

/* The addresses of a host network, one after the other. */
static const struct node_network_address *
next_address(const struct node *n, const struct port *p, size_t *at)
{
	const struct node_resources *r = n->node_resources;
	const char *alias = sched_is_empty(p->host_network)
				? "default"
				: constraint_target(n, p->host_network);
	size_t k = 0;

	for (size_t i = 0; r != NULL && i < r->nnode_networks; i++)
		for (size_t a = 0; a < r->node_networks[i].naddresses; a++) {
			const struct node_network_address *addr =
			    &r->node_networks[i].addresses[a];

			if (!sched_eq(addr->alias, alias))
				continue;
			if (k++ == *at) {
				(*at)++;
				return addr;
			}
		}
	return NULL;
}

static const char *
say(struct assign *as, char *text)
{
	const char *s = arena_strndup(as->w->arena, text, strlen(text));

	free(text);
	return s;
}

static const char *
no_address(struct assign *as, const struct port *p)
{
	return say(as,
	    xasprintf("no addresses available for %s network",
		sched_is_empty(p->host_network) ? "default" : p->host_network));
}

/* The first address where the port can be had; with win, where those who
 * have it may go. NULL: none; *at counts the addresses. */
static const struct node_network_address *
find_static(const struct assign *as, const struct port *p, bool win, size_t *at)
{
	const struct node_network_address *a;

	for (*at = 0; (a = next_address(as->n->node, p, at)) != NULL;) {
		if (p->ignore_collision)
			return a;
		if (is_reserved(as->n->node, a, p->value) ||
		    is_mine(as, as->nothers, a, p->value))
			continue;
		if (win ? preempt_for_port(
			      as->way, as->w, as->n, ip_of(as, a), p->value)
			: is_free(as, a, p->value))
			return a;
	}
	return NULL;
}

static const char *
assign_static(struct assign *as, const struct port *p)
{
	const struct node_network_address *a;
	size_t at;

	a = find_static(as, p, false, &at);
	if (at == 0)
		return no_address(as, p);
	if (p->value < 0 || p->value > MAX_PORT)
		return say(
		    as, xasprintf("invalid port %" PRId64 " (out of range)",
			    p->value));
	if (a == NULL && as->way != NULL)
		a = find_static(as, p, true, &at);
	if (a == NULL)
		return say(as, xasprintf("reserved port collision %s=%" PRId64,
				   sched_str(p->label), p->value));
	take(as, a, p, p->value);
	return NULL;
}

/* The first free one from a place by chance, so that a port that has just
 * been given back is not the next to be given. */
static int64_t
find_dynamic(struct assign *as, const struct node_network_address *a)
{
	const struct node_resources *r = as->n->node->node_resources;
	int64_t min = r->min_dynamic_port > 0 ? r->min_dynamic_port
					      : PORTASSIGN_DYNAMIC_MIN;
	int64_t max = r->max_dynamic_port > 0 ? r->max_dynamic_port
					      : PORTASSIGN_DYNAMIC_MAX;
	int64_t span = max - min + 1, from;

	if (span <= 0)
		return 0;
	from = (int64_t)rng_below(as->w->rng, (uint64_t)span);
	for (int64_t i = 0; i < span; i++) {
		int64_t port = min + (from + i) % span;

		if (is_free(as, a, port) && !is_mine_somewhere(as, port))
			return port;
	}
	return 0;
}

static const char *
assign_dynamic(struct assign *as, const struct port *p)
{
	const struct node_network_address *a;
	size_t at = 0;

	while ((a = next_address(as->n->node, p, &at)) != NULL) {
		int64_t port = find_dynamic(as, a);

		if (port == 0)
			continue;
		take(as, a, p, port);
		return NULL;
	}
	return at == 0 ? no_address(as, p) : "dynamic port selection failed";
}

static int64_t
value_of(const struct allocated_shared_resources *o, const char *label)
{
	for (size_t i = 0; i < o->nports; i++)
		if (sched_eq(o->ports[i].label, label))
			return o->ports[i].value;
	return 0;
}

static const char *
address_of(const struct node *n, const struct allocated_shared_resources *o)
{
	const struct node_network_address *a;
	size_t at = 0;

	if (o->nports > 0)
		return o->ports[0].host_ip;
	a = next_address(n, &(struct port){ 0 }, &at);
	return a != NULL ? a->address : "";
}

/* The group's network as it was asked for, with what it was given. */
static void
tell_network(const struct node *n, const struct network_resource *ask,
    struct allocated_shared_resources *o)
{
	struct network_resource *net = xcalloc(1, sizeof *net);

	rec_copy(&network_resource_type, net, ask);
	for (size_t i = 0; i < net->ndynamic_ports; i++) {
		struct port *p = &net->dynamic_ports[i];

		p->value = value_of(o, p->label);
		if (p->to == -1)
			p->to = p->value;
	}
	sched_set(&net->ip, address_of(n, o));
	if (n->node_resources != NULL && n->node_resources->nnetworks > 0)
		sched_set(&net->device, n->node_resources->networks[0].device);
	o->networks = net;
	o->nnetworks = 1;
}

static const char *
assign_network(struct assign *as, const struct network_resource *ask,
    struct allocated_shared_resources *out)
{
	size_t n = ask->nreserved_ports + ask->ndynamic_ports;
	const char *bad = NULL;

	if (as->nmine + n > MAX_PORTS)
		return "too many ports";
	if (n > 0)
		as->used = world_ports(as->w, as->n);
	as->out = out;
	as->nothers = as->nmine;
	for (size_t i = 0; i < ask->nreserved_ports && bad == NULL; i++)
		bad = assign_static(as, &ask->reserved_ports[i]);
	for (size_t i = 0; i < ask->ndynamic_ports && bad == NULL; i++)
		bad = assign_dynamic(as, &ask->dynamic_ports[i]);
	if (bad == NULL && out != NULL)
		tell_network(as->n->node, ask, out);
	return bad;
}

/* A task's network tells its ports itself. */
static const char *
assign_task(
    struct assign *as, const struct task *t, struct allocated_resources *out)
{
	struct allocated_shared_resources got = { 0 };
	struct allocated_task_resources *to = NULL;
	const char *bad;

	if (t->resources == NULL || t->resources->nnetworks == 0)
		return NULL;
	if (out != NULL)
		to = rec_map_find(out->tasks, out->ntasks, sizeof *out->tasks,
		    sched_str(t->name));
	bad = assign_network(
	    as, &t->resources->networks[0], to != NULL ? &got : NULL);
	if (bad == NULL && to != NULL) {
		to->networks = got.networks;
		to->nnetworks = got.nnetworks;
		got.networks = NULL;
		got.nnetworks = 0;
	}
	rec_clear(&allocated_shared_resources_type, &got);
	return bad;
}

const char *
portassign(struct world *w, struct world_node *n, const struct task_group *tg,
    struct preempt *way, struct allocated_resources *out)
{
	struct assign as = { .w = w, .n = n, .way = way };
	const char *bad = NULL;

	if (tg->nnetworks > 0)
		bad = assign_network(
		    &as, &tg->networks[0], out != NULL ? &out->shared : NULL);
	for (size_t i = 0; i < tg->ntasks && bad == NULL; i++)
		bad = assign_task(&as, &tg->tasks[i], out);
	return bad;
}
