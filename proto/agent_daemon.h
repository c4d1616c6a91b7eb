/*
 * A Nomad agent file as the config of one daemon that is started by itself:
 * what `rove agent` would have written for it.
 */
#ifndef PROTO_AGENT_DAEMON_H
#define PROTO_AGENT_DAEMON_H

#include "common/daemon.h"

/*
 * Overlays def's config; for daemon_def.config_from_agent. The path is a file
 * or a directory of them. What an operator should read goes to the log. -1:
 * it does not load, is refused, or asks for other daemons only; err says so,
 * and the config is a mixture, good for rec_clear().
 */
int agent_daemon_config(const struct daemon_def *def, void *config,
    const char *path, struct err *err);

#endif
