/*
 * The cluster's upkeep.
 */
#include "cmd/rove/commands.h"

int
system_gc(const struct command *cmd, int argc, char **argv)
{
	struct cli c;
	struct err err;
	int status = cli_begin(&c, cmd, NULL, 0, argc, argv, 0, 0);

	if (status != CLI_GO)
		return status;
	status = 0;
	if (client_put(&c.client, "/v1/system/gc", NULL, NULL, NULL, NULL, NULL,
		&err) == -1)
		status =
		    cli_fail(&err, "Error running system garbage-collection");
	return cli_end(&c, status);
}
