/*
 * The configuration in force of `rove agent`, from flags and files, and what
 * of it is written for the daemons.
 */
#ifndef ROVE_AGENT_CONF_H
#define ROVE_AGENT_CONF_H

#include "cmd/rove/agent_flags.h"
#include "proto/agent_plan.h"

/*
 * Fills a zeroed c: defaults, the files of -config, the flags; settled for
 * the host and the environment. What an operator should read is appended to
 * ui; -1: it ends with why not.
 */
int agent_conf_make(struct agent_config *c, const struct agent_args *args,
    const struct agent_host *host, char *(*get_env)(const char *name),
    struct buf *ui);

/* The same for this machine and this process. */
int agent_conf_read(
    struct agent_config *c, const struct agent_args *args, struct buf *ui);

/* What the agent says of itself before its log begins. */
void agent_conf_banner(const struct agent_config *c, const struct plan *p,
    const char *run_dir, struct buf *out);

/* Writes <dir>/<daemon>.conf of each daemon, whole or not at all. */
int agent_conf_write(const struct plan *p, const char *dir, struct err *err);

/* Tries each address: -1 and a sentence when one is taken or is not ours. */
int agent_conf_probe(const struct plan *p, struct err *err);

/* The program: beside this one, or in PATH. Caller frees; NULL: nowhere. */
char *agent_conf_program(const char *name);

#endif
