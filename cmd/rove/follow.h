/*
 * Following an evaluation, and the deployment that it belongs to, to its end:
 * asks the agent, which holds each answer back until there is news, and prints
 * what the monitor says.
 */
#ifndef ROVE_FOLLOW_H
#define ROVE_FOLLOW_H

#include <stddef.h>

#include "cmd/rove/cli.h"

#define FOLLOW_WAIT_MS 60000 /* for which the agent may hold an answer */

/* Returns the exit status: 0, 1 when the agent fails us or the deployment is
 * not successful, 2 when something could not be placed: then no deployment is
 * waited for. */
int follow_eval(struct cli *c, const char *eval_id, size_t id_len);
/* The same without the deployment. */
int follow_eval_alone(struct cli *c, const char *eval_id, size_t id_len);

#endif
