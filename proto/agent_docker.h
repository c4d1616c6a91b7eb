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
 * it sets nothing. What the driver does not have (tls, nvidia_runtime,
 * image_pull_timeout, oom_score_adj and what is for Windows) is passed over.
 */
void agent_docker_put(const struct agent_config *c, struct buf *b);

/* Whether a config of plugin "docker" has what is no option of Nomad's; the
 * first of them is then in name, as "gc.delay", which is else left as it was:
 * empty. config may be NULL. */
bool agent_docker_has_unknown(const struct tree *config, struct buf *name);

#endif
