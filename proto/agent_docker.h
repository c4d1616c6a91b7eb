/*
 * The docker driver's options of a Nomad agent file, as text of
 * nodeagent.conf(5).
 */
#ifndef PROTO_AGENT_DOCKER_H
#define PROTO_AGENT_DOCKER_H

#include "common/buf.h"
#include "proto/agent.h"

/*
 * Adds docker = { ... } with what the file sets: in plugin "docker", or, when
 * there is no such block, in the client's options of old. Adds nothing when
 * it sets nothing. What the driver does not have (tls, nvidia_runtime and
 * what is for Windows) is passed over.
 */
void agent_docker_put(const struct agent_config *c, struct buf *b);

#endif
