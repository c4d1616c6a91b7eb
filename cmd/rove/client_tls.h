/*
 * How the command asks by HTTPS: whom it trusts and what it shows.
 */
#ifndef ROVE_CLIENT_TLS_H
#define ROVE_CLIENT_TLS_H

#include <stdbool.h>

#include "common/err.h"
#include "common/tls_keys.h"

#define CLIENT_CAS_MAX (4u << 20) /* bytes of all files of ca_path */

/* Names of files, as the flags and the environment say them; NULL: not. */
struct client_tls {
	const char *ca_cert, *ca_path; /* the first counts more */
	const char *client_cert, *client_key;
	const char *server_name; /* NULL: that of the address */
	bool skip_verify;
};

/* What is NULL or false comes from the environment, which lends it:
 * NOMAD_CACERT, NOMAD_CAPATH, NOMAD_CLIENT_CERT, NOMAD_CLIENT_KEY,
 * NOMAD_TLS_SERVER_NAME, NOMAD_SKIP_VERIFY. */
void client_tls_from_env(struct client_tls *t);

/* Reads the files, to ask host. NULL: one is wrong, and which. */
struct tls_keys *client_tls_keys(
    const struct client_tls *t, const char *host, struct err *err);

/* To why a server was not reached adds how its CA is named, where that is
 * what is wrong. NULL is fine for err. */
void client_tls_explain(const struct client_tls *t, struct err *err);

#endif
