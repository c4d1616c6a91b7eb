/*
 * What an agent file must not ask of us, beyond what Nomad's agent refuses.
 *
 * The reader (proto/agent.h) takes whatever Nomad's takes. Here stand the
 * rules of our own: what would make an operator believe in a protection that
 * nothing gives is refused, as are ports that are none and words that no
 * daemon knows. Names are those of files, and where a file says it the
 * sentence begins with its place: "/etc/nomad.d/a.hcl:3: ...".
 */
#ifndef PROTO_AGENT_REFUSE_H
#define PROTO_AGENT_REFUSE_H

#include "common/buf.h"
#include "proto/agent.h"

/* Of a settled config. What an operator should read is appended to ui, a
 * line each; -1: nothing must start with it, the last line says why. */
int agent_refuse(const struct agent_config *c, struct buf *ui);

#endif
