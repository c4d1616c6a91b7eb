/*
 * The tls block of an agent's files, for the daemons that it concerns.
 */
#ifndef PROTO_AGENT_TLS_H
#define PROTO_AGENT_TLS_H

#include <stdbool.h>

#include "common/buf.h"
#include "proto/agent.h"

/* The group `tls` of a daemon's config; nothing where the block asks for
 * nothing. */
void agent_tls_put(const struct agent_config *c, struct buf *b);

/* What of the block would only seem to protect: its name, or NULL. *why says
 * the rest of the sentence. */
const char *agent_tls_refused(const struct agent_tls *t, const char **why);

struct plan_addr;

/* Whether HTTPS is spoken at the address. */
bool agent_tls_is_https(const struct agent_tls *t, const struct plan_addr *a);
/* Whether who comes there is asked who they are. */
bool agent_tls_guards(const struct agent_tls *t, const struct plan_addr *a);

#endif
