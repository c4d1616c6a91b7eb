/* How much of the node a container may take. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/nodeagent/docker_create_impl.h"
#include "common/mem.h"

#define CFS_PERIOD_US 100000
#define MAX_QUOTA_US  INT64_C(1000000000000)
#define MAX_LIMIT_MB  (INT64_MAX >> 20)

const struct allocated_task_resources *
docker_given(const struct docker_create *c)
{
	const struct allocated_resources *all =
	    c->task->alloc->allocated_resources;

	if (all == NULL)
		return NULL;
	return rec_map_find(
	    all->tasks, all->ntasks, sizeof *all->tasks, c->task->task->name);
}

static int64_t
mb_to_bytes(int64_t mb)
{
	return (mb < MAX_LIMIT_MB ? mb : MAX_LIMIT_MB) * (1 << 20);
}

/* Without a limit above it, what was asked for is the limit; else it is what
 * is left to the task when memory is short. Swap does not add to either. */
static void
put_memory(const struct docker_create *c, int64_t mb, int64_t max_mb,
    struct tree *host)
{
	int64_t hard = c->config->memory_hard_limit > max_mb
			   ? c->config->memory_hard_limit
			   : max_mb;
	int64_t limit = mb_to_bytes(hard > 0 ? hard : mb);

	tree_set(host, "Memory", tree_int(limit));
	tree_set(host, "MemorySwap", tree_int(limit));
	if (hard > 0)
		tree_set(host, "MemoryReservation", tree_int(mb_to_bytes(mb)));
}

/* The task's share of all the node's cycles, on all its cores. */
static void
put_quota(const struct docker_create *c, int64_t mhz, struct tree *host)
{
	const struct node *node = c->task->env->node;
	const struct node_cpu_resources *cpu =
	    node != NULL && node->node_resources != NULL
		? &node->node_resources->cpu
		: NULL;
	int64_t period = c->config->cpu_cfs_period > 0
			     ? c->config->cpu_cfs_period
			     : CFS_PERIOD_US;
	double quota;

	if (!c->config->cpu_hard_limit || cpu == NULL || cpu->cpu_shares <= 0)
		return;
	quota = (double)mhz / (double)cpu->cpu_shares * (double)period *
		(double)cpu->total_cpu_cores;
	tree_set(host, "CpuPeriod", tree_int(period));
	tree_set(host, "CpuQuota",
	    tree_int(quota < MAX_QUOTA_US ? (int64_t)quota : MAX_QUOTA_US));
}

static void
put_cpuset(const struct docker_create *c,
    const struct allocated_task_resources *given, struct tree *host)
{
	struct buf b = { 0 };

	for (size_t i = 0; given != NULL && i < given->cpu.nreserved_cores; i++)
		buf_addf(&b, "%s%" PRId64, i > 0 ? "," : "",
		    given->cpu.reserved_cores[i]);
	docker_put_text(
	    host, "CpusetCpus", b.len > 0 ? b.data : c->config->cpuset_cpus);
	buf_release(&b);
}

static int
put_pids(const struct docker_create *c, struct tree *host, struct err *err)
{
	int64_t most = c->options->pids_limit, own = c->config->pids_limit;

	if (most > 0 && own > most)
		return err_set(err, ERR_DENIED,
		    "pids_limit cannot be greater than nomad plugin config "
		    "pids_limit: %" PRId64,
		    most);
	if (own > 0 || most > 0)
		tree_set(host, "PidsLimit", tree_int(own > 0 ? own : most));
	return 0;
}

/* "1024" and "1024:2048": soft and hard. */
static int
put_ulimit(struct tree *list, const struct rec_kv *kv, struct err *err)
{
	struct tree *one = tree_map();
	char *end;
	int64_t soft, hard;
	const char *text = kv->value != NULL ? kv->value : "";

	tree_push(list, one);
	if (*text == '\0')
		return err_set(err, ERR_BAD,
		    "Malformed ulimit specification %s: \"\", cannot be empty",
		    kv->key);
	soft = hard = strtoll(text, &end, 10);
	if (end == text || (*end != '\0' && *end != ':'))
		return err_set(err, ERR_BAD, "Malformed soft ulimit %s: %s",
		    kv->key, text);
	if (*end == ':') {
		text = end + 1;
		hard = strtoll(text, &end, 10);
		if (end == text || *end != '\0')
			return err_set(err, ERR_BAD,
			    "Malformed hard ulimit %s: %s", kv->key, text);
	}
	tree_set(one, "Name", tree_str(kv->key));
	tree_set(one, "Soft", tree_int(soft));
	tree_set(one, "Hard", tree_int(hard));
	return 0;
}

int
docker_put_limits(
    const struct docker_create *c, struct tree *host, struct err *err)
{
	const struct allocated_task_resources *given = docker_given(c);
	const struct resources *asked = c->task->task->resources;
	int64_t mhz = given != NULL   ? given->cpu.cpu_shares
		      : asked != NULL ? asked->cpu
				      : 0;
	int64_t mb = given != NULL   ? given->memory.memory_mb
		     : asked != NULL ? asked->memory_mb
				     : 0;
	struct tree *ulimits = tree_list();

	put_memory(
	    c, mb, given != NULL ? given->memory.memory_max_mb : 0, host);
	tree_set(host, "CpuShares", tree_int(mhz));
	put_quota(c, mhz, host);
	put_cpuset(c, given, host);
	tree_set(host, "Ulimits", ulimits);
	for (size_t i = 0; i < c->config->nulimit; i++)
		if (put_ulimit(ulimits, &c->config->ulimit[i], err) == -1)
			return -1;
	return put_pids(c, host, err);
}
