/*
 * The servers, as the pool knows them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/rove/commands.h"
#include "cmd/rove/lists.h"
#include "cmd/rove/table.h"
#include "common/map.h"
#include "common/mem.h"
#include "common/tree.h"

static const char *
tag(const struct agent_member *m, const char *name)
{
	return lists_text(rec_kv_get(m->tags, m->ntags, name));
}

/* The region's leader, "ip:port"; "" when it has none or does not answer. */
static char *
ask_leader(struct cli *c, const char *region)
{
	struct buf params = { 0 }, out = { 0 };
	struct tree *t = NULL;
	char *leader;

	buf_adds(&params, "region=");
	client_escape(region, &params);
	if (client_call(&c->client, "GET", "/v1/status/leader",
		c->client.region == NULL ? buf_str(&params) : NULL, NULL, &out,
		NULL) == 0)
		t = tree_from_json(buf_str(&out), out.len, NULL);
	leader = xstrdup(t != NULL && t->kind == TREE_STR ? t->str : "");
	tree_free(t);
	buf_release(&params);
	buf_release(&out);
	return leader;
}

/* Asks once for each region. */
static const char *
leader_of(struct cli *c, struct map *leaders, const char *region)
{
	char *leader = map_find(leaders, region);

	if (leader == NULL) {
		leader = ask_leader(c, region);
		map_put(leaders, region, leader);
	}
	return leader;
}

static bool
is_leader(const struct agent_member *m, const char *leader)
{
	const char *host = tag(m, "rpc_addr");
	char *own = xasprintf("%s:%s",
	    *host != '\0' ? host : lists_text(m->addr), tag(m, "port"));
	bool same = strcmp(own, leader) == 0;

	free(own);
	return same;
}

static void
put_details(const struct agent_member *m, struct buf *rows)
{
	table_row(rows, "%s|%s|%" PRId64 "|", lists_text(m->name),
	    lists_text(m->addr), m->port);
	for (size_t i = 0; i < m->ntags; i++)
		buf_addf(rows, "%s%s=%s", i > 0 ? "," : "", m->tags[i].key,
		    lists_text(m->tags[i].value));
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(lists_text(((const struct agent_member *)a)->name),
	    lists_text(((const struct agent_member *)b)->name));
}

static int
print_members(struct cli *c, const struct server_members *all, bool details)
{
	struct buf rows = { 0 };
	struct map leaders = { 0 };
	bool led = false;

	table_row(&rows, "%s",
	    details ? "Name|Address|Port|Tags"
		    : "Name|Address|Port|Status|Leader|Raft Version|Build|"
		      "Datacenter|Region");
	for (size_t i = 0; i < all->nmembers; i++) {
		const struct agent_member *m = &all->members[i];
		const char *leader = leader_of(c, &leaders, tag(m, "region"));

		led = led || *leader != '\0';
		if (details)
			put_details(m, &rows);
		else
			table_row(&rows, "%s|%s|%" PRId64 "|%s|%s|%s|%s|%s|%s",
			    lists_text(m->name), lists_text(m->addr), m->port,
			    lists_text(m->status),
			    is_leader(m, leader) ? "true" : "false",
			    tag(m, "raft_vsn"), tag(m, "build"), tag(m, "dc"),
			    tag(m, "region"));
	}
	cli_print_table(&rows, TABLE_LIST);
	MAP_FOREACH (e, &leaders)
		free(map_value(e));
	map_release(&leaders);
	buf_release(&rows);
	return led ? 0
		   : cli_fail(NULL,
			 "\nError determining leaders: no region has one");
}

int
server_members(const struct command *cmd, int argc, char **argv)
{
	bool details = false, json = false;
	const struct flag rows[] = {
		{ "verbose", FLAG_BOOL, &details, NULL,
		    "The tags of each server instead of what follows from "
		    "them." },
		{ "detailed", FLAG_BOOL, &details, NULL, NULL },
		{ "json", FLAG_BOOL, &json, NULL, "As JSON." },
	};
	struct cli c;
	struct server_members all;
	struct err err;
	int status = cli_begin(
	    &c, cmd, rows, sizeof rows / sizeof rows[0], argc, argv, 0, 0);

	if (status != CLI_GO)
		return status;
	if (client_get(&c.client, "/v1/agent/members", NULL,
		&server_members_type, &all, &err) == -1)
		return cli_end(&c, cli_fail(&err, "Error querying servers"));
	if (all.nmembers > 0)
		qsort(all.members, all.nmembers, sizeof *all.members, by_name);
	if (json)
		cli_print_json(&server_members_type, &all);
	else if (all.nmembers == 0)
		puts("No servers known");
	else
		status = print_members(&c, &all, details);
	rec_clear(&server_members_type, &all);
	return cli_end(&c, status == CLI_GO ? 0 : status);
}

/* --- join, force-leave --- */

static void
add_param(struct buf *params, const char *name, const char *value)
{
	buf_addf(params, "%s%s=", params->len > 0 ? "&" : "", name);
	client_escape(value, params);
}

/* What the answer to a join says; the exit status. */
static int
print_joined(const struct buf *answer)
{
	struct tree *t = tree_from_json(buf_str(answer), answer->len, NULL);
	const struct tree *n = tree_get(t, "num_joined");
	const char *error = tree_get_str(t, "error");
	int status = 0;

	if (error != NULL && error[0] != '\0')
		status = cli_fail(NULL, "Error joining: %s", error);
	else
		printf("Joined %" PRId64 " servers successfully\n",
		    n != NULL && n->kind == TREE_INT ? n->i : 0);
	tree_free(t);
	return status;
}

int
server_join(const struct command *cmd, int argc, char **argv)
{
	struct buf params = { 0 }, answer = { 0 };
	struct cli c;
	struct err err;
	int status = cli_begin(&c, cmd, NULL, 0, argc, argv, 1, CLI_NO_MOST);

	if (status != CLI_GO)
		return status;
	for (int i = 0; i < c.argc; i++)
		add_param(&params, "address", c.argv[i]);
	if (client_call(&c.client, "PUT", "/v1/agent/join", buf_str(&params),
		NULL, &answer, &err) == -1)
		status = cli_fail(&err, "Error joining");
	else
		status = print_joined(&answer);
	buf_release(&params);
	buf_release(&answer);
	return cli_end(&c, status);
}

int
server_force_leave(const struct command *cmd, int argc, char **argv)
{
	bool prune = false;
	const struct flag rows[] = {
		{ "prune", FLAG_BOOL, &prune, NULL,
		    "Forget the server altogether." },
	};
	struct buf params = { 0 }, answer = { 0 };
	struct cli c;
	struct err err;
	int status = cli_begin(&c, cmd, rows, 1, argc, argv, 1, 1);

	if (status != CLI_GO)
		return status;
	status = 0;
	add_param(&params, "node", c.argv[0]);
	if (prune)
		add_param(&params, "prune", "1");
	if (client_call(&c.client, "PUT", "/v1/agent/force-leave",
		buf_str(&params), NULL, &answer, &err) == -1)
		status =
		    cli_fail(&err, "Error force-leaving server %s", c.argv[0]);
	buf_release(&params);
	buf_release(&answer);
	return cli_end(&c, status);
}
