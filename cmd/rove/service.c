/*
 * Services: listed, shown, and one registration deleted.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/rove/commands.h"
#include "cmd/rove/lists.h"
#include "cmd/rove/table.h"
#include "cmd/rove/text.h"
#include "common/mem.h"
#include "common/tree.h"
#include "proto/catalog.h"

#define NROWS(rows) (sizeof(rows) / sizeof(rows)[0])

/* --- list --- */

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "[a,b]" of a list of texts, sorted. */
static void
add_tags(const char **tags, size_t n, struct buf *out)
{
	buf_addc(out, '[');
	for (size_t i = 0; i < n; i++)
		buf_addf(out, "%s%s", i > 0 ? "," : "", tags[i]);
	buf_addc(out, ']');
}

static void
add_listed(const struct tree *service, const char *ns, struct buf *rows)
{
	const struct tree *list = tree_get(service, "Tags");
	size_t n = list != NULL && list->kind == TREE_LIST ? list->nitems : 0;
	const char **tags = xcalloc(n, sizeof *tags);
	struct buf text = { 0 };

	for (size_t i = 0; i < n; i++)
		tags[i] = list->items[i]->kind == TREE_STR
			      ? lists_text(list->items[i]->str)
			      : "";
	qsort(tags, n, sizeof *tags, by_text);
	add_tags(tags, n, &text);
	table_row(rows, "%s%s%s|%s",
	    lists_text(tree_get_str(service, "ServiceName")),
	    ns != NULL ? "|" : "", ns != NULL ? ns : "", buf_str(&text));
	buf_release(&text);
	free(tags);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(
	    lists_text(tree_get_str(*(struct tree *const *)a, "ServiceName")),
	    lists_text(tree_get_str(*(struct tree *const *)b, "ServiceName")));
}

/* all: the answer, a list with an entry for each namespace. */
static size_t
list_rows(const struct tree *all, bool namespaces, struct buf *rows)
{
	size_t n = 0;

	table_row(rows, "Service Name%s|Tags", namespaces ? "|Namespace" : "");
	for (size_t i = 0; all->kind == TREE_LIST && i < all->nitems; i++) {
		const struct tree *one = tree_get(all->items[i], "Services");
		const char *ns =
		    lists_text(tree_get_str(all->items[i], "Namespace"));

		if (one == NULL || one->kind != TREE_LIST)
			continue;
		qsort(one->items, one->nitems, sizeof *one->items, by_name);
		for (size_t k = 0; k < one->nitems; k++, n++)
			add_listed(one->items[k], namespaces ? ns : NULL, rows);
	}
	return n;
}

static int
list(struct cli *c)
{
	const char *ns = c->client.namespace;
	struct buf body = { 0 }, rows = { 0 };
	struct tree *all = NULL;
	struct err err;
	int rc = client_call(
	    &c->client, "GET", "/v1/services", NULL, NULL, &body, &err);

	if (rc == 0)
		all = tree_from_json(buf_str(&body), body.len, &err);
	buf_release(&body);
	if (all == NULL)
		return cli_fail(&err, "Error listing service registrations");
	if (list_rows(all, ns != NULL && strcmp(ns, "*") == 0, &rows) == 0)
		puts("No service registrations found");
	else
		cli_print_table(&rows, TABLE_LIST);
	buf_release(&rows);
	tree_free(all);
	return 0;
}

int
service_list(const struct command *cmd, int argc, char **argv)
{
	bool json = false;
	const struct flag rows[] = {
		{ "json", FLAG_BOOL, &json, NULL, "As JSON." },
	};
	struct cli c;
	int status = cli_begin(&c, cmd, rows, NROWS(rows), argc, argv, 0, 0);

	if (status != CLI_GO)
		return status;
	return cli_end(
	    &c, json ? cli_print_answer(&c, "/v1/services") : list(&c));
}

/* --- info --- */

static int
by_job(const void *a, const void *b)
{
	const struct service_instance *x = a, *y = b;
	int d = strcmp(lists_text(x->job_id), lists_text(y->job_id));

	return d != 0 ? d : strcmp(lists_text(x->id), lists_text(y->id));
}

static void
add_address(const struct service_instance *s, struct buf *out)
{
	bool v6 = strchr(lists_text(s->address), ':') != NULL;

	buf_addf(
	    out, s->port != 0 && v6 ? "[%s]" : "%s", lists_text(s->address));
	if (s->port != 0)
		buf_addf(out, ":%" PRId64, s->port);
}

