#include "cmd/nodeagent/taskenv.h"

#include <ctype.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

const struct task_group *
alloc_group(const struct alloc *alloc)
{
	if (alloc->job == NULL)
		return NULL;
	for (size_t i = 0; i < alloc->job->ntask_groups; i++) {
		const struct task_group *g = &alloc->job->task_groups[i];

		if (g->name != NULL && strcmp(g->name, alloc->task_group) == 0)
			return g;
	}
	return NULL;
}

/* The N of "job.group[N]", or 0. */
static int64_t
name_index(const char *name)
{
	const char *open = name != NULL ? strrchr(name, '[') : NULL;

	return open != NULL ? strtoll(open + 1, NULL, 10) : 0;
}

/* --- building --- */

static const char *
or_empty(const char *s)
{
	return s != NULL ? s : "";
}

static void
put(struct taskenv *env, const char *name, const char *value)
{
	rec_kv_set(&env->vars, &env->nvars, name, or_empty(value));
}

static void
put_int(struct taskenv *env, const char *name, int64_t value)
{
	char text[24];

	snprintf(text, sizeof text, "%" PRId64, value);
	put(env, name, text);
}

/* A name made of a prefix and a label, with "_" for what may not stand in
 * one. */
static void
put_labelled(struct taskenv *env, const char *prefix, const char *label,
    const char *value)
{
	char *name = xasprintf("%s%s", prefix, label);

	for (char *p = name; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && *p != '_')
			*p = '_';
	put(env, name, value);
	free(name);
}

static void
put_inherited(struct taskenv *env, char *const *inherit, char *const *deny)
{
	for (; inherit != NULL && *inherit != NULL; inherit++) {
		const char *eq = strchr(*inherit, '=');
		char *name;
		bool denied = false;

		if (eq == NULL)
			continue;
		name = xstrndup(*inherit, (size_t)(eq - *inherit));
		for (char *const *d = deny; d != NULL && *d != NULL; d++)
			denied |= fnmatch(*d, name, 0) == 0;
		if (!denied)
			put(env, name, eq + 1);
		free(name);
	}
}

static void
put_ids(struct taskenv *env, const struct alloc *alloc, const struct task *task,
    const char *region)
{
	char small[9];

	snprintf(small, sizeof small, "%.8s", or_empty(alloc->id));
	put(env, "NOMAD_ALLOC_ID", alloc->id);
	put(env, "NOMAD_SHORT_ALLOC_ID", small);
	put(env, "NOMAD_ALLOC_NAME", alloc->name);
	put_int(env, "NOMAD_ALLOC_INDEX", name_index(alloc->name));
	put(env, "NOMAD_TASK_NAME", task->name);
	put(env, "NOMAD_GROUP_NAME", alloc->task_group);
	put(env, "NOMAD_JOB_ID", alloc->job_id);
	put(env, "NOMAD_JOB_NAME", alloc->job->name);
	if (*or_empty(alloc->job->parent_id) != '\0')
		put(env, "NOMAD_JOB_PARENT_ID", alloc->job->parent_id);
	put(env, "NOMAD_DC", env->node->datacenter);
	put(env, "NOMAD_REGION", region);
	put(env, "NOMAD_NAMESPACE", alloc->namespace);
}

static void
put_port(struct taskenv *env, const struct port_mapping *p)
{
	char host_port[24], port[24], addr[128];

	snprintf(host_port, sizeof host_port, "%" PRId64, p->value);
	snprintf(port, sizeof port, "%" PRId64, p->to > 0 ? p->to : p->value);
	put_labelled(env, "NOMAD_IP_", p->label, p->host_ip);
	put_labelled(env, "NOMAD_PORT_", p->label, port);
	put_labelled(env, "NOMAD_ALLOC_PORT_", p->label, port);
	snprintf(addr, sizeof addr, "%s:%s", or_empty(p->host_ip), host_port);
	put_labelled(env, "NOMAD_ADDR_", p->label, addr);
	put_labelled(env, "NOMAD_HOST_IP_", p->label, p->host_ip);
	put_labelled(env, "NOMAD_HOST_PORT_", p->label, host_port);
	put_labelled(env, "NOMAD_HOST_ADDR_", p->label, addr);
}

static void
put_network(struct taskenv *env, const struct network_resource *net)
{
	struct port_mapping p = { .host_ip = net->ip };

	for (size_t i = 0; i < net->nreserved_ports; i++) {
		p.label = net->reserved_ports[i].label;
		p.value = net->reserved_ports[i].value;
		p.to = net->reserved_ports[i].to;
		put_port(env, &p);
	}
	for (size_t i = 0; i < net->ndynamic_ports; i++) {
		p.label = net->dynamic_ports[i].label;
		p.value = net->dynamic_ports[i].value;
		p.to = net->dynamic_ports[i].to;
		put_port(env, &p);
	}
}

/* The ports of a task's own network, as the other tasks know them. */
static void
put_other_ports(struct taskenv *env, const char *task,
    const struct network_resource *net, const struct port *ports, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char *label = xasprintf("%s_%s", task, ports[i].label);
		char *addr =
		    xasprintf("%s:%" PRId64, or_empty(net->ip), ports[i].value);

		put_labelled(env, "NOMAD_ADDR_", label, addr);
		put_labelled(env, "NOMAD_IP_", label, net->ip);
		put_labelled(env, "NOMAD_PORT_", label, strrchr(addr, ':') + 1);
		free(label);
		free(addr);
	}
}

static void
put_other_task(struct taskenv *env, const struct allocated_task_resources *t)
{
	for (size_t i = 0; i < t->nnetworks; i++) {
		const struct network_resource *net = &t->networks[i];

		put_other_ports(env, t->key, net, net->reserved_ports,
		    net->nreserved_ports);
		put_other_ports(
		    env, t->key, net, net->dynamic_ports, net->ndynamic_ports);
	}
}

