#include "tests/lib/schedcase.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/state_put.h"
#include "common/mem.h"

static const char no_time[] = "0001-01-01T00:00:00Z";

#define AT 5000 /* the index everything was written at */

static void
die(const char *what, const struct err *err)
{
	fprintf(stderr, "case: %s: %s\n", what, err->text);
	abort();
}

static void *
read_rec(const struct rec_type *type, const struct tree *t)
{
	void *rec = xcalloc(1, type->size);
	struct err err = { 0 };

	if (rec_from_tree(type, rec, t, &err) == -1)
		die(type->name, &err);
	return rec;
}

static size_t
count_of(const struct tree *t)
{
	return t != NULL && t->kind == TREE_LIST ? t->nitems : 0;
}

static void
put_alloc(struct schedcase *c, const struct tree *t)
{
	struct tree *copy = tree_copy(t);
	struct tree *states;
	struct alloc *a;

	/* The recorder's name of the field is a byte that text cannot hold. */
	states = tree_list();
	for (size_t i = 0; i < count_of(tree_get(t, "AllocStates")); i++) {
		struct tree *s =
		    tree_copy(tree_get(t, "AllocStates")->items[i]);

		tree_set(s, "Field", tree_str("ClientStatus"));
		tree_push(states, s);
	}
	tree_set(copy, "AllocStates", states);
	a = read_rec(&alloc_type, copy);
	a->job_version = (uint64_t)tree_get(t, "JobVersion")->i;
	sched_put_alloc(&c->st, a, a->modify_index);
	rec_clear(&alloc_type, a);
	free(a);
	tree_free(copy);
}

static void
put_jobs(struct schedcase *c, const struct tree *list, bool purged)
{
	for (size_t i = 0; i < count_of(list); i++) {
		struct job *job = read_rec(&job_type, list->items[i]);
		struct sched_job *sj;

		if (purged && strcmp(job->id, c->eval.job_id) == 0) {
			rec_clear(&job_type, job);
			free(job);
			continue;
		}
		sj = sched_job_have(&c->st, job->namespace, job->id);
		sched_put_version(&c->st, sj, job);
		if (strcmp(job->id, c->eval.job_id) == 0)
			c->job = job;
	}
}

static void
put_pools(struct schedcase *c, const struct tree *list)
{
	for (size_t i = 0; i < count_of(list); i++) {
		struct node_pool *p = read_rec(&node_pool_type, list->items[i]);

		sched_put_pool(&c->st, p, AT);
		rec_clear(&node_pool_type, p);
		free(p);
	}
}

static bool
is_true(const struct tree *t)
{
	return t != NULL && t->kind == TREE_BOOL && t->b;
}

void
schedcase_init(
    struct schedcase *c, const struct tree *t, const struct tree *nodes)
{
	const struct tree *deployments = tree_get(t, "Deployments");
	const struct tree *allocs = tree_get(t, "Allocations");
	const struct tree *conf = tree_get(t, "SchedulerConfiguration");
	struct eval *e = read_rec(&eval_type, tree_get(t, "Evaluation"));

	*c = (struct schedcase){ .now = tree_get(t, "Now")->i };
	sched_state_init(&c->st);
	c->eval = *e;
	free(e);
	for (size_t i = 0; i < count_of(nodes); i++)
		sched_put_node(
		    &c->st, read_rec(&node_type, nodes->items[i]), AT);
	put_pools(c, tree_get(t, "NodePools"));
	put_jobs(c, tree_get(t, "Jobs"), is_true(tree_get(t, "JobPurged")));
	for (size_t i = 0; i < count_of(deployments); i++) {
		struct deployment *d =
		    read_rec(&deployment_type, deployments->items[i]);

		sched_put_deployment(&c->st, d, d->modify_index);
		rec_clear(&deployment_type, d);
		free(d);
	}
	for (size_t i = 0; i < count_of(allocs); i++)
		put_alloc(c, allocs->items[i]);
	if (conf != NULL && conf->kind == TREE_MAP) {
		struct scheduler_configuration *sc =
		    read_rec(&scheduler_configuration_type, conf);

		rec_clear(&scheduler_configuration_type, &c->st.config);
		c->st.config = *sc;
		free(sc);
	}
	c->st.index = AT;
}

void
schedcase_release(struct schedcase *c)
{
	sched_state_release(&c->st);
	rec_clear(&eval_type, &c->eval);
}

/* --- comparing --- */

