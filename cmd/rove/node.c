/*
 * The nodes, or one of them.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/rove/commands.h"
#include "cmd/rove/find.h"
#include "cmd/rove/lists.h"
#include "cmd/rove/nodewords.h"
#include "cmd/rove/table.h"
#include "cmd/rove/text.h"
#include "common/mem.h"
#include "common/tree.h"

struct node_flags {
	bool allocs, short_form, verbose, stats, self, quiet, json, os;
};

/* --- the list --- */

static size_t
count_running(struct cli *c, const char *id)
{
	struct alloc *allocs;
	size_t n, running = 0;
	char *path = client_path("/v1/node/", id, "/allocations");

	if (client_list(
		&c->client, path, NULL, &alloc_type, &allocs, &n, NULL) == -1)
		n = 0;
	free(path);
	for (size_t i = 0; i < n; i++)
		if (strcmp(lists_text(allocs[i].client_status), "running") == 0)
			running++;
	client_free_list(&alloc_type, allocs, n);
	return running;
}

static void
put_node(struct cli *c, const struct node_flags *f, const struct node_stub *n,
    struct buf *rows)
{
	table_row(rows, "%s|%s|%s|%s|%s",
	    text_id(n->id, f->verbose ? TEXT_FULL_ID : TEXT_SHORT_ID),
	    lists_text(n->node_pool), lists_text(n->datacenter),
	    lists_text(n->name), lists_text(n->node_class));
	if (f->os)
		buf_addf(rows, "|%s",
		    lists_text(
			rec_kv_get(n->attributes, n->nattributes, "os.name")));
	if (f->verbose)
		buf_addf(rows, "|%s|%s", lists_text(n->address),
		    lists_text(n->version));
	buf_addf(rows, "|%s|%s|%s", n->drain ? "true" : "false",
	    lists_text(n->scheduling_eligibility), lists_text(n->status));
	if (f->allocs)
		buf_addf(rows, "|%zu", count_running(c, n->id));
}

static void
print_list(struct cli *c, const struct node_flags *f,
    const struct node_stub *nodes, size_t n)
{
	struct buf rows = { 0 };

	if (f->quiet) {
		for (size_t i = 0; i < n; i++)
			puts(text_id(nodes[i].id,
			    f->verbose ? TEXT_FULL_ID : TEXT_SHORT_ID));
		return;
	}
	if (n == 0)
		return;
	table_row(&rows,
	    "ID|Node Pool|DC|Name|Class|%s%sDrain|Eligibility|"
	    "Status%s",
	    f->os ? "OS|" : "", f->verbose ? "Address|Version|" : "",
	    f->allocs ? "|Running Allocs" : "");
	for (size_t i = 0; i < n; i++)
		put_node(c, f, &nodes[i], &rows);
	cli_print_table(&rows, TABLE_LIST);
	buf_release(&rows);
}

static int
list_nodes(struct cli *c, const struct node_flags *f)
{
	struct node_stub *nodes;
	struct err err;
	size_t n;

	if (client_list(&c->client, "/v1/nodes", f->os ? "os=true" : NULL,
		&node_stub_type, &nodes, &n, &err) == -1)
		return cli_fail(&err, "Error querying node status");
	print_list(c, f, nodes, n);
	client_free_list(&node_stub_type, nodes, n);
	return 0;
}

/* --- one --- */

static int
show_allocs(struct cli *c, const char *id, const struct node_flags *f,
    const struct node *node)
{
	struct alloc *allocs;
	struct alloc_stub *stubs;
	struct buf rows = { 0 };
	struct err err;
	size_t n;
	char *path = client_path("/v1/node/", id, "/allocations");
	int rc =
	    client_list(&c->client, path, NULL, &alloc_type, &allocs, &n, &err);

	free(path);
	if (rc == -1)
		return cli_fail(&err, "Error querying node allocations");
	if (!f->short_form)
		nodewords_resources(c, node, allocs, n, f->stats);
	stubs = xcalloc(n, sizeof *stubs);
	for (size_t i = 0; i < n; i++)
		stubs[i] = lists_stub_of(&allocs[i]);
	lists_allocs(stubs, n, f->verbose, c->now_ns, &rows);
	cli_heading("Allocations");
	cli_print_table(&rows, TABLE_LIST);
	buf_release(&rows);
	free(stubs);
	client_free_list(&alloc_type, allocs, n);
	return 0;
}

static int
show_node(struct cli *c, const char *id, const struct node_flags *f)
{
	struct node node;
	struct err err;
	char *path = client_path("/v1/node/", id, "");
	int rc = client_get(&c->client, path, NULL, &node_type, &node, &err);
	int status = 0;

	free(path);
	if (rc == -1)
		return cli_fail(&err, "Error querying node info");
	if (f->json) {
		cli_print_json(&node_type, &node);
	} else {
		nodewords_basics(c, &node, f->verbose, f->short_form);
		if (!f->short_form)
			nodewords_events(&node, f->verbose);
		status = show_allocs(c, id, f, &node);
		if (f->verbose)
			nodewords_attributes(&node);
	}
	rec_clear(&node_type, &node);
	return status;
}

int
node_status(const struct command *cmd, int argc, char **argv)
{
	struct node_flags f = { 0 };
	const struct flag rows[] = {
		{ "self", FLAG_BOOL, &f.self, NULL,
		    "The node that runs beside the agent that is asked." },
		{ "allocs", FLAG_BOOL, &f.allocs, NULL,
		    "In the list: how many allocations run on each." },
		{ "short", FLAG_BOOL, &f.short_form, NULL,
		    "Of one node: without events and resources." },
		{ "os", FLAG_BOOL, &f.os, NULL,
		    "In the list: the operating system." },
		{ "quiet", FLAG_BOOL, &f.quiet, NULL,
		    "In the list: identifiers only." },
		{ "json", FLAG_BOOL, &f.json, NULL, "As JSON." },
		{ "verbose", FLAG_BOOL, &f.verbose, NULL,
		    "Whole identifiers and times, attributes, meta data." },
		{ "stats", FLAG_BOOL, &f.stats, NULL,
		    "Of one node: what the machine uses, figure by figure." },
	};
	struct cli c;
	char *id;
	int status = cli_begin(
	    &c, cmd, rows, sizeof rows / sizeof rows[0], argc, argv, 0, 1);

	if (status != CLI_GO)
		return status;
	if (c.argc == 0 && !f.self)
		return cli_end(&c, f.json ? cli_print_answer(&c, "/v1/nodes")
					  : list_nodes(&c, &f));
	status = f.self ? find_self(&c, &id) : find_node(&c, c.argv[0], &id);
	if (status == CLI_GO) {
		status = show_node(&c, id, &f);
		free(id);
	}
	return cli_end(&c, status);
}
