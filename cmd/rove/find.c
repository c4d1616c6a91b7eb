#include "cmd/rove/find.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/rove/lists.h"
#include "cmd/rove/table.h"
#include "cmd/rove/text.h"
#include "common/http/http.h"
#include "common/mem.h"
#include "common/tree.h"

static char *
prefix_param(const char *typed, size_t n)
{
	struct buf b = { 0 };
	char *text = xstrndup(typed, n);

	buf_adds(&b, "prefix=");
	http_escape(text, &b);
	free(text);
	return buf_take(&b);
}

static int
too_many(const char *what, const struct buf *rows)
{
	struct buf out = { 0 };

	table_format(buf_str(rows), TABLE_LIST, &out);
	fprintf(
	    stderr, "Prefix matched multiple %s\n\n%s\n", what, buf_str(&out));
	buf_release(&out);
	return 1;
}

/* --- jobs --- */

static const struct job_stub *
pick_job(const struct job_stub *jobs, size_t n, const char *typed)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(lists_text(jobs[i].id), typed) == 0)
			return &jobs[i];
	return n == 1 ? &jobs[0] : NULL;
}

int
find_job(struct cli *c, const char *typed, char **id)
{
	char *params = prefix_param(typed, strlen(typed));
	struct job_stub *jobs;
	const struct job_stub *job;
	struct buf rows = { 0 };
	struct err err;
	size_t n;
	int rc;

	rc = client_list(
	    &c->client, "/v1/jobs", params, &job_stub_type, &jobs, &n, &err);
	free(params);
	if (rc == -1)
		return cli_fail(&err, "Error querying jobs");
	job = pick_job(jobs, n, typed);
	rc = CLI_GO;
	if (job != NULL) {
		*id = xstrdup(job->id);
		client_set(&c->client.namespace, job->namespace);
	} else if (n == 0) {
		rc = cli_fail(
		    NULL, "No job(s) with prefix or ID \"%s\" found", typed);
	} else {
		lists_jobs(jobs, n, true, &rows);
		rc = too_many("jobs", &rows);
		buf_release(&rows);
	}
	client_free_list(&job_stub_type, jobs, n);
	return rc;
}

int
find_begin_job(struct cli *c, const struct command *cmd, const struct flag *own,
    size_t n, int argc, char **argv, char **id)
{
	int status = cli_begin(c, cmd, own, n, argc, argv, 1, 1);

	if (status != CLI_GO)
		return status;
	status = find_job(c, c->argv[0], id);
	return status == CLI_GO ? CLI_GO : cli_end(c, status);
}

/* --- things that are known by a UUID --- */

struct kind {
	const char *path;
	const struct rec_type *type; /* of the list's items */
	const char *one, *many;      /* "allocation", "allocations" */
	const char *(*id)(const void *item);
	const char *(*namespace)(const void *item); /* NULL: has none */
	void (*rows)(
	    const void *items, size_t n, int64_t now_ns, struct buf *rows);
};

static int
pick(struct cli *c, const struct kind *k, const char *typed, const void *items,
    size_t n, char **id)
{
	struct buf rows = { 0 };
	int rc;

	if (n == 1) {
		*id = xstrdup(lists_text(k->id(items)));
		if (k->namespace != NULL)
			client_set(&c->client.namespace, k->namespace(items));
		return CLI_GO;
	}
	if (n == 0)
		return cli_fail(NULL, "No %s(s) with prefix or id \"%s\" found",
		    k->one, typed);
	k->rows(items, n, c->now_ns, &rows);
	rc = too_many(k->many, &rows);
	buf_release(&rows);
	return rc;
}

/* The server wants prefixes of an even length: those of one digit more are
 * told apart here. */
static size_t
keep_matching(const struct kind *k, void *items, size_t n, const char *typed)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		char *item = (char *)items + i * k->type->size;
		char *to = (char *)items + kept * k->type->size;

		if (strncmp(lists_text(k->id(item)), typed, strlen(typed)) !=
		    0) {
			rec_clear(k->type, item);
			continue;
		}
		if (to != item) {
			memcpy(to, item, k->type->size);
			memset(item, 0, k->type->size);
		}
		kept++;
	}
	return kept;
}

static int
find_uuid(struct cli *c, const struct kind *k, const char *typed, char **id)
{
	char *params;
	void *items;
	struct err err;
	size_t n;
	int rc;

	if (strlen(typed) < 2)
		return cli_fail(
		    NULL, "Identifier must contain at least two characters.");
	params = prefix_param(typed, text_id_prefix(typed));
	rc =
	    client_list(&c->client, k->path, params, k->type, &items, &n, &err);
	free(params);
	if (rc == -1)
		return cli_fail(&err, "Error querying %s", k->one);
	n = keep_matching(k, items, n, typed);
	rc = pick(c, k, typed, items, n, id);
	client_free_list(k->type, items, n);
	return rc;
}

static const char *
alloc_id(const void *item)
{
	return ((const struct alloc_stub *)item)->id;
}

static const char *
alloc_namespace(const void *item)
{
	return ((const struct alloc_stub *)item)->namespace;
}

static void
alloc_rows(const void *items, size_t n, int64_t now_ns, struct buf *rows)
{
	lists_allocs(items, n, false, now_ns, rows);
}

