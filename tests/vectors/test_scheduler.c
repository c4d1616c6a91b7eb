/*
 * Recorded decisions of the schedulers; see scheduler/README.md.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/cores.h"
#include "cmd/schedd/fit.h"
#include "cmd/schedd/resched.h"
#include "common/mem.h"
#include "tests/lib/schedcase.h"
#include "tests/lib/vectors.h"

/* The node sets of the file that is being read, by name. */
static struct tree *node_sets;

static bool
keep_nodes(const struct tree *t)
{
	const struct tree *nodes = tree_get(t, "Nodes");

	if (nodes == NULL || tree_get(t, "Evaluation") != NULL)
		return false;
	if (node_sets == NULL)
		node_sets = tree_map();
	tree_set(node_sets, vector_str(t, "NodeSet"), tree_copy(nodes));
	return true;
}

static bool
failures_vary(const struct tree *varies)
{
	for (size_t i = 0; i < vector_count(varies); i++)
		if (strstr(varies->items[i]->str, "FailedTGAllocs") != NULL)
			return true;
	return false;
}

/* No group failed where none is told. */
static bool
none_failed(const struct tree *want, const struct tree *got, struct buf *why)
{
	const struct tree *failed =
	    tree_get(tree_get(want, "Eval"), "FailedTGAllocs");
	const struct tree *ours =
	    tree_get(tree_get(got, "Eval"), "FailedTGAllocs");

	if (failed == NULL || vector_count(failed) > 0 ||
	    vector_count(ours) == 0)
		return true;
	buf_adds(why, ".Eval.FailedTGAllocs: want none, got ");
	tree_to_json(ours, why, 0);
	return false;
}

static bool
run_case(const struct tree *t, struct buf *why)
{
	struct tree *want = schedcase_want(tree_get(t, "Expect")), *got;
	struct scheduler_result res;
	struct schedcase c;
	struct rng rng;
	bool ok;

	schedcase_init(&c, t, tree_get(node_sets, vector_str(t, "NodeSet")));
	rng_init(&rng, 1);
	scheduler_run(&(struct scheduler_view){ .st = &c.st, .now_ns = c.now },
	    &c.eval, &rng, &res);
	got = schedcase_tell(&c, &res);
	ok = schedcase_has(want, got, why) &&
	     (failures_vary(tree_get(t, "Varies")) ||
		 none_failed(want, got, why));
	scheduler_result_release(&res);
	schedcase_release(&c);
	tree_free(want);
	tree_free(got);
	return ok;
}

/* --- single functions --- */

static int64_t
number_of(const struct tree *t, const char *name)
{
	const struct tree *v = tree_get(t, name);

	return v != NULL && v->kind == TREE_INT ? v->i : 0;
}

static bool
is_near(const struct tree *t, const char *name, double got, struct buf *why)
{
	const struct tree *v = tree_get(t, name);
	double want;

	if (v == NULL || v->kind == TREE_NULL)
		return true;
	want = v->kind == TREE_FLOAT ? v->f : (double)v->i;
	if (got - want < 1e-6 && want - got < 1e-6)
		return true;
	buf_addf(why, "%s: want %f, got %f; ", name, want, got);
	return false;
}

static void *
read_rec(const struct rec_type *type, const struct tree *t)
{
	void *rec = xcalloc(1, type->size);

	if (t != NULL && rec_from_tree(type, rec, t, NULL) == -1)
		abort();
	return rec;
}

static void
free_rec(const struct rec_type *type, void *rec)
{
	rec_clear(type, rec);
	free(rec);
}

/* What all of them use that have not ended at their node. */
struct fit_sum {
	struct sched_usage used;
	struct coreset cores;
	struct portset ports;
	int64_t live; /* all that were handed in */
	bool cores_overlap;
	char *collision; /* a sentence */
};

static bool
has_ended(const char *client)
{
	return strcmp(client, "complete") == 0 ||
	       strcmp(client, "failed") == 0 || strcmp(client, "lost") == 0;
}

