#include "tests/lib/vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/err.h"
#include "common/mem.h"

#define SHOWN_MAX 2000 /* bytes of what is said about a case */

/* --- helpers for adapters --- */

const char *
vector_str(const struct tree *t, const char *name)
{
	const char *s = tree_get_str(t, name);

	return s != NULL ? s : "";
}

bool
vector_bool(const struct tree *t, const char *name)
{
	const struct tree *v = tree_get(t, name);

	return v != NULL && v->kind == TREE_BOOL && v->b;
}

size_t
vector_count(const struct tree *t)
{
	if (t == NULL)
		return 0;
	if (t->kind == TREE_MAP)
		return t->nmembers;
	return t->kind == TREE_LIST ? t->nitems : 0;
}

struct tree *
vector_prune(const struct tree *t)
{
	struct tree *out;

	if (t->kind == TREE_LIST) {
		out = tree_list();
		for (size_t i = 0; i < t->nitems; i++)
			tree_push(out, vector_prune(t->items[i]));
		return out;
	}
	if (t->kind != TREE_MAP)
		return tree_copy(t);
	out = tree_map();
	for (size_t i = 0; i < t->nmembers; i++)
		if (t->members[i].value->kind != TREE_NULL)
			tree_set(out, t->members[i].key,
			    vector_prune(t->members[i].value));
	return out;
}

static bool
differ(const struct tree *want, const struct tree *got, const char *path,
    struct buf *why)
{
	buf_addf(why, "%s: want ", *path == '\0' ? "." : path);
	if (want == NULL)
		buf_adds(why, "nothing");
	else
		tree_to_json(want, why, 0);
	buf_adds(why, ", got ");
	if (got == NULL)
		buf_adds(why, "nothing");
	else
		tree_to_json(got, why, 0);
	return false;
}

static bool same_at(const struct tree *want, const struct tree *got,
    const char *path, struct buf *why);

static bool
same_member(const struct tree *want, const struct tree *got, const char *path,
    const char *key, struct buf *why)
{
	char *inner = xasprintf("%s%s%s", path, *path == '\0' ? "" : ".", key);
	bool same =
	    same_at(tree_get(want, key), tree_get(got, key), inner, why);

	free(inner);
	return same;
}

static bool
same_items(const struct tree *want, const struct tree *got, const char *path,
    struct buf *why)
{
	if (want->nitems != got->nitems)
		return differ(want, got, path, why);
	for (size_t i = 0; i < want->nitems; i++) {
		char *inner = xasprintf("%s[%zu]", path, i);
		bool same = same_at(want->items[i], got->items[i], inner, why);

		free(inner);
		if (!same)
			return false;
	}
	return true;
}

static bool
same_at(const struct tree *want, const struct tree *got, const char *path,
    struct buf *why)
{
	if (want == NULL || got == NULL)
		return want == got || differ(want, got, path, why);
	if (want->kind != got->kind)
		return tree_equal(want, got) || differ(want, got, path, why);
	if (want->kind == TREE_LIST)
		return same_items(want, got, path, why);
	if (want->kind != TREE_MAP)
		return tree_equal(want, got) || differ(want, got, path, why);
	for (size_t i = 0; i < want->nmembers; i++)
		if (!same_member(want, got, path, want->members[i].key, why))
			return false;
	for (size_t i = 0; i < got->nmembers; i++)
		if (!same_member(want, got, path, got->members[i].key, why))
			return false;
	return true;
}

bool
vector_same(const struct tree *want, const struct tree *got, struct buf *why)
{
	return same_at(want, got, "", why);
}

/* --- running --- */

/* What came out for one kind. */
struct tally {
	const char *name;
	size_t ngood;
	size_t nall;
};

struct run {
	const char *set;
	const struct vector_kind *kinds;
	size_t nkinds;
	vector_given_fn *given;
	bool verbose;
	const char *only_kind;
	const char *only_case;
	struct tally *tallies; /* of the kinds */
	struct tally other;    /* of what no kind is there for */
	bool broken;
};

static void
show(const struct run *run, const char *kind, const char *id, size_t line,
    const struct buf *why)
{
	if (!run->verbose)
		return;
	if (*id != '\0')
		printf("%s.%s: %s: ", run->set, kind, id);
	else
		printf("%s.%s: line %zu: ", run->set, kind, line);
	printf("%.*s\n", SHOWN_MAX, why->len > 0 ? why->data : "differs");
}

