/*
 * The end of a throw-away agent's tasks.
 *
 * A nodeagent that was killed leaves its tasks running, each kept by a shim
 * (proto/shim.h). What -dev started must not outlive it, so the launcher,
 * once the daemons are gone, ends what is left.
 */
#ifndef ROVE_AGENT_TASKS_H
#define ROVE_AGENT_TASKS_H

#include <stddef.h>

/* Kills every task whose shim lives under client_dir, the nodeagent's
 * data_dir, and waits for the shims to end: a few seconds at the most.
 * Returns how many there were. */
size_t agent_tasks_end(const char *client_dir);

#endif
