/*
 * What `rove agent` refuses to start with, beyond what Nomad's agent refuses.
 *
 * The reader (proto/agent.h) takes whatever Nomad's takes. Here stand the
 * rules of our own: what would make an operator believe in a protection that
 * nothing gives is refused, as are ports that are none and words that no
 * daemon knows. Names are those of files, and where a file says it the
 * sentence begins with its place: "/etc/nomad.d/a.hcl:3: ...".
 */
#ifndef ROVE_AGENT_CHECK_H
#define ROVE_AGENT_CHECK_H

#include "common/buf.h"
#include "proto/agent.h"

/* Of a settled config. What an operator should read is appended to ui, a
 * line each; -1: the agent must not start, the last line says why. */
int agent_check(const struct agent_config *c, struct buf *ui);

#endif
