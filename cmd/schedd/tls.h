/*
 * The server's certificates: whom its ports let in, and what it shows.
 */
#ifndef SCHEDD_TLS_H
#define SCHEDD_TLS_H

#include "common/daemon.h"

struct schedd;

/* Reads what the `tls` group names, before any port is opened or dialled.
 * Nothing where TLS is off. */
int schedd_tls_open(struct schedd *sd, struct err *err);
/* When the ports are closed. */
void schedd_tls_close(struct schedd *sd);

/* daemon_def's reload(): log_level may change, and the files of `tls`, which
 * are read anew in any case. */
int schedd_reload(struct daemon *d, const void *config, struct err *err);

#endif