/* A line of a file whose kind is known, or told by its member. */
static void
run_line(struct run *run, const char *kind, const struct tree *t, size_t line)
{
	const struct tree *number = tree_get(t, "Case");
	const char *id = vector_str(t, "id");
	struct buf why = { 0 };
	char text[24];

	if (number != NULL && number->kind == TREE_INT) {
		snprintf(text, sizeof text, "%lld", (long long)number->i);
		id = text;
	}

	if (kind == NULL)
		kind = vector_str(t, "kind");
	for (size_t i = 0; i < run->nkinds; i++) {
		if (strcmp(run->kinds[i].name, kind) != 0)
			continue;
		if (run->given != NULL && run->given(t))
			return;
		if (run->only_case != NULL && strcmp(run->only_case, id) != 0)
			return;
		run->tallies[i].nall++;
		if (run->kinds[i].run(t, &why))
			run->tallies[i].ngood++;
		else
			show(run, kind, id, line, &why);
		buf_release(&why);
		return;
	}
	run->other.nall++;
}

static void
run_file(struct run *run, const char *path, const char *kind)
{
	FILE *f = fopen(path, "re");
	char *text = NULL;
	size_t cap = 0, line = 0;
	ssize_t n;

	if (f == NULL) {
		printf("%s: cannot open %s\n", run->set, path);
		run->broken = true;
		return;
	}
	while ((n = getline(&text, &cap, f)) > 0) {
		struct err err = { 0 };
		struct tree *t = tree_from_json(text, (size_t)n, &err);

		line++;
		if (t == NULL) {
			printf("%s:%zu: %s\n", path, line, err.text);
			run->broken = true;
		} else {
			run_line(run, kind, t, line);
		}
		tree_free(t);
	}
	free(text);
	fclose(f);
}

static bool
is_wanted(const struct run *run, const char *kind)
{
	return run->only_kind == NULL || strcmp(run->only_kind, kind) == 0;
}

/* The pattern with the kind for its %s. */
static char *
path_of(const char *pattern, const char *kind)
{
	const char *at = strstr(pattern, "%s");

	return xasprintf(
	    "%.*s%s%s", (int)(at - pattern), pattern, kind, at + 2);
}

static void
run_files(struct run *run, const char *path)
{
	if (strstr(path, "%s") == NULL) {
		run_file(run, path, NULL);
		return;
	}
	for (size_t i = 0; i < run->nkinds; i++) {
		char *file;

		if (!is_wanted(run, run->kinds[i].name))
			continue;
		file = path_of(path, run->kinds[i].name);
		run_file(run, file, run->kinds[i].name);
		free(file);
	}
}

/* Prints the counts; false when one is not what its floor says. */
static bool
report(const struct run *run)
{
	bool good = !run->broken;

	for (size_t i = 0; i < run->nkinds; i++) {
		const struct tally *t = &run->tallies[i];
		size_t floor = run->kinds[i].floor;
		const char *note = "";

		if (!is_wanted(run, run->kinds[i].name))
			continue;
		if (floor == VECTOR_ALL)
			floor = t->nall;
		if (t->ngood < floor || t->nall == 0) {
			note = ": FEWER than before";
			good = false;
		} else if (t->ngood > floor) {
			note = ": more than before, raise the floor";
		}
		printf("%s.%s: %zu of %zu%s\n", run->set, run->kinds[i].name,
		    t->ngood, t->nall, note);
	}
	if (run->other.nall > 0 && run->only_kind == NULL)
		printf("%s: %zu cases of kinds without an adapter\n", run->set,
		    run->other.nall);
	return good;
}

int
vectors_run(const char *set, const char *path, const struct vector_kind *kinds,
    size_t nkinds, int argc, char **argv)
{
	return vectors_run_given(set, path, kinds, nkinds, NULL, argc, argv);
}

int
vectors_run_given(const char *set, const char *path,
    const struct vector_kind *kinds, size_t nkinds, vector_given_fn *given,
    int argc, char **argv)
{
	struct run run = {
		.set = set, .kinds = kinds, .nkinds = nkinds, .given = given
	};
	int i = 1;
	bool good;

	if (i < argc && strcmp(argv[i], "-v") == 0) {
		run.verbose = true;
		i++;
	}
	if (i < argc)
		run.only_kind = argv[i++];
	if (i < argc)
		run.only_case = argv[i++];
	run.tallies = xcalloc(nkinds, sizeof *run.tallies);
	run_files(&run, path);
	good = report(&run) || run.only_case != NULL;
	free(run.tallies);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
