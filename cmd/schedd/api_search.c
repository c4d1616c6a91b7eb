/*
 * Finding things by the beginning of their ids, or by a part of their names.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/api.h"
#include "common/mem.h"

#define MAX_MATCHES  20 /* told of a context */
#define MIN_FUZZY    2  /* letters */
#define MAX_SCOPE    4
#define ALL_CONTEXTS "all"

struct match {
	const char *id;
	const char *scope[MAX_SCOPE]; /* where it is found, outermost first */
	size_t at;                    /* of the text in the id */
};

struct matches {
	struct query *q;
	const char *text;
	bool fuzzy;
	struct match *list;
	size_t n, cap;
};

/* Takes it where it matches: a prefix exactly, a fuzzy text in any case. */
static void
offer(struct matches *m, struct match one)
{
	const char *hit;

	if (one.id == NULL)
		return;
	hit = m->fuzzy ? strcasestr(one.id, m->text)
	      : strncmp(one.id, m->text, strlen(m->text)) == 0 ? one.id
							       : NULL;
	if (hit == NULL)
		return;
	one.at = (size_t)(hit - one.id);
	m->list = xgrow(m->list, m->n, &m->cap, sizeof *m->list);
	m->list[m->n++] = one;
}

/* --- what has an id --- */

static void
find_jobs(struct matches *m)
{
	for (struct sched_job *j = m->q->st->jobs; j != NULL; j = j->hh.next)
		if (j->job != NULL && query_wants_ns(m->q, j->ns))
			offer(m, (struct match){ .id = j->id });
}

static void
find_evals(struct matches *m)
{
	for (struct sched_eval *e = m->q->st->evals; e != NULL; e = e->hh.next)
		if (query_wants_ns(m->q, e->rec.namespace))
			offer(m, (struct match){ .id = e->rec.id });
}

static void
find_allocs(struct matches *m)
{
	const struct sched_alloc *a;

	TAILQ_FOREACH (a, &m->q->st->allocs, by_age)
		if (query_wants_ns(m->q, a->job->ns))
			offer(m, (struct match){ .id = a->id });
}

static void
find_nodes(struct matches *m)
{
	for (struct sched_node *n = m->q->st->nodes; n != NULL; n = n->hh.next)
		if (n->node != NULL)
			offer(m, (struct match){ .id = n->id });
}

static void
find_deployments(struct matches *m)
{
	for (struct sched_deployment *d = m->q->st->deployments; d != NULL;
	     d = d->hh.next)
		if (query_wants_ns(m->q, d->rec.namespace))
			offer(m, (struct match){ .id = d->rec.id });
}

static void
find_vars(struct matches *m)
{
	for (struct sched_var *v = m->q->st->vars; v != NULL; v = v->hh.next)
		if (query_wants_ns(m->q, v->rec.ns))
			offer(m, (struct match){ .id = v->rec.path });
}

static void
find_pools(struct matches *m)
{
	size_t n;
	const char **names = api_node_pools(m->q->st, &m->q->arena, &n);

	for (size_t i = 0; i < n; i++)
		offer(m, (struct match){ .id = names[i] });
}

static void
find_namespaces(struct matches *m)
{
	offer(m, (struct match){ .id = "default" });
}

/* --- what has a name --- */

static void
find_job_names(struct matches *m)
{
	for (struct sched_job *j = m->q->st->jobs; j != NULL; j = j->hh.next)
		if (j->job != NULL && query_wants_ns(m->q, j->ns))
			offer(m, (struct match){ .id = j->job->name,
				     .scope = { j->ns, j->id } });
}

static void
find_node_names(struct matches *m)
{
	for (struct sched_node *n = m->q->st->nodes; n != NULL; n = n->hh.next)
		if (n->node != NULL)
			offer(m, (struct match){
				     .id = n->node->name, .scope = { n->id } });
}

static void
find_alloc_names(struct matches *m)
{
	const struct sched_alloc *a;

	TAILQ_FOREACH (a, &m->q->st->allocs, by_age) {
		struct buf name = { 0 };

		if (!query_wants_ns(m->q, a->job->ns))
			continue;
		buf_addf(&name, "%s.%s[%" PRIu32 "]", a->job->id,
		    sched_alloc_group(a), a->name_index);
		offer(m, (struct match){ .id = arena_strndup(
					     &m->q->arena, name.data, name.len),
			     .scope = { a->job->ns, a->id } });
		buf_release(&name);
	}
}

static void
offer_services(struct matches *m, const struct sched_job *j, const char *group,
    const char *task, const struct service *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		offer(m, (struct match){ .id = list[i].name,
			     .scope = { j->ns, j->id, group, task } });
}

enum inside { GROUPS, TASKS, SERVICES, COMMANDS, IMAGES };

static void
offer_task(struct matches *m, enum inside what, const struct sched_job *j,
    const char *group, const struct task *t)
{
	struct match one = { .scope = { j->ns, j->id, group, t->name } };

	if (what == SERVICES) {
		offer_services(m, j, group, t->name, t->services, t->nservices);
	} else if (what == TASKS) {
		one.id = t->name;
		one.scope[3] = NULL;
		offer(m, one);
	} else {
		one.id = tree_get_str(
		    t->config, what == COMMANDS ? "command" : "image");
		offer(m, one);
	}
}

static void
offer_group(struct matches *m, enum inside what, const struct sched_job *j,
    const struct task_group *tg)
{
	if (what == GROUPS) {
		offer(m, (struct match){
			     .id = tg->name, .scope = { j->ns, j->id } });
		return;
	}
	if (what == SERVICES)
		offer_services(
		    m, j, tg->name, NULL, tg->services, tg->nservices);
	for (size_t i = 0; i < tg->ntasks; i++)
		offer_task(m, what, j, tg->name, &tg->tasks[i]);
}

