#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/jobcheck_impl.h"
#include "common/mem.h"

#define MAX_PORT       65535
#define MAX_HOST_NAME  255
#define MAX_HOST_LABEL 63

/* A port and whose it is; owner NULL: the group's. */
struct owned {
	const struct port *port;
	const char *owner;
};

/* Who has which label, and which fixed port. */
struct taken {
	struct owned *all; /* never moves */
	size_t n;
	struct map labels;
	struct map values;
};

static const char *
owner_name(const char *owner)
{
	return owner == NULL ? "taskgroup network" : owner;
}

static void
check_static(struct taken *t, struct owned *o, struct problems *p)
{
	char key[24];
	const struct owned *first;

	if (o->port->value == 0)
		return;
	snprintf(key, sizeof key, "%" PRId64, o->port->value);
	first = map_find(&t->values, key);
	if (first != NULL)
		problem(p, "Static port %" PRId64 " already reserved by %s:%s",
		    o->port->value, owner_name(first->owner),
		    check_str(first->port->label));
	else if (o->port->value > MAX_PORT)
		problem(p, "Port %s (%" PRId64 ") cannot be greater than %d",
		    check_str(o->port->label), o->port->value, MAX_PORT);
	else
		map_put(&t->values, key, o);
}

static void
check_port(struct taken *t, const struct port *port, const char *owner,
    struct problems *p)
{
	const char *label = check_str(port->label);
	struct owned *o = &t->all[t->n++];
	const struct owned *first = map_find(&t->labels, label);

	*o = (struct owned){ port, owner };
	if (first != NULL)
		problem(p, "Port label %s already in use by %s", label,
		    owner_name(first->owner));
	else
		map_put(&t->labels, label, o);
	check_static(t, o, p);
}

static void
check_mapping(const struct network_resource *net, const struct port *port,
    struct problems *p)
{
	const char *label = check_str(port->label);

	if (port->to < -1)
		problem(p,
		    "Port \"%s\" cannot be mapped to negative value %" PRId64,
		    label, port->to);
	else if (port->to > MAX_PORT)
		problem(p,
		    "Port \"%s\" cannot be mapped to a port (%" PRId64
		    ") greater than %d",
		    label, port->to, MAX_PORT);
	if (port->ignore_collision && !check_is(net->mode, "") &&
	    !check_is(net->mode, "host"))
		problem(p,
		    "Port \"%s\" collision may not be ignored on non-host "
		    "network mode \"%s\"",
		    label, net->mode);
}

/* Only lengths: odd names are the network's business. */
static bool
is_host_name(const char *s)
{
	if (strlen(s) > MAX_HOST_NAME)
		return false;
	for (; *s != '\0'; s++) {
		size_t n = strcspn(s, ".");

		if (n == 0 || n > MAX_HOST_LABEL)
			return false;
		s += n;
		if (*s == '\0')
			break;
	}
	return true;
}

static void
check_network(struct taken *t, const struct network_resource *net,
    const char *owner, struct problems *p)
{
	size_t n = net->nreserved_ports;

	for (size_t i = 0; i < n + net->ndynamic_ports; i++) {
		const struct port *port = i < n ? &net->reserved_ports[i]
						: &net->dynamic_ports[i - n];

		check_port(t, port, owner, p);
		if (owner == NULL)
			check_mapping(net, port, p);
	}
	if (owner == NULL && !check_is(net->hostname, "") &&
	    strstr(net->hostname, "${") == NULL && !is_host_name(net->hostname))
		problem(p, "Hostname is not a valid DNS name");
}

static size_t
count_ports(const struct network_resource *nets, size_t n)
{
	size_t all = 0;

	for (size_t i = 0; i < n; i++)
		all += nets[i].nreserved_ports + nets[i].ndynamic_ports;
	return all;
}

void
check_networks(const struct task_group *g, struct problems *p)
{
	size_t n = count_ports(g->networks, g->nnetworks);
	struct taken t = { 0 };

	for (size_t i = 0; i < g->ntasks; i++)
		if (g->tasks[i].resources != NULL)
			n += count_ports(g->tasks[i].resources->networks,
			    g->tasks[i].resources->nnetworks);
	t.all = xcalloc(n + 1, sizeof *t.all);
	for (size_t i = 0; i < g->nnetworks; i++)
		check_network(&t, &g->networks[i], NULL, p);
	for (size_t i = 0; i < g->ntasks; i++) {
		const struct resources *r = g->tasks[i].resources;

		for (size_t k = 0; r != NULL && k < r->nnetworks; k++)
			check_network(&t, &r->networks[k],
			    check_str(g->tasks[i].name), p);
	}
	map_release(&t.labels);
	map_release(&t.values);
	free(t.all);
}
