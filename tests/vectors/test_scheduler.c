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
	ok = schedcase_has(want, got, why) && none_failed(want, got, why);
	scheduler_result_release(&res);
	schedcase_release(&c);
	tree_free(want);
	tree_free(got);
	return ok;
}

static const struct vector_kind kinds[] = {
	{ "service_register", run_case, VECTOR_ALL },
	{ "service_scale", run_case, VECTOR_ALL },
	{ "service_stop", run_case, 22 },
	{ "system", run_case, 51 },
	{ "node_down", run_case, 22 },
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