static void
sum_ports(
    struct fit_sum *sum, const char *id, const struct allocated_resources *r)
{
	for (size_t i = 0; i < r->shared.nports && sum->collision == NULL; i++)
		if (!portset_add(&sum->ports, 0, r->shared.ports[i].value))
			sum->collision = xasprintf(
			    "reserved alloc port collision: collision when "
			    "reserving port for alloc %s: [port %lld already "
			    "in use]",
			    id, (long long)r->shared.ports[i].value);
}

static void
sum_usage(const struct tree *allocs, struct fit_sum *sum)
{
	for (size_t i = 0; i < vector_count(allocs); i++) {
		const struct tree *t = allocs->items[i];
		struct allocated_resources *r;
		struct sched_usage u;

		sum->live++;
		if (has_ended(vector_str(t, "ClientStatus")))
			continue;
		r = read_rec(&allocated_resources_type,
		    tree_get(t, "AllocatedResources"));
		fit_usage(r, &u);
		sum->used.cpu += u.cpu;
		sum->used.memory_mb += u.memory_mb;
		sum->used.disk_mb += u.disk_mb;
		sum->cores_overlap |= !cores_add(&sum->cores, r);
		sum_ports(sum, vector_str(t, "ID"), r);
		free_rec(&allocated_resources_type, r);
	}
}

/* Cores that the node has not got, or keeps for itself. */
static bool
has_foreign_cores(const struct node *n, const struct coreset *set)
{
	const struct node_cpu_resources *c = &n->node_resources->cpu;
	size_t own = 0, all = 0;

	for (size_t i = 0; i < c->nreservable_cpu_cores; i++)
		own += cores_has(set, c->reservable_cpu_cores[i]);
	for (int64_t i = 0; i < CORES_MAX; i++)
		all += cores_has(set, i);
	return own != all;
}

static const char *
what_exceeds(const struct node *n, const struct fit_sum *sum,
    const struct sched_usage *room)
{
	const char *bad;

	if (n->node_max_allocs > 0 && sum->live > n->node_max_allocs)
		return "max allocation exceeded";
	if (sum->cores_overlap)
		return "cores";
	bad = fit_exceeded(&sum->used, room);
	if (has_foreign_cores(n, &sum->cores) &&
	    (bad == NULL || strcmp(bad, "cpu") != 0))
		return "cores";
	if (bad == NULL)
		bad = sum->collision;
	return bad != NULL ? bad : "";
}

static bool
run_fn_fit(const struct tree *t, struct buf *why)
{
	const struct tree *want = tree_get(t, "Expect");
	struct node *n = read_rec(&node_type, tree_get(t, "Node"));
	struct fit_sum sum = { .live = 0 };
	struct sched_usage room;
	const char *bad, *dim = vector_str(want, "Dimension");
	bool ok = true;

	sum_usage(tree_get(t, "Allocations"), &sum);
	fit_node_room(n, &room);
	bad = what_exceeds(n, &sum, &room);
	/* With too many of them nothing is summed up. */
	if (strcmp(dim, "max allocation exceeded") != 0)
		ok = is_near(want, "ScoreFitBinPack",
			 fit_score(&sum.used, &room, false), why) &&
		     is_near(want, "ScoreFitSpread",
			 fit_score(&sum.used, &room, true), why);
	if (vector_bool(want, "Fit") != (*bad == '\0') ||
	    strcmp(dim, bad) != 0) {
		buf_addf(why, "Dimension: want \"%s\", got \"%s\"", dim, bad);
		ok = false;
	}
	portset_release(&sum.ports);
	free(sum.collision);
	free_rec(&node_type, n);
	return ok;
}

/* A time told as its distance from now; null for none. */
static bool
is_time(const struct tree *want, const char *name, bool has, int64_t offset,
    struct buf *why)
{
	const struct tree *v = tree_get(want, name);

	if (v == NULL)
		return true;
	if (v->kind == TREE_NULL ? !has : has && v->i == offset)
		return true;
	buf_addf(why, "%s: got %s%lld; ", name, has ? "" : "none, ",
	    (long long)offset);
	return false;
}

static bool
is_bool(const struct tree *want, const char *name, bool got, struct buf *why)
{
	if (vector_bool(want, name) == got)
		return true;
	buf_addf(why, "%s: got %s; ", name, got ? "true" : "false");
	return false;
}

