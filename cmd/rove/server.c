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
#include "common/http/http.h"
#include "common/map.h"
#include "common/mem.h"
#include "common/tree.h"
#include "proto/member.h"

static const char *
tag(const struct agent_member *m, const char *name)
{
	return lists_text(rec_kv_get(m->tags, m->ntags, name));
}

/* --- who leads --- */

struct leaders {
	struct map by_region; /* "ip:port" on the heap; "": none */
	struct buf errors;    /* a line each */
	size_t nerrors;
};

static void
leaders_release(struct leaders *l)
{
	MAP_FOREACH (e, &l->by_region)
		free(map_value(e));
	map_release(&l->by_region);
	buf_release(&l->errors);
}

/* The leader of the client's region. */
static char *
ask_leader(struct cli *c, struct err *err)
{
	struct buf out = { 0 };
	struct tree *t = NULL;
	char *leader = NULL;

	if (client_call(&c->client, "GET", "/v1/status/leader", NULL, NULL,
		&out, err) == 0) {
		t = tree_from_json(buf_str(&out), out.len, err);
		if (t != NULL && t->kind == TREE_STR && *t->str != '\0')
			leader = xstrdup(t->str);
		else if (t != NULL)
			err_set(err, ERR_NOT_FOUND, "No cluster leader");
	}
	tree_free(t);
	buf_release(&out);
	return leader;
}

/* Asks once for each region; those of which all have left have none. */
static void
leaders_ask(struct cli *c, const struct server_members *all, struct leaders *l)
{
	char *was = c->client.region, *leader;
	struct err err;

	for (size_t i = 0; i < all->nmembers; i++) {
		const struct agent_member *m = &all->members[i];
		const char *region = tag(m, "region");

		if (strcmp(lists_text(m->status), MEMBER_LEFT) == 0 ||
		    map_find(&l->by_region, region) != NULL)
			continue;
		c->client.region = xstrdup(region);
		leader = ask_leader(c, &err);
		if (leader == NULL) {
			l->nerrors++;
			buf_addf(&l->errors, "\t* Region \"%s\": %s\n", region,
			    err.text);
			leader = xstrdup("");
		}
		map_put(&l->by_region, region, leader);
		free(c->client.region);
	}
	c->client.region = was;
}

static bool
is_leader(const struct agent_member *m, const struct leaders *l)
{
	const char *host = tag(m, "rpc_addr");
	const char *leader = map_find(&l->by_region, tag(m, "region"));
	char *own = xasprintf("%s:%s",
	    *host != '\0' ? host : lists_text(m->addr), tag(m, "port"));
	bool same = leader != NULL && strcmp(own, leader) == 0;

	free(own);
	return same;
}

/* --- members --- */

static int
by_name(const void *a, const void *b)
{
	return strcmp(lists_text(((const struct agent_member *)a)->name),
	    lists_text(((const struct agent_member *)b)->name));
}

static void
put_tags(const struct agent_member *m, struct buf *rows)
{
	for (size_t i = 0; i < m->ntags; i++)
		buf_addf(rows, "%s%s=%s", i > 0 ? "," : "|", m->tags[i].key,
		    lists_text(m->tags[i].value));
}

static void
print_members(
    const struct server_members *all, const struct leaders *l, bool verbose)
{
	struct buf rows = { 0 };

	table_row(&rows,
	    "Name|Address|Port|Status|Leader|%sRaft Version|Build|"
	    "Datacenter|Region%s",
	    verbose ? "Protocol|" : "", verbose ? "|Tags" : "");
	for (size_t i = 0; i < all->nmembers; i++) {
		const struct agent_member *m = &all->members[i];
		char protocol[24] = "";

		if (verbose)
			snprintf(protocol, sizeof protocol, "%" PRId64 "|",
			    m->protocol_cur);
		table_row(&rows, "%s|%s|%" PRId64 "|%s|%s|%s%s|%s|%s|%s",
		    lists_text(m->name), lists_text(m->addr), m->port,
		    lists_text(m->status), is_leader(m, l) ? "true" : "false",
		    protocol, tag(m, "raft_vsn"), tag(m, "build"), tag(m, "dc"),
		    tag(m, "region"));
		if (verbose)
			put_tags(m, &rows);
	}
	cli_print_table(&rows, TABLE_LIST);
	buf_release(&rows);
}

static void
print_members_json(struct server_members *all, const struct leaders *l)
{
	struct tree *t = tree_list();
	struct buf out = { 0 };

	for (size_t i = 0; i < all->nmembers; i++) {
		struct agent_member *m = &all->members[i];

		rec_kv_set(&m->tags, &m->ntags, "Leader",
		    is_leader(m, l) ? "true" : "false");
		tree_push(t, rec_to_tree(&agent_member_type, m));
	}
	tree_to_json(t, &out, TREE_PRETTY);
	puts(buf_str(&out));
	buf_release(&out);
	tree_free(t);
}

/* The exit status. */
static int
tell_errors(const struct leaders *l)
{
	if (l->nerrors == 0)
		return 0;
	return cli_fail(NULL,
	    "\nError determining leaders: %zu error%s occurred:\n%s\n",
	    l->nerrors, l->nerrors == 1 ? "" : "s", buf_str(&l->errors));
}

static int
show_members(struct cli *c, struct server_members *all, bool verbose, bool json)
{
	struct leaders l = { 0 };
	int status = 0;

	if (all->nmembers > 0)
		qsort(
		    all->members, all->nmembers, sizeof *all->members, by_name);
	leaders_ask(c, all, &l);
	if (json) {
		print_members_json(all, &l);
	} else if (all->nmembers == 0) {
		puts("No servers known");
	} else {
		print_members(all, &l, verbose);
		status = tell_errors(&l);
	}
	leaders_release(&l);
	return status;
}

int
server_members(const struct command *cmd, int argc, char **argv)
{
	bool verbose = false, json = false;
	const struct flag rows[] = {
		{ "verbose", FLAG_BOOL, &verbose, NULL,
		    "The protocol and the tags of each server, too." },
		{ "detailed", FLAG_BOOL, &verbose, NULL, NULL },
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
	status = show_members(&c, &all, verbose, json);
	rec_clear(&server_members_type, &all);
	return cli_end(&c, status);
}

/* --- join, force-leave --- */

static void
add_param(struct buf *params, const char *name, const char *value)
{
	buf_addf(params, "%s%s=", params->len > 0 ? "&" : "", name);
	http_escape(value, params);
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