static void
put_resources(
    struct taskenv *env, const struct alloc *alloc, const struct task *task)
{
	const struct allocated_resources *res = alloc->allocated_resources;
	const struct allocated_task_resources *mine;

	if (res == NULL)
		return;
	for (size_t i = 0; i < res->ntasks; i++)
		if (strcmp(res->tasks[i].key, task->name) != 0)
			put_other_task(env, &res->tasks[i]);
	for (size_t i = 0; i < res->shared.nports; i++)
		put_port(env, &res->shared.ports[i]);
	mine = rec_map_find(
	    res->tasks, res->ntasks, sizeof *res->tasks, task->name);
	if (mine == NULL)
		return;
	for (size_t i = 0; i < mine->nnetworks; i++)
		put_network(env, &mine->networks[i]);
	put_int(env, "NOMAD_CPU_LIMIT", mine->cpu.cpu_shares);
	put_int(env, "NOMAD_MEMORY_LIMIT", mine->memory.memory_mb);
	if (mine->memory.memory_max_mb > 0)
		put_int(
		    env, "NOMAD_MEMORY_MAX_LIMIT", mine->memory.memory_max_mb);
}

/* As written and in upper case; the later level wins. */
static void
put_meta(struct taskenv *env, const struct rec_kv *meta, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char *upper = xstrdup(meta[i].key);

		for (char *p = upper; *p != '\0'; p++)
			*p = (char)toupper((unsigned char)*p);
		put_labelled(env, "NOMAD_META_", meta[i].key, meta[i].value);
		put_labelled(env, "NOMAD_META_", upper, meta[i].value);
		free(upper);
	}
}

void
taskenv_init(struct taskenv *env, const struct node *node,
    const struct alloc *alloc, const struct task_group *group,
    const struct task *task, const struct taskenv_dirs *dirs,
    char *const *inherit, char *const *deny, const char *region)
{
	*env = (struct taskenv){ .node = node };
	put_inherited(env, inherit, deny);
	put(env, "NOMAD_ALLOC_DIR", dirs->alloc);
	put(env, "NOMAD_TASK_DIR", dirs->task);
	put(env, "NOMAD_SECRETS_DIR", dirs->secrets);
	put_ids(env, alloc, task, region);
	put_resources(env, alloc, task);
	put_meta(env, alloc->job->meta, alloc->job->nmeta);
	put_meta(env, group->meta, group->nmeta);
	put_meta(env, task->meta, task->nmeta);
	/* The task's own words come last: they may refer to all of the above.
	 */
	for (size_t i = 0; i < task->nenv; i++) {
		char *value = taskenv_expand(env, task->env[i].value);

		put(env, task->env[i].key, value);
		free(value);
	}
}

void
taskenv_release(struct taskenv *env)
{
	for (size_t i = 0; i < env->nvars; i++) {
		free(env->vars[i].key);
		free(env->vars[i].value);
	}
	free(env->vars);
	*env = (struct taskenv){ 0 };
}

const char *
taskenv_get(const struct taskenv *env, const char *name)
{
	return rec_kv_get(env->vars, env->nvars, name);
}

/* --- references --- */

static const char *
node_value(const struct node *node, const char *name)
{
	if (strcmp(name, "node.unique.id") == 0)
		return node->id;
	if (strcmp(name, "node.unique.name") == 0)
		return node->name;
	if (strcmp(name, "node.datacenter") == 0)
		return node->datacenter;
	if (strcmp(name, "node.class") == 0)
		return or_empty(node->node_class);
	if (strcmp(name, "node.pool") == 0)
		return or_empty(node->node_pool);
	if (strncmp(name, "attr.", 5) == 0)
		return rec_kv_get(
		    node->attributes, node->nattributes, name + 5);
	if (strncmp(name, "meta.", 5) == 0)
		return rec_kv_get(node->meta, node->nmeta, name + 5);
	return NULL;
}

/* What ${name} stands for, or NULL when nothing is known of it. */
static const char *
lookup(const struct taskenv *env, const char *name)
{
	size_t n = strlen(name);
	const char *value;
	char *inner;

	if (strncmp(name, "env[\"", 5) == 0 && n > 7 &&
	    strcmp(name + n - 2, "\"]") == 0) {
		inner = xstrndup(name + 5, n - 7);
		value = taskenv_get(env, inner);
		free(inner);
		return or_empty(value);
	}
	if (strncmp(name, "env.", 4) == 0)
		name += 4;
	if ((value = taskenv_get(env, name)) != NULL)
		return value;
	return env->node != NULL ? node_value(env->node, name) : NULL;
}

char *
taskenv_expand(const struct taskenv *env, const char *text)
{
	struct buf out = { 0 };
	const char *start, *stop;

	while (text != NULL && (start = strstr(text, "${")) != NULL &&
	       (stop = strchr(start, '}')) != NULL) {
		char *name = xstrndup(start + 2, (size_t)(stop - start - 2));
		const char *value = lookup(env, name);

		free(name);
		buf_add(&out, text, (size_t)(start - text));
		if (value != NULL)
			buf_adds(&out, value);
		else
			buf_add(&out, start, (size_t)(stop - start + 1));
		text = stop + 1;
	}
	buf_adds(&out, or_empty(text));
	return buf_take(&out);
}

char **
taskenv_list(const struct taskenv *env, size_t *n)
{
	char **list = xcalloc(env->nvars + 1, sizeof *list);

	for (size_t i = 0; i < env->nvars; i++)
		list[i] =
		    xasprintf("%s=%s", env->vars[i].key, env->vars[i].value);
	*n = env->nvars;
	return list;
}
