#include "cmd/schedd/jobupdate.h"

#include "cmd/schedd/text.h"

const struct task_group *
jobupdate_group(const struct job *job, const char *name)
{
	for (size_t i = 0; i < job->ntask_groups; i++)
		if (sched_eq(job->task_groups[i].name, name))
			return &job->task_groups[i];
	return NULL;
}

/* --- comparing what may be absent, and lists --- */

static bool
differs(const struct rec_type *t, const void *a, const void *b)
{
	if (a == NULL || b == NULL)
		return a != b;
	return !rec_equal(t, a, b);
}

static bool
lists_differ(const struct rec_type *t, const void *a, size_t na, const void *b,
    size_t nb)
{
	const char *x = a, *y = b;

	if (na != nb)
		return true;
	for (size_t i = 0; i < na; i++)
		if (!rec_equal(t, x + i * t->size, y + i * t->size))
			return true;
	return false;
}

/* The list's member of two structs that have it. */
#define LISTS_DIFFER(type, a, b, member) \
	lists_differ(                    \
	    &type, (a)->member, (a)->n##member, (b)->member, (b)->n##member)

static bool
trees_differ(const struct tree *a, const struct tree *b)
{
	bool no_a = a == NULL || (a->kind == TREE_MAP && a->nmembers == 0);
	bool no_b = b == NULL || (b->kind == TREE_MAP && b->nmembers == 0);

	if (no_a || no_b)
		return no_a != no_b;
	return !tree_equal(a, b);
}

/* --- metadata: a task sees its own, its group's and its job's --- */

static const char *
meta_of(const struct job *j, const struct task_group *g, const struct task *t,
    const char *key)
{
	const char *v = rec_kv_get(t->meta, t->nmeta, key);

	if (v == NULL)
		v = rec_kv_get(g->meta, g->nmeta, key);
	return v != NULL ? v : rec_kv_get(j->meta, j->nmeta, key);
}

struct seen {
	const struct job *job;
	const struct task_group *group;
	const struct task *task;
};

static bool
lacks_any(const struct seen *of, const struct seen *in, const struct rec_kv *kv,
    size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *a =
		    meta_of(of->job, of->group, of->task, kv[i].key);
		const char *b =
		    meta_of(in->job, in->group, in->task, kv[i].key);

		if (b == NULL || !sched_eq(a, b))
			return true;
	}
	return false;
}

static bool
lacks_meta(const struct seen *of, const struct seen *in)
{
	return lacks_any(of, in, of->task->meta, of->task->nmeta) ||
	       lacks_any(of, in, of->group->meta, of->group->nmeta) ||
	       lacks_any(of, in, of->job->meta, of->job->nmeta);
}

/* --- networks --- */

static bool
ports_differ(const struct port *a, size_t na, const struct port *b, size_t nb,
    bool is_static)
{
	if (na != nb)
		return true;
	for (size_t i = 0; i < na; i++) {
		const struct port *q = NULL;

		for (size_t k = 0; k < nb && q == NULL; k++)
			if (sched_eq(a[i].label, b[k].label))
				q = &b[k];
		if (q == NULL || a[i].to != q->to ||
		    !sched_eq(a[i].host_network, q->host_network) ||
		    a[i].ignore_collision != q->ignore_collision ||
		    (is_static && a[i].value != q->value))
			return true;
	}
	return false;
}

static bool
network_differs(
    const struct network_resource *a, const struct network_resource *b)
{
	return !sched_eq(a->mode, b->mode) || a->mbits != b->mbits ||
	       !sched_eq(a->hostname, b->hostname) ||
	       differs(&dns_config_type, a->dns, b->dns) ||
	       differs(&cni_config_type, a->cni, b->cni) ||
	       ports_differ(a->reserved_ports, a->nreserved_ports,
		   b->reserved_ports, b->nreserved_ports, true) ||
	       ports_differ(a->dynamic_ports, a->ndynamic_ports,
		   b->dynamic_ports, b->ndynamic_ports, false);
}

static bool
networks_differ(const struct network_resource *a, size_t na,
    const struct network_resource *b, size_t nb)
{
	if (na != nb)
		return true;
	for (size_t i = 0; i < na; i++)
		if (network_differs(&a[i], &b[i]))
			return true;
	return false;
}

