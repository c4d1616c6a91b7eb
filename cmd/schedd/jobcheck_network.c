#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/jobcheck_impl.h"
#include "common/mem.h"

#define MAX_PORT       65535
#define MAX_HOST_NAME  255
#define MAX_HOST_LABEL 63

/* Who has which label, and which fixed port. */
struct taken {
	const struct port **ports;
	const char **owners; /* NULL: the group */
	size_t n;
	size_t cap_ports;
	size_t cap_owners;
};

static void
take(struct taken *t, const struct port *port, const char *owner)
{
	t->ports = xgrow(t->ports, t->n, &t->cap_ports, sizeof *t->ports);
	t->owners = xgrow(t->owners, t->n, &t->cap_owners, sizeof *t->owners);
	t->ports[t->n] = port;
	t->owners[t->n++] = owner;
}

static const char *
owner_name(const char *owner)
{
	return owner == NULL ? "taskgroup network" : owner;
}

static void
check_static(const struct taken *t, const struct port *port, struct problems *p)
{
	if (port->value == 0)
		return;
	for (size_t i = 0; i < t->n; i++)
		if (t->ports[i]->value == port->value) {
			problem(p,
			    "Static port %" PRId64 " already reserved by %s:%s",
			    port->value, owner_name(t->owners[i]),
			    check_str(t->ports[i]->label));
			return;
		}
	if (port->value > MAX_PORT)
		problem(p, "Port %s (%" PRId64 ") cannot be greater than %d",
		    check_str(port->label), port->value, MAX_PORT);
}

static void
check_port(const struct taken *t, const struct port *port, struct problems *p)
{
	for (size_t i = 0; i < t->n; i++)
		if (check_is(t->ports[i]->label, check_str(port->label))) {
			problem(p, "Port label %s already in use by %s",
			    check_str(port->label), owner_name(t->owners[i]));
			break;
		}
	check_static(t, port, p);
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

		check_port(t, port, p);
		if (owner == NULL)
			check_mapping(net, port, p);
		take(t, port, owner);
	}
	if (owner == NULL && !check_is(net->hostname, "") &&
	    strstr(net->hostname, "${") == NULL && !is_host_name(net->hostname))
		problem(p, "Hostname is not a valid DNS name");
}

void
check_networks(const struct task_group *g, struct problems *p)
{
	struct taken t = { 0 };

	for (size_t i = 0; i < g->nnetworks; i++)
		check_network(&t, &g->networks[i], NULL, p);
	for (size_t i = 0; i < g->ntasks; i++) {
		const struct resources *r = g->tasks[i].resources;

		for (size_t k = 0; r != NULL && k < r->nnetworks; k++)
			check_network(&t, &r->networks[k],
			    check_str(g->tasks[i].name), p);
	}
	free(t.ports);
	free(t.owners);
}
