/*
 * Nodes opened or closed for new allocations.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cmd/rove/change.h"
#include "cmd/rove/commands.h"
#include "cmd/rove/find.h"

#define NROWS(rows) (sizeof(rows) / sizeof(rows)[0])

/* One of two flags, not both and not none. */
static int
check_either(bool enable, bool disable)
{
	if (enable != disable)
		return CLI_GO;
	return cli_fail(
	    NULL, "Exactly one of -enable and -disable must be given");
}

static int
set_eligibility(struct cli *c, const char *id, bool eligible)
{
	struct tree *body = tree_map(), *answer;
	char *path = client_path("/v1/node/", id, "/eligibility");
	int status;

	tree_set(body, "NodeID", tree_str(id));
	tree_set(body, "Eligibility",
	    tree_str(eligible ? "eligible" : "ineligible"));
	status = change_put(
	    c, path, body, "Error updating scheduling eligibility", &answer);
	if (status == 0)
		printf("Node \"%s\" scheduling eligibility set: %s for "
		       "scheduling\n",
		    id, eligible ? "eligible" : "ineligible");
	tree_free(answer);
	free(path);
	return status;
}

int
node_eligibility(const struct command *cmd, int argc, char **argv)
{
	bool enable = false, disable = false, self = false;
	const struct flag rows[] = {
		{ "enable", FLAG_BOOL, &enable, NULL,
		    "New allocations may be placed on it." },
		{ "disable", FLAG_BOOL, &disable, NULL,
		    "No new allocation is placed on it; those that run stay." },
		{ "self", FLAG_BOOL, &self, NULL,
		    "The node that runs beside the agent that is asked." },
	};
	struct cli c;
	char *id;
	int status = cli_begin(&c, cmd, rows, NROWS(rows), argc, argv, 0, 1);

	if (status != CLI_GO)
		return status;
	status = check_either(enable, disable);
	if (status == CLI_GO)
		status = find_check_self(self, c.argc);
	if (status == CLI_GO)
		status =
		    self ? find_self(&c, &id) : find_node(&c, c.argv[0], &id);
	if (status == CLI_GO) {
		status = set_eligibility(&c, id, enable);
		free(id);
	}
	return cli_end(&c, status);
}
