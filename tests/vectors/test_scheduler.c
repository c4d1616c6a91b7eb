/*
 * Recorded decisions of the schedulers; see scheduler/README.md.
 */
#include <stdlib.h>
#include <string.h>

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
	scheduler_run(&c.st, &c.eval, c.now, &rng, &res);
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

static const struct vector_kind kinds[] = {
	{ "service_register", run_case, VECTOR_ALL },
	{ "service_scale", run_case, VECTOR_ALL },
	{ "service_stop", run_case, VECTOR_ALL },
	{ "node_down", run_case, VECTOR_ALL },
	{ "node_drain", run_case, VECTOR_ALL },
	{ "node_ineligible", run_case, VECTOR_ALL },
	{ "update_kind", run_case, 54 },
	{ "rolling", run_case, VECTOR_ALL },
	{ "canary", run_case, 79 },
	{ "deployment_revert", run_case, VECTOR_ALL },
	{ "reschedule", run_case, 99 },
	{ "reschedule_deployment", run_case, VECTOR_ALL },
	{ "batch", run_case, 55 },
	{ "system", run_case, VECTOR_ALL },
	{ "sysbatch", run_case, VECTOR_ALL },
	{ "blocked_eval", run_case, 17 },
	{ "triggers", run_case, VECTOR_ALL },
	{ "constraints", run_case, 115 },
	{ "distinct", run_case, VECTOR_ALL },
	{ "rank_binpack", run_case, VECTOR_ALL },
	{ "rank_affinity", run_case, VECTOR_ALL },
	{ "rank_spread", run_case, 68 },
	{ "rank_penalty", run_case, VECTOR_ALL },
	{ "ports", run_case, 51 },
	{ "node_pools", run_case, 27 },
	{ "datacenters", run_case, VECTOR_ALL },
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
