/*
 * client { drain_on_shutdown { } } of an agent file, for nodeagent's config.
 */
#ifndef PROTO_AGENT_LEAVE_H
#define PROTO_AGENT_LEAVE_H

#include <stdint.h>

#include "common/buf.h"
#include "proto/agent.h"

/* Appends what a nodeagent does when it is told to end. */
void agent_leave_put(const struct agent_config *c, struct buf *b);
/* How long it may take to: usual_ms where it does not drain itself. */
uint64_t agent_leave_ms(const struct agent_config *c, uint64_t usual_ms);

#endif
