/*
 * The command line of `rove agent`: the flags of `nomad agent`, as a config
 * that goes over the files.
 *
 * Flags are written as Go's are: -x, --x, -x=value, -x value; a boolean takes
 * its value only with "=".
 */
#ifndef ROVE_AGENT_FLAGS_H
#define ROVE_AGENT_FLAGS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/err.h"
#include "proto/agent.h"

#define AGENT_MAX_PATHS 64 /* of -config */

struct agent_args {
	struct agent_config config; /* what the flags say, nothing else */
	char **paths;               /* of -config, in order */
	size_t npaths;
	char *run_dir; /* NULL: not given */
	bool dev;
	bool help;
};

/* Fills a zeroed one; argv begins behind the command's name. */
int agent_args_parse(
    struct agent_args *a, int argc, char **argv, struct err *err);
void agent_args_release(struct agent_args *a);

void agent_args_usage(struct buf *out);

#endif
