#include "cmd/nodeagent/services.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/nodeagent/taskenv.h"
#include "common/mem.h"
#include "common/text.h"

/* Where a port label points to: on this node, and inside the allocation. */
struct endpoint {
	const char *address;
	int64_t port;
	int64_t inner_port; /* 0: there is no other than port */
};

/* What the instances of one task, or of the group, are made from. */
struct origin {
	const struct alloc_run *run;
	const struct node *node;
	const struct taskenv *env;
	const char *task; /* NULL: the group */
	struct run_time now;
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
				out->inner_port = lists[l][i].to;
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
			out->inner_port = res->shared.ports[i].to;
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

/* A label of the allocation, or a number as it stands, on the node or, in
 * the mode "alloc", within the allocation's own network. */
static struct endpoint
resolve(const struct origin *o, const char *label, const char *mode,
    const char *custom_address)
{
	const struct alloc *alloc = o->run->alloc;
	const char *own = rec_kv_get(o->node->attributes, o->node->nattributes,
	    "unique.network.ip-address");
	struct endpoint e = { .address = own };
	char *end;

	if (!find_port(alloc, o->task, label, &e)) {
		int64_t n = strtoll(label, &end, 10);

		if (end != label && *end == '\0')
			e.port = n;
	}
	if (strcmp(mode, "alloc") == 0 && alloc->network_status != NULL &&
	    *text_or(alloc->network_status->address, "") != '\0') {
		e.address = alloc->network_status->address;
		e.port = e.inner_port > 0 ? e.inner_port : e.port;
	}
	e.address = text_or(e.address, text_or(own, "127.0.0.1"));
	e.address = text_or(custom_address, e.address);
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
expand(const struct taskenv *env, char **text)
{
	char *was = *text;

	if (was == NULL)
		return;
	*text = taskenv_expand(env, was);
	free(was);
}

static void
expand_spec(const struct taskenv *env, struct service_check *spec)
{
	expand(env, &spec->name);
	expand(env, &spec->path);
	expand(env, &spec->protocol);
	expand(env, &spec->port_label);
	expand(env, &spec->address_mode);
	expand(env, &spec->initial_status);
	expand(env, &spec->method);
	expand(env, &spec->body);
	for (size_t i = 0; i < spec->nheader; i++)
		for (size_t k = 0; k < spec->header[i].nvalues; k++)
			expand(env, &spec->header[i].values[k]);
}

static void
add_check(const struct origin *o, const struct service *s,
    const struct service_instance *i, const struct service_check *spec,
    struct service_list *out)
{
	struct check *c;
	struct endpoint e;
	const char *mode;

	out->checks =
	    xreallocarray(out->checks, out->nchecks + 1, sizeof *out->checks);
	c = &out->checks[out->nchecks++];
	*c = (struct check){
		.instance_id = xstrdup(i->id),
		.service = xstrdup(i->service_name),
		.group = xstrdup(text_or(o->run->alloc->name, "")),
		.task = xstrdup(text_or(o->task, "")),
		.restarts = xstrdup(text_or(spec->task_name,
		    text_or(s->task_name, text_or(o->task, "")))),
		.nomad = strcmp(text_or(s->provider, "consul"), "nomad") == 0,
	};
	rec_copy(&service_check_type, &c->spec, spec);
	expand_spec(o->env, &c->spec);
	/* A check of its own address asks there; others ask on the host. */
	mode = text_or(c->spec.address_mode, "");
	e = resolve(o, text_or(c->spec.port_label, text_or(s->port_label, "")),
	    mode,
	    *mode == '\0' || strcmp(mode, "auto") == 0 ? s->address : NULL);
	c->address = taskenv_expand(o->env, e.address);
	c->port = e.port;
	check_init(c, o->now);
}

static void
add(const struct origin *o, const struct service *s, struct service_list *out)
{
	const struct alloc *a = o->run->alloc;
	struct endpoint e = resolve(o, text_or(s->port_label, ""),
	    text_or(s->address_mode, "auto"), s->address);
	struct service_instance *i;

	out->items =
	    xreallocarray(out->items, out->nitems + 1, sizeof *out->items);
	i = &out->items[out->nitems++];
	*i = (struct service_instance){
		.service_name = taskenv_expand(o->env, s->name),
		.ns = xstrdup(a->namespace != NULL ? a->namespace : "default"),
		.node_id = xstrdup(o->node->id),
		.node_name = xstrdup(o->node->name),
		.datacenter = xstrdup(o->node->datacenter),
		.job_id = xstrdup(a->job_id),
		.alloc_id = xstrdup(a->id),
		.tags = expand_tags(o->env, s),
		.ntags = s->ntags,
		.address = taskenv_expand(o->env, e.address),
		.port = e.port,
	};
	i->id = xasprintf("_nomad-task-%s-%s%s-%s-%s", a->id,
	    o->task != NULL ? "" : "group-",
	    o->task != NULL ? o->task : o->run->group->name, i->service_name,
	    text_or(s->port_label, ""));
	for (size_t k = 0; k < s->nchecks; k++)
		add_check(o, s, i, &s->checks[k], out);
}

static void
add_all(struct origin o, const char *region, const struct task *task,
    const struct service *services, size_t n, struct service_list *out)
{
	static const struct taskenv_dirs nowhere = { "", "", "" };
	struct taskenv env;

	if (n == 0)
		return;
	taskenv_init(&env, o.node, o.run->alloc, o.run->group, task, &nowhere,
	    NULL, NULL, region);
	o.env = &env;
	for (size_t i = 0; i < n; i++)
		add(&o, &services[i], out);
	taskenv_release(&env);
}

void
services_of(const struct alloc_run *run, const struct node *node,
    const char *region, struct run_time now, struct service_list *out)
{
	struct origin o = { .run = run, .node = node, .now = now };
	bool any_main = false;

	if (run->stopping || run->stop_at_ms != 0)
		return;
	for (size_t i = 0; i < run->ntasks; i++) {
		const struct task *t = run->tasks[i].task;

		if (!alloc_run_task_is_up(run, i))
			continue;
		any_main |= t->lifecycle == NULL;
		o.task = t->name;
		add_all(o, region, t, t->services, t->nservices, out);
	}
	o.task = NULL;
	if (any_main)
		add_all(o, region, run->tasks[0].task, run->group->services,
		    run->group->nservices, out);
}

void
service_list_release(struct service_list *l)
{
	for (size_t i = 0; i < l->nitems; i++)
		rec_clear(&service_instance_type, &l->items[i]);
	for (size_t i = 0; i < l->nchecks; i++)
		check_release(&l->checks[i]);
	free(l->items);
	free(l->checks);
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