static bool
is_nothing(const struct tree *t)
{
	if (t == NULL)
		return true;
	switch (t->kind) {
	case TREE_NULL:
		return true;
	case TREE_BOOL:
		return !t->b;
	case TREE_INT:
		return t->i == 0;
	case TREE_FLOAT:
		return !(t->f < 0 || t->f > 0);
	case TREE_STR:
		return t->len == 0 || strcmp(t->str, no_time) == 0;
	case TREE_LIST:
		return t->nitems == 0;
	case TREE_MAP:
		break;
	}
	for (size_t i = 0; i < t->nmembers; i++)
		if (!is_nothing(t->members[i].value))
			return false;
	return true;
}

static double
number(const struct tree *t)
{
	return t->kind == TREE_INT ? (double)t->i : t->f;
}

static bool has_at(const struct tree *want, const struct tree *got,
    const char *path, struct buf *why);

static bool
differ(const struct tree *want, const struct tree *got, const char *path,
    struct buf *why)
{
	if (why == NULL)
		return false;
	buf_addf(why, "%s: want ", path);
	tree_to_json(want, why, 0);
	buf_adds(why, ", got ");
	if (got != NULL)
		tree_to_json(got, why, 0);
	else
		buf_adds(why, "nothing");
	return false;
}

/* Finds each of the wanted a partner of its own. */
struct match {
	const struct tree *want, *got;
	size_t *partner; /* of got: 1 + place in want */
	bool *tried;
};

static bool
find_partner(struct match *m, size_t w)
{
	for (size_t i = 0; i < m->got->nitems; i++) {
		if (m->tried[i] ||
		    !has_at(m->want->items[w], m->got->items[i], "", NULL))
			continue;
		m->tried[i] = true;
		if (m->partner[i] == 0 || find_partner(m, m->partner[i] - 1)) {
			m->partner[i] = w + 1;
			return true;
		}
	}
	return false;
}

/* The one that was likely meant: of the same name, or in the same place. */
static const struct tree *
likely(const struct tree *want, const struct tree *got, size_t at)
{
	static const char *const names[] = { "ID", "NodeID", "Name",
		"TriggeredBy" };

	for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
		const char *w = tree_get_str(want, names[k]);

		for (size_t i = 0; w != NULL && i < got->nitems; i++) {
			const char *g = tree_get_str(got->items[i], names[k]);

			if (g != NULL && strcmp(g, w) == 0)
				return got->items[i];
		}
	}
	return got->items[at < got->nitems ? at : 0];
}

static bool
has_items(const struct tree *want, const struct tree *got, const char *path,
    struct buf *why)
{
	struct match m = { want, got,
		xcalloc(got->nitems + 1, sizeof *m.partner),
		xcalloc(got->nitems + 1, sizeof *m.tried) };
	bool ok = want->nitems == got->nitems;
	char inner[512];

	for (size_t i = 0; ok && i < want->nitems; i++) {
		memset(m.tried, 0, got->nitems * sizeof *m.tried);
		ok = find_partner(&m, i);
		if (ok || why == NULL)
			continue;
		snprintf(inner, sizeof inner, "%s[%zu]", path, i);
		has_at(
		    want->items[i], likely(want->items[i], got, i), inner, why);
		buf_adds(why, "; ");
	}
	free(m.partner);
	free(m.tried);
	return ok || differ(want, got, path, why);
}

static bool
has_members(const struct tree *want, const struct tree *got, const char *path,
    struct buf *why)
{
	for (size_t i = 0; i < want->nmembers; i++) {
		char inner[512];

		snprintf(
		    inner, sizeof inner, "%s.%s", path, want->members[i].key);
		if (!has_at(want->members[i].value,
			tree_get(got, want->members[i].key), inner, why))
			return false;
	}
	return true;
}

static bool
has_at(const struct tree *want, const struct tree *got, const char *path,
    struct buf *why)
{
	static const double slack = 1e-6;

	if (is_nothing(want) && (got == NULL || got->kind != TREE_LIST))
		return want->kind == TREE_MAP || is_nothing(got) ||
		       differ(want, got, path, why);
	if (got == NULL)
		return is_nothing(want) || differ(want, got, path, why);
	if ((want->kind == TREE_INT || want->kind == TREE_FLOAT) &&
	    (got->kind == TREE_INT || got->kind == TREE_FLOAT))
		return (number(want) - number(got) < slack &&
			   number(got) - number(want) < slack) ||
		       differ(want, got, path, why);
	if (want->kind != got->kind)
		return differ(want, got, path, why);
	if (want->kind == TREE_LIST)
		return has_items(want, got, path, why);
	if (want->kind == TREE_MAP)
		return has_members(want, got, path, why);
	return tree_equal(want, got) || differ(want, got, path, why);
}

bool
schedcase_has(const struct tree *want, const struct tree *got, struct buf *why)
{
	return has_at(want, got, "", why);
}
