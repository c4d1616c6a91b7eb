/*
 * What the agent says of itself.
 */
#include <stdio.h>

#include "cmd/rove/commands.h"
#include "common/tree.h"

static void
print_value(const struct tree *v)
{
	struct buf out = { 0 };

	if (v->kind == TREE_STR)
		buf_adds(&out, v->str);
	else
		tree_to_json(v, &out, 0);
	puts(buf_str(&out));
	buf_release(&out);
}

/* Groups of values; both are sorted, as a tree's members are. */
static int
print_stats(const struct tree *self)
{
	const struct tree *stats = tree_get(self, "stats");

	if (stats == NULL || stats->kind != TREE_MAP)
		return cli_fail(NULL, "The agent's answer has no stats");
	for (size_t g = 0; g < stats->nmembers; g++) {
		const struct tree *group = stats->members[g].value;

		puts(stats->members[g].key);
		for (size_t i = 0;
		     group->kind == TREE_MAP && i < group->nmembers; i++) {
			printf("  %s = ", group->members[i].key);
			print_value(group->members[i].value);
		}
	}
	return 0;
}

int
agent_info(const struct command *cmd, int argc, char **argv)
{
	bool json = false;
	const struct flag rows[] = {
		{ "json", FLAG_BOOL, &json, NULL, "All of it as JSON." },
	};
	struct cli c;
	struct buf out = { 0 };
	struct tree *self = NULL;
	struct err err;
	int status = cli_begin(&c, cmd, rows, 1, argc, argv, 0, 0);

	if (status != CLI_GO)
		return status;
	if (client_call(&c.client, "GET", "/v1/agent/self", NULL, NULL, &out,
		&err) == 0)
		self = tree_from_json(buf_str(&out), out.len, &err);
	buf_reset(&out);
	if (self == NULL) {
		status = cli_fail(&err, "Error querying agent info");
	} else if (json) {
		tree_to_json(self, &out, TREE_PRETTY);
		fputs(buf_str(&out), stdout);
		status = 0;
	} else {
		status = print_stats(self);
	}
	tree_free(self);
	buf_release(&out);
	return cli_end(&c, status);
}
