/*
 * Recorded cases: files of JSON lines, one case each, told by kind.
 *
 * An adapter is a table of kinds, each with a function that runs one case and
 * the floor: how many cases must come out as recorded. Falling below it fails
 * the program; who makes more of them come out raises the floor.
 *
 *	static bool run_fit(const struct tree *t, struct buf *why) { ... }
 *	static const struct vector_kind kinds[] = {
 *		{ "fn_fit", run_fit, 40 },
 *	};
 *	VECTORS_MAIN("scheduler", "tests/vectors/scheduler/%s.jsonl", kinds)
 *
 * Run as: test_x [-v] [KIND [CASE]]. -v prints each case that fails.
 */
#ifndef TESTS_LIB_VECTORS_H
#define TESTS_LIB_VECTORS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/tree.h"

/*
 * Runs a case (its line as a tree). True when it comes out as recorded; else
 * why may say what came out instead.
 */
typedef bool vector_fn(const struct tree *t, struct buf *why);

/* Takes a line that is no case but what later cases refer to. */
typedef bool vector_given_fn(const struct tree *t);

struct vector_kind {
	const char *name;
	vector_fn *run;
	size_t floor; /* VECTOR_ALL: every case of the kind */
};
#define VECTOR_ALL ((size_t)-1)

/*
 * Runs the kinds of a set over its cases and prints "set.kind: N of M" for
 * each. path is a file, or a pattern with one %s for the kind's name; in one
 * file for all, a case's member "kind" tells, and kinds that have no adapter
 * are counted as well ("no adapter"). Returns an exit code.
 */
int vectors_run(const char *set, const char *path,
    const struct vector_kind *kinds, size_t nkinds, int argc, char **argv);

/* The same where some lines are no cases (given may be NULL). */
int vectors_run_given(const char *set, const char *path,
    const struct vector_kind *kinds, size_t nkinds, vector_given_fn *given,
    int argc, char **argv);

#define VECTORS_MAIN(set, path, kinds)                               \
	int main(int argc, char **argv)                              \
	{                                                            \
		return vectors_run(set, path, kinds,                 \
		    sizeof(kinds) / sizeof((kinds)[0]), argc, argv); \
	}

/* The member's text, "" when there is none; its truth; its count. */
const char *vector_str(const struct tree *t, const char *name);
bool vector_bool(const struct tree *t, const char *name);
size_t vector_count(const struct tree *t);

/* Without its null members, at every depth; the caller frees. */
struct tree *vector_prune(const struct tree *t);

/*
 * True when what was got equals what is wanted; else where they differ first
 * stands in why: "TaskGroups[0].Count: want 3, got null".
 */
bool vector_same(
    const struct tree *want, const struct tree *got, struct buf *why);

#endif
