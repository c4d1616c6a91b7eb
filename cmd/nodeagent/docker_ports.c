/* A container's ports. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/nodeagent/docker_create_impl.h"
#include "common/mem.h"

struct publishing {
	struct tree *exposed, *bindings;
};

static void
publish_at(struct publishing *p, const char *ip, int64_t host_port,
    int64_t port, const char *protocol)
{
	char key[32], text[24];
	struct tree *binding = tree_map(), *list;
	const struct tree *before;

	snprintf(key, sizeof key, "%" PRId64 "/%s", port, protocol);
	snprintf(text, sizeof text, "%" PRId64, host_port);
	tree_set(binding, "HostIp", tree_str(ip != NULL ? ip : ""));
	tree_set(binding, "HostPort", tree_str(text));
	before = tree_get(p->bindings, key);
	list = before != NULL ? tree_copy(before) : tree_list();
	tree_push(list, binding);
	tree_set(p->bindings, key, list);
	tree_set(p->exposed, key, tree_map());
}

/* A job does not say which protocol a port is for. */
static void
publish(struct publishing *p, const char *ip, int64_t host_port, int64_t to)
{
	int64_t port = to > 0 ? to : host_port;

	publish_at(p, ip, host_port, port, "tcp");
	publish_at(p, ip, host_port, port, "udp");
}

/* The first network of the task itself, or NULL. */
static const struct network_resource *
task_network(const struct docker_create *c)
{
	const struct allocated_task_resources *given = docker_given(c);

	return given != NULL && given->nnetworks > 0 ? &given->networks[0]
						     : NULL;
}

static const struct port *
find_port(const struct port *ports, size_t n, const char *label)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(ports[i].label, label) == 0)
			return &ports[i];
	return NULL;
}

static void
publish_mapped(const struct docker_create *c, struct publishing *p,
    const char *ip, const struct port *port)
{
	const struct rec_ki *to = rec_map_find(c->config->port_map,
	    c->config->nport_map, sizeof *c->config->port_map, port->label);

	publish(p, ip, port->value, to != NULL ? to->value : port->to);
}

/* A label of the config's ports: the group's port, or the task's own. */
static int
publish_label(const struct docker_create *c, struct publishing *p,
    const char *label, struct err *err)
{
	const struct allocated_resources *all =
	    c->task->alloc->allocated_resources;
	const struct network_resource *net = task_network(c);
	const struct port *port = NULL;

	for (size_t i = 0; all != NULL && i < all->shared.nports; i++) {
		const struct port_mapping *m = &all->shared.ports[i];

		if (strcmp(m->label, label) == 0) {
			publish(p, m->host_ip, m->value, m->to);
			return 0;
		}
	}
	if (net != NULL)
		port =
		    find_port(net->reserved_ports, net->nreserved_ports, label);
	if (net != NULL && port == NULL)
		port =
		    find_port(net->dynamic_ports, net->ndynamic_ports, label);
	if (port == NULL)
		return err_set(err, ERR_BAD,
		    "Port \"%s\" not found, check network block", label);
	publish_mapped(c, p, net->ip, port);
	return 0;
}

static int
publish_all(
    const struct docker_create *c, struct publishing *p, struct err *err)
{
	const struct network_resource *net = task_network(c);
	const struct allocated_resources *all =
	    c->task->alloc->allocated_resources;

	for (size_t i = 0; i < c->config->nports; i++)
		if (publish_label(c, p, c->config->ports[i], err) == -1)
			return -1;
	if (c->config->nports > 0)
		return 0;
	if (net == NULL && c->config->nport_map > 0)
		return err_set(err, ERR_BAD,
		    all != NULL && all->shared.nports > 0
			? "'port_map' cannot map group network ports, use "
			  "'ports' instead"
			: "Trying to map ports but no network interface is "
			  "available");
	/* All ports of a task's own network are its container's. */
	for (size_t i = 0; net != NULL && i < net->nreserved_ports; i++)
		publish_mapped(c, p, net->ip, &net->reserved_ports[i]);
	for (size_t i = 0; net != NULL && i < net->ndynamic_ports; i++)
		publish_mapped(c, p, net->ip, &net->dynamic_ports[i]);
	return 0;
}

int
docker_put_ports(const struct docker_create *c, struct tree *body,
    struct tree *host, struct err *err)
{
	const char *mode = c->config->network_mode;
	struct publishing p = { tree_map(), tree_map() };
	int rv = publish_all(c, &p, err);

	/* On the host's network there is nothing to map, and the engine would
	 * warn of it each time. */
	if (rv == -1 || (mode != NULL && strcmp(mode, "host") == 0)) {
		tree_free(p.exposed);
		tree_free(p.bindings);
		return rv;
	}
	tree_set(body, "ExposedPorts", p.exposed);
	tree_set(host, "PortBindings", p.bindings);
	return 0;
}