static void
add_row(const struct service_instance *s, struct buf *rows)
{
	struct buf tags = { 0 }, address = { 0 };

	add_address(s, &address);
	add_tags((const char **)(uintptr_t)s->tags, s->ntags, &tags);
	table_row(rows, "%s|%s|%s|%s|%s", lists_text(s->job_id),
	    buf_str(&address), buf_str(&tags),
	    text_id(s->node_id, TEXT_SHORT_ID),
	    text_id(s->alloc_id, TEXT_SHORT_ID));
	buf_release(&tags);
	buf_release(&address);
}

static void
print_whole(const struct service_instance *s)
{
	struct buf tags = { 0 }, address = { 0 }, rows = { 0 };

	add_address(s, &address);
	add_tags((const char **)(uintptr_t)s->tags, s->ntags, &tags);
	table_row(&rows, "ID|%s", lists_text(s->id));
	table_row(&rows, "Service Name|%s", lists_text(s->service_name));
	table_row(&rows, "Namespace|%s", lists_text(s->ns));
	table_row(&rows, "Job ID|%s", lists_text(s->job_id));
	table_row(&rows, "Alloc ID|%s", lists_text(s->alloc_id));
	table_row(&rows, "Node ID|%s", lists_text(s->node_id));
	table_row(&rows, "Datacenter|%s", lists_text(s->datacenter));
	table_row(&rows, "Address|%s", buf_str(&address));
	table_row(&rows, "Tags|%s", buf_str(&tags));
	cli_print_table(&rows, TABLE_KV);
	puts("");
	buf_release(&rows);
	buf_release(&tags);
	buf_release(&address);
}

static int
info(struct cli *c, const char *name, bool verbose)
{
	struct service_instance *all;
	struct buf rows = { 0 };
	struct err err;
	size_t n;
	char *path = client_path("/v1/service/", name, "");
	int rc = client_list(
	    &c->client, path, NULL, &service_instance_type, &all, &n, &err);

	free(path);
	if (rc == -1)
		return cli_fail(&err, "Error listing service registrations");
	qsort(all, n, sizeof *all, by_job);
	table_row(&rows, "Job ID|Address|Tags|Node ID|Alloc ID");
	for (size_t i = 0; i < n; i++)
		if (verbose)
			print_whole(&all[i]);
		else
			add_row(&all[i], &rows);
	if (n == 0)
		puts("No service registrations found");
	else if (!verbose)
		cli_print_table(&rows, TABLE_LIST);
	buf_release(&rows);
	client_free_list(&service_instance_type, all, n);
	return 0;
}

static int
info_json(struct cli *c, const char *name)
{
	char *path = client_path("/v1/service/", name, "");
	int status = cli_print_answer(c, path);

	free(path);
	return status;
}

int
service_info(const struct command *cmd, int argc, char **argv)
{
	bool json = false, verbose = false;
	const struct flag rows[] = {
		{ "json", FLAG_BOOL, &json, NULL, "As JSON." },
		{ "verbose", FLAG_BOOL, &verbose, NULL,
		    "All that is known of each registration." },
	};
	struct cli c;
	int status = cli_begin(&c, cmd, rows, NROWS(rows), argc, argv, 1, 1);

	if (status != CLI_GO)
		return status;
	return cli_end(
	    &c, json ? info_json(&c, c.argv[0]) : info(&c, c.argv[0], verbose));
}

/* --- delete --- */

int
service_delete(const struct command *cmd, int argc, char **argv)
{
	struct cli c;
	struct buf out = { 0 };
	struct err err;
	char *before, *path;
	int status = cli_begin(&c, cmd, NULL, 0, argc, argv, 2, 2);

	if (status != CLI_GO)
		return status;
	before = client_path("/v1/service/", c.argv[0], "/");
	path = client_path(before, c.argv[1], "");
	if (client_call(&c.client, "DELETE", path, NULL, NULL, &out, &err) ==
	    -1)
		status = cli_fail(&err, "Error deleting service registration");
	else
		status = 0;
	if (status == 0)
		puts("Successfully deleted service registration");
	buf_release(&out);
	free(path);
	free(before);
	return cli_end(&c, status);
}
