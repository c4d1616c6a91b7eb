/*
 * Where an agent keeps things, whose they are, and what goes when it ends.
 *
 * RUN/agent is locked as daemons lock theirs, so that a second agent on the
 * same run directory is refused before it touches the files of the first.
 * -dev has a directory for all of it under TMPDIR, which is locked too: one
 * whose agent was killed is found, emptied and removed by the next -dev.
 */
#ifndef ROVE_AGENT_DIRS_H
#define ROVE_AGENT_DIRS_H

#include <stdbool.h>

#include "common/err.h"
#include "proto/agent.h"

#define AGENT_NDAEMONS 5

struct agent_dirs {
	char *temp; /* NULL unless -dev made one */
	char *data, *run;
	char *conf;               /* RUN/agent: the daemons' config files */
	int temp_lock, conf_lock; /* -1: not held */
	bool made_run;
	bool made_daemon[AGENT_NDAEMONS]; /* RUN/<daemon> was not there */
};

/* Makes and locks them; run_dir: what the flag says, NULL without one. After
 * a failure, too, agent_dirs_close() takes away what was made. */
int agent_dirs_open(struct agent_dirs *d, const struct agent_config *c,
    const char *run_dir, struct err *err);

/* Removes what was made but for the data, and gives the locks back. No
 * daemon may run any more. */
void agent_dirs_close(struct agent_dirs *d);

#endif