static bool
is_enabled(const struct reschedule_policy *p)
{
	return p != NULL && (p->unlimited || p->attempts > 0);
}

static bool
run_fn_reschedule(const struct tree *t, struct buf *why)
{
	const struct tree *want = tree_get(t, "Expect");
	const struct tree *pt = tree_get(t, "ReschedulePolicy");
	const struct tree *info = tree_get(want, "RescheduleInfo");
	struct reschedule_policy *p = NULL;
	struct alloc *a = read_rec(&alloc_type, tree_get(t, "Allocation"));
	int64_t now = number_of(t, "Now"), last, when, by_now;
	bool may, ok, ended;

	if (pt != NULL && pt->kind == TREE_MAP)
		p = read_rec(&reschedule_policy_type, pt);
	last = resched_last_event(a);
	ended = strcmp(a->desired_status, "stop") != 0 &&
		(strcmp(a->client_status, "failed") == 0 ||
		    strcmp(a->client_status, "lost") == 0);
	may = resched_next_time(p, a, last, &when);
	ok = is_time(want, "LastEventTimeOffset", last != 0, last - now, why);
	ok &= is_near(
	    want, "NextDelay", (double)resched_next_delay(p, a, last), why);
	if (ended)
		ok &= is_bool(want, "NextRescheduleEligible", may, why) &&
		      is_time(want, "NextRescheduleTimeOffset", is_enabled(p),
			  when - now, why);
	may = resched_next_time(p, a, now, &by_now);
	ok &= is_bool(want, "NextRescheduleEligibleByNow", may, why);
	if (p != NULL && p->attempts > 0)
		ok &= is_near(info, "Attempted",
		    (double)resched_attempted(p, a, last), why);
	if (p != NULL)
		free_rec(&reschedule_policy_type, p);
	free_rec(&alloc_type, a);
	return ok;
}

static const struct vector_kind kinds[] = {
	{ "fn_fit", run_fn_fit, VECTOR_ALL },
	{ "fn_reschedule", run_fn_reschedule, VECTOR_ALL },
	{ "service_register", run_case, VECTOR_ALL },
	{ "service_scale", run_case, VECTOR_ALL },
	{ "service_stop", run_case, VECTOR_ALL },
	{ "node_down", run_case, VECTOR_ALL },
	{ "node_drain", run_case, VECTOR_ALL },
	{ "node_ineligible", run_case, VECTOR_ALL },
	{ "disconnect", run_case, 120 },
	{ "update_kind", run_case, VECTOR_ALL },
	{ "rolling", run_case, VECTOR_ALL },
	{ "canary", run_case, 79 },
	{ "deployment_revert", run_case, VECTOR_ALL },
	{ "reschedule", run_case, 100 },
	{ "reschedule_deployment", run_case, VECTOR_ALL },
	{ "batch", run_case, VECTOR_ALL },
	{ "system", run_case, VECTOR_ALL },
	{ "sysbatch", run_case, VECTOR_ALL },
	{ "blocked_eval", run_case, VECTOR_ALL },
	{ "triggers", run_case, VECTOR_ALL },
	{ "constraints", run_case, 116 },
	{ "distinct", run_case, VECTOR_ALL },
	{ "rank_binpack", run_case, VECTOR_ALL },
	{ "rank_affinity", run_case, VECTOR_ALL },
	{ "rank_spread", run_case, VECTOR_ALL },
	{ "rank_penalty", run_case, VECTOR_ALL },
	{ "devices", run_case, 27 },
	{ "ports", run_case, VECTOR_ALL },
	{ "cores", run_case, VECTOR_ALL },
	{ "memory_oversubscription", run_case, VECTOR_ALL },
	{ "preemption", run_case, VECTOR_ALL },
	{ "node_pools", run_case, VECTOR_ALL },
	{ "datacenters", run_case, VECTOR_ALL },
	{ "namespaces", run_case, VECTOR_ALL },
	{ "multi_group", run_case, VECTOR_ALL },
};

int
main(int argc, char **argv)
{
	int rc =
	    vectors_run_given("scheduler", "tests/vectors/scheduler/%s.jsonl",
		kinds, sizeof kinds / sizeof kinds[0], keep_nodes, argc, argv);

	tree_free(node_sets);
	return rc;
}
