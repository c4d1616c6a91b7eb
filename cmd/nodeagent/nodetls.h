/*
 * The node's certificate, and the servers that it trusts.
 */
#ifndef NODEAGENT_NODETLS_H
#define NODEAGENT_NODETLS_H

#include "cmd/nodeagent/config.h"
#include "common/err.h"

struct nodeagent;

/* Reads what the `tls` group of c names: before a server is dialled, and once
 * more when it may have changed. Nothing where TLS is off. */
int nodetls_take(
    struct nodeagent *na, const struct nodeagent_config *c, struct err *err);
/* When nobody is dialled any more. */
void nodetls_close(struct nodeagent *na);

#endif
