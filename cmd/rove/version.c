#include <stdio.h>

#include "cmd/rove/commands.h"
#include "proto/version.h"

int
version_show(const struct command *cmd, int argc, char **argv)
{
	struct cli c;
	int status = cli_begin(&c, cmd, NULL, 0, argc, argv, 0, 0);

	if (status != CLI_GO)
		return status;
	puts("rove v" ROVE_VERSION "\nSpeaks the API of Nomad "
	     "v" ROVE_NOMAD_VERSION);
	return cli_end(&c, 0);
}