int
find_alloc(struct cli *c, const char *typed, char **id)
{
	static const struct kind kind = { "/v1/allocations", &alloc_stub_type,
		"allocation", "allocations", alloc_id, alloc_namespace,
		alloc_rows };

	return find_uuid(c, &kind, typed, id);
}

static const char *
node_id(const void *item)
{
	return ((const struct node_stub *)item)->id;
}

static void
node_rows(const void *items, size_t n, int64_t now_ns, struct buf *rows)
{
	const struct node_stub *nodes = items;

	(void)now_ns;
	table_row(rows, "ID|DC|Name|Class|Drain|Eligibility|Status");
	for (size_t i = 0; i < n; i++)
		table_row(rows, "%s|%s|%s|%s|%s|%s|%s",
		    text_id(nodes[i].id, TEXT_FULL_ID),
		    lists_text(nodes[i].datacenter), lists_text(nodes[i].name),
		    lists_text(nodes[i].node_class),
		    nodes[i].drain ? "true" : "false",
		    lists_text(nodes[i].scheduling_eligibility),
		    lists_text(nodes[i].status));
}

int
find_node(struct cli *c, const char *typed, char **id)
{
	static const struct kind kind = { "/v1/nodes", &node_stub_type, "node",
		"nodes", node_id, NULL, node_rows };

	return find_uuid(c, &kind, typed, id);
}

static const char *
eval_id(const void *item)
{
	return ((const struct eval *)item)->id;
}

static const char *
eval_namespace(const void *item)
{
	return ((const struct eval *)item)->namespace;
}

static void
eval_rows(const void *items, size_t n, int64_t now_ns, struct buf *rows)
{
	(void)now_ns;
	lists_evals(items, n, true, rows);
}

int
find_eval(struct cli *c, const char *typed, char **id)
{
	static const struct kind kind = { "/v1/evaluations", &eval_type,
		"evaluation", "evaluations", eval_id, eval_namespace,
		eval_rows };

	return find_uuid(c, &kind, typed, id);
}

static const char *
deployment_id(const void *item)
{
	return ((const struct deployment *)item)->id;
}

static const char *
deployment_namespace(const void *item)
{
	return ((const struct deployment *)item)->namespace;
}

static void
deployment_rows(const void *items, size_t n, int64_t now_ns, struct buf *rows)
{
	(void)now_ns;
	lists_deployments(items, n, true, rows);
}

int
find_deployment(struct cli *c, const char *typed, char **id)
{
	static const struct kind kind = { "/v1/deployments", &deployment_type,
		"deployment", "deployments", deployment_id,
		deployment_namespace, deployment_rows };

	return find_uuid(c, &kind, typed, id);
}

int
find_self(struct cli *c, char **id)
{
	struct buf out = { 0 };
	struct err err;
	struct tree *t = NULL;
	const char *own;
	int status = CLI_GO;

	if (client_call(&c->client, "GET", "/v1/agent/self", NULL, NULL, &out,
		&err) == 0)
		t = tree_from_json(buf_str(&out), out.len, &err);
	buf_release(&out);
	if (t == NULL)
		return cli_fail(&err, "Error querying agent info");
	own = tree_get_str(tree_get(tree_get(t, "stats"), "client"), "node_id");
	if (own != NULL)
		*id = xstrdup(own);
	else
		status = cli_fail(NULL, "Agent not running in client mode");
	tree_free(t);
	return status;
}

int
find_check_self(bool self, int argc)
{
	if (self || argc > 0)
		return CLI_GO;
	return cli_fail(
	    NULL, "Node ID must be specified if -self isn't being used");
}

/* The one task, or that which was named. */
static int
pick_task(const struct alloc *a, const char *named, char **task)
{
	const struct allocated_resources *r = a->allocated_resources;
	size_t n = r != NULL ? r->ntasks : 0;
	struct buf names = { 0 };

	for (size_t i = 0; i < n; i++) {
		if (named != NULL && strcmp(r->tasks[i].key, named) == 0)
			*task = xstrdup(named);
		buf_addf(&names, "\n  * %s", r->tasks[i].key);
	}
	if (named == NULL && n == 1)
		*task = xstrdup(r->tasks[0].key);
	if (*task == NULL && named != NULL)
		cli_fail(NULL, "Could not find task named: %s, found:%s", named,
		    buf_str(&names));
	else if (*task == NULL)
		cli_fail(NULL,
		    "Allocation \"%s\" is running the following tasks:%s\n\n"
		    "Please specify the task.",
		    text_id(a->id, TEXT_SHORT_ID), buf_str(&names));
	buf_release(&names);
	return *task != NULL ? CLI_GO : 1;
}

int
find_task(struct cli *c, const char *id, const char *named, char **task)
{
	struct alloc a;
	struct err err;
	char *path = client_path("/v1/allocation/", id, "");
	int rc = client_get(&c->client, path, NULL, &alloc_type, &a, &err);

	free(path);
	*task = NULL;
	if (rc == -1)
		return cli_fail(&err, "Error querying allocation");
	rc = pick_task(&a, named, task);
	rec_clear(&alloc_type, &a);
	return rc;
}
