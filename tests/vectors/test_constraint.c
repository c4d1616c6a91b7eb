/*
 * Recorded meanings of constraints; see constraint/README.md.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/constraint.h"
#include "common/mem.h"
#include "tests/lib/vectors.h"

static bool
run_operator(const struct tree *t, struct buf *why)
{
	bool got = constraint_holds(vector_str(t, "op"),
	    tree_get_str(t, "left"), tree_get_str(t, "right"));

	buf_addf(why, "%s %s %s: got %s", vector_str(t, "left"),
	    vector_str(t, "op"), vector_str(t, "right"), got ? "yes" : "no");
	return got == vector_bool(t, "result");
}

static struct node *
read_node(const struct tree *t)
{
	struct node *n = xcalloc(1, sizeof *n);

	if (rec_from_tree(&node_type, n, tree_get(t, "node"), NULL) == -1)
		abort();
	return n;
}

static void
free_node(struct node *n)
{
	rec_clear(&node_type, n);
	free(n);
}

/* A target's value, or that it has none. */
static bool
is_value(const struct tree *t, const char *name, const char *got)
{
	const char *want = tree_get_str(t, name);

	if (want == NULL || got == NULL)
		return want == got;
	return strcmp(want, got) == 0;
}

static bool
run_node(const struct tree *t, struct buf *why)
{
	struct node *n = read_node(t);
	const char *l = constraint_target(n, vector_str(t, "left"));
	const char *r = constraint_target(n, vector_str(t, "right"));
	bool ok = is_value(t, "left_value", l) &&
		  is_value(t, "right_value", r) &&
		  constraint_holds(vector_str(t, "op"), l, r) ==
		      vector_bool(t, "result");

	buf_addf(why, "got \"%s\" and \"%s\"", l != NULL ? l : "(none)",
	    r != NULL ? r : "(none)");
	free_node(n);
	return ok;
}

static bool
run_affinity(const struct tree *t, struct buf *why)
{
	const struct tree *list = tree_get(t, "affinities");
	const struct tree *want = tree_get(t, "matches");
	struct node *n = read_node(t);
	bool ok = true;

	for (size_t i = 0; i < vector_count(list); i++) {
		struct affinity a = { 0 };

		if (rec_from_tree(&affinity_type, &a, list->items[i], NULL) ==
		    -1)
			abort();
		if (constraint_likes(n, &a) != want->items[i]->b) {
			buf_addf(why, "affinity %zu differs; ", i);
			ok = false;
		}
		rec_clear(&affinity_type, &a);
	}
	free_node(n);
	return ok;
}

static const struct vector_kind kinds[] = {
	{ "equal", run_operator, VECTOR_ALL },
	{ "order", run_operator, VECTOR_ALL },
	{ "regexp", run_operator, VECTOR_ALL },
	{ "version", run_operator, VECTOR_ALL },
	{ "semver", run_operator, VECTOR_ALL },
	{ "set", run_operator, VECTOR_ALL },
	{ "isset", run_operator, VECTOR_ALL },
	{ "operator", run_operator, VECTOR_ALL },
	{ "node", run_node, VECTOR_ALL },
	{ "affinity", run_affinity, VECTOR_ALL },
};

VECTORS_MAIN("constraint", "tests/vectors/constraint/cases.jsonl", kinds)