static bool
resources_differ(const struct resources *a, const struct resources *b)
{
	if (a == NULL || b == NULL)
		return a != b;
	return a->cpu != b->cpu || a->cores != b->cores ||
	       a->memory_mb != b->memory_mb ||
	       a->memory_max_mb != b->memory_max_mb ||
	       a->secrets_mb != b->secrets_mb ||
	       LISTS_DIFFER(requested_device_type, a, b, devices) ||
	       differs(&numa_resource_type, a->numa, b->numa) ||
	       networks_differ(
		   a->networks, a->nnetworks, b->networks, b->nnetworks);
}

/* --- tasks and groups --- */

static bool
is_log_disabled(const struct task *t)
{
	return t->log_config != NULL && t->log_config->disabled;
}

static bool
renders_templates(const struct restart_policy *p)
{
	return p != NULL && p->render_templates;
}

static bool
task_differs(const struct seen *was, const struct seen *now)
{
	const struct task *a = was->task, *b = now->task;

	return !sched_eq(a->driver, b->driver) || !sched_eq(a->user, b->user) ||
	       !sched_eq(a->kind, b->kind) ||
	       trees_differ(a->config, b->config) ||
	       LISTS_DIFFER(rec_kv_type, a, b, env) ||
	       LISTS_DIFFER(task_artifact_type, a, b, artifacts) ||
	       LISTS_DIFFER(template_type, a, b, templates) ||
	       LISTS_DIFFER(volume_mount_type, a, b, volume_mounts) ||
	       LISTS_DIFFER(secret_type, a, b, secrets) ||
	       LISTS_DIFFER(workload_identity_type, a, b, identities) ||
	       differs(&workload_identity_type, a->identity, b->identity) ||
	       differs(&vault_type, a->vault, b->vault) ||
	       differs(&consul_type, a->consul, b->consul) ||
	       differs(&csi_plugin_config_type, a->csi_plugin_config,
		   b->csi_plugin_config) ||
	       differs(&task_schedule_type, a->schedule, b->schedule) ||
	       is_log_disabled(a) != is_log_disabled(b) ||
	       renders_templates(a->restart_policy) !=
		   renders_templates(b->restart_policy) ||
	       resources_differ(a->resources, b->resources) ||
	       lacks_meta(was, now) || lacks_meta(now, was);
}

static const struct service *
service_named(const struct task_group *g, const char *name)
{
	for (size_t i = 0; i < g->nservices; i++)
		if (sched_eq(g->services[i].name, name))
			return &g->services[i];
	return NULL;
}

/* A mesh sidecar is a task of its own behind the service. */
static bool
meshes_differ(const struct task_group *a, const struct task_group *b)
{
	for (size_t i = 0; i < a->nservices; i++) {
		const struct service *s = &a->services[i];
		const struct service *q = service_named(b, s->name);

		if (q != NULL ? trees_differ(s->connect, q->connect)
			      : s->connect != NULL)
			return true;
	}
	return false;
}

static bool
group_differs(const struct task_group *a, const struct task_group *b)
{
	return a->ntasks != b->ntasks ||
	       differs(&ephemeral_disk_type, a->ephemeral_disk,
		   b->ephemeral_disk) ||
	       differs(&consul_type, a->consul, b->consul) ||
	       LISTS_DIFFER(volume_request_type, a, b, volumes) ||
	       networks_differ(
		   a->networks, a->nnetworks, b->networks, b->nnetworks) ||
	       renders_templates(a->restart_policy) !=
		   renders_templates(b->restart_policy) ||
	       meshes_differ(a, b) || meshes_differ(b, a);
}

static const struct task *
task_named(const struct task_group *g, const char *name)
{
	for (size_t i = 0; i < g->ntasks; i++)
		if (sched_eq(g->tasks[i].name, name))
			return &g->tasks[i];
	return NULL;
}

bool
jobupdate_is_destructive(
    const struct job *was, const struct job *now, const char *group)
{
	const struct task_group *a = jobupdate_group(was, group);
	const struct task_group *b = jobupdate_group(now, group);

	if (a == NULL || b == NULL || group_differs(a, b) ||
	    !sched_eq(was->consul_namespace, now->consul_namespace) ||
	    !sched_eq(was->vault_namespace, now->vault_namespace))
		return true;
	for (size_t i = 0; i < a->ntasks; i++) {
		const struct task *t = task_named(b, a->tasks[i].name);

		if (t == NULL ||
		    task_differs(&(struct seen){ was, a, &a->tasks[i] },
			&(struct seen){ now, b, t }))
			return true;
	}
	return false;
}
