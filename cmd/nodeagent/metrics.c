/*
 * The numbers that nodeagent publishes: names and labels are Nomad's.
 */
#include <string.h>

#include "cmd/nodeagent/nodeagent.h"
#include "cmd/nodeagent/runner.h"
#include "cmd/nodeagent/taskmetrics.h"

/* cpu, disk or device may follow. */
static struct meter_labels
node_labels(const struct nodeagent *na)
{
	const struct node *n = &na->node;
	struct meter_labels l = { 0 };

	meter_label(&l, "datacenter", n->datacenter);
	meter_label(&l, "node_class",
	    *na->config->node_class != '\0' ? na->config->node_class : "none");
	meter_label(&l, "node_id", n->id);
	meter_label(&l, "node_pool", n->node_pool);
	meter_label(
	    &l, "node_scheduling_eligibility", n->scheduling_eligibility);
	meter_label(&l, "node_status", n->status);
	return l;
}

static void
gauge(struct nodeagent *na, const struct meter_labels *l, const char *name,
    double value)
{
	meter_gauge(&na->meter, name, value, l->kv, l->n);
}

/* --- allocations --- */

struct tally {
	double pending, running, terminal;
	double tasks_pending, tasks_running, tasks_dead;
	double cpu, memory, max_memory, disk;
};

static void
count_tasks(struct tally *t, const struct alloc_run *run)
{
	for (size_t i = 0; i < run->ntasks; i++) {
		enum task_phase phase = run->tasks[i].phase;

		if (phase == TASK_DEAD)
			t->tasks_dead++;
		else if (phase == TASK_RUNNING || phase == TASK_KILLING)
			t->tasks_running++;
		else
			t->tasks_pending++;
	}
}

static void
count_resources(struct tally *t, const struct alloc *a)
{
	const struct allocated_resources *r = a->allocated_resources;

	if (r == NULL)
		return;
	for (size_t i = 0; i < r->ntasks; i++) {
		const struct allocated_memory_resources *m =
		    &r->tasks[i].memory;

		t->cpu += (double)r->tasks[i].cpu.cpu_shares;
		t->memory += (double)m->memory_mb;
		t->max_memory +=
		    (double)(m->memory_max_mb > m->memory_mb ? m->memory_max_mb
							     : m->memory_mb);
	}
	t->disk += (double)r->shared.disk_mb;
}

static void
count_alloc(struct tally *t, const struct runner *r)
{
	const char *status = r->run->client_status;

	count_tasks(t, r->run);
	if (runner_is_done(r)) {
		t->terminal++;
		return;
	}
	if (strcmp(status, "running") == 0)
		t->running++;
	else
		t->pending++;
	count_resources(t, r->run->alloc);
}

static void
add_tally(struct nodeagent *na, const struct meter_labels *l)
{
	const struct node_resources *has = na->node.node_resources;
	const struct node_reserved_resources *kept =
	    na->node.reserved_resources;
	struct tally t = { 0 };
	double cpu = (double)has->cpu.cpu_shares,
	       memory = (double)has->memory.memory_mb,
	       disk = (double)has->disk.disk_mb;

	MAP_FOREACH (e, &na->runners)
		count_alloc(&t, map_value(e));
	if (kept != NULL) {
		cpu -= (double)kept->cpu.cpu_shares;
		memory -= (double)kept->memory.memory_mb;
		disk -= (double)kept->disk.disk_mb;
	}
	gauge(na, l, "nomad.client.allocations.pending", t.pending);
	gauge(na, l, "nomad.client.allocations.running", t.running);
	gauge(na, l, "nomad.client.allocations.terminal", t.terminal);
	gauge(na, l, "nomad.client.allocations.blocked", 0);
	gauge(na, l, "nomad.client.allocations.migrating", 0);
	gauge(na, l, "nomad.client.tasks.pending", t.tasks_pending);
	gauge(na, l, "nomad.client.tasks.running", t.tasks_running);
	gauge(na, l, "nomad.client.tasks.dead", t.tasks_dead);
	gauge(na, l, "nomad.client.allocated.cpu", t.cpu);
	gauge(na, l, "nomad.client.allocated.memory", t.memory);
	gauge(na, l, "nomad.client.allocated.max_memory", t.max_memory);
	gauge(na, l, "nomad.client.allocated.disk", t.disk);
	gauge(na, l, "nomad.client.unallocated.cpu", cpu - t.cpu);
	gauge(na, l, "nomad.client.unallocated.memory", memory - t.memory);
	gauge(na, l, "nomad.client.unallocated.disk", disk - t.disk);
}

