/*
 * The node's certificate, and whom it trusts: servers, and who calls its API.
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
/* The API, which listens now, speaks HTTPS if it is to. */
void nodetls_serve(struct nodeagent *na);
/* When nobody is dialled any more. */
void nodetls_close(struct nodeagent *na);

#endif
