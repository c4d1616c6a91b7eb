/*
 * Which program each server is, and what of it may be used already.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/rove/commands.h"
#include "cmd/rove/lists.h"
#include "cmd/rove/table.h"
#include "proto/member.h"

/* A server from before levels tells none. */
static const char *
tag(const struct agent_member *m, const char *name, const char *otherwise)
{
	const char *v = rec_kv_get(m->tags, m->ntags, name);

	return v != NULL && *v != '\0' ? v : otherwise;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(lists_text(((const struct agent_member *)a)->name),
	    lists_text(((const struct agent_member *)b)->name));
}

static void
print_versions(const struct server_members *all)
{
	struct buf rows = { 0 };

	table_row(&rows, "Name|Status|Program|Knows|In Force|Region");
	for (size_t i = 0; i < all->nmembers; i++) {
		const struct agent_member *m = &all->members[i];

		table_row(&rows, "%s|%s|%s|%s|%s|%s", lists_text(m->name),
		    lists_text(m->status), tag(m, "rove", "unknown"),
		    tag(m, "level", "1"), tag(m, "in_force", "1"),
		    tag(m, "region", ""));
	}
	cli_print_table(&rows, TABLE_SPACES);
	buf_release(&rows);
}

int
operator_versions(const struct command *cmd, int argc, char **argv)
{
	struct server_members all;
	struct cli c;
	struct err err;
	int status = cli_begin(&c, cmd, NULL, 0, argc, argv, 0, 0);

	if (status != CLI_GO)
		return status;
	if (client_get(&c.client, "/v1/agent/members", NULL,
		&server_members_type, &all, &err) == -1)
		return cli_end(&c, cli_fail(&err, "Error querying servers"));
	qsort(all.members, all.nmembers, sizeof *all.members, by_name);
	print_versions(&all);
	rec_clear(&server_members_type, &all);
	return cli_end(&c, 0);
}