/* --- the machine --- */

static void
add_cpus(struct nodeagent *na, const struct meter_labels *node,
    const struct host_stats *s)
{
	for (size_t i = 0; i < s->ncpu; i++) {
		const struct host_cpu_stats *c = &s->cpu[i];
		struct meter_labels l = *node;

		meter_label(&l, "cpu", c->cpu);
		gauge(na, &l, "nomad.client.host.cpu.user", c->user);
		gauge(na, &l, "nomad.client.host.cpu.system", c->system);
		gauge(na, &l, "nomad.client.host.cpu.idle", c->idle);
		gauge(na, &l, "nomad.client.host.cpu.total_percent",
		    100 - c->idle);
		gauge(na, &l, "nomad.client.host.cpu.total", 100 - c->idle);
	}
}

static void
add_disks(struct nodeagent *na, const struct meter_labels *node,
    const struct host_stats *s)
{
	for (size_t i = 0; i < s->ndisk_stats; i++) {
		const struct host_disk_stats *d = &s->disk_stats[i];
		struct meter_labels l = *node;

		meter_label(&l, "disk", d->device);
		gauge(na, &l, "nomad.client.host.disk.size", (double)d->size);
		gauge(na, &l, "nomad.client.host.disk.used", (double)d->used);
		gauge(na, &l, "nomad.client.host.disk.available",
		    (double)d->available);
		gauge(na, &l, "nomad.client.host.disk.used_percent",
		    d->used_percent);
		gauge(na, &l, "nomad.client.host.disk.inodes_percent",
		    d->inodes_used_percent);
	}
}

static void
add_host(struct nodeagent *na, const struct meter_labels *l)
{
	struct host_stats s;

	host_stats_look(&na->host_stats, &s, na->alloc_dir,
	    loop_wall_ns(na->loop),
	    (double)na->node.node_resources->cpu.cpu_shares);
	gauge(na, l, "nomad.client.host.memory.total", (double)s.memory->total);
	gauge(na, l, "nomad.client.host.memory.available",
	    (double)s.memory->available);
	gauge(na, l, "nomad.client.host.memory.used", (double)s.memory->used);
	gauge(na, l, "nomad.client.host.memory.free", (double)s.memory->free);
	gauge(na, l, "nomad.client.host.cpu.total_ticks", s.cpu_ticks_consumed);
	na->host_ticks += s.cpu_ticks_consumed;
	meter_total(&na->meter, "nomad.client.host.cpu.total_ticks_count",
	    na->host_ticks, l->kv, l->n);
	gauge(na, l, "nomad.client.uptime", (double)s.uptime);
	add_cpus(na, l, &s);
	add_disks(na, l, &s);
	rec_clear(&host_stats_type, &s);
}

void
nodeagent_metrics(struct daemon *d)
{
	struct nodeagent *na = d->state;
	struct meter_labels l = node_labels(na);

	add_tally(na, &l);
	if (na->config->publish_node_metrics)
		add_host(na, &l);
	if (na->config->publish_allocation_metrics)
		task_metrics_set(na);
	meter_http(&na->meter, na->http);
	meter_runtime(&na->meter, loop_wall_ns(na->loop));
	meter_publish(&na->meter, d->pub, loop_wall_ns(na->loop));
}
