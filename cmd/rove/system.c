/*
 * The cluster's upkeep.
 */
#include "cmd/rove/commands.h"

/* Asks for it, with no words when it is done. */
static int
put(const struct command *cmd, int argc, char **argv, const char *target,
    const char *failure)
{
	struct cli c;
	struct err err;
	int status = cli_begin(&c, cmd, NULL, 0, argc, argv, 0, 0);

	if (status != CLI_GO)
		return status;
	status = 0;
	if (client_put(&c.client, target, NULL, NULL, NULL, NULL, NULL, &err) ==
	    -1)
		status = cli_fail(&err, "%s", failure);
	return cli_end(&c, status);
}

int
system_gc(const struct command *cmd, int argc, char **argv)
{
	return put(cmd, argc, argv, "/v1/system/gc",
	    "Error running system garbage-collection");
}

int
system_reconcile_summaries(const struct command *cmd, int argc, char **argv)
{
	return put(cmd, argc, argv, "/v1/system/reconcile/summaries",
	    "Error running system summary reconciliation");
}
