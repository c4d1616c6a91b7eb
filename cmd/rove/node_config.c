/*
 * Which servers a node knows.
 */
#include <stdio.h>

#include "cmd/rove/commands.h"
#include "common/http/http.h"
#include "common/tree.h"

static int
list_servers(struct cli *c)
{
	struct buf out = { 0 };
	struct tree *t = NULL;
	struct err err;

	if (client_call(&c->client, "GET", "/v1/agent/servers", NULL, NULL,
		&out, &err) == 0)
		t = tree_from_json(buf_str(&out), out.len, &err);
	buf_release(&out);
	if (t == NULL)
		return cli_fail(&err, "Error querying server list");
	for (size_t i = 0; t->kind == TREE_LIST && i < t->nitems; i++)
		if (t->items[i]->kind == TREE_STR)
			puts(t->items[i]->str);
	tree_free(t);
	return 0;
}

static int
update_servers(struct cli *c)
{
	struct buf params = { 0 }, out = { 0 };
	struct err err;
	int rc;

	for (int i = 0; i < c->argc; i++) {
		buf_adds(&params, i > 0 ? "&address=" : "address=");
		http_escape(c->argv[i], &params);
	}
	rc = client_call(&c->client, "PUT", "/v1/agent/servers",
	    buf_str(&params), NULL, &out, &err);
	buf_release(&params);
	buf_release(&out);
	if (rc == -1)
		return cli_fail(&err, "Error updating server list");
	puts("Updated server list");
	return 0;
}

int
node_config(const struct command *cmd, int argc, char **argv)
{
	bool servers = false, update = false;
	const struct flag rows[] = {
		{ "servers", FLAG_BOOL, &servers, NULL,
		    "The servers that the node knows." },
		{ "update-servers", FLAG_BOOL, &update, NULL,
		    "Replace them by those that are named." },
	};
	struct cli c;
	int status = cli_begin(&c, cmd, rows, 2, argc, argv, 0, CLI_NO_MOST);

	if (status != CLI_GO)
		return status;
	if (!servers && !update)
		status = cli_fail(NULL,
		    "The '-servers' or '-update-servers' flag(s) must be set");
	else if (update && c.argc == 0)
		status = cli_fail(NULL,
		    "If the '-update-servers' flag is set, at least one "
		    "server argument must be provided");
	else if (!update && c.argc > 0)
		status = cli_fail(NULL, "This command takes no arguments");
	else
		status = update ? update_servers(&c) : list_servers(&c);
	return cli_end(&c, status);
}
