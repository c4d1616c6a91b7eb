#include "cmd/nodeagent/services.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/nodeagent/taskenv.h"
#include "common/mem.h"

/* Where a port label points to on this node. */
struct endpoint {
	const char *address;
	int64_t port;
};

static bool
find_in_network(
    const struct network_resource *net, const char *label, struct endpoint *out)
{
	const struct port *lists[] = { net->reserved_ports,
		net->dynamic_ports };
	const size_t counts[] = { net->nreserved_ports, net->ndynamic_ports };

	for (size_t l = 0; l < 2; l++)
		for (size_t i = 0; i < counts[l]; i++)
			if (strcmp(lists[l][i].label, label) == 0) {
				out->address = net->ip;
				out->port = lists[l][i].value;
				return true;
			}
	return false;
}

static bool
find_port(const struct alloc *alloc, const char *task, const char *label,
    struct endpoint *out)
{
	const struct allocated_resources *res = alloc->allocated_resources;
	const struct allocated_task_resources *mine;

	if (res == NULL)
		return false;
	for (size_t i = 0; i < res->shared.nports; i++)
		if (strcmp(res->shared.ports[i].label, label) == 0) {
			out->address = res->shared.ports[i].host_ip;
			out->port = res->shared.ports[i].value;
			return true;
		}
	if (task == NULL)
		return false;
	mine = rec_map_find(res->tasks, res->ntasks, sizeof *res->tasks, task);
	for (size_t i = 0; mine != NULL && i < mine->nnetworks; i++)
		if (find_in_network(&mine->networks[i], label, out))
			return true;
	return false;
}

/* A label of the allocation, or a number as it stands, on the node. */
static struct endpoint
resolve(const struct alloc_run *run, const struct node *node, const char *task,
    const struct service *s)
{
	const char *label = s->port_label != NULL ? s->port_label : "";
	const char *own = rec_kv_get(
	    node->attributes, node->nattributes, "unique.network.ip-address");
	struct endpoint e = { .address = own };
	char *end;

	if (!find_port(run->alloc, task, label, &e)) {
		int64_t n = strtoll(label, &end, 10);

		if (end != label && *end == '\0')
			e.port = n;
	}
	if (e.address == NULL || *e.address == '\0')
		e.address = own != NULL ? own : "127.0.0.1";
	if (s->address != NULL && *s->address != '\0')
		e.address = s->address;
	return e;
}

static char **
expand_tags(const struct taskenv *env, const struct service *s)
{
	char **tags = xcalloc(s->ntags, sizeof *tags);

	for (size_t i = 0; i < s->ntags; i++)
		tags[i] = taskenv_expand(env, s->tags[i]);
	return tags;
}

static void
add(const struct alloc_run *run, const struct node *node,
    const struct taskenv *env, const char *task, const struct service *s,
    struct service_list *out)
{
	const struct alloc *a = run->alloc;
	struct endpoint e = resolve(run, node, task, s);
	struct service_instance *i;

	out->items =
	    xreallocarray(out->items, out->nitems + 1, sizeof *out->items);
	i = &out->items[out->nitems++];
	*i = (struct service_instance){
		.service_name = taskenv_expand(env, s->name),
		.ns = xstrdup(a->namespace != NULL ? a->namespace : "default"),
		.node_id = xstrdup(node->id),
		.datacenter = xstrdup(node->datacenter),
		.job_id = xstrdup(a->job_id),
		.alloc_id = xstrdup(a->id),
		.tags = expand_tags(env, s),
		.ntags = s->ntags,
		.address = taskenv_expand(env, e.address),
		.port = e.port,
	};
	i->id = xasprintf("_nomad-task-%s-%s%s-%s-%s", a->id,
	    task != NULL ? "" : "group-",
	    task != NULL ? task : run->group->name, i->service_name,
	    s->port_label != NULL ? s->port_label : "");
}

static void
add_all(const struct alloc_run *run, const struct node *node,
    const char *region, const struct task *task, const char *task_name,
    const struct service *services, size_t n, struct service_list *out)
{
	static const struct taskenv_dirs nowhere = { "", "", "" };
	struct taskenv env;

	if (n == 0)
		return;
	taskenv_init(&env, node, run->alloc, run->group, task, &nowhere, NULL,
	    NULL, region);
	for (size_t i = 0; i < n; i++)
		add(run, node, &env, task_name, &services[i], out);
	taskenv_release(&env);
}

void
services_of(const struct alloc_run *run, const struct node *node,
    const char *region, struct service_list *out)
{
	bool any_main = false;

	if (run->stopping || run->stop_at_ms != 0)
		return;
	for (size_t i = 0; i < run->ntasks; i++) {
		const struct task *t = run->tasks[i].task;

		if (!alloc_run_task_is_up(run, i))
			continue;
		any_main |= t->lifecycle == NULL;
		add_all(run, node, region, t, t->name, t->services,
		    t->nservices, out);
	}
	if (any_main)
		add_all(run, node, region, run->tasks[0].task, NULL,
		    run->group->services, run->group->nservices, out);
}

void
service_list_release(struct service_list *l)
{
	for (size_t i = 0; i < l->nitems; i++)
		rec_clear(&service_instance_type, &l->items[i]);
	free(l->items);
	*l = (struct service_list){ 0 };
}

const struct service_instance *
service_list_find(const struct service_list *l, const char *id)
{
	for (size_t i = 0; i < l->nitems; i++)
		if (strcmp(l->items[i].id, id) == 0)
			return &l->items[i];
	return NULL;
}