static void
find_inside(struct matches *m, enum inside what)
{
	for (struct sched_job *j = m->q->st->jobs; j != NULL; j = j->hh.next) {
		if (j->job == NULL || !query_wants_ns(m->q, j->ns))
			continue;
		for (size_t i = 0; i < j->job->ntask_groups; i++)
			offer_group(m, what, j, &j->job->task_groups[i]);
	}
}

static void
find_groups(struct matches *m)
{
	find_inside(m, GROUPS);
}

static void
find_tasks(struct matches *m)
{
	find_inside(m, TASKS);
}

static void
find_services(struct matches *m)
{
	find_inside(m, SERVICES);
}

static void
find_commands(struct matches *m)
{
	find_inside(m, COMMANDS);
}

static void
find_images(struct matches *m)
{
	find_inside(m, IMAGES);
}

/* --- contexts --- */

/* Where a context has no function it is one of the other kind of search;
 * where it has neither there is nothing of it here. */
static const struct {
	const char *name;
	void (*by_prefix)(struct matches *m);
	void (*by_text)(struct matches *m);
} contexts[] = {
	{ "allocs", find_allocs, find_alloc_names },
	{ "commands", NULL, find_commands },
	{ "deployment", find_deployments, NULL },
	{ "evals", find_evals, NULL },
	{ "groups", NULL, find_groups },
	{ "images", NULL, find_images },
	{ "jobs", find_jobs, find_job_names },
	{ "namespaces", find_namespaces, find_namespaces },
	{ "node_pools", find_pools, find_pools },
	{ "nodes", find_nodes, find_node_names },
	{ "plugins", NULL, NULL },
	{ "scaling_policy", NULL, NULL },
	{ "services", NULL, find_services },
	{ "tasks", NULL, find_tasks },
	{ "vars", find_vars, NULL },
	{ "volumes", NULL, NULL },
};
#define NCONTEXTS (sizeof contexts / sizeof contexts[0])

/* Those that begin with the text come first. */
static int
best_first(const void *a, const void *b)
{
	const struct match *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return strcmp(x->id, y->id);
}

static struct tree *
match_tree(const struct match *one)
{
	struct tree *t = tree_map(), *scope = tree_list();

	for (size_t i = 0; i < MAX_SCOPE && one->scope[i] != NULL; i++)
		tree_push(scope, tree_str(one->scope[i]));
	tree_set(t, "ID", tree_str(one->id));
	tree_set(t, "Scope", scope);
	return t;
}

static void
add_context(struct matches *m, size_t c, struct tree *found, struct tree *cut)
{
	void (*find)(struct matches *) =
	    m->fuzzy ? contexts[c].by_text : contexts[c].by_prefix;
	struct tree *list = tree_list();

	m->n = 0;
	if (find != NULL)
		find(m);
	if (m->n > 0)
		qsort(m->list, m->n, sizeof *m->list, best_first);
	for (size_t i = 0; i < m->n && i < MAX_MATCHES; i++)
		tree_push(list, m->fuzzy ? match_tree(&m->list[i])
					 : tree_str(m->list[i].id));
	tree_set(found, contexts[c].name, list);
	tree_set(cut, contexts[c].name, tree_bool(m->n > MAX_MATCHES));
}

/* False when there is no such context. */
static bool
search(struct matches *m, const char *context, struct tree *out)
{
	struct tree *found = tree_map(), *cut = tree_map();
	bool all = *context == '\0' || strcmp(context, ALL_CONTEXTS) == 0;
	bool known = all;

	for (size_t c = 0; c < NCONTEXTS; c++) {
		bool named = strcmp(context, contexts[c].name) == 0;

		known |= named;
		if (named ||
		    (all && (m->fuzzy ? contexts[c].by_text
				      : contexts[c].by_prefix) != NULL))
			add_context(m, c, found, cut);
	}
	free(m->list);
	tree_set(out, "Matches", found);
	tree_set(out, "Truncations", cut);
	return known;
}

static void
answer_search(struct query *q, bool fuzzy)
{
	size_t n;
	const char *body = http_body(q->req, &n);
	struct err err;
	struct tree *ask = tree_from_json(body, n, &err), *out;
	const char *text = tree_get_str(ask, fuzzy ? "Text" : "Prefix");
	const char *context = tree_get_str(ask, "Context");
	struct matches m = {
		.q = q, .text = text != NULL ? text : "", .fuzzy = fuzzy
	};

	if (ask == NULL) {
		query_fail(
		    q, 400, "%s", n == 0 ? "Request body is empty" : err.text);
		return;
	}
	out = tree_map();
	q->index = q->st->index;
	if (context == NULL)
		context = "";
	if (fuzzy && strlen(m.text) < MIN_FUZZY) {
		query_fail(q, 500,
		    "fuzzy search query must be at least %d characters, got "
		    "%zu",
		    MIN_FUZZY, strlen(m.text));
		tree_free(out);
	} else if (!search(&m, context, out)) {
		query_fail(q, 500, "unknown context \"%s\"", context);
		tree_free(out);
	} else {
		query_reply_tree(q, out);
	}
	tree_free(ask);
}

static void
read_search(struct query *q)
{
	answer_search(q, false);
}

void
api_search(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_search);
}

static void
read_fuzzy(struct query *q)
{
	answer_search(q, true);
}

void
api_search_fuzzy(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_fuzzy);
}
